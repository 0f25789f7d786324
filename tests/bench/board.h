/* The board: a file that the bench's programs and its runner share, mapped by all of them. What happened when
 * is noted here by those to whom it happens, so that nobody is woken up only to look at a clock. Times are
 * nanoseconds of CLOCK_MONOTONIC; lab.py knows the layout too. */
#pragma once

#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define BOARD_GAPS 8192

struct board {
        _Atomic uint64_t begun_at; /* PID 1 is about to be executed */
        _Atomic uint64_t full_at;  /* the last of `goal` programs has come to its main() */
        _Atomic uint64_t left_at;  /* the looping program ended last time */
        _Atomic uint32_t goal, up; /* programs wanted, programs that have come to their main() */
        _Atomic uint32_t go;       /* set by the runner: the orphans may be handed over */
        _Atomic uint32_t loops;    /* how many gaps have been noted */
        uint64_t gap[BOARD_GAPS];  /* from the looping program's end to its next start; a ring */
};

static inline uint64_t board_now(void) {
        struct timespec t;
        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t) t.tv_sec * 1000000000U + (uint64_t) t.tv_nsec;
}

/* NULL, with the reason on stderr, where it cannot be had. Stays mapped until the program ends. */
static inline struct board *board_open(const char *path) {
        int fd = open(path, O_RDWR | O_CLOEXEC);
        void *map = MAP_FAILED;

        if (fd >= 0)
                map = mmap(NULL, sizeof(struct board), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (map == MAP_FAILED)
                perror(path);
        if (fd >= 0)
                (void) close(fd);
        return map == MAP_FAILED ? NULL : map;
}
