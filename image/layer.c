#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/text.h"
#include "image/layer.h"

/* The time of a directory is set when nothing more comes into it. */
struct dated {
        char *path;
        struct timespec time;
};

struct unpacking {
        struct unzip *unzip;
        struct tree *tree;
        struct archive *tar;
        struct limits *limits;
        uint64_t most; /* bytes of this layer; it is read ahead of what is unpacked */
        struct left_out *left_out;
        struct fault *fault;
        struct dated *dated;
        size_t n_dated, room_dated;
        int error; /* what went wrong below libarchive */
};

static la_ssize_t feed(struct archive *a, void *context, const void **ret) {
        struct unpacking *p = context;
        ssize_t n = unzip_next(p->unzip, ret, p->fault);

        if (n < 0) {
                p->error = (int) n;
                archive_set_error(a, (int) -n, "reading the layer");
        }
        return n;
}

static int complain(struct unpacking *p) {
        return p->error < 0
                       ? p->error
                       : fault(p->fault, -EBADMSG, "its tar is damaged: %s", archive_error_string(p->tar));
}

static struct attributes attributes_of(struct archive_entry *e) {
        return (struct attributes){ .mode = archive_entry_mode(e) & 07777,
                                    .uid = (uid_t) archive_entry_uid(e),
                                    .gid = (gid_t) archive_entry_gid(e),
                                    .time = { .tv_sec = archive_entry_mtime(e),
                                              .tv_nsec = archive_entry_mtime_nsec(e) } };
}

static int check_owner(struct archive_entry *e, struct fault *f) {
        int64_t uid = archive_entry_uid(e), gid = archive_entry_gid(e);

        if (uid < 0 || gid < 0 || uid >= UINT32_MAX || gid >= UINT32_MAX)
                return fault(f, -ERANGE, "its owner is no number that a user can have");
        return 0;
}

static int remember(struct unpacking *p, const char *path, struct timespec time) {
        if (p->n_dated == p->room_dated) {
                size_t room = MAX(p->room_dated * 2, (size_t) 64);
                struct dated *larger = reallocarray(p->dated, room, sizeof(*larger));
                if (!larger)
                        return -ENOMEM;
                p->dated = larger;
                p->room_dated = room;
        }
        struct dated *d = &p->dated[p->n_dated];
        *d = (struct dated){ strdup(path), time };
        if (!d->path)
                return -ENOMEM;
        p->n_dated++;
        return 0;
}

static void set_times(struct unpacking *p) {
        for (size_t i = 0; i < p->n_dated; i++) {
                autoclose int fd = tree_open_directory(p->tree, p->dated[i].path);
                const struct timespec times[2] = { p->dated[i].time, p->dated[i].time };
                if (fd >= 0)
                        (void) futimens(fd, times);
        }
}

/* What an image may say of its own files. The rest would speak to overlayfs, or to the machine's own
 * policies. */
static bool is_wanted(const char *attribute) {
        if (text_starts(attribute, "user."))
                return !text_starts(attribute, "user.overlay.");
        return strcmp(attribute, "security.capability") == 0;
}

static int set_attributes(struct unpacking *p, struct archive_entry *e, int fd) {
        const char *name;
        const void *value;
        size_t size;

        (void) archive_entry_xattr_reset(e);
        while (archive_entry_xattr_next(e, &name, &value, &size) == ARCHIVE_OK)
                if (!is_wanted(name) || fsetxattr(fd, name, value, size, 0) < 0)
                        p->left_out->attributes++;
        if (archive_entry_acl_count(e, ARCHIVE_ENTRY_ACL_TYPE_ACCESS | ARCHIVE_ENTRY_ACL_TYPE_DEFAULT) > 0)
                p->left_out->lists++;
        return 0;
}

static int write_at(int fd, const char *data, size_t size, off_t at) {
        while (size > 0) {
                ssize_t n = pwrite(fd, data, size, at);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                data += n;
                size -= (size_t) n;
                at += n;
        }
        return 0;
}

/* Holes stay holes. */
static int write_data(struct unpacking *p, struct archive_entry *e, int fd) {
        const void *data;
        la_int64_t at;
        size_t size;
        int r;

        while ((r = archive_read_data_block(p->tar, &data, &size, &at)) == ARCHIVE_OK) {
                int w = write_at(fd, data, size, at);
                if (w < 0)
                        return fault_system(p->fault, w, "writing the file");
        }
        if (r != ARCHIVE_EOF)
                return complain(p);
        return ftruncate(fd, archive_entry_size(e)) < 0 ? fault_system(p->fault, -errno, "setting its size")
                                                        : 0;
}

static int unpack_file(struct unpacking *p, const struct name *n, struct archive_entry *e) {
        const struct attributes a = attributes_of(e);
        const struct timespec times[2] = { a.time, a.time };

        /* A bomb is seen by what it says of itself, before it goes off. */
        if (archive_entry_sparse_count(e) == 0 && (uint64_t) archive_entry_size(e) > p->most) {
                (void) fault(p->fault, -EFBIG, "with it the image is larger than the limit");
                fault_hint(p->fault, "--max-size says how much may be unpacked, in all");
                return -EFBIG;
        }
        autoclose int fd = tree_make_file(p->tree, n, p->fault);
        if (fd < 0)
                return fd;
        int r = write_data(p, e, fd);
        if (r == 0)
                r = tree_set_owner(p->tree, fd, &a, p->fault);
        if (r == 0)
                r = set_attributes(p, e, fd);
        if (r == 0 && futimens(fd, times) < 0)
                r = fault_system(p->fault, -errno, "setting its time");
        return r;
}

static int unpack_directory(struct unpacking *p, const struct name *n, struct archive_entry *e) {
        const struct attributes a = attributes_of(e);
        int r = tree_make_directory(p->tree, n, &a, p->fault);

        if (r < 0)
                return r;
        autoclose int fd = tree_open_directory(p->tree, n->path);
        if (fd >= 0)
                r = set_attributes(p, e, fd);
        return r < 0 ? r : remember(p, n->path, a.time);
}

static int unpack_symlink(struct unpacking *p, const struct name *n, struct archive_entry *e) {
        const struct attributes a = attributes_of(e);
        const char *to = archive_entry_symlink(e);

        if (!to)
                return fault(p->fault, -EINVAL, "a symbolic link to nothing");
        return tree_make_symlink(p->tree, n, to, &a, p->fault);
}

static int unpack_link(struct unpacking *p, const struct name *n, const char *to) {
        struct name target;
        const char *why = name_read(to, &target);

        if (why || target.kind != NAME_PLAIN)
                return fault(p->fault, -EINVAL, "a hard link to %s", why ? why : "what a whiteout removes");
        return tree_make_link(p->tree, n, &target, p->fault);
}

static int unpack_plain(struct unpacking *p, const struct name *n, struct archive_entry *e) {
        const struct attributes a = attributes_of(e);
        const char *link = archive_entry_hardlink(e);

        if (link)
                return unpack_link(p, n, link);
        int r = check_owner(e, p->fault);
        if (r < 0)
                return r;
        switch (archive_entry_filetype(e)) {
        case AE_IFREG:
                return unpack_file(p, n, e);
        case AE_IFDIR:
                return unpack_directory(p, n, e);
        case AE_IFLNK:
                return unpack_symlink(p, n, e);
        case AE_IFIFO:
                return tree_make_fifo(p->tree, n, &a, p->fault);
        default:
                /* tend makes /dev itself, and a device of the machine is no business of an image. */
                p->left_out->devices++;
                return 0;
        }
}

static int unpack_entry(struct unpacking *p, struct archive_entry *e, enum layer_pass pass) {
        const char *path = archive_entry_pathname(e);
        struct name n;

        if (!path)
                return fault(p->fault, -EINVAL, "it has an entry whose name cannot be read");
        p->fault->entry = path;
        if (p->limits->entries == 0) {
                (void) fault(p->fault, -E2BIG, "the image has more entries than the limit");
                fault_hint(p->fault, "--max-entries says how many there may be, in all");
                return -E2BIG;
        }
        p->limits->entries -= pass != LAYER_WHITEOUTS;

        const char *why = name_read(path, &n);
        if (why)
                return fault(p->fault, -EINVAL, "%s", why);
        switch (n.kind) {
        case NAME_WHITEOUT:
                return pass == LAYER_ENTRIES ? 0 : tree_whiteout(p->tree, &n, p->fault);
        case NAME_OPAQUE:
                return pass == LAYER_ENTRIES ? 0 : tree_make_opaque(p->tree, &n, p->fault);
        case NAME_AUFS:
                return 0;
        case NAME_PLAIN:
                break;
        }
        return pass == LAYER_WHITEOUTS ? 0 : unpack_plain(p, &n, e);
}

static int unpack_entries(struct unpacking *p, enum layer_pass pass) {
        struct archive_entry *e;
        int r;

        while ((r = archive_read_next_header(p->tar, &e)) >= ARCHIVE_WARN && r != ARCHIVE_EOF) {
                int result = unpack_entry(p, e, pass);

                p->fault->entry = NULL;
                if (result < 0)
                        return result;
        }
        return r == ARCHIVE_EOF ? 0 : complain(p);
}

static int open_tar(struct unpacking *p) {
        p->tar = archive_read_new();
        if (!p->tar)
                return -ENOMEM;
        (void) archive_read_support_format_tar(p->tar);
        (void) archive_read_support_format_empty(p->tar);
        return archive_read_open(p->tar, p, NULL, feed, NULL) == ARCHIVE_OK ? 0 : complain(p);
}

int layer_unpack(struct unzip *u, struct tree *t, enum layer_pass pass, struct limits *limits,
                 struct left_out *left_out, struct fault *f) {
        struct unpacking p = { .unzip = u,
                               .tree = t,
                               .limits = limits,
                               .most = limits->bytes,
                               .left_out = left_out,
                               .fault = f };
        int r = open_tar(&p);

        if (r == 0)
                r = unpack_entries(&p, pass);
        if (r == 0)
                set_times(&p);
        if (p.tar)
                (void) archive_read_free(p.tar);
        for (size_t i = 0; i < p.n_dated; i++)
                free(p.dated[i].path);
        free(p.dated);
        return r;
}
