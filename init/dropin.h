/* Called by another init's name (argv[0] is tini, tini-static, docker-init, dumb-init or catatonit) tend is
 * that program: its options, variables, words and exit codes, as a table of rows. `tend [OPTIONS] -- CMD` is
 * one more such row. */
#pragma once

#include "base/def.h"

/* Whether the base name of `argv0` is one of the others'. */
bool dropin_is_known(const char *argv0);

/* The whole program of that name. Returns the exit code. For any other name: tend's own options, then `--` or
 * the command. */
int dropin_main(int argc, char **argv);
