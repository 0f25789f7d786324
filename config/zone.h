/* Time zones: what a TZif file (RFC 8536) or a POSIX TZ string says about the distance to UTC. zone_parse()
 * and what asks a zone are pure; only zone_open() reads a file. */
#pragma once

#include "base/def.h"

#define ZONE_NAME_MAX 48

/* When summer time begins or ends: "M3.5.0/2", "J60", "59". */
struct zone_change {
        uint8_t kind; /* 'M', 'J', or 'N' for days counted from 0 */
        uint8_t month, week, weekday;
        uint16_t day;
        int32_t time; /* seconds behind midnight, local time before the change */
};

/* What holds behind the last transition. */
struct zone_rule {
        bool has_summer;
        int32_t offset, summer_offset; /* seconds east of Greenwich */
        struct zone_change begin, end; /* of summer time */
};

/* All zero it is UTC. */
struct zone {
        char name[ZONE_NAME_MAX]; /* "" for local time */
        char *data;               /* owned; the file; NULL: there is none */
        const uint8_t *times;     /* into `data`: transitions, 8 bytes each, most significant first */
        const uint8_t *types;     /* into `data`: a byte for each transition */
        const uint8_t *infos;     /* into `data`: 6 bytes for each type */
        uint32_t n_times, n_infos;
        struct zone_rule rule;
};

/* A time during which the distance does not change. */
struct zone_span {
        int64_t from, until; /* seconds since 1970, UTC; INT64_MIN and INT64_MAX where there is no change */
        int32_t offset;      /* seconds east of Greenwich */
        int32_t offset_before;
};

/* Reads a POSIX string, "CET-1CEST,M3.5.0,M10.5.0/3". 0 or -EINVAL. */
int zone_parse_rule(const char *text, struct zone_rule *ret) must_check;

/* Reads a TZif file of version 2 or later; `zone` then points into `data`, and does not own it. 0 or -EINVAL.
 */
int zone_parse(const char *data, size_t size, struct zone *zone) must_check;

struct zone_span zone_at(const struct zone *zone, int64_t seconds);

/* Whether the container has a file for that name. "UTC" is always there. */
bool zone_is_known(const char *name);

/* Reads the zone of that name. NULL: the container's own, as TZ= in `environment` or /etc/localtime says,
 * else UTC. 0, -ENOENT, or another negative errno. */
int zone_open(const char *name, char *const *environment, struct zone *ret) must_check;
void zone_close(struct zone *zone);
