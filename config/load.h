/* From files to a config: FILE, then every .ini file of FILE.d/ in order, templates with Instances=,
 * specifiers, ${NAME:-word} from the environment, and the rules across fields. The one way in for run, check,
 * show and reload. */
#pragma once

#include "base/diag.h"
#include "config/unit.h"

struct override;

/* How the command behind `--` is run, where no [command] section says it: what an image asks for. All of it
 * is borrowed; NULL and 0: nothing is asked for. */
struct foreground {
        const char *directory, *user, *group;
        int stop_signal;
};

struct load_options {
        const char *path;     /* NULL: /etc/tend.ini */
        char *const *command; /* borrowed; the words behind `--`, NULL for none: becomes command.service,
                                 foreground,     After= every other unit, Restart=no, Success- and
                                 FailureAction=exit */
        const struct foreground *foreground; /* borrowed; NULL: nothing is asked for */
        char *const *environment;            /* borrowed; for ${NAME} */
        char *const *units; /* borrowed; unit files by name or path, besides Units=; NULL: none. With these,
                               and no `path`, there is no tend.ini */
        const struct override *overrides; /* borrowed; what was set while tend ran, over all files */
        const char *unit_path; /* borrowed; where unit files are, as in search_init(); NULL: where systemd
                                  looks */
        bool enabled;          /* the units that are enabled in the image */
        bool at_home;      /* with the machine's own files, by who is root here and an ordinary user outside:
                              his directories are below his home, and /run is the container's */
        bool keep_origins; /* for `tend show` */
        bool look_at_system; /* check that programs, users and directories exist: warnings (errors stay with
                                the spawn) */
};

/* Loads everything and says all that is wrong, not just the first. 0 also with warnings. -EINVAL where `d`
 * has got errors about what the files say: *ret is then set all the same, for whoever looks for more that is
 * wrong, and is not to be run. Another negative errno where nothing could be loaded; then *ret is not
 * written. config_free() frees *ret. */
int config_load(const struct load_options *o, struct diags *d, struct config **ret) must_check;

struct config *config_free(struct config *c);

/* The effective values of two units are the same: reload leaves such a service alone. Pure; looks at every
 * row. */
bool unit_same(const struct unit *a, const struct unit *b);

/* The same, apart from what can be changed about a budget while the service runs. */
bool unit_same_but_budget(const struct unit *a, const struct unit *b);
