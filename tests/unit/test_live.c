#include "client/detail.h"
#include "control/json.h"
#include "control/live-status.h"
#include "tests/unit/test.h"

static struct live_status web(void) {
        return (struct live_status){
                .name = "web.service",
                .description = "The \"web\"\n",
                .file = "a\\b.ini:3",
                .active = "activating",
                .state = "auto-restart",
                .since = 99 * USEC_PER_SEC,
                .why = "exited with code 3",
                .job = "",
                .control_pid = 7,
                .session = 6,
                .restarts = 4,
                .result = "exit-code",
                .next_restart = 102500 * USEC_PER_MSEC,
                .status = "\xff",
                .health = "starting",
                .health_why = "",
                .measured = "cgroup",
                .memory = 5 << 20,
                .memory_peak = UINT64_MAX,
                .memory_max = 64 << 20,
                .memory_tier = "kernel",
                .tasks = 3,
                .tasks_peak = 4,
                .tasks_max = UINT64_MAX,
                .tasks_tier = "",
                .cpu = 1250 * USEC_PER_MSEC,
                .cpu_max = 1250,
                .cpu_tier = "none",
                .exits = { { 98 * USEC_PER_SEC, USEC_PER_SEC, 5, "exit-code", 3, "exited with code 3" },
                           { 90 * USEC_PER_SEC, USEC_INFINITY, 0, "timeout", 0, "ran out of time" } },
                .n_exits = 2,
        };
}

static const struct live_container shop = {
        .version = "1",
        .state = "running",
        .pid = 1,
        .now = 100 * USEC_PER_SEC,
        .tier = "none",
        .tier_why = "no cgroups",
        .tier_hint = "",
        .memory = UINT64_MAX,
};

static void write_answer(struct wire_out *out) {
        const struct wire_head head = {
                .type = WIRE_RETURN, .serial = 1, .reply_serial = 1, .signature = LIVE_SIGNATURE
        };
        const struct live_status u = web();

        wire_begin(out, &head);
        live_write_container(out, &shop);
        struct wire_mark mark = wire_array(out, 8);
        live_write_unit(out, &u);
        live_write_unit(out, &u);
        wire_array_end(out, mark);
        CHECK(wire_end(out) == 0);
}

/* How many units there were in it; -1 where it cannot be read. */
static int read_answer(const char *data, size_t size, struct live_container *c, struct live_status *last) {
        struct wire_head head;
        struct wire_in in, list;
        int n = 0;

        if (wire_read_head(data, size, &head, &in) < 0)
                return -1;
        live_read_container(&in, c);
        wire_read_array(&in, 8, &list);
        while (wire_has_more(&list)) {
                live_read_unit(&list, last);
                n++;
        }
        return in.bad || list.bad ? -1 : n;
}

TEST(live_status_comes_back_whole) {
        struct live_status u = {}, wanted = web();
        struct live_container c = {};
        struct wire_out out = {};

        write_answer(&out);
        CHECK(read_answer(out.data, out.n, &c, &u) == 2);
        CHECK_STRING(c.tier_why, "no cgroups");
        CHECK(c.now == shop.now && c.memory == UINT64_MAX && c.pid == 1);
        CHECK_STRING(u.name, wanted.name);
        CHECK_STRING(u.cpu_tier, wanted.cpu_tier);
        CHECK(!u.up && u.restarts == 4 && u.next_restart == wanted.next_restart && u.cpu_max == 1250);
        CHECK(u.n_exits == 2 && u.exits[1].up == USEC_INFINITY && u.exits[0].code == 3);
        CHECK_STRING(u.exits[1].why, "ran out of time");
        wire_done(&out);
}

/* A server that lies: each byte in turn is another, each length too short. */
TEST(live_status_reads_nothing_that_is_not_there) {
        struct live_status u = {};
        struct live_container c = {};
        struct wire_out out = {};

        write_answer(&out);
        for (size_t i = 16; i < out.n; i++) {
                out.data[i] = (char) (out.data[i] ^ 0x41);
                (void) read_answer(out.data, out.n, &c, &u);
                CHECK(u.n_exits <= LIVE_EXITS_MOST);
                out.data[i] = (char) (out.data[i] ^ 0x41);
                autofree char *part = malloc(i);
                if (part) {
                        memcpy(part, out.data, i);
                        CHECK(read_answer(part, i, &c, &u) <= 1, "%zu bytes", i);
                }
        }
        wire_done(&out);
}

static char *print_json(const struct live_status *u) {
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        if (!out)
                return NULL;
        json_unit(out, u, false);
        return fclose(out) == 0 ? text : NULL;
}

/* Of each kind one, and what it is where it is not known. */
TEST(json_has_every_field_as_its_kind) {
        static const char *const parts[] = {
                "{\"name\":\"web.service\",\"description\":\"The \\\"web\\\"\\u000a\",",
                ",\"file\":\"a\\\\b.ini:3\",",
                ",\"since\":99,",
                ",\"next_restart\":102.500000,",
                ",\"up\":false,",
                ",\"main_pid\":0,",
                ",\"restarts\":4,",
                ",\"status\":\"\xef\xbf\xbd\",",
                ",\"memory\":5242880,",
                ",\"memory_peak\":null,",
                ",\"cpu\":1.250000,",
                ",\"cpu_max\":12.50,",
                ",\"exits\":[{\"at\":98,\"up\":1,\"pid\":5,\"result\":\"exit-code\",\"code\":3,",
                "},{\"at\":90,\"up\":null,\"pid\":0,\"result\":\"timeout\",\"code\":0,",
        };
        const struct live_status u = web();
        autofree char *text = print_json(&u);

        for (size_t i = 0; text && i < countof(parts); i++)
                CHECK(strstr(text, parts[i]), "%s in %s", parts[i], text);
        for (size_t i = 0; text && i < live_unit_fields.n; i++) {
                char key[64];
                (void) snprintf(key, sizeof(key), "\"%s\":", live_unit_fields.fields[i].name);
                CHECK(strstr(text, key), "%s", key);
        }
}

static char *print_detail(unsigned width) {
        char shell[] = "sh -c loop", sleep[] = "sleep inf";
        const struct detail_process processes[] = { { 5, 0, 0, shell }, { 6, 5, 1, sleep } };
        struct live_status u = web();
        const struct detail d = {
                .container = &shop,
                .unit = &u,
                .triggers = "",
                .triggered_by = "web.timer web.path",
                .processes = processes,
                .n_processes = countof(processes),
        };
        const struct screen s = { .width = width };
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        if (!out)
                return NULL;
        u.job = "restart";
        detail_print(&s, out, &d);
        return fclose(out) == 0 ? text : NULL;
}

TEST(detail_tells_all_there_is) {
        autofree char *text = print_detail(SCREEN_ENDLESS), *narrow = print_detail(40);

        CHECK_STRING(text, "web.service - The \"web\"?\n"
                           "    state: auto-restart for 1.0s, since 1970-01-01 00:01:39 UTC; to restart\n"
                           "      why: exited with code 3\n"
                           "     says: \xef\xbf\xbd\n"
                           "   health: starting\n"
                           "     from: a\\b.ini:3\n"
                           "       by: web.timer web.path\n"
                           " restarts: 4; the next in 2.5s\n"
                           "last runs: 2.0s ago: exited with code 3, after 1.0s, pid 5\n"
                           "           10s ago: ran out of time\n"
                           "   memory: 5M; MemoryMax=64M, kept by the kernel\n"
                           "    tasks: 3, 4 at most\n"
                           "      cpu: 1.2s; CPUQuota=12.50%, not enforced: no cgroups\n"
                           "     runs: 5 sh -c loop\n"
                           "             6 sleep inf\n");
        CHECK(narrow &&
              strstr(narrow, "last runs: 2.0s ago: exited with code 3,\n           after 1.0s, pid 5\n"));
}
