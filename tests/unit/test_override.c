#include <errno.h>

#include "base/text.h"
#include "config/budget.h"
#include "config/override.h"
#include "tests/unit/ini.h"
#include "tests/unit/test.h"

/* Which settings may be changed while a service runs, and what kind they take. */
static const struct {
        const char *key;
        enum override_kind kind;
} kinds[] = {
        { "MemoryMax", OVERRIDE_AMOUNT },
        { "StartupMemoryHigh", OVERRIDE_AMOUNT },
        { "TasksMax", OVERRIDE_AMOUNT },
        { "CPUWeight", OVERRIDE_WEIGHT },
        { "IOWeight", OVERRIDE_WEIGHT },
        { "CPUQuota", OVERRIDE_QUOTA },
        { "CPUQuotaPeriodSec", OVERRIDE_PERIOD },
        { "AllowedCPUs", OVERRIDE_PROCESSORS },
        { "AllowedMemoryNodes", OVERRIDE_PROCESSORS },
        { "IOReadBandwidthMax", OVERRIDE_DEVICE },
        { "IODeviceWeight", OVERRIDE_DEVICE },
        { "MemoryAccounting", OVERRIDE_BOOL },
        { "Slice", OVERRIDE_NONE },
        { "Delegate", OVERRIDE_NONE },
        { "OOMPolicy", OVERRIDE_NONE },
        { "BudgetPolicy", OVERRIDE_NONE },
        { "ExecStart", OVERRIDE_NONE },
        { "CPUAffinity", OVERRIDE_NONE },
        { "Nice", OVERRIDE_NONE },
};

TEST(override_takes_budgets_alone) {
        for (size_t i = 0; i < countof(kinds); i++) {
                const struct setting *s = setting_find_in(OWNER_UNIT, "Service", kinds[i].key);
                CHECK(s && override_kind(s) == kinds[i].kind, "%s", kinds[i].key);
        }
}

static void add(struct override **list, const char *unit, const char *key, const char *value) {
        const struct setting *s = setting_find_in(OWNER_UNIT, "Service", key);

        CHECK(s && override_add(list, unit, s, value) == 0, "%s=%s", key, value);
}

static char *print(const struct unit *u, const char *key) {
        const struct setting *s = setting_find_in(OWNER_UNIT, "Service", key);
        char *text = NULL;
        size_t size;
        FILE *out = s ? open_memstream(&text, &size) : NULL;

        if (!out)
                return NULL;
        setting_print(s, u, out);
        (void) fclose(out);
        return text;
}

/* What is set one after the other, "unit key value", and what the unit a.service has of it in the end; before
 * that its file has MemoryMax=64M, AllowedCPUs=1-3 and IOReadIOPSMax=/a 5. */
static const struct {
        const char *set[6][3];
        const char *key, *shown;
} sequences[] = {
        { { { "a.service", "MemoryMax", "1G" } }, "MemoryMax", "1G\n" },
        { { { "a.service", "TasksMax", "7" } }, "MemoryMax", "64M\n" },
        { { { "b.service", "MemoryMax", "1G" } }, "MemoryMax", "64M\n" },
        { { { "a.service", "MemoryMax", "1G" }, { "a.service", "MemoryMax", "2G" } }, "MemoryMax", "2G\n" },
        { { { "a.service", "MemoryMax", "1G" }, { "a.service", "MemoryMax", "" } }, "MemoryMax", "" },
        { { { "a.service", "MemoryMax", "1G" }, { "b.service", "MemoryMax", "" } }, "MemoryMax", "1G\n" },
        { { { "a.service", "AllowedCPUs", "0" } }, "AllowedCPUs", "0\n" },
        { { { "a.service", "AllowedCPUs", "0" }, { "a.service", "AllowedCPUs", "2" } },
          "AllowedCPUs",
          "2\n" },
        { { { "a.service", "AllowedCPUs", "" } }, "AllowedCPUs", "" },
        { { { "a.service", "IOReadIOPSMax", "/b 6" } }, "IOReadIOPSMax", "/a 5\n/b 6\n" },
        { { { "a.service", "IOReadIOPSMax", "/b 6" }, { "a.service", "IOReadIOPSMax", "/c 7" } },
          "IOReadIOPSMax",
          "/a 5\n/b 6\n/c 7\n" },
        { { { "a.service", "IOReadIOPSMax", "/b 6" }, { "a.service", "IOReadIOPSMax", "" } },
          "IOReadIOPSMax",
          "" },
};

static const char file[] =
        "[a]\nExecStart=x\nMemoryMax=64M\nAllowedCPUs=1-3\nIOReadIOPSMax=/a 5\n[b]\nExecStart=x\n";

/* Each is a change of its own, over those of before; and a reload reads the files anew. */
TEST(override_goes_over_the_files) {
        for (size_t i = 0; i < countof(sequences); i++) {
                struct override *all = NULL;
                for (size_t k = 0; k < countof(sequences[i].set) && sequences[i].set[k][0]; k++) {
                        struct override *one = NULL;
                        add(&one, sequences[i].set[k][0], sequences[i].set[k][1], sequences[i].set[k][2]);
                        override_merge(&all, &one);
                        CHECK(!one);
                }
                const struct load_options options = { .overrides = all };
                struct ini ini;
                ini_load(&ini, file, NULL, &options);
                if (CHECK(ini.error == 0, "row %zu", i)) {
                        autofree char *shown = print(ini.config->units[0], sequences[i].key);
                        CHECK_STRING(shown, sequences[i].shown, "row %zu", i);
                }
                ini_done(&ini);
                override_free(all);
        }
}

TEST(override_is_dropped_by_setting_and_unit) {
        struct override *all = NULL, *gone = NULL;

        add(&all, "a.service", "MemoryMax", "1G");
        add(&all, "a.service", "TasksMax", "5");
        add(&all, "b.service", "MemoryMax", "2G");
        add(&gone, "a.service", "MemoryMax", "whatever");
        override_drop(&all, gone);
        size_t n = 0;
        for (const struct override *o = all; o; o = o->next, n++)
                CHECK(strcmp(o->setting->key, "TasksMax") == 0 || strcmp(o->unit, "b.service") == 0);
        CHECK(n == 2);
        override_free(all);
        override_free(gone);
}

TEST(override_says_what_is_wrong) {
        static const char *const wrong[][2] = {
                { "MemoryMax", "much" }, { "MemoryMax", "0" },     { "CPUWeight", "0" },
                { "CPUQuota", "0%" },    { "AllowedCPUs", "one" }, { "IOReadIOPSMax", "here 5" },
        };

        for (size_t i = 0; i < countof(wrong); i++) {
                struct override *list = NULL;
                struct diags d = {};
                char name[] = "a.service";
                struct unit u = { .name = name };
                add(&list, "a.service", wrong[i][0], wrong[i][1]);
                CHECK(override_apply(list, "a.service", &u, &d) == -EINVAL && d.errors == 1, "%s=%s",
                      wrong[i][0], wrong[i][1]);
                CHECK(text_starts(diags_first_error(&d, ""), wrong[i][0]), "%s", diags_first_error(&d, ""));
                budget_free(u.budget);
                override_free(list);
                diags_done(&d);
        }
}

/* Nothing of a copy is the other's. */
TEST(budget_copy_is_its_own) {
        static const char text[] =
                "[a]\nExecStart=x\nMemoryMax=64M\nAllowedCPUs=1-3\nStartupAllowedMemoryNodes=0\n"
                "Slice=w.slice\nIOReadIOPSMax=/a 5\nIOWriteIOPSMax=/b 6\n";
        struct ini ini;

        ini_load(&ini, text, NULL, NULL);
        if (!CHECK(ini.error == 0))
                return;
        struct unit copy = *ini.config->units[0];
        copy.budget = budget_copy(copy.budget);
        CHECK(copy.budget && copy.budget->cpus != ini.config->units[0]->budget->cpus &&
              copy.budget->slice != ini.config->units[0]->budget->slice &&
              copy.budget->devices != ini.config->units[0]->budget->devices);
        ini_done(&ini);
        for (size_t i = 0; i < n_settings; i++) /* all that can be printed of it is still there */
                if (settings[i].owner == OWNER_UNIT && override_kind(&settings[i]) != OVERRIDE_NONE)
                        free(print(&copy, settings[i].key));
        autofree char *devices = print(&copy, "IOWriteIOPSMax"), *cpus = print(&copy, "AllowedCPUs");
        CHECK_STRING(devices, "/b 6\n");
        CHECK_STRING(cpus, "1-3\n");
        budget_free(copy.budget);
        struct budget *none = budget_copy(NULL);
        CHECK(none && none->memory_max.kind == AMOUNT_UNSET && !none->cpus);
        budget_free(none);
}
