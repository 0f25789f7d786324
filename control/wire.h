/* D-Bus messages as bytes, both ways (the specification's "Message Protocol"). Why not sd-bus: it makes the
 * static binary 370 KB larger, and what it takes in and keeps back for a client has no bounds that can be
 * set. Here a message has a most, nothing is allocated for one that is read, and a table says the types.
 *
 * Byte order is the machine's own: both ends are on the same one. */
#pragma once

#include "base/def.h"

#define WIRE_HEADER_MIN 16            /* so much has to be there for wire_size() */
#define WIRE_MOST       (1024 * 1024) /* of a message that is taken, in bytes */
/* Of one that tend makes; a thousand units have 0.6 MB. */
#define WIRE_ANSWER_MOST (64 * 1024 * 1024)

enum wire_type { WIRE_CALL = 1, WIRE_RETURN, WIRE_ERROR, WIRE_SIGNAL };
enum wire_flag { WIRE_NO_REPLY = 1 };

/* What is not there is NULL, but for the signature: "". */
struct wire_head {
        enum wire_type type;
        uint8_t flags; /* enum wire_flag */
        uint32_t serial, reply_serial;
        const char *path, *interface, *member, *error, *destination, *sender, *signature;
};

/* --- Reading. */

/* A body, or a part of one. Whoever reads past its end, or what is not of that type, gets 0 or "", and `bad`.
 */
struct wire_in {
        const char *data; /* borrowed; the whole message, as alignment counts from its start */
        size_t at, end;
        bool bad;
};

/* The size of the message that begins with these WIRE_HEADER_MIN bytes; -EBADMSG where it cannot be one,
 * -EMSGSIZE where it has more than WIRE_MOST. */
ssize_t wire_size(const char *data) must_check;
/* The same for a client, who takes what tend answers: as much as WIRE_ANSWER_MOST. */
ssize_t wire_size_within(const char *data, size_t most) must_check;

/* Reads the header of a whole message. Strings are borrowed from it. 0 or -EBADMSG. */
int wire_read_head(const char *data, size_t size, struct wire_head *ret, struct wire_in *ret_body) must_check;

uint8_t wire_read_byte(struct wire_in *in);
bool wire_read_bool(struct wire_in *in);
uint32_t wire_read_u32(struct wire_in *in);
uint64_t wire_read_u64(struct wire_in *in);
const char *wire_read_string(struct wire_in *in); /* s, o */
const char *wire_read_signature(struct wire_in *in);
void wire_read_struct(struct wire_in *in); /* and an entry of a dictionary: what is in it follows */

/* An array whose elements have that alignment (1, 4 or 8): `ret` is its inside, `in` goes on behind it. */
void wire_read_array(struct wire_in *in, size_t alignment, struct wire_in *ret);
static inline bool wire_has_more(const struct wire_in *in) {
        return !in->bad && in->at < in->end;
}

/* "as" into an array of at most `most` borrowed strings; returns how many, or -E2BIG, -EBADMSG. */
ssize_t wire_read_strings(struct wire_in *in, const char **list, size_t most) must_check;

/* --- Writing. */

/* A queue of bytes that grows. Where memory is lacking `failed` is set, once for all that follows. */
struct wire_out {
        char *data; /* owned */
        size_t n, room;
        size_t start; /* of the message that is written */
        bool failed;
};

/* Of an array that is open. */
struct wire_mark {
        size_t length_at, from;
};

void wire_begin(struct wire_out *out, const struct wire_head *head);
/* The message is whole. 0, -ENOMEM (what there was of it is taken back), or -EMSGSIZE likewise. */
int wire_end(struct wire_out *out);
/* Takes back what has been written since wire_begin(). */
void wire_cancel(struct wire_out *out);
void wire_done(struct wire_out *out);

/* Adds bytes that are a message already, or none at all. 0 or -ENOMEM. */
int wire_append(struct wire_out *out, const char *data, size_t n) must_check;

void wire_byte(struct wire_out *out, uint8_t value);
void wire_u32(struct wire_out *out, uint32_t value);       /* b, i, u */
void wire_u64(struct wire_out *out, uint64_t value);       /* x, t, d */
void wire_string(struct wire_out *out, const char *value); /* s, o; NULL is "" */
void wire_struct(struct wire_out *out);
void wire_variant(struct wire_out *out, const char *signature);
struct wire_mark wire_array(struct wire_out *out, size_t alignment);
void wire_array_end(struct wire_out *out, struct wire_mark mark);
void wire_strings(struct wire_out *out, char *const *list);
