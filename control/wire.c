#include <errno.h>
#include <string.h>
#include <sys/types.h>

#include "control/wire.h"

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NATIVE 'l'
#else
#define NATIVE 'B'
#endif

/* The fields of a header, by their codes. */
enum field {
        FIELD_PATH = 1,
        FIELD_INTERFACE,
        FIELD_MEMBER,
        FIELD_ERROR,
        FIELD_REPLY_SERIAL,
        FIELD_DESTINATION,
        FIELD_SENDER,
        FIELD_SIGNATURE,
        FIELD_UNIX_FDS,
        FIELD_COUNT
};

static const struct {
        char type;
        size_t offset; /* in struct wire_head, of strings */
} fields[FIELD_COUNT] = {
        [FIELD_PATH] = { 'o', offsetof(struct wire_head, path) },
        [FIELD_INTERFACE] = { 's', offsetof(struct wire_head, interface) },
        [FIELD_MEMBER] = { 's', offsetof(struct wire_head, member) },
        [FIELD_ERROR] = { 's', offsetof(struct wire_head, error) },
        [FIELD_REPLY_SERIAL] = { 'u', 0 },
        [FIELD_DESTINATION] = { 's', offsetof(struct wire_head, destination) },
        [FIELD_SENDER] = { 's', offsetof(struct wire_head, sender) },
        [FIELD_SIGNATURE] = { 'g', offsetof(struct wire_head, signature) },
        [FIELD_UNIX_FDS] = { 'u', 0 },
};

static size_t align(size_t at, size_t to) {
        return (at + to - 1) / to * to;
}

/* --- Reading. */

/* The next `n` bytes at that alignment, or NULL. */
static const char *take(struct wire_in *in, size_t alignment, size_t n) {
        size_t at = align(in->at, alignment);

        if (in->bad || at > in->end || n > in->end - at) {
                in->bad = true;
                return NULL;
        }
        in->at = at + n;
        return in->data + at;
}

uint8_t wire_read_byte(struct wire_in *in) {
        const char *at = take(in, 1, 1);
        return at ? (uint8_t) *at : 0;
}

uint32_t wire_read_u32(struct wire_in *in) {
        const char *at = take(in, 4, 4);
        uint32_t value = 0;

        if (at)
                memcpy(&value, at, sizeof(value));
        return value;
}

uint64_t wire_read_u64(struct wire_in *in) {
        const char *at = take(in, 8, 8);
        uint64_t value = 0;

        if (at)
                memcpy(&value, at, sizeof(value));
        return value;
}

bool wire_read_bool(struct wire_in *in) {
        uint32_t value = wire_read_u32(in);

        in->bad |= value > 1;
        return value == 1;
}

static const char *read_text(struct wire_in *in, size_t n) {
        const char *text = take(in, 1, n + 1);

        if (text && text[n] == '\0' && strlen(text) == n)
                return text;
        in->bad = true;
        return "";
}

const char *wire_read_string(struct wire_in *in) {
        uint32_t n = wire_read_u32(in);
        return n <= WIRE_MOST ? read_text(in, n) : read_text(in, SIZE_MAX - 1);
}

const char *wire_read_signature(struct wire_in *in) {
        return read_text(in, wire_read_byte(in));
}

void wire_read_struct(struct wire_in *in) {
        (void) take(in, 8, 0);
}

void wire_read_array(struct wire_in *in, size_t alignment, struct wire_in *ret) {
        uint32_t n = wire_read_u32(in);
        const char *inside = take(in, alignment, n);

        *ret = (struct wire_in){ .data = in->data, .bad = !inside };
        if (!inside)
                return;
        ret->at = (size_t) (inside - in->data);
        ret->end = ret->at + n;
}

ssize_t wire_read_strings(struct wire_in *in, const char **list, size_t most) {
        struct wire_in inside;
        size_t n = 0;

        wire_read_array(in, 4, &inside);
        while (wire_has_more(&inside)) {
                if (n == most)
                        return -E2BIG;
                list[n++] = wire_read_string(&inside);
        }
        in->bad |= inside.bad;
        return in->bad ? -EBADMSG : (ssize_t) n;
}

ssize_t wire_size_within(const char *data, size_t most) {
        uint32_t body, head;

        memcpy(&body, data + 4, sizeof(body));
        memcpy(&head, data + 12, sizeof(head));
        if (data[0] != NATIVE || data[3] != 1)
                return -EBADMSG;
        if (body > most || head > most)
                return -EMSGSIZE;
        size_t size = align(WIRE_HEADER_MIN + (size_t) head, 8) + body;
        return size > most ? -EMSGSIZE : (ssize_t) size;
}

ssize_t wire_size(const char *data) {
        return wire_size_within(data, WIRE_MOST);
}

static void read_field(struct wire_in *in, struct wire_head *head) {
        wire_read_struct(in);
        uint8_t code = wire_read_byte(in);
        const char *type = wire_read_signature(in);

        /* One that the specification does not have must be passed over, and whatever it has inside: of those
         * that a client could send, none is known. */
        if (in->bad || code == 0 || code >= FIELD_COUNT || type[0] != fields[code].type || type[1] != '\0') {
                in->bad = true;
                return;
        }
        if (type[0] == 'u') {
                uint32_t value = wire_read_u32(in);
                if (code == FIELD_REPLY_SERIAL)
                        head->reply_serial = value;
                return;
        }
        const char *text = type[0] == 'g' ? wire_read_signature(in) : wire_read_string(in);
        memcpy((char *) head + fields[code].offset, &text, sizeof(text));
}

static bool is_path(const char *path) {
        if (path[0] != '/')
                return false;
        for (const char *at = path; *at; at++)
                if (*at == '/'
                            ? at[1] == '/' || (at[1] == '\0' && at != path)
                            : !strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", *at))
                        return false;
        return true;
}

/* What each type of message must have. */
static bool is_whole(const struct wire_head *h) {
        switch (h->type) {
        case WIRE_CALL:
                return h->path && h->member && is_path(h->path);
        case WIRE_SIGNAL:
                return h->path && h->member && h->interface;
        case WIRE_ERROR:
                return h->error && h->reply_serial != 0;
        case WIRE_RETURN:
                return h->reply_serial != 0;
        }
        return false;
}

int wire_read_head(const char *data, size_t size, struct wire_head *ret, struct wire_in *ret_body) {
        struct wire_head head = { .type = (enum wire_type)(uint8_t) data[1], .flags = (uint8_t) data[2] };
        struct wire_in in = { .data = data, .at = 8, .end = size }, list;

        head.serial = wire_read_u32(&in);
        wire_read_array(&in, 8, &list);
        while (wire_has_more(&list))
                read_field(&list, &head);
        wire_read_struct(&in); /* the padding before the body */
        if (in.bad || list.bad || head.serial == 0 || !is_whole(&head))
                return -EBADMSG;
        if (!head.signature)
                head.signature = "";
        *ret = head;
        *ret_body = in;
        return 0;
}

/* --- Writing. */

/* Room for `n` more bytes; NULL where there is none to be had. */
static char *grow(struct wire_out *out, size_t n) {
        if (out->failed || n > WIRE_ANSWER_MOST || out->n > WIRE_ANSWER_MOST - n)
                out->failed = true;
        else if (out->n + n > out->room) {
                size_t twice = MAX(out->room * 2, (size_t) 512), room = MAX(out->n + n, twice);
                char *data = realloc(out->data, room);
                if (data) {
                        out->data = data;
                        out->room = room;
                } else
                        out->failed = true;
        }
        if (out->failed)
                return NULL;
        out->n += n;
        return out->data + out->n - n;
}

static void put(struct wire_out *out, size_t alignment, const void *data, size_t n) {
        size_t gap = align(out->n - out->start, alignment) - (out->n - out->start);
        char *at = grow(out, gap + n);

        if (!at)
                return;
        memset(at, 0, gap);
        if (n > 0)
                memcpy(at + gap, data, n);
}

void wire_byte(struct wire_out *out, uint8_t value) {
        put(out, 1, &value, sizeof(value));
}

void wire_u32(struct wire_out *out, uint32_t value) {
        put(out, 4, &value, sizeof(value));
}

void wire_u64(struct wire_out *out, uint64_t value) {
        put(out, 8, &value, sizeof(value));
}

void wire_string(struct wire_out *out, const char *value) {
        size_t n = value ? strlen(value) : 0;

        wire_u32(out, (uint32_t) n);
        put(out, 1, value ? value : "", n + 1);
}

static void write_signature(struct wire_out *out, const char *value) {
        wire_byte(out, (uint8_t) strlen(value));
        put(out, 1, value, strlen(value) + 1);
}

void wire_struct(struct wire_out *out) {
        put(out, 8, NULL, 0);
}

void wire_variant(struct wire_out *out, const char *signature) {
        write_signature(out, signature);
}

struct wire_mark wire_array(struct wire_out *out, size_t alignment) {
        wire_u32(out, 0);
        size_t length_at = out->n - sizeof(uint32_t);
        put(out, alignment, NULL, 0);
        return (struct wire_mark){ length_at, out->n };
}

void wire_array_end(struct wire_out *out, struct wire_mark mark) {
        uint32_t length = (uint32_t) (out->n - mark.from);

        if (!out->failed)
                memcpy(out->data + mark.length_at, &length, sizeof(length));
}

void wire_strings(struct wire_out *out, char *const *list) {
        struct wire_mark mark = wire_array(out, 4);

        for (; list && *list; list++)
                wire_string(out, *list);
        wire_array_end(out, mark);
}

static void write_field(struct wire_out *out, enum field code, const struct wire_head *head) {
        const char *text;

        if (code == FIELD_REPLY_SERIAL) {
                if (head->reply_serial == 0)
                        return;
                wire_struct(out);
                wire_byte(out, (uint8_t) code);
                write_signature(out, "u");
                wire_u32(out, head->reply_serial);
                return;
        }
        memcpy(&text, (const char *) head + fields[code].offset, sizeof(text));
        if (!text || (code == FIELD_SIGNATURE && *text == '\0'))
                return;
        wire_struct(out);
        wire_byte(out, (uint8_t) code);
        write_signature(out, (char[]){ fields[code].type, '\0' });
        if (code == FIELD_SIGNATURE)
                write_signature(out, text);
        else
                wire_string(out, text);
}

void wire_begin(struct wire_out *out, const struct wire_head *head) {
        out->start = out->n;
        wire_byte(out, NATIVE);
        wire_byte(out, (uint8_t) head->type);
        wire_byte(out, head->flags);
        wire_byte(out, 1);
        wire_u32(out, 0); /* the body's size */
        wire_u32(out, head->serial);
        struct wire_mark mark = wire_array(out, 8);
        for (enum field code = FIELD_PATH; code < FIELD_UNIX_FDS; code++)
                write_field(out, code, head);
        wire_array_end(out, mark);
        wire_struct(out);
        if (!out->failed) { /* until wire_end() the place of the size says where the body begins */
                uint32_t begins = (uint32_t) (out->n - out->start);
                memcpy(out->data + out->start + 4, &begins, sizeof(begins));
        }
}

int wire_end(struct wire_out *out) {
        uint32_t begins, size;

        if (out->failed) {
                wire_cancel(out);
                return -ENOMEM;
        }
        memcpy(&begins, out->data + out->start + 4, sizeof(begins));
        size = (uint32_t) (out->n - out->start - begins);
        memcpy(out->data + out->start + 4, &size, sizeof(size));
        out->start = out->n;
        return 0;
}

int wire_append(struct wire_out *out, const char *data, size_t n) {
        char *at = n > 0 ? grow(out, n) : NULL;

        if (n > 0 && !at) {
                wire_cancel(out);
                return -ENOMEM;
        }
        if (at)
                memcpy(at, data, n);
        out->start = out->n;
        return 0;
}

void wire_cancel(struct wire_out *out) {
        out->n = out->start;
        out->failed = false;
}

void wire_done(struct wire_out *out) {
        free(out->data);
        *out = (struct wire_out){};
}
