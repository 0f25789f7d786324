#include <errno.h>

#include "control/sasl.h"
#include "control/wire.h"
#include "tests/unit/test.h"

static void write_all(struct wire_out *out) {
        char *words[] = { (char[]){ "one" }, (char[]){ "two" }, NULL };

        wire_string(out, "s");
        wire_byte(out, 7);
        wire_u64(out, 1ULL << 40);
        wire_strings(out, words);
        struct wire_mark mark = wire_array(out, 8);
        for (uint32_t i = 0; i < 3; i++) {
                wire_struct(out);
                wire_string(out, "key");
                wire_variant(out, "u");
                wire_u32(out, i);
        }
        wire_array_end(out, mark);
        wire_u32(out, 1);
}

static void make(struct wire_out *out) {
        const struct wire_head head = {
                .type = WIRE_CALL,
                .serial = 9,
                .path = "/a/b",
                .interface = "a.b",
                .member = "Do",
                .destination = "c.d",
                .signature = "sytasa{sv}b",
        };

        wire_begin(out, &head);
        write_all(out);
        CHECK(wire_end(out) == 0);
}

TEST(wire_gives_back_what_was_written) {
        struct wire_out out = {};
        struct wire_head head;
        struct wire_in body, list;
        const char *words[2];

        make(&out);
        CHECK(wire_size(out.data) == (ssize_t) out.n);
        CHECK(wire_read_head(out.data, out.n, &head, &body) == 0);
        CHECK(head.type == WIRE_CALL && head.serial == 9 && head.reply_serial == 0 && !head.error);
        CHECK_STRING(head.path, "/a/b");
        CHECK_STRING(head.member, "Do");
        CHECK_STRING(head.destination, "c.d");
        CHECK_STRING(head.signature, "sytasa{sv}b");
        CHECK_STRING(wire_read_string(&body), "s");
        CHECK(wire_read_byte(&body) == 7);
        CHECK(wire_read_u64(&body) == 1ULL << 40);
        CHECK(wire_read_strings(&body, words, 2) == 2);
        CHECK_STRING(words[1], "two");
        wire_read_array(&body, 8, &list);
        for (uint32_t i = 0; wire_has_more(&list); i++) {
                wire_read_struct(&list);
                CHECK_STRING(wire_read_string(&list), "key");
                CHECK_STRING(wire_read_signature(&list), "u");
                CHECK(wire_read_u32(&list) == i);
        }
        CHECK(wire_read_bool(&body) && !body.bad && !wire_has_more(&body));
        wire_done(&out);
}

/* Past the end, and what is of another type: 0 or "", and it is known. */
TEST(wire_reads_nothing_past_the_end) {
        struct wire_out out = {};
        struct wire_head head;
        struct wire_in body;
        const char *words[1];

        make(&out);
        CHECK(wire_read_head(out.data, out.n, &head, &body) == 0);
        struct wire_in at = body;
        at.end = at.at + 3;
        CHECK_STRING(wire_read_string(&at), "");
        CHECK(at.bad && wire_read_u64(&at) == 0 && wire_read_byte(&at) == 0);
        at = body;
        (void) wire_read_byte(&at);
        CHECK_STRING(wire_read_string(&at), "", "a byte is no length");
        at = body;
        (void) wire_read_string(&at);
        (void) wire_read_byte(&at);
        (void) wire_read_u64(&at);
        CHECK(wire_read_strings(&at, words, 1) == -E2BIG);
        wire_done(&out);
}

/* Each byte in turn is another, and each length is too short: nothing is read that is not there (which the
 * sanitizers see), and no string is without its end. */
TEST(wire_takes_any_bytes) {
        struct wire_out out = {};
        struct wire_head head;
        struct wire_in body;

        make(&out);
        for (size_t i = 0; i < out.n; i++)
                for (unsigned change = 1; change < 256; change <<= 1) {
                        out.data[i] = (char) (out.data[i] ^ (int) change);
                        for (size_t n = i; n <= out.n; n += 7) {
                                autofree char *copy = malloc(MAX(n, (size_t) WIRE_HEADER_MIN));
                                if (!copy) {
                                        CHECK(false, "no memory");
                                        return;
                                }
                                memcpy(copy, out.data, MAX(n, (size_t) WIRE_HEADER_MIN));
                                if (n < WIRE_HEADER_MIN || wire_size(copy) != (ssize_t) n)
                                        continue;
                                if (wire_read_head(copy, n, &head, &body) == 0)
                                        CHECK(head.path && head.member && strlen(head.signature) < 256);
                        }
                        out.data[i] = (char) (out.data[i] ^ (int) change);
                }
        wire_done(&out);
}

TEST(wire_sizes_that_are_refused) {
        static const struct {
                uint32_t body, fields;
                char order, version;
                int wanted;
        } rows[] = {
                { 0, 8, 'l', 1, 24 },
                { 5, 9, 'l', 1, 37 },
                { WIRE_MOST - 24, 8, 'l', 1, WIRE_MOST },
                { WIRE_MOST - 23, 8, 'l', 1, -EMSGSIZE },
                { UINT32_MAX, 8, 'l', 1, -EMSGSIZE },
                { 8, UINT32_MAX, 'l', 1, -EMSGSIZE },
                { 8, 8, 'x', 1, -EBADMSG },
                { 8, 8, 'l', 2, -EBADMSG },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                char data[WIRE_HEADER_MIN] = { rows[i].order, 1, 0, rows[i].version };
                if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__ && data[0] == 'l')
                        data[0] = 'B';
                memcpy(data + 4, &rows[i].body, 4);
                memcpy(data + 12, &rows[i].fields, 4);
                CHECK(wire_size(data) == rows[i].wanted, "row %zu", i);
        }
}

TEST(wire_cancels_and_goes_on) {
        struct wire_out out = {};
        struct wire_head head = {
                .type = WIRE_ERROR, .serial = 1, .reply_serial = 2, .error = "e.f", .signature = "s"
        };
        struct wire_in body;

        make(&out);
        size_t n = out.n;
        wire_begin(&out, &head);
        wire_string(&out, "not to be sent");
        wire_cancel(&out);
        CHECK(out.n == n);
        wire_begin(&out, &head);
        wire_string(&out, "sent");
        CHECK(wire_end(&out) == 0);
        CHECK(wire_read_head(out.data + n, out.n - n, &head, &body) == 0 && head.reply_serial == 2);
        CHECK_STRING(wire_read_string(&body), "sent");
        wire_done(&out);
}

/* --- Who it is. */

/* What a client says, all at once, and what it is told; '0' stands for the NUL in front. */
TEST(sasl_conversations) {
        static const struct {
                const char *says, *told;
                enum sasl_state state;
                int end; /* of the last step: 0 waits for more, or an errno */
        } rows[] = {
                { "0AUTH EXTERNAL\r\nDATA\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n", "DATA OK AGREE_UNIX_FD",
                  SASL_DONE, 0 },
                { "0NEGOTIATE_UNIX_FD\r\n", "ERROR", SASL_WAITS, 0 },
                { "0AUTH EXTERNAL 31303030\r\nBEGIN\r\n", "OK", SASL_DONE, 0 },
                { "0AUTH EXTERNAL 30\r\nBEGIN\r\n", "REJECTED ERROR", SASL_WAITS, 0 },
                { "0AUTH\r\nAUTH EXTERNAL 31303030\r\n", "REJECTED OK", SASL_KNOWN, 0 },
                { "0AUTH ANONYMOUS\r\n", "REJECTED", SASL_WAITS, 0 },
                { "0AUTH EXTERNAL 3130303\r\n", "REJECTED", SASL_WAITS, 0 },
                { "0AUTH EXTERNAL\r\nDATA 30\r\n", "DATA REJECTED", SASL_WAITS, 0 },
                { "0AUTH EXTERNAL\r\nCANCEL\r\nBEGIN\r\n", "DATA REJECTED ERROR", SASL_WAITS, 0 },
                { "0BEGIN\r\n", "ERROR", SASL_WAITS, 0 },
                { "0AUTH EXTER", "", SASL_WAITS, 0 },
                { "AUTH EXTERNAL\r\n", "", SASL_WAITS, -EPERM },
                { "0AUTH EXTERNAL\n", "", SASL_WAITS, -EPERM },
                { "0\r\n", "ERROR", SASL_WAITS, 0 },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                struct sasl s = { .uid = 1000, .takes_fds = true };
                char says[256], told[256] = "", reply[SASL_REPLY_MAX];
                size_t size = strlen(rows[i].says), at = 0;
                ssize_t n = 0;
                memcpy(says, rows[i].says, size);
                if (says[0] == '0')
                        says[0] = '\0';
                while (s.state != SASL_DONE && (n = sasl_take(&s, says + at, size - at, reply)) > 0) {
                        at += (size_t) n;
                        reply[strcspn(reply, " \r")] = '\0';
                        (void) snprintf(told + strlen(told), sizeof(told) - strlen(told), "%s%s",
                                        *told && *reply ? " " : "", reply);
                }
                CHECK_STRING(told, rows[i].told, "row %zu", i);
                CHECK(s.state == rows[i].state, "row %zu", i);
                CHECK(s.state == SASL_DONE ? at == size : n == rows[i].end, "row %zu: %zd", i, n);
        }
}

TEST(sasl_descriptors_are_not_for_everybody) {
        char reply[SASL_REPLY_MAX], line[] = "NEGOTIATE_UNIX_FD\r\n";
        struct sasl s = { .state = SASL_KNOWN };

        CHECK(sasl_take(&s, line, strlen(line), reply) == (ssize_t) strlen(line));
        CHECK_STRING(reply, "ERROR\r\n");
        CHECK(s.state == SASL_KNOWN);
}

TEST(sasl_lines_end) {
        char line[SASL_MOST + 1], reply[SASL_REPLY_MAX];
        struct sasl s = { .state = SASL_WAITS };

        memset(line, 'A', sizeof(line));
        CHECK(sasl_take(&s, line, SASL_MOST - 1, reply) == 0);
        CHECK(sasl_take(&s, line, SASL_MOST, reply) == -EPERM);
}
