/* A template that services are made of while tend runs: what its sections said, kept for as long as its
 * socket is. */
#pragma once

#include "config/setting.h"

struct recipe_line {
        const struct setting *setting;
        char *value; /* owned */
};

struct recipe {
        struct unit fresh;         /* what a unit is before its own settings: it owns nothing */
        struct recipe_line *lines; /* owned; n of them, in their order */
        size_t n;
        usec_t timeout_start; /* the default of TimeoutStartSec= */
        const char *file;     /* borrowed from the config; where its section begins */
        const char *hostname; /* borrowed from the config; what %H is, or NULL */
        unsigned line;
        bool keeps_failure_action; /* FailureAction= was written */
};

/* Adds a line, of which it takes a copy. 0 or -ENOMEM. */
int recipe_add(struct recipe *r, const struct setting *s, const char *value) must_check;

/* The unit of that full name, an instance of the template. What is wrong with the template was told at load.
 * 0 or -ENOMEM; unit_free() frees *ret. */
int recipe_make(const struct recipe *r, const char *name, struct unit **ret) must_check;

struct recipe *recipe_free(struct recipe *r);
