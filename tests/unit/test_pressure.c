#include "base/text.h"
#include "supervisor/pressure.h"
#include "tests/unit/ini.h"
#include "tests/unit/test.h"

#define WRITE(text)   "MEMORY_PRESSURE_WRITE=" text
#define FILE_OF(path) "MEMORY_PRESSURE_WATCH=/sys/fs/cgroup/" path "/memory.pressure"

/* "some 200000 2000000" and what ends a string, as in systemd's documentation. */
#define USUAL WRITE("c29tZSAyMDAwMDAgMjAwMDAwMAA=")

static char seen[] = "/sys/fs/cgroup";

static const struct cgroups fine = { .ground.tier = TIER_KERNEL, .has_pressure = true, .seen = seen };

TEST(pressure_is_told_to_whom_it_concerns) {
        static const struct {
                const char *lines, *watch, *write; /* NULL: nothing is told */
        } rows[] = {
                { "", NULL, NULL },
                { "TasksMax=5", NULL, NULL },
                { "MemoryMax=1G", FILE_OF("a.service"), USUAL },
                { "MemoryAccounting=yes", FILE_OF("a.service"), USUAL },
                { "MemoryPressureWatch=yes", FILE_OF("a.service"), USUAL },
                { "MemoryPressureWatch=on\nSlice=w-x.slice", FILE_OF("w.slice/w-x.slice/a.service"), USUAL },
                { "MemoryPressureWatch=auto", NULL, NULL },
                { "MemoryPressureWatch=on\nMemoryPressureWatch=", NULL, NULL },
                { "MemoryPressureWatch=skip\nMemoryMax=1G", NULL, NULL },
                { "MemoryPressureWatch=no\nMemoryMax=1G", "MEMORY_PRESSURE_WATCH=/dev/null", "" },
                { "MemoryPressureWatch=off", "MEMORY_PRESSURE_WATCH=/dev/null", "" },
                { "MemoryMax=1G\nMemoryPressureThresholdSec=5ms", FILE_OF("a.service"),
                  WRITE("c29tZSA1MDAwIDIwMDAwMDAA") },
                { "MemoryMax=1G\nMemoryPressureThresholdSec=1min", FILE_OF("a.service"),
                  WRITE("c29tZSAyMDAwMDAwIDIwMDAwMDAA") },
        };
        char watch[256], write[PRESSURE_WRITE_MAX];

        for (size_t i = 0; i < countof(rows); i++) {
                autofree char *file = text_format("[a]\nExecStart=x\n%s\n", rows[i].lines);
                struct ini ini;

                ini_load(&ini, file, NULL, NULL);
                if (CHECK(ini.error == 0, "row %zu", i)) {
                        bool told = pressure_tell(&fine, ini.config->units[0], watch, sizeof(watch), write);

                        CHECK_STRING(told ? watch : NULL, rows[i].watch, "row %zu", i);
                        CHECK_STRING(told ? write : NULL, rows[i].write, "row %zu", i);
                }
                ini_done(&ini);
        }
}

/* Whoever asks by name is told why not; whoever was to have it by the way is not. */
TEST(pressure_needs_a_file_to_write_to) {
        static const struct {
                struct cgroups here;
                const char *why;
        } rows[] = {
                { { .ground.tier = TIER_KERNEL, .has_pressure = true, .seen = seen }, NULL },
                { { .ground.tier = TIER_KERNEL, .seen = seen }, "psi=1" },
                { { .ground.tier = TIER_KERNEL, .has_pressure = true },
                  "services see /sys/fs/cgroup read-only" },
                { { .ground = { .tier = TIER_SAMPLED, .why = "of the ground" } }, "of the ground" },
        };
        char watch[256], write[PRESSURE_WRITE_MAX];

        for (size_t i = 0; i < countof(rows); i++) {
                struct budget b = { .pressure_watch = PRESSURE_ON };
                struct unit u = { .name = (char[]){ "a.service" }, .budget = &b };
                const char *why = pressure_objection(&rows[i].here, &u);

                CHECK(!why == !rows[i].why && (!why || strstr(why, rows[i].why)), "row %zu: %s", i, why);
                CHECK(pressure_tell(&rows[i].here, &u, watch, sizeof(watch), write) == !why, "row %zu", i);
                b.pressure_watch = PRESSURE_AUTO;
                b.memory_accounting = true;
                CHECK(!pressure_objection(&rows[i].here, &u), "row %zu", i);
                CHECK(pressure_tell(&rows[i].here, &u, watch, sizeof(watch), write) == !why, "row %zu", i);
        }
}
