/* [x.path]: values and what is refused; and what events of inotify(7) are to a line. */
#include <sys/inotify.h>

#include "supervisor/trail.h"
#include "tests/unit/ini.h"
#include "tests/unit/test.h"

#define WATCHER "[x]\nExecStart=y\n[z]\nExecStart=y\n[x.path]\nPathExists=/a\n"

static const struct {
        const char *line, *key;
        const char *value; /* NULL: refused */
} values[] = {
        { "PathExists=/b", "PathExists", "/a\n/b" },
        { "PathExists=//b/./c/", "PathExists", "/a\n/b/c" },
        { "PathExists=/", "PathExists", "/a\n/" },
        { "PathExists=/run/%p", "PathExists", "/a\n/run/x" },
        { "PathExists=/b/../c", "PathExists", NULL },
        { "PathExists=b", "PathExists", NULL },
        { "PathExistsGlob=/b/*.job", "PathExistsGlob", "/b/*.job" },
        { "PathChanged=/b c", "PathChanged", "/b c" },
        { "PathModified=/b", "PathModified", "/b" },
        { "PathModified=b", "PathModified", NULL },
        { "DirectoryNotEmpty=/b", "DirectoryNotEmpty", "/b" },
        { "PathChanged=\nDirectoryNotEmpty=/b", "PathExists", "" }, /* any of them takes all back */
        { "PathExists=", "PathExists", NULL },
        { "MakeDirectory=yes\nPathChanged=/b", "MakeDirectory", "yes" },
        { "MakeDirectory=", "MakeDirectory", NULL },
        { "MakeDirectory=perhaps", "MakeDirectory", NULL },
        { "DirectoryMode=0700", "DirectoryMode", "0700" },
        { "DirectoryMode=8", "DirectoryMode", NULL },
        { "", "DirectoryMode", "0755" },
        { "", "TriggerLimitBurst", "200" },
        { "", "TriggerLimitIntervalSec", "2s" },
        { "TriggerLimitBurst=7", "TriggerLimitBurst", "7" },
        { "TriggerLimitIntervalSec=1min", "TriggerLimitIntervalSec", "1min" },
        { "TriggerLimitIntervalSec=soon", "TriggerLimitIntervalSec", NULL },
        { "", "Unit", "x.service" },
        { "Unit=z", "Unit", "z.service" },
        { "Unit=x.path", "Unit", NULL },
        { "Unit=a/b", "Unit", NULL },
        { "Unit=q", "Unit", NULL },
        { "ExecStart=a", "Unit", NULL },
        { "OnCalendar=daily", "Unit", NULL },
        { "Accept=yes", "Unit", NULL },
};

TEST(path_values) {
        for (size_t i = 0; i < countof(values); i++) {
                char text[512];
                struct ini ini;

                (void) snprintf(text, sizeof(text), WATCHER "%s\n", values[i].line);
                ini_load(&ini, text, NULL, NULL);
                autofree char *words = ini_words(&ini);
                CHECK((ini.error == 0) == (values[i].value != NULL), "row %zu: %s: %s", i, values[i].line,
                      words);
                if (values[i].value) {
                        autofree char *value = ini_value(&ini, "x.path", values[i].key);
                        CHECK_STRING(value ? value : "", values[i].value, "row %zu: %s", i, values[i].line);
                }
                ini_done(&ini);
        }
}

TEST(path_what_is_wrong) {
        static const struct {
                const char *text, *words;
        } rows[] = {
                { "[x]\nExecStart=y\n[x.path]\nPathExists=a\n",
                  "tend.ini:4: error: PathExists=a: not an absolute path\n" },
                { "[x]\nExecStart=y\n[x.path]\nPathExists=/a/..\n",
                  "tend.ini:4: error: PathExists=/a/..: a path that is watched may not have \"..\" in it\n" },
                { "[x]\nExecStart=y\n[x.path]\nMakeDirectory=yes\n",
                  "tend.ini:3: error: x.path: there is nothing to watch: PathExists= or one of its kin is "
                  "missing\n" },
                { "[x]\nExecStart=y\n[x.path]\nMakeDirectory=yes\nPathExists=/a\n",
                  "tend.ini:4: warning: x.path: MakeDirectory= makes no directory for PathExists= and "
                  "PathExistsGlob=\n" },
                { "[web]\nExecStart=y\n[wbe.path]\nPathExists=/a\n",
                  "tend.ini:3: error: wbe.path: it starts wbe.service, and there is no such unit\n"
                  "        did you mean Unit=web.service?\n" },
                { "[x]\nExecStart=y\n[x.path]\nPathExists=/a\nUnit=x.timer\n",
                  "tend.ini:5: error: Unit=x.timer: a path starts services; units of other kinds it does "
                  "not\n" },
                { "[x]\nExecStart=y\nPathExists=/a\n",
                  "tend.ini:3: error: PathExists=: no such setting in [x]\n"
                  "        PathExists= is a setting of a path, in a section that is called [NAME.path]\n" },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                struct ini ini;

                ini_load(&ini, rows[i].text, NULL, NULL);
                autofree char *words = ini_words(&ini);
                CHECK_STRING(words, rows[i].words, "row %zu", i);
                ini_done(&ini);
        }
}

/* On the path itself, and on a directory before it, which is watched for "a" alone: "a" hashes to this. */
#define HASH_OF_A UINT32_C(0xe40c292c)

static const struct {
        enum path_kind kind;
        bool is_end;
        uint32_t mask;
        const char *name;
        enum trail_news news;
} events[] = {
        { PATH_EXISTS, true, IN_DELETE_SELF, NULL, TRAIL_STIRRED },
        { PATH_EXISTS, true, IN_CLOSE_WRITE, NULL, TRAIL_NOTHING },
        { PATH_EXISTS, true, IN_IGNORED, NULL, TRAIL_STIRRED },
        { PATH_NOT_EMPTY, true, IN_CREATE, "b", TRAIL_STIRRED },
        { PATH_NOT_EMPTY, true, IN_MOVED_TO | IN_ISDIR, "b", TRAIL_STIRRED },
        { PATH_NOT_EMPTY, true, IN_DELETE, "b", TRAIL_NOTHING },
        { PATH_CHANGED, true, IN_CLOSE_WRITE, NULL, TRAIL_CHANGED },
        { PATH_CHANGED, true, IN_ATTRIB, NULL, TRAIL_CHANGED },
        { PATH_CHANGED, true, IN_CREATE, "b", TRAIL_CHANGED },
        { PATH_CHANGED, true, IN_DELETE, "b", TRAIL_CHANGED },
        { PATH_CHANGED, true, IN_MOVED_FROM, "b", TRAIL_CHANGED },
        { PATH_CHANGED, true, IN_MOVE_SELF, NULL, TRAIL_CHANGED },
        { PATH_CHANGED, true, IN_MODIFY, NULL, TRAIL_NOTHING },
        { PATH_CHANGED, true, IN_UNMOUNT, NULL, TRAIL_CHANGED },
        { PATH_MODIFIED, true, IN_MODIFY, NULL, TRAIL_CHANGED },
        { PATH_MODIFIED, true, IN_ACCESS, NULL, TRAIL_NOTHING },
        { PATH_CHANGED, false, IN_CREATE, "a", TRAIL_STIRRED },
        { PATH_CHANGED, false, IN_CREATE, "b", TRAIL_NOTHING },
        { PATH_CHANGED, false, IN_CREATE, "", TRAIL_STIRRED },
        { PATH_CHANGED, false, IN_MOVE_SELF, NULL, TRAIL_STIRRED },
        { PATH_CHANGED, false, IN_MODIFY, "a", TRAIL_NOTHING },
};

TEST(trail_what_an_event_is) {
        for (size_t i = 0; i < countof(events); i++) {
                const struct trail_watch w = {
                        .mask = events[i].is_end ? trail_mask(events[i].kind)
                                                 : IN_CREATE | IN_MOVED_TO | IN_MOVE_SELF | IN_DELETE_SELF,
                        .name = events[i].is_end ? 0 : HASH_OF_A,
                        .is_end = events[i].is_end,
                };
                CHECK(trail_read(events[i].kind, &w, events[i].mask, events[i].name) == events[i].news,
                      "row %zu", i);
        }
}

/* One that the kernel has dropped may have been what one waits for. */
TEST(trail_lost_events) {
        for (enum path_kind k = 0; k < PATH_KIND_COUNT; k++)
                CHECK(trail_read_lost(k) == (path_kind_is_change(k) ? TRAIL_CHANGED : TRAIL_STIRRED), "%s",
                      path_kind_word(k));
}
