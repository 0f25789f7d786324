/* tend: which of its faces was asked for. One command (init/), a verb, or a program beside it. */
#include <string.h>

#include "control/companion.h"
#include "control/verb.h"
#include "init/dropin.h"

#ifndef TEND_VERSION
#error "TEND_VERSION is given by the Makefile"
#endif

static bool is_one_of(const char *word, const char *a, const char *b) {
        return strcmp(word, a) == 0 || strcmp(word, b) == 0;
}

/* With no word at all: the first process of an image that has a tend.ini runs it; anybody else is told
 * what there is. */
static int run_bare(void) {
        if (getpid() != 1 || access(DEFAULT_FILE, F_OK) < 0) {
                verb_print_help(stderr);
                return EXIT_WRONG;
        }

        static char verb[] = "run";
        static char *words[] = { verb, NULL };
        return verb_main(verb_find("run"), 1, words);
}

static int run(int argc, char **argv) {
        if (argc > 0 && dropin_is_known(argv[0]))
                return dropin_main(argc, argv);
        if (argc < 2)
                return run_bare();

        if (is_one_of(argv[1], "--help", "-h")) {
                verb_print_help(stdout);
                return EXIT_FINE;
        }
        if (is_one_of(argv[1], "--version", "-V")) {
                puts("tend " TEND_VERSION);
                return EXIT_FINE;
        }
        if (argv[1][0] == '-')
                return dropin_main(argc, argv);

        const struct verb *v = verb_find(argv[1]);
        if (v)
                return verb_main(v, argc - 1, argv + 1);
        int code = companion_main(argv[1], argv + 1);
        return code < 0 ? verb_unknown(argv[1]) : code;
}

int main(int argc, char **argv) {
        int code = run(argc, argv);

        /* What a verb printed must have arrived, or the answer is not one. */
        if (fflush(stdout) != 0 && code == EXIT_FINE) {
                perror("tend: writing to standard output");
                code = EXIT_WRONG;
        }
        exit(code);
}
