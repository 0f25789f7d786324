/* Where unit files are found: systemd's search path with its aliases, masks, drop-ins and .wants/ links
 * (systemd.unit(5)). Looked at once for each load. */
#pragma once

#include "base/def.h"

/* Where systemctl set-property leaves what is to last. */
#define SEARCH_CONTROL "/etc/systemd/system.control"

/* A name for which there is a file or a link, in the first of the directories that has it. */
struct unit_file {
        char *name;    /* owned; "nginx.service", "worker@.service" */
        char *path;    /* owned */
        char *target;  /* owned; the unit that it is another name for; NULL: it is one itself */
        bool masked;   /* empty, or a link to /dev/null */
        uint32_t rank; /* of its directory; 0: asked for by its path */
};

struct search {
        char **directories;      /* owned; the first one wins */
        struct unit_file *files; /* owned; sorted by name */
        uint32_t n_files, room;
};

/* What a name leads to. */
struct found {
        char *name;                   /* owned; the unit's own name */
        const struct unit_file *file; /* borrowed from the search */
};

/* `path` is a list of directories parted by colons, NULL for systemd's own list; an empty part at its end
 * stands for that list. Directories that are not there are passed over. 0 or -ENOMEM. */
int search_init(struct search *s, const char *path) must_check;

/* The same without the map: for search_drop_ins(), search_links() and search_probe() alone, which look at the
 * directories when they are asked. */
int search_open(struct search *s, const char *path) must_check;
void search_done(struct search *s);

/* The file at `path` is the unit of its name from now on, and its directory is looked in when all others
 * have been. 0, a negative errno where it cannot be read, -EINVAL where its name is not that of a unit. */
int search_add(struct search *s, const char *path) must_check;

/* Follows aliases, and finds the template of an instance. 0, -ENOENT, -ERFKILL where it is masked (ret->file
 * is set then), -ELOOP, -ENOMEM. The caller frees ret->name. */
int search_find(const struct search *s, const char *name, struct found *ret) must_check;

/* Looks a single name up in the directories: its path in *ret (the caller frees), NULL where there is no such
 * file, nor one of its template. *ret_masked: it is empty or leads to /dev/null. 0 or -ENOMEM. */
int search_probe(const struct search *s, const char *name, char **ret, bool *ret_masked) must_check;

/* All names of the unit of that own name, the own one first. */
int search_names(const struct search *s, const char *name, char ***ret) must_check;

/* The drop-ins of a unit with these names, in the order in which they are read. */
int search_drop_ins(const struct search *s, char *const *names, char ***ret) must_check;

/* The same of SEARCH_CONTROL alone: they are for units of tend.ini too. */
int search_control(const char *name, char ***ret) must_check;

/* The units that NAME.wants/ or NAME.requires/ (`suffix`) link to; `enabled_only`: not what the vendor's own
 * directories, /usr/lib and /lib, hold. */
int search_links(const struct search *s, char *const *names, const char *suffix, bool enabled_only,
                 char ***ret) must_check;

/* "worker@.service" for "worker@blue.service"; NULL where it is no instance, or without memory. */
char *unit_template_name(const char *name) must_check;

static inline void cleanup_found(struct found *f) {
        free(f->name);
}
#define autofound __attribute__((cleanup(cleanup_found)))
