#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/def.h"
#include "base/io.h"
#include "prepare/mode.h"

static bool has_other_names(const struct stat *st) {
        return S_ISREG(st->st_mode) && st->st_nlink > 1;
}

/* The kernel itself keeps people from linking to what is not theirs. */
static bool are_links_protected(void) {
        char text[16] = "";

        return io_read_small(AT_FDCWD, "/proc/sys/fs/protected_hardlinks", text, sizeof(text)) > 0 &&
               *text != '0';
}

bool mode_is_shared(int fd) {
        struct stat st;

        return fstat(fd, &st) >= 0 && has_other_names(&st) && !are_links_protected();
}

/* "~": of the mode only what the file has for anybody, and no special bits but for a directory. */
static unsigned mask(unsigned mode, mode_t now) {
        for (unsigned bits = 0111; bits <= 0444; bits <<= 1)
                if (!(now & bits))
                        mode &= ~bits;
        return S_ISDIR(now) ? mode : mode & ~07000u;
}

static int descriptors = -1; /* /proc/self/fd */

int mode_begin(void) {
        if (descriptors < 0)
                descriptors = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
        return descriptors < 0 ? -errno : 0;
}

/* Of a descriptor that may be O_PATH, which only /proc leads on from. */
static int change_mode(int fd, unsigned mode) {
        char name[16];

        if (fchmod(fd, mode) == 0)
                return 0;
        if (errno != EBADF)
                return -errno;
        (void) snprintf(name, sizeof(name), "%d", fd);
        return fchmodat(descriptors, name, mode, 0) < 0 ? -errno : 0;
}

int mode_set(const struct tmpfile *t, int fd, bool is_new) {
        struct stat st;

        if (fstat(fd, &st) < 0)
                return -errno;
        unsigned now = st.st_mode & 07777, mode = now;
        uid_t user = t->has_user && (is_new || !t->new_user) ? t->user : st.st_uid;
        gid_t group = t->has_group && (is_new || !t->new_group) ? t->group : st.st_gid;

        if (t->has_mode && (is_new || !t->new_mode))
                mode = t->mask_mode ? mask(t->mode, st.st_mode) : t->mode;
        bool is_given = user != st.st_uid || group != st.st_gid, is_link = S_ISLNK(st.st_mode);
        if (!is_given && (mode == now || is_link))
                return 0;
        if (!is_new && has_other_names(&st) && !are_links_protected())
                return -EMLINK;
        /* While it changes hands it is open to nobody more than before and after. */
        if (is_given && !is_link && (now & mode) != now) {
                int r = change_mode(fd, now & mode);
                if (r < 0)
                        return r;
        }
        if (is_given && fchownat(fd, "", user, group, AT_EMPTY_PATH) < 0)
                return -errno;
        return is_link ? 0 : change_mode(fd, mode);
}
