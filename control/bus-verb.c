#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "base/log.h"
#include "config/search.h"
#include "control/bus-call.h"
#include "control/bus-signal.h"
#include "control/bus-verb.h"
#include "control/unit-file.h"
#include "supervisor/reload.h"

/* Starting one of these is the end of the container. */
static const char *const ends[] = { "exit.target",     "poweroff.target", "reboot.target",     "halt.target",
                                    "shutdown.target", "kexec.target",    "soft-reboot.target" };

static bool is_end(const char *name) {
        for (size_t i = 0; i < countof(ends); i++)
                if (strcmp(ends[i], name) == 0)
                        return true;
        return false;
}

/* --- Whose name it is. */

/* The unit of that name into c->object; false where there can be none of it, and that is the answer. */
static bool find_unit(struct call *c, const char *name) {
        if (!unit_is_name(name) || !unit_has_suffix(name)) {
                call_fail(c, ERROR_INVALID, "Unit name %.255s is not valid.", name);
                return false;
        }
        object_of_unit(&c->object, c->bus, name);
        return true;
}

static bool is_loaded(struct call *c) {
        if (c->object.is_slice)
                call_fail(c, ERROR_NOT_SUPPORTED, "%s has no processes: do it to the units that lie in it",
                          c->object.name);
        else if (!c->object.is_loaded)
                call_fail(c, ERROR_NO_UNIT, "Unit %s not loaded.", c->object.name);
        return c->object.is_loaded;
}

static bool is_on_disk(const struct call *c) {
        auto_on_disk struct unit_on_disk found;

        unit_on_disk_find(c->bus->manager, c->object.name, &found);
        return found.path;
}

/* What is wrong with the file itself is told from what is wrong elsewhere: nothing at all could be read anew.
 */
static void refuse_load(struct call *c, const char *path, int r, const struct diags *d) {
        const char *why = diags_first_error(d, strerror(-r));

        if (diags_blame(d, path))
                call_fail(c, ERROR_BAD_SETTING, "Unit %s has a bad unit file setting: %s", c->object.name,
                          why);
        else
                call_fail(c, ERROR_LOAD, "Unit %s could not be loaded: %s", c->object.name, why);
}

/* A unit file that nobody has asked for before is read when it is. */
static bool load(struct call *c) {
        auto_on_disk struct unit_on_disk found;
        struct diags d = {};

        unit_on_disk_find(c->bus->manager, c->object.name, &found);
        if (!found.path || found.masked) {
                call_fail(c, found.masked ? ERROR_MASKED : ERROR_NO_UNIT,
                          found.masked ? "Unit %s is masked." : "Unit %s not found.", c->object.name);
                return false;
        }
        autofree char *name = strdup(c->object.name);
        int r = name ? reload_with(c->bus->manager, name, &d) : -ENOMEM;
        if (r < 0)
                refuse_load(c, found.path, r, &d);
        diags_done(&d);
        if (r == 0)
                object_of_unit(&c->object, c->bus, name);
        return r == 0 && is_loaded(c);
}

/* --- Jobs. */

static void reply_job(struct call *c, uint32_t id) {
        char path[OBJECT_PATH_MAX];

        wire_string(call_reply(c), object_job_path(id, path));
}

/* There is nothing to be done, and that is done. Whoever asked waits to be told. */
static void reply_done(struct call *c) {
        uint32_t id = ++c->bus->manager->jobs.last_id;

        bus_signal_no_job(c->bus, id, c->object.name);
        reply_job(c, id);
}

static void refuse(struct call *c, int error, const struct diags *d) {
        static const struct {
                int error;
                const char *name;
        } names[] = {
                { -ESHUTDOWN, ERROR_SHUTTING_DOWN },  { -EINVAL, ERROR_NOT_APPLICABLE },
                { -EBUSY, ERROR_DESTRUCTIVE },        { -EOPNOTSUPP, ERROR_ISOLATION },
                { -EPERM, ERROR_ONLY_BY_DEPENDENCY }, { -ENOENT, ERROR_NO_UNIT },
                { -ENOMEM, ERROR_NO_MEMORY },
        };
        const char *name = ERROR_FAILED;

        for (size_t i = 0; i < countof(names); i++)
                if (names[i].error == error)
                        name = names[i].name;
        call_fail(c, name, "%s", diags_first_error(d, strerror(-error)));
}

static const struct job *ask_loaded(struct call *c, enum job_verb verb, enum job_mode mode) {
        const struct job_request request = { .verb = verb, .mode = mode, .by_hand = true };
        const struct job *job = NULL;
        struct diags d = {};

        int r = job_ask(c->object.service, &request, &d, &job);
        if (r < 0)
                refuse(c, r, &d);
        diags_done(&d);
        return r < 0 ? NULL : job;
}

static bool end_container(struct call *c, bool at_once) {
        struct manager *m = c->bus->manager;

        if (m->phase != PHASE_RUNNING && !at_once) {
                call_fail(c, ERROR_SHUTTING_DOWN, "the container is stopping already");
                return false;
        }
        manager_stop(m, c->bus->exit_code, c->bus->exit_code != 0, "asked for by systemctl");
        if (at_once)
                manager_hurry(m);
        return true;
}

/* A unit file that is not loaded does not run: there is nothing to be stopped, or restarted if it ran. */
static void answer_idle(struct call *c, enum job_verb verb) {
        if (!is_on_disk(c))
                call_fail(c, ERROR_NO_UNIT, verb == ASK_STOP ? "Unit %s not loaded." : "Unit %s not found.",
                          c->object.name);
        else if (verb == ASK_RELOAD)
                call_fail(c, ERROR_NOT_APPLICABLE, "%s is not active, and cannot be reloaded",
                          c->object.name);
        else
                reply_done(c);
}

/* It is loaded, or becomes so where that is what a start means. True: go on with the job. */
static bool prepare(struct call *c, enum job_verb verb) {
        if (c->object.is_loaded)
                return true;
        if (c->object.is_slice && verb != ASK_START)
                return is_loaded(c);
        if (unit_is_built_in(c->object.name) && verb != ASK_STOP) {
                reply_done(c);
                return false;
        }
        if (verb == ASK_START || verb == ASK_RESTART || verb == ASK_RELOAD_OR_RESTART)
                return load(c);
        answer_idle(c, verb);
        return false;
}

/* NULL: the call has its answer. */
static const struct job *ask(struct call *c, enum job_verb verb, const char *mode_word) {
        int mode = job_mode_of_word(mode_word);

        if (c->in->bad || mode < 0) {
                call_fail(c, ERROR_INVALID, "Job mode %.64s invalid", mode_word);
                return NULL;
        }
        if (mode == JOB_MODE_ISOLATE) {
                call_fail(c, ERROR_ISOLATION, "units are not isolated in a container");
                return NULL;
        }
        if (verb == ASK_START && is_end(c->object.name)) {
                if (end_container(c, false))
                        reply_job(c, ++c->bus->manager->jobs.last_id);
                return NULL;
        }
        if (!prepare(c, verb))
                return NULL;
        const struct job *job = ask_loaded(c, verb, (enum job_mode) mode);
        if (!job && !c->is_answered) /* there was no memory for a receipt */
                reply_done(c);
        return job;
}

static void ask_and_reply(struct call *c, enum job_verb verb, const char *mode) {
        const struct job *job = ask(c, verb, mode);

        if (job)
                reply_job(c, job->id);
}

static void ask_by_name(struct call *c, enum job_verb verb) {
        const char *name = wire_read_string(c->in), *mode = wire_read_string(c->in);

        if (find_unit(c, name))
                ask_and_reply(c, verb, mode);
}

#define VERB(name, verb)                                                                                     \
        void verb_##name(struct call *c) {                                                                   \
                ask_and_reply(c, verb, wire_read_string(c->in));                                             \
        }                                                                                                    \
        void verb_##name##_unit(struct call *c) {                                                            \
                ask_by_name(c, verb);                                                                        \
        }
VERB(start, ASK_START)
VERB(stop, ASK_STOP)
VERB(reload, ASK_RELOAD)
VERB(restart, ASK_RESTART)
VERB(try_restart, ASK_TRY_RESTART)
VERB(reload_or_restart, ASK_RELOAD_OR_RESTART)
VERB(try_reload_or_restart, ASK_TRY_RELOAD_OR_RESTART)

void verb_enqueue_unit_job(struct call *c) {
        const char *name = wire_read_string(c->in), *type = wire_read_string(c->in),
                   *mode = wire_read_string(c->in);
        char path[OBJECT_PATH_MAX];
        int verb = job_verb_of_word(type);

        if (verb < 0) {
                call_fail(c, ERROR_INVALID, "Job type %.64s invalid", type);
                return;
        }
        if (is_end(name)) {
                call_fail(c, ERROR_NOT_SUPPORTED, "the end of the container has no transaction to show");
                return;
        }
        if (!find_unit(c, name))
                return;
        const struct job *job = ask(c, (enum job_verb) verb, mode);
        if (!job && c->is_answered && !c->object.is_loaded) /* nothing was to be done */
                call_fail(c, ERROR_NOT_APPLICABLE, "There is nothing to do for %s", c->object.name);
        if (!job)
                return;
        struct wire_out *out = call_reply(c);
        wire_u32(out, job->id);
        wire_string(out, object_job_path(job->id, path));
        wire_string(out, job->service->unit->name);
        wire_string(out, object_unit_path(job->service->unit->name, path));
        wire_string(out, job_type_word(job->type));
        wire_array_end(out, wire_array(out, 8));
}

/* --- What needs no job. */

static void kill_unit(struct call *c, bool has_value) {
        static const char *const words[] = { "all", "main", "control" };
        const char *whom = wire_read_string(c->in);
        int signal = (int) wire_read_u32(c->in), value = has_value ? (int) wire_read_u32(c->in) : 0;
        size_t n = strcspn(whom, "-"), which = 0;
        bool must = strcmp(whom + n, "-fail") == 0;

        while (which < countof(words) && (strlen(words[which]) != n || strncmp(words[which], whom, n) != 0))
                which++;
        if (which == countof(words) || (whom[n] != '\0' && !must)) {
                call_fail(c, ERROR_INVALID, "Invalid kill who argument %.64s", whom);
                return;
        }
        if (signal < 1 || signal > 64) {
                call_fail(c, ERROR_INVALID, "Signal number %d is out of range.", signal);
                return;
        }
        if (has_value && signal < SIGRTMIN) {
                call_fail(c, ERROR_INVALID, "A value goes with the realtime signals alone, not with %d.",
                          signal);
                return;
        }
        int r = job_kill(c->object.service, (enum job_whom) which, signal, has_value ? &value : NULL);
        if (r < 0 && (must || which != JOB_WHOM_ALL))
                call_fail(c, ERROR_NO_PROCESS, "No %s%sprocess to kill", which == 0 ? "" : words[which],
                          which == 0 ? "" : " ");
}

#define KILL(name, has_value)                                                                                \
        void verb_##name(struct call *c) {                                                                   \
                if (is_loaded(c))                                                                            \
                        kill_unit(c, has_value);                                                             \
        }                                                                                                    \
        void verb_##name##_unit(struct call *c) {                                                            \
                if (find_unit(c, wire_read_string(c->in)) && is_loaded(c))                                   \
                        kill_unit(c, has_value);                                                             \
        }
KILL(kill, false)
KILL(queue_signal, true)

void verb_reset_failed(struct call *c) {
        if (is_loaded(c))
                job_reset_failed(c->object.service);
}

void verb_reset_failed_unit(struct call *c) {
        if (find_unit(c, wire_read_string(c->in)) && is_loaded(c))
                job_reset_failed(c->object.service);
}

/* To hold a unit is to want to know how it goes on. What is loaded stays anyway. */
static void hold(struct call *c, bool holds) {
        c->bus->n_subscribed += holds && !c->peer->subscribed;
        c->peer->subscribed |= holds;
}

void verb_ref(struct call *c) {
        if (is_loaded(c))
                hold(c, true);
}

void verb_unref(struct call *c) {
        (void) is_loaded(c);
}

void verb_ref_unit(struct call *c) {
        if (find_unit(c, wire_read_string(c->in)) && is_loaded(c))
                hold(c, true);
}

void verb_unref_unit(struct call *c) {
        if (find_unit(c, wire_read_string(c->in)))
                (void) is_loaded(c);
}

/* --- The end. */

void verb_end_at_once(struct call *c) {
        (void) end_container(c, true);
}

void verb_set_exit_code(struct call *c) {
        c->bus->exit_code = wire_read_byte(c->in);
}
