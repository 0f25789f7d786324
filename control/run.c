/* `tend run`: the files, the wall where one is asked for, and then the supervisor. */
#include <errno.h>
#include <string.h>

#include "base/io.h"
#include "base/log.h"
#include "base/text.h"
#include "control/bus.h"
#include "control/image.h"
#include "control/loaded.h"
#include "control/verb.h"
#include "init/isolate.h"
#include "init/kernel.h"
#include "init/mounts.h"
#include "supervisor/enclosure.h"
#include "supervisor/manager.h"

/* Everything that can be wrong with the files is said before anything is made. NULL where there are
 * errors. */
static struct config *load(const struct load_options *o) {
        struct loaded l;
        struct config *config;

        (void) !loaded_open(&l, o); /* the config tells it as well */
        diags_print(&l.diags, stderr);
        config = TAKE(l.config);
        loaded_close(&l);
        return config;
}

static int refuse(struct config *config, const char *doing, int error) {
        log_error(NULL, "%s: %s", doing, strerror(-error));
        config_free(config);
        return EXIT_REFUSED;
}

/* What a container engine would have made: a bare namespace has nothing. */
static void furnish(void) {
        (void) mounts_make(NULL);
        int r = kernel_raise_loopback();
        if (r < 0)
                log_info(NULL, "the loopback interface is down and stays so: %s", strerror(-r));
}

static int run_loaded(struct config *config, const struct run_options *o) {
        struct init init;
        int e = init_open(&init);

        if (e < 0)
                return refuse(config, "taking over signals", e);
        log_open(o->log_level >= 0 ? (uint8_t) o->log_level : config->container.log_level);
        if (init.is_pid1 && !o->walled)
                furnish();
        return manager_run(&init, config, o);
}

static int say_refused(const struct refusal *f) {
        log_error(NULL, "%s%s%s: %s", f->doing, f->what ? " " : "", f->what ? f->what : "",
                  strerror(-f->error));
        return EXIT_REFUSED;
}

/* In another root FILE is where an image has it, whatever it is called outside. 0 or -ENOMEM. */
static int bind_file(const char *path, char ***binds) {
        autofree char *file = text_format("%s:" DEFAULT_FILE ":ro", path);
        autofree char *more = text_format("%s.d", path);
        autofree char *folder = more ? text_format("%s:" DEFAULT_FILE ".d:ro", more) : NULL;

        if (!file || !folder || strv_add(binds, file) < 0)
                return -ENOMEM;
        return access(more, F_OK) == 0 ? strv_add(binds, folder) : 0;
}

/* On the machine's network its names are looked up as on the machine, whoever keeps the file. */
static int bind_resolver(char ***binds) {
        autofree char *path = realpath("/etc/resolv.conf", NULL);
        autofree char *bind = path && text_starts(path, "/run/") ? text_format("%s:%s:ro", path, path) : NULL;

        return bind ? strv_add(binds, bind) : 0;
}

/* Where nobody has a budget it would be made for nothing. What another root holds is not known yet. */
static bool wants_enclosure(const struct request *r, const struct config *config) {
        const struct enclosure_limits *l = &r->limits;
        bool wants = !config || l->memory > 0 || l->tasks > 0 || l->cpus > 0;

        for (size_t i = 0; config && i < config->n_units; i++)
                wants |= config->units[i]->budget != NULL;
        return wants;
}

static int run_inside(const struct request *r, struct config *config, struct isolate *isolate,
                      struct run_options *o) {
        struct refusal refusal;

        if (o->load.foreground && o->load.foreground->directory && !r->read_only)
                (void) !io_make_dirs(o->load.foreground->directory, 0755); /* the spawn tells */
        if (isolate->root.layers)
                config = load(&o->load);
        if (!config)
                return EXIT_WRONG;
        if (r->hostname) {
                free(config->container.hostname);
                config->container.hostname = strdup(r->hostname);
        }
        isolate->hostname = config->container.hostname;
        if (isolate_seal(isolate, &refusal) < 0) {
                config_free(config);
                return say_refused(&refusal);
        }
        return run_loaded(config, o);
}

static int add_variables(const struct request *r, struct run_options *o) {
        for (char **v = r->variables; v && *v; v++)
                if (putenv(*v) != 0)
                        return -ENOMEM;
        o->load.environment = environ;
        return 0;
}

/* With the machine's own root everything that can be wrong with the files is said before anything is made. */
static int run_isolated(const struct request *r, char *const *layers, struct run_options *o) {
        autostrv char **binds = strv_copy(r->binds);
        struct isolate isolate = {
                .network = (enum network) r->network,
                .root = {
                        .keep = r->keep,
                        .read_only = r->read_only,
                        .memory = r->memory,
                },
                .uptime = r->uptime,
                .capabilities = r->capabilities,
                .given = o->descriptors,
        };
        struct enclosure enclosure = { .inside = -1, .alive = -1 };
        struct refusal refusal;
        int code;

        o->load.at_home = !layers && geteuid() != 0;
        struct config *config = layers ? NULL : load(&o->load);
        if (!config && !layers)
                return EXIT_WRONG;
        if (layers && o->load.path) {
                if (bind_file(o->load.path, &binds) < 0)
                        return EXIT_REFUSED;
                o->load.path = DEFAULT_FILE;
        }
        if (!layers && r->network == NETWORK_HOST && bind_resolver(&binds) < 0)
                return EXIT_REFUSED;
        isolate.root.layers = layers;
        isolate.root.binds = binds;
        if (wants_enclosure(r, config))
                enclosure_open(&enclosure, &r->limits);
        isolate.cgroup = enclosure.inside;
        isolate.shared = enclosure.alive;
        int e = isolate_enter(&isolate, &code, &refusal);
        if (e == 0)
                return run_inside(r, config, &isolate, o);
        config_free(config);
        enclosure_close(&enclosure);
        return e < 0 ? say_refused(&refusal) : code;
}

/* The image's own command runs where nothing else was asked for. */
static int run_image(const struct request *r, const struct run_options *options) {
        struct run_options inside = *options, *o = &inside;
        bool has_services = o->load.path || o->load.units || o->load.enabled;
        struct image image = { 0 };
        int code = image_open(r->image, r->command, &image);

        if (code != 0)
                return code;
        o->load.command = r->command || !has_services ? image.command : NULL;
        o->load.foreground = &image.foreground;
        if (!o->load.command && !has_services) {
                image_done(&image);
                return verb_complain("run", "the image has no command", r->image, "one is given behind `--`");
        }
        if (image_set_environment(&image) < 0 || add_variables(r, o) < 0)
                code = EXIT_REFUSED;
        else
                code = run_isolated(r, image.layers, o);
        image_done(&image);
        return code;
}

int run_main(const struct request *r) {
        char word[32];
        bool isolate = r->isolate || r->image;
        struct run_options o = {
                .load = {
                        .path = r->words[0],
                        .command = r->command,
                        .units = r->units,
                        .unit_path = r->unit_path,
                        .enabled = r->enabled,
                },
                .stop_budget = r->stop_budget,
                .notify_socket = getenv("NOTIFY_SOCKET"),
                .isolated = isolate && !r->root && !r->image,
                .walled = isolate,
                .descriptors = inherited_count(environ),
                .log_level = r->log_level,
                .hooks = &bus_hooks,
        };

        if (r->walled && !isolate) {
                (void) snprintf(word, sizeof(word), "--%s", r->walled);
                return verb_complain("run", "only with --isolate", word, NULL);
        }
        if (r->keep && !r->root && !r->image)
                return verb_complain("run", "only with --root or --image", "--keep", NULL);
        if (r->image && r->root)
                return verb_complain("run", "not with --root", "--image", NULL);
        int e = r->image || r->root ? isolate_guard_program() : 0;
        if (e < 0)
                return say_refused(&(struct refusal){ .error = e, .doing = "protecting tend's own file" });
        if (r->image)
                return run_image(r, &o);
        if (add_variables(r, &o) < 0)
                return EXIT_REFUSED;
        if (isolate) {
                autostrv char **layers = NULL;
                if (r->root && strv_add(&layers, r->root) < 0)
                        return EXIT_REFUSED;
                return run_isolated(r, layers, &o);
        }

        struct config *config = load(&o.load);
        return config ? run_loaded(config, &o) : EXIT_WRONG;
}
