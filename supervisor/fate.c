#include <signal.h>

#include "config/setup.h"
#include "supervisor/fate.h"

int fate_code_of(const struct rest *r) {
        int code = ending_exit_code(r->main);

        if (!result_is_failure(r->result))
                return 0;
        if (r->result == RESULT_RESOURCES && r->main.code == 0 && !r->unit->socket && !r->unit->path)
                return FATE_CODE_NOT_SPAWNED;
        if (code == 0 && r->killed) /* not the main process, but what it had left behind */
                return 128 + SIGKILL;
        return code != 0 ? code : FATE_CODE_FAILED;
}

static const struct {
        bool decides, at_once;
} actions[ACTION_COUNT] = {
        [ACTION_NONE] = {},
        [ACTION_EXIT] = { .decides = true },
        [ACTION_EXIT_FORCE] = { .decides = true, .at_once = true },
};

struct fate fate_of_rest(const struct rest *r) {
        bool failed = result_is_failure(r->result);
        enum action action = failed ? r->unit->failure_action : r->unit->success_action;
        const struct exits *exits = unit_exits(r->unit);
        int status = failed ? exits->failure_code : exits->success_code;

        bool skipped = r->result == RESULT_EXEC_CONDITION && !r->unit->foreground;

        if (r->asked || skipped || !actions[action].decides)
                return (struct fate){};
        return (struct fate){
                .decided = true,
                .at_once = actions[action].at_once,
                /* A clean end may have a code of its own (SuccessExitStatus=): it is the true one. */
                .code = status >= 0 ? status
                        : failed    ? fate_code_of(r)
                                    : ending_exit_code(r->main),
                .why = r->unit->foreground ? "the foreground command has ended"
                       : failed            ? "it is given up on, and FailureAction= ends the container"
                                           : "it is done, and SuccessAction= ends the container",
        };
}

int fate_join(int first, int second) {
        return first != 0 ? first : second;
}
