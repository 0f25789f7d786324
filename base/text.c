#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/text.h"

#define WHITE_SPACE " \t\n\r\v\f"

/* Escapes of one letter, and what they stand for. */
static const struct {
        char letter, meaning;
} escapes[] = {
        { 'a', '\a' }, { 'b', '\b' }, { 'f', '\f' },  { 'n', '\n' }, { 'r', '\r' },  { 't', '\t' },
        { 'v', '\v' }, { 's', ' ' },  { '\\', '\\' }, { '"', '"' },  { '\'', '\'' },
};

size_t strv_length(char *const *v) {
        size_t n = 0;

        while (v && v[n])
                n++;
        return n;
}

char **strv_free(char **v) {
        for (size_t i = 0; v && v[i]; i++)
                free(v[i]);
        free(v);
        return NULL;
}

bool strv_contains(char *const *v, const char *word) {
        for (size_t i = 0; v && v[i]; i++)
                if (strcmp(v[i], word) == 0)
                        return true;
        return false;
}

int strv_take(char ***v, char *word) {
        autofree char *owned = word;
        size_t n = strv_length(*v);

        if (!word)
                return -ENOMEM;

        char **longer = reallocarray(*v, n + 2, sizeof(char *));
        if (!longer)
                return -ENOMEM;
        longer[n] = TAKE(owned);
        longer[n + 1] = NULL;
        *v = longer;
        return 0;
}

int strv_add(char ***v, const char *word) {
        return strv_take(v, strdup(word));
}

char **strv_copy(char *const *v) {
        autostrv char **copy = calloc(strv_length(v) + 1, sizeof(char *));

        for (size_t i = 0; copy && v && v[i]; i++) {
                copy[i] = strdup(v[i]);
                if (!copy[i])
                        return NULL;
        }
        return TAKE(copy);
}

bool strv_equal(char *const *a, char *const *b) {
        size_t n = strv_length(a);

        if (n != strv_length(b))
                return false;
        for (size_t i = 0; i < n; i++)
                if (strcmp(a[i], b[i]) != 0)
                        return false;
        return true;
}

int text_hex_digit(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return -1;
}

/* Reads exactly `n` digits of `base`. */
static int read_number(const char *at, unsigned n, unsigned base, uint32_t *ret) {
        uint32_t value = 0;

        for (unsigned i = 0; i < n; i++) {
                int d = text_hex_digit(at[i]);

                if (d < 0 || (unsigned) d >= base)
                        return -EINVAL;
                value = value * base + (unsigned) d;
        }
        *ret = value;
        return 0;
}

static size_t put_utf8(uint32_t code, char *out) {
        if (code < 0x80) {
                out[0] = (char) code;
                return 1;
        }

        size_t n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
        for (size_t i = n - 1; i > 0; i--) {
                out[i] = (char) (0x80 | (code & 0x3f));
                code >>= 6;
        }
        out[0] = (char) ((0xf00u >> n & 0xffu) | code);
        return n;
}

/* The escapes that are numbers; `at` is behind the backslash. Returns how many characters it took, or
 * -EINVAL. */
static int unescape_number(const char *at, char *out, size_t *used) {
        bool unicode = *at == 'u' || *at == 'U';
        bool octal = *at >= '0' && *at <= '7';
        unsigned n = *at == 'U' ? 8 : *at == 'u' ? 4 : octal ? 3 : 2;
        uint32_t code;

        if (!unicode && !octal && *at != 'x')
                return -EINVAL;
        if (read_number(octal ? at : at + 1, n, octal ? 8 : 16, &code) < 0 || code == 0)
                return -EINVAL;
        if (unicode && (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)))
                return -EINVAL;
        if (!unicode && code > 255)
                return -EINVAL;

        if (unicode)
                *used += put_utf8(code, out + *used);
        else
                out[(*used)++] = (char) code;
        return (int) (octal ? n : n + 1);
}

/* Never writes more than it reads, so a buffer as long as the text is long enough. */
static int unescape(const char *at, char *out, size_t *used) {
        for (size_t i = 0; i < countof(escapes); i++)
                if (*at == escapes[i].letter) {
                        out[(*used)++] = escapes[i].meaning;
                        return 1;
                }
        return unescape_number(at, out, used);
}

/* An escape that does not exist stays as it is written where `unknown` is given, and is counted there. */
static int take_escape(const char **at, char *out, size_t *used, unsigned *unknown) {
        int n = unescape(*at + 1, out, used);

        if (n < 0 && !unknown)
                return n;
        if (n < 0) {
                ++*unknown;
                out[(*used)++] = '\\';
                n = 0;
                if ((*at)[1] != '\0') /* a blank too, which so does not end the word */
                        out[(*used)++] = (*at)[++n];
        }
        *at += 1 + n;
        return 0;
}

/* How long the word is as it is written: resolving quotes and escapes only ever makes it shorter. */
static size_t raw_length(const char *word) {
        const char *p = word;
        char quote = '\0';

        for (; *p != '\0' && (quote != '\0' || !strchr(WHITE_SPACE, *p)); p++)
                if (*p == '\\' && p[1] != '\0')
                        p++;
                else if (*p == quote)
                        quote = '\0';
                else if (quote == '\0' && (*p == '\'' || *p == '"'))
                        quote = *p;
        return (size_t) (p - word);
}

static int next_word(const char **at, char **ret, unsigned *unknown) {
        const char *p = *at + strspn(*at, WHITE_SPACE);
        char quote = '\0';
        size_t used = 0;

        if (*p == '\0') {
                *at = p;
                return 0;
        }

        autofree char *word = malloc(raw_length(p) + 1);
        if (!word)
                return -ENOMEM;

        while (*p != '\0' && (quote != '\0' || !strchr(WHITE_SPACE, *p))) {
                int r = 0;

                if (*p == '\\')
                        r = take_escape(&p, word, &used, unknown);
                else if (quote == '\0' && (*p == '\'' || *p == '"'))
                        quote = *p++;
                else if (quote != '\0' && *p == quote) {
                        quote = '\0';
                        p++;
                } else
                        word[used++] = *p++;
                if (r < 0)
                        return r;
        }
        if (quote != '\0')
                return -EINVAL;

        char *exact = strndup(word, used);
        if (!exact)
                return -ENOMEM;
        *at = p;
        *ret = exact;
        return 1;
}

int text_next_word(const char **at, char **ret) {
        return next_word(at, ret, NULL);
}

int text_next_word_lax(const char **at, char **ret, unsigned *unknown) {
        return next_word(at, ret, unknown);
}

int text_unescape(const char *text, char **ret) {
        autofree char *plain = malloc(strlen(text) + 1);
        size_t used = 0;
        int r = plain ? 0 : -ENOMEM;

        while (r == 0 && *text != '\0') {
                if (*text == '\\')
                        r = take_escape(&text, plain, &used, NULL);
                else
                        plain[used++] = *text++;
        }
        if (r < 0)
                return r;
        plain[used] = '\0';
        *ret = TAKE(plain);
        return 0;
}

int text_split(const char *text, char ***ret) {
        autostrv char **words = NULL;
        char *word;
        int r;

        while ((r = text_next_word(&text, &word)) > 0) {
                r = strv_take(&words, word);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;
        *ret = TAKE(words);
        return 0;
}

static bool needs_quotes(const char *word) {
        if (*word == '\0' || strcmp(word, ";") == 0)
                return true;
        for (const char *p = word; *p != '\0'; p++)
                if ((unsigned char) *p <= ' ' || *p == 127 || strchr("'\"\\", *p))
                        return true;
        return false;
}

void text_print_word(FILE *out, const char *word) {
        if (!needs_quotes(word)) {
                (void) fputs(word, out);
                return;
        }

        (void) fputc('"', out);
        for (const char *p = word; *p != '\0'; p++) {
                if (*p == '"' || *p == '\\')
                        (void) fprintf(out, "\\%c", *p);
                else if (*p == '\n')
                        (void) fputs("\\n", out);
                else if (*p == '\t')
                        (void) fputs("\\t", out);
                else if ((unsigned char) *p < ' ' || *p == 127)
                        (void) fprintf(out, "\\x%02x", (unsigned) *p);
                else
                        (void) fputc(*p, out);
        }
        (void) fputc('"', out);
}

bool text_starts(const char *text, const char *prefix) {
        return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_ends(const char *text, const char *suffix) {
        size_t n = strlen(text), m = strlen(suffix);

        return n >= m && strcmp(text + n - m, suffix) == 0;
}

char *text_format(const char *format, ...) {
        va_list arguments;
        char *text;

        va_start(arguments, format);
        if (vasprintf(&text, format, arguments) < 0)
                text = NULL;
        va_end(arguments);
        return text;
}
