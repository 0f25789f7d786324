#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "base/io.h"
#include "base/text.h"
#include "prepare/lists.h"

#define FILE_MOST (4u << 20) /* bytes */

static const char *const places[] = { "/etc", "/run", "/usr/local/lib", "/usr/lib" };

static const char *file_name(const char *path) {
        return strrchr(path, '/') + 1;
}

static bool has_name(char *const *list, const char *name) {
        for (; list && *list; list++)
                if (strcmp(file_name(*list), name) == 0)
                        return true;
        return false;
}

static int by_name(const void *a, const void *b) {
        return strcmp(file_name(*(char *const *) a), file_name(*(char *const *) b));
}

static int add_directory(const char *path, char ***list) {
        const struct dirent *e;
        DIR *directory = opendir(path);
        int r = 0;

        if (!directory)
                return errno == ENOMEM ? -ENOMEM : 0;
        while (r == 0 && (e = readdir(directory)))
                if (*e->d_name != '.' && text_ends(e->d_name, ".conf") && !has_name(*list, e->d_name))
                        r = strv_take(list, text_format("%s/%s", path, e->d_name));
        (void) closedir(directory);
        return r;
}

static int find_files(const char *kind, char ***ret) {
        autostrv char **list = NULL;
        int r = 0;

        for (size_t i = 0; i < countof(places) && r == 0; i++) {
                autofree char *path = text_format("%s/%s", places[i], kind);

                r = path ? add_directory(path, &list) : -ENOMEM;
        }
        if (r < 0)
                return r;
        if (list)
                qsort(list, strv_length(list), sizeof(*list), by_name);
        *ret = TAKE(list);
        return 0;
}

static int read_file(const char *path, struct diags *d, lists_line take, void *context) {
        autofree char *text = NULL;
        size_t size;
        unsigned line = 0;
        int r = io_read_file(path, FILE_MOST, &text, &size);

        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                /* /dev/null is the usual mask. */
                if (r != -EINVAL && r != -ENOENT)
                        (void) diag(d, path, 0, r, "%s", strerror(-r));
                return 0;
        }
        for (char *at = text; *at != '\0' && r >= 0;) {
                char *end = at + strcspn(at, "\n"), *next = *end == '\0' ? end : end + 1;

                *end = '\0';
                line++;
                for (char *last = end; last > at && strchr(" \t\r", last[-1]); last--)
                        last[-1] = '\0';
                at += strspn(at, " \t");
                if (*at != '\0' && *at != '#' && *at != ';')
                        r = take(context, path, line, at);
                at = next;
        }
        return r;
}

int lists_read(const char *kind, struct diags *d, lists_line take, void *context) {
        autostrv char **list = NULL;
        int r = find_files(kind, &list);

        for (size_t i = 0; r >= 0 && list && list[i]; i++)
                r = read_file(list[i], d, take, context);
        return r;
}
