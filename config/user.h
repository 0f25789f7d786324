/* Users and groups from the container's own /etc/passwd and /etc/group, never through NSS. */
#pragma once

#include "base/def.h"

struct user {
        uid_t uid;
        gid_t gid;
        char name[64];
        char home[512];  /* "/" where the file names none */
        char shell[256]; /* "/bin/sh" where the file names none */
};

/* By name or number. A number needs no entry: then the group has the same number, and the home is "/". "root"
 * needs none either. -ESRCH where there is none, or what kept the file from being read (a file that is not
 * there is an empty one). */
int user_find(const char *name, struct user *ret) must_check;
int user_find_uid(uid_t uid, struct user *ret) must_check;
int group_find(const char *name, gid_t *ret) must_check;
/* Its name, or its number where it has none. */
int group_name(gid_t gid, char ret[64]) must_check;

/* The groups of which /etc/group calls `name` a member, `first` before them, each once. The caller frees. */
int user_groups(const char *name, gid_t first, gid_t **ret, size_t *ret_n) must_check;

/* The same on text that is at hand, in the format of passwd(5): an entry whose name, or whose uid where
 * `name` is NULL, is the one asked for. -ESRCH where there is none. */
int user_find_in(const char *text, const char *name, uid_t uid, struct user *ret) must_check;
