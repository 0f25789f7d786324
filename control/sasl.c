#include <errno.h>
#include <string.h>

#include "base/parse.h"
#include "base/text.h"
#include "control/sasl.h"

#define REJECTED "REJECTED EXTERNAL\r\n"

/* The digits of a uid in hexadecimal; none at all is "whoever I am". */
static bool is_uid(const char *text, uid_t uid) {
        char digits[16];
        unsigned value;
        size_t n = 0;

        if (*text == '\0')
                return true;
        for (; text[0] && text[1] && n < sizeof(digits) - 1; text += 2) {
                int high = text_hex_digit(text[0]), low = text_hex_digit(text[1]);
                if (high < 0 || low < 0)
                        return false;
                digits[n++] = (char) (high << 4 | low);
        }
        digits[n] = '\0';
        return *text == '\0' && parse_unsigned(digits, UINT32_MAX, &value) == 0 && value == uid;
}

static const char *decide(struct sasl *s, const char *who) {
        s->state = is_uid(who, s->uid) ? SASL_KNOWN : SASL_WAITS;
        return s->state == SASL_KNOWN ? "OK " SASL_GUID "\r\n" : REJECTED;
}

/* What follows a word, or NULL where it does not begin with that. */
static const char *behind(const char *line, const char *word) {
        size_t n = strlen(word);

        if (strncmp(line, word, n) != 0 || (line[n] != ' ' && line[n] != '\0'))
                return NULL;
        return line[n] == ' ' ? line + n + 1 : line + n;
}

static const char *answer(struct sasl *s, const char *line) {
        const char *who = behind(line, "AUTH EXTERNAL");

        if (who && s->state == SASL_WAITS) {
                if (*who)
                        return decide(s, who);
                s->state = SASL_DATA;
                return "DATA\r\n";
        }
        who = behind(line, "DATA");
        if (who && s->state == SASL_DATA)
                return decide(s, who);
        if (behind(line, "BEGIN") && s->state == SASL_KNOWN) {
                s->state = SASL_DONE;
                return "";
        }
        if (behind(line, "AUTH") || behind(line, "CANCEL") || behind(line, "ERROR")) {
                s->state = SASL_WAITS;
                return REJECTED;
        }
        /* Nobody keeps any: they are closed by the kernel as they come. But where none may be sent, systemctl
         * does not ask for what it would send one with, and does not ask otherwise either. */
        if (behind(line, "NEGOTIATE_UNIX_FD") && s->state == SASL_KNOWN && s->takes_fds)
                return "AGREE_UNIX_FD\r\n";
        return "ERROR\r\n";
}

ssize_t sasl_take(struct sasl *s, const char *data, size_t size, char reply[SASL_REPLY_MAX]) {
        char line[SASL_MOST];

        reply[0] = '\0';
        if (size == 0)
                return 0;
        if (s->state == SASL_NUL) {
                s->state = SASL_WAITS;
                return data[0] == '\0' ? 1 : -EPERM;
        }
        const char *end = memchr(data, '\n', MIN(size, sizeof(line)));
        if (!end)
                return size < sizeof(line) ? 0 : -EPERM;
        size_t n = (size_t) (end - data);
        if (n == 0 || data[n - 1] != '\r' || memchr(data, '\0', n))
                return -EPERM;
        memcpy(line, data, n - 1);
        line[n - 1] = '\0';
        (void) snprintf(reply, SASL_REPLY_MAX, "%s", answer(s, line));
        return (ssize_t) n + 1;
}
