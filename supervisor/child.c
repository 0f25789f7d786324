#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/io.h"
#include "init/tty.h"
#include "supervisor/budget.h"
#include "supervisor/child.h"
#include "supervisor/directory.h"
#include "supervisor/environment.h"
#include "supervisor/privilege.h"
#include "supervisor/terminal.h"

static int check_prepared(struct launch *l, enum prepared what) {
        l->failed_at = l->unprepared[what];
        return l->prepared[what];
}

static int keep_budget(struct launch *l) {
        return check_prepared(l, PREPARE_BUDGET);
}

/* What has cgroups of its own below it cannot hold a process itself: a command beside the main process is put
 * into one more, as systemd does it. */
static int enter_beside(const struct launch *l) {
        if (mkdirat(l->cgroup_fd, ".control", 0755) < 0 && errno != EEXIST)
                return -errno;
        autoclose int fd = openat(l->cgroup_fd, ".control/cgroup.procs", O_WRONLY | O_CLOEXEC);
        return fd < 0 ? -errno : io_write_all(fd, "0", 1);
}

/* Where it could not be made in it. */
static int enter_cgroup(struct launch *l) {
        if (l->cgroup_fd <= 0 || l->has_entered)
                return 0;
        autoclose int fd = openat(l->cgroup_fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
        int r = fd < 0 ? -errno : io_write_all(fd, "0", 1);
        return r == -EBUSY ? enter_beside(l) : r;
}

/* Delegate=: with the files that cgroups(7) names for it. */
static int hand_over_cgroup(struct launch *l) {
        static const char *const files[] = { ".", "cgroup.procs", "cgroup.threads",
                                             "cgroup.subtree_control" };

        if (!l->delegates || !l->has_owner || l->cgroup_fd <= 0)
                return 0;
        for (size_t i = 0; i < countof(files); i++)
                if (fchownat(l->cgroup_fd, files[i], l->uid, l->gid, 0) < 0 && errno != ENOENT)
                        return -errno;
        return 0;
}

static int find_user(struct launch *l) {
        return check_prepared(l, PREPARE_USER);
}

static int find_group(struct launch *l) {
        return check_prepared(l, PREPARE_GROUP);
}

static int read_environment(struct launch *l) {
        return check_prepared(l, PREPARE_ENVIRONMENT);
}

static int make_command(struct launch *l) {
        return check_prepared(l, PREPARE_COMMAND);
}

static int set_umask(struct launch *l) {
        if (l->unit->umask != UINT_MAX)
                (void) umask(l->unit->umask);
        return 0;
}

static int restore_defaults(struct launch *l) {
        init_restore_signals(l->launcher->init, false);
        if (l->unit->ignore_sigpipe)
                (void) sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL);
        return 0;
}

/* The foreground command stays in the session that has the terminal, in a group of its own. Everybody else
 * gets a session: it tells whose a process is, and keeps Ctrl-C away. */
static int enter_session(struct launch *l) {
        if (!l->unit->foreground)
                return setsid() < 0 ? -errno : 0;
        if (setpgid(0, 0) < 0)
                return -errno;
        return l->kind == EXEC_START ? tty_set_foreground(STDIN_FILENO, getpid()) : 0;
}

static const int open_flags[STDIO_KIND_COUNT] = {
        [STDIO_TTY] = O_RDWR,
        [STDIO_FILE] = O_WRONLY | O_CREAT,
        [STDIO_APPEND] = O_WRONLY | O_CREAT | O_APPEND,
        [STDIO_TRUNCATE] = O_WRONLY | O_CREAT | O_TRUNC,
};

/* O_NONBLOCK, so that neither a FIFO without a reader nor a terminal without a carrier holds PID 1 up; taken
 * off again for the service. */
static int open_into(struct launch *l, int target, const char *path, int flags) {
        autoclose int fd = open(path, flags | O_NOCTTY | O_CLOEXEC | O_NONBLOCK, 0666);

        l->failed_at = path;
        if (fd < 0 || fcntl(fd, F_SETFL, flags & O_APPEND) < 0 || dup2(fd, target) < 0)
                return -errno;
        if (fd == target) /* was closed before: dup2() has then left the flag as it is */
                (void) fcntl(TAKE_FD(fd), F_SETFD, 0);
        return 0;
}

static int open_terminal(struct launch *l, int target) {
        int r = open_into(l, target, terminal_path(l->unit), O_RDWR);
        if (r < 0)
                return r;
        /* Another session's terminal may be taken over by CAP_SYS_ADMIN alone, see tty_ioctl(4). */
        if (ioctl(target, TIOCSCTTY, 0) < 0 && ioctl(target, TIOCSCTTY, 1) < 0)
                return -errno;
        return 0;
}

static int open_null(struct launch *l, int target) {
        l->failed_at = "/dev/null";
        if (!l->launcher->has_null && target != STDIN_FILENO)
                return -ENOENT;
        return dup2(l->launcher->null_fd, target) < 0 ? -errno : 0;
}

/* What it reads is in memory: a pipe might not take it all at once. */
static int open_data(const struct launch *l, int target) {
        const struct setup *s = l->unit->setup;
        autoclose int fd = memfd_create("input", MFD_CLOEXEC);

        if (fd < 0)
                return -errno;
        int r = s ? io_write_all(fd, s->input_data, s->input_size) : 0;
        if (r < 0)
                return r;
        if (lseek(fd, 0, SEEK_SET) < 0 || dup2(fd, target) < 0)
                return -errno;
        if (fd == target)
                (void) fcntl(TAKE_FD(fd), F_SETFD, 0);
        return 0;
}

/* The one socket that the main process is handed; the other commands of the service have none. */
static int open_handed(struct launch *l, int target) {
        if (l->kind != EXEC_START)
                return target == STDIN_FILENO ? open_null(l, target) : 0;
        l->failed_at = l->n_sockets == 0 ? "there is no socket" : "there is more than one socket";
        if (l->n_sockets != 1)
                return -EINVAL;
        return dup2(l->fds[0], target) < 0 ? -errno : 0;
}

static int open_stream(struct launch *l, int target, const struct stdio *s) {
        switch (s->kind) {
        case STDIO_INHERIT:
                return 0;
        case STDIO_NULL:
                return open_null(l, target);
        case STDIO_TTY:
                return open_terminal(l, target);
        case STDIO_FILE:
        case STDIO_APPEND:
        case STDIO_TRUNCATE:
                return !s->path ? -EINVAL
                                : open_into(l, target, s->path,
                                            target == STDIN_FILENO ? O_RDONLY : open_flags[s->kind]);
        case STDIO_DATA:
                return open_data(l, target);
        case STDIO_SOCKET:
                return open_handed(l, target);
        case STDIO_KIND_COUNT:
                break;
        }
        return -EINVAL;
}

/* The terminal, and what is read from a file, is for the main process alone. */
static int open_stdin(struct launch *l) {
        if (l->kind != EXEC_START)
                return open_null(l, STDIN_FILENO);
        return open_stream(l, STDIN_FILENO, &l->unit->input);
}

static int open_report(const struct launch *l, int target) {
        return dup2(l->report, target) < 0 ? -errno : 0;
}

/* What reads from a socket writes to it too, unless that has been sent elsewhere. */
static int open_stdout(struct launch *l) {
        if (l->report > 0)
                return open_report(l, STDOUT_FILENO);
        if (l->unit->input.kind == STDIO_SOCKET && l->unit->output.kind == STDIO_INHERIT &&
            l->kind == EXEC_START)
                return dup2(STDIN_FILENO, STDOUT_FILENO) < 0 ? -errno : 0;
        return open_stream(l, STDOUT_FILENO, &l->unit->output);
}

/* Inherited from standard output where that has been sent somewhere, as in systemd.exec(5); else tend's own.
 * One file for both is opened once, so that they do not write over each other. */
static int open_stderr(struct launch *l) {
        const struct stdio *out = &l->unit->output, *err = &l->unit->error;
        bool same_file = err->path && out->path && strcmp(err->path, out->path) == 0;

        bool is_inherited =
                out->kind != STDIO_INHERIT || (l->unit->input.kind == STDIO_SOCKET && l->kind == EXEC_START);

        if (l->report > 0)
                return open_report(l, STDERR_FILENO);
        if (same_file || (err->kind == STDIO_INHERIT && is_inherited))
                return dup2(STDOUT_FILENO, STDERR_FILENO) < 0 ? -errno : 0;
        return open_stream(l, STDERR_FILENO, err);
}

/* The one that ReadyWhen= names, out of the way of the others. */
static int set_ready_aside(struct launch *l, int *ret) {
        if (l->ready <= 0)
                return 0;
        if (l->ready_at <= STDERR_FILENO + (int) l->n_fds) {
                l->failed_at = "what ReadyWhen= names is one of LISTEN_FDS";
                return -EBUSY;
        }
        *ret = fcntl(l->ready, F_DUPFD_CLOEXEC, MAX(l->ready_at, STDERR_FILENO + 1 + (int) l->n_fds));
        return *ret < 0 ? -errno : 0;
}

static int pass_ready(const struct launch *l, int ready) {
        if (ready == l->ready_at)
                return fcntl(ready, F_SETFD, 0) < 0 ? -errno : 0;
        return ready > 0 && dup2(ready, l->ready_at) < 0 ? -errno : 0;
}

/* sd_listen_fds(3). First all of them out of the way of where they are to be, then each to its place, which
 * takes close-on-exec off. */
static int pass_descriptors(struct launch *l) {
        int first = STDERR_FILENO + 1, ready = -1;

        if (l->prepared[PREPARE_DESCRIPTORS] < 0)
                return l->prepared[PREPARE_DESCRIPTORS];
        int r = set_ready_aside(l, &ready);
        if (r < 0)
                return r;
        for (unsigned i = 0; i < l->n_fds; i++) {
                l->passed[i] = fcntl(l->fds[i], F_DUPFD_CLOEXEC, first + (int) l->n_fds);
                if (l->passed[i] < 0)
                        return -errno;
        }
        for (unsigned i = 0; i < l->n_fds; i++)
                if (dup2(l->passed[i], first + (int) i) < 0)
                        return -errno;
        bool blocks = !l->unit->setup || !l->unit->setup->non_blocking;
        for (unsigned i = 0; i < l->n_sockets; i++) {
                int flags = fcntl(first + (int) i, F_GETFL);
                if (flags < 0 ||
                    fcntl(first + (int) i, F_SETFL, blocks ? flags & ~O_NONBLOCK : flags | O_NONBLOCK) < 0)
                        return -errno;
        }
        r = pass_ready(l, ready);
        if (r < 0)
                return r;
        for (char *const *at = l->own_pid; at && *at; at++)
                (void) snprintf(*at, LAUNCH_PID_ROOM, "%d", getpid());
        return 0;
}

/* In a container without CAP_SYS_RESOURCE these may be refused; the service runs all the same, and the parent
 * says so. */
static int degrade(struct launch *l, const char *setting) {
        loss_add(&l->losses, setting, NULL);
        return 0;
}

/* MemoryPressureWatch=: with the one file that it is to write to. */
static int hand_over_pressure(struct launch *l) {
        if (l->cgroup_fd <= 0 || !l->has_owner || !environment_get(l->environment, "MEMORY_PRESSURE_WRITE"))
                return 0;
        return fchownat(l->cgroup_fd, "memory.pressure", l->uid, l->gid, 0) < 0
                       ? degrade(l, "MemoryPressureWatch=")
                       : 0;
}

static int adjust_oom_score(struct launch *l) {
        char text[16];

        bool is_own = l->unit->oom_score_adjust == INT_MIN;
        if (is_own && !l->launcher->has_oom_score)
                return 0;
        (void) snprintf(text, sizeof(text), "%d",
                        is_own ? l->launcher->oom_score : l->unit->oom_score_adjust);
        int r = io_write_file("/proc/self/oom_score_adj", text);
        return r < 0 ? degrade(l, "OOMScoreAdjust=") : 0;
}

/* What of its budget no cgroup keeps, and can be kept otherwise. */
static const struct budget *unkept(const struct launch *l, enum controller c) {
        return l->unkept & 1U << c ? l->unit->budget : NULL;
}

static int set_nice(struct launch *l) {
        const struct budget *b = unkept(l, CONTROLLER_CPU);

        if (l->unit->nice == INT_MIN && b && b->cpu_weight > 0)
                return setpriority(PRIO_PROCESS, 0, budget_nice(b->cpu_weight)) < 0 ? degrade(l, "CPUWeight=")
                                                                                    : 0;
        if (l->unit->nice == INT_MIN || setpriority(PRIO_PROCESS, 0, l->unit->nice) == 0)
                return 0;
        return errno == EPERM || errno == EACCES ? degrade(l, "Nice=") : -errno;
}

static int set_personality(struct launch *l) {
        const struct setup *s = l->unit->setup;

        if (!s || s->personality < 0 || personality((unsigned long) s->personality) >= 0)
                return 0;
        return -errno;
}

/* fifo and rr have a priority, and need one; the others have none. */
static int set_scheduling(struct launch *l) {
        const struct setup *s = l->unit->setup;

        if (!s || (s->scheduling_policy < 0 && s->scheduling_priority < 0 && !s->reset_on_fork))
                return 0;
        int policy = MAX(s->scheduling_policy, SCHED_OTHER);
        bool is_real_time = policy == SCHED_FIFO || policy == SCHED_RR;
        struct sched_param p = {};
        if (is_real_time)
                p.sched_priority = MAX(s->scheduling_priority, 1);
        if (s->reset_on_fork)
                policy |= SCHED_RESET_ON_FORK;
        if (syscall(SYS_sched_setscheduler, 0, policy, &p) == 0)
                return 0;
        return errno == EPERM ? degrade(l, "CPUSchedulingPolicy=") : -errno;
}

/* None of those processors may be the container's. */
static int set_affinity(struct launch *l) {
        const struct setup *s = l->unit->setup;
        const struct budget *b = unkept(l, CONTROLLER_CPUSET);
        const cpu_set_t *own = s ? s->affinity : NULL, *set = own ?: b ? b->cpus : NULL;

        if (!set || sched_setaffinity(0, sizeof(*set), set) == 0)
                return 0;
        if (errno != EPERM && errno != EINVAL)
                return -errno;
        loss_add(&l->losses, own ? "CPUAffinity=" : "AllowedCPUs=",
                 errno == EINVAL ? "the container has none of these processors" : NULL);
        return 0;
}

#define NUMA_ALLOWED 4 /* MPOL_F_MEMS_ALLOWED of get_mempolicy(2) */

/* The raw calls, as the C library has none. */
static int set_numa_policy(struct launch *l) {
        const struct setup *s = l->unit->setup;
        cpu_set_t mask = {};

        if (!s || s->numa_policy < 0)
                return 0;
        if (s->numa_mask)
                mask = *s->numa_mask;
        if (CPU_COUNT(&mask) == CPU_SETSIZE)
                (void) syscall(SYS_get_mempolicy, NULL, &mask, CPU_SETSIZE, NULL, NUMA_ALLOWED);
        bool is_empty = CPU_COUNT(&mask) == 0;
        if (syscall(SYS_set_mempolicy, s->numa_policy, is_empty ? NULL : &mask,
                    is_empty ? 0UL : (unsigned long) CPU_SETSIZE + 1) == 0)
                return 0;
        l->failed_at = is_empty ? "there is no NUMAMask=" : "NUMAMask=";
        if (errno != EPERM && errno != ENOSYS)
                return -errno;
        loss_add(&l->losses, "NUMAPolicy=", errno == ENOSYS ? "the kernel knows of no nodes" : NULL);
        return 0;
}

static int set_timer_slack(struct launch *l) {
        const struct setup *s = l->unit->setup;

        if (!s || s->timer_slack == UINT64_MAX)
                return 0;
        return prctl(PR_SET_TIMERSLACK, (unsigned long) s->timer_slack, 0, 0, 0) < 0 ? -errno : 0;
}

#define IO_CLASS_SHIFT 13 /* see ioprio_set(2) */
#define IO_WHO_PROCESS 1
#define IO_CLASS_BEST  2
#define IO_USUAL       4

static int set_io_priority(struct launch *l) {
        const struct setup *s = l->unit->setup;

        if (!s || (s->io_class < 0 && s->io_priority < 0))
                return 0;
        int class = s->io_class < 0 ? IO_CLASS_BEST : s->io_class;
        int priority = class == 0 ? 0 : s->io_priority < 0 ? IO_USUAL : s->io_priority;
        if (syscall(SYS_ioprio_set, IO_WHO_PROCESS, 0, class << IO_CLASS_SHIFT | priority) == 0)
                return 0;
        return errno == EPERM ? degrade(l, "IOSchedulingClass=") : -errno;
}

/* A hard limit that may not be raised is left where it is, and the soft one goes as near as it can. */
static int set_limits(struct launch *l) {
        for (size_t i = 0; i < l->unit->n_limits && !l->is_unlimited; i++) {
                const struct limit *limit = &l->unit->limits[i];
                struct rlimit want = { .rlim_cur = limit->soft, .rlim_max = limit->hard }, have;

                if (setrlimit((__rlimit_resource_t) limit->resource, &want) == 0)
                        continue;
                if (errno != EPERM || getrlimit((__rlimit_resource_t) limit->resource, &have) < 0)
                        return -errno;
                want.rlim_max = MIN(want.rlim_max, have.rlim_max);
                want.rlim_cur = MIN(want.rlim_cur, want.rlim_max);
                if (setrlimit((__rlimit_resource_t) limit->resource, &want) < 0)
                        return -errno;
                loss_add_limit(&l->losses, (unsigned) limit->resource);
        }
        return 0;
}

static int make_runtime(struct launch *l) {
        return directory_make(l, DIRECTORY_RUNTIME);
}

static int make_state(struct launch *l) {
        return directory_make(l, DIRECTORY_STATE);
}

static int make_cache(struct launch *l) {
        return directory_make(l, DIRECTORY_CACHE);
}

static int make_logs(struct launch *l) {
        return directory_make(l, DIRECTORY_LOGS);
}

static int make_configuration(struct launch *l) {
        return directory_make(l, DIRECTORY_CONFIGURATION);
}

/* The raw calls: the C library's would look for other threads of PID 1 to change them too. */
static int change_groups(struct launch *l) {
        if (!l->change_user)
                return 0;
        l->failed_at = l->unit->group ? l->unit->group : l->unit->user;
        if (syscall(SYS_setgroups, l->n_groups, l->groups) < 0 ||
            syscall(SYS_setresgid, l->gid, l->gid, l->gid) < 0)
                return -errno;
        return 0;
}

static int change_user(struct launch *l) {
        if (!l->change_user)
                return 0;
        l->failed_at = l->unit->user;
        int r = privilege_keep(l);
        if (r < 0)
                return r;
        return syscall(SYS_setresuid, l->uid, l->uid, l->uid) < 0 ? -errno : 0;
}

static int change_directory(struct launch *l) {
        l->failed_at = l->directory;
        if (!l->directory || chdir(l->directory) == 0 || l->unit->working_directory_optional)
                return 0;
        return -errno;
}

/* Along PATH as execvp(3) does it, but along the service's own; EACCES only where nothing better
 * was found. */
static int execute_along_path(struct launch *l, const char *name) {
        char file[PATH_MAX];
        int error = ENOENT;

        for (const char *at = l->path; at; at = strchr(at, ':') ? strchr(at, ':') + 1 : NULL) {
                int length = (int) strcspn(at, ":");
                int n = snprintf(file, sizeof(file), "%.*s/%s", length, at, name);
                if (length == 0 || n < 0 || (size_t) n >= sizeof(file))
                        continue;
                (void) execve(file, l->argv, l->environment);
                if (errno == EACCES)
                        error = EACCES;
                else if (errno != ENOENT && errno != ENOTDIR)
                        return -errno;
        }
        return -error;
}

static int execute(struct launch *l) {
        const char *program = l->command->path;

        l->failed_at = program;
        if (!strchr(program, '/'))
                return execute_along_path(l, program);
        (void) execve(program, l->argv, l->environment);
        return -errno;
}

/* In the order they happen; each later step may need what an earlier one still allows. Signals stay blocked
 * to the last: one that stopped the child before it executes would stop PID 1 with it. */
static const struct step {
        const char *doing; /* for "web.service: <doing>: /srv: No such file or directory" */
        int exit_code;     /* as in systemd.exec(5), "Process exit codes", so that tools can read it */
        int (*run)(struct launch *l);
} steps[] = {
        { "keeping its budget", 219, keep_budget },
        { "entering its cgroup", 219, enter_cgroup },
        { "finding its user", 217, find_user },
        { "finding its group", 216, find_group },
        { "handing over its cgroup", 219, hand_over_cgroup },
        { "reading its environment", 78, read_environment },
        { "making its command line", 203, make_command },
        { "handing over its memory.pressure", 219, hand_over_pressure },
        { "making its runtime directory", 233, make_runtime },
        { "making its state directory", 238, make_state },
        { "making its cache directory", 239, make_cache },
        { "making its logs directory", 240, make_logs },
        { "making its configuration directory", 241, make_configuration },
        { "setting its umask", 203, set_umask },
        { "preparing its terminal", 208, terminal_prepare },
        { "making its session", 220, enter_session },
        { "opening its standard input", 208, open_stdin },
        { "opening its standard output", 209, open_stdout },
        { "opening its standard error", 222, open_stderr },
        { "passing on its descriptors", 202, pass_descriptors },
        { "adjusting its OOM score", 206, adjust_oom_score },
        { "setting its niceness", 201, set_nice },
        { "setting its scheduling policy", 214, set_scheduling },
        { "setting its processors", 215, set_affinity },
        { "setting its NUMA policy", 242, set_numa_policy },
        { "setting its I/O priority", 211, set_io_priority },
        { "setting its timer slack", 212, set_timer_slack },
        { "setting its personality", 230, set_personality },
        { "setting its limits", 205, set_limits },
        { "limiting its capabilities", 218, privilege_limit },
        { "changing its groups", 216, change_groups },
        { "changing its user", 217, change_user },
        { "raising its ambient capabilities", 218, privilege_raise },
        { "changing directory", 200, change_directory },
        { "setting its secure bits", 213, privilege_set_secure_bits },
        { "forbidding new privileges", 227, privilege_forbid_new },
        { "restoring its signals", 207, restore_defaults },
        { "executing its command", 203, execute },
};

/* For the command behind `--` a shell's codes are what is expected: 127 not found, 126 not executable. */
static int exit_code_of(const struct step *s, const struct launch *l, int error) {
        if (!l->unit->foreground || s->run != execute)
                return s->exit_code;
        return error == ENOENT ? 127 : 126;
}

int child_run(void *launch) {
        struct launch *l = launch;

        for (size_t i = 0; i < countof(steps); i++) {
                l->failed_at = NULL;
                int r = steps[i].run(l);
                if (r < 0) {
                        l->failed_step = (int) i;
                        l->error = -r;
                        _exit(exit_code_of(&steps[i], l, -r));
                }
        }
        _exit(EXIT_FAILURE); /* never reached: the last step does not return 0 */
}

const char *child_step_doing(int step) {
        return steps[step].doing;
}
