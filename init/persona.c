#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/io.h"
#include "base/log.h"
#include "init/persona.h"

static const char *const tend_names[] = { "tend", NULL };
static const char *const tini_names[] = { "tini", "tini-static", "docker-init", NULL };
static const char *const dumb_init_names[] = { "dumb-init", NULL };
static const char *const catatonit_names[] = { "catatonit", NULL };

#define SAYS(note, level, words) [NOTE_##note] = { SAY_##level, words }

/* clang-format off */
const struct persona persona_tend = {
        .names = tend_names,
        .not_found = 127, .not_executable = 126, .not_run = 126,
        .drops_fds = true, .passes_sockets = true,
        .words = {
                SAYS(SUBREAPER,    DEBUG,   "became a subreaper"),
                SAYS(NO_REAPER,    WARNING, "neither PID 1 nor a subreaper: orphans are not ours to reap"),
                SAYS(FAILED,       ERROR,   "{text}: {error}"),
                SAYS(EXEC_FAILED,  ERROR,   "{text}: {error}"),
                SAYS(SPAWNED,      DEBUG,   "{text}[{pid}]: started"),
                SAYS(FORWARDED,    DEBUG,   "{text}: forwarded"),
                SAYS(REWRITTEN,    DEBUG,   "signal {number}: sent as signal {pid}"),
                SAYS(DROPPED,      DEBUG,   "signal {number}: dropped"),
                SAYS(NOBODY,       DEBUG,   "{text}: nobody is left to send it to"),
                SAYS(EXITED,       DEBUG,   "process {pid}: exited with code {number}"),
                SAYS(KILLED,       DEBUG,   "process {pid}: ended by signal {number}"),
                SAYS(LEFT_BEHIND,  WARNING, "{text}[{pid}]: left behind by the command, had to be killed"),
                SAYS(ENDED,        DEBUG,   "the command has ended: exiting with code {number}"),
        },
};

const struct persona persona_tini = {
        .names = tini_names,
        .prefix = {
                [SAY_ERROR]   = "[FATAL tini ({self})] ",
                [SAY_WARNING] = "[WARN  tini ({self})] ",
                [SAY_INFO]    = "[INFO  tini ({self})] ",
                [SAY_DEBUG]   = "[DEBUG tini ({self})] ",
                [SAY_TRACE]   = "[TRACE tini ({self})] ",
        },
        .to_stdout = SAY_INFO,
        .not_found = 127, .not_executable = 126, .not_run = 1,
        .words = {
                SAYS(SUBREAPER,    TRACE,   "Became a child subreaper"),
                SAYS(NO_REAPER,    WARNING, "Tini is not running as PID 1 and isn't registered as a child "
                                            "subreaper: orphans go elsewhere, and zombie reaping won't work. "
                                            "Use -s, set TINI_SUBREAPER, or make it PID 1."),
                SAYS(FAILED,       ERROR,   "{text}: {error}"),
                SAYS(EXEC_FAILED,  ERROR,   "exec {text} failed: {error}"),
                SAYS(SPAWNED,      INFO,    "Spawned child process '{text}' with pid '{pid}'"),
                SAYS(CHILD_SIGNAL, DEBUG,   "Received SIGCHLD"),
                SAYS(FORWARDED,    DEBUG,   "Passing signal: '{text}'"),
                SAYS(NOBODY,       WARNING, "Signal '{text}' came when the child was gone"),
                SAYS(EXITED,       DEBUG,   "Child {pid} exited with status {number}"),
                SAYS(KILLED,       DEBUG,   "Child {pid} was ended by signal {number}"),
                SAYS(REAPED_ORPHAN,WARNING, "Reaped zombie process with pid={pid}"),
                SAYS(ENDED,        INFO,    "Main child ended: exiting with status {number}"),
        },
};

const struct persona persona_dumb_init = {
        .names = dumb_init_names,
        .prefix = {
                [SAY_ERROR] = "[dumb-init] ",
                [SAY_DEBUG] = "[dumb-init] ",
        },
        .not_found = 2, .not_executable = 2, .not_run = 2,
        .fresh_signals = true, .leaves_cwd = true, .sends_faults = true, .suspends = true,
        .ends_group = true,
        .words = {
                SAYS(FAILED,       ERROR,   "{text}: {error}"),
                SAYS(EXEC_FAILED,  ERROR,   "{text}: {error}"),
                SAYS(SPAWNED,      DEBUG,   "Child spawned with PID {pid}."),
                SAYS(GAVE_UP_TTY,  DEBUG,   "Gave the controlling tty up."),
                SAYS(KEPT_TTY,     DEBUG,   "No controlling tty to hand over (errno={number} {error})."),
                SAYS(TOOK_TTY,     DEBUG,   "setsid complete."),
                SAYS(IGNORED_TTY,  DEBUG,   "Ignoring tty hand-off signal {number}."),
                SAYS(RECEIVED,     DEBUG,   "Received signal {number}."),
                SAYS(CHILD_SIGNAL, DEBUG,   "Received signal {number}."),
                SAYS(REWRITTEN,    DEBUG,   "Translating signal {number} to {pid}."),
                SAYS(FORWARDED,    DEBUG,   "Forwarded signal {number} to children."),
                SAYS(NOBODY,       DEBUG,   "Forwarded signal {number} to children."),
                SAYS(DROPPED,      DEBUG,   "Signal {number} is ignored: not forwarded."),
                SAYS(SUSPENDING,   DEBUG,   "Suspending self due to TTY signal."),
                SAYS(EXITED,       DEBUG,   "A child with PID {pid} exited with exit status {number}."),
                SAYS(KILLED,       DEBUG,   "A child with PID {pid} was terminated by signal {number}."),
                SAYS(ENDED,        DEBUG,   "Child exited with status {number}. Goodbye."),
        },
};

const struct persona persona_catatonit = {
        .names = catatonit_names,
        .prefix = {
                [SAY_ERROR]   = "ERROR (catatonit:{self}): ",
                [SAY_WARNING] = "WARN (catatonit:{self}): ",
                [SAY_DEBUG]   = "DEBUG (catatonit:{self}): ",
        },
        .not_found = 1, .not_executable = 1, .not_run = 1,
        .drops_fds = true, .passes_sockets = true,
        .words = {
                SAYS(FAILED,       ERROR,   "{text}: {error}"),
                SAYS(EXEC_FAILED,  ERROR,   "failed to exec pid1: {text}: {error}"),
                SAYS(SPAWNED,      DEBUG,   "pid1 ({pid}) spawned: {text}"),
                SAYS(DROPPED,      DEBUG,   "signal {number} not passed on"),
                SAYS(NOBODY,       WARNING, "signal {number} not passed on: pid1 is gone"),
                SAYS(EXITED,       DEBUG,   "process {pid} exited with code {number}"),
                SAYS(KILLED,       DEBUG,   "process {pid} was ended by signal {number}"),
        },
};
/* clang-format on */

struct buffer {
        char text[1024];
        size_t length;
};

/* What does not fit is left away; the last byte is kept for the end of line. */
static void put(struct buffer *b, const char *text, size_t n) {
        n = MIN(n, sizeof(b->text) - 1 - b->length);
        memcpy(b->text + b->length, text, n);
        b->length += n;
}

static void put_number(struct buffer *b, int number) {
        char digits[16];
        int n = snprintf(digits, sizeof(digits), "%d", number);
        put(b, digits, (size_t) n);
}

static void put_argument(struct buffer *b, const char *name, const struct note_arguments *a) {
        const char *text = *name == 't' ? a->text : *name == 'e' ? strerror(a->number) : NULL;

        if (text)
                put(b, text, strlen(text));
        else if (*name != 't')
                put_number(b, *name == 'p' ? a->pid : *name == 's' ? getpid() : a->number);
}

static void put_template(struct buffer *b, const char *at, const struct note_arguments *a) {
        while (*at) {
                size_t plain = strcspn(at, "{");
                put(b, at, plain);
                at += plain;
                if (!*at)
                        break;
                put_argument(b, at + 1, a);
                at += strcspn(at, "}") + 1;
        }
}

static void say_in_log(int level, const char *text) {
        static const enum log_level levels[SAY_COUNT] = {
                LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG, LOG_LEVEL_DEBUG,
        };
        /* Only now, and once: most commands never need it. */
        log_open(LOG_LEVEL_DEBUG);
        log_line(levels[level], NULL, "%s", text);
}

void persona_say(const struct persona *p, int verbosity, enum note note, struct note_arguments a) {
        const struct words *w = &p->words[note];
        struct buffer b = { .length = 0 };

        if (!w->text || w->level > verbosity)
                return;
        if (p->prefix[w->level])
                put_template(&b, p->prefix[w->level], &a);
        put_template(&b, w->text, &a);

        if (!p->prefix[w->level]) {
                b.text[b.length] = '\0';
                say_in_log(w->level, b.text);
                return;
        }
        b.text[b.length++] = '\n';

        int fd = p->to_stdout > 0 && w->level >= p->to_stdout ? STDOUT_FILENO : STDERR_FILENO;
        struct pollfd room = { .fd = fd, .events = POLLOUT };
        if (poll(&room, 1, 0) > 0)
                (void) !io_write_all(fd, b.text, b.length);
}
