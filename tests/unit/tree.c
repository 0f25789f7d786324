#include "tests/unit/tree.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

#include "base/io.h"
#include "base/text.h"
#include "tests/unit/test.h"

static bool make_parents(const char *path) {
        const char *slash = strrchr(path, '/');
        autofree char *directory = slash ? strndup(path, (size_t) (slash - path)) : NULL;

        return !slash || (directory && io_make_dirs(directory, 0700) == 0);
}

static bool make_leaf(const struct leaf *l) {
        if (!make_parents(l->path))
                return false;
        if (text_starts(l->text, "-> "))
                return symlink(l->text + 3, l->path) == 0;

        autoclose int fd = open(l->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        return fd >= 0 && io_write_all(fd, l->text, strlen(l->text)) == 0;
}

bool tree_enter(struct tree *t, const struct leaf *leaves) {
        *t = (struct tree){ .home = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
                            .directory = P_tmpdir "/tend-unit-XXXXXX" };
        if (!CHECK(t->home >= 0) || !CHECK(mkdtemp(t->directory)) || !CHECK(chdir(t->directory) == 0))
                return false;
        for (; leaves->path; leaves++)
                if (!CHECK(make_leaf(leaves), "%s", leaves->path))
                        return false;
        return true;
}

static int take_away(const char *path, const struct stat *st maybe_unused, int kind maybe_unused,
                     struct FTW *at maybe_unused) {
        return remove(path);
}

void tree_leave(struct tree *t) {
        if (t->home < 0)
                return;
        CHECK(fchdir(t->home) == 0);
        (void) close(t->home);
        CHECK(nftw(t->directory, take_away, 8, FTW_DEPTH | FTW_PHYS) == 0, "%s", t->directory);
}
