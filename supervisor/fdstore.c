#include <errno.h>
#include <linux/kcmp.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/log.h"
#include "init/letgo.h"
#include "supervisor/fdstore.h"
#include "supervisor/manager.h"

#define NAME_MAX_LENGTH 255
#define VARIABLE        "LISTEN_FDNAMES="

struct stored {
        struct service *service; /* borrowed */
        sd_event_source *watch;  /* owned; NULL: its end is not watched for */
        char name[];
};

/* As in sd_notify(3). */
static bool is_name(const char *name) {
        const char *at = name;

        while (*at > ' ' - 1 && *at < 127 && *at != ':')
                at++;
        return *at == '\0' && at - name <= NAME_MAX_LENGTH;
}

/* Two numbers for one open file. Where kcmp(2) is refused, as in many containers, the file itself has to do.
 */
static bool is_same(int a, int b) {
        struct stat x, y;
        long r = syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, a, b);

        if (r >= 0)
                return r == 0;
        return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static bool has(const struct vigil *v, int fd) {
        for (unsigned i = 0; i < v->n_stored; i++)
                if (is_same(v->fds[i], fd))
                        return true;
        return false;
}

/* The list of names is made here, not at the spawn, which allocates nothing. It only ever gets shorter
 * without a new allocation. */
static void write_names(struct vigil *v) {
        char *at = v->names + strlen(VARIABLE);

        for (unsigned i = 0; i < v->n_stored; i++) {
                if (i > 0)
                        *at++ = ':';
                size_t n = strlen(v->stored[i]->name);
                memcpy(at, v->stored[i]->name, n);
                at += n;
        }
        *at = '\0';
}

static void drop(struct vigil *v, unsigned i) {
        struct stored *gone = v->stored[i];

        sd_event_source_unref(gone->watch);
        letgo_close(&v->fds[i], 1);
        free(gone);
        v->n_stored--;
        memmove(&v->fds[i], &v->fds[i + 1], (v->n_stored - i) * sizeof(*v->fds));
        memmove(&v->stored[i], &v->stored[i + 1], (v->n_stored - i) * sizeof(struct stored *));
        write_names(v);
}

static int on_hang_up(sd_event_source *source maybe_unused, int fd maybe_unused, uint32_t events maybe_unused,
                      void *context) {
        const struct stored *gone = context;
        struct service *s = gone->service;

        for (unsigned i = 0; i < s->vigil->n_stored; i++)
                if (s->vigil->stored[i] == gone) {
                        log_debug(s->unit->name, "the other end of a stored descriptor (%s) is gone",
                                  gone->name);
                        drop(s->vigil, i);
                        break;
                }
        return 0;
}

static size_t names_length(const struct vigil *v) {
        size_t n = sizeof(VARIABLE);

        for (unsigned i = 0; i < v->n_stored; i++)
                n += strlen(v->stored[i]->name) + 1;
        return n;
}

static int make_room(struct vigil *v, size_t length) {
        int *fds = reallocarray(v->fds, (size_t) v->n_stored + 1, sizeof(*fds));
        if (fds)
                v->fds = fds;
        struct stored **stored = reallocarray(v->stored, (size_t) v->n_stored + 1, sizeof(struct stored *));
        if (stored)
                v->stored = stored;
        char *names = fds && stored ? realloc(v->names, names_length(v) + length + 1) : NULL;
        if (!names)
                return -ENOMEM;
        if (!v->names)
                memcpy(names, VARIABLE, sizeof(VARIABLE));
        v->names = names;
        return 0;
}

/* A regular file has no other end to watch: EPERM. */
static int keep(struct service *s, struct vigil *v, int fd, const char *name, bool watched) {
        size_t length = strlen(name);

        int r = make_room(v, length);
        if (r < 0)
                return r;
        struct stored *made = malloc(sizeof(*made) + length + 1);
        if (!made)
                return -ENOMEM;
        made->service = s;
        made->watch = NULL;
        memcpy(made->name, name, length + 1);
        if (watched)
                r = sd_event_add_io(s->manager->event, &made->watch, fd, 0, on_hang_up, made);
        if (r < 0 && r != -EPERM) {
                free(made);
                return r;
        }
        v->fds[v->n_stored] = fd;
        v->stored[v->n_stored] = made;
        v->n_stored++;
        write_names(v);
        return 0;
}

void fdstore_add(struct service *s, int fd, const char *name, bool watched) {
        unsigned most = unit_readiness(s->unit)->fd_store_max;
        struct vigil *v = most > 0 ? vigil_of(s) : NULL;
        int r = most == 0 ? -EXFULL : !v ? -ENOMEM : 0;

        if (r == 0 && has(v, fd)) {
                (void) close(fd); /* not the last one */
                return;
        }
        if (r == 0 && v->n_stored >= most)
                r = -EXFULL;
        if (r == 0)
                r = keep(s, v, fd, name && is_name(name) ? name : "stored", watched);
        if (r == 0)
                return;
        letgo_close(&fd, 1);
        if (r == -EXFULL)
                log_warning(s->unit->name, "a descriptor is not stored: FileDescriptorStoreMax=%u", most);
        else
                log_warning(s->unit->name, "a descriptor is not stored: %s", strerror(-r));
}

void fdstore_remove(struct service *s, const char *name) {
        struct vigil *v = s->vigil;

        for (unsigned i = v ? v->n_stored : 0; i-- > 0;)
                if (strcmp(v->stored[i]->name, name) == 0)
                        drop(v, i);
}

void fdstore_clear(struct vigil *v) {
        while (v->n_stored > 0)
                drop(v, v->n_stored - 1);
        free(TAKE(v->fds));
        free(TAKE(v->stored));
        free(TAKE(v->names));
}
