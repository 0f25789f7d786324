#include <errno.h>

#include "config/reader.h"
#include "tests/unit/test.h"

static int show(void *context, const struct entry *e) {
        FILE *out = context;

        if (e->key)
                (void) fprintf(out, "%u %s.%s=<%s>\n", e->line, e->section, e->key, e->value);
        else
                (void) fprintf(out, "%u [%s]\n", e->line, e->section);
        return 0;
}

/* All entries of a text as lines; what was wrong is in `d`. */
static char *read_all(const char *text, size_t size, struct diags *d) {
        char *shown = NULL, *copy = NULL;
        size_t shown_size, copy_size;
        FILE *out = open_memstream(&shown, &shown_size), *in = open_memstream(&copy, &copy_size);

        if (!out || !in)
                abort();
        (void) fwrite(text, 1, size, in);
        (void) fclose(in);
        CHECK(reader_parse(copy, size, "a.ini", d, show, out) == 0);
        (void) fclose(out);
        free(copy);
        return shown;
}

TEST(reader_brings_values_through_whole) {
        static const struct {
                const char *text, *shown;
        } rows[] = {
                { "", "" },
                { "[a]\nk=v", "1 [a]\n2 a.k=<v>\n" },
                { "[a]\nk=v\n", "1 [a]\n2 a.k=<v>\n" },
                { "\n\n[a]\n\nk = v \n", "3 [a]\n5 a.k=<v>\n" },
                { "[a]\r\nk=v\r\nl=w\r\n", "1 [a]\n2 a.k=<v>\n3 a.l=<w>\n" },
                { "\xef\xbb\xbf[a]\nk=v\n", "1 [a]\n2 a.k=<v>\n" },
                { "[a]\nk=sh -c 'a ; b' # c\n", "1 [a]\n2 a.k=<sh -c 'a ; b' # c>\n" },
                { "[a]\nk=;x\nl=#y\n", "1 [a]\n2 a.k=<;x>\n3 a.l=<#y>\n" },
                { "[a]\nk=a:b=c\n", "1 [a]\n2 a.k=<a:b=c>\n" },
                { "[a]\nk=[b]\n", "1 [a]\n2 a.k=<[b]>\n" },
                { "[a]\nk=1\nk=\nk=2\n", "1 [a]\n2 a.k=<1>\n3 a.k=<>\n4 a.k=<2>\n" },
                { "# c\n; c\n  # c\n[a] ; c\n k=v\n", "4 [a]\n5 a.k=<v>\n" },
                { "[a] # c\n[ b ]\nk=v\n", "1 [a]\n2 [b]\n3 b.k=<v>\n" },
                { "[a]\nk=1\n[b]\n[a]\nk=2\n", "1 [a]\n2 a.k=<1>\n3 [b]\n4 [a]\n5 a.k=<2>\n" },
                { "[x.service]\nk=v\n", "1 [x.service]\n2 x.service.k=<v>\n" },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                struct diags d = {};
                autofree char *shown = read_all(rows[i].text, strlen(rows[i].text), &d);

                CHECK_STRING(shown, rows[i].shown, "row %zu", i);
                CHECK(d.n == 0, "row %zu: %s", i, d.n > 0 ? d.list[0].text : "");
                diags_done(&d);
        }
}

TEST(reader_joins_continued_lines) {
        static const struct {
                const char *text, *shown;
        } rows[] = {
                { "[a]\nk=x \\\n  y\nl=z\n", "1 [a]\n2 a.k=<x    y>\n4 a.l=<z>\n" },
                { "[a]\nk=x\\\n# no\n  ; no\\\ny\nl=z\n", "1 [a]\n2 a.k=<x y>\n6 a.l=<z>\n" },
                { "[a]\r\nk=x\\\r\ny\r\n", "1 [a]\n2 a.k=<x y>\n" },
                { "[a]\nk=x\\\\\nl=z\n", "1 [a]\n2 a.k=<x\\\\>\n3 a.l=<z>\n" },
                { "[a]\nk=x\\\\\\\ny\n", "1 [a]\n2 a.k=<x\\\\ y>\n" },
                { "[a]\nk=x\\\n\nl=z\n", "1 [a]\n2 a.k=<x>\n4 a.l=<z>\n" },
                { "[a]\nk=x\\", "1 [a]\n2 a.k=<x>\n" },
                { "[a]\nk=x\\\n", "1 [a]\n2 a.k=<x>\n" },
                { "[a]\n# c\\\nk=x\n", "1 [a]\n3 a.k=<x>\n" },
                { "[a]\nk\\\n=x\n", "1 [a]\n2 a.k=<x>\n" },
                { "[a]\nk=1\\\n[b]\nl=2\n", "1 [a]\n2 a.k=<1 [b]>\n4 a.l=<2>\n" },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                struct diags d = {};
                autofree char *shown = read_all(rows[i].text, strlen(rows[i].text), &d);

                CHECK_STRING(shown, rows[i].shown, "row %zu", i);
                CHECK(d.n == 0, "row %zu", i);
                diags_done(&d);
        }
}

/* A NUL in these texts is written as "@@". */
TEST(reader_says_what_it_cannot_take) {
        static const struct {
                const char *text, *shown;
                unsigned line;
                const char *words;
        } rows[] = {
                { "[a]\nfoo\nk=v\n", "1 [a]\n3 a.k=<v>\n", 2, "no '='" },
                { "k=v\n[a]\nk=v\n", "2 [a]\n3 a.k=<v>\n", 1, "before the first" },
                { "[a\nk=v\n[b]\nl=w\n", "3 [b]\n4 b.l=<w>\n", 1, "lacks its ']'" },
                { "[a] x\nk=v\n[b]\n", "3 [b]\n", 1, "behind the section's" },
                { "[]\n[a]\n", "2 [a]\n", 1, "without a name" },
                { "[a]\nkey: value\n", "1 [a]\n", 2, "no '='" },
                { "[a]\nkey: value = x\n", "1 [a]\n", 2, "'key: value' is not" },
                { "[a]\n=v\n", "1 [a]\n", 2, "'' is not" },
                { "[a]\nk=a@@b\nl=w\n", "1 [a]\n3 a.l=<w>\n", 2, "NUL" },
                { "[a]\nk=\xff\nl=w\n", "1 [a]\n3 a.l=<w>\n", 2, "UTF-8" },
                { "[a]\nk=\xed\xa0\x80\n", "1 [a]\n", 2, "UTF-8" },
                { "[a]\nk=\xc0\x80\n", "1 [a]\n", 2, "UTF-8" },
                { "[a]\nl=x\\\n\\\nk\nfoo\\\n\nb=c\n", "1 [a]\n2 a.l=<x  k>\n7 a.b=<c>\n", 5, "no '='" },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                autofree char *text = strdup(rows[i].text);
                size_t size = strlen(rows[i].text);
                struct diags d = {};
                char *nul = text ? strstr(text, "@@") : NULL;

                if (nul)
                        nul[0] = nul[1] = '\0';
                autofree char *shown = text ? read_all(text, size, &d) : NULL;
                CHECK_STRING(shown, rows[i].shown, "row %zu", i);
                CHECK(d.n == 1 && d.errors == 1, "row %zu", i);
                if (d.n == 1) {
                        CHECK(d.list[0].line == rows[i].line, "row %zu: line %u", i, d.list[0].line);
                        CHECK(strstr(d.list[0].text, rows[i].words), "row %zu: %s", i, d.list[0].text);
                }
                diags_done(&d);
        }
}

/* Longer than any buffer that inih is built with. */
TEST(reader_takes_long_lines_and_names) {
        enum { LENGTH = 64 << 10 };
        autofree char *text = NULL;
        size_t size;
        struct diags d = {};
        FILE *out = open_memstream(&text, &size);

        if (!CHECK(out))
                return;
        (void) fprintf(out, "[%0200d]\nk=", 7);
        for (int i = 0; i < LENGTH; i++)
                (void) fputc(i % 16 == 0 ? ';' : i % 2 == 0 ? ' ' : 'x', out);
        (void) fputs("end\nl=w\n", out);
        (void) fclose(out);

        autofree char *shown = read_all(text, size, &d);
        if (CHECK(shown)) {
                CHECK(strlen(shown) > LENGTH + 2 * 200);
                CHECK(strstr(shown, "xend>\n3 0000"));
        }
        CHECK(d.n == 0);
        diags_done(&d);

        autofree char *key = NULL;
        FILE *long_key = open_memstream(&key, &size);
        if (!CHECK(long_key))
                return;
        (void) fprintf(long_key, "[a]\n%0300d=1\n", 7);
        (void) fclose(long_key);
        autofree char *nothing = read_all(key, size, &d);
        CHECK_STRING(nothing, "1 [a]\n");
        CHECK(d.errors == 1);
        diags_done(&d);
}

static int stop_at_second(void *context, const struct entry *e) {
        int *calls = context;

        (void) e;
        return ++*calls == 2 ? -EUCLEAN : 0;
}

TEST(reader_ends_where_it_is_told_to) {
        char text[] = "[a]\nk=1\nl=2\nm=3\n";
        int calls = 0;

        CHECK(reader_parse(text, strlen(text), "a.ini", NULL, stop_at_second, &calls) == -EUCLEAN);
        CHECK(calls == 2);
}
