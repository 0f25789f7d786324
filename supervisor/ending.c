#include <signal.h>
#include <sys/wait.h>

#include "base/parse.h"
#include "config/setup.h"
#include "supervisor/ending.h"

#define WORD_OF_RESULT(name, word) [RESULT_##name] = (word),
static const char *const result_words[] = { RESULTS(WORD_OF_RESULT) };

const char *result_word(enum result r) {
        return result_words[r];
}

static bool is_clean_signal(const struct unit *u, int signal, bool asked) {
        if (asked && signal == u->kill_signal)
                return true;
        if (status_set_has_signal(unit_exits(u)->success, signal))
                return true;
        if (u->type == SERVICE_ONESHOT)
                return false;
        return signal == SIGHUP || signal == SIGINT || signal == SIGTERM || signal == SIGPIPE;
}

static bool is_clean_code(const struct unit *u, int code, bool asked) {
        return code == 0 || status_set_has_code(unit_exits(u)->success, code) ||
               (asked && code == 128 + u->kill_signal);
}

enum result ending_result(const struct unit *u, struct ending e, bool asked) {
        switch (e.code) {
        case CLD_EXITED:
                return is_clean_code(u, e.status, asked) ? RESULT_SUCCESS : RESULT_EXIT_CODE;
        case CLD_KILLED:
                return is_clean_signal(u, e.status, asked) ? RESULT_SUCCESS : RESULT_SIGNAL;
        case CLD_DUMPED:
                return is_clean_signal(u, e.status, asked) ? RESULT_SUCCESS : RESULT_CORE_DUMP;
        default:
                return RESULT_SUCCESS;
        }
}

bool ending_skips(struct ending e) {
        return e.code == CLD_EXITED && e.status > 0 && e.status < 255;
}

int ending_exit_code(struct ending e) {
        if (e.code == CLD_EXITED)
                return e.status;
        return e.code == CLD_KILLED || e.code == CLD_DUMPED ? 128 + e.status : 0;
}

const char *ending_text(struct ending e, char buffer[ENDING_TEXT_MAX]) {
        char signal[PARSE_PRINT_MAX];

        if (e.code == CLD_EXITED)
                (void) snprintf(buffer, ENDING_TEXT_MAX, "exited with code %d", e.status);
        else if (e.code == CLD_KILLED || e.code == CLD_DUMPED)
                (void) snprintf(buffer, ENDING_TEXT_MAX, "was killed by %s%s", print_signal(e.status, signal),
                                e.code == CLD_DUMPED ? " (core dumped)" : "");
        else
                (void) snprintf(buffer, ENDING_TEXT_MAX, "has not ended");
        return buffer;
}
