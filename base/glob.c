#include "base/glob.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "base/pattern.h"
#include "base/text.h"

#define DEPTH_MOST 32

/* Part by part: a directory for each part that is being looked through. */
struct search {
        struct level {
                DIR *directory;   /* owned */
                char *path;       /* owned; "" for the root */
                const char *part; /* of the pattern, what it is looked through for */
        } levels[DEPTH_MOST];
        unsigned depth;
        char ***found; /* borrowed */
};

static void leave(struct search *s) {
        struct level *l = &s->levels[--s->depth];

        (void) closedir(l->directory);
        free(l->path);
}

/* Whoever has been made to look into what cannot be opened has found nothing there. */
static int enter(struct search *s, int at, const char *name, const char *part, char *path) {
        autofree char *owned = path;
        autoclose int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *directory = fd < 0 || s->depth == DEPTH_MOST ? NULL : fdopendir(fd);

        if (!path)
                return -ENOMEM;
        if (!directory)
                return 0;
        (void) TAKE_FD(fd);
        s->levels[s->depth++] = (struct level){ directory, TAKE(owned), part };
        return 0;
}

/* The next entry of the innermost directory: 1 where all of the pattern is found with it. */
static int look_on(struct search *s) {
        struct level *l = &s->levels[s->depth - 1];
        size_t n = strcspn(l->part, "/");
        const char *rest = l->part + n + strspn(l->part + n, "/");
        const struct dirent *e = readdir(l->directory);
        char pattern[NAME_MAX + 1];

        if (!e || n > NAME_MAX) {
                leave(s);
                return 0;
        }
        memcpy(pattern, l->part, n);
        pattern[n] = '\0';
        if (!pattern_fits(pattern, e->d_name, PATTERN_PERIOD))
                return 0;

        char *path = text_format("%s/%s", l->path, e->d_name);
        if (*rest != '\0')
                return enter(s, dirfd(l->directory), e->d_name, rest, path);
        int r = path ? strv_take(s->found, path) : -ENOMEM;
        return r < 0 ? r : 1;
}

static int by_name(const void *a, const void *b) {
        const char *const *first = a, *const *second = b;

        return strcmp(*first, *second);
}

int glob_find(const char *pattern, size_t most, char ***list) {
        struct search s = { .found = list };
        size_t before = strv_length(*list), n = 0;
        int r = 0;

        pattern += strspn(pattern, "/");
        if (*pattern == '\0')
                r = strv_add(list, "/");
        else
                r = enter(&s, AT_FDCWD, "/", pattern, strdup(""));
        while (s.depth > 0 && r >= 0 && n < most) {
                r = look_on(&s);
                n += r > 0;
        }
        while (s.depth > 0)
                leave(&s);
        if (r < 0)
                return r;
        n = strv_length(*list) - before;
        if (n > 1)
                qsort(*list + before, n, sizeof(char *), by_name);
        return (int) n;
}

bool glob_is_pattern(const char *text) {
        return text[strcspn(text, "*?[")] != '\0';
}
