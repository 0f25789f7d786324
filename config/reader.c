/* Nothing that inih could cut, split or take for a comment passes through it. Lines are counted, joined and
 * checked here; inih is handed a skeleton, "[section]" or "Key=", short enough for every build of it, and
 * calls back with the key; the section's name and the value are then taken from the text itself. */

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include <ini.h>

#include "config/reader.h"

#define WHITE_SPACE " \t\v\f\r\n"
#define COMMENTS    "#;"
#define KEY_MOST    128        /* bytes; inih's buffer holds 200 by default */
#define LINE_MOST   (1u << 20) /* bytes, as with systemd */

struct reader {
        char *at, *end;      /* borrowed; what is still to be read */
        unsigned line;       /* of the physical line read last */
        const char *file;    /* borrowed */
        struct diags *diags; /* borrowed */
        int (*add)(void *context, const struct entry *e);
        void *context;
        struct entry entry; /* the one that inih is looking at */
        bool lost;          /* the section's header was refused */
        int result;         /* of `add`; non-zero ends it */
};

static bool is_comment(const char *line, size_t n) {
        size_t i = 0;

        while (i < n && (line[i] == ' ' || line[i] == '\t'))
                i++;
        return i < n && strchr(COMMENTS, line[i]) && line[i] != '\0';
}

/* One line as it is in the file, without its end. */
static bool take_line(struct reader *r, char **ret, size_t *ret_size) {
        if (r->at >= r->end)
                return false;

        char *line = r->at;
        char *newline = memchr(line, '\n', (size_t) (r->end - line));
        char *stop = newline ? newline : r->end;

        r->at = stop + 1;
        r->line++;
        if (stop > line && stop[-1] == '\r')
                stop--;
        *ret = line;
        *ret_size = (size_t) (stop - line);
        return true;
}

static bool is_continued(const char *line, size_t n) {
        size_t slashes = 0;

        while (slashes < n && line[n - 1 - slashes] == '\\')
                slashes++;
        return slashes % 2 == 1;
}

/* One line with those that continue it, joined in place; comments between them are passed over. */
static bool take_joined(struct reader *r, char **ret, size_t *ret_size) {
        char *joined = NULL, *line;
        size_t used = 0, n;

        while (take_line(r, &line, &n)) {
                if (is_comment(line, n))
                        continue;
                if (!joined) {
                        joined = line;
                        r->entry.line = r->line;
                } else
                        memmove(joined + used, line, n);
                used += n;
                if (!is_continued(joined, used))
                        break;
                joined[used - 1] = ' ';
        }
        if (!joined)
                return false;

        joined[used] = '\0';
        *ret = joined;
        *ret_size = used;
        return true;
}

/* The length of a character of UTF-8 from its first byte; 0 where it cannot be one. */
static unsigned utf8_length(unsigned char first) {
        if (first < 0x80)
                return 1;
        if (first < 0xc2 || first > 0xf4)
                return 0;
        return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

static bool is_utf8(const char *text) {
        static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };

        while (*text != '\0') {
                unsigned n = utf8_length((unsigned char) *text);
                uint32_t code = (unsigned char) *text++ & (n > 1 ? 0x7fu >> n : 0x7fu);

                if (n == 0)
                        return false;
                for (unsigned i = 1; i < n; i++, text++) {
                        if (((unsigned char) *text & 0xc0) != 0x80)
                                return false;
                        code = code << 6 | ((unsigned char) *text & 0x3fu);
                }
                if (code < least[n] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
                        return false;
        }
        return true;
}

static char *trim(char *text) {
        text += strspn(text, WHITE_SPACE);
        for (size_t n = strlen(text); n > 0 && strchr(WHITE_SPACE, text[n - 1]); n--)
                text[n - 1] = '\0';
        return text;
}

static bool is_key(const char *key) {
        size_t n = strlen(key);

        for (const char *p = key; *p != '\0'; p++)
                if (!isalnum((unsigned char) *p) && *p != '-' && *p != '_')
                        return false;
        return n > 0 && n <= KEY_MOST;
}

/* A header that is refused: what is in the section is not asked for by any name, so it is passed over. */
static int refuse_header(struct reader *r, const char *what) {
        r->lost = true;
        return diag(r->diags, r->file, r->entry.line, -EINVAL, "%s", what);
}

static int refuse(struct reader *r, const char *what) {
        return diag(r->diags, r->file, r->entry.line, -EINVAL, "%s", what);
}

/* "[db]", with nothing or a comment behind it. */
static int take_header(struct reader *r, char *line) {
        char *stop = strchr(line, ']');

        if (!stop)
                return refuse_header(r, "a section's name lacks its ']'");

        char *rest = stop + 1 + strspn(stop + 1, WHITE_SPACE);
        if (*rest != '\0' && !strchr(COMMENTS, *rest))
                return refuse_header(r, "there is something behind the section's ']'");
        *stop = '\0';
        r->lost = false;
        r->entry.section = trim(line + 1);
        r->entry.value = NULL;
        r->entry.key = NULL;
        if (*r->entry.section == '\0')
                return refuse_header(r, "a section without a name");
        r->result = r->add(r->context, &r->entry);
        return r->result;
}

/* "Key = value". */
static int take_assignment(struct reader *r, char *line) {
        char *equals = strchr(line, '=');

        if (!equals) {
                refuse(r, "neither a [section] nor a setting: there is no '='");
                diag_hint(r->diags, "%s",
                          "a setting is written Key=value; a line that goes on ends in a backslash");
                return -EINVAL;
        }
        *equals = '\0';
        r->entry.key = trim(line);
        r->entry.value = trim(equals + 1);
        if (!is_key(r->entry.key)) {
                diag(r->diags, r->file, r->entry.line, -EINVAL, "'%.64s' is not the name of a setting",
                     r->entry.key);
                diag_hint(
                        r->diags, "%s",
                        "a setting is written Key=value, a comment starts with # or ; on a line of its own");
                return -EINVAL;
        }
        if (r->lost)
                return -ENOENT;
        if (!r->entry.section)
                return refuse(r, "a setting before the first [section]");
        return 0;
}

/* What fgets() is to inih. */
static char *next_skeleton(char *buffer, int size, void *context) {
        struct reader *r = context;
        char *line;
        size_t n;

        while (r->result == 0 && take_joined(r, &line, &n)) {
                if (memchr(line, '\0', n)) {
                        refuse(r, "the line holds a NUL byte");
                        continue;
                }
                if (n > LINE_MOST) {
                        refuse(r, "the line is longer than 1 MiB");
                        continue;
                }
                if (!is_utf8(line)) {
                        refuse(r, "the line is not UTF-8");
                        continue;
                }

                line = trim(line);
                if (*line == '\0')
                        continue;
                if (*line == '[' && take_header(r, line) == 0)
                        return memcpy(buffer, "[section]\n", sizeof("[section]\n"));
                if (*line != '[' && take_assignment(r, line) == 0) {
                        (void) snprintf(buffer, (size_t) size, "%s=\n", r->entry.key);
                        return buffer;
                }
        }
        return NULL;
}

static int take_pair(void *context, const char *section, const char *name, const char *value) {
        struct reader *r = context;

        (void) section;
        (void) value;
        r->entry.key = name;
        r->result = r->add(r->context, &r->entry);
        return 1;
}

int reader_parse(char *text, size_t size, const char *file, struct diags *d,
                 int (*add)(void *context, const struct entry *e), void *context) {
        struct reader r = {
                .at = text, .end = text + size, .file = file, .diags = d, .add = add, .context = context
        };

        if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
                r.at += 3;

        int n = ini_parse_stream(next_skeleton, &r, take_pair, &r);
        return n < 0 ? -ENOMEM : r.result;
}
