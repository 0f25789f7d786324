/* A connection to tend, for the verbs that ask it: finds its socket, says who asks, sends calls and takes
 * what comes back. It blocks, up to a limit. Whatever goes wrong is kept in words. */
#pragma once

#include <sys/un.h>

#include "control/wire.h"

#define LINK_WORDS_MAX 600

struct link {
        int fd;       /* for poll(2); -1: closed */
        pid_t server; /* tend, as seen from here; 0: not to be seen */
        char path[sizeof(((struct sockaddr_un *) 0)->sun_path)];
        uint32_t serial;
        struct wire_out out; /* owned */
        char *in;            /* owned; what has come, */
        size_t n, room;
        size_t taken; /* behind the message that was handed out last */

        /* Signals go here as they come, also while a call waits for its answer. NULL: they are passed over.
         */
        void (*on_signal)(void *context, const struct wire_head *head, struct wire_in *body);
        void *context;

        char words[LINK_WORDS_MAX]; /* of what went wrong last */
        const char *hint;           /* what to do about it; NULL; static */
        char error[128];            /* the D-Bus name of a refusal; "" where it was none */
};

/* Connects to the socket at `path`, or where that is NULL to the first place of control/place.h where a tend
 * is. 0; -ENOENT: there is none; or another negative errno. To be closed in any case. */
int link_open(struct link *l, const char *path) must_check;
void link_close(struct link *l);

/* One that is yet to be opened. */
#define LINK_CLOSED                                                                                          \
        { .fd = -1 }
#define autolink __attribute__((cleanup(link_close)))

/* Begins a call, whose arguments are to be written to what it returns. */
struct wire_out *link_begin(struct link *l, const char *path, const char *interface, const char *member,
                            const char *signature);

/* Sends it and waits for the answer, whose signature has to be `gives`: borrowed until the next call. 0;
 * -EREMOTEIO: tend has refused (its words and `error`); -EPROTO: another version of tend; -ETIMEDOUT; or
 * another negative errno. */
int link_finish(struct link *l, const char *gives, struct wire_in *ret) must_check;

/* Waits for something to come and hands out the signals of it. 1, 0 where nothing has come until then (by
 * clock_monotonic(); USEC_INFINITY: however long it takes), or a negative errno: tend has gone. */
int link_wait(struct link *l, usec_t until) must_check;

/* The exit code for `error`, what the calls above have returned. */
int link_exit_code(const struct link *l, int error);

/* Tells it all on stderr as verb_complain() does, `unit` (may be NULL) before the words where they do not
 * begin with it. Returns the exit code. */
int link_complain(const struct link *l, const char *verb, const char *unit, int error);
