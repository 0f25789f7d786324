#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/io.h"
#include "base/log.h"
#include "base/parse.h"
#include "supervisor/mainpid.h"
#include "supervisor/manager.h"
#include "supervisor/roundup.h"
#include "supervisor/vigil.h"

#define PAUSE_FIRST (5 * USEC_PER_MSEC)
#define PAUSE_MOST  (250 * USEC_PER_MSEC)
/* A daemon that forks twice: so soon it is the process in between that has ended. */
#define SETTLE_SPAN USEC_PER_SEC

static bool is_our_child(pid_t pid) {
        siginfo_t info;
        return waitid(P_PID, (id_t) pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

static bool is_our_living_child(pid_t pid) {
        siginfo_t info = {};
        return waitid(P_PID, (id_t) pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
}

/* A main process that is not our child ends without a SIGCHLD for us; and how it ended only its parent is
 * told. If it has been handed to us meanwhile, the SIGCHLD has the better news. */
static int on_main_gone(sd_event_source *source, int fd maybe_unused, uint32_t events maybe_unused,
                        void *context) {
        struct service *s = context;
        pid_t pid = s->vigil->watched;

        (void) sd_event_source_set_enabled(source, SD_EVENT_OFF);
        s->vigil->watched = 0;
        if (pid == s->main && !is_our_child(pid))
                service_process_ended(s, pid, (struct ending){ .code = CLD_EXITED });
        return 0;
}

static int watch(struct service *s, pid_t pid) {
        if (is_our_child(pid))
                return 0;
        struct vigil *v = vigil_of(s);
        if (!v)
                return -ENOMEM;
        int fd = pidfd_open(pid, 0);
        if (fd < 0)
                return -errno;
        sd_event_source *made = NULL;
        int r = sd_event_add_io(s->manager->event, &made, fd, EPOLLIN, on_main_gone, s);
        if (r < 0) {
                (void) close(fd);
                return r;
        }
        r = sd_event_source_set_io_fd_own(made, true);
        if (r < 0) {
                sd_event_source_unref(made);
                (void) close(fd);
                return r;
        }
        sd_event_source_unref(v->main);
        v->main = made;
        v->watched = pid;
        return 0;
}

void mainpid_follow_session(struct service *s) {
        pid_t session = getsid(s->main);

        if (session > 0 && session != getsid(0))
                s->session = session;
}

int mainpid_adopt(struct service *s, pid_t pid) {
        struct pids *pids = &s->manager->pids;

        int r = watch(s, pid);
        if (r < 0) {
                log_warning(s->unit->name, "cannot watch its new main process %d: %s", pid, strerror(-r));
                return r;
        }
        if (s->main != 0)
                pids_remove(pids, s->main);
        pids_add(pids, pid, s);
        s->main = pid;
        s->manager->looks_at_dead |= getsid(pid) == s->session; /* it may make one of its own yet */
        mainpid_follow_session(s);
        s->main_ending = (struct ending){};
        log_info(s->unit->name, "its main process is now pid %d", pid);
        return 0;
}

/* Where the process that says so has ended meanwhile, the new one has been handed to us: its marks are left.
 */
bool mainpid_is_suitable(struct service *s, pid_t pid) {
        const struct service *owner = pid > 1 ? census_owner(s->manager, pid) : NULL;

        if (pid <= 1 || pid == getpid() || pid == s->control)
                return false;
        return owner ? owner == s : census_is_marked(s, pid);
}

/* The process that the file names, or 0, and whose file it is. */
static pid_t read_file(const char *path, uid_t *ret_writer) {
        char text[32];
        struct stat st;
        int pid;

        autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
                return 0;
        ssize_t n = read(fd, text, sizeof(text) - 1);
        if (n <= 0)
                return 0;
        text[n] = '\0';
        char *word = text + strspn(text, " \t");
        word[strspn(word, "0123456789")] = '\0';
        if (parse_int(word, 2, INT32_MAX, &pid) < 0)
                return 0;
        *ret_writer = st.st_uid;
        return pid;
}

/* Whether a file of that user may be believed about the process: root's and ours, and that of the process's
 * own user, who may signal it anyway. */
static bool may_name(uid_t writer, pid_t pid) {
        static const char field[] = "\nUid:\t";
        char path[32], status[4096];

        if (writer == 0 || writer == geteuid())
                return true;
        (void) snprintf(path, sizeof(path), "/proc/%d/status", pid);
        if (io_read_small(AT_FDCWD, path, status, sizeof(status)) < 0)
                return false;
        const char *at = strstr(status, field);
        return at && strtoul(at + strlen(field), NULL, 10) == writer;
}

/* A daemon may have lost its marks, as nginx overwrites its environment and PostgreSQL is started with a new
 * one: where nobody else owns it and it has been handed to us, a file that can be believed decides. */
static pid_t main_by_file(struct service *s) {
        uid_t writer = 0;
        pid_t pid = read_file(unit_readiness(s->unit)->pid_file, &writer);

        if (pid == 0 || pid == s->main)
                return 0;
        if (mainpid_is_suitable(s, pid))
                return pid;
        if (pid != s->control && !census_owner(s->manager, pid) && is_our_living_child(pid) &&
            may_name(writer, pid))
                return pid;
        return 0;
}

/* Still the main one that was known, where there is no other. */
static bool adopt_by_file(struct service *s) {
        pid_t pid = main_by_file(s);
        return pid != 0 && mainpid_adopt(s, pid) == 0;
}

static bool adopt_by_guess(struct service *s) {
        pid_t pid = unit_readiness(s->unit)->guess_main_pid ? roundup_only_orphan(s) : 0;
        return pid != 0 && mainpid_adopt(s, pid) == 0;
}

void mainpid_find(struct service *s) {
        if (s->main != 0)
                return;
        if (unit_readiness(s->unit)->pid_file)
                (void) adopt_by_file(s);
        else if (!adopt_by_guess(s))
                log_debug(s->unit->name, "its main process is not to be made out");
}

static int set_search(struct service *s, struct vigil *v) {
        int r = sd_event_source_set_time(v->search, usec_add(manager_now(s->manager), v->pause));

        v->pause = MIN(2 * v->pause, PAUSE_MOST);
        return r < 0 ? r : sd_event_source_set_enabled(v->search, SD_EVENT_ONESHOT);
}

static int on_search(sd_event_source *source maybe_unused, uint64_t at maybe_unused, void *context) {
        struct service *s = context;

        if (s->state != STATE_START || s->unit->type != SERVICE_FORKING || s->control != 0)
                return 0;
        bool nobody = s->main == 0 && roundup_left_nobody(s);
        if (s->main != 0 || adopt_by_file(s))
                service_dispatch(s, EVENT_UP);
        else if (nobody)
                service_dispatch(s, EVENT_EMPTY);
        else if (set_search(s, s->vigil) < 0)
                service_dispatch(s, EVENT_SPAWN_FAILED);
        return 0;
}

void mainpid_search(struct service *s) {
        struct vigil *v = vigil_of(s);
        int r = v ? 0 : -ENOMEM;

        if (r == 0 && !v->search)
                r = sd_event_add_time(s->manager->event, &v->search, CLOCK_MONOTONIC, 0, USEC_PER_MSEC,
                                      on_search, s);
        if (r >= 0) {
                v->pause = PAUSE_FIRST;
                r = set_search(s, v);
        }
        if (r < 0) {
                log_error(s->unit->name, "waiting for its PIDFile=: %s", strerror(-r));
                s->posted = EVENT_SPAWN_FAILED;
        } else
                log_debug(s->unit->name, "waiting for %s", unit_readiness(s->unit)->pid_file);
}

bool mainpid_find_successor(struct service *s, struct ending e) {
        bool just_up = usec_sub(manager_now(s->manager), s->since) < SETTLE_SPAN;

        if (!STATE_IN(s->state, STATES_UP | STATE_BIT(STATE_START_POST)))
                return false;
        if (unit_readiness(s->unit)->pid_file)
                return adopt_by_file(s);
        return s->unit->type == SERVICE_FORKING && just_up && e.code == CLD_EXITED && e.status == 0 &&
               adopt_by_guess(s);
}

void mainpid_forget(const struct service *s) {
        const char *path = unit_readiness(s->unit)->pid_file;

        if (path && unlink(path) < 0 && errno != ENOENT)
                log_debug(s->unit->name, "removing %s: %s", path, strerror(errno));
}
