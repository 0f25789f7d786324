#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/text.h"
#include "config/search.h"
#include "control/bus-call.h"
#include "control/bus-files.h"
#include "control/bus-signal.h"
#include "control/unit-file.h"

/* What enabling means ([Install], Also=, presets, instances, which directory) systemctl knows best: with
 * --root=/ it does it itself, without asking anybody. So that is run, by a child, which says what links came
 * and went. */
static const char systemctl[] = "/usr/bin/systemctl";

#define FILES_MOST   256
#define TEXT_MOST    (1024 * 1024) /* of what systemctl prints */
#define FLAG_RUNTIME 1             /* of the methods …WithFlags(), as in org.freedesktop.systemd1(5) */
#define FLAG_FORCE   2

struct errand_words {
        const char *list[FILES_MOST + 8];
        size_t n;
};

static void add_word(struct errand_words *w, const char *word) {
        if (w->n < countof(w->list) - 1)
                w->list[w->n++] = word;
}

static void begin_words(struct errand_words *w, const struct manager *m, const char *verb) {
        *w = (struct errand_words){};
        add_word(w, systemctl);
        add_word(w, geteuid() == 0 && m->init->is_pid1 ? "--system" : "--user");
        add_word(w, "--root=/");
        add_word(w, verb);
}

/* --- In the child. */

/* Runs it with its output in `text`, NUL-terminated. Its exit code, or a negative errno. */
static int run(struct errand_words *w, char *text, size_t size) {
        int ends[2], status;
        size_t have = 0;

        if (pipe2(ends, O_CLOEXEC) < 0)
                return -errno;
        pid_t pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0) {
                int null = open("/dev/null", O_RDONLY);
                (void) dup2(null, STDIN_FILENO);
                (void) dup2(ends[1], STDOUT_FILENO);
                (void) dup2(ends[1], STDERR_FILENO);
                (void) setenv("SYSTEMD_COLORS", "0", 1);
                (void) setenv("SYSTEMD_PAGER", "", 1);
                (void) setenv("LC_ALL", "C", 1);
                char *const *argv;
                const char *const *list = w->list;
                memcpy(&argv, &list, sizeof(argv)); /* execve(2) changes none of them */
                (void) execv(systemctl, argv);
                _exit(127);
        }
        (void) close(ends[1]);
        for (ssize_t n; have < size - 1 && (n = read(ends[0], text + have, size - 1 - have)) > 0;)
                have += (size_t) n;
        text[have] = '\0';
        (void) close(ends[0]);
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* The links of the directories in which systemctl makes any, as "PATH\tTARGET"; sorted as they come. */
static int add_link(char ***list, const char *path) {
        char to[PATH_MAX];
        ssize_t n = readlink(path, to, sizeof(to) - 1);

        if (n < 0)
                return 0;
        to[n] = '\0';
        return strv_take(list, text_format("%s\t%s", path, to));
}

static int add_links(char ***list, const char *directory, bool goes_down) {
        DIR *entries = opendir(directory);
        const struct dirent *e;
        autostrv char **below = NULL;
        int r = 0;

        while (entries && r == 0 && (e = readdir(entries))) {
                if (*e->d_name == '.')
                        continue;
                autofree char *path = text_format("%s/%s", directory, e->d_name);
                r = path ? add_link(list, path) : -ENOMEM;
                if (r == 0 && goes_down && e->d_type == DT_DIR)
                        r = strv_add(&below, path);
        }
        if (entries)
                (void) closedir(entries);
        for (char **d = below; r == 0 && d && *d; d++) {
                DIR *inner = opendir(*d);
                while (inner && r == 0 && (e = readdir(inner))) {
                        autofree char *path = *e->d_name == '.' ? NULL : text_format("%s/%s", *d, e->d_name);
                        r = path ? add_link(list, path) : 0;
                }
                if (inner)
                        (void) closedir(inner);
        }
        return r;
}

static int list_links(char ***list) {
        static const char *const places[] = { "/etc/systemd/system", "/run/systemd/system" };
        int r = 0;

        for (size_t i = 0; i < countof(places) && r == 0; i++)
                r = add_links(list, places[i], true);
        return r;
}

/* "symlink\tPATH\tTARGET" and "unlink\tPATH\t" of each that is in one list alone. */
static void print_only_in(char *const *list, char *const *other, const char *word, bool has_target,
                          FILE *out) {
        for (; list && *list; list++)
                if (!strv_contains(other, *list)) {
                        int n = has_target ? (int) strlen(*list) : (int) strcspn(*list, "\t") + 1;
                        (void) fprintf(out, "%s\t%.*s\n", word, n, *list);
                }
}

/* The first line is what systemctl has to complain of, if it has. */
static int change(void *context, FILE *out) {
        char text[8192] = "";
        autostrv char **before = NULL, **after = NULL;
        int r = list_links(&before);
        int code = r == 0 ? run(context, text, sizeof(text)) : r;

        if (code < 0)
                return code;
        r = list_links(&after);
        if (r < 0)
                return r;
        for (char *at = text; *at; at++)
                if (*at == '\n')
                        *at = ' ';
        (void) fprintf(out, "%d\t%s\n", code, text);
        print_only_in(before, after, "unlink", false, out);
        print_only_in(after, before, "symlink", true, out);
        return 0;
}

static int ask(void *context, FILE *out) {
        autofree char *text = malloc(TEXT_MOST);
        int code = text ? run(context, text, TEXT_MOST) : -ENOMEM;

        if (code < 0)
                return code;
        (void) fprintf(out, "%d\n%s", code, text);
        return 0;
}

/* --- The answers. */

/* Cuts the next field, up to `end`, off *at. */
static char *cut(char **at, char end) {
        char *field = *at, *found = strchr(field, end);

        if (found)
                *found = '\0';
        *at = found ? found + 1 : field + strlen(field);
        return field;
}

static void write_changes(struct wire_out *out, char *text) {
        struct wire_mark mark = wire_array(out, 8);

        while (*text) {
                char *line = cut(&text, '\n');
                const char *type = cut(&line, '\t'), *path = cut(&line, '\t');
                wire_struct(out);
                wire_string(out, type);
                wire_string(out, path);
                wire_string(out, line);
        }
        wire_array_end(out, mark);
}

static void answer_change(struct call *c, char *text, size_t size maybe_unused) {
        char *first = cut(&text, '\n');
        const char *code = cut(&first, '\t');

        if (strcmp(code, "0") != 0) {
                bool is_missing = strcmp(code, "127") == 0;
                const char *reason = text_starts(first, "Failed to ") ? strpbrk(first, ":,") : NULL;
                call_fail(c, is_missing ? ERROR_NOT_SUPPORTED : ERROR_FAILED, "%s",
                          is_missing ? "/usr/bin/systemctl is not installed, which is what does it"
                          : reason   ? reason + strspn(reason, ":, ")
                                     : first); /* who asked says again what has failed */
                return;
        }
        if (*text)
                bus_signal_files(c->bus);
        struct wire_out *out = call_reply(c);
        if (c->method->gives[0] == 'b')
                wire_u32(out, !strstr(first, "no installation config"));
        write_changes(out, text);
}

/* Lines of "NAME STATE PRESET". */
static void answer_list(struct call *c, char *text, size_t size maybe_unused) {
        struct search s;
        struct wire_out *out;

        (void) cut(&text, '\n');
        if (search_open(&s, c->bus->manager->options->load.unit_path) < 0) {
                search_done(&s);
                call_fail_errno(c, ENOMEM, "listing unit files");
                return;
        }
        out = call_reply(c);
        struct wire_mark mark = wire_array(out, 8);
        while (*text) {
                char *line = cut(&text, '\n');
                const char *name = cut(&line, ' ');
                line += strspn(line, " ");
                const char *state = cut(&line, ' ');
                autofree char *path = NULL;
                bool masked;
                if (!unit_has_suffix(name) || search_probe(&s, name, &path, &masked) < 0 || !path)
                        continue;
                wire_struct(out);
                wire_string(out, path);
                wire_string(out, state);
        }
        wire_array_end(out, mark);
        search_done(&s);
}

static void answer_state(struct call *c, char *text, size_t size maybe_unused) {
        (void) cut(&text, '\n');
        const char *word = cut(&text, '\n');

        if (*word && !strchr(word, ' ') && strcmp(word, "not-found") != 0)
                wire_string(call_reply(c), word);
        else
                call_fail(c, ERROR_NO_FILE, "%s", strerror(ENOENT));
}

/* --- The methods. */

/* What tend.ini says is not a file's to change. */
static bool is_from_ini(struct call *c, const char *name) {
        const struct service *s = object_find_service(c->bus->manager, name);

        if (!s || !s->unit->from_tend_ini)
                return false;
        call_fail(c, ERROR_NOT_SUPPORTED, "%s is a section of %s and starts with the container", name,
                  s->unit->file);
        return true;
}

/* systemctl --root=/ passes them over. */
static bool is_nowhere(struct call *c, const char *name) {
        auto_on_disk struct unit_on_disk found;

        unit_on_disk_find(c->bus->manager, name, &found);
        if (!found.path && *name != '/')
                call_fail(c, ERROR_NO_FILE, "Unit %.255s does not exist", name);
        return c->is_answered;
}

static bool read_files(struct call *c, const char *list[FILES_MOST], ssize_t *ret) {
        ssize_t n = wire_read_strings(c->in, list, FILES_MOST);

        if (n < 0)
                call_fail(c, ERROR_INVALID, "too many files");
        for (ssize_t i = 0; i < n; i++) {
                if (*list[i] == '-') {
                        call_fail(c, ERROR_INVALID, "Unit name %.255s is not valid.", list[i]);
                        n = -EINVAL;
                } else if (is_from_ini(c, list[i]))
                        n = -EINVAL;
        }
        *ret = n;
        return n >= 0;
}

static void change_files(struct call *c, const char *verb, bool has_force, bool has_flags) {
        const char *list[FILES_MOST];
        struct errand_words w;
        ssize_t n;

        if (!read_files(c, list, &n))
                return;
        for (ssize_t i = 0; i < n && strcmp(verb, "disable") == 0; i++)
                if (is_nowhere(c, list[i]))
                        return;
        uint64_t flags = 0;
        if (has_flags)
                flags = wire_read_u64(c->in);
        else {
                flags |= wire_read_bool(c->in) ? FLAG_RUNTIME : 0U;
                flags |= has_force && wire_read_bool(c->in) ? FLAG_FORCE : 0U;
        }
        begin_words(&w, c->bus->manager, verb);
        if (flags & FLAG_RUNTIME)
                add_word(&w, "--runtime");
        if (flags & FLAG_FORCE)
                add_word(&w, "--force");
        for (ssize_t i = 0; i < n; i++)
                add_word(&w, list[i]);
        errand_run(c, change, &w, answer_change);
}

void files_enable(struct call *c) {
        change_files(c, "enable", true, false);
}

void files_enable_with_flags(struct call *c) {
        change_files(c, "enable", false, true);
}

void files_reenable(struct call *c) {
        change_files(c, "reenable", true, false);
}

void files_disable(struct call *c) {
        change_files(c, "disable", false, false);
}

void files_disable_with_flags(struct call *c) {
        change_files(c, "disable", false, true);
}

void files_preset(struct call *c) {
        change_files(c, "preset", true, false);
}

void files_mask(struct call *c) {
        change_files(c, "mask", true, false);
}

void files_unmask(struct call *c) {
        change_files(c, "unmask", false, false);
}

void files_get_state(struct call *c) {
        const char *name = wire_read_string(c->in);
        const struct service *s = object_find_service(c->bus->manager, name);
        struct errand_words w;

        if (s && s->unit->from_tend_ini) {
                wire_string(call_reply(c), "generated");
                return;
        }
        if (!unit_is_name(name) || !unit_has_suffix(name)) {
                call_fail(c, ERROR_INVALID, "Unit name %.255s is not valid.", name);
                return;
        }
        begin_words(&w, c->bus->manager, "is-enabled");
        add_word(&w, name);
        errand_run(c, ask, &w, answer_state);
}

static void list_files(struct call *c, const char *const *states, ssize_t n_states,
                       const char *const *patterns, ssize_t n_patterns) {
        struct errand_words w;
        char state[64];

        if (n_states < 0 || n_patterns < 0 || n_states > 1) {
                call_fail(c, ERROR_INVALID, "too many words");
                return;
        }
        begin_words(&w, c->bus->manager, "list-unit-files");
        add_word(&w, "--no-legend");
        add_word(&w, "--full");
        if (n_states == 1) {
                (void) snprintf(state, sizeof(state), "--state=%s", states[0]);
                add_word(&w, state);
        }
        for (ssize_t i = 0; i < n_patterns; i++)
                if (*patterns[i] != '-')
                        add_word(&w, patterns[i]);
        errand_run(c, ask, &w, answer_list);
}

void files_list(struct call *c) {
        list_files(c, NULL, 0, NULL, 0);
}

void files_list_by_patterns(struct call *c) {
        const char *states[FILES_MOST], *patterns[FILES_MOST];
        ssize_t n_states = wire_read_strings(c->in, states, countof(states));
        ssize_t n_patterns = wire_read_strings(c->in, patterns, countof(patterns));

        list_files(c, states, n_states, patterns, n_patterns);
}

void files_get_links(struct call *c) {
        const char *name = wire_read_string(c->in);
        autostrv char **links = NULL;

        int r = unit_file_links(name, wire_read_bool(c->in), &links);
        if (r < 0)
                call_fail_errno(c, r, "looking for links");
        else
                wire_strings(call_reply(c), links);
}

/* The one that is always there. */
void files_get_default_target(struct call *c) {
        wire_string(call_reply(c), "default.target");
}
