#include "base/text.h"
#include "supervisor/fit.h"
#include "tests/unit/ini.h"
#include "tests/unit/test.h"

#define MIB (UINT64_C(1) << 20)

static const struct budget_whole whole = { .memory = 1000 * MIB, .tasks = 400, .cpu = 2 * AMOUNT_WHOLE };

/* Services have a command each, so that rows are about budgets alone. */
static const struct {
        const char *text;
        enum fit_kind kind;
        uint64_t sum, part;
        const char *most; /* NULL: nobody has a part */
        size_t n;
} rows[] = {
        { "[a]\n", FIT_MEMORY_MAX, 0, 0, NULL, 0 },
        { "[a]\nMemoryMax=infinity\n", FIT_MEMORY_MAX, 0, 0, NULL, 0 },
        { "[a]\nMemoryMax=600M\n[b]\nMemoryMax=50%\n[c]\n", FIT_MEMORY_MAX, 1100 * MIB, 600 * MIB,
          "a.service", 2 },
        { "[a@]\nInstances=3\nTasksMax=25%\n", FIT_TASKS_MAX, 300, 100, "a@1.service", 3 },
        { "[a]\nTasksMax=7\n[b]\nTasksMax=infinity\n", FIT_TASKS_MAX, 7, 7, "a.service", 1 },
        { "[a]\nCPUQuota=150%\n[b]\nCPUQuota=60.5%\n", FIT_CPU_QUOTA, 21050, 15000, "a.service", 2 },
        { "[a]\nMemoryMin=infinity\n[b]\nMemoryMin=1M\n", FIT_MEMORY_MIN, UINT64_MAX, UINT64_MAX, "a.service",
          2 },
        /* A slice counts once. */
        { "[w.slice]\nMemoryMax=300M\n[a]\nSlice=w.slice\nMemoryMax=250M\n"
          "[b]\nSlice=w.slice\nMemoryMax=250M\n",
          FIT_MEMORY_MAX, 300 * MIB, 300 * MIB, "w.slice", 1 },
        { "[w.slice]\nMemoryMax=300M\n[a]\nSlice=w.slice\nMemoryMax=20M\n[b]\nMemoryMax=100M\n",
          FIT_MEMORY_MAX, 120 * MIB, 100 * MIB, "b.service", 2 },
        { "[w.slice]\nMemoryMax=300M\n[a]\nSlice=w.slice\nMemoryMax=20M\n[b]\nSlice=w.slice\n",
          FIT_MEMORY_MAX, 300 * MIB, 300 * MIB, "w.slice", 1 },
        { "[w.slice]\nMemoryMax=300M\n[a]\nMemoryMax=1M\n", FIT_MEMORY_MAX, MIB, MIB, "a.service", 1 },
        { "[w.slice]\nTasksMax=9\n[a]\nSlice=w.slice\nMemoryMax=20M\n", FIT_MEMORY_MAX, 20 * MIB, 20 * MIB,
          "a.service", 1 },
        /* One in another, also where the one between says nothing or is not written down. */
        { "[w.slice]\nTasksMax=50\n[w-x.slice]\nTasksMax=40\n"
          "[a]\nSlice=w-x.slice\n[b]\nSlice=w.slice\nTasksMax=5\n",
          FIT_TASKS_MAX, 45, 45, "w.slice", 1 },
        { "[w.slice]\nTasksMax=50\n[w-x-y.slice]\nTasksMax=90\n[a]\nSlice=w-x-y.slice\n", FIT_TASKS_MAX, 50,
          50, "w.slice", 1 },
        { "[w.slice]\nTasksMax=50\n[a]\nSlice=w-x.slice\nTasksMax=30\n", FIT_TASKS_MAX, 30, 30, "w.slice",
          1 },
        { "[w.slice]\nTasksMax=50\n[a]\nSlice=wide.slice\nTasksMax=30\n", FIT_TASKS_MAX, 30, 30, "a.service",
          1 },
        /* What a slice is promised is all there is for what is in it. */
        { "[w.slice]\nMemoryMin=100M\n[a]\nSlice=w.slice\nMemoryMin=20M\n", FIT_MEMORY_MIN, 100 * MIB,
          100 * MIB, "w.slice", 1 },
        { "[w.slice]\nMemoryMin=100M\n[a]\nSlice=w.slice\nMemoryMin=200M\n", FIT_MEMORY_MIN, 100 * MIB,
          100 * MIB, "w.slice", 1 },
};

/* Behind each section of a service. */
static char *with_commands(const char *text) {
        char *out = text_format("%s", "");

        for (const char *line = text; out && *line;) {
                int n = (int) strcspn(line, "\n");
                bool is_service = line[0] == '[' && !memmem(line, (size_t) n, ".slice", 6);
                char *more = text_format("%s%.*s\n%s", out, n, line, is_service ? "ExecStart=x\n" : "");
                free(out);
                out = more;
                line += n + 1;
        }
        return out;
}

TEST(fit_adds_up) {
        for (size_t i = 0; i < countof(rows); i++) {
                autofree char *text = with_commands(rows[i].text);
                struct ini ini;
                uint64_t scratch[4];

                ini_load(&ini, text, NULL, NULL);
                autofree char *words = ini_words(&ini);
                if (CHECK(ini.error == 0, "%s: %s", rows[i].text, words)) {
                        struct fit f = fit_sum(ini.config, rows[i].kind, &whole, scratch);

                        CHECK(f.sum == rows[i].sum, "%s: %ju", rows[i].text, (uintmax_t) f.sum);
                        CHECK(f.part == rows[i].part, "%s: %ju", rows[i].text, (uintmax_t) f.part);
                        CHECK(f.n == rows[i].n, "%s: %zu", rows[i].text, f.n);
                        CHECK_STRING(f.most ? f.most->name : NULL, rows[i].most, "%s", rows[i].text);
                }
                ini_done(&ini);
        }
}

TEST(fit_knows_what_there_is) {
        static const struct config nothing = {};

        CHECK(fit_sum(&nothing, FIT_MEMORY_MIN, &whole, NULL).whole == whole.memory);
        CHECK(fit_sum(&nothing, FIT_MEMORY_MAX, &whole, NULL).whole == whole.memory);
        CHECK(fit_sum(&nothing, FIT_TASKS_MAX, &whole, NULL).whole == whole.tasks);
        CHECK(fit_sum(&nothing, FIT_CPU_QUOTA, &whole, NULL).whole == whole.cpu);
}
