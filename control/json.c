#include <inttypes.h>
#include <string.h>

#include "base/glyph.h"
#include "control/json.h"

void json_text(FILE *out, const char *text) {
        (void) fputc('"', out);
        while (text && *text) {
                const char *from = text;
                uint32_t c = glyph_next(&text);
                if (c < ' ')
                        (void) fprintf(out, "\\u%04x", (unsigned) c);
                else if (c == GLYPH_BAD)
                        (void) fputs("\xef\xbf\xbd", out);
                else {
                        if (c == '"' || c == '\\')
                                (void) fputc('\\', out);
                        (void) fwrite(from, 1, (size_t) (text - from), out);
                }
        }
        (void) fputc('"', out);
}

void json_member(FILE *out, const char *before, const char *key, const char *text) {
        (void) fprintf(out, "%s\"%s\":", before, key);
        json_text(out, text);
}

void json_problems(FILE *out, const struct diags *d) {
        (void) fputc('[', out);
        for (size_t i = 0; i < d->n; i++) {
                const struct diag *m = &d->list[i];
                json_member(out, i > 0 ? ",\n{" : "\n{", "kind", diag_word(m));
                json_member(out, ",", "file", m->file);
                (void) fprintf(out, ",\"line\":%u", m->line);
                json_member(out, ",", "words", m->text);
                json_member(out, ",", "hint", m->hint);
                (void) fputc('}', out);
        }
        (void) fputc(']', out);
}

/* `value` parts of which `per` are a whole one, without floating point: nothing is lost. */
static void print_fraction(FILE *out, uint64_t value, uint64_t per, int digits) {
        uint64_t rest = value % per;

        (void) fprintf(out, "%" PRIu64, value / per);
        if (rest > 0)
                (void) fprintf(out, ".%0*" PRIu64, digits, rest);
}

static void print_number(FILE *out, enum live_kind kind, uint64_t value) {
        if (kind == LIVE_TIME ? value == 0 : value == UINT64_MAX)
                (void) fputs("null", out);
        else if (kind == LIVE_SIZE)
                (void) fprintf(out, "%" PRIu64, value);
        else if (kind == LIVE_SHARE)
                print_fraction(out, value, 100, 2);
        else
                print_fraction(out, value, USEC_PER_SEC, 6);
}

void json_span(FILE *out, usec_t span) {
        print_number(out, LIVE_SPAN, span);
}

static void print_value(FILE *out, enum live_kind kind, const void *field) {
        const char *text;
        uint64_t number;
        uint32_t count;

        switch (kind) {
        case LIVE_TEXT:
                memcpy(&text, field, sizeof(text));
                json_text(out, text);
                return;
        case LIVE_COUNT:
                memcpy(&count, field, sizeof(count));
                (void) fprintf(out, "%" PRIu32, count);
                return;
        case LIVE_FLAG:
                (void) fputs(*(const bool *) field ? "true" : "false", out);
                return;
        case LIVE_SIZE:
        case LIVE_SPAN:
        case LIVE_TIME:
        case LIVE_SHARE:
                memcpy(&number, field, sizeof(number));
                print_number(out, kind, number);
                return;
        }
}

void json_fields(FILE *out, const struct live_list *list, const void *from, bool more) {
        for (size_t i = 0; i < list->n; i++) {
                (void) fprintf(out, "%s\"%s\":", i == 0 ? "{" : ",", list->fields[i].name);
                print_value(out, list->fields[i].kind, (const char *) from + list->fields[i].offset);
        }
        if (!more)
                (void) fputc('}', out);
}

void json_unit(FILE *out, const struct live_status *u, bool more) {
        json_fields(out, &live_unit_fields, u, true);
        (void) fputs(",\"exits\":[", out);
        for (size_t i = 0; i < u->n_exits; i++) {
                (void) fputs(i > 0 ? "," : "", out);
                json_fields(out, &live_exit_fields, &u->exits[i], false);
        }
        (void) fputs("],\"ends\":[", out);
        for (size_t i = 0; i < u->n_ends; i++) {
                (void) fputs(i > 0 ? "," : "", out);
                json_fields(out, &live_end_fields, &u->ends[i], false);
        }
        (void) fputs(more ? "]" : "]}", out);
}
