#include <fcntl.h>
#include <string.h>

#include "base/io.h"
#include "supervisor/census.h"
#include "supervisor/manager.h"
#include "supervisor/processes.h"

#define CHILDREN_MAX 4096 /* bytes of a list of numbers */

/* The children of the process's first thread, which is where nearly all are made. Returns how many. */
static size_t read_children(pid_t pid, pid_t *list, size_t most) {
        char path[48], text[CHILDREN_MAX];
        size_t n = 0;

        (void) snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
        if (io_read_small(AT_FDCWD, path, text, sizeof(text)) <= 0)
                return 0;
        for (char *at = text, *end; n < most; at = end) {
                long child = strtol(at, &end, 10);
                if (end == at)
                        break;
                list[n++] = (pid_t) child;
        }
        return n;
}

#define HANDED_MAX 128

/* Those of our own children that tend has not started itself. */
static size_t read_handed(const struct service *s, pid_t *list, size_t most) {
        pid_t all[HANDED_MAX];
        size_t n_all = read_children(getpid(), all, countof(all)), n = 0;

        for (size_t i = 0; i < n_all && n < most; i++)
                if (!pids_find(&s->manager->pids, all[i]) && census_is_marked(s, all[i]))
                        list[n++] = all[i];
        return n;
}

size_t processes_of(const struct service *s, pid_t *list, size_t most) {
        size_t n = 0;

        if (service_is_at_rest(s) || most < 2)
                return 0;
        if (s->main > 0)
                list[n++] = s->main;
        if (s->control > 0)
                list[n++] = s->control;
        n += read_handed(s, list + n, most - n);
        for (size_t i = 0; i < n && n < most; i++)
                n += read_children(list[i], list + n, most - n);
        return n;
}

const char *process_command_line(pid_t pid, char *buffer, size_t size) {
        char path[32];

        (void) snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
        ssize_t n = io_read_small(AT_FDCWD, path, buffer, size);
        while (n > 0 && buffer[n - 1] == '\0')
                n--;
        for (ssize_t i = 0; i < n; i++)
                if ((unsigned char) buffer[i] < ' ')
                        buffer[i] = ' ';
        if (n > 0)
                return buffer;
        (void) snprintf(path, sizeof(path), "/proc/%d/comm", pid);
        char name[32];
        n = io_read_small(AT_FDCWD, path, name, sizeof(name));
        if (n > 0)
                name[strcspn(name, "\n")] = '\0';
        (void) snprintf(buffer, size, "[%s]", n > 0 ? name : "?");
        return buffer;
}
