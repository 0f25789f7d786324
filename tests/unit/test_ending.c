#include <signal.h>
#include <sys/wait.h>

#include "config/setup.h"
#include "supervisor/ending.h"
#include "tests/unit/test.h"

/* SuccessExitStatus=75 SIGUSR1 */
static struct status_set some = { .codes = { [75 / 64] = UINT64_C(1) << (75 % 64) },
                                  .signals = UINT64_C(1) << SIGUSR1 };

#define EXITED(code)                                                                                         \
        { CLD_EXITED, code }
#define KILLED(signal)                                                                                       \
        { CLD_KILLED, signal }
#define DUMPED(signal)                                                                                       \
        { CLD_DUMPED, signal }
#define SIMPLE    SERVICE_SIMPLE
#define EXEC      SERVICE_EXEC
#define ONESHOT   SERVICE_ONESHOT
#define NOTIFY    SERVICE_NOTIFY
#define SUCCESS   RESULT_SUCCESS
#define EXIT_CODE RESULT_EXIT_CODE
#define SIGNAL    RESULT_SIGNAL
#define CORE      RESULT_CORE_DUMP

/* clang-format off */
static const struct {
        struct ending ending;
        enum service_type type;
        struct status_set *success;
        int kill_signal;
        bool asked;
        enum result result;
        int exit_code;
        const char *text;
} rows[] = {
        /* ending, Type=, SuccessExitStatus=, KillSignal=, asked, result, exit code, text */
        { EXITED(0),       SIMPLE,  NULL,  SIGTERM, false, SUCCESS,   0,   "exited with code 0" },
        { EXITED(1),       SIMPLE,  NULL,  SIGTERM, false, EXIT_CODE, 1,   "exited with code 1" },
        { EXITED(255),     NOTIFY,  NULL,  SIGTERM, false, EXIT_CODE, 255, "exited with code 255" },
        { EXITED(75),      SIMPLE,  &some, SIGTERM, false, SUCCESS,   75,  "exited with code 75" },
        { EXITED(74),      SIMPLE,  &some, SIGTERM, false, EXIT_CODE, 74,  "exited with code 74" },
        { EXITED(0),       ONESHOT, &some, SIGTERM, false, SUCCESS,   0,   "exited with code 0" },
        { EXITED(143),     SIMPLE,  NULL,  SIGTERM, false, EXIT_CODE, 143, "exited with code 143" },
        { EXITED(143),     SIMPLE,  NULL,  SIGTERM, true,  SUCCESS,   143, "exited with code 143" },
        { EXITED(143),     SIMPLE,  NULL,  SIGINT,  true,  EXIT_CODE, 143, "exited with code 143" },
        { EXITED(130),     ONESHOT, NULL,  SIGINT,  true,  SUCCESS,   130, "exited with code 130" },
        { KILLED(SIGHUP),  SIMPLE,  NULL,  SIGTERM, false, SUCCESS,   129, "was killed by SIGHUP" },
        { KILLED(SIGINT),  EXEC,    NULL,  SIGTERM, false, SUCCESS,   130, "was killed by SIGINT" },
        { KILLED(SIGTERM), NOTIFY,  NULL,  SIGTERM, false, SUCCESS,   143, "was killed by SIGTERM" },
        { KILLED(SIGPIPE), SIMPLE,  NULL,  SIGTERM, false, SUCCESS,   141, "was killed by SIGPIPE" },
        { KILLED(SIGHUP),  ONESHOT, NULL,  SIGTERM, false, SIGNAL,    129, "was killed by SIGHUP" },
        { KILLED(SIGTERM), ONESHOT, NULL,  SIGTERM, false, SIGNAL,    143, "was killed by SIGTERM" },
        { KILLED(SIGTERM), ONESHOT, NULL,  SIGTERM, true,  SUCCESS,   143, "was killed by SIGTERM" },
        { KILLED(SIGKILL), SIMPLE,  NULL,  SIGTERM, false, SIGNAL,    137, "was killed by SIGKILL" },
        { KILLED(SIGKILL), SIMPLE,  NULL,  SIGTERM, true,  SIGNAL,    137, "was killed by SIGKILL" },
        { KILLED(SIGUSR1), SIMPLE,  NULL,  SIGTERM, false, SIGNAL,    138, "was killed by SIGUSR1" },
        { KILLED(SIGUSR1), SIMPLE,  NULL,  SIGUSR1, true,  SUCCESS,   138, "was killed by SIGUSR1" },
        { KILLED(SIGUSR1), ONESHOT, &some, SIGTERM, false, SUCCESS,   138, "was killed by SIGUSR1" },
        { KILLED(SIGUSR2), SIMPLE,  &some, SIGTERM, false, SIGNAL,    140, "was killed by SIGUSR2" },
        { DUMPED(SIGSEGV), SIMPLE, NULL, SIGTERM, false, CORE, 139, "was killed by SIGSEGV (core dumped)" },
        { DUMPED(SIGQUIT), SIMPLE, NULL, SIGQUIT, true, SUCCESS, 131, "was killed by SIGQUIT (core dumped)" },
        { {},              SIMPLE,  NULL,  SIGTERM, false, SUCCESS,   0,   "has not ended" },
};
/* clang-format on */

TEST(ending_says_what_it_was) {
        char text[ENDING_TEXT_MAX];

        for (size_t i = 0; i < countof(rows); i++) {
                struct setup setup = { .exits.success = rows[i].success };
                const struct unit u = {
                        .type = (uint8_t) rows[i].type,
                        .setup = &setup,
                        .kill_signal = rows[i].kill_signal,
                };
                enum result got = ending_result(&u, rows[i].ending, rows[i].asked);
                CHECK_STRING(result_word(got), result_word(rows[i].result), "row %zu", i);
                CHECK(ending_exit_code(rows[i].ending) == rows[i].exit_code, "row %zu", i);
                CHECK_STRING(ending_text(rows[i].ending, text), rows[i].text, "row %zu", i);
        }
}

TEST(ending_every_signal_has_room) {
        char text[ENDING_TEXT_MAX];

        for (int signal = 1; signal <= 64; signal++) {
                const struct ending e = { CLD_DUMPED, (uint8_t) signal };
                CHECK(strlen(ending_text(e, text)) < ENDING_TEXT_MAX - 1, "signal %d", signal);
                /* 32 and 33 are the C library's own. */
                CHECK(strstr(text, "by SIG") || signal == 32 || signal == 33, "signal %d: %s", signal, text);
        }
}

TEST(ending_that_skips) {
        static const struct {
                struct ending ending;
                bool skips;
        } ends[] = {
                { EXITED(0), false },   { EXITED(1), true },        { EXITED(254), true },
                { EXITED(255), false }, { KILLED(SIGTERM), false }, { DUMPED(SIGSEGV), false },
                { {}, false },
        };

        for (size_t i = 0; i < countof(ends); i++)
                CHECK(ending_skips(ends[i].ending) == ends[i].skips, "row %zu", i);
        for (enum result r = 0; r < RESULT_COUNT; r++)
                CHECK(result_is_failure(r) == (r != RESULT_SUCCESS && r != RESULT_EXEC_CONDITION), "%s",
                      result_word(r));
}

TEST(ending_words_of_results) {
        static const char *const words[] = {
                "success",
                "resources",
                "protocol",
                "timeout",
                "exit-code",
                "signal",
                "core-dump",
                "watchdog",
                "health",
                "start-limit-hit",
                "dependency",
                "exec-condition",
                "assert",
                "oom-kill",
                "service-start-limit-hit",
                "trigger-limit-hit",
                "unit-start-limit-hit",
        };

        CHECK(countof(words) == RESULT_COUNT);
        for (enum result r = 0; r < RESULT_COUNT; r++)
                CHECK_STRING(result_word(r), words[r]);
}
