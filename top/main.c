/* tend-top: how units are, again and again, with keys to sort, restart and kill. See `tend top` in tend(1).
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>

#include "base/clock.h"
#include "base/parse.h"
#include "base/text.h"
#include "client/processes.h"
#include "control/verb.h"
#include "top/draw.h"
#include "top/terminal.h"

#define MANAGER_PATH      "/org/freedesktop/systemd1"
#define MANAGER_INTERFACE "org.freedesktop.systemd1.Manager"
#define INTERVAL          USEC_PER_SEC
#define INTERVAL_LEAST    (100 * USEC_PER_MSEC)
#define CONTROL_B         0x02
#define CONTROL_C         0x03
#define CONTROL_F         0x06
#define CONTROL_L         0x0c
#define CONTROL_Z         0x1a

struct top {
        struct link link;
        struct snapshot now;
        struct moment past;
        struct row *rows; /* owned; as many as there are units */
        struct view view;
        char selected[256]; /* the unit, whose row may move */
        char message[LINK_WORDS_MAX + 64];
        char question; /* whose answer is awaited: the key; 0: none */
        usec_t interval;
        bool is_over;
};

/* --- What is shown. */

static int refresh(struct top *t) {
        if (t->now.n > 0)
                moment_note(&t->past, &t->now);
        int r = snapshot_take(&t->now, &t->link, NULL, 0);
        if (r < 0)
                return r;
        processes_measure(&t->now, &t->link);
        struct row *rows = reallocarray(t->rows, t->now.n + 1, sizeof(*rows));
        if (!rows)
                return -ENOMEM;
        t->rows = rows;
        return 0;
}

static void find_selected(struct top *t) {
        for (size_t i = 0; i < t->now.n; i++)
                if (strcmp(t->rows[i].unit->name, t->selected) == 0)
                        t->view.selected = i;
}

static void note_selected(struct top *t) {
        if (t->view.selected < t->now.n)
                (void) snprintf(t->selected, sizeof(t->selected), "%s", t->rows[t->view.selected].unit->name);
}

static void show(struct top *t) {
        autofree char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        if (!out)
                return;
        order_rows(&t->now, &t->past, t->view.by, t->rows);
        find_selected(t);
        t->view.screen = screen_of(STDOUT_FILENO);
        terminal_size(&t->view.screen.width, &t->view.height);
        t->view.message = t->message;
        draw(&t->view, out, &t->now.container, t->rows, t->now.n);
        note_selected(t);
        if (fclose(out) == 0) /* at once, so that nothing flickers */
                (void) !write(STDOUT_FILENO, text, size);
}

/* --- What is done. */

static int act(struct top *t) {
        bool kills = t->question == 'K';
        struct wire_out *out = link_begin(&t->link, MANAGER_PATH, MANAGER_INTERFACE,
                                          kills ? "KillUnit" : "RestartUnit", kills ? "ssi" : "ss");
        struct wire_in in;

        wire_string(out, t->selected);
        wire_string(out, kills ? "all" : "replace");
        if (kills)
                wire_u32(out, SIGTERM);
        int r = link_finish(&t->link, kills ? "" : "o", &in);
        if (r == -EREMOTEIO)
                (void) snprintf(t->message, sizeof(t->message), "%s", t->link.words);
        else if (r >= 0)
                (void) snprintf(t->message, sizeof(t->message), "%s: %s", t->selected,
                                kills ? "SIGTERM was sent" : "restarts");
        /* What is shown was borrowed from the answer before this one. */
        return r < 0 && r != -EREMOTEIO ? r : refresh(t);
}

static int take_answer(struct top *t, char key) {
        int r = 0;

        t->message[0] = '\0';
        if (key == 'y' || key == 'Y')
                r = act(t);
        t->question = 0;
        return r;
}

static void ask(struct top *t, char key) {
        if (*t->selected == '\0')
                return;
        t->question = key;
        (void) snprintf(t->message, sizeof(t->message), "%s %s? y/n", key == 'K' ? "SIGTERM to" : "restart",
                        t->selected);
}

/* Another program has the terminal until it is continued. To the whole job, as the terminal itself would:
 * where nobody is there to continue it (`docker exec -it`), the kernel does not stop it. */
static int pause_here(void) {
        terminal_close();
        (void) kill(0, SIGTSTP);
        return terminal_open();
}

static void select_by(struct top *t, ssize_t steps) {
        ssize_t at = (ssize_t) t->view.selected + steps;

        t->view.selected = at < 0 ? 0 : MIN((size_t) at, t->now.n > 0 ? t->now.n - 1 : 0);
        note_selected(t);
}

static void take_motion(struct top *t, char key) {
        ssize_t all = (ssize_t) t->now.n, page = (ssize_t) draw_room(&t->view);
        const struct {
                char key;
                ssize_t steps;
        } motions[] = {
                { 'j', 1 },           { 'k', -1 },  { CONTROL_F, page },
                { CONTROL_B, -page }, { 'G', all }, { 'g', -all },
        };

        for (size_t i = 0; i < countof(motions); i++)
                if (motions[i].key == key)
                        select_by(t, motions[i].steps);
}

static int take_key(struct top *t, char key) {
        int by = order_of_key(key);

        if (key == CONTROL_C || (key == 'q' && t->question == 0)) {
                t->is_over = true;
                return 0;
        }
        if (t->question != 0)
                return take_answer(t, key);
        t->message[0] = '\0';
        if (key == CONTROL_Z)
                return pause_here();
        if (key == CONTROL_L)
                (void) !write(STDOUT_FILENO, "\033[2J", 4);
        take_motion(t, key);
        if (key == 'R' || key == 'K')
                ask(t, key);
        if (by >= 0)
                t->view.by = (enum order) by;
        return 0;
}

/* What the terminal sends for a key of several bytes: "\033[", parameters and a letter, or "\033O" and one.
 */
static size_t length_of_key(const char *at) {
        if (at[0] != '\033' || (at[1] != '[' && at[1] != 'O'))
                return 1;
        size_t n = 2 + strspn(at + 2, "0123456789;?<");
        return n + (at[n] != '\0');
}

/* One byte that means the same; 0: nothing. */
static char short_key(const char *at, size_t length) {
        static const struct {
                const char *bytes;
                char key;
        } longs[] = {
                { "[A", 'k' },        { "[B", 'j' },        { "OA", 'k' }, { "OB", 'j' },
                { "[5~", CONTROL_B }, { "[6~", CONTROL_F }, { "[H", 'g' }, { "[F", 'G' },
                { "[1~", 'g' },       { "[4~", 'G' },       { "OH", 'g' }, { "OF", 'G' },
        };

        for (size_t i = 0; i < countof(longs); i++)
                if (strlen(longs[i].bytes) == length - 1 && text_starts(at + 1, longs[i].bytes))
                        return longs[i].key;
        return length > 1 ? '\0' : *at;
}

static int take_keys(struct top *t) {
        char text[64];
        ssize_t n = read(STDIN_FILENO, text, sizeof(text) - 1);
        int r = 0;

        if (n <= 0) {
                t->is_over = n == 0 || errno != EINTR; /* the terminal has gone */
                return 0;
        }
        text[n] = '\0';
        for (const char *at = text; *at && r >= 0 && !t->is_over;) {
                size_t length = length_of_key(at);
                r = take_key(t, short_key(at, length));
                at += length;
        }
        return r;
}

/* --- Again and again. */

/* Signals end it as `q` does, but for the one that says that the window is another. */
static int watch_signals(void) {
        static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH };
        sigset_t set;

        (void) sigemptyset(&set);
        for (size_t i = 0; i < countof(numbers); i++)
                (void) sigaddset(&set, numbers[i]);
        (void) sigprocmask(SIG_BLOCK, &set, NULL);
        return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void take_signal(struct top *t, int fd) {
        struct signalfd_siginfo info;

        while (read(fd, &info, sizeof(info)) == (ssize_t) sizeof(info))
                t->is_over |= info.ssi_signo != SIGWINCH;
}

static int run(struct top *t, int signals) {
        struct pollfd list[] = { { STDIN_FILENO, POLLIN, 0 }, { signals, POLLIN, 0 } };
        usec_t next = 0;
        int r = 0;

        while (r >= 0 && !t->is_over) {
                if (clock_monotonic() >= next) {
                        r = refresh(t);
                        next = clock_monotonic() + t->interval;
                }
                if (r >= 0)
                        show(t);
                if (r < 0 || clock_poll(list, countof(list), next) <= 0)
                        continue;
                if (list[1].revents)
                        take_signal(t, signals);
                if (list[0].revents)
                        r = take_keys(t);
        }
        return r;
}

static int complain_terminal(int error) {
        return verb_complain("top", error == -ENOTTY ? "it needs a terminal" : strerror(-error), NULL,
                             "`tend status` prints the same once");
}

static const char usage[] =
        "tend top [OPTIONS]\n"
        "  how units are, again and again, with keys to sort, restart and kill\n\n"
        "  --interval SPAN               how often it is looked (1s)\n"
        "  --sort WORD                   order (of the files), name, state, restarts, cpu or memory\n"
        "  --socket PATH                 ask the tend that listens there\n"
        "  --help                        this text\n\n"
        "Keys: q quits, j and k (or the arrows), Page Up and Down, g and G (or Home and End) select,\n"
        "R restarts, K sends SIGTERM; o n s t c m sort.\n";

/* The value of --NAME VALUE or --NAME=VALUE; NULL: it is another option. */
static const char *value_of(char **argv, int *i, const char *name) {
        size_t n = strlen(name);

        if (strncmp(argv[*i], name, n) != 0)
                return NULL;
        if (argv[*i][n] == '=')
                return argv[*i] + n + 1;
        return argv[*i][n] == '\0' && argv[*i + 1] ? argv[++*i] : NULL;
}

/* 0, or the exit code. */
static int take_option(struct top *t, char **argv, int *i, const char **path) {
        const char *word = argv[*i], *value;

        if ((value = value_of(argv, i, "--socket"))) {
                *path = value;
                return 0;
        }
        if ((value = value_of(argv, i, "--sort"))) {
                int by = order_of_word(value);
                t->view.by = (enum order) MAX(by, 0);
                return by >= 0 ? 0
                               : verb_complain("top", "not a column to sort by", value, "tend top --help");
        }
        if ((value = value_of(argv, i, "--interval"))) {
                bool is_span = parse_span(value, &t->interval) == 0 && t->interval >= INTERVAL_LEAST &&
                               t->interval <= USEC_PER_DAY;
                return is_span ? 0 : verb_complain("top", "not a span from 100ms to a day", value, NULL);
        }
        return verb_complain("top", "no such option", word, "tend top --help");
}

static int top_main(struct top *t, const char *path) {
        int e = link_open(&t->link, path);
        if (e == 0)
                e = refresh(t); /* what goes wrong is told before there is another page */
        if (e < 0)
                return link_complain(&t->link, "top", NULL, e);
        int signals = watch_signals();
        e = terminal_open();
        if (e < 0 || signals < 0)
                return complain_terminal(e < 0 ? e : -errno);
        e = run(t, signals);
        terminal_close();
        return e < 0 ? link_complain(&t->link, "top", NULL, e) : EXIT_FINE;
}

int main(int argc, char **argv) {
        struct top t = { .link = { .fd = -1 }, .interval = INTERVAL };
        const char *path = NULL;

        for (int i = 1; i < argc; i++) {
                if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
                        (void) fputs(usage, stdout);
                        return EXIT_FINE;
                }
                int code = take_option(&t, argv, &i, &path);
                if (code != 0)
                        return code;
        }
        int code = top_main(&t, path);
        link_close(&t.link);
        snapshot_done(&t.now);
        moment_done(&t.past);
        free(t.rows);
        return code;
}
