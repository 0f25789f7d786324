#include <errno.h>
#include <string.h>

#include "base/io.h"
#include "base/text.h"
#include "image/json.h"
#include "image/record.h"
#include "image/shelf.h"

#define FILE_MOST ((size_t) 1 << 20)

static json_t *texts(char *const *words) {
        json_t *list = json_array();

        for (size_t i = 0; words && words[i]; i++)
                (void) json_array_append_new(list, json_string(words[i]));
        return list;
}

/* What its layers have, as far as that is known. */
static void add_up(struct store *s, char *const *places, uint64_t *bytes, uint64_t *entries) {
        *bytes = *entries = 0;
        for (size_t i = 0; places && places[i]; i++) {
                struct fault nobody = { 0 };
                struct record r = { 0 };

                if (record_read(s, places[i], &r, &nobody) == 0) {
                        *bytes += r.bytes;
                        *entries += r.entries;
                        record_done(&r);
                }
                fault_done(&nobody);
        }
}

int shelf_put(struct store *s, const char *source, const struct picked *p, const struct unpacked *u,
              struct fault *f) {
        autofree char *real = realpath(source, NULL), *text = NULL, *place = NULL;
        char id[DIGEST_TEXT_MAX], hex[DIGEST_HEX_MAX];
        uint64_t bytes, entries;

        add_up(s, u->places, &bytes, &entries);
        autojson json_t *j =
                json_pack("{s:s, s:s*, s:s*, s:b, s:I, s:I, s:o}", "id", digest_print(&p->id, id), "name",
                          p->name, "source", real ? real : source, "flat", u->flat, "bytes",
                          (json_int_t) bytes, "entries", (json_int_t) entries, "places", texts(u->places));
        if (j)
                text = json_dumps(j, JSON_INDENT(1));
        place = text_format("images/%s%s", digest_print_hex(&p->id, hex), s->owners);
        if (!text || !place)
                return -ENOMEM;
        return store_write(s, place, text, strlen(text), f);
}

/* ---- the list ------------------------------------------------------------------------------------------ */

static void shelved_done(struct shelved *image) {
        free(image->file);
        free(image->name);
        free(image->source);
        strv_free(image->places);
}

static int parse(const char *text, size_t size, struct shelved *ret) {
        struct fault nobody = { 0 };
        autojson json_t *j = json_read(text, size, "", &nobody);
        const char *id = NULL;
        json_t *flat = NULL;
        int r = j ? json_get_text(j, "id", &id, &nobody) : -EINVAL;

        if (r == 0)
                r = json_copy_text(j, "name", &ret->name, &nobody);
        if (r == 0)
                r = json_copy_text(j, "source", &ret->source, &nobody);
        if (r == 0)
                r = json_copy_list(j, "places", SIZE_MAX, &ret->places, &nobody);
        if (r == 0)
                r = json_get_size(j, "bytes", &ret->bytes, &nobody);
        if (r == 0)
                r = json_get_size(j, "entries", &ret->entries, &nobody);
        if (r == 0 && !id)
                r = -EINVAL;
        fault_done(&nobody);
        if (r < 0)
                return r;
        flat = json_object_get(j, "flat");
        ret->flat = json_is_true(flat);
        (void) snprintf(ret->id, sizeof(ret->id), "%s", id);
        return 0;
}

struct listing {
        struct store *store;
        struct shelf_list *list;
        size_t room;
};

static int add_image(void *context, const char *name) {
        struct listing *l = context;
        autofree char *path = text_format("%s/images/%s", l->store->path, name), *text = NULL;
        struct shelved image = { 0 };
        size_t size;

        if (!path)
                return -ENOMEM;
        if (io_read_file(path, FILE_MOST, &text, &size) < 0 || parse(text, size, &image) < 0) {
                shelved_done(&image);
                return 0;
        }
        if (l->list->n == l->room) {
                size_t room = MAX(l->room * 2, (size_t) 16);
                struct shelved *larger = reallocarray(l->list->images, room, sizeof(*larger));
                if (!larger) {
                        shelved_done(&image);
                        return -ENOMEM;
                }
                l->list->images = larger;
                l->room = room;
        }
        image.file = strdup(name);
        l->list->images[l->list->n++] = image;
        return image.file ? 0 : -ENOMEM;
}

static int compare(const void *a, const void *b) {
        const struct shelved *x = a, *y = b;
        int r = strcmp(x->name ? x->name : "~", y->name ? y->name : "~");

        return r != 0 ? r : strcmp(x->id, y->id);
}

int shelf_list(struct store *s, struct shelf_list *ret, struct fault *f) {
        struct shelf_list list = { 0 };
        struct listing l = { .store = s, .list = &list };
        int r = store_each(s, "images", add_image, &l, f);

        if (r < 0) {
                shelf_list_done(&list);
                return r;
        }
        if (list.n > 0)
                qsort(list.images, list.n, sizeof(*list.images), compare);
        *ret = list;
        return 0;
}

void shelf_list_done(struct shelf_list *l) {
        for (size_t i = 0; i < l->n; i++)
                shelved_done(&l->images[i]);
        free(l->images);
        *l = (struct shelf_list){ 0 };
}

static bool is_meant(const struct shelved *image, const char *wanted) {
        const char *hex = image->id + strlen("sha256:");

        if (text_starts(image->id, wanted) || (strlen(wanted) >= 4 && text_starts(hex, wanted)))
                return true;
        return image->name && image_name_fits(image->name, wanted);
}

int shelf_find(const struct shelf_list *l, const char *wanted, const struct shelved **ret, struct fault *f) {
        size_t n = 0;

        for (size_t i = 0; i < l->n; i++)
                if (is_meant(&l->images[i], wanted)) {
                        *ret = &l->images[i];
                        n++;
                }
        if (n == 1)
                return 0;
        (void) fault(f, -ENOENT, n ? "%s: %zu images are called so" : "%s: no image is called so", wanted, n);
        fault_hint(f, "`tend image list` has their names and IDs");
        return -ENOENT;
}

int shelf_drop(struct store *s, const struct shelved *image, struct fault *f) {
        autofree char *place = text_format("images/%s", image->file);

        if (!place)
                return -ENOMEM;
        return unlinkat(s->fd, place, 0) < 0 ? fault(f, -errno, "removing %s: %s", place, strerror(errno))
                                             : 0;
}

/* ---- what nobody needs --------------------------------------------------------------------------------- */

struct pruning {
        struct store *store;
        const struct shelf_list *list;
        const char *directory;
        struct pruned *pruned;
        struct fault *fault;
};

static bool is_needed(const struct shelf_list *l, const char *place) {
        for (size_t i = 0; i < l->n; i++)
                if (strv_contains(l->images[i].places, place))
                        return true;
        return false;
}

static int prune_layer(void *context, const char *name) {
        struct pruning *p = context;
        autofree char *place = text_format("%s/%s", p->directory, name);

        if (!place)
                return -ENOMEM;
        if (is_needed(p->list, place))
                return 0;
        int r = store_remove(p->store, place, p->fault);
        if (r >= 0)
                *(r > 0 ? &p->pruned->removed : &p->pruned->in_use) += 1;
        return r;
}

static bool is_whole(const struct store *s, const struct shelved *image) {
        for (size_t i = 0; image->places && image->places[i]; i++)
                if (!store_has(s, image->places[i]))
                        return false;
        return true;
}

int shelf_prune(struct store *s, struct pruned *ret, struct fault *f) {
        static const char *const directories[] = { "layers/sha256", "flat/sha256" };
        struct pruned pruned = { 0 };
        struct shelf_list list = { 0 };
        int r = store_clean(s, f);

        if (r < 0)
                return r;
        pruned.drafts = (size_t) r;
        r = shelf_list(s, &list, f);
        if (r < 0)
                return r;
        for (size_t i = 0; r >= 0 && i < list.n; i++)
                if (!is_whole(s, &list.images[i])) {
                        r = shelf_drop(s, &list.images[i], f);
                        list.images[i].places = strv_free(list.images[i].places);
                }
        for (size_t i = 0; r >= 0 && i < countof(directories); i++) {
                struct pruning p = { s, &list, directories[i], &pruned, f };
                r = store_each(s, directories[i], prune_layer, &p, f);
        }
        shelf_list_done(&list);
        if (r >= 0)
                *ret = pruned;
        return r < 0 ? r : 0;
}
