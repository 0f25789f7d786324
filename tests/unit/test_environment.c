#include <errno.h>

#include "supervisor/environment.h"
#include "tests/unit/test.h"

static char path[] = "PATH=/bin", home[] = "HOME=/root", empty[] = "EMPTY=", pathology[] = "PATHOLOGY=1";
static char *const base[] = { path, home, empty, pathology, NULL };

/* The list as one text, with blanks between. */
static const char *joined(char *const *list, char *buffer, size_t size) {
        FILE *out = fmemopen(buffer, size, "w");

        buffer[0] = '\0';
        for (size_t i = 0; out && list[i]; i++)
                (void) fprintf(out, "%s%s", i > 0 ? " " : "", list[i]);
        if (out)
                (void) fclose(out);
        return buffer;
}

enum deed { PUT, SET, UNSET };

TEST(environment_put_set_unset) {
        static const struct {
                enum deed deed;
                const char *a, *b;
                const char *after;
        } rows[] = {
                { PUT, "PATH=/sbin", NULL, "PATH=/sbin HOME=/root EMPTY= PATHOLOGY=1" },
                { PUT, "PAT=h", NULL, "PATH=/bin HOME=/root EMPTY= PATHOLOGY=1 PAT=h" },
                { PUT, "EMPTY=no", NULL, "PATH=/bin HOME=/root EMPTY=no PATHOLOGY=1" },
                { PUT, "A=b=c", NULL, "PATH=/bin HOME=/root EMPTY= PATHOLOGY=1 A=b=c" },
                { SET, "HOME", "/srv", "PATH=/bin HOME=/srv EMPTY= PATHOLOGY=1" },
                { SET, "NEW", "", "PATH=/bin HOME=/root EMPTY= PATHOLOGY=1 NEW=" },
                { UNSET, "PATH", NULL, "HOME=/root EMPTY= PATHOLOGY=1" },
                { UNSET, "PATHOLOGY", NULL, "PATH=/bin HOME=/root EMPTY=" },
                { UNSET, "PAT", NULL, "PATH=/bin HOME=/root EMPTY= PATHOLOGY=1" },
                { UNSET, "HOME=/root", NULL, "PATH=/bin EMPTY= PATHOLOGY=1" },
                { UNSET, "HOME=/", NULL, "PATH=/bin HOME=/root EMPTY= PATHOLOGY=1" },
                { UNSET, "EMPTY=", NULL, "PATH=/bin HOME=/root PATHOLOGY=1" },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                _Alignas(void *) char memory[512];
                char text[256];
                struct arena arena = { .base = memory, .size = sizeof(memory) };
                struct environment e;
                int r = environment_begin(&e, &arena, base, 1);
                if (!CHECK(r == 0 && e.n == 4, "row %zu", i))
                        continue;
                if (rows[i].deed == PUT)
                        r = environment_put(&e, rows[i].a);
                else if (rows[i].deed == SET)
                        r = environment_set(&e, rows[i].a, rows[i].b);
                else
                        environment_unset(&e, rows[i].a);
                CHECK(r == 0, "row %zu", i);
                CHECK_STRING(joined(e.list, text, sizeof(text)), rows[i].after, "row %zu", i);
                CHECK(!e.list[e.n], "row %zu", i);
                CHECK(strcmp(path, "PATH=/bin") == 0 && base[0] == path, "row %zu", i);
        }
}

TEST(environment_has_its_limits) {
        _Alignas(void *) char memory[512];
        struct arena arena = { .base = memory, .size = sizeof(memory) };
        struct environment e;

        if (!CHECK(environment_begin(&e, &arena, base, 2) == 0))
                return;
        CHECK(environment_put(&e, "ONE=1") == 0);
        CHECK(environment_put(&e, "TWO=2") == 0);
        CHECK(environment_put(&e, "THREE=3") == -E2BIG);
        CHECK(environment_set(&e, "THREE", "3") == -E2BIG);
        CHECK(environment_put(&e, "TWO=4") == 0); /* in place */
        CHECK_STRING(environment_get(e.list, "TWO"), "4");
        CHECK(e.n == 6 && !e.list[6]);
        environment_unset(&e, "ONE");
        CHECK(environment_put(&e, "THREE=3") == 0);

        /* The memory: for the list, and for what is copied. */
        for (size_t size = 0; size < sizeof(memory); size++) {
                arena = (struct arena){ .base = memory, .size = size };
                int r = environment_begin(&e, &arena, base, 2);
                if (size < 7 * sizeof(char *))
                        CHECK(r == -E2BIG, "%zu bytes", size);
                if (r < 0)
                        continue;
                r = environment_set(&e, "NAME", "0123456789");
                CHECK(r == 0 || (r == -E2BIG && e.n == 4), "%zu bytes", size);
                CHECK((r == 0) == (environment_get(e.list, "NAME") != NULL), "%zu bytes", size);
                CHECK(arena.used <= size, "%zu bytes", size);
        }
        CHECK_STRING(environment_get(e.list, "NAME"), "0123456789");
}

TEST(environment_get_finds_whole_names) {
        static const struct {
                const char *name, *value;
        } rows[] = {
                { "PATH", "/bin" }, { "PAT", NULL }, { "PATHOLOGY", "1" },
                { "EMPTY", "" },    { "", NULL },    { "X", NULL },
        };

        for (size_t i = 0; i < countof(rows); i++)
                CHECK_STRING(environment_get(base, rows[i].name), rows[i].value, "row %zu", i);
        CHECK(!environment_get(NULL, "PATH"));
}

TEST(environment_keeps_what_is_for_tend_alone) {
        static const struct {
                const char *assignment;
                bool ours;
        } rows[] = {
                { "NOTIFY_SOCKET=/run/x", true },
                { "LISTEN_FDS=1", true },
                { "LISTEN_PID=1", true },
                { "INVOCATION_ID=", true },
                { "MAINPID=5", true },
                { "WATCHDOG_USEC=9", true },
                { "NOTIFY_SOCKETS=/run/x", false },
                { "PATH=/bin", false },
                { "MAINPID", false },
                { "", false },
        };

        for (size_t i = 0; i < countof(rows); i++)
                CHECK(environment_is_ours(rows[i].assignment) == rows[i].ours, "row %zu", i);
}
