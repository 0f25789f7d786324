#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "base/parse.h"
#include "base/text.h"
#include "prepare/accounts.h"

#define FILE_MOST (16u << 20)

/* Before each of them, what is written when it is not there yet. */
static const struct place_of {
        const char *path;
        mode_t mode;
} places[] = { { "/etc/passwd", 0644 }, { "/etc/group", 0644 }, { "/etc/shadow", 0 }, { "/etc/gshadow", 0 } };

enum { PASSWD, GROUP, SHADOW, GSHADOW };

static int read_text(const char *path, char **ret) {
        size_t size;
        int r = io_read_file(path, FILE_MOST, ret, &size);

        return r == -ENOENT ? 0 : r;
}

static int add(struct account_list *l, const struct account *made) {
        struct account *longer = reallocarray(l->list, l->n + 1, sizeof(*longer));

        if (!longer)
                return -ENOMEM;
        l->list = longer;
        longer[l->n++] = *made;
        return 0;
}

/* "name:x:12:…" */
static int take_line(struct account_list *l, const char *line, size_t length) {
        struct account made = {};
        const char *end = line + length, *colon = memchr(line, ':', length);
        const char *second = colon ? memchr(colon + 1, ':', (size_t) (end - colon - 1)) : NULL;

        if (!second || *line == '+' || *line == '-' || *line == '#')
                return 0;
        autofree char *number = strndup(second + 1, strcspn(second + 1, ":\n"));
        made.name = strndup(line, (size_t) (colon - line));
        int r = !number || !made.name ? -ENOMEM : parse_unsigned(number, UINT32_MAX - 1, &made.id);
        if (r == 0)
                r = add(l, &made);
        if (r < 0)
                free(made.name);
        return r == -ENOMEM ? r : 0;
}

static int take_lines(struct account_list *l) {
        int r = 0;

        for (const char *at = l->text; at && *at != '\0' && r == 0;) {
                size_t n = strcspn(at, "\n");

                r = take_line(l, at, n);
                at += n + (at[n] == '\n');
        }
        return r;
}

/* As lckpwdf(3) does, for programs that add users. */
static int take_lock(void) {
        struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
        autoclose int fd =
                open("/etc/.pwd.lock", O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, 0600);

        if (fd < 0 || fcntl(fd, F_SETLKW, &whole) < 0)
                return -errno;
        return TAKE_FD(fd);
}

int accounts_init(struct accounts *a, bool lock) {
        *a = (struct accounts){ .lock = -1 };

        if (lock)
                a->lock = take_lock();
        int r = MIN(a->lock, 0);
        if (!lock)
                r = 0;
        if (r == 0)
                r = read_text(places[PASSWD].path, &a->users.text);
        if (r == 0)
                r = read_text(places[GROUP].path, &a->groups.text);
        if (r == 0 && lock)
                r = read_text(places[SHADOW].path, &a->users.shadow);
        if (r == 0 && lock)
                r = read_text(places[GSHADOW].path, &a->groups.shadow);
        if (r == 0)
                r = take_lines(&a->users);
        if (r == 0)
                r = take_lines(&a->groups);
        if (r < 0)
                accounts_done(a);
        return r;
}

static void free_list(struct account_list *l) {
        for (size_t i = 0; i < l->n; i++) {
                free(l->list[i].name);
                free(l->list[i].line);
                free(l->list[i].shadow);
        }
        free(l->list);
        free(l->text);
        free(l->shadow);
}

void accounts_done(struct accounts *a) {
        free_list(&a->users);
        free_list(&a->groups);
        for (size_t i = 0; i < a->n_members; i++) {
                free(a->members[i].user);
                free(a->members[i].group);
        }
        free(a->members);
        if (a->lock >= 0)
                (void) close(a->lock);
        *a = (struct accounts){ .lock = -1 };
}

const struct account *account_named(const struct account_list *l, const char *name) {
        for (size_t i = 0; i < l->n; i++)
                if (strcmp(l->list[i].name, name) == 0)
                        return &l->list[i];
        return NULL;
}

const struct account *account_numbered(const struct account_list *l, uint32_t id) {
        for (size_t i = 0; i < l->n; i++)
                if (l->list[i].id == id)
                        return &l->list[i];
        return NULL;
}

int account_add(struct account_list *l, const char *name, uint32_t id, char *line, char *shadow) {
        struct account made = {
                .name = strdup(name), .id = id, .is_new = true, .line = line, .shadow = shadow
        };
        int r = made.name && line && shadow ? add(l, &made) : -ENOMEM;

        if (r < 0) {
                free(made.name);
                free(line);
                free(shadow);
        }
        return r;
}

/* One of the words between commas behind the last colon of the line. */
static bool is_member(const char *line, size_t length, const char *user) {
        const char *end = line + length, *at = memrchr(line, ':', length);
        size_t n = strlen(user);

        for (; at && at < end; at = memchr(at + 1, ',', (size_t) (end - at - 1)))
                if ((size_t) (end - at - 1) >= n && memcmp(at + 1, user, n) == 0 &&
                    (at + 1 + n == end || at[1 + n] == ','))
                        return true;
        return false;
}

/* The line of that name in a text, and its length; NULL. */
static const char *find_line(const char *text, const char *name, size_t *ret_length) {
        size_t n = strlen(name);

        for (const char *at = text; at && *at != '\0';) {
                size_t length = strcspn(at, "\n");

                if (strncmp(at, name, n) == 0 && at[n] == ':') {
                        *ret_length = length;
                        return at;
                }
                at += length + (at[length] == '\n');
        }
        return NULL;
}

int accounts_add_member(struct accounts *a, const char *user, const char *group) {
        size_t length;
        const char *line = find_line(a->groups.text, group, &length);

        if (line && is_member(line, length, user))
                return 0;
        for (size_t i = 0; i < a->n_members; i++)
                if (strcmp(a->members[i].user, user) == 0 && strcmp(a->members[i].group, group) == 0)
                        return 0;
        struct membership *longer = reallocarray(a->members, a->n_members + 1, sizeof(*longer));
        if (!longer)
                return -ENOMEM;
        a->members = longer;
        struct membership *m = &longer[a->n_members];
        *m = (struct membership){ .user = strdup(user), .group = strdup(group) };
        a->n_members++;
        return m->user && m->group ? 0 : -ENOMEM;
}

static bool has_new(const struct account_list *l) {
        for (size_t i = 0; i < l->n; i++)
                if (l->list[i].is_new)
                        return true;
        return false;
}

bool accounts_have_changed(const struct accounts *a) {
        return has_new(&a->users) || has_new(&a->groups) || a->n_members > 0;
}

/* --- Writing. */

static int compare(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

/* Who the line names as members, and those that are new; NULL where none is. */
static char **join_members(const struct accounts *a, const char *line, size_t length) {
        const char *colon = memchr(line, ':', length), *last = memrchr(line, ':', length);
        bool has_new = false;
        autostrv char **list = NULL;

        for (const char *at = last ? last + 1 : line + length; at < line + length; at++) {
                size_t n = MIN(strcspn(at, ",\n"), (size_t) (line + length - at));

                if (n > 0 && strv_take(&list, strndup(at, n)) < 0)
                        return NULL;
                at += n;
        }
        for (size_t i = 0; colon && i < a->n_members; i++) {
                const struct membership *m = &a->members[i];
                size_t n = strlen(m->group);

                if (n != (size_t) (colon - line) || memcmp(m->group, line, n) != 0 ||
                    strv_contains(list, m->user))
                        continue;
                if (strv_add(&list, m->user) < 0)
                        return NULL;
                has_new = true;
        }
        if (list)
                qsort(list, strv_length(list), sizeof(*list), compare);
        return has_new ? TAKE(list) : NULL;
}

/* A line as it is, or with its members anew. */
static void put_line(const struct accounts *a, const char *line, size_t length, bool is_group, FILE *out) {
        autostrv char **members = is_group ? join_members(a, line, length) : NULL;
        const char *last = memrchr(line, ':', length);

        (void) fwrite(line, 1, members ? (size_t) (last + 1 - line) : length, out);
        for (size_t i = 0; members && members[i]; i++)
                (void) fprintf(out, "%s%s", i > 0 ? "," : "", members[i]);
        (void) fputc('\n', out);
}

/* What comes at the end for other sources of accounts (nsswitch.conf(5), compat) stays there. */
static bool is_compat(const char *line) {
        return *line == '+' || *line == '-';
}

static void put_new(const struct accounts *a, const struct account_list *l, bool is_shadow, FILE *out) {
        for (size_t i = 0; i < l->n; i++) {
                const char *line = is_shadow ? l->list[i].shadow : l->list[i].line;

                if (l->list[i].is_new)
                        put_line(a, line, strlen(line), l == &a->groups, out);
        }
}

static void put_all(const struct accounts *a, const struct account_list *l, bool is_shadow, FILE *out) {
        bool are_out = false;

        for (const char *at = is_shadow ? l->shadow : l->text; at && *at != '\0';) {
                size_t n = strcspn(at, "\n");

                if (is_compat(at) && !are_out) {
                        put_new(a, l, is_shadow, out);
                        are_out = true;
                }
                put_line(a, at, n, l == &a->groups, out);
                at += n + (at[n] == '\n');
        }
        if (!are_out)
                put_new(a, l, is_shadow, out);
}

/* Under another name first, with owner and mode of the old one. */
static int write_one(const struct accounts *a, unsigned which) {
        const struct account_list *l = which == PASSWD || which == SHADOW ? &a->users : &a->groups;
        autofree char *text = NULL, *temporary = text_format("%s.tend", places[which].path);
        struct stat st = { .st_mode = places[which].mode };
        size_t size;
        FILE *out = open_memstream(&text, &size);

        if (!out || !temporary) {
                if (out)
                        (void) fclose(out);
                return -ENOMEM;
        }
        put_all(a, l, which >= SHADOW, out);
        bool is_whole = !ferror(out);
        if (fclose(out) != 0 || !is_whole)
                return -ENOMEM;
        if (stat(places[which].path, &st) < 0 && errno != ENOENT)
                return -errno;
        (void) unlink(temporary);
        autoclose int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        int r = fd < 0 ? -errno : io_write_all(fd, text, size);
        if (r == 0 && (fchown(fd, st.st_uid, st.st_gid) < 0 || fchmod(fd, st.st_mode & 07777) < 0 ||
                       fsync(fd) < 0 || rename(temporary, places[which].path) < 0))
                r = -errno;
        if (r < 0 && fd >= 0)
                (void) unlink(temporary);
        return r;
}

/* The shadows first: an account is never without its line there. */
int accounts_write(const struct accounts *a) {
        bool users = has_new(&a->users), groups = has_new(&a->groups) || a->n_members > 0;
        int r = 0;

        if (groups)
                r = write_one(a, GSHADOW);
        if (r == 0 && groups)
                r = write_one(a, GROUP);
        if (r == 0 && users)
                r = write_one(a, SHADOW);
        if (r == 0 && users)
                r = write_one(a, PASSWD);
        return r;
}
