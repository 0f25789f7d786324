#include <errno.h>
#include <string.h>

#include "base/io.h"
#include "base/parse.h"
#include "base/text.h"
#include "config/user.h"

#define FILE_MOST (16u << 20)
/* (uid_t) -1 means "leave as it is" to the system calls, 65535 is the same in sixteen bits. */
#define ID_MOST (UINT32_MAX - 1)

struct field {
        const char *at;
        size_t n;
};

/* Cuts the line at *at into `n` fields at its colons and moves on to the next; false at the end. Fields that
 * are not there are empty. */
static bool next_line(const char **at, struct field *fields, size_t n) {
        const char *p = *at;

        if (*p == '\0')
                return false;
        for (size_t i = 0; i < n; i++) {
                fields[i] = (struct field){ .at = p, .n = strcspn(p, ":\n") };
                p += fields[i].n;
                if (*p == ':')
                        p++;
        }
        p += strcspn(p, "\n");
        *at = *p == '\n' ? p + 1 : p;
        return true;
}

static bool is_field(const struct field *f, const char *word) {
        return strlen(word) == f->n && memcmp(f->at, word, f->n) == 0;
}

static int take_id(const struct field *f, unsigned *ret) {
        char digits[16];

        if (f->n == 0 || f->n >= sizeof(digits))
                return -EINVAL;
        memcpy(digits, f->at, f->n);
        digits[f->n] = '\0';
        return parse_unsigned(digits, ID_MOST, ret);
}

static int take_text(const struct field *f, const char *otherwise, char *buffer, size_t size) {
        const char *from = f->n > 0 ? f->at : otherwise;
        size_t n = f->n > 0 ? f->n : strlen(otherwise);

        if (n >= size)
                return -ENAMETOOLONG;
        memcpy(buffer, from, n);
        buffer[n] = '\0';
        return 0;
}

int user_find_in(const char *text, const char *name, uid_t uid, struct user *ret) {
        struct field f[7]; /* name, password, uid, gid, what it is for, home, shell */
        struct user found;
        unsigned ids[2];

        while (next_line(&text, f, countof(f))) {
                if (f[0].n == 0 || take_id(&f[2], &ids[0]) < 0 || take_id(&f[3], &ids[1]) < 0)
                        continue;
                if (name ? !is_field(&f[0], name) : ids[0] != uid)
                        continue;
                if (take_text(&f[0], "", found.name, sizeof(found.name)) < 0 ||
                    take_text(&f[5], "/", found.home, sizeof(found.home)) < 0 ||
                    take_text(&f[6], "/bin/sh", found.shell, sizeof(found.shell)) < 0)
                        return -ENAMETOOLONG;
                found.uid = ids[0];
                found.gid = ids[1];
                *ret = found;
                return 0;
        }
        return -ESRCH;
}

static int read_file(const char *path, char **ret) {
        size_t size;
        int r = io_read_file(path, FILE_MOST, ret, &size);

        if (r != -ENOENT)
                return r;
        *ret = strdup("");
        return *ret ? 0 : -ENOMEM;
}

/* What an id is without an entry: nobody's, but for root. */
static void make_up(uid_t uid, struct user *ret) {
        *ret = (struct user){ .uid = uid, .gid = uid };
        (void) snprintf(ret->name, sizeof(ret->name), uid == 0 ? "root" : "%u", uid);
        (void) snprintf(ret->home, sizeof(ret->home), "%s", uid == 0 ? "/root" : "/");
        (void) snprintf(ret->shell, sizeof(ret->shell), "/bin/sh");
}

int user_find_uid(uid_t uid, struct user *ret) {
        autofree char *text = NULL;
        int r = read_file("/etc/passwd", &text);

        if (r >= 0)
                r = user_find_in(text, NULL, uid, ret);
        if (r == -ESRCH) {
                make_up(uid, ret);
                return 0;
        }
        return r;
}

int user_find(const char *name, struct user *ret) {
        autofree char *text = NULL;
        unsigned uid;

        if (parse_unsigned(name, ID_MOST, &uid) >= 0)
                return user_find_uid(uid, ret);

        int r = read_file("/etc/passwd", &text);
        if (r >= 0)
                r = user_find_in(text, name, 0, ret);
        if (r == -ESRCH && strcmp(name, "root") == 0) {
                make_up(0, ret);
                return 0;
        }
        return r;
}

int group_find(const char *name, gid_t *ret) {
        autofree char *text = NULL;
        struct field f[3]; /* name, password, gid; the members are left over */
        unsigned gid;

        if (parse_unsigned(name, ID_MOST, &gid) >= 0) {
                *ret = gid;
                return 0;
        }

        int r = read_file("/etc/group", &text);
        if (r < 0)
                return r;
        for (const char *at = text; next_line(&at, f, countof(f));)
                if (is_field(&f[0], name) && take_id(&f[2], &gid) >= 0) {
                        *ret = gid;
                        return 0;
                }
        if (strcmp(name, "root") != 0)
                return -ESRCH;
        *ret = 0;
        return 0;
}

int group_name(gid_t gid, char ret[64]) {
        autofree char *text = NULL;
        struct field f[3]; /* as above */
        unsigned found;

        int r = read_file("/etc/group", &text);
        if (r < 0)
                return r;
        for (const char *at = text; next_line(&at, f, countof(f));)
                if (take_id(&f[2], &found) >= 0 && found == gid)
                        return take_text(&f[0], "", ret, 64);
        (void) snprintf(ret, 64, gid == 0 ? "root" : "%u", gid);
        return 0;
}

static bool is_member(const struct field *members, const char *name) {
        const char *p = members->at, *end = members->at + members->n;

        while (p < end) {
                struct field one = { .at = p };

                while (p < end && *p != ',')
                        p++;
                one.n = (size_t) (p - one.at);
                if (is_field(&one, name))
                        return true;
                p++;
        }
        return false;
}

static int add_group(gid_t **list, size_t *n, gid_t gid) {
        for (size_t i = 0; i < *n; i++)
                if ((*list)[i] == gid)
                        return 0;

        gid_t *longer = reallocarray(*list, *n + 1, sizeof(**list));
        if (!longer)
                return -ENOMEM;
        *list = longer;
        longer[(*n)++] = gid;
        return 0;
}

int user_groups(const char *name, gid_t first, gid_t **ret, size_t *ret_n) {
        autofree char *text = NULL;
        autofree gid_t *list = NULL;
        struct field f[4]; /* name, password, gid, members */
        size_t n = 0;
        unsigned gid;

        int r = read_file("/etc/group", &text);
        if (r >= 0)
                r = add_group(&list, &n, first);
        if (r < 0)
                return r;
        for (const char *at = text; next_line(&at, f, countof(f));) {
                if (take_id(&f[2], &gid) < 0 || !name || !is_member(&f[3], name))
                        continue;
                r = add_group(&list, &n, gid);
                if (r < 0)
                        return r;
        }
        *ret = TAKE(list);
        *ret_n = n;
        return 0;
}
