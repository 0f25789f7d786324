#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "base/parse.h"
#include "base/text.h"
#include "config/budget.h"
#include "control/bus.h"
#include "control/live-status.h"
#include "control/object.h"

#define UNIT_PREFIX OBJECT_ROOT "/unit/"
#define JOB_PREFIX  OBJECT_ROOT "/job/"

struct service *object_find_service(const struct manager *m, const char *name) {
        const struct unit *u = config_find(m->config, name);

        for (uint32_t i = 0; u && i < m->plan.after.n; i++)
                if (strcmp(m->services[i]->unit->name, u->name) == 0)
                        return m->services[i];
        for (struct service *s = m->leaving; s; s = s->next_leaving)
                if (strcmp(s->unit->name, name) == 0)
                        return s;
        return NULL;
}

/* "web.service" becomes "web_2eservice", as in sd_bus_path_encode(3). */
const char *object_unit_path(const char *name, char buffer[OBJECT_PATH_MAX]) {
        size_t n = (size_t) snprintf(buffer, OBJECT_PATH_MAX, "%s", UNIT_PREFIX);

        for (const char *at = name; *at && n < OBJECT_PATH_MAX - 4; at++) {
                bool is_plain = isalpha((unsigned char) *at) || (text_is_digit(*at) && at > name);
                n += (size_t) snprintf(buffer + n, OBJECT_PATH_MAX - n, is_plain ? "%c" : "_%02x",
                                       (unsigned char) *at);
        }
        return buffer;
}

const char *object_job_path(uint32_t id, char buffer[OBJECT_PATH_MAX]) {
        (void) snprintf(buffer, OBJECT_PATH_MAX, "%s%" PRIu32, JOB_PREFIX, id);
        return buffer;
}

static bool decode(const char *text, char ret[OBJECT_NAME_MAX]) {
        size_t n = 0;

        for (; *text; text++) {
                if (n == OBJECT_NAME_MAX - 1)
                        return false;
                if (*text != '_') {
                        ret[n++] = *text;
                        continue;
                }
                int high = text_hex_digit(text[1]), low = high < 0 ? -1 : text_hex_digit(text[2]);
                if (low < 0)
                        return false;
                ret[n++] = (char) (high << 4 | low);
                text += 2;
        }
        ret[n] = '\0';
        return true;
}

void object_of_service(struct object *o, const struct bus *b, struct service *s) {
        *o = (struct object){
                .kind = OBJECT_UNIT, .bus = b, .manager = b->manager, .service = s, .is_loaded = true
        };
        (void) snprintf(o->name, sizeof(o->name), "%s", s->unit->name);
}

void object_of_unit(struct object *o, const struct bus *b, const char *name) {
        struct service *s = object_find_service(b->manager, name);

        if (s) {
                object_of_service(o, b, s);
                return;
        }
        *o = (struct object){ .kind = OBJECT_UNIT, .bus = b, .manager = b->manager };
        (void) snprintf(o->name, sizeof(o->name), "%s", name);
        o->no_unit.name = o->name;
        o->no_unit.is_target = text_ends(name, ".target");
        struct unit *slice = config_find_slice(b->manager->config, name);
        o->is_slice = slice || strcmp(name, ROOT_SLICE) == 0;
        o->nothing.manager = b->manager;
        o->nothing.unit = slice ? slice : &o->no_unit;
        o->service = &o->nothing;
}

static enum object_kind kind_of_node(const char *path) {
        static const char *const nodes[] = { "/", "/org", "/org/freedesktop", OBJECT_ROOT "/unit",
                                             OBJECT_ROOT "/job" };

        for (size_t i = 0; i < countof(nodes); i++)
                if (strcmp(nodes[i], path) == 0)
                        return OBJECT_NODE;
        if (strcmp(path, "/org/freedesktop/DBus") == 0)
                return OBJECT_DBUS;
        if (strcmp(path, LIVE_PATH) == 0)
                return OBJECT_TEND;
        return strcmp(path, OBJECT_ROOT) == 0 ? OBJECT_MANAGER : OBJECT_NONE;
}

void object_find(struct object *o, const struct bus *b, const char *path) {
        char name[OBJECT_NAME_MAX];
        unsigned id;

        if (text_starts(path, UNIT_PREFIX) && decode(path + strlen(UNIT_PREFIX), name) &&
            unit_is_name(name) && unit_has_suffix(name))
                object_of_unit(o, b, name);
        else {
                *o = (struct object){ .kind = kind_of_node(path), .bus = b, .manager = b->manager };
                if (text_starts(path, JOB_PREFIX) &&
                    parse_unsigned(path + strlen(JOB_PREFIX), UINT32_MAX, &id) == 0)
                        o->job = job_find(b->manager, id);
                if (o->job) {
                        o->kind = OBJECT_JOB;
                        o->service = o->job->service;
                }
        }
        o->path = path;
}
