/* The rows of [Path], by the key: directive.c puts each where it belongs in the order of all keys. */
#pragma once

#include "config/path.h"
#include "config/row.h"

#define PATH(name) .section = "Path", .key = name, .owner = OWNER_UNIT

/* A field of struct path_spec. */
#define IN_PATH(type, f, kind, words)                                                                        \
        .parse = value_##kind, .print = value_print_##kind, IN(PATH, struct path_spec, type, f),             \
        .values = (words)
#define WATCHES(what, words)                                                                                 \
        .parse = value_path_line, .print = value_print_path_line, .values = (words),                         \
        .table = &(const struct path_row) {                                                                  \
                PATH_##what                                                                                  \
        }

/* clang-format off */
#define PATH_ROW_DirectoryMode \
        { PATH("DirectoryMode"), IN_PATH(unsigned, directory_mode, mode, "an octal mode"), \
          .fallback = "0755", \
          .help = "The permissions of directories that MakeDirectory= makes." }
#define PATH_ROW_DirectoryNotEmpty \
        { PATH("DirectoryNotEmpty"), WATCHES(NOT_EMPTY, "an absolute path"), \
          .help = "Starts the unit whenever that directory has something in it." }
#define PATH_ROW_MakeDirectory \
        { PATH("MakeDirectory"), IN_PATH(bool, make_directory, bool, "yes or no"), .fallback = "no", \
          .help = "What is watched is made as a directory first; not for PathExists= and PathExistsGlob=." }
#define PATH_ROW_PathChanged \
        { PATH("PathChanged"), WATCHES(CHANGED, "an absolute path"), \
          .help = "Starts the unit when that file or directory has changed; when a writer closes it." }
#define PATH_ROW_PathExists \
        { PATH("PathExists"), WATCHES(EXISTS, "an absolute path"), \
          .help = "Starts the unit whenever there is something at that path." }
#define PATH_ROW_PathExistsGlob \
        { PATH("PathExistsGlob"), WATCHES(EXISTS_GLOB, "an absolute path with patterns"), \
          .help = "Starts the unit whenever there is something that fits the pattern." }
#define PATH_ROW_PathModified \
        { PATH("PathModified"), WATCHES(MODIFIED, "an absolute path"), \
          .help = "As PathChanged=, and at each write too." }
#define PATH_ROW_TriggerLimitBurst \
        { PATH("TriggerLimitBurst"), IN_PATH(unsigned, trigger_burst, unsigned, "a number"), \
          .fallback = "200", \
          .help = "How often within TriggerLimitIntervalSec= it may start its unit; 0: any number." }
#define PATH_ROW_TriggerLimitIntervalSec \
        { PATH("TriggerLimitIntervalSec"), IN_PATH(usec_t, trigger_interval, span, "a span of time"), \
          .fallback = "2s", \
          .help = "The time that TriggerLimitBurst= is about; 0: no limit." }
#define PATH_ROW_Unit \
        { PATH("Unit"), IN_PATH(char *, unit, started, "a unit"), .table = "path", \
          .help = "What the path starts; the service of its own name unless said otherwise." }
/* clang-format on */
