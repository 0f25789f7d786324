#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "image/json.h"
#include "image/manifest.h"

#define OCI    "application/vnd.oci.image."
#define DOCKER "application/vnd.docker."

/* clang-format off */
static const struct {
        const char *type;
        enum media media;
} types[] = {
        { OCI    "index.v1+json",                             MEDIA_INDEX    },
        { DOCKER "distribution.manifest.list.v2+json",        MEDIA_INDEX    },
        { OCI    "manifest.v1+json",                          MEDIA_MANIFEST },
        { DOCKER "distribution.manifest.v2+json",             MEDIA_MANIFEST },
        { OCI    "config.v1+json",                            MEDIA_CONFIG   },
        { DOCKER "container.image.v1+json",                   MEDIA_CONFIG   },
        { OCI    "layer.v1.tar",                              MEDIA_LAYER    },
        { OCI    "layer.v1.tar+gzip",                         MEDIA_LAYER    },
        { OCI    "layer.v1.tar+zstd",                         MEDIA_LAYER    },
        { OCI    "layer.nondistributable.v1.tar",             MEDIA_LAYER    },
        { OCI    "layer.nondistributable.v1.tar+gzip",        MEDIA_LAYER    },
        { OCI    "layer.nondistributable.v1.tar+zstd",        MEDIA_LAYER    },
        { DOCKER "image.rootfs.diff.tar",                     MEDIA_LAYER    },
        { DOCKER "image.rootfs.diff.tar.gzip",                MEDIA_LAYER    },
        { DOCKER "image.rootfs.diff.tar.zstd",                MEDIA_LAYER    },
        { DOCKER "image.rootfs.foreign.diff.tar.gzip",        MEDIA_LAYER    },
};
/* clang-format on */

static enum media media_of(const char *type) {
        for (size_t i = 0; type && i < countof(types); i++)
                if (strcmp(types[i].type, type) == 0)
                        return types[i].media;
        return MEDIA_OTHER;
}

static void blob_done(struct blob *b) {
        free(b->member);
}

/* A descriptor: what it is about, by what it hashes to. */
static int read_blob(const json_t *j, struct blob *ret, struct fault *f) {
        const char *digest = NULL, *type = NULL;
        struct blob b = { .has_digest = true };
        char hex[DIGEST_HEX_MAX];

        if (!json_is_object(j))
                return fault(f, -EINVAL, "a descriptor is not an object");
        int r = json_get_text(j, "digest", &digest, f);
        if (r == 0)
                r = json_get_text(j, "mediaType", &type, f);
        if (r == 0)
                r = json_get_size(j, "size", &b.size, f);
        if (r < 0)
                return r;
        if (!digest)
                return fault(f, -EINVAL, "a descriptor has no digest");
        r = digest_parse(digest, &b.digest);
        if (r < 0)
                return fault(f, r,
                             r == -EPROTONOSUPPORT
                                     ? "the digest %.80s is not of sha256, and no other is known"
                                     : "%.80s is no digest",
                             digest);
        b.media = media_of(type);
        b.member = text_format("blobs/sha256/%s", digest_print_hex(&b.digest, hex));
        if (!b.member)
                return -ENOMEM;
        *ret = b;
        return 0;
}

static int read_platform(const json_t *j, struct platform *ret, struct fault *f) {
        int r = json_copy_text(j, "os", &ret->os, f);

        if (r == 0)
                r = json_copy_text(j, "architecture", &ret->architecture, f);
        return r < 0 ? r : json_copy_text(j, "variant", &ret->variant, f);
}

/* What the tools call an image by, the longer first: since version 25 docker save has only "latest" in the
 * other. */
static int read_name(const json_t *j, char **ret, struct fault *f) {
        static const char *const keys[] = { "io.containerd.image.name", "org.opencontainers.image.ref.name" };
        json_t *notes = NULL;
        int r = json_get(j, "annotations", JSON_OBJECT, &notes, f);

        for (size_t i = 0; r == 0 && i < countof(keys) && !*ret; i++)
                r = json_copy_text(notes, keys[i], ret, f);
        return r;
}

static int read_row(const json_t *j, struct index_row *row, struct fault *f) {
        json_t *platform = NULL;
        int r = read_blob(j, &row->blob, f);

        if (r == 0)
                r = read_name(j, &row->name, f);
        if (r == 0)
                r = json_get(j, "platform", JSON_OBJECT, &platform, f);
        return r < 0 ? r : read_platform(platform, &row->platform, f);
}

/* The list of that key, which has to be there; and zeroed room for what becomes of its entries. */
static int take_list(const json_t *root, const char *key, size_t most, json_t **ret, struct fault *f) {
        int r = json_get(root, key, JSON_ARRAY, ret, f);

        if (r < 0)
                return r;
        if (!*ret)
                return fault(f, -EINVAL, "\"%s\" is missing", key);
        if (json_array_size(*ret) > most)
                return fault(f, -E2BIG, "\"%s\" has more than %zu entries", key, most);
        return 0;
}

static int read_rows(const json_t *root, struct index *i, struct fault *f) {
        json_t *list = NULL;
        int r = take_list(root, "manifests", MANIFEST_ROWS_MAX, &list, f);

        if (r < 0)
                return r;
        i->rows = calloc(json_array_size(list) + 1, sizeof(*i->rows));
        if (!i->rows)
                return -ENOMEM;
        while (r == 0 && i->n < json_array_size(list)) {
                struct index_row *row = &i->rows[i->n];
                r = read_row(json_array_get(list, i->n++), row, f);
        }
        return r;
}

int index_read(const char *text, size_t size, struct index *ret, struct fault *f) {
        autojson json_t *root = json_read(text, size, "its index", f);
        struct index i = { 0 };

        if (!root)
                return -EINVAL;
        int r = read_rows(root, &i, f);
        if (r < 0)
                index_done(&i);
        else
                *ret = i;
        return r;
}

void index_done(struct index *i) {
        for (size_t k = 0; k < i->n; k++) {
                blob_done(&i->rows[k].blob);
                free(i->rows[k].name);
                platform_done(&i->rows[k].platform);
        }
        free(i->rows);
        *i = (struct index){ 0 };
}

static int read_layers(const json_t *root, struct manifest *m, struct fault *f) {
        json_t *config = NULL, *list = NULL;
        int r = json_get(root, "config", JSON_OBJECT, &config, f);

        if (r < 0)
                return r;
        if (!config)
                return fault(f, -EINVAL, "the manifest has no configuration");
        r = read_blob(config, &m->config, f);
        if (r == 0)
                r = take_list(root, "layers", MANIFEST_LAYERS_MAX, &list, f);
        if (r < 0)
                return r;
        m->layers = calloc(json_array_size(list) + 1, sizeof(*m->layers));
        if (!m->layers)
                return -ENOMEM;
        while (r == 0 && m->n < json_array_size(list)) {
                struct blob *b = &m->layers[m->n];
                r = read_blob(json_array_get(list, m->n++), b, f);
        }
        return r;
}

int manifest_read(const char *text, size_t size, struct manifest *ret, struct fault *f) {
        autojson json_t *root = json_read(text, size, "its manifest", f);
        struct manifest m = { 0 };

        if (!root)
                return -EINVAL;
        int r = read_layers(root, &m, f);
        if (r < 0)
                manifest_done(&m);
        else
                *ret = m;
        return r;
}

void manifest_done(struct manifest *m) {
        blob_done(&m->config);
        for (size_t i = 0; i < m->n; i++)
                blob_done(&m->layers[i]);
        free(m->layers);
        *m = (struct manifest){ 0 };
}

static int read_archived(const json_t *j, struct archived *row, struct fault *f) {
        if (!json_is_object(j))
                return fault(f, -EINVAL, "manifest.json has an entry that is not an object");
        int r = json_copy_text(j, "Config", &row->config, f);
        if (r == 0)
                r = json_copy_list(j, "RepoTags", MANIFEST_ROWS_MAX, &row->names, f);
        if (r == 0)
                r = json_copy_list(j, "Layers", MANIFEST_LAYERS_MAX, &row->layers, f);
        if (r == 0 && !row->config)
                return fault(f, -EINVAL, "manifest.json names no configuration");
        return r;
}

int archive_list_read(const char *text, size_t size, struct archive_list *ret, struct fault *f) {
        autojson json_t *root = json_read(text, size, "its manifest.json", f);
        struct archive_list l = { 0 };
        int r = 0;

        if (!root)
                return -EINVAL;
        if (!json_is_array(root) || json_array_size(root) > MANIFEST_ROWS_MAX)
                return fault(f, -EINVAL, "its manifest.json is no list of images");
        l.rows = calloc(json_array_size(root) + 1, sizeof(*l.rows));
        if (!l.rows)
                return -ENOMEM;
        while (r == 0 && l.n < json_array_size(root)) {
                struct archived *row = &l.rows[l.n];
                r = read_archived(json_array_get(root, l.n++), row, f);
        }
        if (r < 0)
                archive_list_done(&l);
        else
                *ret = l;
        return r;
}

void archive_list_done(struct archive_list *l) {
        for (size_t i = 0; i < l->n; i++) {
                free(l->rows[i].config);
                strv_free(l->rows[i].names);
                strv_free(l->rows[i].layers);
        }
        free(l->rows);
        *l = (struct archive_list){ 0 };
}

bool image_name_fits(const char *name, const char *wanted) {
        size_t n = strlen(name), m = strlen(wanted);

        if (m == 0 || n < m || strcmp(name + n - m, wanted) != 0)
                return false;
        return n == m || name[n - m - 1] == '/' || name[n - m - 1] == ':';
}
