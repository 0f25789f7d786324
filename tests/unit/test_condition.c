#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "base/text.h"
#include "supervisor/condition.h"
#include "tests/unit/test.h"

static char *environment[] = { (char[]){ "ONE=1" }, (char[]){ "EMPTY=" }, (char[]){ "container=podman" },
                               NULL };

#define PARAMETER_MOST 256

/* Room for one with its parameter. */
struct room {
        _Alignas(struct check) char bytes[sizeof(struct check) + PARAMETER_MOST];
};

static struct check *put_check(struct room *room, enum check_kind kind, const char *parameter) {
        struct check *c = (void *) room->bytes;

        *c = (struct check){ .kind = (uint8_t) kind };
        (void) snprintf(c->parameter, PARAMETER_MOST, "%s", parameter);
        return c;
}

static int ask(enum check_kind kind, const char *parameter) {
        struct room room = {};

        return condition_ask(put_check(&room, kind, parameter), environment);
}

/* 1 yes, 0 no, -1 it cannot be known. */
static const struct {
        enum check_kind kind;
        const char *parameter;
        int answer;
} rows[] = {
        { CHECK_ENVIRONMENT, "ONE", 1 },
        { CHECK_ENVIRONMENT, "ONE=1", 1 },
        { CHECK_ENVIRONMENT, "ONE=2", 0 },
        { CHECK_ENVIRONMENT, "ON", 0 },
        { CHECK_ENVIRONMENT, "EMPTY", 1 },
        { CHECK_VIRTUALIZATION, "yes", 1 },
        { CHECK_VIRTUALIZATION, "no", 0 },
        { CHECK_VIRTUALIZATION, "container", 1 },
        { CHECK_VIRTUALIZATION, "podman", 1 },
        { CHECK_VIRTUALIZATION, "docker", 0 },
        { CHECK_VIRTUALIZATION, "vm", 0 },
        { CHECK_VIRTUALIZATION, "kvm", 0 },
        { CHECK_KERNEL_VERSION, ">= 2.6", 1 },
        { CHECK_KERNEL_VERSION, ">=2.6", 1 },
        { CHECK_KERNEL_VERSION, "< 2.6", 0 },
        { CHECK_KERNEL_VERSION, ">=2.6 <1000", 1 },
        { CHECK_KERNEL_VERSION, ">=2.6 <2.7", 0 },
        { CHECK_KERNEL_VERSION, "*.*", 1 },
        { CHECK_KERNEL_VERSION, "9999.*", 0 },
        { CHECK_KERNEL_VERSION, ">=", -1 },
        { CHECK_CPUS, "1", 1 },
        { CHECK_CPUS, ">=1", 1 },
        { CHECK_CPUS, "< 1", 0 },
        { CHECK_CPUS, "100000", 0 },
        { CHECK_CPUS, "!= 0", 1 },
        { CHECK_CPUS, "many", -1 },
        { CHECK_MEMORY, "1M", 1 },
        { CHECK_MEMORY, ">= 1M", 1 },
        { CHECK_MEMORY, "< 1M", 0 },
        { CHECK_MEMORY, "8E", 0 },
        { CHECK_CAPABILITY, "CAP_NO_SUCH", 0 },
        { CHECK_CAPABILITY, "CHOWN", 0 },
        { CHECK_HOST, "*", 1 },
        { CHECK_HOST, "no such host", 0 },
        { CHECK_HOST, "00000000000000000000000000000000", 0 },
        { CHECK_ARCHITECTURE, "native", 1 },
        { CHECK_ARCHITECTURE, "pdp11", 0 },
        { CHECK_KERNEL_COMMAND_LINE, "no.such.word", 0 },
        { CHECK_USER, "no-such-user", 0 },
        { CHECK_USER, "4000000000", 0 },
        { CHECK_GROUP, "no-such-group", 0 },
        { CHECK_OS_RELEASE, "ID", -1 },
        { CHECK_OS_RELEASE, "ID=", -1 },
        { CHECK_OS_RELEASE, "ID = x", -1 },
        { CHECK_OS_RELEASE, "=x", -1 },
        { CHECK_OS_RELEASE, "NO_SUCH_FIELD!=x", 1 },
        { CHECK_OS_RELEASE, "NO_SUCH_FIELD=x", 0 },
        { CHECK_OS_RELEASE, "NO_SUCH_FIELD!=x NO_SUCH_FIELD=x", 0 },
        { CHECK_OS_RELEASE, "'NO_SUCH_FIELD!=x y' NO_SUCH_FIELD<1", 1 },
        { CHECK_SECURITY, "tpm2", 0 },
        { CHECK_SECURITY, "no-such-thing", 0 },
        { CHECK_PATH_EXISTS, "/", 1 },
        { CHECK_PATH_IS_MOUNT_POINT, "/", 1 },
        { CHECK_PATH_IS_MOUNT_POINT, "/no/such/path", 0 },
        { CHECK_PATH_IS_READ_WRITE, "/no/such/path", 0 },
};

TEST(condition_asks_the_system) {
        for (size_t i = 0; i < countof(rows); i++) {
                int answer = ask(rows[i].kind, rows[i].parameter);

                CHECK((answer < 0 ? -1 : answer) == rows[i].answer, "row %zu: Condition%s=%s: %d", i,
                      check_word(rows[i].kind), rows[i].parameter, answer);
        }
}

TEST(condition_asks_who_we_are) {
        autofree char *uid = text_format("%u", getuid()), *gid = text_format("%u", getgid());
        struct utsname names;

        if (!CHECK(uid && gid && uname(&names) == 0))
                return;
        CHECK(ask(CHECK_USER, uid) == 1);
        CHECK(ask(CHECK_GROUP, gid) == 1);
        CHECK(ask(CHECK_HOST, names.nodename) == 1);
        CHECK(ask(CHECK_USER, "@system") == (getuid() < 1000));
}

static const struct {
        enum check_kind kind;
        const char *name;
        bool yes;
} path_rows[] = {
        { CHECK_PATH_EXISTS, "file", true },
        { CHECK_PATH_EXISTS, "none", false },
        { CHECK_PATH_EXISTS, "dangling", false },
        { CHECK_PATH_EXISTS_GLOB, "fi*", true },
        { CHECK_PATH_EXISTS_GLOB, "no*", false },
        { CHECK_PATH_EXISTS_GLOB, "dang*", true },
        { CHECK_PATH_EXISTS_GLOB, "f*/in?er", true },
        { CHECK_PATH_EXISTS_GLOB, "*/inner", true },
        { CHECK_PATH_EXISTS_GLOB, "f[u]ll/", true },
        { CHECK_PATH_EXISTS_GLOB, "full/.*x", false },
        { CHECK_PATH_EXISTS_GLOB, "file", true },
        { CHECK_PATH_EXISTS_GLOB, "fi*/x", false },
        { CHECK_PATH_EXISTS_GLOB, "{x,fil}e", true },
        { CHECK_PATH_EXISTS_GLOB, "{x,y}", false },
        { CHECK_PATH_EXISTS_GLOB, "f{x,ull{/x,/inner},}", true },
        { CHECK_PATH_EXISTS_GLOB, "full/inne{r}", true },
        { CHECK_PATH_IS_DIRECTORY, "full", true },
        { CHECK_PATH_IS_DIRECTORY, "link", true },
        { CHECK_PATH_IS_DIRECTORY, "file", false },
        { CHECK_PATH_IS_SYMBOLIC_LINK, "link", true },
        { CHECK_PATH_IS_SYMBOLIC_LINK, "dangling", true },
        { CHECK_PATH_IS_SYMBOLIC_LINK, "full", false },
        { CHECK_PATH_IS_READ_WRITE, "full", true },
        { CHECK_PATH_IS_MOUNT_POINT, "full", false },
        { CHECK_DIRECTORY_NOT_EMPTY, "full", true },
        { CHECK_DIRECTORY_NOT_EMPTY, "empty", false },
        { CHECK_DIRECTORY_NOT_EMPTY, "file", false },
        { CHECK_DIRECTORY_NOT_EMPTY, "none", false },
        { CHECK_FILE_NOT_EMPTY, "file", true },
        { CHECK_FILE_NOT_EMPTY, "program", false },
        { CHECK_FILE_NOT_EMPTY, "full", false },
        { CHECK_FILE_IS_EXECUTABLE, "program", true },
        { CHECK_FILE_IS_EXECUTABLE, "file", false },
        { CHECK_FILE_IS_EXECUTABLE, "full", false },
};

static void check_paths(const char *directory) {
        for (size_t i = 0; i < countof(path_rows); i++) {
                autofree char *path = text_format("%s/%s", directory, path_rows[i].name);

                if (CHECK(path))
                        CHECK(ask(path_rows[i].kind, path) == path_rows[i].yes, "row %zu: %s of %s", i,
                              check_word(path_rows[i].kind), path_rows[i].name);
        }
}

TEST(condition_asks_paths) {
        char directory[] = P_tmpdir "/tend-unit-XXXXXX";
        autoclose int home = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (!CHECK(home >= 0 && mkdtemp(directory) && chdir(directory) == 0))
                return;
        int file = open("file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        int program = open("program", O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
        CHECK(file >= 0 && program >= 0 && write(file, "x", 1) == 1);
        (void) close(file);
        (void) close(program);
        CHECK(mkdir("empty", 0700) == 0 && mkdir("full", 0700) == 0 && mkdir("full/inner", 0700) == 0);
        CHECK(symlink("full", "link") == 0 && symlink("none", "dangling") == 0);
        check_paths(directory);
        CHECK(unlink("file") == 0 && unlink("program") == 0 && unlink("link") == 0 &&
              unlink("dangling") == 0);
        CHECK(rmdir("full/inner") == 0 && rmdir("full") == 0 && rmdir("empty") == 0);
        CHECK(fchdir(home) == 0 && rmdir(directory) == 0);
}

TEST(condition_says_what_is_not_met) {
        struct room room = {};
        struct check *c = put_check(&room, CHECK_PATH_EXISTS, "/x");
        char text[128];

        c->negate = true;
        CHECK_STRING(condition_text(c, false, text, sizeof(text)), "ConditionPathExists=!/x is not met");
        CHECK_STRING(condition_text(c, true, text, sizeof(text)), "AssertPathExists=!/x is not met");
        CHECK_STRING(condition_text(NULL, false, text, sizeof(text)), "none of its conditions with | is met");
        CHECK_STRING(condition_text(NULL, true, text, sizeof(text)), "none of its assertions with | is met");
}
