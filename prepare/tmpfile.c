#include <errno.h>
#include <string.h>

#include "base/base64.h"
#include "base/parse.h"
#include "base/text.h"
#include "config/expand.h"
#include "config/user.h"
#include "prepare/tmpfile.h"

/* Those that mean something where there is no unit. */
#define SPECIFIERS "aAbBCgGhHlLmMoStTuUvVwW%"

#define ATTRIBUTES "attributes and access lists are not set"

/* clang-format off */
static const struct tmpfile_kind kinds[] = {
        /* letter, deed              glob   owns   empties text   what it is about */
        { 'f', DEED_FILE,             false, true,  false, true,  NULL },
        { 'F', DEED_FILE,             false, true,  false, true,  NULL },
        { 'd', DEED_DIRECTORY,        false, true,  false, false, NULL },
        { 'D', DEED_DIRECTORY,        false, true,  true,  false, NULL },
        { 'v', DEED_DIRECTORY,        false, true,  false, false, NULL },
        { 'q', DEED_DIRECTORY,        false, true,  false, false, NULL },
        { 'Q', DEED_DIRECTORY,        false, true,  false, false, NULL },
        { 'e', DEED_ADJUST_DIRECTORY, true,  true,  false, false, NULL },
        { 'p', DEED_FIFO,             false, true,  false, false, NULL },
        { 'L', DEED_LINK,             false, true,  false, true,  NULL },
        { 'c', DEED_CHARACTER_DEVICE, false, true,  false, false, NULL },
        { 'b', DEED_BLOCK_DEVICE,     false, true,  false, false, NULL },
        { 'C', DEED_COPY,             false, true,  false, true,  NULL },
        { 'w', DEED_WRITE,            true,  true,  false, true,  NULL },
        { 'z', DEED_ADJUST,           true,  false, false, false, NULL },
        { 'm', DEED_ADJUST,           true,  false, false, false, NULL },
        { 'Z', DEED_ADJUST_ALL,       true,  false, false, false, NULL },
        { 'r', DEED_REMOVE,           true,  true,  false, false, NULL },
        { 'R', DEED_REMOVE_ALL,       true,  true,  false, false, NULL },
        { 'x', DEED_NOTHING,          true,  true,  false, false, NULL },
        { 'X', DEED_NOTHING,          true,  true,  false, false, NULL },
        { 't', DEED_NOT_DONE,         true,  false, false, false, ATTRIBUTES },
        { 'T', DEED_NOT_DONE,         true,  false, false, false, ATTRIBUTES },
        { 'h', DEED_NOT_DONE,         true,  false, false, false, ATTRIBUTES },
        { 'H', DEED_NOT_DONE,         true,  false, false, false, ATTRIBUTES },
        { 'a', DEED_NOT_DONE,         true,  false, false, false, ATTRIBUTES },
        { 'A', DEED_NOT_DONE,         true,  false, false, false, ATTRIBUTES },
};
/* clang-format on */

/* Where it is read, and what has been said of it. */
struct reading {
        const char *file;
        unsigned line;
        struct diags *diags;
        struct tmpfile *entry;
        bool decodes, is_credential;
};

/* Tells it; returns 0, the answer for a line that is passed over. */
static int refuse(const struct reading *r, const char *what, const char *why) {
        (void) diag(r->diags, r->file, r->line, -EINVAL, "%s: %s", what, why);
        return 0;
}

static const struct tmpfile_kind *find_kind(char letter) {
        for (size_t i = 0; i < countof(kinds); i++)
                if (kinds[i].letter == letter)
                        return &kinds[i];
        return NULL;
}

static int take_type(struct reading *r, const char *word) {
        struct tmpfile *e = r->entry;

        e->kind = find_kind(*word);
        if (!e->kind)
                return refuse(r, word, "no such type of a line");
        e->plus = *word == 'F';
        for (const char *at = word + 1; *at != '\0'; at++) {
                bool *const flags[] = { &e->plus, &e->quiet, &e->exact, &r->decodes, &r->is_credential };
                const char *letter = strchr("+-=~^", *at);

                if (letter)
                        *flags[letter - "+-=~^"] = true;
                else if (*at != '!')
                        return refuse(r, word, "no such modifier of a line");
        }
        return 1;
}

/* What has a name on every system but is not known to this one: the line is not for it. */
static bool is_not_known_yet(int error) {
        return error == -ENOENT || error == -ENODATA || error == -ENOMEDIUM || error == -EUNATCH;
}

static int expand(struct reading *r, const char *text, char **ret) {
        struct unit nobody = { .name = (char[]){ "tmpfiles.service" } };

        for (const char *p = strchr(text, '%'); p && p[1] != '\0'; p = strchr(p + 2, '%'))
                if (!strchr(SPECIFIERS, p[1]))
                        return refuse(r, text, "no such specifier");
        int e = expand_specifiers(text, &nobody, NULL, ret);
        if (e == -ENOMEM)
                return e;
        if (e < 0)
                return is_not_known_yet(e) ? 0 : refuse(r, text, strerror(-e));
        return 1;
}

/* Without double slashes and such a one at the end; what was /var/run is /run. */
static void simplify(char *path) {
        char *to = path;

        if (text_starts(path, "/var/run/"))
                memmove(path, path + strlen("/var"), strlen(path) - strlen("/var") + 1);
        for (const char *from = path; *from != '\0'; from++)
                if (*from != '/' || (from[1] != '/' && from[1] != '\0') || to == path)
                        if (*from != '/' || to == path || to[-1] != '/')
                                *to++ = *from;
        *to = '\0';
}

static int take_path(struct reading *r, const char *word) {
        int e = expand(r, word, &r->entry->path);

        if (e <= 0)
                return e;
        char *path = r->entry->path;
        if (*path != '/')
                return refuse(r, path, "not an absolute path");
        for (const char *p = strstr(path, "/.."); p; p = strstr(p + 1, "/.."))
                if (p[3] == '/' || p[3] == '\0')
                        return refuse(r, path, "a path with .. in it");
        simplify(path);
        return 1;
}

static int take_mode(struct reading *r, const char *word) {
        struct tmpfile *e = r->entry;

        for (; *word == '~' || *word == ':'; word++)
                *(*word == '~' ? &e->mask_mode : &e->new_mode) = true;
        if (parse_mode(word, &e->mode) < 0)
                return refuse(r, word, "not an octal mode");
        e->has_mode = true;
        return 1;
}

static int refuse_account(const struct reading *r, const char *kind, const char *name, int error) {
        (void) diag(r->diags, r->file, r->line, error, "%s: %s", name,
                    error == -ESRCH ? kind : strerror(-error));
        return 0;
}

static int take_user(struct reading *r, const char *word) {
        struct user user;

        r->entry->new_user = *word == ':';
        word += *word == ':';
        int e = user_find(word, &user);
        if (e < 0)
                return refuse_account(r, "there is no such user", word, e);
        r->entry->user = user.uid;
        r->entry->has_user = true;
        return 1;
}

static int take_group(struct reading *r, const char *word) {
        r->entry->new_group = *word == ':';
        word += *word == ':';
        int e = group_find(word, &r->entry->group);
        if (e < 0)
                return refuse_account(r, "there is no such group", word, e);
        r->entry->has_group = true;
        return 1;
}

/* Cleaning is not done; so this is only looked at for what could be taken for something else. */
static int take_age(struct reading *r maybe_unused, const char *word maybe_unused) {
        return 1;
}

static int take_text(struct reading *r, const char *text) {
        struct tmpfile *e = r->entry;
        autofree char *plain = NULL;

        if (r->decodes) {
                int error = base64_decode(text, &e->argument, &e->argument_size);
                return error == -EINVAL ? refuse(r, text, "not base64") : error < 0 ? error : 1;
        }
        int error = text_unescape(text, &plain);
        if (error < 0)
                return error == -ENOMEM ? error : refuse(r, text, "an escape that does not exist");
        error = expand(r, plain, &e->argument);
        if (error > 0)
                e->argument_size = strlen(e->argument);
        return error;
}

static int take_argument(struct reading *r, const char *text) {
        struct tmpfile *e = r->entry;

        if (*text == '\0' || strcmp(text, "-") == 0)
                return 1;
        if (e->kind->has_text)
                return take_text(r, text);
        e->argument = strdup(text);
        e->argument_size = strlen(text);
        return e->argument ? 1 : -ENOMEM;
}

/* Credentials come from whoever started the machine: a container has none, so that such a line is skipped. */
static int check(const struct reading *r) {
        const struct tmpfile *e = r->entry;
        bool writes = e->kind->deed == DEED_FILE || e->kind->deed == DEED_WRITE;

        if ((r->decodes || r->is_credential) && !writes)
                return refuse(r, e->path, "~ and ^ are for lines that write files");
        if (e->kind->deed == DEED_WRITE && !e->argument && !r->is_credential)
                return refuse(r, e->path, "there is nothing to write");
        if ((e->kind->deed == DEED_CHARACTER_DEVICE || e->kind->deed == DEED_BLOCK_DEVICE) && !e->argument)
                return refuse(r, e->path, "a device needs its numbers, MAJOR:MINOR");
        if (e->kind->deed == DEED_NOT_DONE) {
                (void) diag(r->diags, r->file, r->line, 0, "%s: %s", e->path, e->kind->about);
                return 0;
        }
        return e->kind->deed != DEED_NOTHING && !r->is_credential;
}

static int read_fields(struct reading *r, const char *at) {
        static int (*const fields[])(struct reading * r, const char *word) = {
                take_type, take_path, take_mode, take_user, take_group, take_age,
        };
        int e = 1;

        for (size_t i = 0; i < countof(fields) && e > 0; i++) {
                autofree char *word = NULL;
                int n = text_next_word(&at, &word);

                if (n == -ENOMEM)
                        return n;
                if (n < 0)
                        return refuse(r, at, "a quote that is not closed, or an escape that does not exist");
                if (n == 0)
                        return i < 2 ? refuse(r, "the line", "it lacks a path") : 1;
                if (i < 2 || (strcmp(word, "-") != 0 && *word != '\0'))
                        e = fields[i](r, word);
        }
        if (e > 0 && !r->is_credential)
                e = take_argument(r, at + strspn(at, " \t"));
        return e;
}

int tmpfile_parse(const char *file, unsigned line, const char *text, struct diags *d, struct tmpfile *ret) {
        struct tmpfile made = {};
        struct reading r = { .file = file, .line = line, .diags = d, .entry = &made };
        int e = read_fields(&r, text);

        if (e > 0 && (made.file = strdup(file)) == NULL)
                e = -ENOMEM;
        made.line = line;
        if (e > 0)
                e = check(&r);
        if (e > 0)
                *ret = made;
        else
                tmpfile_done(&made);
        return e;
}

void tmpfile_done(struct tmpfile *e) {
        free(e->path);
        free(e->argument);
        free(e->file);
}

static bool has_same_argument(const struct tmpfile *a, const struct tmpfile *b) {
        if (!a->argument || !b->argument)
                return a->argument == b->argument;
        return a->argument_size == b->argument_size &&
               memcmp(a->argument, b->argument, a->argument_size) == 0;
}

bool tmpfile_agrees(const struct tmpfile *a, const struct tmpfile *b) {
        if (!a->kind->owns || !b->kind->owns)
                return true;
        return has_same_argument(a, b) && a->has_mode == b->has_mode && a->mode == b->mode &&
               a->has_user == b->has_user && a->user == b->user && a->has_group == b->has_group &&
               a->group == b->group && a->mask_mode == b->mask_mode;
}
