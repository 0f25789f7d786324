#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>

#include "base/log.h"
#include "tests/unit/test.h"

/* stderr is put elsewhere while a test runs. */
struct capture {
        int saved, read_fd, write_fd;
        struct sigaction pipe_action;
        char text[8192];
};

static bool begin(struct capture *c, bool is_socket) {
        int ends[2] = { -1, -1 };

        (void) fflush(stderr);
        c->saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
        if (is_socket ? socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) : pipe2(ends, O_CLOEXEC))
                return CHECK(false);
        c->read_fd = ends[0];
        c->write_fd = ends[1];
        (void) fcntl(c->read_fd, F_SETFL, O_NONBLOCK);
        (void) dup2(c->write_fd, STDERR_FILENO);
        (void) sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN }, &c->pipe_action);
        log_open(LOG_LEVEL_INFO);
        return true;
}

static const char *take(struct capture *c) {
        ssize_t n = read(c->read_fd, c->text, sizeof(c->text) - 1);
        c->text[n > 0 ? n : 0] = '\0';
        return c->text;
}

static void end(struct capture *c) {
        log_close();
        (void) dup2(c->saved, STDERR_FILENO);
        (void) close(c->saved);
        (void) close(c->write_fd);
        (void) close(c->read_fd);
        (void) sigaction(SIGPIPE, &c->pipe_action, NULL);
}

TEST(log_makes_one_line_of_one_message) {
        static const struct {
                const char *unit, *text, *line;
        } rows[] = {
                { NULL, "ready", "tend: ready\n" },
                { "web.service", "exited with code 1", "tend: web.service: exited with code 1\n" },
                { NULL, "a\nb\tc\rd", "tend: a\\nb\\tc\\x0dd\n" },
                { "we\nb", "\033[31m", "tend: we\\nb: \\x1b[31m\n" },
                { NULL, "caf\303\251 \177", "tend: caf\303\251 \\x7f\n" },
                { NULL, "", "tend: \n" },
        };
        struct capture c = {};

        for (size_t i = 0; i < countof(rows) && begin(&c, false); i++) {
                log_info(rows[i].unit, "%s", rows[i].text);
                const char *got = take(&c);
                end(&c);
                CHECK_STRING(got, rows[i].line, "row %zu", i);
        }
}

TEST(log_says_only_what_is_wanted) {
        struct capture c = {};

        if (!begin(&c, false))
                return;
        log_set_level(LOG_LEVEL_WARNING);
        log_error(NULL, "1");
        log_warning(NULL, "2");
        log_info(NULL, "3");
        log_debug(NULL, "4");
        const char *got = take(&c);
        end(&c);
        CHECK_STRING(got, "tend: 1\ntend: 2\n");
        CHECK(log_wants(LOG_LEVEL_ERROR) && !log_wants(LOG_LEVEL_INFO));
}

TEST(log_cuts_long_lines_between_characters) {
        autofree char *text = calloc(1, 10001);
        struct capture c = {};

        if (!text || !begin(&c, false))
                return;
        for (size_t n = 0; n < 10000; n += 2)
                memcpy(text + n, "\303\251", 2);
        log_info("a", "%s", text);
        const char *got = take(&c);
        end(&c);

        size_t length = strlen(got);
        if (!CHECK(length <= 2048 && length > 2040, "%zu", length))
                return;
        CHECK_STRING(got + length - 4, "…\n");
        CHECK(memcmp(got + length - 6, "\303\251", 2) == 0);
}

TEST(log_drops_and_counts_what_a_full_pipe_has_no_room_for) {
        struct capture c = {};
        autofree char *text = calloc(1, 1001);

        if (!text)
                return;
        memset(text, 'x', 1000);
        for (int is_socket = 0; is_socket < 2 && begin(&c, is_socket); is_socket++) {
                size_t n = 0, dropped, before = log_dropped_ever();
                while (log_dropped() == 0 && n++ < 10000)
                        log_info(NULL, "%s", text);
                dropped = log_dropped();

                while (*take(&c))
                        continue;
                log_info(NULL, "through");
                const char *got = take(&c);
                end(&c);
                CHECK(n < 10000 && dropped == 1, "socket %d: %zu", is_socket, dropped);
                CHECK(strstr(got, "tend: 1 lines were lost here\ntend: through\n"), "socket %d: %s",
                      is_socket, got);
                CHECK(log_dropped() == 0 && log_dropped_ever() == before + 1, "socket %d", is_socket);
        }
}

TEST(log_leaves_the_flags_of_stderr_alone) {
        struct capture c = {};

        if (!begin(&c, false))
                return;
        int flags = fcntl(STDERR_FILENO, F_GETFL);
        end(&c);
        CHECK(!(flags & O_NONBLOCK));
}

TEST(log_outlives_a_closed_reader_and_keeps_errno) {
        struct capture c = {};

        if (!begin(&c, false))
                return;
        (void) close(c.read_fd);
        errno = EXDEV;
        log_info(NULL, "nobody reads this");
        int error = errno;
        size_t dropped = log_dropped();
        c.read_fd = -1;
        end(&c);
        CHECK(error == EXDEV);
        CHECK(dropped == 1);

        /* Told, and so no longer counted, once there is somebody again. */
        if (!begin(&c, false))
                return;
        log_info(NULL, "again");
        const char *got = take(&c);
        end(&c);
        CHECK_STRING(got, "tend: 1 lines were lost here\ntend: again\n");
}
