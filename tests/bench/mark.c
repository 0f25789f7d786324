/* mark BOARD CMD ARGS…: notes the time and becomes CMD, in the same process, so that the making of the
 * namespaces is not measured. */
#include "tests/bench/board.h"

int main(int argc, char **argv) {
        if (argc < 3)
                return 2;

        struct board *b = board_open(argv[1]);
        if (!b)
                return 2;
        b->begun_at = board_now();
        (void) execvp(argv[2], argv + 2);
        perror(argv[2]);
        return 127;
}
