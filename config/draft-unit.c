/* Unit files and their drop-ins, as lines of a draft. What systemd ignores is ignored here, with the same
 * words on it: a warning. */

#include <errno.h>
#include <string.h>

#include "base/io.h"
#include "base/text.h"
#include "config/draft.h"
#include "config/kind.h"
#include "config/reader.h"
#include "config/suggest.h"

struct unit_reader {
        struct draft *draft;
        struct diags *diags;
        const struct unit_kind *kind;
        bool lost; /* the section is none that a unit of this kind has */
};

/* clang-format off */
/* How settings were called once, or where else they may stand; systemd still reads them. */
static const struct old {
        const char *section, *key, *now; /* NULL: the key is the same */
} olds[] = {
        { "Service", "FailureAction",           NULL },
        { "Service", "StartLimitAction",        NULL },
        { "Service", "StartLimitBurst",         NULL },
        { "Service", "StartLimitInterval",      "StartLimitIntervalSec" },
        { "Service", "RebootArgument",          NULL },
        { "Service", "RuntimeRandomizedExtraSec", NULL },
        { "Unit",    "StartLimitInterval",      "StartLimitIntervalSec" },
        { "Unit",    "BindTo",                  "BindsTo" },
        { "Unit",    "PropagateReloadFrom",     "ReloadPropagatedFrom" },
        { "Unit",    "PropagateReloadTo",       "PropagatesReloadTo" },
        { "Unit",    "RequiresOverridable",     "Requires" },
        { "Unit",    "RequisiteOverridable",    "Requisite" },
        { "Unit",    "OnFailureIsolate",        "OnFailureJobMode" },
        { "Service", "InaccessibleDirectories", "InaccessiblePaths" },
        { "Service", "MemoryLimit",             "MemoryMax" },
        { "Service", "ReadOnlyDirectories",     "ReadOnlyPaths" },
        { "Service", "ReadWriteDirectories",    "ReadWritePaths" },
};
/* clang-format on */

static const struct old *find_old(const struct entry *e) {
        for (size_t i = 0; i < countof(olds); i++)
                if (strcmp(olds[i].section, e->section) == 0 && strcmp(olds[i].key, e->key) == 0)
                        return &olds[i];
        return NULL;
}

static void open_part(struct unit_reader *r, const struct entry *e) {
        r->lost = !unit_kind_has(r->kind, e->section);
        if (r->lost && !text_starts(e->section, "X-"))
                diag(r->diags, r->draft->file, e->line, 0, "[%.64s]: not a section of such a unit; ignored",
                     e->section);
}

static void say_unknown(const struct unit_reader *r, const struct entry *e, const struct setting *elsewhere) {
        struct suggest near;

        diag(r->diags, r->draft->file, e->line, 0, "%s=: no setting of [%.64s]; ignored", e->key, e->section);
        if (elsewhere) {
                diag_hint(r->diags, "it belongs into [%s]", elsewhere->section);
                return;
        }
        suggest_init(&near, e->key);
        for (size_t i = 0; i < n_settings; i++)
                if (strcmp(settings[i].section, e->section) == 0 && !settings[i].extension)
                        suggest_offer(&near, settings[i].key);
        if (near.best)
                diag_hint(r->diags, "did you mean %s=?", near.best);
}

/* A template's number is for tend.ini, which has no links to make instances by. */
static bool is_for_files(const struct setting *s) {
        return strcmp(s->key, "Instances") != 0;
}

static int take_entry(void *context, const struct entry *e) {
        struct unit_reader *r = context;
        const struct draft *d = r->draft;

        if (!e->key) {
                open_part(r, e);
                return 0;
        }
        if (r->lost || text_starts(e->key, "X-"))
                return 0;

        const struct old *old = find_old(e);
        const struct setting *s =
                setting_find_in(OWNER_UNIT, e->section, old && old->now ? old->now : e->key);
        bool is_elsewhere = s && !old && strcmp(s->section, e->section) != 0 &&
                            !unit_kind_shares(r->kind, s->section, s->key);
        if (!s || !is_for_files(s) || is_elsewhere) {
                say_unknown(r, e, s && is_for_files(s) ? s : NULL);
                return 0;
        }

        const struct draft_line line = {
                .setting = s,
                .value = e->value,
                .file = d->file,
                .line = e->line,
                .next = DRAFT_NONE,
        };
        return draft_add_line(r->draft, &line);
}

int draft_read_unit(struct draft *d, const char *path, struct diags *said) {
        struct draft_section *section = &d->sections[d->at];
        struct diags lines = {};
        struct unit_reader reader = {
                .draft = d,
                .diags = said,
                .kind = unit_kind(section->name),
        };
        size_t size;
        char *text;
        int r = draft_open(d, path, &text, &size);

        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                diag(said, path, 0, r, "%s", r == -EINVAL ? "not a regular file" : strerror(-r));
                return 0;
        }
        if (!section->file) {
                section->file = d->file;
                section->line = 1;
        }
        r = reader_parse(text, size, d->file, &lines, take_entry, &reader);
        diags_move(said, &lines, true);
        return r;
}
