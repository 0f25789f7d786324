#include <string.h>

#include "control/live-status.h"

#define CONTAINER_FIELD(kind, name) { #name, LIVE_##kind, offsetof(struct live_container, name) },
#define UNIT_FIELD(kind, name)      { #name, LIVE_##kind, offsetof(struct live_status, name) },
#define EXIT_FIELD(kind, name)      { #name, LIVE_##kind, offsetof(struct live_exit, name) },
#define END_FIELD(kind, name)       { #name, LIVE_##kind, offsetof(struct live_end, name) },
#define STEP_FIELD(kind, name)      { #name, LIVE_##kind, offsetof(struct live_step, name) },

static const struct live_field container_fields[] = { LIVE_CONTAINER(CONTAINER_FIELD) };
static const struct live_field unit_fields[] = { LIVE_UNIT(UNIT_FIELD) };
static const struct live_field exit_fields[] = { LIVE_EXIT(EXIT_FIELD) };
static const struct live_field end_fields[] = { LIVE_END(END_FIELD) };
static const struct live_field step_fields[] = { LIVE_STEP(STEP_FIELD) };

const struct live_list live_container_fields = { container_fields, countof(container_fields) };
const struct live_list live_unit_fields = { unit_fields, countof(unit_fields) };
const struct live_list live_exit_fields = { exit_fields, countof(exit_fields) };
const struct live_list live_end_fields = { end_fields, countof(end_fields) };
const struct live_list live_step_fields = { step_fields, countof(step_fields) };

static void write_field(struct wire_out *out, enum live_kind kind, const void *field) {
        const char *text;
        uint32_t count;
        uint64_t number;

        switch (kind) {
        case LIVE_TEXT:
                memcpy(&text, field, sizeof(text));
                wire_string(out, text);
                return;
        case LIVE_COUNT:
                memcpy(&count, field, sizeof(count));
                wire_u32(out, count);
                return;
        case LIVE_FLAG:
                wire_u32(out, *(const bool *) field);
                return;
        case LIVE_SIZE:
        case LIVE_SPAN:
        case LIVE_TIME:
        case LIVE_SHARE:
                memcpy(&number, field, sizeof(number));
                wire_u64(out, number);
                return;
        }
}

static void read_field(struct wire_in *in, enum live_kind kind, void *field) {
        const char *text;
        uint32_t count;
        uint64_t number;

        switch (kind) {
        case LIVE_TEXT:
                text = wire_read_string(in);
                memcpy(field, &text, sizeof(text));
                return;
        case LIVE_COUNT:
                count = wire_read_u32(in);
                memcpy(field, &count, sizeof(count));
                return;
        case LIVE_FLAG:
                *(bool *) field = wire_read_bool(in);
                return;
        case LIVE_SIZE:
        case LIVE_SPAN:
        case LIVE_TIME:
        case LIVE_SHARE:
                number = wire_read_u64(in);
                memcpy(field, &number, sizeof(number));
                return;
        }
}

void live_write(struct wire_out *out, const struct live_list *list, const void *from) {
        wire_struct(out);
        for (size_t i = 0; i < list->n; i++)
                write_field(out, list->fields[i].kind, (const char *) from + list->fields[i].offset);
}

void live_read(struct wire_in *in, const struct live_list *list, void *to) {
        wire_read_struct(in);
        for (size_t i = 0; i < list->n; i++)
                read_field(in, list->fields[i].kind, (char *) to + list->fields[i].offset);
}

void live_write_container(struct wire_out *out, const struct live_container *c) {
        live_write(out, &live_container_fields, c);
}

void live_write_unit(struct wire_out *out, const struct live_status *u) {
        live_write(out, &live_unit_fields, u);
        struct wire_mark mark = wire_array(out, 8);
        for (size_t i = 0; i < u->n_exits; i++)
                live_write(out, &live_exit_fields, &u->exits[i]);
        wire_array_end(out, mark);
        mark = wire_array(out, 8);
        for (size_t i = 0; i < u->n_ends; i++)
                live_write(out, &live_end_fields, &u->ends[i]);
        wire_array_end(out, mark);
}

void live_write_step(struct wire_out *out, const struct live_step *s) {
        live_write(out, &live_step_fields, s);
}

void live_read_step(struct wire_in *in, struct live_step *ret) {
        live_read(in, &live_step_fields, ret);
}

void live_read_container(struct wire_in *in, struct live_container *ret) {
        live_read(in, &live_container_fields, ret);
}

void live_read_unit(struct wire_in *in, struct live_status *ret) {
        struct wire_in list;

        live_read(in, &live_unit_fields, ret);
        wire_read_array(in, 8, &list);
        ret->n_exits = 0;
        while (wire_has_more(&list) && ret->n_exits < countof(ret->exits))
                live_read(&list, &live_exit_fields, &ret->exits[ret->n_exits++]);
        in->bad |= list.bad;
        wire_read_array(in, 8, &list);
        ret->n_ends = 0;
        while (wire_has_more(&list) && ret->n_ends < countof(ret->ends))
                live_read(&list, &live_end_fields, &ret->ends[ret->n_ends++]);
        in->bad |= list.bad;
}
