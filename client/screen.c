#include <string.h>
#include <sys/ioctl.h>

#include "base/glyph.h"
#include "base/parse.h"
#include "client/screen.h"

static bool is_set(const char *name) {
        const char *value = getenv(name);
        return value && *value;
}

struct screen screen_of(int fd) {
        const char *columns = getenv("COLUMNS"), *terminal = getenv("TERM");
        struct screen s = { .width = SCREEN_ENDLESS };
        struct winsize size;

        s.has_colours = isatty(fd) && !is_set("NO_COLOR") && terminal && strcmp(terminal, "dumb") != 0;
        if (ioctl(fd, TIOCGWINSZ, &size) == 0)
                s.width = size.ws_col > 0 ? size.ws_col : 80;
        else if (columns && parse_unsigned(columns, 10000, &s.width) < 0)
                s.width = SCREEN_ENDLESS;
        if (s.width == 0)
                s.width = SCREEN_ENDLESS;
        return s;
}

void screen_colour(const struct screen *s, FILE *out, enum colour c) {
        static const char *const codes[] = {
                [COLOUR_PLAIN] = "\033[0m",  [COLOUR_GOOD] = "\033[32m", [COLOUR_BUSY] = "\033[33m",
                [COLOUR_BAD] = "\033[1;31m", [COLOUR_DIM] = "\033[2m",   [COLOUR_HEAD] = "\033[1m",
        };

        if (s->has_colours)
                (void) fputs(codes[c], out);
}

void screen_wrap(const struct screen *s, FILE *out, const char *text, unsigned at, unsigned indent) {
        bool is_first = true;

        while (*text) {
                char word[256];
                size_t n = strcspn(text, " ");
                (void) snprintf(word, sizeof(word), "%.*s", (int) MIN(n, sizeof(word) - 1), text);
                size_t width = glyph_columns(word);
                if (!is_first && at + 1 + width > s->width) {
                        (void) fprintf(out, "\n%*s", (int) indent, "");
                        at = indent;
                } else if (!is_first) {
                        (void) fputc(' ', out);
                        at++;
                }
                at += (unsigned) glyph_print(out, word, s->width > at ? s->width - at : 1);
                text += n + strspn(text + n, " ");
                is_first = false;
        }
        (void) fputc('\n', out);
}
