/* Any bytes from a client of the control socket: the lines that say who it is, then messages, as peer.c takes
 * them. Strings end inside of the message, sizes are within bounds. */

#include <string.h>

#include "control/live-status.h"
#include "control/sasl.h"
#include "control/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const char *text, const char *from, const char *end) {
        if (text && *text && (text < from || text + strlen(text) >= end))
                abort();
}

/* The arguments as each kind of reader takes them, whatever they are. */
static void read_body(const struct wire_in *body) {
        const char *list[8], *end = body->data + body->end;
        struct wire_in in = *body, inside;

        while (wire_has_more(&in))
                look(wire_read_string(&in), body->data, end);
        in = *body;
        ssize_t n = wire_read_strings(&in, list, 8);
        for (ssize_t i = 0; i < n; i++)
                look(list[i], body->data, end);
        in = *body;
        wire_read_array(&in, 8, &inside);
        while (wire_has_more(&inside)) {
                wire_read_struct(&inside);
                look(wire_read_string(&inside), body->data, end);
                look(wire_read_signature(&inside), body->data, end);
                (void) wire_read_u64(&inside);
        }
        in = *body;
        (void) wire_read_bool(&in);
        (void) wire_read_byte(&in);
        (void) wire_read_u32(&in);
}

/* A client's side: what a server answers, as a status. */
static void read_status(const struct wire_in *body) {
        const char *end = body->data + body->end;
        struct wire_in in = *body, list;
        struct live_container c;
        struct live_status u;

        live_read_container(&in, &c);
        look(c.tier_hint, body->data, end);
        wire_read_array(&in, 8, &list);
        while (wire_has_more(&list)) {
                live_read_unit(&list, &u);
                look(u.name, body->data, end);
                look(u.cpu_tier, body->data, end);
                if (u.n_exits > LIVE_EXITS_MOST)
                        abort();
                for (size_t i = 0; i < u.n_exits; i++)
                        look(u.exits[i].why, body->data, end);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct sasl s = { .uid = 1000, .state = size % 2 ? SASL_NUL : SASL_DONE };
        autofree char *text = malloc(size + 1);
        char reply[SASL_REPLY_MAX];
        struct wire_head head;
        struct wire_in body;
        size_t at = 0;
        ssize_t n;

        if (!text)
                return 0;
        memcpy(text, data, size);
        while (s.state != SASL_DONE && (n = sasl_take(&s, text + at, size - at, reply)) > 0)
                at += (size_t) n;
        if (s.state != SASL_DONE || size - at < WIRE_HEADER_MIN)
                return 0;
        n = wire_size(text + at);
        if (n > WIRE_MOST || (n >= 0 && n < WIRE_HEADER_MIN))
                abort();
        if (n < 0 || (size_t) n > size - at)
                return 0;

        autofree char *message = malloc((size_t) n);
        if (!message)
                return 0;
        memcpy(message, text + at, (size_t) n);
        if (wire_read_head(message, (size_t) n, &head, &body) < 0)
                return 0;
        look(head.path, message, message + n);
        look(head.interface, message, message + n);
        look(head.member, message, message + n);
        look(head.signature, message, message + n);
        read_body(&body);
        read_status(&body);
        return 0;
}
