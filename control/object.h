/* The objects of the bus: the manager, units and jobs, by their paths. */
#pragma once

#include "control/wire.h"
#include "supervisor/job.h"
#include "supervisor/manager.h"

#define OBJECT_ROOT     "/org/freedesktop/systemd1"
#define OBJECT_PATH_MAX 800 /* a name of 255 characters, each as "_xx" */
#define OBJECT_NAME_MAX 256

struct bus;

enum object_kind {
        OBJECT_NONE,
        OBJECT_NODE, /* on the way to the others: nothing but its children */
        OBJECT_DBUS, /* /org/freedesktop/DBus */
        OBJECT_MANAGER,
        OBJECT_UNIT,
        OBJECT_JOB,
        OBJECT_TEND, /* /org/tend */
};

/* Any name of a unit is an object, as in systemd: one that is not loaded has an empty unit, at rest. */
struct object {
        enum object_kind kind;
        const struct bus *bus;      /* borrowed */
        struct manager *manager;    /* borrowed */
        const char *path;           /* borrowed */
        struct service *service;    /* borrowed; of a unit: never NULL */
        const struct job *job;      /* borrowed */
        char name[OBJECT_NAME_MAX]; /* of the unit, as it was asked for */
        bool is_loaded;             /* the service is one of the manager's */
        bool is_slice;              /* there is a slice of that name: the unit is its, the service nothing */
        struct service nothing;
        struct unit no_unit;
        char text[OBJECT_PATH_MAX]; /* for whoever has to make up a property */
};

/* What is at that path; the kind says whether there is anything. */
void object_find(struct object *o, const struct bus *b, const char *path);

/* The unit of that name. */
void object_of_unit(struct object *o, const struct bus *b, const char *name);

/* Of a service that is loaded. */
void object_of_service(struct object *o, const struct bus *b, struct service *s);

/* The path of the unit of that name; returns `buffer`. */
const char *object_unit_path(const char *name, char buffer[OBJECT_PATH_MAX]);
const char *object_job_path(uint32_t id, char buffer[OBJECT_PATH_MAX]);

/* The loaded service of that name, or that is also known by it; NULL. */
struct service *object_find_service(const struct manager *m, const char *name);
