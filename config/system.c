#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/io.h"
#include "config/expand.h"
#include "config/system.h"

struct wanted {
        const char *name;
        char *buffer;
};

static int take_field(void *context, const char *name, const char *value) {
        const struct wanted *w = context;

        if (strcmp(name, w->name) == 0)
                (void) snprintf(w->buffer, SYSTEM_TEXT_MAX, "%s", value);
        return 0;
}

int system_os_release(const char *name, char buffer[SYSTEM_TEXT_MAX]) {
        static const char *const paths[] = { "/etc/os-release", "/usr/lib/os-release" };
        struct wanted w = { name, buffer };
        autofree char *text = NULL;
        size_t size;
        int r = -ENOENT;

        for (size_t i = 0; i < countof(paths) && r == -ENOENT; i++) {
                r = io_read_file(paths[i], (size_t) 1 << 16, &text, &size);
                if (r < 0)
                        continue;
                buffer[0] = '\0';
                return expand_env_file(text, paths[i], NULL, take_field, &w);
        }
        return r;
}

/* The digits of an id, dashes left out. */
static int read_id(const char *path, char buffer[SYSTEM_TEXT_MAX]) {
        char text[64];
        size_t n = 0;

        ssize_t r = io_read_small(AT_FDCWD, path, text, sizeof(text));
        if (r < 0)
                return (int) r;
        for (const char *p = text; *p != '\0' && *p != '\n'; p++)
                if (*p != '-')
                        buffer[n++] = *p;
        buffer[n] = '\0';
        return n == 32 && strspn(buffer, "0123456789abcdef") == n ? 0 : -ENOMEDIUM;
}

int system_machine_id(char buffer[SYSTEM_TEXT_MAX]) {
        return read_id("/etc/machine-id", buffer);
}

int system_boot_id(char buffer[SYSTEM_TEXT_MAX]) {
        return read_id("/proc/sys/kernel/random/boot_id", buffer);
}

const char *system_architecture(void) {
        static const struct {
                const char *machine, *word;
        } rows[] = {
                { "x86_64", "x86-64" },   { "i386", "x86" },         { "i486", "x86" },
                { "i586", "x86" },        { "i686", "x86" },         { "aarch64", "arm64" },
                { "armv", "arm" },        { "ppc64le", "ppc64-le" }, { "ppc64", "ppc64" },
                { "ppcle", "ppc-le" },    { "ppc", "ppc" },          { "s390x", "s390x" },
                { "s390", "s390" },       { "riscv64", "riscv64" },  { "riscv32", "riscv32" },
                { "mips64", "mips64" },   { "mips", "mips" },        { "loongarch64", "loongarch64" },
                { "sparc64", "sparc64" }, { "alpha", "alpha" },
        };
        struct utsname names;

        if (uname(&names) < 0)
                return "";
        for (size_t i = 0; i < countof(rows); i++)
                if (strncmp(names.machine, rows[i].machine, strlen(rows[i].machine)) == 0)
                        return rows[i].word;
        return "";
}
