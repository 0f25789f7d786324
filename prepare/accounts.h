/* The accounts of /etc/passwd and /etc/group, and of their shadows: read whole, added to, and written anew in
 * one piece each. */
#pragma once

#include <sys/types.h>

#include "base/def.h"

struct account {
        char *name; /* owned */
        uint32_t id;
        bool is_new;
        char *line;   /* owned; what a new one is written as */
        char *shadow; /* owned; likewise */
};

struct account_list {
        struct account *list; /* owned */
        size_t n;
        char *text, *shadow; /* owned; the files as they are; NULL: there is none */
};

struct membership {
        char *user, *group; /* owned */
};

struct accounts {
        struct account_list users, groups;
        struct membership *members; /* owned; new ones */
        size_t n_members;
        int lock; /* of /etc/.pwd.lock; -1: none */
};

/* Reads the files; with `lock` nobody else changes them until accounts_done(), which waits for whoever does.
 * 0 or a negative errno. */
int accounts_init(struct accounts *a, bool lock) must_check;
void accounts_done(struct accounts *a);

/* NULL where there is none. */
const struct account *account_named(const struct account_list *l, const char *name);
const struct account *account_numbered(const struct account_list *l, uint32_t id);

/* 0 or -ENOMEM. `line` and `shadow` are taken in any case. */
int account_add(struct account_list *l, const char *name, uint32_t id, char *line, char *shadow) must_check;
/* That the user belongs to the group, where the file does not say so already. */
int accounts_add_member(struct accounts *a, const char *user, const char *group) must_check;

bool accounts_have_changed(const struct accounts *a);

/* Writes those files that change, each in one piece. 0 or a negative errno. */
int accounts_write(const struct accounts *a) must_check;
