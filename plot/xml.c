#include <string.h>

#include "base/glyph.h"
#include "plot/xml.h"

static void print_glyph(FILE *out, uint32_t c, const char *from, size_t n) {
        static const struct {
                char c;
                const char *entity;
        } entities[] = {
                { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" }, { '\'', "&#39;" }
        };

        for (size_t i = 0; i < countof(entities); i++)
                if (c == (uint32_t) entities[i].c) {
                        (void) fputs(entities[i].entity, out);
                        return;
                }
        if (c == GLYPH_BAD || glyph_is_control(c) || (c & 0xfffe) == 0xfffe)
                (void) fputs("\xef\xbf\xbd", out);
        else
                (void) fwrite(from, 1, n, out);
}

void xml_text(FILE *out, const char *text, size_t most) {
        autofree char *cut = NULL;
        size_t size;

        if (most != SIZE_MAX) {
                FILE *stream = open_memstream(&cut, &size);
                if (!stream)
                        return;
                (void) glyph_print(stream, text, most);
                if (fclose(stream) != 0)
                        return;
                text = cut;
        }
        while (*text) {
                const char *from = text;
                uint32_t c = glyph_next(&text);
                print_glyph(out, c, from, (size_t) (text - from));
        }
}
