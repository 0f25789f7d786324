#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/io.h"
#include "tests/unit/test.h"

struct place {
        char directory[64];
        char path[128];
};

static bool make_place(struct place *p, const char *name) {
        (void) snprintf(p->directory, sizeof(p->directory), "/tmp/tend-io-XXXXXX");
        if (!CHECK(mkdtemp(p->directory)))
                return false;
        (void) snprintf(p->path, sizeof(p->path), "%s/%s", p->directory, name);
        return true;
}

static void drop_place(const struct place *p) {
        (void) remove(p->path);
        (void) rmdir(p->directory);
}

static bool write_bytes(const char *path, size_t size) {
        autofclose FILE *out = fopen(path, "we");
        for (size_t n = 0; out && n < size; n++)
                (void) fputc('a' + (int) (n % 26), out);
        return CHECK(out);
}

TEST(io_reads_whole_files) {
        static const struct {
                size_t size, most;
                int error;
        } rows[] = {
                { 0, 100, 0 },          { 1, 100, 0 },      { 100, 100, 0 },
                { 101, 100, -EFBIG },   { 4095, 10000, 0 }, { 4096, 10000, 0 },
                { 70000, SIZE_MAX, 0 }, { 0, 0, 0 },        { 1, 0, -EFBIG },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                struct place p = {};
                autofree char *text = NULL;
                size_t size = SIZE_MAX;

                if (!make_place(&p, "file") || !write_bytes(p.path, rows[i].size))
                        return;
                CHECK(io_read_file(p.path, rows[i].most, &text, &size) == rows[i].error, "row %zu", i);
                CHECK((rows[i].error == 0) == (text != NULL), "row %zu", i);
                if (text) {
                        CHECK(size == rows[i].size, "row %zu", i);
                        CHECK(strlen(text) == rows[i].size, "row %zu", i);
                        CHECK(size == 0 || text[size - 1] == 'a' + (int) ((size - 1) % 26), "row %zu", i);
                } else
                        CHECK(!text && size == SIZE_MAX, "row %zu", i);
                drop_place(&p);
        }
}

TEST(io_reads_files_that_tell_no_size) {
        autofree char *text = NULL;
        size_t size = 0;

        CHECK(io_read_file("/proc/self/status", 1 << 20, &text, &size) == 0);
        CHECK(text && size > 0 && strstr(text, "PPid:"));
}

TEST(io_refuses_what_is_no_file) {
        struct place p = {};
        char *text = NULL;
        size_t size = 0;

        if (!make_place(&p, "fifo"))
                return;
        CHECK(mkfifo(p.path, 0600) == 0);
        CHECK(io_read_file(p.path, 100, &text, &size) == -EINVAL);
        CHECK(io_read_file(p.directory, 100, &text, &size) == -EISDIR);
        CHECK(io_read_file("/dev/zero", 100, &text, &size) == -EINVAL);
        CHECK(!text);
        drop_place(&p);
        CHECK(io_read_file(p.path, 100, &text, &size) == -ENOENT);
}

TEST(io_reads_small_files_as_far_as_there_is_room) {
        struct place p = {};
        char buffer[8];

        if (!make_place(&p, "file") || !write_bytes(p.path, 20))
                return;
        CHECK(io_read_small(AT_FDCWD, p.path, buffer, sizeof(buffer)) == 7);
        CHECK_STRING(buffer, "abcdefg");
        drop_place(&p);
        CHECK(io_read_small(AT_FDCWD, p.path, buffer, sizeof(buffer)) == -ENOENT);
}

TEST(io_writes_all_or_says_why_not) {
        static char much[200000];
        int ends[2] = { -1, -1 };

        if (!CHECK(pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0))
                return;
        CHECK(io_write_all(ends[1], "abc", 3) == 0);
        CHECK(io_write_all(ends[1], much, sizeof(much)) == -EAGAIN);
        CHECK(io_write_all(ends[0], "abc", 3) == -EBADF);
        CHECK(io_write_all(-1, "", 0) == 0);
        (void) close(ends[0]);
        (void) close(ends[1]);
}

TEST(io_writes_knobs_that_are_there) {
        struct place p = {};
        autofree char *text = NULL;
        size_t size = 0;

        if (!make_place(&p, "knob"))
                return;
        CHECK(io_write_file(p.path, "1") == -ENOENT);
        if (!write_bytes(p.path, 0))
                return;
        CHECK(io_write_file(p.path, "max") == 0);
        CHECK(io_read_file(p.path, 10, &text, &size) == 0);
        CHECK_STRING(text, "max");
        drop_place(&p);
}

TEST(io_makes_directories) {
        struct place p = {};
        char deep[256];
        struct stat st;

        if (!make_place(&p, "a"))
                return;
        (void) snprintf(deep, sizeof(deep), "%s//b/c/", p.path);
        CHECK(io_make_dirs(deep, 0750) == 0);
        CHECK(stat(deep, &st) == 0 && S_ISDIR(st.st_mode) && (st.st_mode & 0777) == (0750 & 0777));
        CHECK(io_make_dirs(deep, 0750) == 0);
        CHECK(io_make_dirs("", 0750) == -ENOENT);
        CHECK(io_make_dirs("/dev/null/x", 0750) == -ENOTDIR);
        CHECK(io_make_dirs("/dev/null", 0750) == -ENOTDIR);

        (void) rmdir(deep);
        (void) snprintf(deep, sizeof(deep), "%s/b", p.path);
        (void) rmdir(deep);
        drop_place(&p);
}
