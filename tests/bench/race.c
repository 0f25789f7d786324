/* race ROUNDS + CMD ARGS… + CMD ARGS… …: runs the commands in turn, ROUNDS times each, and prints for each of
 * them the median wall time from spawn to end, in nanoseconds. Every second round goes the other way, so that
 * nobody always runs behind the same one. */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/bench/board.h"

#define MOST 8

struct runner {
        char **argv;     /* borrowed */
        uint64_t *times; /* owned; one for each round */
};

static int by_time(const void *a, const void *b) {
        uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;
        return (x > y) - (x < y);
}

/* The time it took, or 0 where the command failed. */
static uint64_t run_once(char **argv) {
        int status;
        uint64_t begin = board_now();

        pid_t pid = vfork(); /* NOLINT: as little of our own as there can be */
        if (pid == 0) {
                (void) execv(argv[0], argv);
                _exit(127);
        }
        if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0)
                return 0;
        return board_now() - begin;
}

/* Cuts the words at each "+" into commands. Returns how many. */
static size_t cut(char **words, struct runner *runners, size_t rounds) {
        size_t n = 0;

        for (; *words && n < MOST; words++) {
                if (strcmp(*words, "+") != 0)
                        continue;
                *words = NULL;
                runners[n].argv = words + 1;
                runners[n].times = calloc(rounds, sizeof(uint64_t));
                if (!runners[n++].times)
                        return 0;
        }
        return n;
}

static int race(struct runner *runners, size_t n, size_t rounds) {
        for (size_t round = 0; round < rounds; round++)
                for (size_t i = 0; i < n; i++) {
                        struct runner *r = &runners[round % 2 ? n - 1 - i : i];
                        r->times[round] = run_once(r->argv);
                        if (r->times[round] == 0) {
                                (void) fprintf(stderr, "race: %s failed\n", r->argv[0]);
                                return 1;
                        }
                }

        for (size_t i = 0; i < n; i++) {
                qsort(runners[i].times, rounds, sizeof(uint64_t), by_time);
                (void) printf("%llu\n", (unsigned long long) runners[i].times[rounds / 2]);
        }
        return 0;
}

int main(int argc, char **argv) {
        struct runner runners[MOST] = {};
        size_t rounds = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
        size_t n = rounds > 0 ? cut(argv + 2, runners, rounds) : 0;
        int code = 2;

        if (n > 0)
                code = race(runners, n, rounds);
        else
                (void) fputs("usage: race ROUNDS + CMD ARGS… [+ CMD ARGS…]…\n", stderr);
        for (size_t i = 0; i < n; i++)
                free(runners[i].times);
        return code;
}
