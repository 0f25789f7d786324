/* How one watches a path with inotify(7): not the path alone, but all the way to it, so that what is missing
 * yet is noticed when it comes, and what is replaced when it goes. A trail is the watches of one line of a
 * .path unit, all of them in the one descriptor of tend's. A watch belongs to an inode; trails that lead past
 * the same one share it. */
#pragma once

#include "config/path.h"

struct trail_watch {
        int wd;
        uint32_t mask; /* what matters of it to this trail */
        uint32_t name; /* of whom, in a directory on the way: a hash; 0: of anybody */
        bool is_end;   /* it is on the path itself */
};

struct trail {
        struct trail *next;          /* borrowed; of those that are laid */
        struct trail_watch *watches; /* owned */
        uint32_t n, room;
        uint64_t device, inode; /* where the path has led last; 0, 0: nowhere */
        uint8_t kind;           /* enum path_kind */
        bool is_laid;
        bool has_changed; /* what the line waits for has come to pass; the caller's to set and to clear */
};

struct trails {
        struct trail *list; /* borrowed */
        int fd;             /* of inotify; -1: not needed yet */
};

/* What an event is to a trail. */
enum trail_news {
        TRAIL_NOTHING,
        TRAIL_STIRRED, /* one has to look again */
        TRAIL_CHANGED, /* PathChanged= or PathModified= has come to pass */
};

/* Of an event of that watch: mask and name as in inotify_event, `name` may be NULL. */
enum trail_news trail_read(enum path_kind kind, const struct trail_watch *w, uint32_t mask, const char *name);

/* Of an event that is lost (IN_Q_OVERFLOW): it may have been any. */
enum trail_news trail_read_lost(enum path_kind kind);

/* What is watched of the path itself, as IN_* bits. */
uint32_t trail_mask(enum path_kind kind);

/* Watches the line from now on, or along the way as it is now; some events may be of no concern. 0, or 1
 * where a pattern has too many directories on its way and some are not watched; a negative errno: what
 * inotify_add_watch(2) says of a limit, or -ENOMEM. Then nothing is watched. */
int trail_lay(struct trails *all, struct trail *t, const struct path_line *line) must_check;
void trail_lift(struct trails *all, struct trail *t);

/* Whether the line's condition holds now; of those that are about changes: whether there is something else
 * at the path than last time (`fresh`: there was no last time), which it notes. -ENOMEM. */
int trail_holds(struct trail *t, const struct path_line *line, bool fresh) must_check;
