#include "supervisor/transaction.h"

bool transaction_is_conflict(enum job_type a, enum job_type b) {
        return a != JOB_NOP && b != JOB_NOP && (a == JOB_STOP) != (b == JOB_STOP);
}

enum job_type transaction_merge(enum job_type a, enum job_type b, enum transaction_stand stand) {
        if (a == b || b == JOB_NOP)
                return a;
        if (a == JOB_NOP)
                return b;
        if (a == JOB_RESTART || b == JOB_RESTART)
                return JOB_RESTART;
        return stand == STAND_DOWN ? JOB_START : JOB_RELOAD;
}

/* A transaction that is being made. */
struct making {
        struct transaction *t;
        const struct plan *plan;
        transaction_look look;
        void *context;
        bool changed;
};

static void add(struct making *m, uint32_t unit, enum job_type type, bool tries) {
        enum transaction_stand stand = m->look(m->context, unit);
        uint8_t *there = &m->t->types[unit];

        if (tries && stand == STAND_DOWN)
                type = JOB_NOP;
        if (*there == TRANSACTION_NOTHING) {
                if (type == JOB_NOP && m->t->n > 0)
                        return;
                m->t->list[m->t->n++] = unit;
                *there = (uint8_t) type;
                m->changed = true;
        } else if (!transaction_is_conflict(*there, type)) {
                enum job_type both = transaction_merge(*there, type, stand);

                m->changed |= both != *there;
                *there = (uint8_t) both;
        }
}

/* What follows from one unit's part. */
static void spread(struct making *m, uint32_t unit) {
        enum job_type type = m->t->types[unit];

        if (type == JOB_START || type == JOB_RESTART)
                graph_each(&m->plan->pulls, unit, pulled)
                        add(m, pulled, JOB_START, false);
        if (type == JOB_STOP || type == JOB_RESTART)
                graph_each(&m->plan->needed_by, unit, needer)
                        add(m, needer, type, true);
}

void transaction_make(struct transaction *t, const struct plan *p, const struct transaction_want *want,
                      transaction_look look, void *context) {
        struct making m = { .t = t, .plan = p, .look = look, .context = context };

        for (uint32_t i = 0; i < p->after.n; i++)
                t->types[i] = TRANSACTION_NOTHING;
        t->n = 0;
        add(&m, want->unit, want->type, want->tries);
        while (m.changed && !want->alone) {
                m.changed = false;
                for (uint32_t i = 0; i < t->n; i++)
                        spread(&m, t->list[i]);
        }
}
