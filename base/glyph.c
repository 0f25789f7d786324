#include "base/glyph.h"

struct range {
        uint32_t first, last;
};

/* What is as wide as two, and what is drawn over the one before it: the ranges that people meet (Unicode's
 * EastAsianWidth and combining marks), since the C library's own are those of a locale. */
static const struct range wide[] = {
        { 0x1100, 0x115f },   { 0x2e80, 0xa4cf },   { 0xac00, 0xd7a3 },   { 0xf900, 0xfaff },
        { 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },   { 0xffe0, 0xffe6 },   { 0x1f300, 0x1f64f },
        { 0x1f680, 0x1f6ff }, { 0x1f900, 0x1faff }, { 0x20000, 0x3fffd },
};
static const struct range combining[] = {
        { 0x300, 0x36f }, { 0x200b, 0x200d }, { 0x20d0, 0x20ff }, { 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f },
};
/* C0, DEL, C1, and what turns the direction of writing round. */
static const struct range controls[] = {
        { 0, 0x1f }, { 0x7f, 0x9f }, { 0x200e, 0x200f }, { 0x202a, 0x202e }, { 0x2066, 0x2069 },
};

static bool is_in(const struct range *ranges, size_t n, uint32_t c) {
        for (size_t i = 0; i < n; i++)
                if (c >= ranges[i].first && c <= ranges[i].last)
                        return true;
        return false;
}

uint32_t glyph_next(const char **at) {
        static const struct {
                uint8_t mask, is;
                uint32_t least;
        } leads[] = { { 0xe0, 0xc0, 0x80 }, { 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 } };
        const unsigned char *p = (const unsigned char *) *at;

        ++*at;
        if (*p < 0x80)
                return *p;
        for (size_t n = 0; n < countof(leads); n++) {
                if ((*p & leads[n].mask) != leads[n].is)
                        continue;
                uint32_t c = *p & (uint8_t) ~leads[n].mask;
                for (size_t i = 1; i <= n + 1; i++) {
                        if ((p[i] & 0xc0) != 0x80) /* the end of the text is no such byte either */
                                return GLYPH_BAD;
                        c = c << 6 | (p[i] & 0x3f);
                }
                if (c < leads[n].least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
                        return GLYPH_BAD;
                *at += n + 1;
                return c;
        }
        return GLYPH_BAD;
}

/* How many columns it takes: 0, 1 or 2. */
static unsigned width_of(uint32_t c) {
        if (is_in(combining, countof(combining), c))
                return 0;
        return is_in(wide, countof(wide), c) ? 2 : 1;
}

bool glyph_is_control(uint32_t c) {
        return is_in(controls, countof(controls), c);
}

size_t glyph_columns(const char *text) {
        size_t n = 0;

        while (*text) {
                uint32_t c = glyph_next(&text);
                n += glyph_is_control(c) ? 1 : width_of(c);
        }
        return n;
}

size_t glyph_print(FILE *out, const char *text, size_t most) {
        bool is_cut = glyph_columns(text) > most;
        size_t n = 0;

        while (*text) {
                const char *from = text;
                uint32_t c = glyph_next(&text);
                size_t width = glyph_is_control(c) ? 1 : width_of(c);
                if (n + width + is_cut > most)
                        break;
                n += width;
                if (glyph_is_control(c) || c == GLYPH_BAD)
                        (void) fputs(glyph_is_control(c) ? "?" : "\xef\xbf\xbd", out);
                else
                        (void) fwrite(from, 1, (size_t) (text - from), out);
        }
        if (is_cut && most > 0) {
                (void) fputs("…", out);
                n++;
        }
        return n;
}
