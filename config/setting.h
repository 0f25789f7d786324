/* The settings, one row each: section, key, typed field, defaults in the user's words, and the sentence of
 * the manual. `tend check`, `tend show`, `tend check --explain`, reload's comparison and tend.ini(5) are all
 * made from these rows. */
#pragma once

#include "base/diag.h"
#include "config/unit.h"

/* Whose field it is. */
enum setting_owner { OWNER_UNIT, OWNER_CONTAINER };

/* Where the field is: in the unit (or the container) itself, or in one of the parts that few units have.
 * Those of timers, sockets and paths are there where the unit is one; the others come with the first setting
 * that says something else than its default. */
enum unit_part {
        PART_SELF,
        PART_BONDS,
        PART_BUDGET,
        PART_READINESS,
        PART_SETUP,
        PART_TIMER,
        PART_SOCKET,
        PART_PATH,
};

struct setting;

/* One assignment on its way in. `object` is the struct unit or struct container, and to a row's own parser
 * the part that its field is in. */
struct assignment {
        const struct setting *setting;
        void *object;
        const char *value; /* after ${NAME} and joined lines; not yet split, specifiers not yet expanded */
        const char *file;
        unsigned line;
        struct diags *diags;
        struct unit *unit;    /* for specifiers; NULL in [tend] */
        const char *hostname; /* what %H is; NULL: ask the kernel */
};

struct setting {
        const char *section; /* "Unit", "Service", "Install" of a unit file, "tend" for the container */
        const char *key;
        enum setting_owner owner;
        enum unit_part part;
        /* The type's parser and printer; of a row: setting_parse() and setting_print(). */
        int (*parse)(const struct assignment *a);
        void (*print)(const struct setting *s, const void *object, FILE *out);
        size_t field;      /* offset in the part */
        const void *table; /* what parse and print need besides: words of an enum, a resource, an exec kind */
        const char *fallback;      /* default as the user would write it; NULL: unset */
        const char *fallback_tend; /* default in tend.ini where it differs */
        const char *values; /* "a span", "no on-success …": what it takes, for messages and the manual */
        const char *help;   /* the manual's sentence */
        bool extension;     /* ours, not systemd's */
        bool at_spawn;      /* $VARIABLES are left for the spawn */
};

/* Sorted by key, owner and section. A known setting of systemd that is not carried out yet is a row too (its
 * parse says so by name). */
extern const struct setting settings[];
extern const size_t n_settings;

/* Reads one assignment. 0 or a negative errno; what is wrong has been said to a->diags. */
int setting_parse(const struct assignment *a) must_check;

/* Writes the effective value in the user's words, one line for each element of a list; nothing for an unset
 * one. `object` is the struct unit or struct container. */
void setting_print(const struct setting *s, const void *object, FILE *out);

/* Gives a part that is all zero the defaults of its settings. 0 or a negative errno. */
int setting_fill(enum unit_part p, void *part) must_check;

/* Gives `object` its defaults: each row's own parser reads its words. For a new unit or container that is all
 * zero but for its name. 0, or a negative errno. */
int setting_apply_defaults(enum setting_owner owner, void *object, bool from_tend_ini) must_check;

/* Exact match (keys are case sensitive), or NULL. Some keys are in several sections, with a row for each: of
 * these the first. */
const struct setting *setting_find(enum setting_owner owner, const char *key);

/* The row of that section where there is one, else as above. `section` may be NULL. */
const struct setting *setting_find_in(enum setting_owner owner, const char *section, const char *key);
bool setting_is_carried_out(const struct setting *s);
/* Of those that are not: it says so wherever it is set. The others are remarks (config/remark.h). */
bool setting_is_later(const struct setting *s);

/* Whether a slice has it: a budget that is shared. */
bool setting_is_of_slice(const struct setting *s);

/* The default as the user would write it for such a unit, or "" where unset. */
const char *setting_fallback(const struct setting *s, bool from_tend_ini);

/* Where the effective value came from: the last origin, or NULL for the default. */
const struct origin *setting_origin(const struct setting *s, const struct origin *origins, size_t n);
