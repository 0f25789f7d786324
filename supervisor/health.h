/* How a service fares by its HealthCheck=. Pure: it is told what the probes say, and the time. */
#pragma once

#include "config/unit.h"

#define HEALTH_STATES(X)                                                                                     \
        X(NONE, "none")         /* nobody asks */                                                            \
        X(STARTING, "starting") /* no probe has answered since it came up, and not too many have failed */   \
        X(HEALTHY, "healthy")                                                                                \
        X(UNHEALTHY, "unhealthy")
#define ENUM_HEALTH_STATE(name, word) HEALTH_##name,
enum health_state { HEALTH_STATES(ENUM_HEALTH_STATE) HEALTH_STATE_COUNT };

/* What a probe's answer comes to, for whoever tells and acts. */
enum health_news {
        HEALTH_NO_NEWS,
        HEALTH_IS_WELL,       /* for the first time */
        HEALTH_IS_WELL_AGAIN, /* it was unhealthy, before a restart perhaps */
        HEALTH_IS_BAD,
        HEALTH_STAYS_BAD,
};

#define HEALTH_WHY_MAX 160

struct health {
        usec_t began;             /* when it came up */
        unsigned failing;         /* probes in a row that count */
        uint8_t state;            /* enum health_state */
        bool was_bad;             /* and nobody was told of the contrary since */
        char why[HEALTH_WHY_MAX]; /* the last failure; "" where the last probe was answered */
};

/* It has come up; it does not serve any more. */
void health_begin(struct health *h, usec_t now);
void health_end(struct health *h);

/* A probe is through. `why` is looked at where it has failed. */
enum health_news health_take(struct health *h, const struct readiness *r, bool answers, const char *why,
                             usec_t now);

/* The pause before the next probe: HealthIntervalSec=. While nothing is known of the service, and within
 * HealthStartPeriodSec=, it is no longer than 5 s. */
usec_t health_pause(const struct health *h, const struct readiness *r, usec_t now);

const char *health_word(enum health_state s);
