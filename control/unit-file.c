#include <dirent.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "base/text.h"
#include "config/reader.h"
#include "config/search.h"
#include "control/unit-file.h"
#include "supervisor/manager.h"

#define FILE_MOST (1024 * 1024) /* bytes of a unit file */

static int open_search(const struct manager *m, struct search *s) {
        return search_open(s, m->options->load.unit_path);
}

void unit_on_disk_find(const struct manager *m, const char *name, struct unit_on_disk *ret) {
        struct search s;

        *ret = (struct unit_on_disk){};
        if (open_search(m, &s) == 0)
                (void) !search_probe(&s, name, &ret->path, &ret->masked);
        search_done(&s);
}

int unit_file_drop_ins(const struct manager *m, const char *name, char ***ret) {
        const char *own[] = { name, NULL }, *const *list = own;
        char *const *names;
        struct search s;

        memcpy(&names, &list, sizeof(names)); /* none of them is changed */
        int r = open_search(m, &s);
        if (r == 0)
                r = search_drop_ins(&s, names, ret);
        search_done(&s);
        return r;
}

/* --- Whether it is enabled: somebody has made a link to it. */

static bool is_link_to(const char *path, const char *name) {
        char to[PATH_MAX];
        ssize_t n = readlink(path, to, sizeof(to) - 1);

        if (n < 0)
                return false;
        to[n] = '\0';
        const char *slash = strrchr(to, '/');
        return strcmp(slash ? slash + 1 : to, name) == 0;
}

/* The link by which an entry of a directory of the search path enables it: x.wants/NAME, x.requires/NAME, or
 * another name for it; NULL where it does not. The caller frees. */
static char *link_of(const char *directory, const char *entry, const char *name) {
        struct stat st;

        if (text_ends(entry, ".wants") || text_ends(entry, ".requires") || text_ends(entry, ".upholds")) {
                autofree char *path = text_format("%s/%s/%s", directory, entry, name);
                return path && lstat(path, &st) == 0 ? TAKE(path) : NULL;
        }
        if (strcmp(entry, name) == 0 || !unit_has_suffix(entry))
                return NULL;
        autofree char *path = text_format("%s/%s", directory, entry);
        return path && is_link_to(path, name) ? TAKE(path) : NULL;
}

static bool enables(const char *directory, const char *entry, const char *name) {
        autofree char *path = link_of(directory, entry, name);
        return path;
}

int unit_file_links(const char *name, bool runtime, char ***ret) {
        const char *directory = runtime ? "/run/systemd/system" : "/etc/systemd/system";
        autostrv char **list = NULL;
        DIR *entries = opendir(directory);
        const struct dirent *e;
        int r = 0;

        while (entries && r == 0 && (e = readdir(entries))) {
                char *path = *e->d_name != '.' ? link_of(directory, e->d_name, name) : NULL;
                if (path)
                        r = strv_take(&list, path);
        }
        if (entries)
                (void) closedir(entries);
        if (r == 0)
                *ret = TAKE(list);
        return r;
}

static bool is_enabled_in(const char *directory, const char *name) {
        DIR *entries = opendir(directory);
        const struct dirent *e;
        bool found = false;

        while (entries && !found && (e = readdir(entries)))
                found = *e->d_name != '.' && enables(directory, e->d_name, name);
        if (entries)
                (void) closedir(entries);
        return found;
}

static int note_install(void *context, const struct entry *e) {
        static const char *const keys[] = { "WantedBy", "RequiredBy", "UpheldBy", "Alias", "Also" };

        for (size_t i = 0; e->key && strcmp(e->section, "Install") == 0 && i < countof(keys); i++)
                *(bool *) context |= strcmp(e->key, keys[i]) == 0 && *e->value;
        return 0;
}

static bool can_be_enabled(const char *path) {
        autofree char *text = NULL;
        struct diags d = {};
        bool found = false;
        size_t size;

        if (io_read_file(path, FILE_MOST, &text, &size) < 0)
                return false;
        (void) !reader_parse(text, size, path, &d, note_install, &found);
        diags_done(&d);
        return found;
}

const char *unit_file_state(const struct manager *m, const char *name) {
        auto_on_disk struct unit_on_disk found;

        unit_on_disk_find(m, name, &found);
        if (!found.path)
                return "";
        bool is_volatile = text_starts(found.path, "/run/");
        if (found.masked)
                return is_volatile ? "masked-runtime" : "masked";
        if (is_enabled_in("/etc/systemd/system", name))
                return "enabled";
        if (is_enabled_in("/run/systemd/system", name))
                return "enabled-runtime";
        return can_be_enabled(found.path) ? "disabled" : "static";
}
