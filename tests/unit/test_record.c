#include <errno.h>

#include "plot/record.h"
#include "tests/unit/test.h"

static const struct live_start shop = {
        .version = "1", .hostname = "shop", .state = "running", .now = 90, .started = 10, .ready = 50
};

/* Three units, each of them ordered after those before it; `place` is in the last one's list too. */
static void write_answer(struct wire_out *out, uint32_t place) {
        static const char *const names[] = { "db.service", "web.service", "web.timer" };
        const struct wire_head head = {
                .type = WIRE_RETURN, .serial = 1, .reply_serial = 1, .signature = LIVE_HISTORY_SIGNATURE
        };

        wire_begin(out, &head);
        live_write(out, &live_start_fields, &shop);
        struct wire_mark units = wire_array(out, 8);
        for (uint32_t i = 0; i < countof(names); i++) {
                const struct live_history h = {
                        .name = names[i],
                        .description = "",
                        .active = "active",
                        .state = "running",
                        .why = "",
                        .lost = i,
                        .runs = { { 10, 20, 30, 40, true, "exit-code", "exited with code 3" },
                                  { 0, 50, 0, 0, false, "", "" } },
                        .n_runs = i,
                };
                live_write_history(out, &h);
                struct wire_mark places = wire_array(out, 4);
                for (uint32_t k = 0; k < i; k++)
                        wire_u32(out, k);
                if (i == countof(names) - 1)
                        wire_u32(out, place);
                wire_array_end(out, places);
        }
        wire_array_end(out, units);
        CHECK(wire_end(out) == 0);
}

static int read_answer(const char *data, size_t size, struct record *r) {
        struct wire_head head;
        struct wire_in in;

        return wire_read_head(data, size, &head, &in) < 0 ? -EBADMSG : record_read(r, &in);
}

TEST(record_comes_back_whole) {
        autorecord struct record r = {};
        struct wire_out out = {};

        write_answer(&out, 2);
        if (CHECK(read_answer(out.data, out.n, &r) == 0) && CHECK(r.n == 3) && r.units) {
                CHECK_STRING(r.start.hostname, "shop");
                CHECK(r.start.now == 90 && r.start.ready == 50);
                CHECK(r.units[0].n_runs == 0 && r.units[2].n_runs == 2 && r.units[2].lost == 2);
                CHECK(r.units[1].runs[0].ready == 30 && r.units[1].runs[0].failed);
                CHECK_STRING(r.units[2].runs[0].why, "exited with code 3");
                CHECK(r.first[0] == 0 && r.first[1] == 0 && r.first[2] == 1 && r.first[3] == 4);
                CHECK(r.after[0] == 0 && r.after[1] == 0 && r.after[2] == 1 && r.after[3] == 2);
        }
        wire_done(&out);
}

TEST(record_finds_units) {
        static const struct {
                const char *name;
                size_t place;
        } rows[] = {
                { "db", 0 },          { "db.service", 0 },
                { "web", 1 },         { "web.timer", 2 },
                { "d", SIZE_MAX },    { "", SIZE_MAX },
                { "db.", SIZE_MAX },  { "db.service.service", SIZE_MAX },
                { "web.", SIZE_MAX },
        };
        autorecord struct record r = {};
        struct wire_out out = {};

        write_answer(&out, 0);
        CHECK(read_answer(out.data, out.n, &r) == 0);
        for (size_t i = 0; i < countof(rows); i++)
                CHECK(record_find(&r, rows[i].name) == rows[i].place, "%s", rows[i].name);
        wire_done(&out);
}

/* A server that lies: a place that is none, each byte in turn another, each length too short. */
TEST(record_reads_nothing_that_is_not_there) {
        autorecord struct record r = {};
        struct wire_out out = {}, bad = {};

        write_answer(&bad, 3);
        CHECK(read_answer(bad.data, bad.n, &r) == -EBADMSG);
        wire_done(&bad);
        write_answer(&out, 0);
        for (size_t i = 16; i < out.n; i++) {
                out.data[i] = (char) (out.data[i] ^ 0x41);
                if (read_answer(out.data, out.n, &r) == 0)
                        for (size_t k = 0; k < r.first[r.n]; k++)
                                CHECK(r.after[k] < r.n, "byte %zu", i);
                out.data[i] = (char) (out.data[i] ^ 0x41);
                autofree char *part = malloc(i);
                if (part) {
                        memcpy(part, out.data, i);
                        CHECK(read_answer(part, i, &r) < 0, "%zu bytes", i);
                }
        }
        wire_done(&out);
}
