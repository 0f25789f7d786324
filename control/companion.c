#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/text.h"
#include "control/companion.h"
#include "control/verb.h"

/* clang-format off */
/* Those that come with tend: what others bring runs as well, and is not listed. */
static const struct companion {
        const char *name;
        const char *program; /* tend-PROGRAM */
        const char *option;  /* goes before all words; NULL: nothing does */
        const char *target;  /* of the Makefile: puts it beside tend */
        const char *help;
} companions[] = {
        { "top", "top", NULL, "install",
          "how units are, again and again, with keys to sort, restart and kill (tend-top)" },
        { "plot", "plot", NULL, "install",
          "draw how units came up: who waited, started, failed and came back (tend-plot)" },
        { "critical-chain", "plot", "--critical-chain", "install",
          "print the units that a start waited for, one after the other (tend-plot)" },
        { "metrics", "metrics", NULL, "install-metrics",
          "print or serve what OpenMetrics asks for (tend-metrics)" },
        { "image", "image", NULL, "install-image",
          "unpack container images for `tend run --image` (tend-image)" },
};
/* clang-format on */

const char *companion_name(size_t i) {
        return i < countof(companions) ? companions[i].name : NULL;
}

/* NULL: it does not come with tend. */
static const struct companion *find(const char *name) {
        for (size_t i = 0; i < countof(companions); i++)
                if (strcmp(companions[i].name, name) == 0)
                        return &companions[i];
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

        const struct companion *c = find(name);
        autofree char *directory = own_directory(), *path = NULL;
        autofree char *program = text_format("tend-%s", c ? c->program : name);
        if (!program)
                return -ENOMEM;

        autostrv char **words = NULL;
        if (strv_add(&words, program) < 0 || (c && c->option && strv_add(&words, c->option) < 0))
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
        const struct companion *c = find(name);
        const char *program = c ? c->program : name;

        if (error == -ENOENT && c)
                (void) fprintf(stderr,
                               "tend: %s: tend-%s is neither beside tend nor in PATH\n"
                               "        it is a program of its own: `make %s` puts it there\n",
                               name, program, c->target);
        else
                (void) fprintf(stderr, "tend: %s: tend-%s cannot be executed: %s\n", name, program,
                               strerror(-error));
}

int companion_main(const char *name, char *const *argv) {
        int r = companion_execute(name, argv);

        if (r == -ENOENT && !find(name))
                return r;
        companion_complain(name, r);
        return EXIT_WRONG;
}

void companion_print_help(FILE *out) {
        for (size_t i = 0; i < countof(companions); i++)
                (void) fprintf(out, "  %-8s %s\n", companions[i].name, companions[i].help);
}
