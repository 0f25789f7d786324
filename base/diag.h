/* Problems that the user can mend, each with file, line, words and, where there is one, a hint: collected,
 * not printed, so that all of them are shown and a caller may look at them first. */
#pragma once

#include "base/def.h"

struct diag {
        char *file;    /* owned; NULL where no file is at fault */
        unsigned line; /* 0: the file as a whole */
        int error;     /* 0: a warning; DIAG_NOTE; else a negative errno */
        char *text;    /* owned; what is wrong: "Restart=on-faliure: not a value it takes" */
        char *hint;    /* owned; NULL, or what to do: "did you mean Restart=on-failure?" */
};

struct diags {
        struct diag *list; /* owned */
        size_t n;
        size_t errors, warnings, notes; /* counted even where memory for the words was lacking */
};

/* How many are kept with their words; the rest is only counted. */
#define DIAGS_MOST 1000

#define DIAG_NOTE 1

/* Adds a message and returns `error`: 0 makes it a warning, a negative errno an error, DIAG_NOTE what is no
 * fault but good to know. `d` may be NULL. */
int diag(struct diags *d, const char *file, unsigned line, int error, const char *format, ...)
        printf_like(5, 6);

/* Gives the message added last its hint. */
void diag_hint(struct diags *d, const char *format, ...) printf_like(2, 3);

/* "error", "warning", "note". */
const char *diag_word(const struct diag *m);

/* One line each: `file:line: error|warning|note: words`, the hint indented on a line below it. Ordered
 * as added. */
void diags_print(const struct diags *d, FILE *out);

/* Puts those from `from` on in the order of their lines, file by file as they come up first. */
void diags_sort(struct diags *d, size_t from);

/* Adds all of `from` to `to` and leaves `from` empty; `as_warnings` makes warnings of its errors. */
void diags_move(struct diags *to, struct diags *from, bool as_warnings);

/* The words of the first error; `otherwise` where there is none, or was no memory for them. */
const char *diags_first_error(const struct diags *d, const char *otherwise);

/* Some error is about that file. */
bool diags_blame(const struct diags *d, const char *file);

void diags_done(struct diags *d);
