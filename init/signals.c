#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/parse.h"
#include "init/signals.h"

/* What a signal sent by the kernel says is meant for tend itself; KILL and STOP never arrive. */
static const uint8_t kept[] = { SIGCHLD, SIGSEGV, SIGBUS, SIGFPE,  SIGILL,
                                SIGTRAP, SIGABRT, SIGSYS, SIGKILL, SIGSTOP };

bool signal_is_forwarded(int signal) {
        return signal > 0 && signal <= SIGRTMAX && !memchr(kept, signal, sizeof(kept));
}

void signal_map_init(struct signal_map *m) {
        for (size_t n = 0; n < countof(m->to); n++)
                m->to[n] = (uint8_t) n;
}

int signal_map_parse(struct signal_map *m, const char *text) {
        const char *colon = strchr(text, ':');
        char name[PARSE_PRINT_MAX];
        int from, to = 0;

        if (!colon || (size_t) (colon - text) >= sizeof(name))
                return -EINVAL;
        memcpy(name, text, (size_t) (colon - text));
        name[colon - text] = '\0';

        if (parse_signal(name, &from) < 0 || !signal_is_forwarded(from))
                return -EINVAL;
        if (strcmp(colon + 1, "0") != 0 && parse_signal(colon + 1, &to) < 0)
                return -EINVAL;
        m->to[from] = (uint8_t) to;
        return 0;
}
