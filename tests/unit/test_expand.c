#include <errno.h>
#include <sys/utsname.h>

#include "base/text.h"
#include "config/expand.h"
#include "config/value.h"
#include "tests/unit/test.h"

static char *const environment[] = { (char[]){ "ONE=one" },
                                     (char[]){ "TWO='two two' too" },
                                     (char[]){ "EMPTY=" },
                                     (char[]){ "ONE_MORE=x" },
                                     (char[]){ "LAST=1" },
                                     (char[]){ "LAST=2" },
                                     NULL };

TEST(expand_specifiers_of_systemd) {
        static const struct {
                const char *name, *text, *expanded; /* NULL: -EINVAL */
        } rows[] = {
                { "web.service", "plain", "plain" },
                { "web.service", "%n %N %p", "web.service web web" },
                { "web.service", "<%i>", "<>" },
                { "worker@2.service", "%n %N %p %i", "worker@2.service worker@2 worker 2" },
                { "a@x-y\\x2dz.service", "%i %I", "x-y\\x2dz x/y-z" },
                { "a@dev-sda\\x2d1.service", "%f", "/dev/sda-1" },
                { "srv-x.service", "%f %P", "/srv/x srv/x" },
                { "a.b.service", "%N", "a.b" },
                { "web.service", "100%%", "100%" },
                { "web.service", "%H", "shop" },
                { "web.service", "%t/%p %S %C %L %E %T %V",
                  "/run/web /var/lib /var/cache /var/log /etc /tmp /var/tmp" },
                { "foo-bar-baz@x.service", "%j", "baz" },
                { "foo-a\\x2db.service", "%j %J", "a\\x2db a-b" },
                { "plain.service", "%j", "plain" },
                { "web.service", "%q %l", "shop shop" },
                { "web.service", "%Y", NULL },
                { "web.service", "%d", NULL },
                { "web.service", "50% +%-d a%/b %", "50% +%-d a%/b %" },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                autofree char *name = strdup(rows[i].name), *expanded = NULL;
                struct unit u = { .name = name };

                CHECK(expand_specifiers(rows[i].text, &u, "shop", &expanded) ==
                              (rows[i].expanded ? 0 : -EINVAL),
                      "row %zu", i);
                CHECK_STRING(expanded, rows[i].expanded, "row %zu", i);
        }
}

TEST(expand_specifiers_of_who_and_where) {
        autofree char *name = strdup("a.service"), *uid = NULL, *host = NULL, *expanded = NULL;
        struct unit u = { .name = name };
        struct utsname names;

        uid = text_format("%u", getuid());
        CHECK(expand_specifiers("%U", &u, NULL, &expanded) == 0);
        CHECK_STRING(expanded, uid);
        CHECK(uname(&names) == 0);
        CHECK(expand_specifiers("%H", &u, NULL, &host) == 0);
        CHECK_STRING(host, names.nodename);
}

TEST(expand_specifiers_of_the_system) {
        autofree char *name = strdup("a.service"), *release = NULL, *host = NULL, *gid = NULL, *boot = NULL;
        autofree char *own_gid = text_format("%u", getgid());
        struct unit u = { .name = name };
        struct utsname names;

        CHECK(uname(&names) == 0);
        CHECK(expand_specifiers("%v", &u, NULL, &release) == 0);
        CHECK_STRING(release, names.release);
        CHECK(expand_specifiers("%l", &u, "shop.example", &host) == 0);
        CHECK_STRING(host, "shop");
        CHECK(expand_specifiers("%G", &u, NULL, &gid) == 0);
        CHECK_STRING(gid, own_gid);
        CHECK(expand_specifiers("%b", &u, NULL, &boot) == 0);
        CHECK(boot && strlen(boot) == 32, "%s", boot ? boot : "");
}

TEST(expand_names_what_it_does_not_know) {
        static const struct {
                const char *text;
                char letter;
        } rows[] = {
                { "%n %d", 'd' }, { "%% %y", 'y' }, { "%%d %Y", 'Y' }, { "50%", '\0' },
                { "%n", '\0' },   { "%%", '\0' },   { "%-%Y", 'Y' },
        };

        for (size_t i = 0; i < countof(rows); i++)
                CHECK(expand_unknown(rows[i].text) == rows[i].letter, "row %zu", i);
}

TEST(expand_at_load) {
        static const struct {
                const char *text;
                int error;
                const char *expanded; /* or what is at fault */
        } rows[] = {
                { "", 0, "" },
                { "plain $ONE $$ $", 0, "plain $ONE $$ $" },
                { "a${ONE}b", 0, "aoneb" },
                { "${ONE}${ONE_MORE}", 0, "onex" },
                { "<${EMPTY}>", 0, "<>" },
                { "${EMPTY:-word}", 0, "word" },
                { "${NOT:-two words}", 0, "two words" },
                { "${NOT:-}", 0, "" },
                { "${NOT:-a:-b}", 0, "a:-b" },
                { "${ONE:-word}", 0, "one" },
                { "${LAST}", 0, "2" },
                { "$${ONE}", 0, "${ONE}" },
                { "${NOT}", -ENOENT, "NOT" },
                { "${ONE", -EINVAL, "${ONE" },
                { "${}", -EINVAL, "${}" },
                { "${1}", -EINVAL, "${1}" },
                { "${ONE:=x}", -EINVAL, "${ONE:=x}" },
                { "${ONE%x}", -EINVAL, "${ONE%x}" },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                autofree char *expanded = NULL, *bad = NULL;

                CHECK(expand_load_time(rows[i].text, environment, &expanded, &bad) == rows[i].error,
                      "row %zu", i);
                CHECK_STRING(rows[i].error < 0 ? bad : expanded, rows[i].expanded, "row %zu", i);
                CHECK(!expanded || !bad, "row %zu", i);
        }
}

/* The command that ExecStart=`text` makes. */
static struct command *make_command(const char *text) {
        struct unit u = { .name = (char[]){ "a.service" } };
        struct assignment a = { .setting = setting_find(OWNER_UNIT, "ExecStart"),
                                .object = &u,
                                .unit = &u,
                                .value = text,
                                .file = "a" };

        CHECK(value_command(&a) == 0, "%s", text);
        return u.exec[EXEC_START];
}

static char *join(char **argv) {
        char *shown = NULL;
        size_t size;
        FILE *out = open_memstream(&shown, &size);

        if (!out)
                return NULL;
        for (size_t i = 0; argv[i]; i++)
                (void) fprintf(out, "[%s]", argv[i]);
        (void) fclose(out);
        return shown;
}

TEST(expand_commands_as_systemd_does) {
        static const struct {
                const char *text, *shown, *missing;
        } rows[] = {
                { "echo a b", "[echo][a][b]", NULL },
                { "echo ${ONE} ${TWO}", "[echo][one]['two two' too]", NULL },
                { "echo $ONE $TWO", "[echo][one][two two][too]", NULL },
                { "echo \"$TWO\"", "[echo][two two][too]", NULL },
                { "echo $EMPTY ${EMPTY} end", "[echo][][end]", NULL },
                { "echo $NOT ${NOT} end", "[echo][][end]", "NOT" },
                { "echo a${ONE}b", "[echo][aoneb]", NULL },
                { "echo a$ONE $ONE/b -$ONE", "[echo][a$ONE][$ONE/b][-$ONE]", NULL },
                { "echo $$ONE a$$b $$", "[echo][$ONE][a$b][$]", NULL },
                { "echo ${NOT:-a b} ${EMPTY:-c}", "[echo][${NOT:-a][b}][c]", NULL },
                { "echo '${NOT:-a b}'", "[echo][a b]", NULL },
                { "echo ${ONE", "[echo][${ONE]", NULL },
                { "echo $", "[echo][$]", NULL },
                { "echo ${1} x", "[echo][][x]", "1" },
                { "sh -c 'for i in $ONE; do echo $i; done'", "[sh][-c][for i in $ONE; do echo $i; done]",
                  NULL },
                { ":echo $ONE ${TWO} $$", "[echo][$ONE][${TWO}][$$]", NULL },
                { "@sh ${ONE} x", "[one][x]", NULL },
                { "@sh $EMPTY", "[sh]", NULL },
                { "echo '${ONE}${NOT}${ALSO_NOT}'", "[echo][one]", "NOT" },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                char memory[1024] __attribute__((aligned(16)));
                struct arena arena = { .base = memory, .size = sizeof(memory) };
                struct command *c = make_command(rows[i].text);
                const char *missing = "unset";
                char **argv = NULL;

                if (!CHECK(c, "row %zu", i))
                        continue;
                if (CHECK(expand_command(c, environment, &arena, &argv, &missing) == 0, "row %zu", i)) {
                        autofree char *shown = join(argv);

                        CHECK_STRING(shown, rows[i].shown, "row %zu", i);
                        CHECK_STRING(missing, rows[i].missing, "row %zu", i);
                }
                command_free(c);
        }
}

/* Whatever the size: all of it, or -E2BIG, and not a byte behind the end. */
TEST(expand_commands_within_the_arena) {
        struct command *c = make_command("echo ${ONE} $TWO a${NOT}b '${TWO}' $ONE");
        char memory[512] __attribute__((aligned(16)));
        size_t least = 0;

        for (size_t size = 0; size < sizeof(memory) && c; size++) {
                struct arena arena = { .base = memory, .size = size };
                char **argv = NULL;

                memset(memory, '#', sizeof(memory));
                int r = expand_command(c, environment, &arena, &argv, NULL);
                CHECK(r == 0 || r == -E2BIG, "size %zu", size);
                CHECK(r < 0 ? least == 0 : arena.used <= size, "size %zu", size);
                for (size_t i = size; i < sizeof(memory); i++)
                        if (memory[i] != '#' && !CHECK(false, "size %zu: byte %zu", size, i))
                                break;
                if (r == 0 && least == 0)
                        least = size;
        }
        CHECK(least > 0);
        command_free(c);
}

TEST(expand_arena_is_aligned_and_ends) {
        char memory[64] __attribute__((aligned(16)));
        struct arena arena = { .base = memory, .size = sizeof(memory) };
        char *one = arena_take(&arena, 1), *two = arena_take(&arena, 8);

        CHECK(one == memory);
        CHECK((uintptr_t) two % _Alignof(void *) == 0 && two > one);
        CHECK(!arena_take(&arena, SIZE_MAX));
        CHECK(!arena_take(&arena, sizeof(memory)));
}

static int show(void *context, const char *name, const char *value) {
        (void) fprintf(context, "%s=<%s>", name, value);
        return 0;
}

TEST(expand_environment_files) {
        static const struct {
                const char *text, *shown;
                unsigned line; /* of the one warning; 0: none */
        } rows[] = {
                { "", "", 0 },
                { "A=b", "A=<b>", 0 },
                { "A=b\nC=d\n", "A=<b>C=<d>", 0 },
                { "\n# c\n; c\n  A=b\n", "A=<b>", 0 },
                { "A = b \t\r\nC=d\r\n", "A=<b>C=<d>", 0 },
                { "A=a  b # c\n", "A=<a  b # c>", 0 },
                { "A=\nB=x\n", "A=<>B=<x>", 0 },
                { "A='a  b'\nB=\"c d\"\n", "A=<a  b>B=<c d>", 0 },
                { "A='a\nb'\nB=c\n", "A=<a\nb>B=<c>", 0 },
                { "A='a\\nb'\n", "A=<a\\nb>", 0 },
                { "A=\"a\\\"b\\\\c\\$d\\ne\"\n", "A=<a\"b\\c$d\\ne>", 0 },
                { "A=\"a\\\nb\"\n", "A=<ab>", 0 },
                { "A=a\\\nb\nB=c\n", "A=<ab>B=<c>", 0 },
                { "A=a\\b\\\\c\\ \n", "A=<ab\\c >", 0 },
                { "A=it's \"x\"\n", "A=<it's \"x\">", 0 },
                { "A='a' 'b'\n", "A=<ab>", 0 },
                { "A=b=c\n", "A=<b=c>", 0 },
                { "# c \\\nA=b\nB=c\n", "B=<c>", 0 },
                { "\xef\xbb\xbf"
                  "A=b\n",
                  "A=<b>", 0 },
                { "A=b\nnonsense\nC=d\n", "A=<b>C=<d>", 2 },
                { "A=b\nexport B=c\nC=d\n", "A=<b>C=<d>", 2 },
                { "1A=b\nC=d\n", "C=<d>", 1 },
                { "A='x\ny'\nB='open\n", "A=<x\ny>", 3 },
                { "A=end\\", "A=<end>", 0 },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                autofree char *text = strdup(rows[i].text), *shown = NULL;
                struct diags d = {};
                size_t size;
                FILE *out = open_memstream(&shown, &size);

                if (!CHECK(out && text))
                        return;
                CHECK(expand_env_file(text, "env", &d, show, out) == 0, "row %zu", i);
                (void) fclose(out);
                CHECK_STRING(shown, rows[i].shown, "row %zu", i);
                CHECK(d.warnings == (rows[i].line > 0) && d.errors == 0, "row %zu", i);
                CHECK(d.n == 0 || d.list[0].line == rows[i].line, "row %zu: line %u", i,
                      d.n > 0 ? d.list[0].line : 0);
                diags_done(&d);
        }
}
