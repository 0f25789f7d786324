/* orphans BOARD N: has N ended children handed to PID 1 at once, then waits for a signal. A mother in between
 * makes them, reaps none, and leaves when the board says go: from then on only PID 1 is busy, and no service
 * has ended. */
#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "tests/bench/board.h"

static pid_t make_child(void) {
        pid_t pid = vfork(); /* NOLINT: 20,000 copies of our pages would only take longer */
        if (pid == 0)
                _exit(0);
        return pid;
}

static int mother(struct board *b, unsigned long n) {
        while (n-- > 0)
                if (make_child() < 0) {
                        perror("orphans: vfork");
                        return 1;
                }

        b->up = 1;
        while (!b->go)
                (void) usleep(1000);
        return 0;
}

int main(int argc, char **argv) {
        if (argc != 3)
                return 2;

        struct board *b = board_open(argv[1]);
        if (!b)
                return 2;

        pid_t pid = fork();
        if (pid < 0)
                return 1;
        if (pid == 0)
                _exit(mother(b, strtoul(argv[2], NULL, 10)));

        int status;
        if (waitpid(pid, &status, 0) < 0 || status != 0)
                return 1;
        return pause() < 0;
}
