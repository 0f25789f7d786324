#include "supervisor/transaction.h"

#define T(name)  (1U << JOB_##name)
#define GOING_UP (T(START) | T(RESTART))

/* Whoever takes part so, and is linked so, brings the other one in so. What is merely wanted comes last. */
static const struct way {
        unsigned on; /* bit N: enum job_type */
        uint16_t link;
        enum job_type brings;
        bool tries;
} firm[] = {
        /* on                link              brings          only what runs */
        { GOING_UP,          LINK_START,       JOB_START,      false },
        { GOING_UP,          LINK_STOP_OTHER,  JOB_STOP,       false },
        { T(STOP),           LINK_STOP,        JOB_STOP,       false },
        { T(RESTART),        LINK_STOP,        JOB_RESTART,    true  },
        { T(RELOAD),         LINK_RELOAD,      JOB_RELOAD,     true  },
}, soft[] = {
        { GOING_UP,          LINK_START_SOFT,      JOB_START,  false },
        { GOING_UP,          LINK_STOP_OTHER_SOFT, JOB_STOP,   false },
};

bool transaction_is_conflict(enum job_type a, enum job_type b) {
        return a != JOB_NOP && b != JOB_NOP && (a == JOB_STOP) != (b == JOB_STOP);
}

enum job_type transaction_merge(enum job_type a, enum job_type b, unsigned stand) {
        if (a == b || b == JOB_NOP)
                return a;
        if (a == JOB_NOP)
                return b;
        if (a == JOB_RESTART || b == JOB_RESTART)
                return JOB_RESTART;
        return stand & STAND_UP ? JOB_RELOAD : JOB_START;
}

/* A transaction that is being made. */
struct making {
        struct transaction *t;
        const struct plan *plan;
        transaction_look look;
        void *context;
        bool changed;
};

/* False where it contradicts what it is to do already. */
static bool add(struct making *m, uint32_t unit, enum job_type type, bool tries) {
        unsigned stand = m->look(m->context, unit);
        uint8_t *there = &m->t->types[unit];

        if (tries && !(stand & STAND_UP))
                type = JOB_NOP;
        if (type == JOB_RELOAD && m->t->n > 0 && !(stand & STAND_RELOADS) &&
            !plan_has(m->plan, unit, LINK_RELOAD))
                type = JOB_NOP;
        if (*there == TRANSACTION_NOTHING) {
                if (type == JOB_NOP && m->t->n > 0)
                        return true;
                m->t->list[m->t->n++] = unit;
                *there = (uint8_t) type;
                m->changed = true;
                return true;
        }
        if (transaction_is_conflict(*there, type)) {
                m->t->contradiction = unit;
                return false;
        }
        enum job_type both = transaction_merge(*there, type, stand);
        m->changed |= both != *there;
        *there = (uint8_t) both;
        return true;
}

/* What cannot be without one unit's part. */
static bool spread(struct making *m, uint32_t unit) {
        for (size_t i = 0; i < countof(firm); i++) {
                if (!(firm[i].on >> m->t->types[unit] & 1U))
                        continue;
                plan_each(m->plan, unit, other,
                          firm[i].link) if (!add(m, other, firm[i].brings, firm[i].tries)) return false;
        }
        return true;
}

static bool spread_all(struct making *m, uint32_t from) {
        for (m->changed = true; m->changed;) {
                m->changed = false;
                for (uint32_t i = from; i < m->t->n; i++)
                        if (!spread(m, m->t->list[i]))
                                return false;
        }
        return true;
}

/* One that is merely wanted, with all that it cannot be without; or none of them. Nobody who is there already
 * changes its part by that: it starts or stops as it is, or the two contradict each other. */
static void try_to_add(struct making *m, uint32_t unit, const struct way *w) {
        uint32_t n = m->t->n;

        if (add(m, unit, w->brings, w->tries) && spread_all(m, n))
                return;
        while (m->t->n > n)
                m->t->types[m->t->list[--m->t->n]] = TRANSACTION_NOTHING;
}

static void spread_softly(struct making *m, uint32_t unit) {
        for (size_t i = 0; i < countof(soft); i++)
                if (soft[i].on >> m->t->types[unit] & 1U)
                        plan_each(m->plan, unit, other, soft[i].link) try_to_add(m, other, &soft[i]);
}

bool transaction_make(struct transaction *t, const struct plan *p, const struct transaction_want *want,
                      transaction_look look, void *context) {
        struct making m = { .t = t, .plan = p, .look = look, .context = context };

        for (uint32_t i = 0; i < p->after.n; i++)
                t->types[i] = TRANSACTION_NOTHING;
        t->n = 0;
        (void) add(&m, want->unit, want->type, want->tries);
        if (want->alone)
                return true;
        if (!spread_all(&m, 0))
                return false;
        for (uint32_t i = 0; i < t->n; i++) /* the list may grow */
                spread_softly(&m, t->list[i]);
        return true;
}
