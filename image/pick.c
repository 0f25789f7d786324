#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "image/json.h"
#include "image/pick.h"

#define INDEX_DEPTH_MAX 4

/* What may be meant: the first manifest that fits, and whether there is another. */
struct search {
        struct source *source;
        const char *name; /* NULL: any */
        const struct platform *platform;
        struct blob blob;   /* member: owned; NULL: nothing is found */
        char *found_name;   /* owned */
        size_t n_others;    /* that fit as well and are another image */
        char **offered;     /* owned; all names that there are, for the message */
        bool has_platforms; /* something was passed over for its platform */
};

static void search_done(struct search *s) {
        free(s->blob.member);
        free(s->found_name);
        strv_free(s->offered);
}

/* A file that is called by what it hashes to. */
static int read_blob(struct source *s, const struct blob *b, char **ret, size_t *ret_size, struct fault *f) {
        autofree char *text = NULL;
        int r = source_read(s, b->member, JSON_MOST, &text, ret_size, f);

        if (r < 0)
                return r;
        struct digest is = digest_of(text, *ret_size);
        if (*ret_size != b->size)
                return fault(f, -EBADMSG, "%s has %zu bytes where %llu are said", b->member, *ret_size,
                             (unsigned long long) b->size);
        if (!digest_equal(&is, &b->digest))
                return fault(f, -EBADMSG, "%s: its digest is a lie", b->member);
        *ret = TAKE(text);
        return 0;
}

static int offer(struct search *s, const struct index_row *row, const char *name) {
        if (name && !strv_contains(s->offered, name) && strv_length(s->offered) < 20 &&
            strv_add(&s->offered, name) < 0)
                return -ENOMEM;
        if (s->blob.member) {
                s->n_others += !digest_equal(&s->blob.digest, &row->blob.digest);
                return 0;
        }
        s->blob = row->blob;
        s->blob.member = strdup(row->blob.member);
        s->found_name = name ? strdup(name) : NULL;
        return s->blob.member && (s->found_name || !name) ? 0 : -ENOMEM;
}

/* NOLINTBEGIN(misc-no-recursion): as deep as INDEX_DEPTH_MAX */
/* `blob` is NULL for the layout's own. */
static int search_index(struct search *s, const struct blob *blob, const char *name, int depth,
                        struct fault *f) {
        autofree char *text = NULL;
        struct index index = { 0 };
        size_t size = 0;
        int r = blob ? read_blob(s->source, blob, &text, &size, f)
                     : source_read(s->source, "index.json", JSON_MOST, &text, &size, f);

        if (r == 0 && depth > INDEX_DEPTH_MAX)
                r = fault(f, -ELOOP, "more than %d indexes in each other", INDEX_DEPTH_MAX);
        if (r == 0)
                r = index_read(text, size, &index, f);
        if (r < 0)
                return r;
        for (size_t i = 0; r == 0 && i < index.n; i++) {
                const struct index_row *row = &index.rows[i];
                const char *called = name ? name : row->name;

                if (s->name && depth == 0 && !(called && image_name_fits(called, s->name))) {
                        if (called && strv_length(s->offered) < 20)
                                r = strv_add(&s->offered, called);
                } else if (row->blob.media == MEDIA_INDEX)
                        r = search_index(s, &row->blob, called, depth + 1, f);
                else if (row->blob.media == MEDIA_MANIFEST && !platform_fits(&row->platform, s->platform))
                        s->has_platforms = true;
                else if (row->blob.media == MEDIA_MANIFEST)
                        r = offer(s, row, called);
        }
        index_done(&index);
        return r;
}

/* NOLINTEND(misc-no-recursion) */

static void print_names(char *const *names, struct fault *f) {
        char text[1024] = "";
        size_t n = 0;

        for (size_t i = 0; names && names[i] && n < sizeof(text); i++)
                n += (size_t) snprintf(text + n, sizeof(text) - n, "%s%s", i ? ", " : "", names[i]);
        if (n > 0)
                fault_hint(f, "it has %s: PATH:NAME says which is meant", text);
}

/* Nothing was found, or too much. */
static int complain(const char *name, size_t n_others, bool has_platforms, char *const *names,
                    struct fault *f) {
        if (n_others > 0) {
                (void) fault(f, -ENOTUNIQ, "%zu images fit%s%s", n_others + 1, name ? " " : "",
                             name ? name : "");
                print_names(names, f);
                return -ENOTUNIQ;
        }
        if (has_platforms) {
                (void) fault(f, -ENOENT, "nothing in it is for this platform");
                fault_hint(f, "--platform OS/ARCHITECTURE takes another one");
                return -ENOENT;
        }
        (void) fault(f, -ENOENT, name ? "no image in it is called %s" : "there is no image in it", name);
        print_names(names, f);
        return -ENOENT;
}

/* ---- OCI's layout -------------------------------------------------------------------------------------- */

static int read_manifest(struct source *source, const struct blob *blob, struct picked *p, struct fault *f) {
        autofree char *text = NULL, *config = NULL;
        size_t size = 0;
        int r = read_blob(source, blob, &text, &size, f);

        if (r == 0)
                r = manifest_read(text, size, &p->manifest, f);
        if (r == 0)
                r = read_blob(source, &p->manifest.config, &config, &size, f);
        if (r < 0)
                return r;
        p->id = p->manifest.config.digest;
        return image_config_read(config, size, &p->config, f);
}

static int pick_layout(struct source *source, const char *name, const struct platform *platform,
                       struct picked *p, struct fault *f) {
        struct search s = { .source = source, .name = name, .platform = platform };
        int r = search_index(&s, NULL, NULL, 0, f);

        if (r == 0 && (!s.blob.member || s.n_others > 0))
                r = complain(name, s.n_others, s.has_platforms, s.offered, f);
        if (r == 0)
                r = read_manifest(source, &s.blob, p, f);
        p->name = TAKE(s.found_name);
        search_done(&s);
        return r;
}

/* ---- Docker's archive ---------------------------------------------------------------------------------- */

static bool has_name(const struct archived *row, const char *name) {
        for (size_t i = 0; row->names && row->names[i]; i++)
                if (image_name_fits(row->names[i], name))
                        return true;
        return false;
}

/* The row that is meant; NULL after a complaint. */
static const struct archived *find_row(const struct archive_list *l, const char *name, struct fault *f) {
        const struct archived *found = NULL;
        autostrv char **names = NULL;
        size_t n = 0;

        for (size_t i = 0; i < l->n; i++) {
                for (size_t k = 0; k < strv_length(l->rows[i].names) && strv_length(names) < 20; k++)
                        (void) !strv_add(&names, l->rows[i].names[k]);
                if (name && !has_name(&l->rows[i], name))
                        continue;
                n++;
                found = found ? found : &l->rows[i];
        }
        if (n == 1)
                return found;
        (void) complain(name, n > 0 ? n - 1 : 0, false, names, f);
        return NULL;
}

/* Its name is its digest where the engines have written it: "HEX.json", "blobs/sha256/HEX". */
static int check_config(const char *member, const struct digest *is, struct fault *f) {
        char hex[DIGEST_HEX_MAX];
        const char *base = strrchr(member, '/');
        struct digest said;

        base = base ? base + 1 : member;
        (void) snprintf(hex, sizeof(hex), "%.*s", (int) strcspn(base, "."), base);
        if (digest_parse_hex(hex, &said) == 0 && !digest_equal(&said, is))
                return fault(f, -EBADMSG, "%s: its digest is a lie", member);
        return 0;
}

static int take_row(struct source *source, const struct archived *row, struct picked *p, struct fault *f) {
        autofree char *text = NULL;
        size_t size = 0, n = strv_length(row->layers);
        int r = source_read(source, row->config, JSON_MOST, &text, &size, f);

        if (r < 0)
                return r;
        p->id = digest_of(text, size);
        r = check_config(row->config, &p->id, f);
        if (r == 0)
                r = image_config_read(text, size, &p->config, f);
        if (r < 0)
                return r;
        p->name = row->names && row->names[0] ? strdup(row->names[0]) : NULL;
        p->manifest.layers = calloc(n + 1, sizeof(*p->manifest.layers));
        if (!p->manifest.layers || (row->names && row->names[0] && !p->name))
                return -ENOMEM;
        for (; p->manifest.n < n; p->manifest.n++) {
                struct blob *b = &p->manifest.layers[p->manifest.n];

                b->media = MEDIA_LAYER;
                b->member = strdup(row->layers[p->manifest.n]);
                if (!b->member)
                        return -ENOMEM;
        }
        return 0;
}

static int pick_archive(struct source *source, const char *name, struct picked *p, struct fault *f) {
        autofree char *text = NULL;
        struct archive_list list = { 0 };
        size_t size = 0;
        int r = source_read(source, "manifest.json", JSON_MOST, &text, &size, f);

        if (r == 0)
                r = archive_list_read(text, size, &list, f);
        if (r < 0)
                return r;
        const struct archived *row = find_row(&list, name, f);
        r = row ? take_row(source, row, p, f) : -ENOENT;
        archive_list_done(&list);
        return r;
}

/* ---- either -------------------------------------------------------------------------------------------- */

static int check(const struct picked *p, const struct platform *wanted, struct fault *f) {
        if (!platform_fits(&p->config.platform, wanted)) {
                (void) fault(f, -ENOEXEC, "it is for %s/%s",
                             p->config.platform.os ? p->config.platform.os : "",
                             p->config.platform.architecture ? p->config.platform.architecture : "");
                fault_hint(f, "--platform OS/ARCHITECTURE takes it all the same");
                return -ENOEXEC;
        }
        if (p->manifest.n != p->config.n)
                return fault(f, -EBADMSG, "the manifest has %zu layers, the configuration %zu", p->manifest.n,
                             p->config.n);
        for (size_t i = 0; i < p->manifest.n; i++)
                if (p->manifest.layers[i].media != MEDIA_LAYER)
                        return fault(f, -EPROTONOSUPPORT,
                                     "layer %zu is of a type that is not known (encrypted?)", i + 1);
        return 0;
}

int pick_image(struct source *s, const char *name, const struct platform *wanted, struct picked *ret,
               struct fault *f) {
        struct picked p = { 0 };
        int r = source_has(s, "index.json", f);

        if (r > 0)
                r = pick_layout(s, name, wanted, &p, f);
        else if (r == 0) {
                r = source_has(s, "manifest.json", f);
                if (r > 0)
                        r = pick_archive(s, name, &p, f);
                else if (r == 0) {
                        r = fault(f, -EINVAL, "neither an index.json nor a manifest.json is in it");
                        fault_hint(
                                f,
                                "it takes an OCI image layout (also in a tar), or what docker save writes");
                }
        }
        if (r == 0)
                r = check(&p, wanted, f);
        if (r < 0)
                picked_done(&p);
        else
                *ret = p;
        return r;
}

void picked_done(struct picked *p) {
        free(p->name);
        image_config_done(&p->config);
        manifest_done(&p->manifest);
        *p = (struct picked){ 0 };
}
