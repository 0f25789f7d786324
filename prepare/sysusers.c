#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/parse.h"
#include "base/text.h"
#include "config/expand.h"
#include "prepare/accounts.h"
#include "prepare/lists.h"
#include "prepare/sysusers.h"

/* NOLINTBEGIN(misc-no-recursion): once, with the lock */

#define SPECIFIERS "aAbBHlmMoTvVwW%"
#define ID_MOST    999  /* of an account that chooses none; the highest that is free */
#define LOCKED     "!*" /* a password that none is */

/* The fields of a line. */
enum { TYPE, NAME, ID, GECOS, HOME, SHELL, FIELDS };

struct wish {
        char *fields[FIELDS]; /* owned; NULL: "-", or not there */
        char *file;           /* owned */
        unsigned line;
};

struct range {
        uint32_t from, to;
};

struct wishes {
        struct wish *list; /* owned */
        size_t n;
        struct range *ranges; /* owned; of "r" */
        size_t n_ranges;
        struct diags *diags;
};

static void free_wish(const struct wish *w) {
        for (size_t i = 0; i < FIELDS; i++)
                free(w->fields[i]);
        free(w->file);
}

static int refuse(const struct wishes *w, const char *file, unsigned line, const char *what,
                  const char *why) {
        (void) diag(w->diags, file, line, -EINVAL, "%s: %s", what, why);
        return 0;
}

/* --- Reading. */

static int expand(const struct wishes *w, const char *file, unsigned line, char **word) {
        struct unit nobody = { .name = (char[]){ "sysusers.service" } };
        char *expanded = NULL;

        for (const char *p = strchr(*word, '%'); p && p[1] != '\0'; p = strchr(p + 2, '%'))
                if (!strchr(SPECIFIERS, p[1]))
                        return refuse(w, file, line, *word, "no such specifier");
        int r = expand_specifiers(*word, &nobody, NULL, &expanded);
        if (r < 0)
                return r == -ENOMEM ? r : refuse(w, file, line, *word, strerror(-r));
        free(*word);
        *word = expanded;
        return 1;
}

static bool is_account_name(const char *name) {
        size_t n = strlen(name);

        return n > 0 && n <= 31 && strchr("0123456789-", *name) == NULL &&
               strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == n;
}

/* No field may end its line of /etc/passwd, or be two. */
static const char *find_fault(const struct wish *x) {
        const char *type = x->fields[TYPE];

        if (!strchr("ugmr", *type) || (type[1] != '\0' && strcmp(type, "u!") != 0))
                return "no such type of a line";
        if (*type != 'r' && (!x->fields[NAME] || !is_account_name(x->fields[NAME])))
                return "not a name for an account";
        if (*type == 'm' && (!x->fields[ID] || !is_account_name(x->fields[ID])))
                return "not a name for a group";
        if (*type == 'r' && !x->fields[ID])
                return "a range is missing";
        for (size_t i = GECOS; i < FIELDS; i++) {
                if (x->fields[i] && strpbrk(x->fields[i], ":\n"))
                        return "a colon cannot be written to /etc/passwd";
                if (i > GECOS && x->fields[i] && *x->fields[i] != '/')
                        return "not an absolute path";
        }
        return NULL;
}

static int read_fields(const struct wishes *w, struct wish *x, const char *at) {
        int r = 1;

        for (size_t i = 0; i < FIELDS && r > 0; i++) {
                int n = text_next_word(&at, &x->fields[i]);

                if (n == -ENOMEM)
                        return n;
                if (n < 0)
                        return refuse(w, x->file, x->line, at,
                                      "a quote that is not closed, or an escape that does not exist");
                if (n == 0)
                        break;
                if (strcmp(x->fields[i], "-") == 0 || *x->fields[i] == '\0') {
                        free(x->fields[i]);
                        x->fields[i] = NULL;
                } else if (i > TYPE)
                        r = expand(w, x->file, x->line, &x->fields[i]);
        }
        if (r > 0 && !x->fields[TYPE])
                return refuse(w, x->file, x->line, "-", "no such type of a line");
        const char *fault = r > 0 ? find_fault(x) : NULL;
        return fault ? refuse(w, x->file, x->line, x->fields[NAME] ? x->fields[NAME] : x->fields[TYPE], fault)
                     : r;
}

static int add_range(struct wishes *w, const struct wish *x) {
        struct range range;
        char *dash = strchr(x->fields[ID], '-');

        if (dash)
                *dash = '\0';
        if (parse_unsigned(x->fields[ID], UINT32_MAX - 2, &range.from) < 0 ||
            parse_unsigned(dash ? dash + 1 : x->fields[ID], UINT32_MAX - 2, &range.to) < 0 ||
            range.from > range.to)
                return refuse(w, x->file, x->line, x->fields[ID], "not a range of numbers");
        struct range *longer = reallocarray(w->ranges, w->n_ranges + 1, sizeof(*longer));
        if (!longer)
                return -ENOMEM;
        w->ranges = longer;
        longer[w->n_ranges++] = range;
        return 0;
}

/* The first of two of the same name and type wins. */
static bool is_one_too_many(const struct wishes *w, const struct wish *x) {
        for (size_t i = 0; i < w->n; i++) {
                const struct wish *other = &w->list[i];

                if (*other->fields[TYPE] != *x->fields[TYPE] || *x->fields[TYPE] == 'm' ||
                    strcmp(other->fields[NAME], x->fields[NAME]) != 0)
                        continue;
                for (size_t k = ID; k < FIELDS; k++)
                        if (!other->fields[k] != !x->fields[k] ||
                            (x->fields[k] && strcmp(other->fields[k], x->fields[k]) != 0)) {
                                (void) diag(w->diags, x->file, x->line, 0,
                                            "%s: %s:%u has said it differently; ignored", x->fields[NAME],
                                            other->file, other->line);
                                break;
                        }
                return true;
        }
        return false;
}

static int take_line(void *context, const char *file, unsigned line, char *text) {
        struct wishes *w = context;
        struct wish x = { .file = strdup(file), .line = line };
        int r = x.file ? read_fields(w, &x, text) : -ENOMEM;

        if (r > 0 && *x.fields[TYPE] == 'r')
                r = add_range(w, &x);
        if (r > 0 && !is_one_too_many(w, &x)) {
                struct wish *longer = reallocarray(w->list, w->n + 1, sizeof(*longer));

                if (longer) {
                        w->list = longer;
                        longer[w->n++] = x;
                        return 0;
                }
                r = -ENOMEM;
        }
        free_wish(&x);
        return MIN(r, 0);
}

/* --- Numbers. */

/* Nobody's, or but for the other half of the same account. */
static bool is_free(const struct accounts *a, uint32_t id, const char *name, bool is_user,
                    bool look_at_both) {
        const struct account *same = account_numbered(is_user ? &a->users : &a->groups, id);
        const struct account *other = account_numbered(is_user ? &a->groups : &a->users, id);

        return !same && (!look_at_both || !other || strcmp(other->name, name) == 0);
}

/* The highest number that is free, of those in the ranges or of a system's own. 0: there is none. */
static uint32_t find_id(const struct wishes *w, const struct accounts *a, const char *name, bool is_user,
                        bool look_at_both) {
        uint32_t top = ID_MOST, found = 0;

        for (size_t i = 0; i < w->n_ranges; i++)
                top = i == 0 ? w->ranges[i].to : MAX(top, w->ranges[i].to);
        for (uint32_t id = top; id > 0 && found == 0; id--) {
                bool is_in = w->n_ranges == 0;

                for (size_t i = 0; i < w->n_ranges && !is_in; i++)
                        is_in = id >= w->ranges[i].from && id <= w->ranges[i].to;
                if (is_in && is_free(a, id, name, is_user, look_at_both))
                        found = id;
        }
        return found;
}

/* What the line says of numbers: "-", "12", "12:34", "12:group", or a file whose owner has it. */
struct numbers {
        bool has_uid, has_gid;
        uint32_t uid, gid;
        const char *group; /* borrowed */
};

static int read_numbers(const struct wish *x, struct numbers *ret) {
        struct numbers n = {};
        struct stat st;
        const char *word = x->fields[ID];
        bool is_user = *x->fields[TYPE] == 'u';

        *ret = n;
        if (!word)
                return 0;
        if (*word == '/') {
                n.has_uid = n.has_gid = stat(word, &st) >= 0;
                n.uid = n.has_uid ? st.st_uid : 0;
                n.gid = n.has_gid ? st.st_gid : 0;
                n.has_uid &= is_user;
                n.has_gid &= !is_user;
                *ret = n;
                return 0;
        }
        autofree char *first = strndup(word, strcspn(word, ":"));
        const char *colon = strchr(word, ':');
        if (!first)
                return -ENOMEM;
        uint32_t id = 0;
        bool has_id = strcmp(first, "-") != 0;
        if (has_id && parse_unsigned(first, UINT32_MAX - 2, &id) < 0)
                return -EINVAL;
        if (colon && !is_user)
                return -EINVAL;
        n.has_uid = has_id && is_user;
        n.has_gid = has_id && !is_user;
        n.uid = n.gid = id;
        if (colon) {
                n.has_gid = parse_unsigned(colon + 1, UINT32_MAX - 2, &n.gid) >= 0;
                n.group = n.has_gid ? NULL : colon + 1;
        }
        *ret = n;
        return 0;
}

/* --- Making. */

static int say_full(const struct wishes *w, const struct wish *x, const char *name) {
        (void) diag(w->diags, x->file, x->line, -ENOSPC, "%s: no number is free for it", name);
        return 0;
}

static int make_group(const struct wishes *w, struct accounts *a, const struct wish *x, const char *name,
                      const struct numbers *n) {
        uint32_t id = 0;

        if (account_named(&a->groups, name))
                return 0;
        if (n->has_gid && is_free(a, n->gid, name, false, true))
                id = n->gid;
        else if (n->has_uid && is_free(a, n->uid, name, false, true))
                id = n->uid;
        else
                id = find_id(w, a, name, false, true);
        if (id == 0)
                return say_full(w, x, name);
        return account_add(&a->groups, name, id, text_format("%s:x:%u:", name, id),
                           text_format("%s:" LOCKED "::", name));
}

static const char *or_else(const char *word, const char *otherwise) {
        return word ? word : otherwise;
}

static int add_user(struct accounts *a, const struct wish *x, const char *name, uint32_t uid, uint32_t gid) {
        bool is_full = *x->fields[TYPE] == 'u'; /* else a line that only mentions it */
        const char *gecos = is_full ? or_else(x->fields[GECOS], "") : "";
        const char *home = is_full ? or_else(x->fields[HOME], "/") : "/";
        const char *shell = is_full ? x->fields[SHELL] : NULL;
        long long days = (long long) (time(NULL) / (24 * 3600));

        if (!shell)
                shell = uid == 0 ? "/bin/sh" : "/usr/sbin/nologin";
        return account_add(&a->users, name, uid,
                           text_format("%s:x:%u:%u:%s:%s:%s", name, uid, gid, gecos, home, shell),
                           text_format("%s:" LOCKED ":%lld::::::", name, days));
}

static int make_user(const struct wishes *w, struct accounts *a, const struct wish *x, const char *name,
                     const struct numbers *n) {
        uint32_t uid = 0;

        if (account_named(&a->users, name))
                return 0;
        int r = n->group || n->has_gid ? 0 : make_group(w, a, x, name, n);
        if (r < 0)
                return r;
        const struct account *group = account_named(&a->groups, n->group ? n->group : name);
        if (!group && !n->has_gid) {
                (void) diag(w->diags, x->file, x->line, -ESRCH, "%s: there is no group %s", name,
                            n->group ? n->group : name);
                return 0;
        }
        uint32_t gid = n->has_gid ? n->gid : group->id;
        bool is_apart = n->group || n->has_gid;
        if (n->has_uid && is_free(a, n->uid, name, true, !is_apart))
                uid = n->uid;
        else if (is_free(a, gid, name, true, !is_apart) && !is_apart)
                uid = gid;
        else
                uid = find_id(w, a, name, true, !is_apart);
        if (uid == 0 && !(n->has_uid && n->uid == 0))
                return say_full(w, x, name);
        return add_user(a, x, name, uid, gid);
}

static int make_member(const struct wishes *w, struct accounts *a, const struct wish *x) {
        static const struct numbers any = {};
        int r = make_group(w, a, x, x->fields[ID], &any);

        if (r == 0)
                r = make_user(w, a, x, x->fields[NAME], &any);
        return r == 0 ? accounts_add_member(a, x->fields[NAME], x->fields[ID]) : r;
}

static int make_one(const struct wishes *w, struct accounts *a, const struct wish *x) {
        struct numbers n;

        if (*x->fields[TYPE] == 'm')
                return make_member(w, a, x);
        int r = read_numbers(x, &n);
        if (r < 0)
                return r == -ENOMEM ? r
                                    : refuse(w, x->file, x->line, x->fields[ID], "not a number, nor a path");
        return *x->fields[TYPE] == 'g' ? make_group(w, a, x, x->fields[NAME], &n)
                                       : make_user(w, a, x, x->fields[NAME], &n);
}

/* Groups first, which users may name. */
static int make_all(const struct wishes *w, struct accounts *a) {
        int r = 0;

        for (const char *type = "gum"; *type != '\0'; type++)
                for (size_t i = 0; i < w->n && r == 0; i++)
                        if (*w->list[i].fields[TYPE] == *type)
                                r = make_one(w, a, &w->list[i]);
        return r;
}

static int say_not_written(const struct wishes *w, int error) {
        size_t n = 0;

        for (size_t i = 0; i < w->n; i++)
                n += *w->list[i].fields[TYPE] != 'm';
        (void) diag(w->diags, "/etc/passwd", 0, error, "the accounts that %s asks for are not made: %s",
                    n > 0 ? w->list[0].file : "sysusers.d", strerror(-error));
        return error == -ENOMEM ? error : 0;
}

/* Once to see whether anything is lacking, and then with the lock. */
static int carry_out(struct wishes *w, bool lock) {
        struct diags *said = w->diags, silent = {};
        struct accounts a;
        int r = accounts_init(&a, lock);

        if (r < 0)
                return say_not_written(w, r);
        if (!lock)
                w->diags = &silent;
        r = make_all(w, &a);
        w->diags = said;
        bool is_lacking = accounts_have_changed(&a) || silent.n > 0;
        diags_done(&silent);
        if (r == 0 && lock && accounts_have_changed(&a)) {
                int e = accounts_write(&a);

                r = e < 0 ? say_not_written(w, e) : 0;
        }
        accounts_done(&a);
        return r == 0 && !lock && is_lacking ? carry_out(w, true) : r;
}

int sysusers_run(struct diags *d) {
        struct wishes w = { .diags = d };
        int r = lists_read("sysusers.d", d, take_line, &w);

        if (r == 0 && w.n > 0)
                r = carry_out(&w, false);
        for (size_t i = 0; i < w.n; i++)
                free_wish(&w.list[i]);
        free(w.list);
        free(w.ranges);
        return r;
}

/* NOLINTEND(misc-no-recursion) */
