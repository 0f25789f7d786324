/* What the files say, section by section, before any unit is made of it: a section goes on in later files,
 * and a template is used once for each of its instances. Gone when config_load() is done. */
#pragma once

#include "config/load.h"
#include "config/setting.h"

#define DRAFT_NONE      UINT32_MAX
#define DRAFT_CONTAINER 0 /* [tend] is the first of the sections, always */

/* One assignment. */
struct draft_line {
        const struct setting *setting;
        const char *value; /* borrowed from the file's text, or `expanded` */
        char *expanded;    /* owned */
        const char *file;  /* borrowed from the config */
        unsigned line;
        uint32_t next; /* of the same section; DRAFT_NONE at its end */
        bool told;     /* it had something to say: silent for further instances */
        bool refused;  /* its value was */
};

/* A section, wherever its parts were. */
struct draft_section {
        char *name;       /* owned; the full name of the unit */
        const char *file; /* borrowed from the config; where it begins */
        unsigned line;
        uint32_t hash;        /* of the name */
        uint32_t first, last; /* lines */
        bool is_template, is_made;
        bool is_file; /* a unit file's: not to be found by its name, and what is wrong with it is passed over
                       */
};

struct draft {
        char *const *environment; /* borrowed */
        struct diags *diags;      /* borrowed */
        struct config *config;    /* borrowed; keeps the names of the files */
        char **texts;             /* owned; what values point into */
        struct draft_line *lines; /* owned */
        uint32_t n_lines;
        struct draft_section *sections; /* owned */
        uint32_t n_sections;
        const char *file; /* that is read now; borrowed from the config */
        uint32_t at;      /* the section that is read now; DRAFT_NONE: one that was refused */
};

/* 0 or -ENOMEM. */
int draft_init(struct draft *d, char *const *environment, struct diags *diags,
               struct config *config) must_check;
void draft_done(struct draft *d);

/* Adds what the file says. What is wrong with it is told; a negative errno is for what keeps loading from
 * going on. */
int draft_read(struct draft *d, const char *path, bool may_be_absent) must_check;

/* The same for all of DIRECTORY's .ini files, in the order of their names; it need not be there. */
int draft_read_directory(struct draft *d, const char *path) must_check;

/* A section for the unit file of the unit of that full name; it is the one that is read from then on. 0 or
 * -ENOMEM. */
int draft_add_file(struct draft *d, const char *name) must_check;

/* Adds what a unit file or a drop-in says to the section that draft_add_file() has made. What systemd passes
 * over is a warning to `said`; an error is what keeps the unit from being loaded. */
int draft_read_unit(struct draft *d, const char *path, struct diags *said) must_check;

/* For those that read: the text of a file, with its name in d->file. 0, or what kept it from being read. */
int draft_open(struct draft *d, const char *path, char **ret, size_t *ret_size) must_check;

/* Appends to the section that is read. 0 or -ENOMEM. */
int draft_add_line(struct draft *d, const struct draft_line *line) must_check;

/* The section of the unit of that full name in tend.ini, or DRAFT_NONE. */
uint32_t draft_find(const struct draft *d, const char *name);
