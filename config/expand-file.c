/* The text of an EnvironmentFile=. Values are unquoted in place: what comes out is never longer than what
 * went in. */

#include <errno.h>
#include <string.h>

#include "config/expand.h"

#define BLANKS " \t\r"

struct env_reader {
        char *at, *out;
        unsigned line;
};

/* Moves on by one, counting lines. */
static char take(struct env_reader *r) {
        if (*r->at == '\n')
                r->line++;
        return *r->at++;
}

static void put(struct env_reader *r, char c) {
        *r->out++ = c;
}

/* A backslash at the end of the line makes a comment go on, too. */
static void skip_line(struct env_reader *r) {
        while (*r->at != '\0') {
                char c = take(r);

                if (c == '\n')
                        return;
                if (c == '\\' && *r->at != '\0')
                        (void) take(r);
        }
}

/* 'All of it as it is, over lines too.' False where the quote is not closed. */
static bool take_single(struct env_reader *r) {
        (void) take(r);
        while (*r->at != '\0' && *r->at != '\'')
                put(r, take(r));
        if (*r->at == '\0')
                return false;
        (void) take(r);
        return true;
}

/* "A backslash keeps \" \\ \` \$ and takes a line's end away, and stays before all else." */
static bool take_double(struct env_reader *r) {
        (void) take(r);
        while (*r->at != '\0' && *r->at != '"') {
                char c = take(r);

                if (c == '\\' && *r->at == '\n') {
                        (void) take(r);
                        continue;
                }
                if (c == '\\' && *r->at != '\0' && strchr("\"\\`$", *r->at))
                        c = take(r);
                put(r, c);
        }
        if (*r->at == '\0')
                return false;
        (void) take(r);
        return true;
}

/* Up to the line's end, without the blanks before it; quotes are letters like others here. */
static void take_plain(struct env_reader *r) {
        char *end = r->out;

        while (*r->at != '\0' && *r->at != '\n') {
                char c = take(r);
                bool kept = c == '\\';

                if (kept && *r->at == '\0')
                        break;
                if (kept)
                        c = take(r);
                if (kept && c == '\n')
                        continue;
                put(r, c);
                if (kept || !strchr(BLANKS, c))
                        end = r->out;
        }
        r->out = end;
}

/* The value behind the "=", up to and with the line's end. False where a quote is not closed. */
static bool take_value(struct env_reader *r, char **ret) {
        bool closed = true;

        *ret = r->out = r->at;
        while (closed && *r->at != '\0' && *r->at != '\n')
                if (strchr(BLANKS, *r->at))
                        (void) take(r);
                else if (*r->at == '\'')
                        closed = take_single(r);
                else if (*r->at == '"')
                        closed = take_double(r);
                else
                        take_plain(r);
        if (*r->at == '\n')
                (void) take(r);
        *r->out = '\0';
        return closed;
}

static bool is_name(const char *name) {
        size_t n = expand_name_length(name);

        return n > 0 && name[n] == '\0';
}

/* Cuts the name off at its "="; NULL (and the line is passed over) where there is none. */
static char *take_name(struct env_reader *r) {
        size_t n = strcspn(r->at, "=\n");
        char *name = r->at;

        if (name[n] != '=') {
                skip_line(r);
                return NULL;
        }
        r->at += n + 1;
        while (n > 0 && strchr(BLANKS, name[n - 1]))
                n--;
        name[n] = '\0';
        return name;
}

int expand_env_file(char *text, const char *path, struct diags *d,
                    int (*add)(void *context, const char *name, const char *value), void *context) {
        struct env_reader r = { .at = text, .line = 1 };

        if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
                r.at += 3;
        while (*r.at != '\0') {
                r.at += strspn(r.at, BLANKS);

                unsigned line = r.line;
                char *name, *value;
                int answer = 0;

                if (*r.at == '\n')
                        (void) take(&r);
                else if (*r.at == '#' || *r.at == ';')
                        skip_line(&r);
                else if (!(name = take_name(&r)))
                        diag(d, path, line, 0, "the line has no '=' and is passed over");
                else if (!take_value(&r, &value))
                        diag(d, path, line, 0, "%.64s: the quote is not closed; passed over", name);
                else if (!is_name(name))
                        diag(d, path, line, 0, "'%.64s' is not the name of a variable; passed over", name);
                else
                        answer = add(context, name, value);
                if (answer != 0)
                        return answer;
        }
        return 0;
}
