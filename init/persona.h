/* Whose promises `tend -- CMD` keeps: tend's own, or those of the program by whose name it was called.
 * Differences are fields, words are rows. */
#pragma once

#include <sys/types.h>

#include "base/def.h"

/* What there is to say, with its arguments: pid, number, text. */
enum note {
        NOTE_SUBREAPER,   /* became one */
        NOTE_NO_REAPER,   /* neither PID 1 nor subreaper */
        NOTE_FAILED,      /* text: the deed, number: the errno */
        NOTE_EXEC_FAILED, /* text: the command, number: the errno */
        NOTE_SPAWNED,     /* pid, text: the command */
        NOTE_GAVE_UP_TTY,
        NOTE_KEPT_TTY, /* number: the errno */
        NOTE_TOOK_TTY,
        NOTE_IGNORED_TTY,   /* number: the signal that giving up the terminal has sent us */
        NOTE_RECEIVED,      /* number: the signal, text: its name */
        NOTE_CHILD_SIGNAL,  /* the same for SIGCHLD */
        NOTE_REWRITTEN,     /* number: the signal, pid: what it becomes */
        NOTE_FORWARDED,     /* number: the signal, text: its name */
        NOTE_DROPPED,       /* number: the signal */
        NOTE_NOBODY,        /* the command had ended when a signal came */
        NOTE_SUSPENDING,    /* stops itself too */
        NOTE_EXITED,        /* pid, number: the exit code; any child */
        NOTE_KILLED,        /* pid, number: the signal; any child */
        NOTE_REAPED_ORPHAN, /* pid */
        NOTE_LEFT_BEHIND,   /* pid, text: its name; it had to be killed */
        NOTE_ENDED,         /* number: the exit code of tend */
        NOTE_COUNT
};

/* Errors are always said. */
enum { SAY_ERROR = 0, SAY_WARNING = 1, SAY_INFO = 2, SAY_DEBUG = 3, SAY_TRACE = 4, SAY_COUNT };

struct words {
        int level;
        const char *text; /* {pid} {number} {text} {error} stand for the arguments; NULL: nothing is said */
};

struct persona {
        const char *const *names; /* of the program; NULL-terminated; the first is what it calls itself */
        const char *prefix[SAY_COUNT]; /* {self} is our PID; NULL: as a line of tend's own log */
        int to_stdout;                 /* words of this level and above go to stdout; 0: none do */
        struct words words[NOTE_COUNT];

        int not_found, not_executable, not_run; /* exit codes of a failed exec: ENOENT, EACCES, all else */
        bool fresh_signals;  /* the command begins with default dispositions and an empty mask, not with what
                                was found */
        bool leaves_cwd;     /* goes to / itself */
        bool sends_faults;   /* SIGSEGV and its like are forwarded too */
        bool suspends;       /* at TSTP, TTIN and TTOU it stops itself too */
        bool ends_group;     /* when the command has ended its group gets SIGTERM */
        bool drops_fds;      /* closes what it was given above 2, so that only the command holds it */
        bool passes_sockets; /* LISTEN_PID, where it names us, names the command */
};

extern const struct persona persona_tend, persona_tini, persona_dumb_init, persona_catatonit;

struct note_arguments {
        pid_t pid;
        int number;
        const char *text;
};

/* Says it if `verbosity` wants it; in one write, and never waiting for room. */
void persona_say(const struct persona *p, int verbosity, enum note note, struct note_arguments a);
