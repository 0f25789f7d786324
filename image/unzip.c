#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>

#include "base/parse.h"
#include "image/unzip.h"

struct unzip {
        const struct blob *blob;
        struct stream *stream;   /* owned; the blob as it is stored */
        struct archive *archive; /* owned; takes its compression off */
        struct hash stored, plain;
        uint64_t *left;
        struct fault *fault; /* of the call that runs */
        int error;           /* what went wrong below libarchive */
};

/* A piece of the blob, counted and hashed. */
static ssize_t next_stored(struct unzip *u, const void **ret) {
        ssize_t n = stream_next(u->stream, ret, u->fault);

        if (n <= 0)
                return n;
        hash_take(&u->stored, *ret, (size_t) n);
        if (u->blob->has_digest && u->stored.size > u->blob->size)
                return fault(u->fault, -EBADMSG, "it has more than the %llu bytes that the manifest says",
                             (unsigned long long) u->blob->size);
        return n;
}

static la_ssize_t feed(struct archive *a, void *context, const void **ret) {
        struct unzip *u = context;
        ssize_t n = next_stored(u, ret);

        if (n < 0) {
                u->error = (int) n;
                archive_set_error(a, (int) -n, "reading the layer");
        }
        return n;
}

static int complain(struct unzip *u) {
        if (u->error < 0)
                return u->error;
        return fault(u->fault, -EBADMSG, "it cannot be decompressed: %s", archive_error_string(u->archive));
}

static int open_filter(struct unzip *u) {
        struct archive_entry *entry;

        u->archive = archive_read_new();
        if (!u->archive)
                return -ENOMEM;
        (void) archive_read_support_filter_gzip(u->archive);
        /* A warning: it would run a program that it finds. */
        if (archive_read_support_filter_zstd(u->archive) != ARCHIVE_OK)
                return fault(u->fault, -EPROTONOSUPPORT, "this libarchive knows no zstd");
        (void) archive_read_support_format_raw(u->archive);
        (void) archive_read_support_format_empty(u->archive);
        if (archive_read_open(u->archive, u, NULL, feed, NULL) != ARCHIVE_OK)
                return complain(u);
        int r = archive_read_next_header(u->archive, &entry);
        return r == ARCHIVE_OK || r == ARCHIVE_EOF ? 0 : complain(u);
}

int unzip_open(struct source *s, const struct blob *blob, uint64_t *left, struct unzip **ret,
               struct fault *f) {
        struct unzip *u = calloc(1, sizeof(*u));

        if (!u)
                return -ENOMEM;
        u->blob = blob;
        u->left = left;
        u->fault = f;
        hash_init(&u->stored);
        hash_init(&u->plain);
        int r = source_stream(s, blob->member, &u->stream, f);
        if (r == 0)
                r = open_filter(u);
        if (r < 0)
                unzip_close(u);
        else
                *ret = u;
        return r;
}

struct unzip *unzip_close(struct unzip *u) {
        if (!u)
                return NULL;
        if (u->archive)
                (void) archive_read_free(u->archive);
        stream_close(u->stream);
        free(u);
        return NULL;
}

ssize_t unzip_next(struct unzip *u, const void **ret, struct fault *f) {
        la_int64_t offset;
        size_t n = 0;

        u->fault = f;
        int r = archive_read_data_block(u->archive, ret, &n, &offset);
        if (r == ARCHIVE_EOF)
                return 0;
        if (r != ARCHIVE_OK)
                return complain(u);
        if (n > *u->left) {
                (void) fault(f, -EFBIG, "the image is larger than the limit");
                fault_hint(f, "--max-size says how much may be unpacked, in all");
                return -EFBIG;
        }
        *u->left -= n;
        hash_take(&u->plain, *ret, n);
        return (ssize_t) n;
}

static int check_stored(struct unzip *u) {
        struct digest is = hash_end(&u->stored);
        char text[DIGEST_TEXT_MAX];

        if (!u->blob->has_digest)
                return 0;
        if (u->stored.size != u->blob->size)
                return fault(u->fault, -EBADMSG, "it has %llu bytes where the manifest says %llu",
                             (unsigned long long) u->stored.size, (unsigned long long) u->blob->size);
        if (!digest_equal(&is, &u->blob->digest))
                return fault(u->fault, -EBADMSG, "its digest is a lie: it is %s", digest_print(&is, text));
        return 0;
}

int unzip_verify(struct unzip *u, const struct digest *diff_id, struct fault *f) {
        char is_text[DIGEST_TEXT_MAX], said_text[DIGEST_TEXT_MAX];
        const void *piece;
        ssize_t n;

        do
                n = unzip_next(u, &piece, f);
        while (n > 0);
        if (n < 0)
                return (int) n;
        /* What follows the compressed data is of the blob as well. */
        do
                n = next_stored(u, &piece);
        while (n > 0);
        if (n < 0)
                return (int) n;

        int r = check_stored(u);
        struct digest is = hash_end(&u->plain);
        if (r == 0 && !digest_equal(&is, diff_id))
                r = fault(f, -EBADMSG, "its contents are %s where the configuration says %s",
                          digest_print(&is, is_text), digest_print(diff_id, said_text));
        return r;
}
