#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "base/log.h"
#include "base/parse.h"
#include "base/text.h"
#include "control/companion.h"
#include "control/image.h"
#include "control/verb.h"
#include "init/root.h"

#define ANSWER_MOST ((size_t) 16 << 20)

#define USUAL_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* What tend-image has said, in parts. */
struct answer {
        char **entrypoint, **command; /* owned */
        const char *user, *signal;    /* borrowed of the text */
        const char *owners, *mount;
        bool is_whole;
};

/* ---- asking -------------------------------------------------------------------------------------------- */

static int read_answer(int fd, char **ret, size_t *ret_size) {
        autofree char *text = malloc(1);
        size_t have = 0, room = 1;

        while (text) {
                if (have + 1 == room) {
                        char *larger = room < ANSWER_MOST ? realloc(text, room = room * 2 + 4096) : NULL;
                        if (!larger)
                                return -ENOMEM;
                        text = larger;
                }
                ssize_t n = read(fd, text + have, room - have - 1);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0) {
                        text[have] = '\0';
                        *ret = TAKE(text);
                        *ret_size = have;
                        return 0;
                }
                have += (size_t) n;
        }
        return -ENOMEM;
}

/* In the child. */
_Noreturn static void run_companion(int out, char *const *words) {
        int r = dup2(out, STDOUT_FILENO) < 0 ? -errno : companion_execute("image", words);

        companion_complain("image", r);
        _exit(EXIT_WRONG);
}

/* 0 and all that it printed; else the exit code, and it has told why. */
static int ask(char *const *words, char **ret, size_t *ret_size) {
        int ends[2], status = 0;

        if (pipe2(ends, O_CLOEXEC) < 0)
                return EXIT_REFUSED;
        pid_t child = fork();
        if (child == 0)
                run_companion(ends[1], words);
        (void) close(ends[1]);
        int r = child < 0 ? -errno : read_answer(ends[0], ret, ret_size);
        (void) close(ends[0]);
        while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
                continue;
        if (r < 0) {
                log_error(NULL, "asking tend-image: %s", strerror(-r));
                return EXIT_REFUSED;
        }
        if (WIFSIGNALED(status))
                return 128 + WTERMSIG(status);
        return WEXITSTATUS(status) == 1 ? EXIT_REFUSED : WEXITSTATUS(status);
}

/* ---- understanding ------------------------------------------------------------------------------------- */

static int take_record(struct image *i, struct answer *a, const char *key, const char *value) {
        const struct {
                const char *key;
                char ***list;
                const char **word;
        } rows[] = {
                { "lower", &i->layers, NULL },
                { "env", &i->environment, NULL },
                { "entrypoint", &a->entrypoint, NULL },
                { "cmd", &a->command, NULL },
                { "user", NULL, &a->user },
                { "stop-signal", NULL, &a->signal },
                { "owners", NULL, &a->owners },
                { "mount", NULL, &a->mount },
                { "directory", NULL, &i->foreground.directory },
        };

        for (size_t k = 0; k < countof(rows); k++) {
                if (strcmp(rows[k].key, key) != 0)
                        continue;
                if (rows[k].list)
                        return strv_add(rows[k].list, value);
                if (rows[k].word)
                        *rows[k].word = *value ? value : NULL;
        }
        a->is_whole |= strcmp(key, "end") == 0;
        return 0;
}

static int take_records(struct image *i, struct answer *a, char *text, size_t size) {
        int r = 0;

        for (size_t at = 0; r == 0 && at < size;) {
                char *value = strchr(text + at, '=');
                size_t n = strlen(text + at);

                if (!value)
                        return -EPROTO;
                *value = '\0';
                r = take_record(i, a, text + at, value + 1);
                at += n + 1;
        }
        return r < 0 || (a->is_whole && i->layers) ? r : -EPROTO;
}

static bool is_root(const char *word, size_t n) {
        return (n == 1 && *word == '0') || (n == 4 && strncmp(word, "root", n) == 0);
}

/* "USER[:GROUP]". Root is who we are there; where nobody else is mapped not even that can be set. */
static int take_user(struct image *i, const char *user) {
        size_t n = user ? strcspn(user, ":") : 0;
        const char *group = user && user[n] && user[n + 1] ? user + n + 1 : NULL;

        if (!user || (is_root(user, n) && (!group || is_root(group, strlen(group)))))
                return 0;
        i->user = n > 0 ? strndup(user, n) : NULL;
        i->group = group ? strdup(group) : NULL;
        if ((n > 0 && !i->user) || (group && !i->group))
                return -ENOMEM;
        i->foreground.user = i->user;
        i->foreground.group = i->group;
        return 0;
}

static int take_command(struct image *i, const struct answer *a, char *const *arguments) {
        char *const *words = arguments ? arguments : a->command;

        for (size_t k = 0; a->entrypoint && a->entrypoint[k]; k++)
                if (strv_add(&i->command, a->entrypoint[k]) < 0)
                        return -ENOMEM;
        for (size_t k = 0; words && words[k]; k++)
                if (strv_add(&i->command, words[k]) < 0)
                        return -ENOMEM;
        return 0;
}

static int take_rest(struct image *i, const struct answer *a, char *const *arguments) {
        int r = take_command(i, a, arguments);

        if (r == 0)
                r = take_user(i, a->user);
        if (r == 0 && i->foreground.directory) {
                i->directory = strdup(i->foreground.directory);
                r = i->directory ? 0 : -ENOMEM;
        }
        i->foreground.directory = i->directory;
        if (r == 0 && a->signal && parse_signal(a->signal, &i->foreground.stop_signal) < 0)
                log_warning(NULL, "the image asks for a stop signal that there is not: %s", a->signal);
        return r;
}

/* Whoever removes layers asks for these locks; they go with the last process that has them. */
static int hold(char *const *layers) {
        for (size_t i = 0; layers[i]; i++) {
                autofree char *holder = text_format("%s/..", layers[i]);
                int fd = holder ? open(holder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

                if (fd < 0 || flock(fd, LOCK_SH | LOCK_NB) < 0 || access(layers[i], F_OK) < 0)
                        return -errno;
        }
        return 0;
}

/* ---- the image ----------------------------------------------------------------------------------------- */

static int open_as(const char *path, char *const *arguments, bool flat, struct image *i, bool *ret_again) {
        const char *const asked[] = { "image", "unpack", "--null", flat ? "--flat" : "--null", "--", path };
        autostrv char **words = NULL;
        autofree char *text = NULL;
        struct answer a = { 0 };
        size_t size = 0;

        for (size_t k = 0; k < countof(asked); k++)
                if (strv_add(&words, asked[k]) < 0)
                        return EXIT_REFUSED;
        int code = ask(words, &text, &size);
        if (code != 0)
                return code;
        int r = take_records(i, &a, text, size);
        if (r == 0)
                r = take_rest(i, &a, arguments);
        if (r == 0)
                r = hold(i->layers);
        strv_free(a.entrypoint);
        strv_free(a.command);
        if (r < 0) {
                log_error(NULL, "%s: what tend-image says of it: %s", path, strerror(-r));
                return EXIT_REFUSED;
        }
        /* As root the root is mounted without that option; and where there is no overlay layers are no use.
         */
        *ret_again = (a.mount && a.owners && strcmp(a.owners, "real") == 0) ||
                     (i->layers[1] && !root_can_stack(i->layers[0], i->layers[1]));
        return 0;
}

int image_open(const char *path, char *const *arguments, struct image *ret) {
        struct image i = { 0 };
        bool again = false;
        int code = open_as(path, arguments, false, &i, &again);

        if (code == 0 && again) {
                image_done(&i);
                code = open_as(path, arguments, true, &i, &again);
        }
        if (code != 0)
                image_done(&i);
        else
                *ret = i;
        return code;
}

void image_done(struct image *i) {
        strv_free(i->layers);
        strv_free(i->environment);
        strv_free(i->command);
        free(i->directory);
        free(i->user);
        free(i->group);
        *i = (struct image){ 0 };
}

int image_set_environment(const struct image *i) {
        const char *terminal = getenv("TERM");
        autofree char *term = terminal ? text_format("TERM=%s", terminal) : NULL;
        static char path[] = USUAL_PATH;

        if (clearenv() != 0 || (terminal && !term))
                return -ENOMEM;
        if (putenv(path) != 0 || (term && putenv(TAKE(term)) != 0))
                return -ENOMEM;
        for (char **v = i->environment; v && *v; v++) {
                char *copy = strdup(*v);
                if (!copy || putenv(copy) != 0)
                        return -ENOMEM;
        }
        return 0;
}
