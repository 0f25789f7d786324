#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/io.h"
#include "base/text.h"
#include "image/remove.h"
#include "image/store.h"

static const char *const shelves[] = { [SHELF_LAYERS] = "layers/sha256", [SHELF_FLAT] = "flat/sha256" };
static const char *const directories[] = {
        "layers", "layers/sha256", "flat", "flat/sha256", "images", "tmp"
};

/* ---- the store itself ---------------------------------------------------------------------------------- */

/* The user's own; the caller frees. NULL with the reason where there is none. */
static char *usual_path(struct fault *f) {
        const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

        if (geteuid() == 0)
                return strdup("/var/cache/tend");
        if (cache && *cache == '/')
                return text_format("%s/tend", cache);
        if (home && *home == '/')
                return text_format("%s/.cache/tend", home);
        (void) fault(f, -ENOENT, "no place for the layers: neither XDG_CACHE_HOME nor HOME is set");
        fault_hint(f, "--store DIR says where they are kept");
        return NULL;
}

/* What somebody else could change under our hands is no store: its layers are run as root. */
static int check_owner(const struct store *s, struct fault *f) {
        struct stat st;

        if (fstat(s->fd, &st) < 0)
                return fault_system(f, -errno, s->path);
        if (st.st_uid == geteuid() && (st.st_mode & 022) == 0)
                return 0;
        (void) fault(f, -EPERM, "%s cannot be the store: others may write to it", s->path);
        fault_hint(f, "it has to be a directory of your own, of mode 0700");
        return -EPERM;
}

static int make_directories(const struct store *s, struct fault *f) {
        for (size_t i = 0; i < countof(directories); i++)
                if (mkdirat(s->fd, directories[i], 0700) < 0 && errno != EEXIST)
                        return fault(f, -errno, "making %s/%s: %s", s->path, directories[i], strerror(errno));
        return 0;
}

int store_open(const char *path, struct store *ret, struct fault *f) {
        struct store s = { .fd = -1, .lock = -1 };
        autofree char *wanted = path ? strdup(path) : usual_path(f);

        if (!wanted)
                return f->text ? -ENOENT : -ENOMEM;
        int r = io_make_dirs(wanted, 0700);
        if (r < 0)
                return fault(f, r, "making %s: %s", wanted, strerror(-r));
        s.path = realpath(wanted, NULL);
        if (s.path)
                s.fd = open(s.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        r = s.fd < 0 ? fault(f, -errno, "opening %s: %s", wanted, strerror(errno)) : check_owner(&s, f);
        if (r == 0)
                r = make_directories(&s, f);
        if (r < 0)
                store_close(&s);
        else
                *ret = s;
        return r;
}

void store_close(struct store *s) {
        if (s->fd >= 0)
                (void) close(TAKE_FD(s->fd));
        if (s->lock >= 0)
                (void) close(TAKE_FD(s->lock));
        free(TAKE(s->path));
}

int store_lock(struct store *s, bool alone, struct fault *f) {
        if (s->lock < 0)
                s->lock = openat(s->fd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (s->lock < 0 || flock(s->lock, alone ? LOCK_EX : LOCK_SH) < 0)
                return fault(f, -errno, "locking %s: %s", s->path, strerror(errno));
        return 0;
}

char *store_place(const struct store *s, enum shelf shelf, const struct digest *d) {
        char hex[DIGEST_HEX_MAX];
        return text_format("%s/%s%s", shelves[shelf], digest_print_hex(d, hex), s->owners);
}

bool store_has(const struct store *s, const char *place) {
        struct stat st;
        return fstatat(s->fd, place, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* ---- drafts -------------------------------------------------------------------------------------------- */

/* Held shared while a draft is made and locked, alone while it is found out which are locked. */
static int lock_drafts(const struct store *s, int how) {
        int fd = openat(s->fd, "tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd >= 0 && flock(fd, how) == 0)
                return fd;
        int r = -errno;
        if (fd >= 0)
                (void) close(fd);
        return r;
}

static int make_draft(const struct store *s, char *name, size_t size) {
        autoclose int all = lock_drafts(s, LOCK_SH);
        uint64_t random;

        if (all < 0)
                return all;
        if (getrandom(&random, sizeof(random), 0) != sizeof(random))
                return -errno;
        (void) snprintf(name, size, "tmp/%016llx", (unsigned long long) random);
        if (mkdirat(s->fd, name, 0700) < 0)
                return -errno;
        autoclose int fd = openat(s->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
                return -errno;
        return TAKE_FD(fd);
}

int draft_begin(struct store *s, struct draft *ret, struct fault *f) {
        struct draft d = { .store = s };

        d.fd = make_draft(s, d.name, sizeof(d.name));
        if (d.fd < 0)
                return fault(f, d.fd, "making a directory in %s/tmp: %s", s->path, strerror(-d.fd));
        *ret = d;
        return 0;
}

int draft_commit(struct draft *d, const char *place, struct fault *f) {
        int r = renameat(d->store->fd, d->name, d->store->fd, place) < 0 ? -errno : 0;

        if (r == -EEXIST || r == -ENOTEMPTY)
                return 0; /* draft_end() removes ours */
        if (r < 0)
                return fault(f, r, "putting it into %s: %s", d->store->path, strerror(-r));
        d->name[0] = '\0';
        return 0;
}

void draft_end(struct draft *d) {
        if (d->name[0] != '\0')
                (void) !remove_tree(d->store->fd, d->name);
        d->name[0] = '\0';
        if (d->fd >= 0)
                (void) close(TAKE_FD(d->fd));
}

struct cleaning {
        struct store *store;
        int removed;
};

static int clean_one(void *context, const char *name) {
        struct cleaning *c = context;
        autofree char *place = text_format("tmp/%s", name);

        if (!place)
                return -ENOMEM;
        autoclose int fd = openat(c->store->fd, place, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
                return 0;
        int r = remove_tree(c->store->fd, place);
        c->removed += r == 0;
        return r;
}

int store_clean(struct store *s, struct fault *f) {
        struct cleaning c = { .store = s };
        autoclose int all = lock_drafts(s, LOCK_EX);

        if (all < 0)
                return fault(f, all, "locking %s/tmp: %s", s->path, strerror(-all));
        int r = store_each(s, "tmp", clean_one, &c, f);
        return r < 0 ? r : c.removed;
}

int store_write(struct store *s, const char *place, const char *text, size_t size, struct fault *f) {
        struct draft d = { .fd = -1 };
        autofree char *name = NULL;
        int r = draft_begin(s, &d, f);

        if (r < 0)
                return r;
        autoclose int fd = openat(d.fd, "file", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        r = fd < 0 ? -errno : io_write_all(fd, text, size);
        name = text_format("%s/file", d.name);
        if (r == 0 && !name)
                r = -ENOMEM;
        if (r == 0 && renameat(s->fd, name, s->fd, place) < 0)
                r = -errno;
        draft_end(&d);
        return r < 0 ? fault(f, r, "writing %s/%s: %s", s->path, place, strerror(-r)) : 0;
}

/* ---- what is there ------------------------------------------------------------------------------------- */

int store_remove(struct store *s, const char *place, struct fault *f) {
        autoclose int fd = openat(s->fd, place, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

        if (fd < 0)
                return errno == ENOENT
                               ? 1
                               : fault(f, -errno, "opening %s/%s: %s", s->path, place, strerror(errno));
        if (flock(fd, LOCK_EX | LOCK_NB) < 0)
                return 0;

        /* Out of its place first: half of a layer is none. */
        struct draft d = { .fd = -1 };
        int r = draft_begin(s, &d, f);
        if (r < 0)
                return r;
        autofree char *name = text_format("%s/old", d.name);
        if (!name)
                r = -ENOMEM;
        else if (renameat(s->fd, place, s->fd, name) < 0)
                r = fault(f, -errno, "removing %s/%s: %s", s->path, place, strerror(errno));
        draft_end(&d);
        return r < 0 ? r : 1;
}

int store_each(struct store *s, const char *directory, int (*hook)(void *context, const char *name),
               void *context, struct fault *f) {
        int fd = openat(s->fd, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
        DIR *list = fd < 0 ? NULL : fdopendir(fd);
        struct dirent *d;

        if (!list) {
                r = -errno;
                if (fd >= 0)
                        (void) close(fd);
                return fault(f, r, "reading %s/%s: %s", s->path, directory, strerror(-r));
        }
        while (r >= 0 && (d = readdir(list)))
                if (d->d_name[0] != '.')
                        r = hook(context, d->d_name);
        (void) closedir(list);
        return r < 0 ? fault(f, r, "reading %s/%s: %s", s->path, directory, strerror(-r)) : 0;
}
