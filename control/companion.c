#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/text.h"
#include "control/companion.h"
#include "control/verb.h"

/* clang-format off */
/* Those that come with tend: what others bring runs as well, and is not listed. */
static const struct {
        const char *name;
        const char *target; /* of the Makefile: puts it beside tend */
        const char *help;
} companions[] = {
        { "top", "install",
          "how units are, again and again, with keys to sort, restart and kill (tend-top)" },
        { "metrics", "install-metrics", "print or serve what OpenMetrics asks for (tend-metrics)" },
        { "image", "install-image", "unpack container images for `tend run --image` (tend-image)" },
};
/* clang-format on */

const char *companion_name(size_t i) {
        return i < countof(companions) ? companions[i].name : NULL;
}

/* NULL: it does not come with tend. */
static const char *target_of(const char *name) {
        for (size_t i = 0; i < countof(companions); i++)
                if (strcmp(companions[i].name, name) == 0)
                        return companions[i].target;
        return NULL;
}

/* No path, no option and no odd character: a word that was meant for something else starts no program. */
static bool is_name(const char *name) {
        static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

        return name[0] >= 'a' && name[0] <= 'z' && name[strspn(name, letters)] == '\0' && strlen(name) < 64;
}

/* The directory of our own binary; NULL where /proc does not tell. The caller frees. */
static char *own_directory(void) {
        char path[PATH_MAX];
        ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

        if (n <= 0 || path[0] != '/')
                return NULL;
        path[n] = '\0';
        if (n == 1 && program_invocation_name[0] == '/') /* see isolate_guard_program() */
                (void) snprintf(path, sizeof(path), "%s", program_invocation_name);
        *strrchr(path, '/') = '\0';
        return strdup(path);
}

int companion_execute(const char *name, char *const *argv) {
        if (!is_name(name))
                return -ENOENT;

        autofree char *directory = own_directory(), *program = text_format("tend-%s", name), *path = NULL;
        if (!program)
                return -ENOMEM;

        autostrv char **words = NULL;
        if (strv_add(&words, program) < 0)
                return -ENOMEM;
        for (size_t i = 1; argv[0] && argv[i]; i++)
                if (strv_add(&words, argv[i]) < 0)
                        return -ENOMEM;

        if (directory) {
                path = text_format("%s/%s", directory, program);
                if (!path)
                        return -ENOMEM;
                (void) execv(path, words);
                if (errno != ENOENT)
                        return -errno;
        }
        (void) execvp(program, words);
        return -errno;
}

void companion_complain(const char *name, int error) {
        if (error == -ENOENT)
                (void) fprintf(stderr,
                               "tend: %s: tend-%s is neither beside tend nor in PATH\n"
                               "        it is a program of its own: `make %s` puts it there\n",
                               name, name, target_of(name));
        else
                (void) fprintf(stderr, "tend: %s: tend-%s cannot be executed: %s\n", name, name,
                               strerror(-error));
}

int companion_main(const char *name, char *const *argv) {
        int r = companion_execute(name, argv);

        if (r == -ENOENT && !target_of(name))
                return r;
        companion_complain(name, r);
        return EXIT_WRONG;
}

void companion_print_help(FILE *out) {
        for (size_t i = 0; i < countof(companions); i++)
                (void) fprintf(out, "  %-8s %s\n", companions[i].name, companions[i].help);
}
