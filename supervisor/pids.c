#include <errno.h>
#include <sys/mman.h>

#include "supervisor/pids.h"

/* Processes that were made one after another stand one after another: a thousand services that have just been
 * started are on four pages of the table, and what was set aside for more is not touched. */
static uint32_t home_of(const struct pids *p, pid_t pid) {
        return (uint32_t) pid & p->mask;
}

/* How far the one in slot `i` stands from where it would like to. */
static uint32_t way_of(const struct pids *p, uint32_t i) {
        return (i - home_of(p, p->slots[i].pid)) & p->mask;
}

/* The slot that holds `pid`, or the one where it would go: free, or held by one that stands nearer to its
 * home, which makes place. So no search and no removal goes farther than the longest way, however many stand
 * side by side. There is always a free one: the table is at most half full. */
static uint32_t slot_of(const struct pids *p, pid_t pid, uint32_t way) {
        uint32_t i = (home_of(p, pid) + way) & p->mask;

        while (p->slots[i].pid != 0 && p->slots[i].pid != pid && way_of(p, i) >= way) {
                i = (i + 1) & p->mask;
                way++;
        }
        return i;
}

/* Mapped, not from the heap: whole pages that are zero until they are written to. */
static size_t size_of(const struct pids *p) {
        return ((size_t) p->mask + 1) * sizeof(*p->slots);
}

int pids_reserve(struct pids *p, uint32_t n) {
        struct pids larger = { .mask = 15 };

        while (larger.mask / 2 < n)
                larger.mask = larger.mask * 2 + 1;
        if (p->slots && larger.mask <= p->mask)
                return 0;
        void *slots =
                mmap(NULL, size_of(&larger), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (slots == MAP_FAILED)
                return -ENOMEM;
        larger.slots = slots;
        for (uint32_t i = 0; p->slots && i <= p->mask; i++)
                if (p->slots[i].pid != 0)
                        pids_add(&larger, p->slots[i].pid, p->slots[i].service);
        pids_done(p);
        *p = larger;
        return 0;
}

void pids_done(struct pids *p) {
        if (p->slots)
                (void) munmap(TAKE(p->slots), size_of(p));
}

void pids_add(struct pids *p, pid_t pid, struct service *s) {
        struct pid_slot added = { .pid = pid, .service = s };
        uint32_t i = slot_of(p, pid, 0);

        if (p->slots[i].pid != pid && p->used == p->mask)
                return; /* the last free slot is what every search ends at */
        p->used += p->slots[i].pid != pid;
        while (p->slots[i].pid != 0 && p->slots[i].pid != added.pid) {
                uint32_t way = way_of(p, i);
                struct pid_slot moved = p->slots[i];
                p->slots[i] = added;
                added = moved;
                i = slot_of(p, added.pid, way + 1);
        }
        p->slots[i] = added;
}

void pids_remove(struct pids *p, pid_t pid) {
        uint32_t i = slot_of(p, pid, 0);

        if (p->slots[i].pid != pid)
                return;
        p->used--;
        /* Whoever came behind it because of it moves up, as far as there are such. */
        for (uint32_t next = (i + 1) & p->mask; p->slots[next].pid != 0 && way_of(p, next) > 0;
             next = (next + 1) & p->mask) {
                p->slots[i] = p->slots[next];
                i = next;
        }
        p->slots[i] = (struct pid_slot){};
}

struct service *pids_find(const struct pids *p, pid_t pid) {
        const struct pid_slot *slot = &p->slots[slot_of(p, pid, 0)];
        return slot->pid == pid ? slot->service : NULL;
}
