#include "supervisor/health.h"

#define PAUSE_EARLY (5 * USEC_PER_SEC)
#define PAUSE_LEAST (50 * USEC_PER_MSEC) /* a process each time */

#define WORD_OF_HEALTH(name, word) [HEALTH_##name] = (word),
static const char *const health_words[] = { HEALTH_STATES(WORD_OF_HEALTH) };

const char *health_word(enum health_state s) {
        return health_words[s];
}

void health_begin(struct health *h, usec_t now) {
        h->began = now;
        h->failing = 0;
        h->state = HEALTH_STARTING;
        h->why[0] = '\0';
}

void health_end(struct health *h) {
        h->failing = 0;
        h->state = HEALTH_NONE;
}

static bool is_early(const struct health *h, const struct readiness *r, usec_t now) {
        return h->state == HEALTH_STARTING && usec_sub(now, h->began) < r->health_start_period;
}

static enum health_news take_answer(struct health *h) {
        enum health_news news = h->state == HEALTH_HEALTHY ? HEALTH_NO_NEWS
                                : h->was_bad               ? HEALTH_IS_WELL_AGAIN
                                                           : HEALTH_IS_WELL;

        h->state = HEALTH_HEALTHY;
        h->failing = 0;
        h->was_bad = false;
        h->why[0] = '\0';
        return news;
}

enum health_news health_take(struct health *h, const struct readiness *r, bool answers, const char *why,
                             usec_t now) {
        if (answers)
                return take_answer(h);
        (void) snprintf(h->why, sizeof(h->why), "%s", why);
        if (is_early(h, r, now))
                return HEALTH_NO_NEWS;
        h->failing++;
        if (h->failing < r->health_retries)
                return HEALTH_NO_NEWS;
        if (h->state == HEALTH_UNHEALTHY)
                return HEALTH_STAYS_BAD;
        h->state = HEALTH_UNHEALTHY;
        h->was_bad = true;
        return HEALTH_IS_BAD;
}

usec_t health_pause(const struct health *h, const struct readiness *r, usec_t now) {
        bool knows_nothing = h->state == HEALTH_STARTING && now == h->began;
        usec_t pause = MAX(r->health_interval, PAUSE_LEAST);

        return knows_nothing || is_early(h, r, now) ? MIN(pause, PAUSE_EARLY) : pause;
}
