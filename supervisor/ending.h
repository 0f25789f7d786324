/* How a process ended, and what that says about its service. Pure. */
#pragma once

#include "config/unit.h"

/* waitid(2)'s si_code (CLD_EXITED, CLD_KILLED, CLD_DUMPED; 0: it has not ended) and si_status,
 * which is an exit code or a signal: a byte each. */
struct ending {
        uint8_t code, status;
};

/* systemd's words for Result=. */
#define RESULTS(X)                                                                                           \
        X(SUCCESS, "success")                                                                                \
        X(RESOURCES, "resources")                                                                            \
        X(PROTOCOL, "protocol")                                                                              \
        X(TIMEOUT, "timeout")                                                                                \
        X(EXIT_CODE, "exit-code")                                                                            \
        X(SIGNAL, "signal")                                                                                  \
        X(CORE_DUMP, "core-dump")                                                                            \
        X(WATCHDOG, "watchdog")                                                                              \
        X(HEALTH, "health") /* ours: HealthCheck= */                                                         \
        X(START_LIMIT, "start-limit-hit")                                                                    \
        X(DEPENDENCY, "dependency")                                                                          \
        X(EXEC_CONDITION, "exec-condition")                                                                  \
        X(ASSERTION, "assert")                                                                               \
        X(OOM_KILL, "oom-kill")                                                                              \
        X(SERVICE_START_LIMIT, "service-start-limit-hit") /* of a socket, as the next */                     \
        X(TRIGGER_LIMIT, "trigger-limit-hit")                                                                \
        X(UNIT_START_LIMIT, "unit-start-limit-hit") /* of a path */
#define ENUM_RESULT(name, word) RESULT_##name,
enum result { RESULTS(ENUM_RESULT) RESULT_COUNT };

/* A start that ExecCondition= has skipped is no failure. */
static inline bool result_is_failure(enum result r) {
        return r != RESULT_SUCCESS && r != RESULT_EXEC_CONDITION;
}

const char *result_word(enum result r);

/* What this end is for the service. Clean ends by systemd.service(5): code 0, the signals HUP, INT, TERM and
 * PIPE (not for a oneshot), and what SuccessExitStatus= says. `asked`: tend had sent KillSignal= before; then
 * that signal and, as shells and Java make of it, exit code 128 + KillSignal are clean too. */
enum result ending_result(const struct unit *u, struct ending e, bool asked);

/* An ExecCondition= that ended so says no: the start is skipped. Code 255 and a signal are failures. */
bool ending_skips(struct ending e);

/* What a shell would call it: the exit code, or 128 + the signal. 0 where it has not ended. */
int ending_exit_code(struct ending e);

/* "exited with code 1", "was killed by SIGKILL". Returns `buffer`. */
#define ENDING_TEXT_MAX 96
const char *ending_text(struct ending e, char buffer[ENDING_TEXT_MAX]);
