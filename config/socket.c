#include <string.h>

#include "base/text.h"
#include "config/recipe.h"
#include "config/setup.h"
#include "config/socket.h"
#include "config/value.h"

#define WORD_OF_LISTEN(name, word) [LISTEN_##name] = (word),
static const char *const listen_words[] = { LISTEN_KINDS(WORD_OF_LISTEN) };

const char *listen_kind_word(enum listen_kind k) {
        return listen_words[k];
}

/* Each row's own parser reads its default: there is one place that says it. */
struct socket_spec *socket_spec_new(void) {
        struct socket_spec *s = calloc(1, sizeof(*s));
        struct unit owner = { .socket = s };

        for (size_t i = 0; s && i < n_settings; i++) {
                struct assignment a = { .setting = &settings[i], .object = &owner, .unit = &owner };

                if (strcmp(settings[i].section, "Socket") != 0 || !setting_is_carried_out(&settings[i]) ||
                    settings[i].parse == value_command)
                        continue;
                a.value = setting_fallback(&settings[i], false);
                if (setting_parse(&a) < 0)
                        return socket_spec_free(s);
        }
        return s;
}

void socket_spec_reset(struct socket_spec *s) {
        while (s->listens) {
                struct listen *l = s->listens;

                s->listens = l->next;
                free(l);
        }
}

struct socket_spec *socket_spec_free(struct socket_spec *s) {
        if (!s)
                return NULL;
        socket_spec_reset(s);
        recipe_free(s->recipe);
        strv_free(s->symlinks);
        free(s->service);
        free(s->fd_name);
        free(s->user);
        free(s->group);
        free(s->device);
        free(s->congestion);
        free(s);
        return NULL;
}

const char *socket_fd_name(const struct unit *u) {
        if (u->socket->fd_name)
                return u->socket->fd_name;
        return u->socket->accept ? "connection" : u->name;
}

bool socket_is_for(const struct unit *u, const struct unit *service) {
        if (!u->socket || u->socket->accept)
                return false;
        if (u->socket->service && strcmp(u->socket->service, service->name) == 0)
                return true;
        return service->setup && strv_contains(service->setup->sockets, u->name);
}

const char *listen_path(const struct listen *l) {
        if (l->kind == LISTEN_FIFO)
                return l->text;
        return l->address.any.sa_family == AF_UNIX && *l->text == '/' ? l->text : NULL;
}
