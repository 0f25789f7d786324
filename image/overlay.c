#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/text.h"
#include "image/overlay.h"

static int open_root(const struct store *s, const char *place) {
        autofree char *path = text_format("%s/root", place);
        int fd = path ? openat(s->fd, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;

        return fd < 0 ? -errno : fd;
}

/* What a layer says of a directory that one above it has made as a way to something. 1: it is as that one has
 * made it, or has been removed; 0: it knows nothing of it; -EXDEV: it is something else. */
static int ask(int root, const char *path, const struct stat *made) {
        const struct open_how how = { .flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
                                      .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
        autoclose int fd = (int) syscall(SYS_openat2, root, path, &how, sizeof(how));
        struct stat st;

        if (fd < 0)
                return errno == ENOENT ? 0 : -EXDEV;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (S_ISCHR(st.st_mode))
                return 1;
        return S_ISDIR(st.st_mode) && st.st_mode == made->st_mode && st.st_uid == made->st_uid &&
                               st.st_gid == made->st_gid
                       ? 1
                       : -EXDEV;
}

/* Asks those below, the uppermost first. */
static int check_directory(const int *roots, size_t lowest, size_t layer, const char *path) {
        struct stat made;

        if (fstatat(roots[layer], path, &made, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        for (size_t i = layer; i > lowest; i--) {
                int r = ask(roots[i - 1], path, &made);
                if (r != 0)
                        return r < 0 ? r : 0;
        }
        return 0;
}

/* overlayfs shows whiteouts as files in a directory that no layer below has. */
static int check_whiteout(const int *roots, size_t lowest, size_t layer, const char *path) {
        const struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
                                      .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
        const char *slash = strrchr(path, '/');
        autofree char *parent = slash ? strndup(path, (size_t) (slash - path)) : strdup(".");

        if (!parent)
                return -ENOMEM;
        for (size_t i = layer; i > lowest; i--) {
                autoclose int fd = (int) syscall(SYS_openat2, roots[i - 1], parent, &how, sizeof(how));
                if (fd >= 0)
                        return 0;
        }
        return -EXDEV;
}

static int check(const int *roots, const struct record *records, size_t lowest, size_t n) {
        for (size_t i = lowest + 1; i < n; i++)
                for (char **path = records[i].implicit; path && *path; path++) {
                        int r = check_directory(roots, lowest, i, *path);
                        if (r < 0)
                                return r;
                }
        for (size_t i = lowest; i < n; i++)
                for (char **path = records[i].whiteouts; path && *path; path++) {
                        int r = check_whiteout(roots, lowest, i, *path);
                        if (r < 0)
                                return r;
                }
        return 1;
}

int overlay_fits(const struct store *s, const char *const *places, const struct record *records, size_t n,
                 size_t *ret_lowest, struct fault *f) {
        autofree int *roots = calloc(n + 1, sizeof(*roots));
        size_t lowest = 0, opened = 0;
        int r = roots ? 0 : -ENOMEM;

        for (size_t i = 0; i < n; i++)
                if (records[i].opaque_root)
                        lowest = i;
        while (r >= 0 && opened < n) {
                r = open_root(s, places[opened]);
                if (r >= 0)
                        roots[opened++] = r;
        }
        if (r >= 0)
                r = check(roots, records, lowest, n);
        for (size_t i = 0; i < opened; i++)
                (void) close(roots[i]);
        *ret_lowest = lowest;
        if (r == -EXDEV)
                return 0;
        return r < 0 ? fault_system(f, r, "looking at its layers") : r;
}
