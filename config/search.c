#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/text.h"
#include "config/search.h"
#include "config/unit.h"

#define ALIASES_MOST 16 /* one behind the other */

/* As systemd looks for the units of the system. The last two are the vendor's. */
static const char *const usual[] = {
        SEARCH_CONTROL,        "/run/systemd/system.control",   "/etc/systemd/system",
        "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
        "/lib/systemd/system",
};

static bool is_vendors(const char *directory) {
        return strcmp(directory, usual[countof(usual) - 1]) == 0 ||
               strcmp(directory, usual[countof(usual) - 2]) == 0;
}

static bool is_unit_name(const char *name) {
        return unit_is_name(name) && unit_has_suffix(name);
}

static const char *file_name(const char *path) {
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}

/* --- Names. */

/* "x@.service" with "blue" makes "x@blue.service". */
static char *instantiate(const char *template, const char *instance, size_t n) {
        const char *at = strchr(template, '@');

        return text_format("%.*s%.*s%s", (int) (at + 1 - template), template, (int) n, instance, at + 1);
}

static bool is_template(const char *name) {
        const char *at = strchr(name, '@');

        return at && strrchr(name, '.') == at + 1;
}

/* The instance in "x@blue.service", and its length; NULL where there is none. */
static const char *find_instance(const char *name, size_t *ret_length) {
        const char *at = strchr(name, '@'), *dot = strrchr(name, '.');

        if (!at || !dot || dot <= at + 1)
                return NULL;
        *ret_length = (size_t) (dot - at - 1);
        return at + 1;
}

char *unit_template_name(const char *name) {
        size_t n;
        const char *instance = find_instance(name, &n);

        return instance ? text_format("%.*s%s", (int) (instance - name), name, instance + n) : NULL;
}

/* --- The map of all names. */

static int compare(const void *a, const void *b) {
        const struct unit_file *first = a, *second = b;
        int c = strcmp(first->name, second->name);

        return c != 0 ? c : (first->rank > second->rank) - (first->rank < second->rank);
}

static int compare_name(const void *key, const void *file) {
        return strcmp(key, ((const struct unit_file *) file)->name);
}

static const struct unit_file *find_file(const struct search *s, const char *name) {
        if (s->n_files == 0)
                return NULL;
        return bsearch(name, s->files, s->n_files, sizeof(*s->files), compare_name);
}

static void free_file(const struct unit_file *f) {
        free(f->name);
        free(f->path);
        free(f->target);
}

static bool is_null_or_empty(const struct stat *st) {
        return (S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3)) ||
               (S_ISREG(st->st_mode) && st->st_size == 0);
}

static bool is_searched(const struct search *s, const char *directory) {
        char real[PATH_MAX];

        for (char *const *d = s->directories; d && *d; d++)
                if (realpath(*d, real) && strcmp(real, directory) == 0)
                        return true;
        return false;
}

/* The name that a link is an alias of, where it points to a unit of the search path; else it is a unit file
 * that is kept elsewhere. 0 and *ret, NULL where it is no alias; -ENOMEM. */
static int read_alias(const struct search *s, const char *path, const char *name, char **ret) {
        char to[PATH_MAX], real[PATH_MAX];
        ssize_t n = readlink(path, to, sizeof(to) - 1);

        *ret = NULL;
        if (n < 0)
                return 0;
        to[n] = '\0';

        const char *target = file_name(to);
        if (strcmp(target, name) == 0 || !is_unit_name(target))
                return 0;

        autofree char *full = *to == '/' ? text_format("%.*s", (int) MAX(target - to, 1), to)
                                         : text_format("%.*s%.*s", (int) (file_name(path) - path), path,
                                                       (int) (target - to), to);
        if (!full)
                return -ENOMEM;
        if (!realpath(full, real) || !is_searched(s, real))
                return 0;
        *ret = strdup(target);
        return *ret ? 0 : -ENOMEM;
}

static int add_file(struct search *s, const char *directory, const char *name, uint32_t rank) {
        struct unit_file f = { .rank = rank };
        struct stat st;

        f.path = text_format("%s/%s", directory, name);
        f.name = strdup(name);
        int r = f.path && f.name ? read_alias(s, f.path, name, &f.target) : -ENOMEM;
        if (r == 0 && s->n_files == s->room) {
                uint32_t room = MAX(2 * s->room, (uint32_t) 64);
                struct unit_file *files = reallocarray(s->files, room, sizeof(*files));

                if (files) {
                        s->files = files;
                        s->room = room;
                } else
                        r = -ENOMEM;
        }

        bool is_there = r == 0 && stat(f.path, &st) >= 0;
        if (!is_there && !f.target) {
                free_file(&f);
                return r;
        }
        f.masked = is_there && is_null_or_empty(&st);
        s->files[s->n_files++] = f;
        return 0;
}

static int add_directory(struct search *s, const char *path, uint32_t rank) {
        const struct dirent *entry;
        DIR *directory = opendir(path);
        int r = 0;

        if (!directory)
                return errno == ENOMEM ? -ENOMEM : 0;
        while (r == 0 && (entry = readdir(directory)))
                if (is_unit_name(entry->d_name) && entry->d_type != DT_DIR)
                        r = add_file(s, path, entry->d_name, rank);
        (void) closedir(directory);
        return r;
}

/* One of each name stays, that of the first directory. */
static void sort_files(struct search *s) {
        uint32_t kept = 0;

        if (s->n_files > 0)
                qsort(s->files, s->n_files, sizeof(*s->files), compare);
        for (uint32_t i = 0; i < s->n_files; i++) {
                if (kept > 0 && strcmp(s->files[kept - 1].name, s->files[i].name) == 0)
                        free_file(&s->files[i]);
                else
                        s->files[kept++] = s->files[i];
        }
        s->n_files = kept;
}

static int add_usual(struct search *s) {
        int r = 0;

        for (size_t i = 0; i < countof(usual) && r == 0; i++)
                r = strv_add(&s->directories, usual[i]);
        return r;
}

static int add_path(struct search *s, const char *path) {
        int r = 0;

        while (path && r == 0) {
                size_t n = strcspn(path, ":");
                bool is_last = path[n] == '\0';

                if (n > 0)
                        r = strv_take(&s->directories, strndup(path, n));
                else if (is_last)
                        r = add_usual(s);
                path = is_last ? NULL : path + n + 1;
        }
        return r;
}

int search_open(struct search *s, const char *path) {
        *s = (struct search){};
        return path ? add_path(s, path) : add_usual(s);
}

int search_init(struct search *s, const char *path) {
        int r = search_open(s, path);

        for (uint32_t i = 0; r == 0 && s->directories && s->directories[i]; i++)
                r = add_directory(s, s->directories[i], i + 1);
        sort_files(s);
        return r;
}

void search_done(struct search *s) {
        for (uint32_t i = 0; i < s->n_files; i++)
                free_file(&s->files[i]);
        free(s->files);
        strv_free(s->directories);
        *s = (struct search){};
}

int search_add(struct search *s, const char *path) {
        const char *name = file_name(path);
        autofree char *directory = name == path ? strdup(".") : strndup(path, (size_t) (name - path));
        autofree char *real = directory ? realpath(directory, NULL) : NULL, *alias = NULL;

        if (!is_unit_name(name))
                return -EINVAL;
        if (!real)
                return -errno;
        if (!is_searched(s, real)) {
                int r = strv_add(&s->directories, real);
                if (r == 0)
                        r = add_directory(s, real, (uint32_t) strv_length(s->directories));
                if (r < 0)
                        return r;
                sort_files(s);
        }

        /* A link to a unit of the search path is the other name that it is there. */
        int r = read_alias(s, path, name, &alias);
        if (r < 0 || (alias && find_file(s, name)))
                return r;
        if (access(path, R_OK) < 0)
                return -errno;
        r = add_file(s, real, name, 0);
        sort_files(s);
        return r;
}

/* --- Looking up. */

/* One step: the file for that name, and the name that it leads on to (NULL: none). */
static int step(const struct search *s, const char *name, const struct unit_file **ret, char **ret_next) {
        size_t n = 0;
        const char *instance = find_instance(name, &n);
        const struct unit_file *f = find_file(s, name);
        autofree char *template = f ? NULL : unit_template_name(name);

        if (!f && instance && !template)
                return -ENOMEM;
        if (!f && template)
                f = find_file(s, template);
        if (!f)
                return -ENOENT;
        *ret = f;
        *ret_next = NULL;
        if (f->masked || !f->target)
                return 0;

        bool is_generic = instance && is_template(f->target);
        *ret_next = is_generic ? instantiate(f->target, instance, n) : strdup(f->target);
        if (!*ret_next)
                return -ENOMEM;
        if (strcmp(*ret_next, name) != 0)
                return 0;

        /* An instance that is a link to its own template. */
        free(TAKE(*ret_next));
        *ret = find_file(s, f->target);
        return *ret ? 0 : -ENOENT;
}

int search_find(const struct search *s, const char *name, struct found *ret) {
        const struct unit_file *file = NULL;
        autofree char *at = strdup(name);

        for (int i = 0; i < ALIASES_MOST; i++) {
                char *next = NULL;
                int r = at ? step(s, at, &file, &next) : -ENOMEM;

                if (r < 0)
                        return r;
                if (!next) {
                        *ret = (struct found){ .name = TAKE(at), .file = file };
                        return file->masked ? -ERFKILL : 0;
                }
                free(at);
                at = next;
        }
        return -ELOOP;
}

int search_probe(const struct search *s, const char *name, char **ret, bool *ret_masked) {
        autofree char *template = unit_template_name(name);
        struct stat st;

        *ret = NULL;
        *ret_masked = false;
        for (int i = 0; i < 2 && (i == 0 || template); i++)
                for (char *const *d = s->directories; d && *d; d++) {
                        autofree char *path = text_format("%s/%s", *d, i == 0 ? name : template);
                        if (!path)
                                return -ENOMEM;
                        if (stat(path, &st) < 0)
                                continue;
                        *ret = TAKE(path);
                        *ret_masked = is_null_or_empty(&st);
                        return 0;
                }
        return 0;
}

/* `alias` where it leads to the unit `name`, or for a template to that of which it is an instance. */
static int add_name(const struct search *s, const char *alias, const char *name, char ***list) {
        size_t n = 0;
        const char *instance = find_instance(name, &n);
        autofree char *full =
                is_template(alias) && instance ? instantiate(alias, instance, n) : strdup(alias);
        autofound struct found f = {};

        int r = full ? search_find(s, full, &f) : -ENOMEM;
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        if (strcmp(f.name, name) != 0 || strv_contains(*list, full))
                return 0;
        return strv_take(list, TAKE(full));
}

int search_names(const struct search *s, const char *name, char ***ret) {
        autostrv char **list = NULL;
        int r = strv_add(&list, name);

        for (uint32_t i = 0; i < s->n_files && r == 0; i++)
                if (s->files[i].target)
                        r = add_name(s, s->files[i].name, name, &list);
        if (r == 0)
                *ret = TAKE(list);
        return r;
}

/* --- Directories beside a unit. */

/* The name, its template, and both cut behind each dash: "a-b@i.service" is in "a-b@i.service.d",
 * "a-b@.service.d", "a-@i.service.d" and "a-@.service.d". */
static int add_variants(const char *name, char ***list) {
        autofree char *template = unit_template_name(name);
        const char *end = strchr(name, '@');
        int r = strv_contains(*list, name) ? 0 : strv_add(list, name);

        if (r == 0 && template && !strv_contains(*list, template))
                r = strv_add(list, template);
        if (!end)
                end = strrchr(name, '.');
        for (const char *dash = end; r == 0 && dash && dash > name; dash--) {
                if (dash[-1] != '-' || dash == end)
                        continue;
                r = strv_take(list, text_format("%.*s%s", (int) (dash - name), name, end));
                if (r == 0 && template)
                        r = strv_take(list, text_format("%.*s%s", (int) (dash - name), name,
                                                        strchr(template, '@')));
        }
        return r;
}

/* All directories that belong to a unit of these names, the first one wins. */
static int list_directories(const struct search *s, char *const *names, const char *suffix, char ***ret) {
        autostrv char **list = NULL;
        int r = 0;

        for (size_t k = 0; r == 0 && names[k]; k++) {
                autostrv char **variants = NULL;

                r = add_variants(names[k], &variants);
                for (char *const *d = s->directories; d && *d && r == 0; d++)
                        for (size_t i = 0; r == 0 && variants && variants[i]; i++)
                                r = strv_take(&list, text_format("%s/%s%s", *d, variants[i], suffix));
        }

        /* What is for all services comes last. */
        const char *type = names[0] ? strrchr(names[0], '.') : NULL;
        for (char *const *d = s->directories; type && d && *d && r == 0; d++)
                r = strv_take(&list, text_format("%s/%s%s", *d, type + 1, suffix));
        if (r == 0)
                *ret = TAKE(list);
        return r;
}

static bool has_file_name(char *const *list, const char *name) {
        for (; list && *list; list++)
                if (strcmp(file_name(*list), name) == 0)
                        return true;
        return false;
}

static int by_file_name(const void *a, const void *b) {
        return strcmp(file_name(*(char *const *) a), file_name(*(char *const *) b));
}

/* Adds the paths of all entries that `is_wanted`, unless one of that name is there already. */
static int list_entries(const char *path, bool (*is_wanted)(const char *name), char ***list) {
        const struct dirent *entry;
        DIR *directory = opendir(path);
        int r = 0;

        if (!directory)
                return errno == ENOMEM ? -ENOMEM : 0;
        while (r == 0 && (entry = readdir(directory)))
                if (is_wanted(entry->d_name) && !has_file_name(*list, entry->d_name))
                        r = strv_take(list, text_format("%s/%s", path, entry->d_name));
        (void) closedir(directory);
        return r;
}

static bool is_masked_link(const char *path) {
        struct stat st;

        return stat(path, &st) >= 0 && S_ISCHR(st.st_mode) && is_null_or_empty(&st);
}

static bool is_drop_in(const char *name) {
        return *name != '.' && text_ends(name, ".conf");
}

int search_drop_ins(const struct search *s, char *const *names, char ***ret) {
        autostrv char **directories = NULL, **list = NULL, **files = NULL;
        int r = list_directories(s, names, ".d", &directories);

        for (size_t i = 0; r == 0 && directories && directories[i]; i++)
                r = list_entries(directories[i], is_drop_in, &list);
        if (r < 0)
                return r;
        if (list)
                qsort(list, strv_length(list), sizeof(*list), by_file_name);
        for (size_t i = 0; r == 0 && list && list[i]; i++)
                if (!is_masked_link(list[i]))
                        r = strv_add(&files, list[i]);
        if (r == 0)
                *ret = TAKE(files);
        return r;
}

int search_control(const char *name, char ***ret) {
        char directory[] = SEARCH_CONTROL, *directories[] = { directory, NULL };
        const struct search s = { .directories = directories };
        char own[NAME_MAX + 1], *names[] = { own, NULL };

        if (snprintf(own, sizeof(own), "%s", name) >= (int) sizeof(own))
                return -ENAMETOOLONG;
        return search_drop_ins(&s, names, ret);
}

int search_links(const struct search *s, char *const *names, const char *suffix, bool enabled_only,
                 char ***ret) {
        autostrv char **directories = NULL, **list = NULL, **units = NULL;
        int r = list_directories(s, names, suffix, &directories);

        for (size_t i = 0; r == 0 && directories && directories[i]; i++) {
                autofree char *parent =
                        strndup(directories[i], (size_t) (file_name(directories[i]) - 1 - directories[i]));
                if (!parent)
                        r = -ENOMEM;
                else if (!enabled_only || !is_vendors(parent))
                        r = list_entries(directories[i], is_unit_name, &list);
        }
        if (r == 0 && list)
                qsort(list, strv_length(list), sizeof(*list), by_file_name);
        for (size_t i = 0; r == 0 && list && list[i]; i++)
                if (!is_masked_link(list[i]))
                        r = strv_add(&units, file_name(list[i]));
        if (r == 0)
                *ret = TAKE(units);
        return r;
}
