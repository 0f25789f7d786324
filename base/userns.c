#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/wait.h>

#include "base/io.h"
#include "base/parse.h"
#include "base/text.h"
#include "base/userns.h"

#define FILE_MOST ((size_t) 1 << 20) /* bytes */

struct range {
        uint32_t first, count;
};

/* The next of the fields of a line, which ends where the line does. */
static char *next_field(char **at) {
        return *at ? strsep(at, ":") : NULL;
}

/* NAME:FIRST:COUNT */
static bool is_lent(char *line, const char *name, const char *number, struct range *ret) {
        const char *who = next_field(&line), *first = next_field(&line), *count = next_field(&line);
        unsigned from, n;

        if (!count || line || !(strcmp(who, number) == 0 || (name && strcmp(who, name) == 0)))
                return false;
        if (parse_unsigned(first, UINT32_MAX - 1, &from) < 0 ||
            parse_unsigned(count, UINT32_MAX - 1, &n) < 0 || from == 0 || n == 0 || n > UINT32_MAX - 1 - from)
                return false;
        *ret = (struct range){ from, n };
        return true;
}

int userns_find_lent(const char *text, const char *name, unsigned uid, uint32_t *ret_first,
                     uint32_t *ret_count) {
        autofree char *copy = strdup(text);
        char number[16], *at = copy;
        struct range r;

        (void) snprintf(number, sizeof(number), "%u", uid);
        while (at) {
                char *line = strsep(&at, "\n");
                if (!is_lent(line, name, number, &r))
                        continue;
                *ret_first = r.first;
                *ret_count = r.count;
                return 1;
        }
        return 0;
}

/* By the container's own /etc/passwd, as everywhere. The caller frees; NULL where it does not say. */
static char *name_of(uid_t uid) {
        autofree char *text = NULL;
        char number[16], *at;
        size_t size;

        (void) snprintf(number, sizeof(number), "%u", (unsigned) uid);
        if (io_read_file("/etc/passwd", FILE_MOST, &text, &size) < 0)
                return NULL;
        at = text;
        while (at) {
                char *line = strsep(&at, "\n");
                const char *name = next_field(&line);

                (void) next_field(&line);
                const char *id = next_field(&line);
                if (id && strcmp(id, number) == 0)
                        return strdup(name);
        }
        return NULL;
}

static bool find_range(const char *file, const char *name, uid_t uid, struct range *ret) {
        autofree char *text = NULL;
        size_t size;

        return io_read_file(file, FILE_MOST, &text, &size) == 0 &&
               userns_find_lent(text, name, uid, &ret->first, &ret->count) > 0;
}

/* newuidmap PID 0 OWN 1 1 FIRST COUNT: whether it did so. */
static bool run_map(const char *program, pid_t of, unsigned own, const struct range *lent) {
        char pid[16], self[16], first[16], count[16];
        int status;

        (void) snprintf(pid, sizeof(pid), "%d", (int) of);
        (void) snprintf(self, sizeof(self), "%u", own);
        (void) snprintf(first, sizeof(first), "%u", lent->first);
        (void) snprintf(count, sizeof(count), "%u", lent->count);
        pid_t child = fork();
        if (child == 0) {
                (void) execlp(program, program, pid, "0", self, "1", "1", first, count, (char *) NULL);
                _exit(127);
        }
        while (child > 0 && waitpid(child, &status, 0) < 0)
                if (errno != EINTR)
                        return false;
        return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* What has to happen outside, when the other has gone inside: it is told through `go`. */
_Noreturn static void map_from_outside(int go, pid_t of, const struct range *users,
                                       const struct range *groups) {
        unsigned own_user = getuid(), own_group = getgid();
        char byte;
        ssize_t n;

        do
                n = read(go, &byte, 1);
        while (n < 0 && errno == EINTR);
        _exit(n == 1 && run_map("newuidmap", of, own_user, users) &&
                              run_map("newgidmap", of, own_group, groups)
                      ? 0
                      : 1);
}

static int map_self(uid_t uid, gid_t gid) {
        char users[32], groups[32];

        (void) snprintf(users, sizeof(users), "0 %u 1", (unsigned) uid);
        (void) snprintf(groups, sizeof(groups), "0 %u 1", (unsigned) gid);
        /* A group can be mapped only where setgroups() cannot be used to leave one. */
        int r = io_write_file("/proc/self/setgroups", "deny");
        if (r < 0 && r != -ENOENT)
                return r;
        r = io_write_file("/proc/self/uid_map", users);
        return r < 0 ? r : io_write_file("/proc/self/gid_map", groups);
}

/* The child that maps; -1: nothing is lent, or no child to be had. */
static pid_t prepare_maps(int go[2], struct range *users, struct userns *u) {
        autofree char *name = name_of(getuid());
        struct range groups;
        pid_t self = getpid();

        u->why = "/etc/subuid and /etc/subgid lend no users";
        if (!find_range("/etc/subuid", name, getuid(), users) ||
            !find_range("/etc/subgid", name, getuid(), &groups))
                return -1;
        u->why = "newuidmap and newgidmap (package uidmap) do not do it";
        if (pipe2(go, O_CLOEXEC) < 0)
                return -1;
        pid_t child = fork();
        if (child == 0) {
                (void) close(go[1]);
                map_from_outside(go[0], self, users, &groups);
        }
        (void) close(go[0]);
        if (child < 0)
                (void) close(go[1]);
        return child;
}

int userns_enter(int flags, struct userns *ret) {
        struct userns u = { 0 };
        struct range users;
        uid_t uid = geteuid();
        gid_t gid = getegid();
        int go[2], status = 1;
        pid_t helper = prepare_maps(go, &users, &u);

        int r = unshare(CLONE_NEWUSER | flags) < 0 ? -errno : 0;
        if (helper > 0) {
                if (r == 0)
                        r = io_write_all(go[1], "", 1);
                (void) close(go[1]);
                while (waitpid(helper, &status, 0) < 0 && errno == EINTR)
                        continue;
        }
        if (r == 0 && helper > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
                u = (struct userns){ .whole = true, .users = users.first };
        else if (r == 0)
                r = map_self(uid, gid);
        if (r == 0)
                *ret = u;
        return r;
}
