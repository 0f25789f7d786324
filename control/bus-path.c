/* org.freedesktop.systemd1.Path: what a path unit has besides. */
#include "config/path.h"

#include "base/text.h"
#include "control/bus-call.h"

static const struct path_spec *spec(const struct object *o) {
        static const struct path_spec none;
        return o->service->unit->path ? o->service->unit->path : &none;
}

static const char *unit(struct object *o) {
        return spec(o)->unit;
}

static void paths(struct object *o, struct wire_out *out) {
        struct wire_mark mark = wire_array(out, 8);

        for (const struct path_line *l = spec(o)->lines; l; l = l->next) {
                wire_struct(out);
                wire_string(out, path_kind_word((enum path_kind) l->kind));
                wire_string(out, l->text);
        }
        wire_array_end(out, mark);
}

static uint64_t make_directory(struct object *o) {
        return spec(o)->make_directory;
}

static uint64_t directory_mode(struct object *o) {
        return spec(o)->directory_mode;
}

static uint64_t trigger_interval(struct object *o) {
        return spec(o)->trigger_interval;
}

static uint64_t trigger_burst(struct object *o) {
        return spec(o)->trigger_burst;
}

static const char *result(struct object *o) {
        return result_word(o->service->result);
}

static const struct property properties[] = {
        { "Unit", "s", .text = unit },
        { "Paths", "a(ss)", .write = paths },
        { "MakeDirectory", "b", .number = make_directory },
        { "DirectoryMode", "u", .number = directory_mode },
        { "Result", "s", .text = result },
        { "TriggerLimitIntervalUSec", "t", .number = trigger_interval },
        { "TriggerLimitBurst", "u", .number = trigger_burst },
};

static bool is_of(const struct object *o) {
        return o->kind == OBJECT_UNIT && text_ends(o->name, ".path");
}

const struct interface interface_path = {
        .name = "org.freedesktop.systemd1.Path",
        .is_of = is_of,
        .properties = properties,
        .n_properties = countof(properties),
};
