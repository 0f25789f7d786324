#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/text.h"
#include "config/expand.h"
#include "config/reference.h"
#include "config/setup.h"
#include "config/system.h"
#include "config/user.h"

/* What specifiers tell about: "worker@blue.service" has the prefix "worker" and the instance "blue". */
struct subject {
        const char *name, *instance, *hostname;
        size_t bare, prefix,
                instance_length; /* bytes of the name without suffix, of it up to the "@", of the instance */
        struct user self;        /* who tend runs as */
};

static void put_name(const struct subject *s, FILE *out) {
        (void) fputs(s->name, out);
}

static void put_bare_name(const struct subject *s, FILE *out) {
        (void) fwrite(s->name, 1, s->bare, out);
}

static void put_prefix(const struct subject *s, FILE *out) {
        (void) fwrite(s->name, 1, s->prefix, out);
}

static void put_instance(const struct subject *s, FILE *out) {
        (void) fwrite(s->instance, 1, s->instance_length, out);
}

/* Undoes systemd-escape(1): "-" was a slash, "\xHH" any byte. */
static void put_unescaped(const char *text, size_t n, FILE *out) {
        for (size_t i = 0; i < n; i++) {
                bool is_escape = i + 3 < n && text[i] == '\\' && text[i + 1] == 'x';
                int high = is_escape ? text_hex_digit(text[i + 2]) : -1;
                int low = high < 0 ? -1 : text_hex_digit(text[i + 3]);

                if (low >= 0) {
                        (void) fputc(high << 4 | low, out);
                        i += 3;
                } else
                        (void) fputc(text[i] == '-' ? '/' : text[i], out);
        }
}

static void put_plain_prefix(const struct subject *s, FILE *out) {
        put_unescaped(s->name, s->prefix, out);
}

static void put_plain_instance(const struct subject *s, FILE *out) {
        put_unescaped(s->instance, s->instance_length, out);
}

static void put_path(const struct subject *s, FILE *out) {
        (void) fputc('/', out);
        if (s->instance_length > 0)
                put_plain_instance(s, out);
        else
                put_plain_prefix(s, out);
}

static void put_hostname(const struct subject *s, FILE *out) {
        struct utsname names;

        if (s->hostname)
                (void) fputs(s->hostname, out);
        else if (uname(&names) >= 0)
                (void) fputs(names.nodename, out);
}

static void put_user(const struct subject *s, FILE *out) {
        (void) fputs(s->self.name, out);
}

static void put_uid(const struct subject *s, FILE *out) {
        (void) fprintf(out, "%u", s->self.uid);
}

static void put_home(const struct subject *s, FILE *out) {
        (void) fputs(s->self.home, out);
}

static void put_shell(const struct subject *s, FILE *out) {
        (void) fputs(s->self.shell, out);
}

static void put_gid(const struct subject *s, FILE *out) {
        (void) fprintf(out, "%u", s->self.gid);
}

/* What is behind the last "-" of the prefix. */
static size_t last_part(const struct subject *s) {
        const char *dash = memrchr(s->name, '-', s->prefix);

        return dash ? (size_t) (dash - s->name) + 1 : 0;
}

static void put_last_part(const struct subject *s, FILE *out) {
        (void) fwrite(s->name + last_part(s), 1, s->prefix - last_part(s), out);
}

static void put_plain_last_part(const struct subject *s, FILE *out) {
        put_unescaped(s->name + last_part(s), s->prefix - last_part(s), out);
}

static int find_group(const struct subject *s, char text[SYSTEM_TEXT_MAX]) {
        return group_name(s->self.gid, text);
}

static int find_hostname(const struct subject *s, char text[SYSTEM_TEXT_MAX]) {
        struct utsname names;

        if (!s->hostname && uname(&names) < 0)
                return -errno;
        (void) snprintf(text, SYSTEM_TEXT_MAX, "%s", s->hostname ? s->hostname : names.nodename);
        return 0;
}

static int find_short_hostname(const struct subject *s, char text[SYSTEM_TEXT_MAX]) {
        int r = find_hostname(s, text);

        if (r >= 0)
                text[strcspn(text, ".")] = '\0';
        return r;
}

static int find_release(const struct subject *s maybe_unused, char text[SYSTEM_TEXT_MAX]) {
        struct utsname names;

        if (uname(&names) < 0)
                return -errno;
        (void) snprintf(text, SYSTEM_TEXT_MAX, "%s", names.release);
        return 0;
}

static int find_architecture(const struct subject *s maybe_unused, char text[SYSTEM_TEXT_MAX]) {
        (void) snprintf(text, SYSTEM_TEXT_MAX, "%s", system_architecture());
        return *text == '\0' ? -ENODATA : 0;
}

static int find_machine_id(const struct subject *s maybe_unused, char text[SYSTEM_TEXT_MAX]) {
        return system_machine_id(text);
}

static int find_boot_id(const struct subject *s maybe_unused, char text[SYSTEM_TEXT_MAX]) {
        return system_boot_id(text);
}

static const struct specifier {
        char letter;
        void (*put)(const struct subject *s, FILE *out);
        const char *text; /* for those that are always the same */
        bool base;        /* where the directories of `kind` are */
        enum directory_kind kind;
        int (*find)(const struct subject *s,
                    char text[SYSTEM_TEXT_MAX]); /* for those that may not be known */
        const char *field;                       /* of os-release */
} specifiers[] = {
        /* clang-format off */
        { 'j', .put = put_last_part },       { 'J', .put = put_plain_last_part },
        { 'G', .put = put_gid },             { 'g', .find = find_group },
        { 'l', .find = find_short_hostname }, { 'q', .find = find_hostname },
        { 'v', .find = find_release },       { 'a', .find = find_architecture },
        { 'm', .find = find_machine_id },    { 'b', .find = find_boot_id },
        { 'o', .field = "ID" },              { 'w', .field = "VERSION_ID" },
        { 'W', .field = "VARIANT_ID" },      { 'B', .field = "BUILD_ID" },
        { 'M', .field = "IMAGE_ID" },        { 'A', .field = "IMAGE_VERSION" },
        /* clang-format on */
        { 'n', .put = put_name },
        { 'N', .put = put_bare_name },
        { 'p', .put = put_prefix },
        { 'P', .put = put_plain_prefix },
        { 'i', .put = put_instance },
        { 'I', .put = put_plain_instance },
        { 'f', .put = put_path },
        { 'H', .put = put_hostname },
        { 'u', .put = put_user },
        { 'U', .put = put_uid },
        { 'h', .put = put_home },
        { 's', .put = put_shell },
        { 't', .base = true, .kind = DIRECTORY_RUNTIME },
        { 'S', .base = true, .kind = DIRECTORY_STATE },
        { 'C', .base = true, .kind = DIRECTORY_CACHE },
        { 'L', .base = true, .kind = DIRECTORY_LOGS },
        { 'E', .base = true, .kind = DIRECTORY_CONFIGURATION },
        { 'T', .text = "/tmp" },
        { 'V', .text = "/var/tmp" },
        { '%', .text = "%" },
};

static bool asks_for_self(const char *text) {
        for (const char *p = strchr(text, '%'); p && p[1] != '\0'; p = strchr(p + 2, '%'))
                if (strchr("uUhsgG", p[1]))
                        return true;
        return false;
}

static void subject_init(struct subject *s, const struct unit *u, const char *hostname) {
        const char *dot = strrchr(u->name, '.');

        s->name = u->name;
        s->hostname = hostname;
        s->bare = dot ? (size_t) (dot - u->name) : strlen(u->name);

        const char *at = memchr(u->name, '@', s->bare);
        s->prefix = at ? (size_t) (at - u->name) : s->bare;
        s->instance = at ? at + 1 : u->name + s->bare;
        s->instance_length = s->bare - (size_t) (s->instance - u->name);
}

static const struct specifier *find_specifier(char letter) {
        for (size_t i = 0; i < countof(specifiers); i++)
                if (specifiers[i].letter == letter)
                        return &specifiers[i];
        return NULL;
}

/* A % in front of anything but a letter, a digit or another % is just a %. */
static bool is_plain(const char *percent) {
        return percent[1] != '%' && !isalnum((unsigned char) percent[1]);
}

char expand_unknown(const char *text) {
        for (const char *p = strchr(text, '%'); p; p = strchr(p + (is_plain(p) ? 1 : 2), '%'))
                if (!is_plain(p) && !find_specifier(p[1]))
                        return p[1];
        return '\0';
}

static int put_specifier(const struct specifier *what, const struct subject *s, FILE *out) {
        char text[SYSTEM_TEXT_MAX];
        int r = 0;

        if (what->put)
                what->put(s, out);
        else if (what->text)
                (void) fputs(what->text, out);
        else if (what->base)
                (void) fputs(directory_base(what->kind), out);
        else {
                r = what->find ? what->find(s, text) : system_os_release(what->field, text);
                if (r >= 0)
                        (void) fputs(text, out);
        }
        return r;
}

static int put_specifiers(const char *text, const struct subject *s, FILE *out) {
        for (const char *p = text; *p != '\0'; p++) {
                if (*p != '%' || is_plain(p)) {
                        (void) fputc(*p, out);
                        continue;
                }

                const struct specifier *found = find_specifier(*++p);
                if (!found)
                        return -EINVAL;
                int r = put_specifier(found, s, out);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Closes what open_memstream(3) made, after whatever was put there came to `r`: that, or -ENOMEM where not
 * all of it could be kept. */
static int close_text(FILE *out, char *const *text, int r) {
        bool is_whole = !ferror(out);

        is_whole &= fclose(out) == 0 && *text;
        return r == 0 && !is_whole ? -ENOMEM : r;
}

int expand_specifiers(const char *text, const struct unit *u, const char *hostname, char **ret) {
        autofree char *expanded = NULL;
        struct subject s;
        size_t size;

        subject_init(&s, u, hostname);
        int r = asks_for_self(text) ? user_find_uid(getuid(), &s.self) : 0;
        if (r < 0)
                return r;

        FILE *out = open_memstream(&expanded, &size);
        if (!out)
                return -ENOMEM;
        r = close_text(out, &expanded, put_specifiers(text, &s, out));
        if (r < 0)
                return r;
        *ret = TAKE(expanded);
        return 0;
}

const char *expand_variable(char *const *environment, const char *name, size_t n) {
        const char *found = NULL;

        for (size_t i = 0; environment && environment[i]; i++)
                if (strncmp(environment[i], name, n) == 0 && environment[i][n] == '=')
                        found = environment[i] + n + 1;
        return found;
}

size_t expand_name_length(const char *text) {
        size_t n = 0;

        if (text_is_digit(*text))
                return 0;
        while (isalnum((unsigned char) text[n]) || text[n] == '_')
                n++;
        return n;
}

bool reference_find(const char *text, struct reference *ret) {
        const char *stop = strchr(text, '}');

        if (!stop)
                return false;

        const char *name = text + 2;
        const char *dash = memmem(name, (size_t) (stop - name), ":-", 2);
        *ret = (struct reference){
                .name = name,
                .name_length = (size_t) ((dash ? dash : stop) - name),
                .word = dash ? dash + 2 : NULL,
                .word_length = dash ? (size_t) (stop - dash - 2) : 0,
                .end = stop + 1,
        };
        return true;
}

const char *reference_resolve(const struct reference *f, char *const *environment, size_t *ret_length) {
        const char *value = expand_variable(environment, f->name, f->name_length);

        if (f->word && (!value || *value == '\0')) {
                *ret_length = f->word_length;
                return f->word;
        }
        *ret_length = value ? strlen(value) : 0;
        return value;
}

/* One reference of a value of tend.ini; moves *at behind it. */
static int put_reference(const char **at, char *const *environment, FILE *out, char **ret_bad) {
        struct reference f;
        size_t n = strlen(*at);
        bool closed = reference_find(*at, &f);

        if (!closed || f.name_length == 0 || expand_name_length(f.name) != f.name_length) {
                if (ret_bad)
                        *ret_bad = strndup(*at, closed ? (size_t) (f.end - *at) : n);
                return -EINVAL;
        }

        const char *value = reference_resolve(&f, environment, &n);
        if (!value) {
                if (ret_bad)
                        *ret_bad = strndup(f.name, f.name_length);
                return -ENOENT;
        }
        (void) fwrite(value, 1, n, out);
        *at = f.end;
        return 0;
}

static int put_load_time(const char *text, char *const *environment, FILE *out, char **ret_bad) {
        const char *p = text;

        while (*p != '\0') {
                int r = 0;

                if (text_starts(p, "$${")) {
                        (void) fputs("${", out);
                        p += 3;
                } else if (text_starts(p, "${"))
                        r = put_reference(&p, environment, out, ret_bad);
                else
                        (void) fputc(*p++, out);
                if (r < 0)
                        return r;
        }
        return 0;
}

int expand_load_time(const char *text, char *const *environment, char **ret, char **ret_bad) {
        autofree char *expanded = NULL;
        size_t size;

        FILE *out = open_memstream(&expanded, &size);
        if (!out)
                return -ENOMEM;

        int r = close_text(out, &expanded, put_load_time(text, environment, out, ret_bad));
        if (r < 0)
                return r;
        *ret = TAKE(expanded);
        return 0;
}
