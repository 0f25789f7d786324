/* The program that every bench runs, as small as a program gets, so that what is measured is who starts it.
 *
 *   tiny             does nothing, with success
 *   tiny BOARD       counts itself in and waits for a signal
 *   tiny BOARD loop  notes how long ago it ended last time, and fails at once */
#include "tests/bench/board.h"

static int count_in(struct board *b) {
        if (atomic_fetch_add(&b->up, 1) + 1 == b->goal)
                b->full_at = board_now();
        return pause();
}

static int loop(struct board *b) {
        if (b->left_at) {
                b->gap[b->loops % BOARD_GAPS] = board_now() - b->left_at;
                b->loops++;
        }
        b->left_at = board_now();
        return 1;
}

int main(int argc, char **argv) {
        if (argc < 2)
                return 0;

        struct board *b = board_open(argv[1]);
        if (!b)
                return 2;
        /* Not exit(): flushing what was never written would be measured too. */
        _exit(argc == 2 ? count_in(b) : loop(b));
}
