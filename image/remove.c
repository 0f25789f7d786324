/* A directory that has directories is emptied by moving those up beside itself, so that no depth takes more
 * than two descriptors, and no recursion. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "image/remove.h"

static bool is_dots(const char *name) {
        return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

static DIR *open_list(int directory, const char *name) {
        int fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        if (fd < 0)
                return NULL;
        DIR *list = fdopendir(fd);
        if (!list)
                (void) close(fd);
        return list;
}

/* A name that `top` does not have yet; the number goes on with each. */
static int move_up(int from, const char *name, int top, uint64_t *number) {
        char moved[64];

        for (;;) {
                (void) snprintf(moved, sizeof(moved), ".moved-%llu", (unsigned long long) (*number)++);
                if (renameat2(from, name, top, moved, 1 /* RENAME_NOREPLACE */) == 0)
                        return 0;
                if (errno != EEXIST)
                        return -errno;
        }
}

/* Everything in `name`, which is in `top`, goes away, or up into `top`. */
static int empty_into(int top, const char *name, uint64_t *number) {
        DIR *list = open_list(top, name);
        struct dirent *d;
        int r = 0;

        if (!list)
                return -errno;
        while (r == 0 && (d = readdir(list))) {
                if (is_dots(d->d_name) || unlinkat(dirfd(list), d->d_name, 0) == 0)
                        continue;
                if (errno != EISDIR && errno != EPERM)
                        r = -errno;
                else if (unlinkat(dirfd(list), d->d_name, AT_REMOVEDIR) < 0)
                        r = errno == ENOTEMPTY || errno == EEXIST
                                    ? move_up(dirfd(list), d->d_name, top, number)
                                    : -errno;
        }
        (void) closedir(list);
        return r;
}

static int remove_one(int top, const char *name, uint64_t *number) {
        if (unlinkat(top, name, 0) == 0 || errno == ENOENT)
                return 0;
        if (errno != EISDIR && errno != EPERM)
                return -errno;
        if (unlinkat(top, name, AT_REMOVEDIR) == 0)
                return 0;
        int r = empty_into(top, name, number);
        if (r < 0)
                return r;
        return unlinkat(top, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

int remove_inside(int fd) {
        uint64_t number = 0;
        bool again = true;
        int r = 0;

        /* What is moved up while the list is read may or may not come up in it. */
        while (again && r == 0) {
                DIR *list = open_list(fd, ".");
                struct dirent *d;

                if (!list)
                        return -errno;
                again = false;
                while (r == 0 && (d = readdir(list)))
                        if (!is_dots(d->d_name)) {
                                r = remove_one(fd, d->d_name, &number);
                                again = true;
                        }
                (void) closedir(list);
        }
        return r;
}

int remove_tree(int directory, const char *name) {
        if (unlinkat(directory, name, 0) == 0 || errno == ENOENT)
                return 0;
        if (errno != EISDIR && errno != EPERM)
                return -errno;
        int fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        int r = remove_inside(fd);
        (void) close(fd);
        if (r < 0)
                return r;
        return unlinkat(directory, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}
