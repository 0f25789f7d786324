#include <signal.h>
#include <sys/wait.h>

#include "config/setup.h"
#include "config/socket.h"
#include "supervisor/fate.h"
#include "tests/unit/test.h"

static const struct {
        enum result result;
        struct ending main;
        int code;
} codes[] = {
        { RESULT_SUCCESS, { CLD_EXITED, 0 }, 0 },
        { RESULT_SUCCESS, { CLD_EXITED, 143 }, 0 },
        { RESULT_SUCCESS, { CLD_KILLED, SIGTERM }, 0 },
        { RESULT_SUCCESS, {}, 0 },
        { RESULT_EXIT_CODE, { CLD_EXITED, 7 }, 7 },
        { RESULT_EXIT_CODE, { CLD_EXITED, 203 }, 203 },
        { RESULT_SIGNAL, { CLD_KILLED, SIGKILL }, 137 },
        { RESULT_CORE_DUMP, { CLD_DUMPED, SIGSEGV }, 139 },
        { RESULT_TIMEOUT, { CLD_KILLED, SIGKILL }, 137 },
        { RESULT_TIMEOUT, { CLD_EXITED, 0 }, FATE_CODE_FAILED },
        { RESULT_PROTOCOL, { CLD_EXITED, 0 }, FATE_CODE_FAILED },
        { RESULT_EXIT_CODE, {}, FATE_CODE_FAILED }, /* ExecStartPre= */
        { RESULT_DEPENDENCY, {}, FATE_CODE_FAILED },
        { RESULT_START_LIMIT, { CLD_EXITED, 3 }, 3 },
        { RESULT_START_LIMIT, { CLD_EXITED, 0 }, FATE_CODE_FAILED },
        { RESULT_RESOURCES, {}, FATE_CODE_NOT_SPAWNED },
        { RESULT_RESOURCES, { CLD_EXITED, 5 }, 5 },
};

TEST(fate_code_of_each_result) {
        for (size_t i = 0; i < countof(codes); i++) {
                static const struct unit unit = {};
                const struct rest r = { .unit = &unit, .result = codes[i].result, .main = codes[i].main };
                CHECK(fate_code_of(&r) == codes[i].code, "row %zu: got %d", i, fate_code_of(&r));
        }
        struct socket_spec spec = {};
        const struct unit socket = { .socket = &spec };
        const struct rest deaf = { .unit = &socket, .result = RESULT_RESOURCES };
        CHECK(fate_code_of(&deaf) == FATE_CODE_FAILED); /* an address, not a process, was not to be had */
        const struct rest left = { .result = RESULT_TIMEOUT, .main = { CLD_EXITED, 0 }, .killed = true };
        CHECK(fate_code_of(&left) == 137); /* it went, what it left had to be killed */
        CHECK(FATE_CODE_USAGE == 2 && FATE_CODE_FAILED == 70 && FATE_CODE_NOT_SPAWNED == 71);
}

static const struct {
        enum result result;
        struct ending main;
        enum action on_success, on_failure;
        int success_status, failure_status;
        bool asked, foreground;
        struct fate fate;
} fates[] = {
        /* Nothing follows from what has no action, or was asked for. */
        { RESULT_SUCCESS, { CLD_EXITED, 0 }, ACTION_NONE, ACTION_EXIT, -1, -1, false, false, {} },
        { RESULT_EXIT_CODE, { CLD_EXITED, 1 }, ACTION_EXIT, ACTION_NONE, -1, -1, false, false, {} },
        { RESULT_EXIT_CODE, { CLD_EXITED, 1 }, ACTION_EXIT, ACTION_EXIT, -1, -1, true, false, {} },
        { RESULT_SUCCESS, { CLD_EXITED, 0 }, ACTION_EXIT_FORCE, ACTION_NONE, -1, -1, true, false, {} },
        /* The code of the service. */
        { RESULT_EXIT_CODE,
          { CLD_EXITED, 9 },
          ACTION_NONE,
          ACTION_EXIT,
          -1,
          -1,
          false,
          false,
          { .decided = true, .code = 9, .why = "FailureAction=" } },
        { RESULT_SIGNAL,
          { CLD_KILLED, SIGABRT },
          ACTION_NONE,
          ACTION_EXIT,
          4,
          -1,
          false,
          false,
          { .decided = true, .code = 134, .why = "FailureAction=" } },
        { RESULT_TIMEOUT,
          { CLD_EXITED, 0 },
          ACTION_NONE,
          ACTION_EXIT,
          -1,
          -1,
          false,
          false,
          { .decided = true, .code = 70, .why = "FailureAction=" } },
        { RESULT_RESOURCES,
          {},
          ACTION_NONE,
          ACTION_EXIT,
          -1,
          -1,
          false,
          false,
          { .decided = true, .code = 71, .why = "FailureAction=" } },
        { RESULT_SUCCESS,
          { CLD_EXITED, 0 },
          ACTION_EXIT,
          ACTION_EXIT,
          -1,
          4,
          false,
          false,
          { .decided = true, .code = 0, .why = "SuccessAction=" } },
        { RESULT_SUCCESS,
          { CLD_EXITED, 75 },
          ACTION_EXIT,
          ACTION_NONE,
          -1,
          -1,
          false,
          false,
          { .decided = true, .code = 75, .why = "SuccessAction=" } },
        { RESULT_SUCCESS,
          { CLD_KILLED, SIGTERM },
          ACTION_EXIT,
          ACTION_NONE,
          -1,
          -1,
          false,
          false,
          { .decided = true, .code = 143, .why = "SuccessAction=" } },
        /* Overridden, 0 included. */
        { RESULT_EXIT_CODE,
          { CLD_EXITED, 9 },
          ACTION_NONE,
          ACTION_EXIT,
          5,
          42,
          false,
          false,
          { .decided = true, .code = 42, .why = "FailureAction=" } },
        { RESULT_EXIT_CODE,
          { CLD_EXITED, 9 },
          ACTION_NONE,
          ACTION_EXIT,
          -1,
          0,
          false,
          false,
          { .decided = true, .code = 0, .why = "FailureAction=" } },
        { RESULT_SUCCESS,
          { CLD_EXITED, 0 },
          ACTION_EXIT,
          ACTION_NONE,
          5,
          42,
          false,
          false,
          { .decided = true, .code = 5, .why = "SuccessAction=" } },
        /* At once. */
        { RESULT_CORE_DUMP,
          { CLD_DUMPED, SIGSEGV },
          ACTION_NONE,
          ACTION_EXIT_FORCE,
          -1,
          -1,
          false,
          false,
          { .decided = true, .at_once = true, .code = 139, .why = "FailureAction=" } },
        { RESULT_SUCCESS,
          { CLD_EXITED, 0 },
          ACTION_EXIT_FORCE,
          ACTION_NONE,
          -1,
          -1,
          false,
          false,
          { .decided = true, .at_once = true, .code = 0, .why = "SuccessAction=" } },
        /* The foreground command. */
        { RESULT_SUCCESS,
          { CLD_EXITED, 0 },
          ACTION_EXIT,
          ACTION_EXIT,
          -1,
          -1,
          false,
          true,
          { .decided = true, .code = 0, .why = "foreground" } },
        { RESULT_SUCCESS,
          { CLD_KILLED, SIGINT },
          ACTION_EXIT,
          ACTION_EXIT,
          -1,
          -1,
          false,
          true,
          { .decided = true, .code = 130, .why = "foreground" } },
        { RESULT_EXIT_CODE,
          { CLD_EXITED, 127 },
          ACTION_EXIT,
          ACTION_EXIT,
          -1,
          -1,
          false,
          true,
          { .decided = true, .code = 127, .why = "foreground" } },
};

TEST(fate_of_each_rest) {
        for (size_t i = 0; i < countof(fates); i++) {
                struct setup setup = {
                        .exits = { .success_code = fates[i].success_status,
                                   .failure_code = fates[i].failure_status },
                };
                const struct unit u = {
                        .success_action = (uint8_t) fates[i].on_success,
                        .failure_action = (uint8_t) fates[i].on_failure,
                        .setup = &setup,
                        .foreground = fates[i].foreground,
                };
                const struct rest r = {
                        .unit = &u,
                        .result = fates[i].result,
                        .main = fates[i].main,
                        .asked = fates[i].asked,
                };
                struct fate f = fate_of_rest(&r);
                CHECK(f.decided == fates[i].fate.decided, "row %zu", i);
                CHECK(f.at_once == fates[i].fate.at_once, "row %zu", i);
                CHECK(f.code == fates[i].fate.code, "row %zu: got %d", i, f.code);
                if (fates[i].fate.decided)
                        CHECK(f.why && strstr(f.why, fates[i].fate.why), "row %zu: %s", i, f.why);
        }
}

TEST(fate_joins_to_the_first_failure) {
        static const int rows[][3] = { { 0, 0, 0 }, { 0, 3, 3 }, { 3, 0, 3 }, { 3, 4, 3 }, { 137, 1, 137 } };

        for (size_t i = 0; i < countof(rows); i++)
                CHECK(fate_join(rows[i][0], rows[i][1]) == rows[i][2], "row %zu", i);
}
