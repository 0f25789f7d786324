/* What tend is compared with: a PID 1 that does one thing and nothing else.
 *
 *   bare start N CMD…  starts CMD N times; at SIGTERM passes it on to each and waits for all of them
 *   bare loop CMD…     starts CMD again whenever it has ended
 *   bare reap CMD…     starts CMD and reaps whatever ends */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "base/def.h"

static pid_t spawn(char **argv) {
        pid_t pid = vfork(); /* NOLINT: the cheapest way there is, so the one to be measured against */
        if (pid == 0) {
                (void) execv(argv[0], argv);
                _exit(127);
        }
        if (pid < 0)
                perror("vfork");
        return pid;
}

static volatile sig_atomic_t asked_to_stop;

static void ask_to_stop(int signal) {
        asked_to_stop = signal;
}

static int start(size_t n, char **argv) {
        struct sigaction stop = { .sa_handler = ask_to_stop };
        sigset_t term, none;
        autofree pid_t *pids = calloc(n, sizeof(pid_t));
        if (!pids)
                return 1;

        /* A handler, for exec makes that the default again: the children need not unblock anything. */
        (void) sigaction(SIGTERM, &stop, NULL);
        for (size_t i = 0; i < n; i++)
                if ((pids[i] = spawn(argv)) < 0)
                        return 1;

        (void) sigemptyset(&none);
        (void) sigemptyset(&term);
        (void) sigaddset(&term, SIGTERM);
        (void) sigprocmask(SIG_BLOCK, &term, NULL);
        while (!asked_to_stop)
                (void) sigsuspend(&none);

        for (size_t i = 0; i < n; i++)
                (void) kill(pids[i], SIGTERM);
        for (size_t i = 0; i < n; i++)
                (void) waitpid(pids[i], NULL, 0);
        return 0;
}

static int loop(char **argv) {
        siginfo_t ended;

        for (;;)
                if (spawn(argv) < 0 || waitid(P_ALL, 0, &ended, WEXITED) < 0)
                        return 1;
}

static int reap(char **argv) {
        if (spawn(argv) < 0)
                return 1;
        while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
                continue;
        return 0;
}

int main(int argc, char **argv) {
        if (argc > 3 && strcmp(argv[1], "start") == 0)
                return start(strtoul(argv[2], NULL, 10), argv + 3);
        if (argc > 2 && strcmp(argv[1], "loop") == 0)
                return loop(argv + 2);
        if (argc > 2 && strcmp(argv[1], "reap") == 0)
                return reap(argv + 2);
        (void) fputs("usage: bare start N CMD… | loop CMD… | reap CMD…\n", stderr);
        return 2;
}
