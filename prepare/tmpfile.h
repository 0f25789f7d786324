/* One line of tmpfiles.d(5). Reading it looks at the system for accounts and for what specifiers stand for,
 * and nothing else. */
#pragma once

#include <sys/types.h>

#include "base/diag.h"

struct tmpfile_kind;

struct tmpfile {
        const struct tmpfile_kind *kind;
        bool plus, quiet /* "-" */, exact /* "=" */;
        bool has_mode, mask_mode /* "~" */, new_mode /* ":" */;
        bool has_user, new_user, has_group, new_group;
        bool is_done;
        unsigned mode;
        uid_t user;
        gid_t group;
        char *path;     /* owned; absolute, without double slashes; may be a pattern */
        char *argument; /* owned; NULL: none */
        size_t argument_size;
        char *file; /* owned */
        unsigned line;
};

enum tmpfile_deed {
        DEED_FILE,
        DEED_DIRECTORY,
        DEED_ADJUST_DIRECTORY,
        DEED_FIFO,
        DEED_LINK,
        DEED_CHARACTER_DEVICE,
        DEED_BLOCK_DEVICE,
        DEED_COPY,
        DEED_WRITE,
        DEED_ADJUST,
        DEED_ADJUST_ALL,
        DEED_REMOVE,
        DEED_REMOVE_ALL,
        DEED_NOTHING, /* it is about cleaning, which is not done */
        DEED_NOT_DONE /* it is carried out by nobody here */
};

struct tmpfile_kind {
        char letter;
        enum tmpfile_deed deed;
        bool has_glob;
        bool owns;     /* it says what the path is: two that differ are one too many */
        bool empties;  /* "D" */
        bool has_text; /* the argument has escapes and specifiers */
        const char *about;
};

/* 1 and *ret, to be freed by tmpfile_done(); 0 where the line has nothing to do here, or something is wrong
 * with it, which is told to `d`; -ENOMEM. */
int tmpfile_parse(const char *file, unsigned line, const char *text, struct diags *d,
                  struct tmpfile *ret) must_check;
void tmpfile_done(struct tmpfile *e);

/* Both may stand for the same path. */
bool tmpfile_agrees(const struct tmpfile *a, const struct tmpfile *b);
