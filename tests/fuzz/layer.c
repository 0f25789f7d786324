/* Any bytes as a layer, in both forms: unpacked or refused with a reason, with nothing beside its root. Below
 * it are a file, a directory and links that lead out. */

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "image/layer.h"
#include "image/remove.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BLOCK    512
#define CHECKSUM 148 /* of a tar's header: where it is */
#define MAGIC    257

#define LEFT 4 /* names in the directory: two of dots, the blob, and a directory to break out to */

static char directory[] = "/dev/shm/tend-fuzz-XXXXXX";
static int at = -1;
static struct source *source;

static void leave(void) {
        source_close(source);
        (void) !remove_tree(AT_FDCWD, directory);
}

int LLVMFuzzerInitialize(int *argc maybe_unused, char ***argv maybe_unused) {
        struct fault f = { 0 };

        if (!mkdtemp(directory) || atexit(leave) != 0)
                abort();
        at = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (at < 0 || mkdirat(at, "outside", 0700) < 0 || source_open(directory, &source, &f) < 0)
                abort();
        return 0;
}

/* A fuzzer does not find checksums. */
static void repair(uint8_t *tar, size_t size) {
        for (size_t i = 0; i + BLOCK <= size; i += BLOCK) {
                unsigned sum = 0;

                if (memcmp(tar + i + MAGIC, "ustar", 5) != 0)
                        continue;
                memset(tar + i + CHECKSUM, ' ', 8);
                for (size_t k = 0; k < BLOCK; k++)
                        sum += tar[i + k];
                (void) snprintf((char *) tar + i + CHECKSUM, 8, "%06o", sum & 0777777);
        }
}

static void write_blob(const uint8_t *data, size_t size) {
        autofree uint8_t *copy = malloc(size + 1);
        autoclose int fd = openat(at, "blob", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        if (!copy || fd < 0)
                abort();
        memcpy(copy, data, size);
        repair(copy, size);
        if (io_write_all(fd, copy, size) < 0)
                abort();
}

static int make_root(void) {
        if (mkdirat(at, "root", 0755) < 0)
                abort();
        int root = openat(at, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        autoclose int fd = openat(root, "f", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

        if (fd < 0 || mkdirat(root, "d", 0755) < 0 || symlinkat("../../outside", root, "up") < 0 ||
            symlinkat(directory, root, "out") < 0)
                abort();
        return root;
}

static int unpack(struct tree *t, enum layer_pass pass, struct fault *f) {
        const struct blob blob = { .media = MEDIA_LAYER, .member = (char[]){ "blob" } };
        const struct digest nothing = { 0 };
        struct limits limits = { .bytes = 1 << 20, .entries = 200 };
        struct left_out left_out = { 0 };
        struct unzip *u = NULL;
        int r = unzip_open(source, &blob, &limits.bytes, &u, f);

        if (r < 0)
                return r;
        r = layer_unpack(u, t, pass, &limits, &left_out, f);
        if (r == 0 && unzip_verify(u, &nothing, f) == 0)
                abort(); /* nobody knows what hashes to that */
        unzip_close(u);
        return r;
}

/* The blob is still all that there is beside the root. */
static void check_outside(void) {
        int fd = openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *list = fd < 0 ? NULL : fdopendir(fd);
        size_t n = 0;

        if (!list)
                abort();
        while (readdir(list))
                n++;
        (void) closedir(list);
        /* A directory that has something in it is not removed. */
        if (n != LEFT || unlinkat(at, "outside", AT_REMOVEDIR) < 0 || mkdirat(at, "outside", 0700) < 0)
                abort();
}

static void try(bool alone) {
        struct fault f = { 0 };
        struct tree t;
        autoclose int root = make_root();

        tree_init(&t, root);
        t.alone = alone;
        t.own_owners = geteuid() != 0;
        int r = unpack(&t, alone ? LAYER_ALL : LAYER_WHITEOUTS, &f);
        if (r == 0 && !alone) {
                fault_done(&f);
                r = unpack(&t, LAYER_ENTRIES, &f);
        }
        if (alone)
                tree_settle(&t);
        tree_done(&t);
        if (r < 0 && !f.text && !(r == -EXDEV && alone))
                abort();
        fault_done(&f);

        if (remove_tree(at, "root") < 0)
                abort();
        check_outside();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        for (int alone = 0; alone < 2; alone++) {
                write_blob(data, size);
                try(alone != 0);
        }
        return 0;
}
