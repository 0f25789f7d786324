#include "control/trust.h"

#include <errno.h>
#include <string.h>

#include "base/parse.h"
#include "config/setup.h"
#include "config/user.h"

#define GROUPS_MOST 1024 /* of a process; who has more is not found in them */

static bool has_group(int fd, const struct ucred *who, gid_t group) {
        gid_t list[GROUPS_MOST];
        socklen_t size = sizeof(list);

        if (who->gid == group)
                return true;
        if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, list, &size) < 0)
                return false;
        for (size_t i = 0; i < size / sizeof(*list); i++)
                if (list[i] == group)
                        return true;
        return false;
}

/* A group that there is not has no members. */
static bool is_in_control(const struct manager *m, int fd, const struct ucred *who) {
        const char *name = m->config->container.control_group;
        gid_t group;

        return name && group_find(name, &group) == 0 && has_group(fd, who, group);
}

static bool has_allowed(const struct manager *m) {
        for (size_t i = 0; i < m->config->n_units; i++)
                if (m->config->units[i]->setup && m->config->units[i]->setup->allow_users)
                        return true;
        return false;
}

bool trust_is_allowed(const struct unit *u, uid_t uid, const char *user) {
        unsigned number;

        for (char *const *name = u->setup ? u->setup->allow_users : NULL; name && *name; name++)
                if (parse_unsigned(*name, UINT32_MAX, &number) == 0 ? number == uid
                                                                    : strcmp(*name, user) == 0)
                        return true;
        return false;
}

static bool is_allowed_anywhere(const struct manager *m, uid_t uid, const char *user) {
        for (size_t i = 0; i < m->config->n_units; i++)
                if (trust_is_allowed(m->config->units[i], uid, user))
                        return true;
        return false;
}

bool trust_is_shared(const struct manager *m) {
        const struct container *c = &m->config->container;

        return c->control == CONTROL_SHARED || c->control_group || has_allowed(m);
}

enum trust trust_of(const struct manager *m, int fd, const struct ucred *who, char user[64]) {
        struct user found;

        user[0] = '\0';
        if (who->uid == 0 || who->uid == geteuid() || is_in_control(m, fd, who))
                return TRUST_ALL;
        if (has_allowed(m) && user_find_uid(who->uid, &found) == 0)
                (void) snprintf(user, sizeof(found.name), "%s", found.name);
        bool is_welcome =
                m->config->container.control == CONTROL_SHARED || is_allowed_anywhere(m, who->uid, user);
        return is_welcome ? TRUST_READER : TRUST_NONE;
}
