/* What is put into values: % specifiers at load, $VARIABLES of Exec lines at the spawn, ${NAME:-word} in
 * tend.ini at load. */
#pragma once

#include "base/diag.h"
#include "config/unit.h"

/* The specifiers of systemd.unit(5) that mean something without a machine: %n %N %p %P %i %I %f %H %u %U %h
 * %s %g %G %j %J %l %q %m %b %v %a %o %w %W %B %M %A %t %S %C %L %E %T %V
 * %%. `hostname` is %H; NULL: what uname(2) says. -EINVAL for one that does not exist or means nothing here
 * (the caller says so, see expand_unknown()), another negative errno where the system does not say what it
 * stands for. */
int expand_specifiers(const char *text, const struct unit *u, const char *hostname, char **ret) must_check;

/* The letter of the first that expand_specifiers() does not know, or '\0': a "%" at the very end. */
char expand_unknown(const char *text);

/* ${NAME} and ${NAME:-word} from the environment, the word also where the variable is empty; "$${" is a
 * literal "${", every other "$" stays. Used for every value of tend.ini but Exec lines. -ENOENT for a
 * variable that is neither set nor has a word, -EINVAL for what is none of the two forms; *ret_bad (may be
 * NULL) then gets what is at fault, and the caller frees it. */
int expand_load_time(const char *text, char *const *environment, char **ret, char **ret_bad) must_check;

/* Memory given beforehand, so that a spawn allocates nothing. */
struct arena {
        char *base; /* borrowed */
        size_t size, used;
};

/* From an arena, aligned for pointers; NULL when it is full. */
void *arena_take(struct arena *a, size_t size);

/* An Exec line's words at the spawn, systemd.service(5) "Command lines": ${NAME} inside a word, a word that
 * is only $NAME is split at white space (quotes in it hold words together) into none or more words, $$ is $,
 * ${NAME:-word} as in tend.ini. What is new is put into `arena` (nothing is allocated), words without a $
 * stay where they are: pointers in *ret_argv, NULL at the end, never fewer than argv[0]. A variable that is
 * not set is empty, and *ret_missing (may be NULL) gets the name of the first such one, NULL if there is
 * none. -E2BIG when the arena is full. */
int expand_command(const struct command *c, char *const *environment, struct arena *arena, char ***ret_argv,
                   const char **ret_missing) must_check;

/* The value of NAME (`n` bytes of it), or NULL. The last one wins, as with systemd. */
const char *expand_variable(char *const *environment, const char *name, size_t n);

/* How much of `text` is the name of a variable: letters, digits and "_", no digit first. */
size_t expand_name_length(const char *text);

/* Parses the text of an EnvironmentFile= (systemd.exec(5)): calls `add` with each "NAME", "value". Bad lines
 * are told to `d` and passed over. Allocates nothing but through `add`; `text` is changed. Returns the first
 * non-zero answer of `add`, or 0. */
int expand_env_file(char *text, const char *path, struct diags *d,
                    int (*add)(void *context, const char *name, const char *value), void *context) must_check;
