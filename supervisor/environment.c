#include <errno.h>
#include <string.h>

#include "supervisor/environment.h"

static const char *const ours[] = {
        "NOTIFY_SOCKET", "LISTEN_FDS",    "LISTEN_PID",     "LISTEN_FDNAMES", "WATCHDOG_PID", "WATCHDOG_USEC",
        "MAINPID",       "INVOCATION_ID", "SERVICE_RESULT", "EXIT_CODE",      "EXIT_STATUS",
};

static bool has_name(const char *assignment, const char *name, size_t n) {
        return strncmp(assignment, name, n) == 0 && assignment[n] == '=';
}

bool environment_is_ours(const char *assignment) {
        for (size_t i = 0; i < countof(ours); i++)
                if (has_name(assignment, ours[i], strlen(ours[i])))
                        return true;
        return false;
}

int environment_begin(struct environment *e, struct arena *arena, char *const *base, size_t more) {
        size_t n = 0;

        while (base[n])
                n++;
        *e = (struct environment){ .arena = arena, .n = n, .room = n + more };
        e->list = arena_take(arena, (e->room + 1) * sizeof(*e->list));
        if (!e->list)
                return -E2BIG;
        memcpy(e->list, base, (n + 1) * sizeof(*e->list));
        return 0;
}

int environment_put(struct environment *e, const char *assignment) {
        size_t n = strcspn(assignment, "=");
        size_t at = 0;

        while (at < e->n && !has_name(e->list[at], assignment, n))
                at++;
        if (at == e->room)
                return -E2BIG;
        memcpy(&e->list[at], &assignment,
               sizeof(assignment)); /* execve(2) wants char * and changes nothing */
        if (at == e->n)
                e->list[++e->n] = NULL;
        return 0;
}

int environment_set(struct environment *e, const char *name, const char *value) {
        size_t n = strlen(name), m = strlen(value);
        char *text = arena_take(e->arena, n + 1 + m + 1);

        if (!text)
                return -E2BIG;
        memcpy(text, name, n);
        text[n] = '=';
        memcpy(text + n + 1, value, m + 1);
        return environment_put(e, text);
}

void environment_unset(struct environment *e, const char *which) {
        size_t n = strcspn(which, "=");
        size_t kept = 0;

        for (size_t i = 0; i < e->n; i++) {
                bool goes = which[n] == '=' ? strcmp(e->list[i], which) == 0 : has_name(e->list[i], which, n);
                if (!goes)
                        e->list[kept++] = e->list[i];
        }
        e->n = kept;
        e->list[kept] = NULL;
}

const char *environment_get(char *const *list, const char *name) {
        size_t n = strlen(name);

        for (; list && *list; list++)
                if (has_name(*list, name, n))
                        return *list + n + 1;
        return NULL;
}
