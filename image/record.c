#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/io.h"
#include "base/text.h"
#include "image/json.h"
#include "image/record.h"

#define RECORD_MOST ((size_t) 256 << 20)

static json_t *list_of(char *const *words) {
        json_t *list = json_array();

        for (size_t i = 0; list && words && words[i]; i++)
                if (json_array_append_new(list, json_string(words[i])) < 0) {
                        json_decref(list);
                        return NULL;
                }
        return list;
}

int record_write(const struct draft *d, const struct record *r, struct fault *f) {
        autojson json_t *implicit = list_of(r->implicit), *whiteouts = list_of(r->whiteouts);

        /* A name that is no UTF-8 is no JSON: then it takes the layers below. */
        if (!implicit || !whiteouts)
                return -EXDEV;
        autojson json_t *j =
                json_pack("{s:I, s:I, s:b, s:b, s:b, s:b, s:O, s:O}", "bytes", (json_int_t) r->bytes,
                          "entries", (json_int_t) r->entries, "opaque_root", r->opaque_root, "has_opaque",
                          r->has_opaque, "no_user", r->no_user, "no_trusted", r->no_trusted, "implicit",
                          implicit, "whiteouts", whiteouts);
        autofree char *text = j ? json_dumps(j, JSON_INDENT(1)) : NULL;
        if (!text)
                return -ENOMEM;
        autoclose int fd = openat(d->fd, "record", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        int e = fd < 0 ? -errno : io_write_all(fd, text, strlen(text));
        return e < 0 ? fault_system(f, e, "writing its record") : 0;
}

static int parse(const char *text, size_t size, struct record *r, struct fault *f) {
        autojson json_t *j = json_read(text, size, "its record", f);
        json_int_t bytes = 0, entries = 0;
        int opaque_root = 0, has_opaque = 0, no_user = 0, no_trusted = 0;

        if (!j)
                return -EINVAL;
        if (json_unpack(j, "{s:I, s:I, s:b, s:b, s:b, s:b}", "bytes", &bytes, "entries", &entries,
                        "opaque_root", &opaque_root, "has_opaque", &has_opaque, "no_user", &no_user,
                        "no_trusted", &no_trusted) < 0)
                return fault(f, -EINVAL, "its record is damaged");
        r->bytes = (uint64_t) bytes;
        r->entries = (uint64_t) entries;
        r->opaque_root = opaque_root;
        r->has_opaque = has_opaque;
        r->no_user = no_user;
        r->no_trusted = no_trusted;
        int e = json_copy_list(j, "implicit", SIZE_MAX, &r->implicit, f);
        return e < 0 ? e : json_copy_list(j, "whiteouts", SIZE_MAX, &r->whiteouts, f);
}

int record_read(const struct store *s, const char *place, struct record *ret, struct fault *f) {
        autofree char *path = text_format("%s/%s/record", s->path, place), *text = NULL;
        struct record r = { 0 };
        size_t size;

        if (!path)
                return -ENOMEM;
        int e = io_read_file(path, RECORD_MOST, &text, &size);
        if (e < 0)
                return fault(f, e, "%s: %s", path, strerror(-e));
        e = parse(text, size, &r, f);
        if (e < 0)
                record_done(&r);
        else
                *ret = r;
        return e;
}

void record_done(struct record *r) {
        r->implicit = strv_free(r->implicit);
        r->whiteouts = strv_free(r->whiteouts);
}
