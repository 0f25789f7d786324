#include "supervisor/trail.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/glob.h"
#include "base/io.h"
#include "base/text.h"

#define LINKS_MOST       40 /* as the kernel */
#define DIRECTORIES_MOST 256

#define OF_SELF (IN_DELETE_SELF | IN_MOVE_SELF)
/* Of a directory whose next part is there, and is watched itself; and of one where it is not. */
#define OF_PASSED (OF_SELF | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)
#define OF_LAST   (OF_SELF | IN_CREATE | IN_MOVED_TO | IN_ATTRIB)

static const uint32_t masks[PATH_KIND_COUNT] = {
        [PATH_EXISTS] = OF_SELF | IN_ATTRIB,
        [PATH_EXISTS_GLOB] = OF_SELF | IN_ATTRIB,
        [PATH_CHANGED] = OF_SELF | IN_ATTRIB | IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVE,
        [PATH_MODIFIED] = OF_SELF | IN_ATTRIB | IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVE | IN_MODIFY,
        [PATH_NOT_EMPTY] = OF_SELF | IN_ATTRIB | IN_CREATE | IN_MOVED_TO,
};

uint32_t trail_mask(enum path_kind kind) {
        return masks[kind];
}

/* Two names with the same one cost no more than a needless look. */
static uint32_t hash(const char *name, size_t n) {
        uint32_t h = UINT32_C(2166136261);

        for (size_t i = 0; i < n; i++)
                h = (h ^ (unsigned char) name[i]) * UINT32_C(16777619);
        return h == 0 ? 1 : h;
}

enum trail_news trail_read(enum path_kind kind, const struct trail_watch *w, uint32_t mask,
                           const char *name) {
        uint32_t about = mask & (w->mask | IN_IGNORED | IN_UNMOUNT);

        if (about == 0)
                return TRAIL_NOTHING;
        if (w->is_end && path_kind_is_change(kind))
                return TRAIL_CHANGED;
        if (w->name != 0 && name && *name != '\0' && hash(name, strlen(name)) != w->name)
                return TRAIL_NOTHING;
        return TRAIL_STIRRED;
}

enum trail_news trail_read_lost(enum path_kind kind) {
        return path_kind_is_change(kind) ? TRAIL_CHANGED : TRAIL_STIRRED;
}

/* --- Laying. */

struct walk {
        struct trails *all;
        struct trail *trail;
        char at[PATH_MAX]; /* where it has come: a directory, free of links; "" for the root */
        size_t length;
        unsigned links;
        uint32_t end_mask;
};

static int note(struct trail *t, const struct trail_watch *w) {
        for (uint32_t i = 0; i < t->n; i++)
                if (t->watches[i].wd == w->wd && t->watches[i].name == w->name) {
                        t->watches[i].mask |= w->mask;
                        t->watches[i].is_end |= w->is_end;
                        return 0;
                }
        if (t->n == t->room) {
                uint32_t room = t->room == 0 ? 8 : 2 * t->room;
                struct trail_watch *longer = reallocarray(t->watches, room, sizeof(*longer));

                if (!longer)
                        return -ENOMEM;
                t->watches = longer;
                t->room = room;
        }
        t->watches[t->n++] = *w;
        return 0;
}

/* 1, or 0 where there is nothing of that name that could be watched; a negative errno else. */
static int watch(const struct walk *w, const char *path, uint32_t mask, uint32_t name, bool is_end) {
        int wd = inotify_add_watch(w->all->fd, *path != '\0' ? path : "/",
                                   mask | IN_MASK_ADD | IN_DONT_FOLLOW);

        if (wd < 0)
                return errno == ENOMEM || errno == ENOSPC ? -errno : 0;
        const struct trail_watch added = { .wd = wd, .mask = mask, .name = name, .is_end = is_end };
        int r = note(w->trail, &added);
        return r < 0 ? r : 1;
}

static int watch_here(const struct walk *w, uint32_t mask, const char *name, size_t n) {
        return watch(w, w->at, mask, name ? hash(name, n) : 0, false);
}

/* What a link at w->at says goes before the rest of the way. */
static int follow(struct walk *w, size_t parent, char **rest, const char *left) {
        char target[PATH_MAX];
        ssize_t n = readlink(w->at, target, sizeof(target) - 1);

        w->at[w->length = parent] = '\0';
        if (n <= 0 || ++w->links > LINKS_MOST)
                return 0;
        target[n] = '\0';
        char *longer = text_format("%s/%s", target, left);
        if (!longer)
                return -ENOMEM;
        free(*rest);
        *rest = longer;
        if (*target == '/')
                w->at[w->length = 0] = '\0';
        return 1;
}

/* The next part of the way, `n` bytes at `part`; more of it follows in `left`. Each directory is watched
 * before one looks into it: what comes after the look is an event. 1: go on, 0: this is as far as it goes. */
static int step(struct walk *w, char **rest, const char *part, size_t n, const char *left) {
        size_t parent = w->length;
        struct stat st;

        int r = watch_here(w, OF_PASSED, part, n);
        if (r < 0)
                return r;
        if (w->length + 1 + n >= sizeof(w->at))
                return 0;
        w->at[w->length++] = '/';
        memcpy(w->at + w->length, part, n);
        w->at[w->length += n] = '\0';
        bool is_there = lstat(w->at, &st) >= 0;
        bool is_last = *left == '\0';
        bool is_link = is_there && S_ISLNK(st.st_mode);
        uint32_t mask = is_link ? masks[PATH_EXISTS] : is_last ? w->end_mask : OF_SELF;
        if (is_there)
                r = watch(w, w->at, mask, 0, is_last && !is_link);
        if (r < 0)
                return r;
        if (!is_there || r == 0) { /* what is there and cannot be watched is seen from above */
                w->at[parent] = '\0';
                r = watch(w, w->at, OF_LAST | (is_last ? w->end_mask : 0), hash(part, n), false);
                w->at[parent] = '/';
                if (r < 0)
                        return r;
                is_there = lstat(w->at, &st) >= 0;
                is_link = is_there && S_ISLNK(st.st_mode);
        }
        if (is_link)
                return follow(w, parent, rest, left);
        return is_there && S_ISDIR(st.st_mode);
}

/* All the way along `path`; links are followed one by one, since what they lead to may be missing. */
static int walk(struct walk *w, const char *path) {
        autofree char *rest = strdup(path);
        size_t done = 0;
        int r = 1;

        if (!rest)
                return -ENOMEM;
        w->at[w->length = w->links = 0] = '\0';
        while (r > 0) {
                const char *part = rest + done + strspn(rest + done, "/");
                size_t n = strcspn(part, "/");
                const char *left = part + n + strspn(part + n, "/");
                const char *before = rest;

                if (n == 0) /* the root, or a link that ends in a slash */
                        return watch(w, w->at, w->end_mask, 0, true);
                done = (size_t) (left - rest);
                if (n == 2 && strncmp(part, "..", 2) == 0) {
                        char *slash = strrchr(w->at, '/');

                        w->length = slash ? (size_t) (slash - w->at) : 0;
                        w->at[w->length] = '\0';
                } else if (n != 1 || *part != '.')
                        r = step(w, &rest, part, n, left);
                if (rest != before)
                        done = 0;
                else if (r > 0 && *left == '\0')
                        return n <= 2 && strspn(part, ".") >= n ? watch(w, w->at, w->end_mask, 0, true) : 0;
        }
        return r;
}

/* The directories that fit what comes before each slash of the pattern. */
static int walk_pattern(struct walk *w, const char *pattern) {
        size_t fixed = strcspn(pattern, "*?["), found = 0;

        if (pattern[fixed] == '\0')
                return walk(w, pattern);
        autofree char *prefix = strdup(pattern);
        if (!prefix)
                return -ENOMEM;
        while (fixed > 0 && pattern[fixed] != '/')
                fixed--;
        prefix[fixed] = '\0';
        w->end_mask = OF_LAST;
        int r = walk(w, fixed > 0 ? prefix : "/");
        for (size_t i = fixed; r >= 0 && (i += 1 + strcspn(pattern + i + 1, "/")) < strlen(pattern);) {
                autostrv char **list = NULL;

                memcpy(prefix, pattern, i);
                prefix[i] = '\0';
                r = glob_find(prefix, DIRECTORIES_MOST, &list);
                for (char *const *path = list; r >= 0 && path && *path; path++, found++)
                        r = walk(w, *path);
        }
        return r < 0 ? r : found >= DIRECTORIES_MOST;
}

static bool is_used(const struct trails *all, int wd) {
        for (const struct trail *t = all->list; t; t = t->next)
                for (uint32_t i = 0; i < t->n; i++)
                        if (t->watches[i].wd == wd)
                                return true;
        return false;
}

static void drop(const struct trails *all, struct trail_watch *watches, uint32_t n) {
        for (uint32_t i = 0; i < n; i++)
                if (!is_used(all, watches[i].wd)) /* it may be gone with its inode */
                        (void) inotify_rm_watch(all->fd, watches[i].wd);
        free(watches);
}

/* The old watches go when the new ones are there: what both have has no gap. */
int trail_lay(struct trails *all, struct trail *t, const struct path_line *line) {
        struct walk *w = calloc(1, sizeof(*w));
        struct trail_watch *old = t->watches;
        uint32_t n_old = t->n;

        if (!w)
                return -ENOMEM;
        *w = (struct walk){ .all = all, .trail = t, .end_mask = masks[line->kind] };
        t->watches = NULL;
        t->n = t->room = 0;
        t->kind = line->kind;
        if (!t->is_laid) {
                t->is_laid = true;
                t->next = all->list;
                all->list = t;
        }
        int r = line->kind == PATH_EXISTS_GLOB ? walk_pattern(w, line->text) : MIN(walk(w, line->text), 0);
        free(w);
        drop(all, old, n_old);
        if (r < 0)
                trail_lift(all, t);
        return r;
}

void trail_lift(struct trails *all, struct trail *t) {
        struct trail **at = &all->list;

        if (!t->is_laid)
                return;
        while (*at != t)
                at = &(*at)->next;
        *at = t->next;
        drop(all, TAKE(t->watches), t->n);
        t->n = t->room = 0;
        t->is_laid = false;
}

/* --- Looking. */

/* Hidden files do not count, as in systemd. */
static int has_entries(const char *path) {
        int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
        DIR *d = fd < 0 ? NULL : fdopendir(fd);
        const struct dirent *e;

        if (!d) {
                int error = errno;

                if (fd >= 0)
                        (void) close(fd);
                return io_is_shortage(error) ? -error : 0;
        }
        do
                e = readdir(d);
        while (e && *e->d_name == '.');
        (void) closedir(d);
        return e != NULL;
}

static int has_match(const char *pattern) {
        autostrv char **list = NULL;
        int r = glob_find(pattern, 1, &list);

        return r < 0 ? r : r > 0;
}

static bool is_elsewhere(struct trail *t, const char *path) {
        struct stat st = {};
        bool is_there = stat(path, &st) >= 0;
        uint64_t device = is_there ? st.st_dev : 0, inode = is_there ? st.st_ino : 0;
        bool differs = device != t->device || inode != t->inode;

        t->device = device;
        t->inode = inode;
        return differs;
}

int trail_holds(struct trail *t, const struct path_line *line, bool fresh) {
        switch ((enum path_kind) line->kind) {
        case PATH_EXISTS:
                return access(line->text, F_OK) == 0;
        case PATH_EXISTS_GLOB:
                return has_match(line->text);
        case PATH_NOT_EMPTY:
                return has_entries(line->text);
        case PATH_CHANGED:
        case PATH_MODIFIED:
                return is_elsewhere(t, line->text) && !fresh;
        case PATH_KIND_COUNT:
                break;
        }
        return 0;
}
