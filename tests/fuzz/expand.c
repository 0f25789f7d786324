/* Any text as an Exec line, a value of tend.ini and a text with specifiers, in a small arena. */

#include <string.h>

#include "config/expand.h"
#include "config/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *const environment[] = { (char[]){ "A=one 'two three' \"" }, (char[]){ "B=" },
                                     (char[]){ "CC=\\x $A" }, NULL };

static void run_command(struct unit *u, const char *text, size_t room) {
        const struct setting *s = setting_find(OWNER_UNIT, "ExecStart");
        struct assignment a = { .setting = s, .object = u, .value = text, .file = "fuzz", .unit = u };
        autofree char *memory = malloc(room + 1);

        if (!memory || value_command(&a) < 0)
                return;
        for (const struct command *c = u->exec[EXEC_START]; c; c = c->next) {
                struct arena arena = { .base = memory, .size = room };
                const char *missing;
                char **argv;

                if (expand_command(c, environment, &arena, &argv, &missing) < 0)
                        continue;
                for (size_t i = 0; i == 0 || argv[i]; i++)
                        if (!argv[i] || strlen(argv[i]) > SIZE_MAX / 2)
                                abort();
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        autofree char *text = malloc(size + 1), *expanded = NULL, *bad = NULL, *plain = NULL;
        struct unit *u = unit_new(&(const struct unit){}, "fuzz@a-b.service");

        if (!text || !u || size == 0) {
                unit_free(u);
                return 0;
        }
        memcpy(text, data, size);
        text[size] = '\0';

        (void) !expand_load_time(text, environment, &expanded, &bad);
        (void) !expand_specifiers(text, u, "host", &plain);
        run_command(u, text, (size_t) data[0] * 4);
        unit_free(u);
        return 0;
}
