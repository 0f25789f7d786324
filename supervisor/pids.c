#include <errno.h>

#include "supervisor/pids.h"

static uint32_t home_of(const struct pids *p, pid_t pid) {
        return (uint32_t) pid * UINT32_C(2654435769) >> 7 & p->mask;
}

/* The slot that holds `pid`, or the free one where it would go. There is always a free one: the table is at
 * most half full. */
static struct pid_slot *slot_of(const struct pids *p, pid_t pid) {
        uint32_t i = home_of(p, pid);

        while (p->slots[i].pid != 0 && p->slots[i].pid != pid)
                i = (i + 1) & p->mask;
        return &p->slots[i];
}

int pids_reserve(struct pids *p, uint32_t n) {
        struct pids larger = { .mask = 15 };

        while (larger.mask / 2 < n)
                larger.mask = larger.mask * 2 + 1;
        if (p->slots && larger.mask <= p->mask)
                return 0;
        larger.slots = calloc((size_t) larger.mask + 1, sizeof(*larger.slots));
        if (!larger.slots)
                return -ENOMEM;
        for (uint32_t i = 0; p->slots && i <= p->mask; i++)
                if (p->slots[i].pid != 0)
                        pids_add(&larger, p->slots[i].pid, p->slots[i].service);
        free(p->slots);
        *p = larger;
        return 0;
}

void pids_done(struct pids *p) {
        free(TAKE(p->slots));
}

void pids_add(struct pids *p, pid_t pid, struct service *s) {
        struct pid_slot *slot = slot_of(p, pid);

        if (slot->pid == 0 && p->used == p->mask)
                return; /* the last free slot is what every search ends at */
        p->used += slot->pid == 0;
        *slot = (struct pid_slot){ .pid = pid, .service = s };
}

void pids_remove(struct pids *p, pid_t pid) {
        struct pid_slot *slot = slot_of(p, pid);

        if (slot->pid == 0)
                return;
        *slot = (struct pid_slot){};
        p->used--;
        /* What came behind it may have been put off because of it: put each in anew, up to the next gap. */
        for (uint32_t i = ((uint32_t) (slot - p->slots) + 1) & p->mask; p->slots[i].pid != 0;
             i = (i + 1) & p->mask) {
                struct pid_slot moved = p->slots[i];
                p->slots[i] = (struct pid_slot){};
                *slot_of(p, moved.pid) = moved;
        }
}

struct service *pids_find(const struct pids *p, pid_t pid) {
        return slot_of(p, pid)->service;
}
