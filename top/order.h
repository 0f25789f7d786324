/* The units of a moment as rows of the table, in the order that was asked for. Pure. */
#pragma once

#include "client/snapshot.h"

#define ORDER_UNKNOWN UINT64_MAX

/* Sorted by which column: its key, the word of --sort. The first is the order of the files. */
/* clang-format off */
#define ORDERS(X)                                                                                            \
        X(FILES,    'o', "order")                                                                            \
        X(NAME,     'n', "name")                                                                             \
        X(STATE,    's', "state")                                                                            \
        X(RESTARTS, 't', "restarts")                                                                         \
        X(CPU,      'c', "cpu")                                                                              \
        X(MEMORY,   'm', "memory")
/* clang-format on */
#define ENUM_ORDER(name, key, word) ORDER_##name,
enum order { ORDERS(ENUM_ORDER) ORDER_COUNT };

struct row {
        const struct live_status *unit; /* borrowed */
        uint64_t share;                 /* of a processor since the last moment, in hundredths of a percent */
        size_t place;                   /* in the files */
};

/* What a unit had used at the last moment. */
struct used {
        char *name; /* owned */
        usec_t cpu;
};

struct moment {
        struct used *list; /* owned */
        size_t n;
        usec_t at; /* CLOCK_REALTIME; 0: there was none */
};

const char *order_word(enum order o);
/* By its key or its word; -1: none. */
int order_of_key(char key);
int order_of_word(const char *word);

/* As many rows as the snapshot has units, into `rows`. */
void order_rows(const struct snapshot *s, const struct moment *before, enum order by, struct row *rows);

/* What there is now is the past from here on. Without memory there is none. */
void moment_note(struct moment *p, const struct snapshot *s);
void moment_done(struct moment *p);
