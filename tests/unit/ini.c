#include "tests/unit/ini.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/io.h"
#include "base/text.h"
#include "config/kind.h"
#include "config/setting.h"
#include "tests/unit/test.h"

static void put_file(const char *path, const char *text) {
        autoclose int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        CHECK(fd >= 0 && io_write_all(fd, text, strlen(text)) == 0, "%s", path);
}

/* Back in the working directory that the test was called in. */
static void leave(int home, const char *directory) {
        (void) unlink("tend.ini.d/50.ini");
        (void) rmdir("tend.ini.d");
        (void) unlink("tend.ini");
        CHECK(fchdir(home) == 0);
        CHECK(rmdir(directory) == 0, "%s", directory);
}

void ini_load(struct ini *i, const char *text, const char *drop_in, const struct load_options *o) {
        char directory[] = P_tmpdir "/tend-unit-XXXXXX";
        struct load_options options = o ? *o : (struct load_options){};
        autoclose int home = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        *i = (struct ini){ .error = -1 };
        if (!CHECK(home >= 0) || !CHECK(mkdtemp(directory)) || !CHECK(chdir(directory) == 0))
                return;
        put_file("tend.ini", text);
        if (drop_in) {
                CHECK(mkdir("tend.ini.d", 0700) == 0);
                put_file("tend.ini.d/50.ini", drop_in);
        }
        options.path = "tend.ini";
        i->error = config_load(&options, &i->diags, &i->config);
        leave(home, directory);
}

void ini_done(struct ini *i) {
        i->config = config_free(i->config);
        diags_done(&i->diags);
}

char *ini_value(const struct ini *i, const char *unit, const char *key) {
        const struct unit_kind *kind = unit ? unit_kind(unit) : NULL;
        const struct setting *s =
                setting_find_in(unit ? OWNER_UNIT : OWNER_CONTAINER, kind ? kind->section : NULL, key);
        const void *object = &i->config->container;
        char *text = NULL;
        size_t size;

        if (unit)
                object = config_find(i->config, unit);
        CHECK(s, "%s", key);
        CHECK(object, "%s", unit ? unit : "[tend]");
        if (!s || !object)
                return NULL;

        FILE *out = open_memstream(&text, &size);
        if (!out)
                return NULL;
        setting_print(s, object, out);
        (void) fclose(out);
        if (size > 0)
                text[size - 1] = '\0';
        return text;
}

char *ini_words(const struct ini *i) {
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        if (!out)
                return NULL;
        diags_print(&i->diags, out);
        (void) fclose(out);
        return text;
}
