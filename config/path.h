/* What a unit of type .path asks for. Other units have none of it: unit->path is NULL there. */
#pragma once

#include "config/unit.h"

#define PATH_KINDS(X)                                                                                        \
        X(EXISTS, "PathExists")                                                                              \
        X(EXISTS_GLOB, "PathExistsGlob")                                                                     \
        X(CHANGED, "PathChanged")                                                                            \
        X(MODIFIED, "PathModified")                                                                          \
        X(NOT_EMPTY, "DirectoryNotEmpty")
#define ENUM_PATH(name, word) PATH_##name,
enum path_kind { PATH_KINDS(ENUM_PATH) PATH_KIND_COUNT };

/* One line of PathExists= and its kin. */
struct path_line {
        struct path_line *next; /* owned; in the order of the files */
        uint8_t kind;           /* enum path_kind */
        char text[];            /* absolute, specifiers put in, without needless slashes */
};

struct path_spec {
        struct path_line *lines; /* owned */
        char *unit;              /* owned; what it starts, the full name; NULL until load settles it */
        usec_t trigger_interval;
        unsigned trigger_burst, directory_mode;
        bool make_directory;
};

/* With every default; NULL without memory. */
struct path_spec *path_spec_new(void) must_check;
struct path_spec *path_spec_free(struct path_spec *p);

/* Forgets what it watches. */
void path_spec_reset(struct path_spec *p);

/* "PathExists" */
const char *path_kind_word(enum path_kind k);

/* It is about changes, not about how things are: they come to pass, and are not found when one looks. */
bool path_kind_is_change(enum path_kind k);
