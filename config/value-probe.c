/* ReadyWhen= and HealthCheck=: PID 1 does neither resolve nor connect nor wait. It runs tend itself for that,
 * by a command line that is made here, once. */

#include <string.h>

#include "base/text.h"
#include "config/probe.h"
#include "config/value.h"

#define OURSELVES "/proc/self/exe" /* the program that runs, also where its file was replaced */

/* What is behind exec: as a command line, by the rules of all others. */
struct line {
        struct command *command; /* owned */
};

static int parse_line(const struct assignment *a, const char *text, struct line *line) {
        struct setting inner = *a->setting;
        struct assignment same = *a;

        inner.field = offsetof(struct line, command);
        same.setting = &inner;
        same.object = line;
        same.value = text;
        int r = value_command(&same);
        if (r < 0)
                return r;
        if (!line->command)
                return value_reject(a, "there is no program");
        if (line->command->next)
                return value_reject(a, "one command at a time");
        if (line->command->flags & (COMMAND_IGNORE_FAILURE | COMMAND_ARGV0))
                return value_reject(a, "the prefixes - and @ have no meaning here");
        return 0;
}

/* "tend probe … -- exec:CMD ARGS", or the target alone. PID 1 keeps the time of a check, and TimeoutStartSec=
 * that of a start. */
static int make_words(const struct assignment *a, const char *target, const struct command *line,
                      char ***ret) {
        const struct probe_row *row = a->setting->table;
        const char *const begin[] = { "tend",
                                      "probe",
                                      row->is_readiness ? "--wait" : "--timeout",
                                      "infinity",
                                      line && row->is_readiness ? "--timeout=infinity" : "--",
                                      line && row->is_readiness ? "--" : NULL };
        int r = 0;

        for (size_t i = 0; i < countof(begin) && begin[i] && r == 0; i++)
                r = strv_add(ret, begin[i]);
        if (r == 0)
                r = line ? strv_take(ret, text_format("exec:%s", line->argv[0])) : strv_add(ret, target);
        for (size_t i = 1; line && i < line->n && r == 0; i++)
                r = strv_add(ret, line->argv[i]);
        return r;
}

/* One with variables is looked at by the probe itself, when they are put in; what kind it is has to be
 * written. */
static const char *check_target(const char *target, bool is_readiness, struct probe *ret) {
        const char *wrong = probe_parse(target, ret);

        if (!wrong && ret->kind == PROBE_FD && !is_readiness)
                return "a descriptor tells of the start, not of health: it is for ReadyWhen= alone";
        if (!wrong || !strchr(target, '$'))
                return wrong;
        *ret = (struct probe){ .kind = PROBE_TCP, .fd = -1 };
        return text_starts(target, "tcp:") || text_starts(target, "http://") ||
                               text_starts(target, "unix:") || text_starts(target, "file:")
                       ? NULL
                       : wrong;
}

static int fill(const struct assignment *a, struct probe_spec *p) {
        const struct probe_row *row = a->setting->table;
        struct line line = {};
        struct probe probe;
        autostrv char **words = NULL;

        if (text_starts(a->value, "exec:")) {
                int r = parse_line(a, a->value + strlen("exec:"), &line);
                if (r == 0 && make_words(a, NULL, line.command, &words) == 0)
                        p->command =
                                value_make_command(COMMAND_ARGV0 | line.command->flags, OURSELVES, words);
                command_free(line.command);
                p->text = r == 0 ? strdup(a->value) : NULL;
                p->fd = -1;
                return r < 0 ? r : p->command && p->text ? 0 : value_out_of_memory(a);
        }
        int r = value_expand(a, a->value, &p->text);
        if (r < 0)
                return r;
        const char *wrong = check_target(p->text, row->is_readiness, &probe);
        if (wrong)
                return value_reject(a, "%s", wrong);
        p->fd = probe.kind == PROBE_FD ? probe.fd : -1;
        if (p->fd >= 0)
                return 0;
        if (make_words(a, p->text, NULL, &words) == 0)
                p->command = value_make_command(COMMAND_ARGV0, OURSELVES, words);
        return p->command ? 0 : value_out_of_memory(a);
}

int value_probe(const struct assignment *a) {
        struct probe_spec **field = (struct probe_spec **) (void *) ((char *) a->object + a->setting->field);
        struct probe_spec *made = NULL;

        if (*a->value != '\0') {
                made = calloc(1, sizeof(*made));
                int r = made ? fill(a, made) : value_out_of_memory(a);
                if (r < 0) {
                        probe_spec_free(made);
                        return r;
                }
        }
        probe_spec_free(*field);
        *field = made;
        return 0;
}

void value_print_probe(const struct setting *s, const void *object, FILE *out) {
        const struct probe_spec *const *p = (const void *) ((const char *) object + s->field);

        if (*p)
                (void) fprintf(out, "%s\n", (*p)->text);
}
