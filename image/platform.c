/* Which machines an image is for, in the words of Go's GOOS and GOARCH. */

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

#include "image/manifest.h"

/* clang-format off */
static const struct {
        const char *machine; /* as uname(2) says it */
        const char *architecture;
        const char *variant;
} machines[] = {
        { "x86_64",      "amd64",    NULL },
        { "aarch64",     "arm64",    "v8" },
        { "armv7l",      "arm",      "v7" },
        { "armv6l",      "arm",      "v6" },
        { "i686",        "386",      NULL },
        { "i586",        "386",      NULL },
        { "ppc64le",     "ppc64le",  NULL },
        { "s390x",       "s390x",    NULL },
        { "riscv64",     "riscv64",  NULL },
        { "loongarch64", "loong64",  NULL },
        { "mips64",      "mips64le", NULL },
};
/* clang-format on */

void platform_done(struct platform *p) {
        free(p->os);
        free(p->architecture);
        free(p->variant);
        *p = (struct platform){ 0 };
}

static int fill(struct platform *p, const char *os, const char *architecture, const char *variant) {
        p->os = strdup(os);
        p->architecture = strdup(architecture);
        p->variant = variant ? strdup(variant) : NULL;
        if (p->os && p->architecture && (p->variant || !variant))
                return 0;
        platform_done(p);
        return -ENOMEM;
}

int platform_own(struct platform *ret) {
        struct utsname u;

        if (uname(&u) < 0)
                return -errno;
        for (size_t i = 0; i < countof(machines); i++)
                if (strcmp(machines[i].machine, u.machine) == 0)
                        return fill(ret, "linux", machines[i].architecture, machines[i].variant);
        return fill(ret, "linux", u.machine, NULL);
}

int platform_parse(const char *text, struct platform *ret) {
        char part[3][64];
        size_t n = 0;

        for (const char *at = text;; at++) {
                size_t length = strcspn(at, "/");

                if (n == countof(part) || length == 0 || length >= sizeof(part[0]))
                        return -EINVAL;
                memcpy(part[n], at, length);
                part[n++][length] = '\0';
                at += length;
                if (*at == '\0')
                        break;
        }
        if (n == 1)
                return fill(ret, "linux", part[0], NULL);
        return fill(ret, part[0], part[1], n == 3 ? part[2] : NULL);
}

static bool fits(const char *a, const char *b) {
        return !a || !b || *a == '\0' || *b == '\0' || strcmp(a, b) == 0;
}

bool platform_fits(const struct platform *offered, const struct platform *wanted) {
        return fits(offered->os, wanted->os) && fits(offered->architecture, wanted->architecture) &&
               fits(offered->variant, wanted->variant);
}
