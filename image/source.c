#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/text.h"
#include "image/name.h"
#include "image/source.h"

#define PIECE       ((size_t) 64 << 10)
#define MEMBERS_MAX 100000
#define LINKS_MAX   8

struct source {
        int fd; /* of the directory or the file */
        bool is_directory;
};

struct stream {
        struct archive *archive; /* owned; at the data of a member; NULL: a plain file */
        int fd;                  /* owned */
        char piece[PIECE];
        char raw[PIECE]; /* what libarchive has been given last */
};

volatile sig_atomic_t source_interrupted;

int source_open(const char *path, struct source **ret, struct fault *f) {
        autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        struct stat st;

        if (fd < 0)
                return fault_system(f, -errno, "opening it");
        if (fstat(fd, &st) < 0 || !(S_ISDIR(st.st_mode) || S_ISREG(st.st_mode)))
                return fault(f, -EINVAL, "neither a directory nor a file");
        struct source *s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        s->fd = TAKE_FD(fd);
        s->is_directory = S_ISDIR(st.st_mode);
        *ret = s;
        return 0;
}

struct source *source_close(struct source *s) {
        if (s)
                (void) close(s->fd);
        free(s);
        return NULL;
}

int source_directory(const struct source *s) {
        return s->is_directory ? s->fd : -1;
}

/* Nothing outside of the layout is read in the name of an image, whatever is linked in it. */
static int open_inside(int directory, const char *name) {
        const struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
                                      .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
        struct stat st;
        int fd = (int) syscall(SYS_openat2, directory, name, &how, sizeof(how));

        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
                return fd;
        (void) close(fd);
        return -EINVAL;
}

/* libarchive's own reader would go on after a signal, for as long as there are bytes to pass over. */
static la_ssize_t feed(struct archive *a, void *context, const void **ret) {
        struct stream *s = context;
        ssize_t n = -1;

        errno = EINTR;
        while (n < 0 && errno == EINTR && !source_interrupted)
                n = read(s->fd, s->raw, sizeof(s->raw));
        if (n < 0)
                archive_set_error(a, errno, "%s", strerror(errno));
        *ret = s->raw;
        return n;
}

static la_int64_t pass_over(struct archive *a maybe_unused, void *context, la_int64_t n) {
        const struct stream *s = context;
        return lseek(s->fd, n, SEEK_CUR) < 0 ? 0 : n;
}

static int complain(struct stream *s, struct fault *f) {
        if (source_interrupted)
                return fault(f, -EINTR, "interrupted");
        (void) fault(f, -EINVAL, "no tar that can be read: %s", archive_error_string(s->archive));
        fault_hint(f, "it takes an OCI image layout (also in a tar), or what docker save writes");
        return -EINVAL;
}

/* An archive at its begin, on a descriptor with a position of its own. */
static int open_archive(struct stream *s, struct fault *f) {
        s->archive = archive_read_new();
        if (!s->archive)
                return -ENOMEM;
        (void) archive_read_support_filter_gzip(s->archive);
        (void) archive_read_support_filter_zstd(s->archive);
        (void) archive_read_support_format_tar(s->archive);
        return archive_read_open2(s->archive, s, NULL, feed, pass_over, NULL) == ARCHIVE_OK ? 0
                                                                                            : complain(s, f);
}

/* What a member is in truth, where it is a link, from the root of the tar; NULL: it is none, or -ENOMEM in
 * *r. The caller frees. */
static char *link_of(struct archive_entry *entry, const struct name *at, int *r) {
        const char *hard = archive_entry_hardlink(entry), *soft = archive_entry_symlink(entry);
        char *link = NULL;

        if (hard)
                link = strdup(hard);
        else if (soft)
                link = text_format("%s%s%s", at->parent, at->parent[0] ? "/" : "", soft);
        if ((hard || soft) && !link)
                *r = -ENOMEM;
        return link;
}

/* Goes on to the member of that name. 1; 0: there is none; *link is what it links to, if it is a link (the
 * caller frees). */
static int find_member(struct stream *s, const char *name, char **link, struct fault *f) {
        struct archive_entry *entry;
        struct name found;

        for (size_t i = 0; i < MEMBERS_MAX; i++) {
                int r = archive_read_next_header(s->archive, &entry);
                if (r == ARCHIVE_EOF)
                        return 0;
                if (r < ARCHIVE_WARN)
                        return complain(s, f);
                const char *path = archive_entry_pathname(entry);
                if (!path || name_read(path, &found) || strcmp(found.path, name) != 0)
                        continue;
                r = 1;
                *link = link_of(entry, &found, &r);
                return *link || r < 0 ? r : archive_entry_filetype(entry) == AE_IFREG;
        }
        return fault(f, -E2BIG, "the tar has more than %d files", MEMBERS_MAX);
}

/* Takes "DIR/../" out of a path, which is how docker save links layers that two images share. */
static void take_out_dots(char *path) {
        char *dots;

        while ((dots = strstr(path, "/../"))) {
                char *from = dots;

                while (from > path && from[-1] != '/')
                        from--;
                if (text_starts(from, "../"))
                        return;
                memmove(from, dots + 4, strlen(dots + 4) + 1);
        }
}

/* One try of it: as find_member(). */
static int look_for(struct source *s, const char *name, struct stream *stream, char **link, struct fault *f) {
        /* The position is one and the same: there is one stream at a time. */
        stream->fd = fcntl(s->fd, F_DUPFD_CLOEXEC, 0);
        if (stream->fd < 0 || lseek(stream->fd, 0, SEEK_SET) < 0)
                return fault_system(f, -errno, "reading it from the begin");
        int r = open_archive(stream, f);
        return r < 0 ? r : find_member(stream, name, link, f);
}

static int open_member(struct source *s, const char *name, struct stream *stream, struct fault *f) {
        struct name wanted;

        if (name_read(name, &wanted))
                return fault(f, -EINVAL, "%.200s is no name that a file of an image can have", name);
        for (int i = 0; i < LINKS_MAX; i++) {
                autofree char *link = NULL;
                int r = look_for(s, wanted.path, stream, &link, f);

                if (r <= 0)
                        return r < 0 ? r : -ENOENT;
                if (!link)
                        return 0;
                (void) archive_read_free(stream->archive);
                stream->archive = NULL;
                (void) close(TAKE_FD(stream->fd));
                take_out_dots(link);
                if (name_read(link, &wanted))
                        return fault(f, -EINVAL, "%.200s is a link that leads out of the image", name);
        }
        return fault(f, -ELOOP, "%.200s leads through too many links", name);
}

/* Also tells -ENOENT, without a reason. */
static int open_stream(struct source *s, const char *name, struct stream **ret, struct fault *f) {
        struct stream *stream = calloc(1, sizeof(*stream));
        int r = 0;

        if (!stream)
                return -ENOMEM;
        stream->fd = -1;
        if (s->is_directory) {
                r = open_inside(s->fd, name);
                if (r >= 0)
                        stream->fd = r;
                else if (r != -ENOENT)
                        (void) fault_system(f, r, name);
        } else
                r = open_member(s, name, stream, f);
        if (r < 0) {
                stream_close(stream);
                return r;
        }
        *ret = stream;
        return 0;
}

int source_stream(struct source *s, const char *name, struct stream **ret, struct fault *f) {
        int r = open_stream(s, name, ret, f);

        if (r == -ENOENT)
                (void) fault(f, r, "%s is missing", name);
        return r;
}

struct stream *stream_close(struct stream *s) {
        if (!s)
                return NULL;
        if (s->archive)
                (void) archive_read_free(s->archive);
        if (s->fd >= 0)
                (void) close(s->fd);
        free(s);
        return NULL;
}

ssize_t stream_next(struct stream *s, const void **ret, struct fault *f) {
        ssize_t n;

        *ret = s->piece;
        if (source_interrupted)
                return fault(f, -EINTR, "interrupted");
        if (s->archive) {
                n = archive_read_data(s->archive, s->piece, sizeof(s->piece));
                return n >= 0 ? n : complain(s, f);
        }
        do
                n = read(s->fd, s->piece, sizeof(s->piece));
        while (n < 0 && errno == EINTR);
        return n >= 0 ? n : fault_system(f, -errno, "reading it");
}

int source_has(struct source *s, const char *name, struct fault *f) {
        struct stream *stream = NULL;
        int r = open_stream(s, name, &stream, f);

        if (r < 0)
                return r == -ENOENT ? 0 : r;
        stream_close(stream);
        return 1;
}

static int read_all(struct stream *s, size_t most, char **ret, size_t *ret_size, struct fault *f) {
        autofree char *text = calloc(1, 1);
        size_t have = 0;

        while (text) {
                const void *piece;
                ssize_t n = stream_next(s, &piece, f);

                if (n < 0)
                        return (int) n;
                if (n == 0) {
                        *ret = TAKE(text);
                        *ret_size = have;
                        return 0;
                }
                if ((size_t) n > most - have)
                        return -EFBIG;
                char *larger = realloc(text, have + (size_t) n + 1);
                if (!larger)
                        return -ENOMEM;
                text = larger;
                memcpy(text + have, piece, (size_t) n);
                have += (size_t) n;
                text[have] = '\0';
        }
        return -ENOMEM;
}

int source_read(struct source *s, const char *name, size_t most, char **ret, size_t *ret_size,
                struct fault *f) {
        struct stream *stream = NULL;
        int r = source_stream(s, name, &stream, f);

        if (r < 0)
                return r;
        r = read_all(stream, most, ret, ret_size, f);
        stream_close(stream);
        return r == -EFBIG ? fault(f, r, "%s has more than %zu bytes", name, most) : r;
}
