#include <errno.h>

#include "base/text.h"
#include "supervisor/budget.h"
#include "tests/unit/ini.h"
#include "tests/unit/test.h"

static const struct budget_whole whole = { .memory = UINT64_C(1000) << 20, .tasks = 200 };

/* The text that goes into the file, NULL where none does. */
static const char *find(const struct budget *b, const char *file, bool startup, char text[KNOB_TEXT_MAX]) {
        for (size_t i = 0; i < n_budget_knobs; i++)
                if (strcmp(budget_knobs[i].file, file) == 0)
                        return budget_knobs[i].text(b, &whole, startup, text) ? text : NULL;
        return NULL;
}

TEST(knobs_of_budgets) {
        static const struct {
                const char *lines, *file, *text, *at_startup;
        } rows[] = {
                { "MemoryMax=64M", "memory.max", "67108864", "67108864" },
                { "MemoryMax=50%", "memory.max", "524288000", "524288000" },
                { "MemoryMax=0.01%", "memory.max", "104857", "104857" },
                { "MemoryMax=infinity", "memory.max", "max", "max" },
                { "MemoryMax=64M", "memory.high", NULL, NULL },
                { "MemoryMax=64M\nStartupMemoryMax=1G", "memory.max", "67108864", "1073741824" },
                { "StartupMemoryMax=1G", "memory.max", NULL, "1073741824" },
                { "MemoryMin=0", "memory.min", "0", "0" },
                { "MemorySwapMax=10%", "memory.swap.max", "104857600", "104857600" },
                { "TasksMax=25%", "pids.max", "50", "50" },
                { "OOMPolicy=kill", "memory.oom.group", "1", "1" },
                { "TasksMax=5\nOOMPolicy=stop", "memory.oom.group", NULL, NULL },
                { "CPUQuota=20%", "cpu.max", "20000 100000", "20000 100000" },
                { "CPUQuota=1%\nCPUQuotaPeriodSec=1us", "cpu.max", "1000 1000", "1000 1000" },
                { "CPUQuota=200%\nCPUQuotaPeriodSec=1min", "cpu.max", "2000000 1000000", "2000000 1000000" },
                { "CPUWeight=300\nStartupCPUWeight=idle", "cpu.weight", "300", NULL },
                { "CPUWeight=300\nStartupCPUWeight=idle", "cpu.idle", NULL, "1" },
                { "IOWeight=7\nStartupIOWeight=9", "io.weight", "7", "9" },
                { "AllowedCPUs=0-2 5,7-8", "cpuset.cpus", "0-2,5,7-8", "0-2,5,7-8" },
                { "AllowedMemoryNodes=1", "cpuset.mems", "1", "1" },
        };
        char text[KNOB_TEXT_MAX];

        for (size_t i = 0; i < countof(rows); i++) {
                autofree char *file = text_format("[a]\nExecStart=x\n%s\n", rows[i].lines);
                struct ini ini;

                ini_load(&ini, file, NULL, NULL);
                const struct budget *b = ini.error == 0 ? ini.config->units[0]->budget : NULL;
                if (CHECK(b, "row %zu", i)) {
                        CHECK_STRING(find(b, rows[i].file, false, text), rows[i].text, "row %zu", i);
                        CHECK_STRING(find(b, rows[i].file, true, text), rows[i].at_startup,
                                     "row %zu, at startup", i);
                }
                ini_done(&ini);
        }
}

TEST(knobs_of_devices) {
        static const struct {
                enum device_limit_kind kind;
                uint64_t value;
                const char *file, *text;
        } rows[] = {
                { DEVICE_WRITE_BYTES, 4000000, "io.max", "8:16 wbps=4000000" },
                { DEVICE_READ_BYTES, UINT64_MAX, "io.max", "8:16 rbps=max" },
                { DEVICE_READ_OPERATIONS, 5, "io.max", "8:16 riops=5" },
                { DEVICE_WRITE_OPERATIONS, 6, "io.max", "8:16 wiops=6" },
                { DEVICE_WEIGHT, 200, "io.weight", "8:16 200" },
                { DEVICE_LATENCY, 25000, "io.latency", "8:16 target=25000" },
        };
        char text[KNOB_TEXT_MAX];

        for (size_t i = 0; i < countof(rows); i++) {
                budget_device_text(rows[i].kind, rows[i].value, 8, 16, text);
                CHECK_STRING(text, rows[i].text);
                CHECK_STRING(budget_device_file(rows[i].kind), rows[i].file);
        }
}

#define BIT(name) (1U << CONTROLLER_##name)

TEST(knobs_need_controllers) {
        static const struct {
                const char *lines;
                uint32_t needed;
                bool is_limit;
                const char *words;
        } rows[] = {
                { "MemoryMax=1G\nTasksMax=5", BIT(MEMORY) | BIT(PIDS), true, "MemoryMax=, TasksMax=" },
                { "CPUWeight=5\nStartupCPUWeight=idle\nCPUQuota=5%", BIT(CPU), true,
                  "CPUWeight=, CPUQuota=" },
                { "AllowedCPUs=0", BIT(CPUSET), true, "AllowedCPUs=" },
                { "IOReadIOPSMax=/ 5\nIOReadIOPSMax=/tmp 5\nIOWeight=3", BIT(IO), true,
                  "IOWeight=, IOReadIOPSMax=" },
                { "OOMPolicy=kill", BIT(MEMORY), false, "" },
                { "MemoryMax=infinity\nMemoryMin=0\nCPUWeight=100", BIT(MEMORY) | BIT(CPU), false, "" },
                { "MemoryMax=infinity\nStartupMemoryMax=1G", BIT(MEMORY), true, "MemoryMax=" },
                { "OOMPolicy=continue", 0, false, "" },
                { "MemoryPressureWatch=yes", BIT(MEMORY), false, "" },
                { "MemoryPressureWatch=auto\nMemoryPressureThresholdSec=1s", 0, false, "" },
                { "Slice=a.slice", 0, false, "" },
                { "TasksAccounting=yes\nMemoryAccounting=yes\nIOAccounting=yes",
                  BIT(PIDS) | BIT(MEMORY) | BIT(IO), false, "" },
                { "Delegate=cpu", BIT(CPU), false, "" },
        };
        char words[256];

        CHECK(budget_controllers(NULL) == 0 && !budget_is_limit(NULL));
        for (size_t i = 0; i < countof(rows); i++) {
                autofree char *file = text_format("[a]\nExecStart=x\n%s\n", rows[i].lines);
                struct ini ini;

                ini_load(&ini, file, NULL, NULL);
                const struct budget *b = ini.error == 0 ? ini.config->units[0]->budget : NULL;
                if (CHECK(b, "row %zu", i)) {
                        CHECK(budget_controllers(b) == rows[i].needed, "row %zu", i);
                        CHECK(budget_is_limit(b) == rows[i].is_limit, "row %zu", i);
                        CHECK_STRING(budget_words(b, UINT32_MAX, BUDGET_ALL, words, sizeof(words)),
                                     rows[i].words, "row %zu", i);
                        CHECK_STRING(budget_words(b, 0, BUDGET_ALL, words, sizeof(words)), "", "row %zu", i);
                }
                ini_done(&ini);
        }
}

TEST(knobs_nearest_limit) {
        static const uint64_t limits[] = { 700, 300, 500 };

        CHECK(budget_least(limits, countof(limits), 1000) == 300);
        CHECK(budget_least(limits, 1, 1000) == 700);
        CHECK(budget_least(limits, 1, 600) == 600);
        CHECK(budget_least(NULL, 0, 1000) == 1000);
}

TEST(knobs_paths_of_slices) {
        char path[64], small[16];

        CHECK(budget_path(NULL, "a.service", path, sizeof(path)) == 0);
        CHECK_STRING(path, "a.service");
        CHECK(budget_path("w.slice", "a.service", path, sizeof(path)) == 0);
        CHECK_STRING(path, "w.slice/a.service");
        CHECK(budget_path("w-x-yz.slice", "a", path, sizeof(path)) == 0);
        CHECK_STRING(path, "w.slice/w-x.slice/w-x-yz.slice/a");
        CHECK(budget_path("w-x.slice", "a", small, sizeof(small)) == -ENAMETOOLONG);
        CHECK(budget_path("w.slice", "a-long-name.service", small, sizeof(small)) == -ENAMETOOLONG);
}

TEST(knobs_nice_instead_of_weight) {
        static const struct {
                unsigned weight;
                int nice;
        } rows[] = { { 100, 0 }, { 90, 0 },   { 80, 1 },     { 50, 3 },      { 10, 10 },
                     { 1, 19 },  { 125, -1 }, { 1000, -10 }, { 10000, -20 }, { WEIGHT_IDLE, 19 } };

        for (size_t i = 0; i < countof(rows); i++)
                CHECK(budget_nice(rows[i].weight) == rows[i].nice, "row %zu: %d", i,
                      budget_nice(rows[i].weight));
}

TEST(knobs_without_cgroups) {
        struct budget b = { .memory_max = { 3000, AMOUNT_SHARE },
                            .tasks_max = { 7, AMOUNT_EXACT },
                            .io_weight = 5,
                            .cpu_quota = 2000 };
        static const struct budget_whole house = { .memory = 1000, .tasks = 100 };
        char words[128];

        CHECK_STRING(budget_words(&b, UINT32_MAX, BUDGET_SAMPLED, words, sizeof(words)),
                     "MemoryMax=, TasksMax=");
        CHECK_STRING(budget_words(&b, UINT32_MAX, BUDGET_LOST, words, sizeof(words)), "CPUQuota=, IOWeight=");
        struct sample_limits l = budget_sampled(&b, &house, UINT32_MAX);
        CHECK(l.memory == 300 && l.tasks == 7 && l.quota == SAMPLE_NO_LIMIT);
        b.quota_fallback = QUOTA_FALLBACK_SIGNALS;
        CHECK(budget_sampled(&b, &house, UINT32_MAX).quota == 2000);
        l = budget_sampled(&b, &house, 1U << CONTROLLER_PIDS);
        CHECK(l.memory == SAMPLE_NO_LIMIT && l.tasks == 7 && l.quota == SAMPLE_NO_LIMIT);
}

/* How each setting is kept: with all controllers, without memory's, and without any cgroup; where processes
 * can be looked at, and at last where they cannot. */
TEST(knobs_tiers) {
        static const struct {
                const char *lines, *setting;
                const char *tiers; /* by the kernel, samples, nobody; not asked for */
        } rows[] = {
                { "MemoryMax=1G", "MemoryMax", "KSSN" },
                { "MemoryMax=1G", "MemoryHigh", "----" },
                { "MemoryMax=infinity", "MemoryMax", "----" },
                { "MemoryHigh=1G", "MemoryHigh", "KNNN" },
                { "MemoryHigh=1G", "Nice", "----" },
                { "StartupMemoryMax=1G", "StartupMemoryMax", "KSSN" },
                { "TasksMax=5", "TasksMax", "KKSN" },
                { "CPUQuota=5%", "CPUQuota", "KKNN" },
                { "CPUQuota=5%\nCPUQuotaFallback=signals", "CPUQuota", "KKSN" },
                { "CPUWeight=idle", "CPUWeight", "KKSN" },
                { "CPUWeight=5", "CPUWeight", "KKSN" },
                { "AllowedCPUs=0", "AllowedCPUs", "KKSN" },
                { "IOWeight=5", "IOWeight", "KKNN" },
                { "IOReadIOPSMax=/ 5", "IOReadIOPSMax", "KKNN" },
                { "IOReadIOPSMax=/ 5", "IOWriteIOPSMax", "----" },
                { "OOMPolicy=kill", "OOMPolicy", "----" },
        };

        CHECK(budget_tier(NULL, "MemoryMax", 0, true) == TIER_UNASKED);
        for (size_t i = 0; i < countof(rows); i++) {
                autofree char *file = text_format("[a]\nExecStart=x\n%s\n", rows[i].lines);
                const char *setting = rows[i].setting;
                struct ini ini;

                ini_load(&ini, file, NULL, NULL);
                const struct budget *b = ini.error == 0 ? ini.config->units[0]->budget : NULL;
                if (CHECK(b, "row %zu", i)) {
                        const enum tier got[] = {
                                budget_tier(b, setting, 0, true),
                                budget_tier(b, setting, BIT(MEMORY), true),
                                budget_tier(b, setting, UINT32_MAX, true),
                                budget_tier(b, setting, UINT32_MAX, false),
                        };
                        for (size_t k = 0; k < countof(got); k++)
                                CHECK("-KSN"[got[k]] == rows[i].tiers[k], "row %zu, %zu: %d", i, k, got[k]);
                }
                ini_done(&ini);
        }
}
