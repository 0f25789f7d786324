/* Places in the file system, entered as root where others may write. A step out of a directory that belongs
 * to somebody else than root to what is another one's is refused: its owner could lead us anywhere (the rule
 * of systemd-tmpfiles, "unsafe path transition"). */
#pragma once

#include <limits.h>
#include <sys/stat.h>

#include "base/def.h"

enum place_flags {
        PLACE_MAKE = 1 << 0,    /* make directories that are not there, of mode 0755 */
        PLACE_REPLACE = 1 << 1, /* and in place of what is no directory */
        PLACE_FOLLOW = 1 << 2,  /* a link at the very end too */
};

/* Where a path ends: the directory, and the name in it. */
struct place {
        int at; /* O_PATH */
        char name[NAME_MAX + 1];
        struct stat directory; /* of `at` */
};

/* `path` is absolute. 0, -ENOLINK for an unsafe step, -ENOENT, -ENOTDIR, -ELOOP or another negative errno; to
 * be closed where it is 0. "/" has no name: "." stands for it. */
int place_open(const char *path, unsigned flags, struct place *ret) must_check;
void place_close(const struct place *p);

/* What is there now, opened with O_PATH and never through a link: its status and the descriptor. -ENOENT, …;
 * `is_strict`: also the step to it is to be a safe one, else -ENOLINK. */
int place_look(const struct place *p, bool is_strict, struct stat *ret, int *ret_fd) must_check;

/* Removes it, with all that is below it and on the same file system; with `keep` only what is below it. 0
 * where it is not there. */
int place_remove(const struct place *p, bool keep) must_check;

/* The paths that match `pattern`, as glob(7) has it; hidden files only where it names the dot. Directories
 * that cannot be entered hold none. 0 or -ENOMEM; a list as in base/text.h, of the caller. */
int place_glob(const char *pattern, char ***ret) must_check;
