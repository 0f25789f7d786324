#include <string.h>

#include "base/clock.h"
#include "control/bus-call.h"
#include "control/bus-signal.h"
#include "control/bus-unit.h"

static struct wire_out *begin(struct bus *b, bool subscribed, const char *member, const char *signature) {
        const struct wire_head head = {
                .path = OBJECT_ROOT, .interface = MANAGER_INTERFACE, .member = member, .signature = signature
        };
        return bus_signal(b, subscribed, &head);
}

/* --- Jobs: to everybody, since whoever asked waits for it. */

static void say_job(struct bus *b, uint32_t id, const char *unit, const char *result) {
        char path[OBJECT_PATH_MAX];
        struct wire_out *out = begin(b, false, result ? "JobRemoved" : "JobNew", result ? "uoss" : "uos");

        if (!out)
                return;
        wire_u32(out, id);
        wire_string(out, object_job_path(id, path));
        wire_string(out, unit);
        if (result)
                wire_string(out, result);
        bus_signal_send(b);
}

static void job_added(void *context, const struct job *j) {
        say_job(context, j->id, j->service->unit->name, NULL);
}

static void job_removed(void *context, const struct job *j, enum job_result result) {
        say_job(context, j->id, j->service->unit->name, job_result_word(result));
        bus_signal_changed(context, j->service);
}

void bus_signal_no_job(struct bus *b, uint32_t id, const char *unit) {
        say_job(b, id, unit, job_result_word(JOB_RESULT_DONE));
}

/* --- Units: to those who have subscribed. */

static void say_changed(struct bus *b, struct object *o, const struct interface *i,
                        void (*write)(struct object *o, struct wire_out *out)) {
        char path[OBJECT_PATH_MAX];
        const struct wire_head head = {
                .path = object_unit_path(o->service->unit->name, path),
                .interface = PROPERTIES_INTERFACE,
                .member = "PropertiesChanged",
                .signature = "sa{sv}as",
        };
        struct wire_out *out = bus_signal(b, true, &head);

        if (!out)
                return;
        wire_string(out, i->name);
        struct wire_mark mark = wire_array(out, 8);
        write(o, out);
        wire_array_end(out, mark);
        wire_strings(out, NULL);
        bus_signal_send(b);
}

static void write_service(struct object *o, struct wire_out *out) {
        static const char *const changing[] = {
                "MainPID",   "ControlPID",  "StatusText",   "Result",
                "NRestarts", "ExecMainPID", "ExecMainCode", "ExecMainStatus"
        };

        for (size_t i = 0; i < countof(changing); i++) {
                wire_struct(out);
                wire_string(out, changing[i]);
                property_write(property_find(&interface_service, changing[i]), o, out, true);
        }
}

void bus_signal_changed(void *bus, struct service *s) {
        struct bus *b = bus;
        struct object o;

        if (b->n_subscribed == 0)
                return;
        object_of_service(&o, b, s);
        if (interface_service.is_of(&o))
                say_changed(b, &o, &interface_service, write_service);
        say_changed(b, &o, &interface_unit, unit_write_changes);
}

void bus_signal_listed(void *bus, struct service *s, bool comes) {
        char path[OBJECT_PATH_MAX];
        struct wire_out *out = begin(bus, true, comes ? "UnitNew" : "UnitRemoved", "so");

        if (!out)
                return;
        wire_string(out, s->unit->name);
        wire_string(out, object_unit_path(s->unit->name, path));
        bus_signal_send(bus);
}

/* --- All of it. */

void bus_signal_reloading(struct bus *b, bool begins) {
        struct wire_out *out = begin(b, true, "Reloading", "b");

        if (!begins)
                b->loaded = clock_real();
        if (!out)
                return;
        wire_u32(out, begins);
        bus_signal_send(b);
}

/* Times of firmware, loader, kernel, initrd and the rest that the start took: a container has the last one.
 */
void bus_signal_ready(void *bus) {
        struct bus *b = bus;
        struct wire_out *out = begin(b, true, "StartupFinished", "tttttt");
        usec_t took = usec_sub(clock_monotonic(), b->manager->alarms.started);

        if (!out)
                return;
        for (unsigned i = 0; i < 4; i++)
                wire_u64(out, 0);
        wire_u64(out, took);
        wire_u64(out, took);
        bus_signal_send(b);
}

void bus_signal_files(struct bus *b) {
        if (begin(b, true, "UnitFilesChanged", ""))
                bus_signal_send(b);
}

void bus_signal_open(struct bus *b) {
        b->loaded = clock_real();
        b->jobs = (struct job_hook){ .added = job_added, .removed = job_removed, .context = b };
        job_hook_add(b->manager, &b->jobs);
}
