#include <ctype.h>
#include <string.h>

#include "base/pattern.h"

static const struct class {
        const char *name;
        int (*has)(int c);
} classes[] = {
        { "[:alnum:]", isalnum }, { "[:alpha:]", isalpha }, { "[:blank:]", isblank },
        { "[:cntrl:]", iscntrl }, { "[:digit:]", isdigit }, { "[:graph:]", isgraph },
        { "[:lower:]", islower }, { "[:print:]", isprint }, { "[:punct:]", ispunct },
        { "[:space:]", isspace }, { "[:upper:]", isupper }, { "[:xdigit:]", isxdigit },
};

static const struct class *find_class(const char *at) {
        for (size_t i = 0; at[0] == '[' && at[1] == ':' && i < countof(classes); i++)
                if (strncmp(at, classes[i].name, strlen(classes[i].name)) == 0)
                        return &classes[i];
        return NULL;
}

static unsigned char fold(char c, unsigned flags) {
        return (unsigned char) (flags & PATTERN_ANY_CASE ? tolower((unsigned char) c) : c);
}

/* The letter at *at, which is behind it then. */
static unsigned char take_letter(const char **at, unsigned flags) {
        if (**at == '\\' && !(flags & PATTERN_NO_ESCAPE) && (*at)[1] != '\0')
                ++*at;
        return fold(*(*at)++, flags);
}

/* Behind the set that begins at `at`, or NULL where it has no end. */
static const char *match_set(const char *at, char c, unsigned flags, bool *ret) {
        bool is_negative = *at == '!' || *at == '^', has = false;
        unsigned char letter = fold(c, flags);

        at += is_negative;
        for (const char *first = at; *at != ']' || at == first;) {
                const struct class *class = find_class(at);
                if (*at == '\0')
                        return NULL;
                if (class) {
                        has |= class->has((unsigned char) c) != 0;
                        at += strlen(class->name);
                        continue;
                }
                unsigned char least = take_letter(&at, flags), most = least;
                if (*at == '-' && at[1] != ']' && at[1] != '\0') {
                        at++;
                        most = take_letter(&at, flags);
                }
                has |= least <= letter && letter <= most;
        }
        *ret = has != is_negative;
        return at + 1;
}

/* Behind what of the pattern fits that one letter, or NULL. */
static const char *match_one(const char *at, char c, unsigned flags) {
        bool fits;

        bool is_cut = *at == '\\' && at[1] == '\0' && !(flags & PATTERN_NO_ESCAPE);

        if (*at == '\0' || is_cut)
                return NULL;
        if (*at == '?')
                return at + 1;
        const char *behind = *at == '[' ? match_set(at + 1, c, flags, &fits) : NULL;
        if (behind)
                return fits ? behind : NULL;
        return take_letter(&at, flags) == fold(c, flags) ? at : NULL;
}

bool pattern_fits(const char *pattern, const char *text, unsigned flags) {
        const char *star = NULL, *from = NULL; /* behind the last star, and what it has left so far */

        if (flags & PATTERN_PERIOD && *text == '.' && *pattern != '.' && strncmp(pattern, "\\.", 2) != 0)
                return false;
        while (*pattern != '\0' || *text != '\0') {
                const char *next = *text != '\0' ? match_one(pattern, *text, flags) : NULL;

                if (*pattern == '*') {
                        star = ++pattern;
                        from = text;
                } else if (next) {
                        pattern = next;
                        text++;
                } else if (star && *from != '\0') {
                        pattern = star;
                        text = ++from;
                } else
                        return false;
        }
        return true;
}
