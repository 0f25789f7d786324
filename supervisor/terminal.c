#include "supervisor/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "init/tty.h"

const char *terminal_path(const struct unit *u) {
        return u->setup && u->setup->tty_path ? u->setup->tty_path : "/dev/console";
}

/* Without waiting for a carrier. */
static int open_quietly(const char *path) {
        int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);

        return fd < 0 ? -errno : fd;
}

/* On a descriptor of its own: it is of no use to anybody afterwards. tend's own terminal is kept: it would
 * lose its messages with it, and be hung up itself. */
static int hang_up(const char *path) {
        autoclose int fd = open_quietly(path);

        if (fd < 0)
                return fd;
        return tty_is_own(fd) ? -EBUSY : tty_hang_up(fd);
}

static int reset(const char *path) {
        autoclose int fd = open_quietly(path);

        return fd < 0 ? fd : tty_reset(fd);
}

static int resize(const char *path, const struct setup *s) {
        autoclose int fd = open_quietly(path);

        return fd < 0 ? fd : tty_resize(fd, s->tty_rows, s->tty_columns);
}

static void gone_without(struct launch *l, const char *setting, int error) {
        loss_add(&l->losses, setting,
                 error == -EBUSY   ? "it is tend's own terminal"
                 : error == -EPERM ? NULL
                                   : strerrordesc_np(-error));
}

int terminal_prepare(struct launch *l) {
        const struct setup *s = l->unit->setup;
        const char *path = terminal_path(l->unit);
        int r;

        if (!s || l->kind != EXEC_START)
                return 0;
        r = s->tty_hang_up ? hang_up(path) : 0;
        if (r < 0)
                gone_without(l, "TTYVHangup=", r);
        r = s->tty_reset ? reset(path) : 0;
        if (r < 0)
                gone_without(l, "TTYReset=", r);
        r = s->tty_rows > 0 || s->tty_columns > 0 ? resize(path, s) : 0;
        if (r < 0)
                gone_without(l, s->tty_rows > 0 ? "TTYRows=" : "TTYColumns=", r);
        return 0;
}

void terminal_leave(const struct unit *u) {
        const struct setup *s = u->setup;

        if (s && s->tty_hang_up)
                (void) hang_up(terminal_path(u));
        if (s && s->tty_reset)
                (void) reset(terminal_path(u));
}
