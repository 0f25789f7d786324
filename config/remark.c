#include "config/remark.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/parse.h"
#include "base/text.h"
#include "config/setup.h"
#include "config/user.h"
#include "config/value.h"

enum form { FORM_BOOL, FORM_WORD, FORM_TEXT, FORM_PATHS, FORM_BINDS, FORM_FAMILIES, FORM_CALLS, FORM_LEVEL };

#define REMARK_ROW(key, kind, form, words) [REMARK_##key] = { #key, words, REMARK_KIND_##kind, FORM_##form },
static const struct {
        const char *key, *words;
        uint8_t kind, form;
} rows[] = { REMARKS(REMARK_ROW) };

/* The sets of system calls of systemd.exec(5), "SystemCallFilter=". */
static const char call_sets[] =
        " aio basic-io chown clock cpu-emulation debug default file-system io-event ipc keyring known "
        "memlock module mount network-io obsolete pkey privileged process raw-io reboot resources sandbox "
        "setuid signal swap sync system-service timer ";

const char *remark_key(enum remark r) {
        return rows[r].key;
}

enum remark_kind remark_kind(enum remark r) {
        return rows[r].kind;
}

bool remark_is_set(const struct unit *u, enum remark r) {
        return u->setup && (u->setup->remarks[r / 64] >> (r % 64) & 1);
}

/* --- How each is read: 1 where it asks for something, 0 where it asks for what holds anyway, or an error
 * that has been told. */

static bool is_among(const char *words, const char *word, size_t n) {
        for (const char *at = words; n > 0 && (at = strstr(at, word)); at++)
                if ((at == words || at[-1] == ' ') && (at[n] == '\0' || at[n] == ' '))
                        return true;
        return false;
}

/* 0, or an error that has been told: each word must be right. */
static int check_each(const struct assignment *a,
                      bool (*is_right)(const struct assignment *a, const char *word), const char *what) {
        bool invert = *a->value == '~';
        const char *list = a->value + invert + strspn(a->value + invert, " \t");
        autostrv char **words = NULL;

        if (text_split(list, &words) < 0)
                return value_reject(a, "a quote that is not closed, or an escape that does not exist");
        for (size_t i = 0; words && words[i]; i++) {
                autofree char *word = NULL;
                int r = value_expand(a, words[i], &word);

                if (r < 0)
                        return r;
                if (!is_right(a, word))
                        return value_reject(a, "'%.64s' is not %s", word, what);
        }
        return 1;
}

static const char *words_of(const struct assignment *a) {
        const struct remark_row *row = a->setting->table;

        return rows[row->remark].words;
}

static bool is_named(const struct assignment *a, const char *word) {
        return is_among(words_of(a), word, strlen(word));
}

static bool is_path(const struct assignment *a maybe_unused, const char *word) {
        return word[strspn(word, "-+")] == '/';
}

static bool is_bind(const struct assignment *a maybe_unused, const char *word) {
        const char *colon = strchr(word, ':');

        return word[*word == '-'] == '/' && (!colon || colon[1] == '/' || word == colon ||
                                             strcmp(a->setting->key, "TemporaryFileSystem") == 0);
}

static bool is_family(const struct assignment *a maybe_unused, const char *word) {
        return text_starts(word, "AF_");
}

static bool is_call(const struct assignment *a maybe_unused, const char *word) {
        size_t n = strcspn(word, ":");
        autofree char *name = strndup(word, n);

        if (!name || *name == '@')
                return name && is_among(call_sets, name + 1, n - 1);
        return n > 0 && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == n;
}

static int read_bool(const struct assignment *a) {
        const char *words = words_of(a);
        bool yes;

        if (parse_bool(a->value, &yes) == 0)
                return yes;
        if (*words == '\0' || (*a->value == '~' && *words != '~'))
                return value_reject(a, "neither yes nor no");
        return check_each(a, is_named, words);
}

static int read_word(const struct assignment *a) {
        const char *words = words_of(a);

        if (!is_named(a, a->value))
                return value_reject(a, "not one of: %s", words);
        return strncmp(words, a->value, strlen(a->value)) != 0;
}

static int read_families(const struct assignment *a) {
        return strcmp(a->value, "none") == 0 ? 1 : check_each(a, is_family, "an address family (AF_INET)");
}

static int read_level(const struct assignment *a) {
        static const char levels[] = "emerg alert crit err warning notice info debug 0 1 2 3 4 5 6 7";

        return is_among(levels, a->value, strlen(a->value)) ? 1 : value_reject(a, "not one of: %s", levels);
}

static int read_form(const struct assignment *a, enum form form) {
        switch (form) {
        case FORM_BOOL:
                return read_bool(a);
        case FORM_WORD:
                return read_word(a);
        case FORM_TEXT:
                return 1;
        case FORM_PATHS:
                return check_each(a, is_path, "an absolute path");
        case FORM_BINDS:
                return check_each(a, is_bind, "an absolute path, or two of them as SOURCE:DESTINATION");
        case FORM_FAMILIES:
                return read_families(a);
        case FORM_CALLS:
                return check_each(a, is_call,
                                  "the name of a system call or of a set of them (@system-service)");
        case FORM_LEVEL:
                return read_level(a);
        }
        return 1;
}

int value_remark(const struct assignment *a) {
        const struct remark_row *row = a->setting->table;
        int on = *a->value == '\0' ? 0 : read_form(a, rows[row->remark].form);
        uint64_t bit = UINT64_C(1) << (row->remark % 64);

        if (on < 0 || (on == 0 && !a->unit->setup))
                return MIN(on, 0);
        if (!a->unit->setup)
                a->unit->setup = setup_new();
        if (!a->unit->setup)
                return value_out_of_memory(a);
        uint64_t *word = &a->unit->setup->remarks[row->remark / 64];
        *word = on > 0 ? *word | bit : *word & ~bit;
        return 0;
}

/* --- What is told. */

/* "words: A= B=", behind what is there already. */
static void put_names(const struct unit *u, enum remark_kind kind, const char *words, FILE *out,
                      bool *begun) {
        bool first = true;

        for (enum remark r = 0; r < REMARK_COUNT; r++) {
                if (rows[r].kind != kind || !remark_is_set(u, r))
                        continue;
                if (first)
                        (void) fprintf(out, "%s%s:", *begun ? "; " : "", words);
                (void) fprintf(out, " %s=", rows[r].key);
                first = false;
                *begun = true;
        }
}

static int refuse(const struct unit *u, struct diags *d) {
        int worst = 0;

        for (enum remark r = 0; r < REMARK_COUNT; r++) {
                if (rows[r].kind != REMARK_KIND_VITAL || !remark_is_set(u, r))
                        continue;
                worst = diag(
                        d, u->file, u->line, -EOPNOTSUPP,
                        "%s: %s=: the service would need a view of its own of the container, which tend does "
                        "not make; without it the service is another one, so it is refused, as by systemd",
                        u->name, rows[r].key);
                diag_hint(d, "give the container what it is to see, and reset it: an empty %s= in a drop-in",
                          rows[r].key);
        }
        return worst;
}

/* systemd takes the account of that name where there is one, and makes one up elsewhere. */
static int check_dynamic_user(const struct unit *u, struct diags *d) {
        struct user user;

        if (!remark_is_set(u, REMARK_DynamicUser) || !u->user || user_find(u->user, &user) != -ESRCH)
                return 0;
        (void) diag(d, u->file, u->line, -EOPNOTSUPP,
                    "%s: DynamicUser=: there is no user %s, and tend makes none up", u->name, u->user);
        diag_hint(d, "make an account of that name in the image, or name another one with User=");
        return -EOPNOTSUPP;
}

int remark_report(const struct unit *u, struct diags *d) {
        autofree char *words = NULL;
        bool begun = false;
        size_t size;

        if (!u->setup)
                return 0;
        FILE *out = open_memstream(&words, &size);
        if (!out)
                return -ENOMEM;
        put_names(u, REMARK_KIND_HARDENING, "not enforced", out, &begun);
        put_names(u, REMARK_KIND_IDLE, "without meaning in a container", out, &begun);
        if (fclose(out) != 0)
                return -ENOMEM;
        if (begun)
                (void) diag(d, u->file, u->line, 0, "%s: %s", u->name, words);
        int r = refuse(u, d);
        return r < 0 ? r : check_dynamic_user(u, d);
}
