/* What config_load() works with; for the files that are its parts. */
#pragma once

#include "config/draft.h"
#include "config/search.h"

/* Which sections a unit is made of, the later over the earlier; DRAFT_NONE where there is none. */
struct source {
        uint32_t sections[2]; /* its template's or its unit file's, its own in tend.ini */
        uint32_t control;     /* what was set of it and lasts; of a unit file that is in its own section */
        struct diags said;    /* owned; of a unit file, until it is known whether it has to be there */
        bool is_file;
        bool is_asked;  /* for by name, or enabled */
        bool is_needed; /* it was asked for by name, or one that was requires it */
        bool is_broken;
};

struct loader {
        const struct load_options *options;
        struct diags *diags;
        struct diags *said; /* borrowed; where what is wrong with the unit that is made goes */
        struct config *config;
        struct draft draft;
        struct unit fresh, fresh_file; /* what a unit is before its own settings: it owns nothing */
        usec_t timeout_start;          /* the default of TimeoutStartSec= */
        struct source *sources;        /* owned; of each unit */
        struct origin *origins;        /* owned; of the unit that is looked at */
        size_t n_origins, room;
        bool has_errors;  /* some of that unit's lines were refused */
        bool is_file;     /* the section that is applied is a unit file's */
        bool has_control; /* SEARCH_CONTROL is there: few containers have it, and many units would ask */
        bool has_search;
        struct search search; /* once a unit file was asked for */
};

/* Takes s->said once there is a unit, which is the config's. `ret` may be NULL. */
int loader_make_unit(struct loader *l, const char *name, struct source *s, struct unit **ret) must_check;

/* Makes an instance 0 of the template in that section, to hear what is wrong with it, and forgets it. 0 or
 * -ENOMEM. */
int loader_try(struct loader *l, uint32_t section, struct diags *said) must_check;

/* Where the unit's values were written, into l->origins: they are rules' business, and kept if asked for. */
int loader_find_origins(struct loader *l, const struct source *s) must_check;

/* What depends on more than one setting or on other units (settle.c). 0 or -ENOMEM. */
int loader_settle(struct loader *l) must_check;

/* Unit files (pull.c), in the order in which these are called: those that were asked for; all that they want
 * and require; and, when everything else is known, which of them have to be left out. */
int pull_asked(struct loader *l) must_check;
int pull_more(struct loader *l) must_check;
int pull_judge(struct loader *l) must_check;

/* The section of the template of that full name, of tend.ini or else a unit file, into *ret. 0, -ENOENT, or
 * -ENOMEM. */
int pull_template(struct loader *l, const char *name, struct diags *said, uint32_t *ret) must_check;
void pull_done(struct loader *l);
bool pull_is_asked(const struct loader *l);

/* What stands for the file's name in messages where there is none. */
const char *pull_word(const struct load_options *o, const char *usual);
