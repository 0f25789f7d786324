#include <fcntl.h>
#include <string.h>

#include "base/io.h"
#include "base/parse.h"
#include "base/proc.h"
#include "base/text.h"

bool proc_number(const char **at, uint64_t *ret) {
        const char *p = *at + strspn(*at, " \t");

        if (parse_digits(&p, ret) < 0)
                return false;
        *at = p;
        return true;
}

/* The fields behind the state that matter, by their numbers in proc(5). */
enum { PARENT = 4, GROUP = 5, SESSION = 6, USER = 14, KERNEL = 15, TASKS = 20, STARTED = 22, RESIDENT = 24 };

int proc_parse_stat(const char *text, struct proc_stat *ret) {
        /* The name may hold anything, a ")" too: the last one ends it. */
        const char *at = strrchr(text, ')');
        uint64_t fields[RESIDENT + 1] = {};

        if (!at || strlen(at) < strlen(") S "))
                return -EIO;
        char state = at[2];
        at += strlen(") S");
        for (unsigned i = PARENT; i < countof(fields); i++) {
                at += *at == ' ';
                at += *at == '-'; /* none of those that matter */
                if (!proc_number(&at, &fields[i]))
                        return -EIO;
        }
        *ret = (struct proc_stat){
                .state = state,
                .parent = (pid_t) fields[PARENT],
                .group = (pid_t) fields[GROUP],
                .session = (pid_t) fields[SESSION],
                .ticks = fields[USER] + fields[KERNEL],
                .tasks = fields[TASKS],
                .started = fields[STARTED],
                .resident = fields[RESIDENT],
        };
        return 0;
}

int proc_read_stat(pid_t pid, struct proc_stat *ret) {
        char path[32], text[512];

        (void) snprintf(path, sizeof(path), "/proc/%d/stat", pid);
        ssize_t n = io_read_small(AT_FDCWD, path, text, sizeof(text));
        return n < 0 ? (int) n : proc_parse_stat(text, ret);
}

static bool parse_invocation(const char *hex, uint8_t ret[16]) {
        for (size_t i = 0; i < 16; i++) {
                int high = text_hex_digit(hex[2 * i]);
                int low = high < 0 ? -1 : text_hex_digit(hex[2 * i + 1]);
                if (low < 0)
                        return false;
                ret[i] = (uint8_t) (high << 4 | low);
        }
        return true;
}

bool proc_find_invocation(const char *environment, size_t size, uint8_t ret[16]) {
        static const char name[] = "INVOCATION_ID=";

        for (size_t at = 0; at < size; at += strlen(environment + at) + 1)
                if (text_starts(environment + at, name))
                        return parse_invocation(environment + at + strlen(name), ret);
        return false;
}
