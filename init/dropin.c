#include <string.h>

#include "base/parse.h"
#include "init/dropin.h"
#include "init/option.h"

static int refuse(const char *option, const char *value, const char *wanted) {
        (void) fprintf(stderr, "tend: --%s=%s: %s\n", option, value, wanted);
        return 2;
}

int option_group(struct parse *p, maybe_unused const char *value) {
        p->single.group = true;
        return GO_ON;
}

static int set_single(struct parse *p, maybe_unused const char *value) {
        p->single.group = false;
        return GO_ON;
}

int option_subreaper(struct parse *p, maybe_unused const char *value) {
        p->single.subreaper = true;
        return GO_ON;
}

static int set_no_wait(struct parse *p, maybe_unused const char *value) {
        p->single.no_wait = true;
        return GO_ON;
}

int option_verbose(struct parse *p, maybe_unused const char *value) {
        p->single.verbosity = SAY_DEBUG;
        return GO_ON;
}

static int add_rewrite(struct parse *p, const char *value) {
        if (signal_map_parse(&p->single.map, value) < 0)
                return refuse("rewrite", value, "not SIG:SIG, as in TERM:QUIT, or TERM:0 to drop it");
        return GO_ON;
}

static int add_ok(struct parse *p, const char *value) {
        unsigned code;

        if (parse_unsigned(value, countof(p->single.ok) - 1, &code) < 0)
                return refuse("exit-code-ok", value, "not an exit code, which is a number from 0 to 255");
        p->single.ok[code] = true;
        return GO_ON;
}

static int set_death_signal(struct parse *p, const char *value) {
        if (parse_signal(value, &p->single.parent_death_signal) < 0)
                return refuse("parent-death-signal", value, "not a signal, as in TERM");
        return GO_ON;
}

static int set_budget(struct parse *p, const char *value) {
        if (parse_span(value, &p->single.stop_budget) < 0)
                return refuse("stop-budget", value, "not a time span, as in 9s or 500ms");
        return GO_ON;
}

/* clang-format off */
static const struct option tend_options[] = {
        /* letter, word, takes a value, action */
        { 0, "rewrite",             true,  add_rewrite      },
        { 0, "group",               false, option_group     },
        { 0, "single",              false, set_single       },
        { 0, "exit-code-ok",        true,  add_ok           },
        { 0, "parent-death-signal", true,  set_death_signal },
        { 0, "subreaper",           false, option_subreaper },
        { 0, "verbose",             false, option_verbose   },
        { 0, "stop-budget",         true,  set_budget       },
        { 0, "no-wait",             false, set_no_wait      },
        { 0 },
};
/* clang-format on */

static int misuse_tend(maybe_unused const struct parse *p, const char *problem) {
        (void) fprintf(stderr,
                       "tend: %s: it is tend [OPTIONS] -- CMD [ARGS...], and tend --help tells the options\n",
                       problem ? problem : "no command");
        return 2;
}

static const struct program program_tend = {
        .persona = &persona_tend,
        .options = tend_options,
        .place = PLACE_GROUP,
        .verbosity = SAY_INFO,
        .subreaper = true,
        .misuse = misuse_tend,
};

static const struct program *const peers[] = { &program_tini, &program_dumb_init, &program_catatonit };

static const char *base_name(const char *path) {
        const char *slash = strrchr(path, '/');
        return slash ? slash + 1 : path;
}

static const struct program *find_program(const char *argv0) {
        const char *name = base_name(argv0);

        for (size_t n = 0; n < countof(peers); n++)
                for (const char *const *known = peers[n]->persona->names; *known; known++)
                        if (strcmp(*known, name) == 0)
                                return peers[n];
        return &program_tend;
}

static int misuse(const struct parse *p, const char *problem, const char *option) {
        char text[256];

        (void) snprintf(text, sizeof(text), "%s '%s'", problem, option);
        return p->program->misuse(p, text);
}

static const struct option *find_letter(const struct program *program, char letter) {
        for (const struct option *o = program->options; o->act; o++)
                if (o->letter == letter)
                        return o;
        return NULL;
}

/* The row of that word; or, where that is allowed, the only one that begins with it. */
static const struct option *find_word(const struct program *program, const char *word, size_t length) {
        const struct option *only = NULL;
        unsigned n_found = 0;

        for (const struct option *o = program->options; o->act; o++) {
                if (!o->word || strncmp(o->word, word, length) != 0)
                        continue;
                if (o->word[length] == '\0')
                        return o;
                only = o;
                n_found++;
        }
        return program->abbreviates && n_found == 1 ? only : NULL;
}

/* `--word`, `--word=value` or `--word value`: *at moves on to the last argument that was used. */
static int read_word(struct parse *p, char **argv, int *at) {
        char *word = argv[*at] + 2, *equals = strchr(word, '=');
        size_t length = equals ? (size_t) (equals - word) : strlen(word);
        const struct option *o = find_word(p->program, word, length);

        if (!o)
                return misuse(p, "unrecognized option", argv[*at]);
        if (!o->takes_value && equals)
                return misuse(p, "no value belongs to option", argv[*at]);
        if (!o->takes_value)
                return o->act(p, NULL);
        if (!equals && !argv[*at + 1])
                return misuse(p, "a value is missing after option", argv[*at]);
        return o->act(p, equals ? equals + 1 : argv[++*at]);
}

/* `-a`, `-abc`, `-oVALUE` or `-o VALUE`. */
static int read_letters(struct parse *p, char **argv, int *at) {
        for (const char *letter = argv[*at] + 1; *letter; letter++) {
                const struct option *o = find_letter(p->program, *letter);
                if (!o)
                        return misuse(p, "invalid option", (char[]){ '-', *letter, '\0' });
                if (o->takes_value && !letter[1] && !argv[*at + 1])
                        return misuse(p, "a value is missing after option", (char[]){ '-', *letter, '\0' });
                if (o->takes_value)
                        return o->act(p, letter[1] ? letter + 1 : argv[++*at]);

                int code = o->act(p, NULL);
                if (code != GO_ON)
                        return code;
        }
        return GO_ON;
}

/* Options end at `--` or at the first word that is none. */
static int read_options(struct parse *p, char **argv, int *at) {
        for (; argv[*at] && argv[*at][0] == '-' && argv[*at][1]; ++*at) {
                if (strcmp(argv[*at], "--") == 0) {
                        ++*at;
                        break;
                }
                bool is_word = argv[*at][1] == '-';
                int code = is_word ? read_word(p, argv, at) : read_letters(p, argv, at);
                if (code != GO_ON)
                        return code;
        }
        return GO_ON;
}

static int read_variables(struct parse *p) {
        for (const struct variable *v = p->program->variables; v && v->act; v++) {
                const char *value = getenv(v->name);
                int code = value ? v->act(p, value) : GO_ON;
                if (code != GO_ON)
                        return code;
        }
        return GO_ON;
}

bool dropin_is_known(const char *argv0) {
        return find_program(argv0) != &program_tend;
}

int dropin_main(int argc, char **argv) {
        static char nameless[] = "";
        const char *argv0 = argc > 0 ? argv[0] : nameless;
        const struct program *program = find_program(argv0);
        struct parse p = {
                .program = program,
                .argv0 = argv0,
                .is_only = argc == 2,
                .single = {
                        .persona = program->persona,
                        .place = program->place,
                        .group = program->group,
                        .subreaper = program->subreaper,
                        .no_wait = program->no_wait,
                        .verbosity = program->verbosity,
                        .stop_budget = 9 * USEC_PER_SEC,
                },
        };
        int at = MIN(argc, 1);

        signal_map_init(&p.single.map);
        int code = read_options(&p, argv, &at);
        if (code == GO_ON && !argv[at] && !p.pauses)
                code = program->misuse(&p, NULL);
        if (code == GO_ON)
                code = read_variables(&p);
        if (code != GO_ON)
                return code;

        if (program->complete)
                program->complete(&p);
        p.single.argv = p.pauses ? NULL : argv + at;
        return single_run(&p.single);
}
