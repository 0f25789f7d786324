#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "base/glob.h"
#include "base/io.h"
#include "base/log.h"
#include "base/text.h"
#include "config/user.h"
#include "supervisor/child.h"
#include "supervisor/directory.h"
#include "supervisor/environment.h"
#include "supervisor/fork.h"
#include "supervisor/launch.h"
#include "supervisor/privilege.h"

#define ARENA_SIZE     ((size_t) 4 << 20) /* mapped, not touched: as large as execve(2) may need by far */
#define STACK_SIZE     ((size_t) 64 << 10)
#define DEFAULT_PATH   "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define FILE_VARIABLES 512  /* room for what environment files may add */
#define FILES_MOST     1000 /* of one pattern */

static char stack[STACK_SIZE] __attribute__((aligned(64)));

/* A pipe that nobody writes to reads as /dev/null does. */
static int open_empty(void) {
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) < 0)
                return -1;
        (void) close(ends[1]);
        return ends[0];
}

int launcher_open(struct launcher *l, const struct init *init, char *const *environment) {
        *l = (struct launcher){ .init = init, .null_fd = open("/dev/null", O_RDWR | O_CLOEXEC) };
        l->has_null = l->null_fd >= 0;
        if (!l->has_null)
                l->null_fd = open_empty();
        bool has_path = false;

        for (; *environment; environment++) {
                if (environment_is_ours(*environment))
                        continue;
                has_path |= text_starts(*environment, "PATH=");
                if (strv_add(&l->environment, *environment) < 0)
                        return -ENOMEM;
        }
        if (!has_path && strv_add(&l->environment, "PATH=" DEFAULT_PATH) < 0)
                return -ENOMEM;
        void *memory = mmap(NULL, ARENA_SIZE, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED)
                return -errno;
        l->arena = (struct arena){ .base = memory, .size = ARENA_SIZE };
        return 0;
}

void launcher_close(struct launcher *l) {
        strv_free(TAKE(l->environment));
        if (l->arena.base)
                (void) munmap(TAKE(l->arena.base), l->arena.size);
        cleanup_close(&l->null_fd);
        l->null_fd = -1;
}

static bool asks_for_user(const struct unit *u) {
        return u->user || u->group || (u->setup && u->setup->supplementary_groups);
}

static bool changes_user(const struct launch *l) {
        return asks_for_user(l->unit) && !l->is_unlimited && !(l->command->flags & COMMAND_KEEP_USER);
}

static bool is_unlimited(const struct launch *l) {
        const struct setup *s = l->unit->setup;

        return l->command->flags & COMMAND_PRIVILEGED ||
               (s && s->permissions_start_only && l->kind != EXEC_START);
}

static int add_supplementary(struct launch *l) {
        char *const *names = l->unit->setup ? l->unit->setup->supplementary_groups : NULL;
        size_t n = strv_length(names);

        if (!names || n == 0)
                return 0;
        gid_t *groups = reallocarray(l->groups, l->n_groups + n, sizeof(*groups));
        if (!groups)
                return -ENOMEM;
        for (l->groups = groups; *names; names++) {
                l->unprepared[PREPARE_GROUP] = *names;
                int r = group_find(*names, &groups[l->n_groups]);
                if (r < 0)
                        return r;
                l->n_groups++;
        }
        return 0;
}

/* Looks the names up in the container's files. */
static int find_user(struct launch *l, struct user *user) {
        l->change_user = changes_user(l);
        *user = (struct user){ .uid = geteuid(), .gid = getegid() };
        l->has_owner = asks_for_user(l->unit) && (l->change_user || l->unit->setup);
        l->unprepared[PREPARE_USER] = l->unit->user;
        return l->has_owner && l->unit->user ? user_find(l->unit->user, user) : 0;
}

static int find_groups(struct launch *l, struct user *user) {
        const struct unit *u = l->unit;

        if (!l->has_owner)
                return 0;
        l->unprepared[PREPARE_GROUP] = u->group;
        int r = u->group ? group_find(u->group, &user->gid) : 0;
        if (r < 0)
                return r;
        l->uid = user->uid;
        l->gid = user->gid;
        if (!l->change_user)
                return 0;
        /* Whoever is that user already, without the right to change, has nothing to change. */
        l->change_user = geteuid() == 0 || l->uid != geteuid() || l->gid != getegid();
        r = user_groups(u->user ? user->name : NULL, l->gid, &l->groups, &l->n_groups);
        return r < 0 ? r : add_supplementary(l);
}

static int add_variable(void *environment, const char *name, const char *value) {
        return environment_set(environment, name, value);
}

/* Read into the arena, at each start anew, as in systemd. What is no regular file could hold PID 1 up: it is
 * refused. */
static int add_file(struct environment *e, const char *path, struct diags *d) {
        struct stat st;

        if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
                return -ENOENT;
        size_t size = (size_t) st.st_size + 2;
        char *text = arena_take(e->arena, size);
        if (!text)
                return -E2BIG;
        ssize_t n = io_read_small(AT_FDCWD, path, text, size);
        if (n < 0)
                return (int) n;
        return expand_env_file(text, path, d, add_variable, e);
}

/* A pattern stands for all that fit it; where none does, the file is missing. */
static int add_files(struct environment *e, const struct environment_file *f, struct launch *l,
                     struct diags *d) {
        autostrv char **list = NULL;
        bool is_pattern = glob_is_pattern(f->path);
        int r = is_pattern ? glob_find(f->path, FILES_MOST, &list) : add_file(e, f->path, d);

        l->unprepared[PREPARE_ENVIRONMENT] = f->path;
        if (is_pattern)
                r = r < 0 ? r : r == 0 ? -ENOENT : 0;
        for (char **path = list; path && *path && (r == 0 || f->optional); path++)
                r = add_file(e, *path, d);
        return f->optional && r != -E2BIG ? 0 : r;
}

static int add_user_variables(struct environment *e, const struct launch *l, const struct user *user) {
        if (!l->change_user || !l->unit->user)
                return 0;
        const struct {
                const char *name, *value;
        } rows[] = { { "USER", user->name },
                     { "LOGNAME", user->name },
                     { "HOME", user->home },
                     { "SHELL", user->shell } };

        for (size_t i = 0; i < countof(rows); i++) {
                int r = rows[i].value[0] != '\0' ? environment_set(e, rows[i].name, rows[i].value) : 0;
                if (r < 0)
                        return r;
        }
        return 0;
}

static int put_all(struct environment *e, const char *const *list) {
        for (; list && *list; list++) {
                int r = environment_put(e, *list);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* The directories of the unit, and where its programs are looked for. */
static int add_setup_variables(struct environment *e, const struct unit *u) {
        char **paths = u->setup ? u->setup->search_path : NULL;
        const char *variable;
        size_t size = sizeof("PATH="), n = 5;
        int r = 0;

        for (enum directory_kind kind = 0; kind < DIRECTORY_KIND_COUNT && r == 0; kind++) {
                r = directory_variable(u, kind, e->arena, &variable);
                if (r == 0 && variable)
                        r = environment_put(e, variable);
        }
        if (r < 0 || !paths)
                return r;
        for (char **path = paths; *path; path++)
                size += strlen(*path) + 1;
        char *text = arena_take(e->arena, size);
        if (!text)
                return -E2BIG;
        (void) snprintf(text, size, "PATH=");
        for (char **path = paths; *path; path++)
                n += (size_t) snprintf(text + n, size - n, "%s%s", path > paths ? ":" : "", *path);
        return environment_put(e, text);
}

/* Later ones win: the container, the user, Environment=, EnvironmentFile=, tend's own; UnsetEnvironment= has
 * the last word. */
static int make_environment(struct launch *l, const struct user *user, struct diags *d) {
        const struct unit *u = l->unit;
        struct environment e;
        size_t more = 4 + DIRECTORY_KIND_COUNT + 1 + strv_length(u->environment) +
                      (u->environment_files ? FILE_VARIABLES : 0) + 16;

        int r = environment_begin(&e, &l->launcher->arena, l->launcher->environment, more);
        if (r == 0)
                r = add_user_variables(&e, l, user);
        if (r == 0)
                r = add_setup_variables(&e, u);
        if (r == 0)
                r = put_all(&e, (const char *const *) u->environment);
        for (const struct environment_file *f = u->environment_files; f && r == 0; f = f->next)
                r = add_files(&e, f, l, d);
        if (r == 0)
                r = put_all(&e, l->extra);
        if (r < 0)
                return r;
        for (char **name = u->setup ? u->setup->unset_environment : NULL; name && *name; name++)
                environment_unset(&e, *name);
        l->environment = e.list;
        l->path = environment_get(e.list, "PATH");
        if (!l->path)
                l->path = DEFAULT_PATH;
        return 0;
}

static void choose_directory(struct launch *l, const struct user *user) {
        const char *directory = l->unit->working_directory;
        bool home = directory && strcmp(directory, "~") == 0;

        l->directory = !home            ? directory
                       : l->change_user ? user->home
                                        : environment_get(l->environment, "HOME");
}

static int make_words(struct launch *l, struct diags *d) {
        const char *missing = NULL;

        int r = expand_command(l->command, l->environment, &l->launcher->arena, &l->argv, &missing);
        if (r == 0 && missing)
                diag(d, NULL, 0, 0, "%s= uses $%s, which is not set: it is empty",
                     l->setting ? l->setting : exec_kind_word(l->kind), missing);
        return r;
}

#define CORE_FILTER "/proc/self/coredump_filter"

/* It is one of the memory, which execve(2) hands on: set for both while they share it. Returns whether it is
 * to be put back to `before`. */
static bool set_core_filter(struct launch *l, char *before, size_t size) {
        const struct setup *s = l->unit->setup;
        char text[16];

        if (!s || s->coredump_filter < 0)
                return false;
        (void) snprintf(text, sizeof(text), "0x%x", (unsigned) s->coredump_filter);
        before[0] = '0';
        before[1] = 'x';
        ssize_t n = io_read_small(AT_FDCWD, CORE_FILTER, before + 2, size - 2);
        int r = n < 0 ? (int) n : io_write_file(CORE_FILTER, text);
        if (r < 0)
                loss_add(&l->losses, "CoredumpFilter=", strerrordesc_np(-r));
        return r >= 0;
}

/* On a stack of its own, so that the child cannot spoil the frames that the parent returns through. The
 * parent sleeps until the child has executed or gone; see clone(2), CLONE_VFORK. */
static pid_t make_child(struct launch *l) {
        char filter[16];
        bool has_filter = set_core_filter(l, filter, sizeof(filter));
        l->has_entered = l->cgroup_fd > 0 && !l->launcher->lacks_clone3;
        pid_t pid = fork_into(child_run, l, stack, STACK_SIZE, l->has_entered ? l->cgroup_fd : 0);
        int error = -pid;

        if (pid < 0 && l->has_entered && !io_is_shortage(error)) {
                l->has_entered = false;
                l->launcher->lacks_clone3 |=
                        error == ENOSYS || error == EPERM || error == EINVAL || error == E2BIG;
                pid = fork_into(child_run, l, stack, STACK_SIZE, 0);
        }
        if (pid > 0 &&
            l->change_user) /* the change has cleared it for the memory that both had, see PR_SET_DUMPABLE */
                (void) prctl(PR_SET_DUMPABLE, 1);
        int r = has_filter ? io_write_file(CORE_FILTER, filter) : 0;
        if (r < 0)
                log_warning(l->unit->name, "%s: putting back its own: %s", CORE_FILTER, strerror(-r));
        return pid;
}

/* What cannot be prepared (a user that does not exist, a missing environment file) fails in the child, as a
 * step like every other: with a code that says so and that Restart= and its kin can name. */
pid_t launch_run(struct launcher *launcher, struct launch *l, struct diags *d) {
        struct user user;

        launcher->arena.used = 0;
        l->launcher = launcher;
        l->groups = NULL;
        l->n_groups = 0;
        l->failed_step = -1;
        l->is_unlimited = is_unlimited(l);
        privilege_prepare(l);
        l->prepared[PREPARE_BUDGET] = l->objection ? -EOPNOTSUPP : 0;
        l->unprepared[PREPARE_BUDGET] = l->objection;
        l->prepared[PREPARE_USER] = find_user(l, &user);
        if (l->prepared[PREPARE_USER] == 0)
                l->prepared[PREPARE_GROUP] = find_groups(l, &user);
        l->passed = arena_take(&launcher->arena, l->n_fds * sizeof(*l->passed));
        l->prepared[PREPARE_DESCRIPTORS] = l->passed ? 0 : -E2BIG;
        l->prepared[PREPARE_ENVIRONMENT] = make_environment(l, &user, d);
        if (l->prepared[PREPARE_ENVIRONMENT] == 0)
                l->prepared[PREPARE_COMMAND] = make_words(l, d);
        choose_directory(l, &user);
        pid_t pid = make_child(l);
        free(TAKE(l->groups));
        return pid;
}

/* No errno says it. */
static void objection_text(const struct launch *l, char *buffer, size_t size) {
        (void) snprintf(
                buffer, size,
                "%s: %s: with BudgetPolicy=require it starts only where the kernel keeps all of it%s%s",
                child_step_doing(l->failed_step), l->objection, l->remedy ? "; what makes it work: " : "",
                l->remedy ? l->remedy : "");
}

const char *launch_text(const struct launch *l, char *buffer, size_t size) {
        const char *reason =
                l->error == ESRCH ? "it is not in /etc/passwd or /etc/group" : strerror(l->error);

        if (l->objection && l->error == EOPNOTSUPP) {
                objection_text(l, buffer, size);
                return buffer;
        }
        (void) snprintf(buffer, size, "%s: %s%s%s", child_step_doing(l->failed_step),
                        l->failed_at ? l->failed_at : "", l->failed_at ? ": " : "", reason);
        return buffer;
}
