/* tend-plot: how the units of a container came up, as a picture, and which of them waited for which. See
 * `tend plot` and `tend critical-chain` in tend(1). */
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "control/verb.h"
#include "plot/svg.h"
#include "plot/tell.h"

static const char usage_of_plot[] =
        "tend plot [FILE] [OPTIONS]\n"
        "  draw how units came up: who waited, started, failed and came back; into FILE, or stdout\n\n"
        "  --json                        print what the picture is made of\n"
        "  --socket PATH                 ask the tend that listens there\n"
        "  --help                        this text\n";

static const char usage_of_chain[] =
        "tend critical-chain [UNIT] [OPTIONS]\n"
        "  print the units that UNIT, or all of the start, waited for last, one after the other\n\n"
        "  --json                        print JSON\n"
        "  --socket PATH                 ask the tend that listens there\n"
        "  --help                        this text\n";

struct asked {
        const char *verb;
        const char *socket, *word; /* NULL: not given */
        bool is_chain, json, help;
};

/* 0, or the exit code. What is wrong getopt has said. */
static int parse(int argc, char **argv, struct asked *a) {
        static const struct option options[] = {
                { "critical-chain", no_argument, NULL, 'c' },
                { "json", no_argument, NULL, 'j' },
                { "socket", required_argument, NULL, 's' },
                { "help", no_argument, NULL, 'h' },
                {},
        };

        a->verb = "plot";
        for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;)
                switch (c) {
                case 'c':
                        a->is_chain = true;
                        a->verb = "critical-chain";
                        break;
                case 'j':
                        a->json = true;
                        break;
                case 's':
                        a->socket = optarg;
                        break;
                case 'h':
                        a->help = true;
                        break;
                default:
                        return EXIT_WRONG;
                }
        if (argc - optind > 1)
                return verb_complain(a->verb, "one word too many", argv[optind + 1], NULL);
        a->word = argv[optind];
        return 0;
}

static int complain(const struct asked *a, const char *what, int error) {
        (void) verb_complain(a->verb, strerror(error), what, NULL);
        return EXIT_FAILED;
}

/* --- The picture. */

/* Whole, or not at all: what was in the file stays until there is something to put there. */
static int write_to(const char *path, const char *text, size_t size) {
        FILE *out = path ? fopen(path, "we") : stdout;

        if (!out)
                return -errno;
        bool is_written = fwrite(text, 1, size, out) == size && fflush(out) == 0;
        int error = is_written ? 0 : -errno;
        if (path && fclose(out) != 0 && error == 0)
                error = -errno;
        return error;
}

static int plot(const struct asked *a, const struct record *r) {
        autolayout struct layout l = {};
        autofree char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);
        int e = out ? 0 : -ENOMEM;

        if (e == 0 && a->json)
                tell_record(out, r);
        else if (e == 0 && (e = layout_make(&l, r)) == 0)
                svg_write(out, &l);
        if (out && fclose(out) != 0)
                e = -ENOMEM;
        if (e == 0)
                e = write_to(a->word, text, size);
        return e == 0 ? EXIT_FINE : complain(a, a->word ? a->word : "standard output", -e);
}

/* --- The chain. */

static int chain(const struct asked *a, const struct record *r) {
        size_t unit = a->word ? record_find(r, a->word) : chain_end(r);

        if (a->word && unit == SIZE_MAX) {
                (void) verb_complain(a->verb, "no such unit", a->word, "`tend status` lists them");
                return EXIT_UNKNOWN;
        }
        autofree struct step *steps = calloc(r->n + 1, sizeof(*steps));
        if (!steps)
                return complain(a, "memory", ENOMEM);
        size_t n = unit == SIZE_MAX ? 0 : chain_find(r, unit, steps);
        if (a->word && n == 0) {
                (void) verb_complain(a->verb, "it was never asked to start", a->word, NULL);
                return EXIT_NOT_RUNNING;
        }
        const struct screen s = screen_of(STDOUT_FILENO);
        if (a->json)
                tell_chain_json(stdout, r, steps, n);
        else
                tell_chain(&s, stdout, r, steps, n);
        return fflush(stdout) == 0 ? EXIT_FINE : complain(a, "standard output", errno);
}

int main(int argc, char **argv) {
        struct asked a = {};
        int code = parse(argc, argv, &a);

        if (code != 0)
                return code;
        if (a.help)
                return fputs(a.is_chain ? usage_of_chain : usage_of_plot, stdout) < 0 || fflush(stdout) != 0
                               ? EXIT_FAILED
                               : EXIT_FINE;
        autolink struct link l = LINK_CLOSED;
        autorecord struct record r = {};
        int e = link_open(&l, a.socket);
        if (e == 0)
                e = record_take(&r, &l);
        if (e < 0)
                return link_complain(&l, a.verb, NULL, e);
        return a.is_chain ? chain(&a, &r) : plot(&a, &r);
}
