#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/log.h"

#define LINE_MAX_BYTES 2048 /* PIPE_BUF is 4096: a line reaches a pipe whole or not at all */
#define ELLIPSIS       "…"

static struct {
        int fd;
        enum log_level most;
        bool is_socket;
        bool polls; /* could not be made non-blocking: asked for room before each write */
        bool torn;  /* the last line got through in part */
        size_t dropped, dropped_ever;
} out = { .fd = STDERR_FILENO, .most = LOG_LEVEL_INFO };

struct line {
        char text[LINE_MAX_BYTES];
        size_t length;
        bool is_full;
};

/* Room for the ellipsis and the end of line is kept free. */
static void put(struct line *l, const char *text, size_t n) {
        if (l->is_full)
                return;
        if (n > sizeof(l->text) - strlen(ELLIPSIS) - 1 - l->length) {
                l->is_full = true;
                return;
        }
        memcpy(l->text + l->length, text, n);
        l->length += n;
}

/* How many bytes make up the character at `text`: a cut must not go through the middle of one. */
static size_t character_length(const char *text) {
        size_t n = 1;

        if (((unsigned char) *text & 0xc0) == 0xc0)
                while (n < 4 && ((unsigned char) text[n] & 0xc0) == 0x80)
                        n++;
        return n;
}

/* A control character would let a unit's text forge lines or drive the terminal. */
static void put_escaped(struct line *l, const char *text) {
        static const char hex[] = "0123456789abcdef";

        while (*text && !l->is_full) {
                unsigned char c = (unsigned char) *text;
                const char escaped[] = { '\\', 'x', hex[c >> 4], hex[c & 15] };
                size_t n = 1;

                if (c == '\n')
                        put(l, "\\n", 2);
                else if (c == '\t')
                        put(l, "\\t", 2);
                else if (c < 0x20 || c == 0x7f)
                        put(l, escaped, sizeof(escaped));
                else
                        put(l, text, n = character_length(text));
                text += n;
        }
}

static void end_line(struct line *l) {
        if (l->is_full) {
                memcpy(l->text + l->length, ELLIPSIS, strlen(ELLIPSIS));
                l->length += strlen(ELLIPSIS);
        }
        l->text[l->length++] = '\n';
}

static bool has_room(void) {
        struct pollfd p = { .fd = out.fd, .events = POLLOUT };
        return !out.polls || poll(&p, 1, 0) > 0;
}

static ssize_t write_some(const char *text, size_t n) {
        if (!has_room()) {
                errno = EAGAIN;
                return -1;
        }
        if (out.is_socket)
                return send(out.fd, text, n, MSG_DONTWAIT | MSG_NOSIGNAL);
        return write(out.fd, text, n);
}

/* All of it, or as much as there is room for now. The end of a line that was torn is not owed: the next one
 * starts afresh. */
static bool write_line(const char *text, size_t n) {
        size_t done = 0;

        while (done < n) {
                ssize_t k = write_some(text + done, n - done);
                if (k < 0 && errno == EINTR)
                        continue;
                if (k <= 0)
                        break;
                done += (size_t) k;
        }
        if (done > 0)
                out.torn = done < n;
        return done == n;
}

static void tell_dropped(void) {
        char text[64];
        int n = snprintf(text, sizeof(text), "tend: %zu lines were lost here\n", out.dropped);

        if (write_line(text, (size_t) n))
                out.dropped = 0;
}

static void emit(const struct line *l) {
        if (out.torn && write_line("\n", 1))
                out.torn = false;
        if (out.dropped > 0 && !out.torn)
                tell_dropped();
        if (out.torn || out.dropped > 0 || !write_line(l->text, l->length)) {
                out.dropped++;
                out.dropped_ever++;
        }
}

void log_open(enum log_level most) {
        struct stat st;

        out.most = most;
        if (out.fd != STDERR_FILENO)
                return;
        if (fstat(STDERR_FILENO, &st) < 0 || S_ISREG(st.st_mode))
                return;
        out.is_socket = S_ISSOCK(st.st_mode);
        if (out.is_socket)
                return;

        /* Anew, not by fcntl(): the flag belongs to the open file description, and that is shared with every
         * child. */
        autoclose int fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | O_APPEND);
        if (fd >= 0 && fd <= STDERR_FILENO) {
                int above = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
                (void) close(fd);
                fd = above;
        }
        out.polls = fd < 0;
        if (fd >= 0)
                out.fd = TAKE_FD(fd);
}

void log_close(void) {
        if (out.fd != STDERR_FILENO)
                (void) close(out.fd);
        out.fd = STDERR_FILENO;
        out.is_socket = out.polls = false;
}

void log_set_level(enum log_level most) {
        out.most = most;
}

bool log_wants(enum log_level level) {
        return level <= out.most;
}

size_t log_dropped(void) {
        return out.dropped;
}

size_t log_dropped_ever(void) {
        return out.dropped_ever;
}

void log_line(enum log_level level, const char *unit, const char *format, ...) {
        if (!log_wants(level))
                return;

        int saved = errno;
        char text[LINE_MAX_BYTES];
        va_list arguments;

        va_start(arguments, format);
        int n = vsnprintf(text, sizeof(text), format, arguments); /* NOLINT(clang-analyzer-valist.*): it is */
        va_end(arguments);

        struct line l;
        l.length = 0;
        l.is_full = false;
        put(&l, "tend: ", strlen("tend: "));
        if (unit) {
                put_escaped(&l, unit);
                put(&l, ": ", 2);
        }
        put_escaped(&l, n < 0 ? format : text);
        end_line(&l);
        emit(&l);
        errno = saved;
}
