/* `tend check --explain`: the manual as the tables have it, for a screen or for tend.ini(5). */
#include <string.h>
#include <strings.h>

#include "config/remark.h"
#include "config/suggest.h"
#include "config/value.h"
#include "control/json.h"
#include "control/verb.h"
#include "supervisor/link.h"
#include "supervisor/state.h"

#define SCREEN_WIDTH 80

static const char *or_unset(const char *fallback) {
        return fallback[0] == '\0' ? "unset" : fallback;
}

static const char *where_written(const struct setting *s) {
        return s->owner == OWNER_CONTAINER ? "[tend]" : "a unit";
}

static bool has_two_defaults(const struct setting *s) {
        return s->owner == OWNER_UNIT && strcmp(setting_fallback(s, false), setting_fallback(s, true)) != 0;
}

/* "on-failure in tend.ini, no in a unit file", or the one that holds for both. */
static void print_default(const struct setting *s, void (*print)(const char *text)) {
        print(or_unset(setting_fallback(s, true)));
        if (!has_two_defaults(s))
                return;
        (void) fputs(" in tend.ini, ", stdout);
        print(or_unset(setting_fallback(s, false)));
        (void) fputs(" in a unit file", stdout);
}

static void plain_text(const char *text) {
        (void) fputs(text, stdout);
}

static void explain_json(const struct setting *s, bool is_first) {
        json_member(stdout, is_first ? "\n{" : ",\n{", "key", s->key);
        json_member(stdout, ",", "section", s->owner == OWNER_CONTAINER ? "tend" : s->section);
        json_member(stdout, ",", "help", s->help);
        printf(",\"carried_out\":%s,\"extension\":%s", setting_is_carried_out(s) ? "true" : "false",
               s->extension ? "true" : "false");
        json_member(stdout, ",", "values", s->values);
        json_member(stdout, ",", "default", setting_fallback(s, true));
        json_member(stdout, ",", "default_of_unit_files", setting_fallback(s, s->owner == OWNER_CONTAINER));
        putchar('}');
}

static void explain(const struct setting *s, bool is_first maybe_unused) {
        printf("%s=\n  %s\n", s->key, s->help);
        if (!setting_is_carried_out(s))
                return;
        printf("  in:       %s", where_written(s));
        if (s->owner == OWNER_UNIT)
                printf(" (a unit file's [%s])", s->section);
        if (s->values)
                printf("\n  takes:    %s", s->values);
        (void) fputs("\n  default:  ", stdout);
        print_default(s, plain_text);
        if (s->extension)
                (void) fputs("\n  an extension of tend: systemd does not know it", stdout);
        putchar('\n');
}

/* In any case of letters, with or without the "=". */
static bool is_named(const struct setting *s, const char *word) {
        size_t length = strcspn(word, "=");

        return strlen(s->key) == length && strncasecmp(s->key, word, length) == 0;
}

static int complain(const char *key) {
        struct suggest s;
        char hint[128];

        suggest_init(&s, key);
        for (size_t i = 0; i < n_settings; i++)
                suggest_offer(&s, settings[i].key);

        if (s.best)
                (void) snprintf(hint, sizeof(hint), "did you mean %s=?", s.best);
        return verb_complain("check", "no such setting", key,
                             s.best ? hint : "`tend check --explain` lists all of them");
}

static void list(enum setting_owner owner) {
        for (size_t i = 0; i < n_settings; i++)
                if (settings[i].owner == owner && setting_is_carried_out(&settings[i]))
                        printf("  %-26s %s\n", settings[i].key, settings[i].help);
}

/* Their names are all there is to say: as many on a line as fit. */
static void list_names(bool (*is_listed)(const struct setting *s)) {
        size_t column = 0;

        for (size_t i = 0; i < n_settings; i++) {
                if (!is_listed(&settings[i]))
                        continue;
                size_t length = strlen(settings[i].key) + 1;
                bool new_line = column == 0 || column + length > SCREEN_WIDTH;

                printf("%s%s", column == 0 ? "  " : new_line ? "\n  " : " ", settings[i].key);
                column = (new_line ? 1 : column) + length;
        }
        putchar('\n');
}

static bool is_kind(const struct setting *s, enum remark_kind kind) {
        const struct remark_row *row = s->table;

        return s->parse == value_remark && remark_kind(row->remark) == kind;
}

static bool is_hardening(const struct setting *s) {
        return is_kind(s, REMARK_KIND_HARDENING);
}

static bool is_idle(const struct setting *s) {
        return is_kind(s, REMARK_KIND_IDLE);
}

static bool is_vital(const struct setting *s) {
        return is_kind(s, REMARK_KIND_VITAL);
}

/* What is known from systemd besides, and what becomes of it. */
static const struct {
        const char *title, *about;
        bool (*is_listed)(const struct setting *s);
} others[] = {
        { "Hardening that is read and not enforced",
          "A unit that sets any of these is told so, in one line:", is_hardening },
        { "Taken, and without meaning in a container", "The same line says so of these:", is_idle },
        { "What a unit is refused for", "It would need a view of its own of the container:", is_vital },
        { "Known from systemd, and not carried out",
          "Each of these is a warning that says so by name:", setting_is_later },
};

static int list_all(void) {
        puts("[tend], the container:");
        list(OWNER_CONTAINER);
        puts("\nUnits:");
        list(OWNER_UNIT);
        for (size_t i = 0; i < countof(others); i++) {
                printf("\n%s:\n", others[i].title);
                list_names(others[i].is_listed);
        }
        return EXIT_FINE;
}

/* Text in roff: nothing in it may be taken for a request or an escape. */
static void roff_text(const char *text) {
        if (*text == '.' || *text == '\'')
                (void) fputs("\\&", stdout);
        for (; *text; text++) {
                if (*text == '\\')
                        (void) fputs("\\e", stdout);
                else if (*text == '-')
                        (void) fputs("\\-", stdout);
                else
                        putchar(*text);
        }
}

static void roff_setting(const struct setting *s) {
        printf(".TP\n\\fB%s=\\fR", s->key);
        if (s->values) {
                (void) fputs(" \\fI", stdout);
                roff_text(s->values);
                (void) fputs("\\fR", stdout);
        }
        putchar('\n');
        roff_text(s->help);
        (void) fputs("\n.br\nDefault: ", stdout);
        print_default(s, roff_text);
        puts(s->extension ? ". An extension." : ".");
}

static void roff_section(const char *title, enum setting_owner owner) {
        printf(".SS %s\n", title);
        for (size_t i = 0; i < n_settings; i++)
                if (settings[i].owner == owner && setting_is_carried_out(&settings[i]))
                        roff_setting(&settings[i]);
}

static int roff_all(void) {
        roff_section("The container: [tend]", OWNER_CONTAINER);
        roff_section("Units", OWNER_UNIT);
        for (size_t k = 0; k < countof(others); k++) {
                const char *between = "";

                printf(".SS %s\n%s\n", others[k].title, others[k].about);
                for (size_t i = 0; i < n_settings; i++)
                        if (others[k].is_listed(&settings[i])) {
                                printf("%s%s=", between, settings[i].key);
                                between = ",\n";
                        }
                puts(".");
        }
        return EXIT_FINE;
}

static void print_states(uint32_t set) {
        const char *between = "";

        if (set == STATE_BIT(STATE_COUNT) - 1)
                (void) fputs("any state", stdout);
        for (enum state s = 0; s < STATE_COUNT && set != STATE_BIT(STATE_COUNT) - 1; s++)
                if (STATE_IN(s, set)) {
                        printf("%s%s", between, state_word(s));
                        between = ", ";
                }
}

/* The table that PID 1 goes by. What is heard and means nothing is left out. */
static int explain_states(void) {
        puts("In STATE, on EVENT, if GUARD: the next state. The first rule that fits is taken.");
        for (size_t i = 0; i < n_state_rules; i++) {
                const struct rule *rule = &state_rules[i];
                bool is_guarded = strcmp(rule->when_word, "always") != 0;

                if (rule->to == STATE_SAME && rule->effects == 0)
                        continue;
                print_states(rule->from);
                printf("\n        on %s%s%s: %s\n", event_word(rule->on), is_guarded ? ", if " : "",
                       is_guarded ? rule->when_word : "",
                       rule->to == STATE_SAME ? "as before" : state_word(rule->to));
        }
        return EXIT_FINE;
}

static void print_links(uint16_t links, const char *from, const char *to) {
        for (unsigned i = 0; i < LINK_KINDS; i++) {
                const char *words = link_words(i), *place = strstr(words, "%s");

                if (!(links >> i & 1U) || !place)
                        continue;
                printf("        %s: %.*s%s%s\n", from, (int) (place - words), words, to,
                       place + strlen("%s"));
        }
}

/* What each dependency comes to, as PID 1 has it. */
static int explain_dependencies(void) {
        for (enum bond b = 0; b < BOND_COUNT; b++) {
                if (bond_links[b].forward == 0 && bond_links[b].back == 0)
                        continue; /* order alone */
                printf("[a] %s=b\n", bond_word(b));
                print_links(bond_links[b].forward, "a", "b");
                print_links(bond_links[b].back, "b", "a");
        }
        return EXIT_FINE;
}

/* Those that the word names, all of them where it is NULL. `found` so far; returns how many there are then.
 */
static size_t explain_named(const char *word, bool as_json, size_t found) {
        for (size_t i = 0; i < n_settings; i++)
                if (!word || is_named(&settings[i], word))
                        (as_json ? explain_json : explain)(&settings[i], found++ == 0);
        return found;
}

static int explain_keys(const struct request *r) {
        size_t found = 0;
        int code = EXIT_FINE;

        (void) fputs(r->json ? "{\"settings\":[" : "", stdout);
        if (r->n_words == 0)
                (void) explain_named(NULL, r->json, found);
        for (size_t i = 0; i < r->n_words; i++) {
                size_t before = found;
                found = explain_named(r->words[i], r->json, found);
                if (found == before)
                        code = complain(r->words[i]);
        }
        (void) fputs(r->json ? "\n]}\n" : "", stdout);
        return code;
}

int explain_main(const struct request *r) {
        if (r->roff)
                return roff_all();
        if (r->n_words == 0)
                return r->json ? explain_keys(r) : list_all();
        if (strcmp(r->words[0], "states") == 0 && !r->json)
                return explain_states();
        if (strcmp(r->words[0], "dependencies") == 0 && !r->json)
                return explain_dependencies();
        return explain_keys(r);
}
