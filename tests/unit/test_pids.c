#include <unistd.h>

#include "supervisor/pids.h"
#include "tests/unit/test.h"

#define PIDS_MOST 400 /* numbers from 1 on; few enough that they meet in the table */
#define STEPS     60000

/* Anything will do for a service: only where it is counts. */
static char places[PIDS_MOST];

static struct service *service_at(size_t i) {
        return (struct service *) (void *) &places[i];
}

static uint32_t next_random(uint32_t *seed) {
        *seed ^= *seed << 13;
        *seed ^= *seed >> 17;
        *seed ^= *seed << 5;
        return *seed;
}

static void check_same(const struct pids *p, struct service *const *model, unsigned step) {
        uint32_t used = 0;

        for (pid_t pid = 1; pid < PIDS_MOST; pid++) {
                CHECK(pids_find(p, pid) == model[pid], "step %u, pid %d", step, pid);
                used += model[pid] != NULL;
        }
        CHECK(p->used == used, "step %u", step);
}

/* `room` processes at once at most: small tables, where nearly every number shares its place with another. */
static void play(uint32_t room, uint32_t seed) {
        struct service *model[PIDS_MOST] = {};
        struct pids p = {};
        uint32_t n = 0;

        if (!CHECK(pids_reserve(&p, room) == 0))
                return;
        for (unsigned step = 0; step < STEPS; step++) {
                pid_t pid = (pid_t) (1 + next_random(&seed) % (PIDS_MOST - 1));
                if (next_random(&seed) % 2 == 0) {
                        pids_remove(&p, pid);
                        n -= model[pid] != NULL;
                        model[pid] = NULL;
                } else if (n < room || model[pid]) {
                        n += model[pid] == NULL;
                        model[pid] = service_at(next_random(&seed) % PIDS_MOST);
                        pids_add(&p, pid, model[pid]);
                }
                CHECK(pids_find(&p, pid) == model[pid], "room %u, step %u", room, step);
                if (step % 50 == 0)
                        check_same(&p, model, step);
        }
        check_same(&p, model, STEPS);
        pids_done(&p);
}

TEST(pids_are_as_a_plain_list) {
        static const uint32_t rooms[] = { 1, 2, 7, 8, 31, 100 };

        for (size_t i = 0; i < countof(rooms); i++)
                play(rooms[i], (uint32_t) i + 11);
}

TEST(pids_survive_a_larger_table) {
        struct service *model[PIDS_MOST] = {};
        struct pids p = {};

        for (pid_t pid = 1; pid < PIDS_MOST; pid++) {
                if (!CHECK(pids_reserve(&p, (uint32_t) pid) == 0))
                        return;
                model[pid] = service_at((size_t) pid);
                pids_add(&p, pid, model[pid]);
                CHECK(2 * p.used <= p.mask + 1, "%d processes", pid);
        }
        uint32_t mask = p.mask;
        CHECK(pids_reserve(&p, 1) == 0 && p.mask == mask);
        check_same(&p, model, 0);
        CHECK(!pids_find(&p, PIDS_MOST) && !pids_find(&p, 4194304));
        pids_done(&p);
}

/* Out of the middle of a chain, for every chain and every place in it. */
TEST(pids_gaps_close) {
        enum { HELD = 7 };
        struct pids p = {};

        if (!CHECK(pids_reserve(&p, HELD) == 0))
                return;
        for (pid_t from = 1; from < 3000; from++)
                for (pid_t out = from; out < from + HELD; out++) {
                        for (pid_t pid = from; pid < from + HELD; pid++)
                                pids_add(&p, pid * 16, service_at((size_t) (pid - from)));
                        pids_remove(&p, out * 16);
                        for (pid_t pid = from; pid < from + HELD; pid++)
                                CHECK(pids_find(&p, pid * 16) ==
                                              (pid == out ? NULL : service_at((size_t) (pid - from))),
                                      "from %d, out %d, pid %d", from, out, pid);
                        for (pid_t pid = from; pid < from + HELD; pid++)
                                pids_remove(&p, pid * 16);
                        CHECK(p.used == 0, "from %d", from);
                }
        pids_done(&p);
}

static uint32_t count_pages(const struct pids *p) {
        const size_t page = (size_t) sysconf(_SC_PAGESIZE);
        uint32_t pages = 0;

        for (size_t at = 0; at < ((size_t) p->mask + 1) * sizeof(*p->slots); at += page) {
                const char *from = (const char *) p->slots + at;
                bool touched = false;
                for (size_t i = 0; i < page && !touched; i++)
                        touched = from[i] != 0;
                pages += touched;
        }
        return pages;
}

/* A thousand that are made one after another, and each again later, far from where it was: what is set aside
 * for more stays untouched, and a gap in their midst is filled by nobody who stands where it belongs. */
TEST(pids_made_in_a_row_take_few_pages) {
        enum { HELD = 1000, AGAIN = 70000 };
        struct pids p = {};

        if (!CHECK(pids_reserve(&p, 2 * HELD) == 0))
                return;
        for (pid_t pid = 1; pid <= HELD; pid++)
                pids_add(&p, pid, service_at((size_t) pid % PIDS_MOST));
        CHECK(count_pages(&p) == 1 + HELD * sizeof(*p.slots) / (size_t) sysconf(_SC_PAGESIZE), "%u pages",
              count_pages(&p));
        pids_remove(&p, HELD / 2);
        CHECK(p.slots[HELD / 2].pid == 0 && p.slots[HELD / 2 + 1].pid == HELD / 2 + 1);
        for (pid_t pid = 1; pid <= HELD; pid++) {
                pids_remove(&p, pid);
                pids_add(&p, pid + AGAIN, service_at((size_t) pid % PIDS_MOST));
        }
        CHECK(p.used == HELD);
        for (pid_t pid = 1; pid <= HELD; pid++)
                CHECK(!pids_find(&p, pid) &&
                              pids_find(&p, pid + AGAIN) == service_at((size_t) pid % PIDS_MOST),
                      "pid %d", pid);
        pids_done(&p);
}

/* More than was reserved must not send a search round for ever: what has no place is nobody's. */
TEST(pids_overfull) {
        struct pids p = {};

        if (!CHECK(pids_reserve(&p, 1) == 0))
                return;
        const pid_t room = (pid_t) p.mask;
        for (pid_t pid = 1; pid <= room + 5; pid++)
                pids_add(&p, pid, service_at((size_t) pid));
        CHECK(p.used == p.mask);
        for (pid_t pid = 1; pid <= room + 5; pid++)
                CHECK(pids_find(&p, pid) == (pid <= room ? service_at((size_t) pid) : NULL), "pid %d", pid);
        pids_add(&p, 3, service_at(9)); /* has its place */
        CHECK(pids_find(&p, 3) == service_at(9));
        pids_remove(&p, room + 1);
        pids_remove(&p, 5);
        pids_add(&p, room + 1, service_at(1));
        CHECK(pids_find(&p, room + 1) == service_at(1) && !pids_find(&p, 5));
        pids_done(&p);
}
