#include "base/text.h"
#include "config/budget.h"
#include "config/setting.h"
#include "tests/unit/ini.h"
#include "tests/unit/test.h"

static char *print(const char *key, const struct unit *u) {
        const struct setting *s = setting_find(OWNER_UNIT, key);
        char *text = NULL;
        size_t size;
        FILE *out = s ? open_memstream(&text, &size) : NULL;

        if (!out)
                return NULL;
        setting_print(s, u, out);
        (void) fclose(out);
        return text;
}

/* What is written, and what `tend show` makes of it. Several lines are as they stand in a file. */
static const struct {
        const char *key, *lines, *shown;
} values[] = {
        { "MemoryMax", "MemoryMax=64M", "64M\n" },
        { "MemoryMax", "MemoryMax=1.5G", "1536M\n" },
        { "MemoryMax", "MemoryMax=60%", "60%\n" },
        { "MemoryMax", "MemoryMax=12.5%", "12.5%\n" },
        { "MemoryMax", "MemoryMax=33.33%", "33.33%\n" },
        { "MemoryMax", "MemoryMax=infinity", "infinity\n" },
        { "MemoryMax", "MemoryMax=1G\nMemoryMax=", "" },
        { "MemoryMin", "MemoryMin=0", "0\n" },
        { "MemorySwapMax", "MemorySwapMax=0", "0\n" },
        { "StartupMemoryMax", "StartupMemoryMax=2G", "2G\n" },
        { "TasksMax", "TasksMax=64", "64\n" },
        { "TasksMax", "TasksMax=1024", "1024\n" },
        { "TasksMax", "TasksMax=50%", "50%\n" },
        { "CPUWeight", "CPUWeight=10000", "10000\n" },
        { "CPUWeight", "CPUWeight=idle", "idle\n" },
        { "CPUWeight", "CPUWeight=5\nCPUWeight=", "" },
        { "IOWeight", "IOWeight=1", "1\n" },
        { "CPUQuota", "CPUQuota=250%", "250%\n" },
        { "CPUQuota", "CPUQuota=0.5%", "0.5%\n" },
        { "CPUQuotaPeriodSec", "CPUQuotaPeriodSec=10ms", "10ms\n" },
        { "CPUQuotaPeriodSec", "CPUQuotaPeriodSec=10ms\nCPUQuotaPeriodSec=", "" },
        { "AllowedCPUs", "AllowedCPUs=0-2,5 7", "0-2 5 7\n" },
        { "AllowedCPUs", "AllowedCPUs=0\nAllowedCPUs=3", "0 3\n" },
        { "IODeviceWeight", "IODeviceWeight=/dev/sda 200", "/dev/sda 200\n" },
        { "IOWriteBandwidthMax", "IOWriteBandwidthMax=/var 4M", "/var 4000000\n" },
        { "IOWriteBandwidthMax",
          "IOWriteBandwidthMax=/a 1\nIOWriteBandwidthMax=/b 2K\nIOWriteBandwidthMax=/a 3",
          "/a 3\n/b 2000\n" },
        { "IOWriteBandwidthMax", "IOWriteBandwidthMax=/a infinity", "/a infinity\n" },
        { "IOReadIOPSMax", "IOReadIOPSMax=/a 1K\nIOWriteIOPSMax=/a 5", "/a 1000\n" },
        { "IOReadIOPSMax", "IOReadIOPSMax=/a 1K\nIOReadIOPSMax=", "" },
        { "IODeviceLatencyTargetSec", "IODeviceLatencyTargetSec=/dev/sda 25ms", "/dev/sda 25ms\n" },
        { "MemoryPressureWatch", "MemoryPressureWatch=yes", "on\n" },
        { "MemoryPressureWatch", "MemoryPressureWatch=0", "off\n" },
        { "MemoryPressureWatch", "MemoryPressureWatch=skip", "skip\n" },
        { "MemoryPressureThresholdSec", "MemoryPressureThresholdSec=50ms", "50ms\n" },
        { "OOMPolicy", "OOMPolicy=kill", "kill\n" },
        { "OOMPolicy", "MemoryMax=1G", "stop\n" },
        { "OOMPolicy", "Delegate=yes", "continue\n" },
        { "OOMPolicy", "Delegate=yes\nOOMPolicy=stop", "stop\n" },
        { "Delegate", "Delegate=yes", "yes\n" },
        { "Delegate", "Delegate=memory pids", "memory pids\n" },
        { "Delegate", "Delegate=memory\nDelegate=no", "no\n" },
        { "Slice", "Slice=workers-%p.slice", "workers-a.slice\n" },
        { "Slice", "Slice=-.slice", "" },
        { "BudgetPolicy", "BudgetPolicy=require", "require\n" },
        { "MemoryAccounting", "MemoryAccounting=on", "yes\n" },
};

TEST(budget_values_are_read_and_printed) {
        for (size_t i = 0; i < countof(values); i++) {
                autofree char *text = text_format("[a]\nExecStart=x\n%s\n", values[i].lines);
                struct ini ini;

                ini_load(&ini, text, NULL, NULL);
                autofree char *words = ini_words(&ini);
                if (CHECK(ini.error == 0 && ini.diags.n == 0, "%s: %s", values[i].lines, words)) {
                        autofree char *shown = print(values[i].key, ini.config->units[0]);
                        CHECK_STRING(shown, values[i].shown, "%s", values[i].lines);
                }
                ini_done(&ini);
        }
}

TEST(budget_values_that_are_refused) {
        static const char *const lines[] = {
                "MemoryMax=0",
                "MemoryMax=0%",
                "MemoryMax=101%",
                "MemoryMax=much",
                "MemoryMax=-1",
                "MemoryMax=50 %",
                "MemoryHigh=0",
                "TasksMax=0",
                "TasksMax=64M",
                "TasksMax=0%",
                "CPUWeight=0",
                "CPUWeight=10001",
                "IOWeight=idle",
                "CPUQuota=0%",
                "CPUQuota=20",
                "CPUQuota=-5%",
                "CPUQuotaPeriodSec=often",
                "AllowedCPUs=1-",
                "IODeviceWeight=/dev/sda",
                "IODeviceWeight=/dev/sda 0",
                "IODeviceWeight=/dev/sda 10001",
                "IOReadBandwidthMax=sda 4M",
                "IOReadBandwidthMax=/dev/sda 0",
                "IOReadBandwidthMax=/dev/sda 4Q",
                "IOReadBandwidthMax=/dev/sda 4M 5M",
                "OOMPolicy=maybe",
                "Slice=workers",
                "Slice=a--b.slice",
                "Slice=-a.slice",
                "Slice=a-.slice",
                "Slice=.slice",
                "BudgetPolicy=perhaps",
        };

        for (size_t i = 0; i < countof(lines); i++) {
                autofree char *text = text_format("[a]\nExecStart=x\n%s\n", lines[i]);
                struct ini ini;

                ini_load(&ini, text, NULL, NULL);
                autofree char *words = ini_words(&ini);
                CHECK(ini.error < 0 && ini.diags.errors == 1, "%s: %s", lines[i], words ? words : "nothing");
                CHECK(words && text_starts(words, "tend.ini:3: error: "), "%s: %s", lines[i],
                      words ? words : "");
                ini_done(&ini);
        }
}

/* Where nothing of it is set there is none, and defaults that are written are no reason for one. */
TEST(budget_is_made_for_who_has_one) {
        struct ini ini;

        ini_load(&ini,
                 "[a]\nExecStart=x\nDelegate=no\nBudgetPolicy=best-effort\n[b]\nExecStart=x\nTasksMax=1\n",
                 NULL, NULL);
        if (CHECK(ini.error == 0 && ini.config->n_units == 2)) {
                CHECK(!ini.config->units[0]->budget);
                CHECK(ini.config->units[1]->budget);
        }
        ini_done(&ini);
}

TEST(budget_slices_are_no_units) {
        struct ini ini;

        ini_load(&ini, "[w.slice]\nMemoryMax=1G\nDescription=Workers\n[a]\nExecStart=x\nSlice=w.slice\n",
                 NULL, NULL);
        if (CHECK(ini.error == 0 && ini.config->n_units == 1)) {
                const struct unit *slice = config_find_slice(ini.config, "w.slice");

                CHECK(slice && slice->budget && slice->budget->memory_max.value == UINT64_C(1) << 30);
                CHECK(!config_find(ini.config, "w.slice"));
                CHECK(!config_find_slice(ini.config, "a.service"));
        }
        ini_done(&ini);
}

/* Each slice on the way is there, whether a section is about it or not. */
TEST(budget_slices_are_there_when_units_lie_in_them) {
        static const char *const names[] = { "w.slice", "w-x.slice", "w-x-y.slice", "v.slice" };
        struct ini ini;

        ini_load(
                &ini,
                "[w-x.slice]\nTasksMax=5\n[v.slice]\n[a]\nExecStart=x\nSlice=w-x-y.slice\n[b]\nExecStart=x\n",
                NULL, NULL);
        if (CHECK(ini.error == 0 && ini.config->n_units == 2)) {
                CHECK(ini.config->n_slices == countof(names), "%zu", ini.config->n_slices);
                for (size_t i = 0; i < countof(names); i++)
                        CHECK(config_find_slice(ini.config, names[i]), "%s", names[i]);
                CHECK(config_find_slice(ini.config, "w-x.slice")->budget);
                CHECK(!config_find_slice(ini.config, "w.slice")->budget);
        }
        ini_done(&ini);
}

TEST(budget_slice_of_a_unit) {
        static const struct {
                const char *name, *line, *slice;
        } rows[] = {
                { "a.service", "Slice=w-x.slice", "w-x.slice" },
                { "a-b.service", NULL, NULL },
                { "w-x-y.slice", NULL, "w-x.slice" },
                { "w-x.slice", NULL, "w.slice" },
                { "w.slice", NULL, NULL },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                struct budget b = { .slice = rows[i].line ? strdup(strchr(rows[i].line, '=') + 1) : NULL };
                const struct unit u = { .name = rows[i].name, .budget = rows[i].line ? &b : NULL };
                autofree char *slice = NULL;

                CHECK(budget_slice(&u, &slice) == 0, "row %zu", i);
                CHECK(rows[i].slice ? slice && strcmp(slice, rows[i].slice) == 0 : !slice, "row %zu: %s", i,
                      slice ? slice : "none");
                free(b.slice);
        }
}

TEST(budget_slices_have_budgets_alone) {
        static const struct {
                const char *text, *words;
        } rows[] = {
                { "[w.slice]\nExecStart=x\n", "ExecStart=: no such setting in [w.slice]" },
                { "[w.slice]\nSlice=v.slice\n", "Slice=: no such setting in [w.slice]" },
                { "[w.slice]\nOnCalendar=daily\n", "OnCalendar=: no such setting in [w.slice]" },
                { "[w--v.slice]\nTasksMax=5\n", "not the name of a slice" },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                autofree char *text = text_format("%s[a]\nExecStart=x\n", rows[i].text);
                struct ini ini;

                ini_load(&ini, text, NULL, NULL);
                autofree char *words = ini_words(&ini);
                CHECK(ini.error < 0 && words && strstr(words, rows[i].words), "row %zu: %s", i,
                      words ? words : "nothing");
                ini_done(&ini);
        }
}
