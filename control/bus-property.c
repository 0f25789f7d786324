#include "control/bus-property.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/io.h"
#include "base/text.h"
#include "config/search.h"
#include "control/bus-call.h"
#include "supervisor/adjust.h"

#define TEXT_MOST  8192 /* of a value, and of a list of processors */
#define FILE_LIMIT (1024 * 1024)
#define SCALE      UINT32_MAX /* what systemd has for all of it */
#define SPAN_SIZE  24

/* --- From systemd's types to words. */

/* Names that are not those of the settings. */
static const char *const renamed[][2] = {
        { "CPUQuotaPerSecUSec", "CPUQuota" },
        { "CPUQuotaPeriodUSec", "CPUQuotaPeriodSec" },
        { "IODeviceLatencyTargetUSec", "IODeviceLatencyTargetSec" },
};

/* One value of a property on its way to a setting. */
struct incoming {
        const struct setting *setting;
        enum override_kind kind;
        const char *type; /* of the variant */
        bool is_scale;    /* MemoryMaxScale= */
        char text[TEXT_MOST];
};

static bool find_setting(struct incoming *i, const char *unit, const char *name) {
        char key[64];
        size_t n = strlen(name);

        i->is_scale = text_ends(name, "Scale");
        if (i->is_scale)
                n -= strlen("Scale");
        (void) snprintf(key, sizeof(key), "%.*s", (int) MIN(n, sizeof(key)), name);
        for (size_t k = 0; k < countof(renamed); k++)
                if (strcmp(renamed[k][0], key) == 0)
                        (void) snprintf(key, sizeof(key), "%s", renamed[k][1]);
        i->setting = setting_find_in(OWNER_UNIT, "Service", key);
        i->kind = i->setting ? override_kind(i->setting) : OVERRIDE_NONE;
        if (text_ends(unit, ".slice") && i->setting && !setting_is_of_slice(i->setting))
                i->kind = OVERRIDE_NONE;
        return i->kind != OVERRIDE_NONE && (!i->is_scale || i->kind == OVERRIDE_AMOUNT);
}

static const char *type_of(const struct incoming *i) {
        switch (i->kind) {
        case OVERRIDE_PROCESSORS:
                return "ay";
        case OVERRIDE_DEVICE:
                return "a(st)";
        case OVERRIDE_BOOL:
                return "b";
        case OVERRIDE_AMOUNT:
        case OVERRIDE_WEIGHT:
        case OVERRIDE_QUOTA:
        case OVERRIDE_PERIOD:
        case OVERRIDE_NONE:
                break;
        }
        return i->is_scale ? "u" : "t";
}

static void print_percent(struct incoming *i, uint64_t hundredths) {
        (void) snprintf(i->text, sizeof(i->text), "%" PRIu64 ".%02u%%", hundredths / 100,
                        (unsigned) (hundredths % 100));
}

/* A number of 64 bits, the largest of which is none. */
static void read_number(struct incoming *i, struct wire_in *in) {
        uint64_t value = wire_read_u64(in);

        if (value == UINT64_MAX)
                (void) snprintf(i->text, sizeof(i->text), i->kind == OVERRIDE_AMOUNT ? "infinity" : "");
        else if (i->kind == OVERRIDE_QUOTA)
                print_percent(i, value / 100); /* of a second's microseconds */
        else if (i->kind == OVERRIDE_WEIGHT && value == 0)
                (void) snprintf(i->text, sizeof(i->text), "idle");
        else
                (void) snprintf(i->text, sizeof(i->text),
                                i->kind == OVERRIDE_PERIOD ? "%" PRIu64 "us" : "%" PRIu64, value);
}

static void read_processors(struct incoming *i, struct wire_in *in) {
        struct wire_in bytes;
        size_t n = 0;
        unsigned at = 0;

        i->text[0] = '\0';
        wire_read_array(in, 1, &bytes);
        for (; wire_has_more(&bytes); at += 8) {
                uint8_t byte = wire_read_byte(&bytes);
                for (unsigned bit = 0; bit < 8 && n < sizeof(i->text) - SPAN_SIZE; bit++)
                        if (byte >> bit & 1)
                                n += (size_t) snprintf(i->text + n, sizeof(i->text) - n, n > 0 ? " %u" : "%u",
                                                       at + bit);
        }
        in->bad |= bytes.bad;
}

/* One value that is no list, into i->text. */
static void read_value(struct incoming *i, struct wire_in *in) {
        if (*i->type == 's') {
                const char *text = wire_read_string(in);
                in->bad |= strlen(text) >= sizeof(i->text);
                (void) snprintf(i->text, sizeof(i->text), "%s", text);
        } else if (*i->type == 'b')
                (void) snprintf(i->text, sizeof(i->text), wire_read_bool(in) ? "yes" : "no");
        else if (*i->type == 'u')
                print_percent(i, ((uint64_t) wire_read_u32(in) * AMOUNT_WHOLE + SCALE / 2) / SCALE);
        else if (*i->type == 't')
                read_number(i, in);
        else
                read_processors(i, in);
}

/* Without what would mean something else in a file. */
static bool is_plain(const char *text) {
        return !strpbrk(text, "\n\r\"\\") && strlen(text) < TEXT_MOST - SPAN_SIZE;
}

/* The limits of devices; none at all: those of before are gone. */
static int read_devices(struct incoming *i, const char *unit, struct wire_in *in, struct override **list) {
        struct wire_in inside;
        int r = 0;

        wire_read_array(in, 8, &inside);
        if (!wire_has_more(&inside))
                r = override_add(list, unit, i->setting, "");
        while (r == 0 && wire_has_more(&inside)) {
                wire_read_struct(&inside);
                const char *path = wire_read_string(&inside);
                uint64_t value = wire_read_u64(&inside);
                if (!is_plain(path))
                        return -EINVAL;
                (void) snprintf(i->text, sizeof(i->text),
                                value == UINT64_MAX ? "\"%s\" infinity" : "\"%s\" %" PRIu64 "%s", path, value,
                                strcmp(i->setting->key, "IODeviceLatencyTargetSec") == 0 ? "us" : "");
                r = override_add(list, unit, i->setting, i->text);
        }
        in->bad |= inside.bad;
        return r;
}

/* What it is that cannot be set, and what to do instead. */
static void refuse_property(struct call *c, const char *unit, const struct incoming *i, const char *name) {
        if (i->setting && setting_is_carried_out(i->setting))
                call_fail(c, ERROR_READ_ONLY,
                          "Cannot set property %s while %.255s is there: only limits and weights of memory, "
                          "tasks, processors and disks. Write it to the unit's file, and reload",
                          name, unit);
        else
                call_fail(c, ERROR_READ_ONLY, "Cannot set property %.255s, or unknown property.", name);
}

static int read_property(struct call *c, const char *unit, struct wire_in *in, struct override **list) {
        struct incoming i;

        wire_read_struct(in);
        const char *name = wire_read_string(in);
        i.type = wire_read_signature(in);
        if (in->bad)
                return -EINVAL;
        if (!find_setting(&i, unit, name)) {
                refuse_property(c, unit, &i, name);
                return -EINVAL;
        }
        if (strcmp(i.type, "s") != 0 && strcmp(i.type, type_of(&i)) != 0) {
                call_fail(c, ERROR_INVALID, "%s is of type %s, not %.64s", name, type_of(&i), i.type);
                return -EINVAL;
        }
        if (*i.type == 'a' && i.type[1] == '(')
                return read_devices(&i, unit, in, list);
        read_value(&i, in);
        if (in->bad || strpbrk(i.text, "\n\r") || text_ends(i.text, "\\"))
                return -EINVAL;
        return override_add(list, unit, i.setting, i.text);
}

/* All of "a(sv)"; false: the call has failed. */
static bool read_properties(struct call *c, const char *unit, struct override **list) {
        struct wire_in inside;
        int r = 0;

        wire_read_array(c->in, 8, &inside);
        while (r == 0 && wire_has_more(&inside))
                r = read_property(c, unit, &inside, list);
        if (r == 0 && inside.bad)
                r = -EINVAL;
        if (r < 0 && !c->is_answered)
                call_fail_errno(c, r, "reading the properties");
        return r == 0;
}

/* --- Carrying it out. */

/* What has a budget: a service, or the slice of that name. */
struct subject {
        struct manager *manager;
        struct service *service; /* NULL: a slice */
        const char *name;        /* NULL: there is none of that name, and the call has failed */
};

static struct subject find_subject(struct call *c, const char *name) {
        struct manager *m = c->bus->manager;
        struct service *s = name ? object_find_service(m, name) : NULL;
        const struct unit *u = s ? s->unit : name ? config_find_slice(m->config, name) : NULL;

        if (!u)
                call_fail(c, ERROR_NO_UNIT, "Unit %.255s not loaded.", name ? name : "");
        return (struct subject){ m, s, u ? u->name : NULL };
}

static void refuse(struct call *c, const char *unit, int r, const struct diags *d) {
        const char *error = r == -EINVAL       ? ERROR_INVALID
                            : r == -EOPNOTSUPP ? ERROR_NOT_SUPPORTED
                            : r == -ENOMEM     ? ERROR_NO_MEMORY
                                               : ERROR_FAILED;

        call_fail(c, error, "%.255s: %s", unit, diags_first_error(d, strerror(-r)));
}

static void carry_out(struct call *c, const struct subject *s, struct override **list, bool lasts) {
        struct diags d = {};

        int r = s->service ? adjust(s->service, list, lasts, &d)
                           : adjust_slice(s->manager, s->name, list, lasts, &d);
        if (r < 0)
                refuse(c, s->name, r, &d);
        diags_done(&d);
}

/* --- What is to last is written by a child, and done when it is. */

/* What there is of the limits of other devices, or how such a file begins. */
static void write_head(FILE *out, const struct override *o, const char *path) {
        autofree char *text = NULL;
        size_t size;

        if (override_kind(o->setting) == OVERRIDE_DEVICE && io_read_file(path, FILE_LIMIT, &text, &size) >= 0)
                (void) fwrite(text, 1, size, out);
        else
                (void) fprintf(
                        out,
                        "# This is a drop-in unit file extension, created via \"systemctl set-property\"\n"
                        "# or an equivalent operation. Do not edit.\n[%s]\n",
                        text_ends(o->unit, ".slice") ? "Slice" : "Service");
}

/* In the place of the file that is there, or not at all. */
static int write_file(const struct override *o) {
        autofree char *directory = text_format("%s/%s.d", SEARCH_CONTROL, o->unit);
        autofree char *path = directory ? text_format("%s/50-%s.conf", directory, o->setting->key) : NULL;
        autofree char *new = path ? text_format("%s.new", path) : NULL;

        int r = new ? io_make_dirs(directory, 0755) : -ENOMEM;
        if (r < 0)
                return r;
        FILE *out = fopen(new, "we");
        if (!out)
                return -errno;
        write_head(out, o, path);
        for (char **value = o->values; value && *value; value++)
                (void) fprintf(out, "%s=%s\n", o->setting->key, *value);
        bool is_whole = !ferror(out);
        if (fclose(out) != 0 || !is_whole || rename(new, path) < 0) {
                r = errno > 0 ? -errno : -EIO;
                (void) unlink(new);
        }
        return r;
}

/* What is done when it has been written, for the one that has asked for it: a number and lines. */
static int write_all(void *context, FILE *out) {
        const struct override *list = context;
        int r = 0;

        for (const struct override *o = list; o && r >= 0; o = o->next)
                r = write_file(o);
        (void) fprintf(out, "%d\n%s\n", -r, list->unit);
        for (; list; list = list->next)
                for (char **value = list->values; value && *value; value++)
                        (void) fprintf(out, "%s=%s\n", list->setting->key, *value);
        return 0;
}

static char *next_line(char **at) {
        char *line = *at, *end = strchr(line, '\n');

        if (!end)
                return NULL;
        *end = '\0';
        *at = end + 1;
        return line;
}

/* Back from its lines; the first is the unit's name. */
static int read_lines(char *at, const char *unit, struct override **list) {
        char *line;
        int r = 0;

        while (r == 0 && (line = next_line(&at))) {
                char *value = strchr(line, '=');
                if (!value)
                        continue;
                *value++ = '\0';
                const struct setting *s = setting_find_in(OWNER_UNIT, "Service", line);
                r = s ? override_add(list, unit, s, value) : -EINVAL;
        }
        return r;
}

static void answer_written(struct call *c, char *text, size_t size maybe_unused) {
        char *at = text;
        const char *error = next_line(&at), *unit = next_line(&at);
        int r = error ? -(int) strtol(error, NULL, 10) : -EIO;

        if (r < 0) {
                call_fail_errno(c, r,
                                "nothing is changed, as it could not be written to " SEARCH_CONTROL
                                " (--runtime sets it until the container ends)");
                return;
        }
        const struct subject s = find_subject(c, unit);
        if (!s.name)
                return;
        struct override *list = NULL;
        r = read_lines(at, s.name, &list);
        if (r < 0)
                call_fail_errno(c, r, "setting it");
        else
                carry_out(c, &s, &list, true);
        override_free(list);
}

/* Where unit files are looked for elsewhere, nobody would read what was left there. */
static bool is_read(const struct subject *s) {
        const struct manager *m = s->manager;
        const struct unit *u = s->service ? s->service->unit : config_find_slice(m->config, s->name);
        struct search search;
        bool found = u->from_tend_ini;

        if (search_open(&search, m->options->load.unit_path) == 0)
                found |= strv_contains(search.directories, SEARCH_CONTROL);
        search_done(&search);
        return found;
}

static void set_lasting(struct call *c, const struct subject *s, struct override *list) {
        struct diags d = {};

        int r = adjust_check(s->manager, s->service, s->name, list, &d);
        if (r == 0 && !is_read(s))
                r = diag(&d, NULL, 0, -EOPNOTSUPP,
                         "--unit-path= leaves " SEARCH_CONTROL " out: set it with --runtime");
        if (r < 0)
                refuse(c, s->name, r, &d);
        else
                errand_run(c, write_all, list, answer_written);
        diags_done(&d);
}

static void set(struct call *c, const char *name) {
        const struct subject s = find_subject(c, name);
        struct override *list = NULL;

        if (!s.name)
                return;
        bool runtime = wire_read_bool(c->in);
        if (read_properties(c, s.name, &list) && list) {
                if (runtime)
                        carry_out(c, &s, &list, false);
                else
                        set_lasting(c, &s, list);
        }
        override_free(list);
}

void property_set_of_unit(struct call *c) {
        set(c, wire_read_string(c->in));
}

void property_set(struct call *c) {
        set(c, c->object.name);
}
