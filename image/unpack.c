#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/text.h"
#include "image/overlay.h"
#include "image/unpack.h"

struct job {
        struct store *store;
        struct source *source;
        const struct picked *image;
        const struct unpacking_options *options;
        struct limits left; /* of the options' */
        struct left_out left_out;
        struct fault *fault;
};

/* A directory of the draft for the tree, as bare as the root of an image is where no layer describes it. */
static int make_root(const struct draft *d, struct fault *f) {
        if (mkdirat(d->fd, "root", 0755) < 0)
                return fault_system(f, -errno, "making its root");
        int fd = openat(d->fd, "root", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? fault_system(f, -errno, "opening its root") : fd;
}

/* One pass over one layer. */
static int run_layer(struct job *j, size_t i, struct tree *t, enum layer_pass pass) {
        const struct blob *blob = &j->image->manifest.layers[i];
        char digest[DIGEST_TEXT_MAX];
        struct unzip *u = NULL;

        j->fault->layer =
                digest_print(blob->has_digest ? &blob->digest : &j->image->config.diff_ids[i], digest);
        int r = unzip_open(j->source, blob, &j->left.bytes, &u, j->fault);
        if (r == 0) {
                r = layer_unpack(u, t, pass, &j->left, &j->left_out, j->fault);
                if (r == 0)
                        r = unzip_verify(u, &j->image->config.diff_ids[i], j->fault);
                unzip_close(u);
        }
        j->fault->layer = NULL;
        return r;
}

/* ---- each layer by itself ------------------------------------------------------------------------------ */

static int add_path(void *context, const char *path) {
        return strv_add(context, path);
}

static int fill_alone(struct job *j, size_t i, const struct draft *d) {
        const struct limits before = j->left;
        struct record record = { 0 };
        struct tree tree;
        autoclose int root = make_root(d, j->fault);

        if (root < 0)
                return root;
        tree_init(&tree, root);
        tree.alone = true;
        tree.own_owners = j->options->own_owners;
        int r = run_layer(j, i, &tree, LAYER_ALL);
        if (r == 0)
                r = tree_each_implicit(&tree, add_path, &record.implicit);
        if (r == 0)
                r = tree_each_whiteout(&tree, add_path, &record.whiteouts);
        tree_settle(&tree);
        record.bytes = before.bytes - j->left.bytes;
        record.entries = before.entries - j->left.entries;
        record.opaque_root = tree.opaque_root;
        record.has_opaque = tree.has_opaque;
        record.no_user = tree.no_user;
        record.no_trusted = tree.no_trusted;
        tree_done(&tree);
        if (r == 0)
                r = record_write(d, &record, j->fault);
        record_done(&record);
        return r;
}

/* A layer, either in its place or still a draft: an image that is refused leaves nothing behind. */
struct piece {
        char *place; /* owned */
        struct draft draft;
        const char *path; /* borrowed; where it is now, below the store */
};

static int unpack_alone(struct job *j, size_t i, struct piece *pieces) {
        struct piece *p = &pieces[i];

        p->place = store_place(j->store, SHELF_LAYERS, &j->image->config.diff_ids[i]);
        if (!p->place)
                return -ENOMEM;
        p->path = p->place;
        if (store_has(j->store, p->place))
                return 0;
        for (size_t k = 0; k < i; k++)
                if (strcmp(pieces[k].place, p->place) == 0) {
                        p->path = pieces[k].path;
                        return 0;
                }
        int r = draft_begin(j->store, &p->draft, j->fault);
        if (r < 0)
                return r;
        p->path = p->draft.name;
        return fill_alone(j, i, &p->draft);
}

/* Which mark of opaque directories all of the layers have. -EXDEV: none. */
static int find_mark(const struct job *j, const struct record *records, size_t n, const char **ret) {
        bool has_opaque = false, no_user = false, no_trusted = false;

        for (size_t i = 0; i < n; i++) {
                has_opaque |= records[i].has_opaque;
                no_user |= records[i].no_user;
                no_trusted |= records[i].no_trusted;
        }
        *ret = NULL;
        if (!has_opaque || (j->options->trusted && !no_trusted))
                return 0;
        *ret = "userxattr";
        return no_user ? -EXDEV : 0;
}

/* The places, the uppermost first, if overlayfs will make of them what the image means. */
static int join(const struct job *j, const struct piece *pieces, size_t n, struct unpacked *u) {
        autofree struct record *records = calloc(n + 1, sizeof(*records));
        autofree const char **paths = calloc(n + 1, sizeof(*paths));
        size_t known = 0, lowest = 0;
        int r = records && paths ? 0 : -ENOMEM;

        while (r == 0 && known < n) {
                paths[known] = pieces[known].path;
                r = record_read(j->store, paths[known], &records[known], j->fault);
                known += r == 0;
        }
        if (r == 0)
                r = overlay_fits(j->store, paths, records, n, &lowest, j->fault);
        if (r >= 0)
                r = r == 0 ? -EXDEV : find_mark(j, records + lowest, n - lowest, &u->mark);
        for (size_t i = n; r == 0 && i > lowest; i--)
                if (!strv_contains(u->places, pieces[i - 1].place))
                        r = strv_add(&u->places, pieces[i - 1].place);
        for (size_t i = 0; i < known; i++)
                record_done(&records[i]);
        return r;
}

static int unpack_layers(struct job *j, struct unpacked *u) {
        size_t n = j->image->config.n;
        struct piece pieces[LOWER_MAX] = { 0 };
        int r = 0;

        for (size_t i = 0; i < countof(pieces); i++)
                pieces[i].draft.fd = -1;
        for (size_t i = 0; r == 0 && i < n; i++)
                r = unpack_alone(j, i, pieces);
        if (r == 0)
                r = join(j, pieces, n, u);
        for (size_t i = 0; r == 0 && i < n; i++)
                if (pieces[i].draft.name[0] != '\0')
                        r = draft_commit(&pieces[i].draft, pieces[i].place, j->fault);
        for (size_t i = 0; i < n; i++) {
                draft_end(&pieces[i].draft);
                free(pieces[i].place);
        }
        return r;
}

/* ---- as one -------------------------------------------------------------------------------------------- */

static int fill_flat(struct job *j, const struct draft *d) {
        autoclose int root = make_root(d, j->fault);
        int r = root < 0 ? root : 0;
        struct tree tree;

        if (r < 0)
                return r;
        tree_init(&tree, root);
        tree.own_owners = j->options->own_owners;
        for (size_t i = 0; r == 0 && i < j->image->config.n; i++) {
                /* What a layer removes is of those below it, and never its own, wherever the whiteout stands.
                 */
                uint64_t left = j->left.bytes;
                r = run_layer(j, i, &tree, LAYER_WHITEOUTS);
                j->left.bytes = left;
                if (r == 0)
                        r = run_layer(j, i, &tree, LAYER_ENTRIES);
        }
        tree_done(&tree);
        if (r < 0)
                return r;
        const struct record record = { .bytes = j->options->limits.bytes - j->left.bytes,
                                       .entries = j->options->limits.entries - j->left.entries };
        return record_write(d, &record, j->fault);
}

static int unpack_flat(struct job *j, struct unpacked *u) {
        struct digest chain = { 0 };
        struct draft d = { .fd = -1 };

        for (size_t i = 0; i < j->image->config.n; i++)
                chain = digest_chain(i ? &chain : NULL, &j->image->config.diff_ids[i]);
        autofree char *place = store_place(j->store, SHELF_FLAT, &chain);
        if (!place)
                return -ENOMEM;
        u->flat = true;
        u->mark = NULL;
        int r = strv_add(&u->places, place);
        if (r < 0 || store_has(j->store, place))
                return r;

        r = draft_begin(j->store, &d, j->fault);
        if (r < 0)
                return r;
        r = fill_flat(j, &d);
        if (r == 0)
                r = draft_commit(&d, place, j->fault);
        draft_end(&d);
        return r;
}

/* ---- the image ----------------------------------------------------------------------------------------- */

int unpack_image(struct store *s, struct source *source, const struct picked *p,
                 const struct unpacking_options *o, struct unpacked *ret, struct fault *f) {
        struct job j = {
                .store = s, .source = source, .image = p, .options = o, .left = o->limits, .fault = f
        };
        struct unpacked u = { 0 };
        bool is_flat = o->flat || p->config.n == 0 || p->config.n > LOWER_MAX;
        int r = is_flat ? -EXDEV : unpack_layers(&j, &u);

        if (r == -EXDEV) {
                u.places = strv_free(u.places);
                j.left = o->limits;
                j.left_out = (struct left_out){ 0 };
                r = unpack_flat(&j, &u);
        }
        u.left_out = j.left_out;
        u.bytes = o->limits.bytes - j.left.bytes;
        if (r < 0)
                unpacked_done(&u);
        else
                *ret = u;
        return r;
}

void unpacked_done(struct unpacked *u) {
        u->places = strv_free(u->places);
}
