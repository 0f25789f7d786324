/* Any texts as the files of a container: tend.ini and unit files in a directory of their own, loaded and put
 * in their order as `tend run` does. The input is the files one after another, parted by a line of "%%%". */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "supervisor/plan.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {
        "tend.ini",      "fuzz.service", "fuzz.service.d/drop.conf",
        "fuzz@.service", "fuzz.timer",   "other.target",
        "fuzz.socket",   "fuzz.path",
};

/* In memory: a disk would have each file written out when it is made anew. */
static char directory[] = "/dev/shm/tend-fuzz-XXXXXX";
static char main_file[sizeof(directory) + sizeof("/tend.ini")];
static int at = -1; /* the directory; the working directory stays, the fuzzer writes there */

static void leave(void) {
        for (size_t i = 0; i < countof(names); i++)
                (void) unlinkat(at, names[i], 0);
        (void) unlinkat(at, "fuzz.service.d", AT_REMOVEDIR);
        (void) rmdir(directory);
}

int LLVMFuzzerInitialize(int *argc maybe_unused, char ***argv maybe_unused) {
        if (!mkdtemp(directory))
                abort();
        (void) snprintf(main_file, sizeof(main_file), "%s/%s", directory, names[0]);
        at = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (at < 0 || mkdirat(at, "fuzz.service.d", 0700) < 0 || atexit(leave) != 0)
                abort();
        return 0;
}

static void write_file(const char *name, const char *text, size_t size) {
        autoclose int fd = openat(at, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        if (fd < 0 || io_write_all(fd, text, size) < 0)
                abort();
}

static const char *find_mark(const char *from, const char *end) {
        const char *found = memmem(from, (size_t) (end - from), "%%%\n", 4);

        return found ?: end;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const char *from = (const char *) data, *end = from + size;

        for (size_t i = 0; i < countof(names); i++) {
                const char *mark = find_mark(from, end);

                write_file(names[i], from, (size_t) (mark - from));
                from = mark == end ? end : mark + 4;
        }

        char *environment[] = { (char[]){ "NAME=two words" }, NULL };
        char *units[] = { (char[]){ "fuzz.service" },
                          (char[]){ "fuzz@in-stance.service" },
                          (char[]){ "fuzz.timer" },
                          (char[]){ "other.target" },
                          (char[]){ "fuzz.socket" },
                          (char[]){ "fuzz.path" },
                          NULL };
        struct load_options o = { .path = main_file,
                                  .environment = environment,
                                  .units = units,
                                  .unit_path = directory,
                                  .keep_origins = true,
                                  .look_at_system = size % 2 };
        struct diags d = {};
        struct config *config;
        struct plan plan;

        if (plan_load(&plan, &o, &d, &config) == 0) {
                plan_done(&plan);
                config_free(config);
        }
        diags_done(&d);
        return 0;
}
