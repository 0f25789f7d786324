/* What a socket unit needs besides its own settings: the service that it starts, or the template that its
 * services are made of. */

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/text.h"
#include "config/loader.h"
#include "config/recipe.h"
#include "config/settle.h"
#include "config/setup.h"
#include "config/socket.h"
#include "config/verify.h"

#define BURST        20
#define BURST_ACCEPT 200

static int add_names(char ***list, char *const *names, const char *but) {
        int r = 0;

        for (; r == 0 && names && *names; names++)
                if (strcmp(*names, but) != 0 && !strv_contains(*list, *names))
                        r = strv_add(list, *names);
        return r;
}

int settle_sockets_of(struct unit *u) {
        char *const *names = u->setup ? u->setup->sockets : NULL;
        int r = add_names(&u->wants, names, u->name);

        return r < 0 ? r : add_names(&u->after, names, u->name);
}

static int copy_lines(const struct loader *l, uint32_t section, struct recipe *recipe) {
        const struct draft *d = &l->draft;
        int r = 0;

        for (uint32_t i = d->sections[section].first; i != DRAFT_NONE && r == 0; i = d->lines[i].next)
                if (!d->lines[i].refused)
                        r = recipe_add(recipe, d->lines[i].setting, d->lines[i].value);
        return r;
}

/* Made once at load, so that all that is wrong with it is said then. What the services of the connections
 * want has to be there before the first of them: the socket wants it. */
static int try_instance(struct loader *l, struct unit *u, struct recipe *recipe, struct source *s,
                        struct diags *said) {
        const char *template = u->socket->service;
        autofree char *name =
                text_format("%.*s0.service", (int) (strchr(template, '@') + 1 - template), template);
        struct unit *made = NULL;

        int r = name ? loader_find_origins(l, s) : -ENOMEM;
        if (r == 0)
                r = recipe_make(recipe, name, &made);
        if (!made)
                return r;
        struct verify v = {
                .unit = made,
                .origins = l->origins,
                .n_origins = l->n_origins,
                .environment = l->options->environment,
                .has_errors = l->has_errors,
                .look_at_system = l->options->look_at_system,
                .diags = said,
                .config = NULL,
        };
        verify_unit(&v);
        r = add_names(&u->wants, made->wants, u->name);
        if (r == 0)
                r = add_names(&u->requires, made->requires, u->name);
        if (r == 0)
                r = add_names(&u->after, made->after, u->name);
        unit_free(made);
        return r;
}

int settle_recipe(struct loader *l, struct unit *u, struct diags *said) {
        struct source s = { .sections = { DRAFT_NONE, DRAFT_NONE } };

        if (!u->socket || !u->socket->accept || !strstr(u->socket->service, "@."))
                return 0;
        int r = pull_template(l, u->socket->service, said, &s.sections[0]);
        if (r == -ENOENT) {
                (void) diag(said, u->file, u->line, r, "%s: there is no template %s for its connections",
                            u->name, u->socket->service);
                diag_hint(said, "a section [%.*s] holds what each connection's service is",
                          (int) (strlen(u->socket->service) - strlen(".service")), u->socket->service);
                return 0;
        }
        struct recipe *recipe = r == 0 ? calloc(1, sizeof(*recipe)) : NULL;
        if (!recipe)
                return r < 0 ? r : -ENOMEM;
        u->socket->recipe = recipe;
        struct draft_section *section = &l->draft.sections[s.sections[0]];
        *recipe = (struct recipe){
                .fresh = section->is_file ? l->fresh_file : l->fresh,
                .timeout_start = l->timeout_start,
                .file = section->file,
                .line = section->line,
                .hostname = l->config->container.hostname,
        };
        section->is_made = true;
        r = loader_try(l, s.sections[0], said);
        if (r == 0)
                r = copy_lines(l, s.sections[0], recipe);
        if (r == 0)
                r = try_instance(l, u, recipe, &s, said);
        if (r == 0)
                recipe->keeps_failure_action =
                        setting_origin(setting_find(OWNER_UNIT, "FailureAction"), l->origins, l->n_origins);
        return r;
}

void settle_socket(struct unit *u) {
        struct socket_spec *s = u->socket;

        u->type = SERVICE_ONESHOT;
        u->remain_after_exit = true;
        if (s->trigger_burst == UINT_MAX)
                s->trigger_burst = s->accept ? BURST_ACCEPT : BURST;
}
