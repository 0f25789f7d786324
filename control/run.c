#include <string.h>

#include "base/log.h"
#include "control/bus.h"
#include "control/loaded.h"
#include "control/verb.h"
#include "init/isolate.h"
#include "init/kernel.h"
#include "init/mounts.h"
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
        if (init.is_pid1 && !o->isolated)
                furnish();
        return manager_run(&init, config, o);
}

static int run_isolated(const struct request *r, struct config *config, const struct run_options *o) {
        struct isolate isolate = { .hostname = r->hostname ? r->hostname : config->container.hostname };
        const char *doing = "isolating";
        int code;

        int e = isolate_enter(&isolate, &code, &doing);
        if (e < 0)
                return refuse(config, doing, e);
        if (e == 0)
                return run_loaded(config, o);

        config_free(config);
        return code;
}

int run_main(const struct request *r) {
        struct run_options o = {
                .load = {
                        .path = r->words[0],
                        .command = r->command,
                        .environment = environ,
                        .units = r->units,
                        .unit_path = r->unit_path,
                        .enabled = r->enabled,
                },
                .stop_budget = r->stop_budget,
                .notify_socket = getenv("NOTIFY_SOCKET"),
                .isolated = r->isolate,
                .has_descriptors = inherited_are_ours(environ),
                .log_level = r->log_level,
                .hooks = &bus_hooks,
        };

        if (r->hostname && !r->isolate)
                return verb_complain("run", "only with --isolate", "--hostname",
                                     "Hostname= in [tend] sets the name of a container");

        struct config *config = load(&o.load);
        if (!config)
                return EXIT_WRONG;
        return r->isolate ? run_isolated(r, config, &o) : run_loaded(config, &o);
}
