#include <string.h>

#include "base/text.h"
#include "image/name.h"

#define WHITEOUT ".wh."
#define RESERVED ".wh..wh."

/* Copies the path without empty parts and those that are a dot. NULL, or what is wrong. */
static const char *normalize(const char *text, char *to) {
        size_t n = 0, depth = 0;

        for (const char *at = text; *at != '\0';) {
                size_t length = strcspn(at, "/");

                if (length == 2 && strncmp(at, "..", 2) == 0)
                        return "a path with .. in it";
                if (length > NAME_MAX)
                        return "a name of more than 255 bytes";
                if (length > 0 && !(length == 1 && *at == '.')) {
                        if (n + length + 2 > PATH_MAX)
                                return "a path of more than 4095 bytes";
                        if (++depth > NAME_DEPTH_MAX)
                                return "more than 256 directories in each other";
                        if (n > 0)
                                to[n++] = '/';
                        memcpy(to + n, at, length);
                        n += length;
                }
                at += length;
                at += strspn(at, "/");
        }
        to[n] = '\0';
        return NULL;
}

static enum name_kind classify(const char *base) {
        if (strcmp(base, ".wh..wh..opq") == 0)
                return NAME_OPAQUE;
        if (text_starts(base, RESERVED))
                return NAME_AUFS;
        return text_starts(base, WHITEOUT) ? NAME_WHITEOUT : NAME_PLAIN;
}

const char *name_read(const char *text, struct name *ret) {
        if (*text == '\0')
                return "an entry without a name";
        if (*text == '/')
                return "an absolute path";

        const char *why = normalize(text, ret->path);
        if (why)
                return why;

        char *slash = strrchr(ret->path, '/');
        size_t n = slash ? (size_t) (slash - ret->path) : 0;
        memcpy(ret->parent, ret->path, n);
        ret->parent[n] = '\0';
        ret->base = slash ? slash + 1 : ret->path;
        ret->kind = classify(ret->base);

        /* aufs keeps hard links in directories of its own, whose entries mean nothing. */
        if (text_starts(ret->parent, RESERVED) || strstr(ret->parent, "/" RESERVED))
                ret->kind = NAME_AUFS;
        else if (text_starts(ret->parent, WHITEOUT) || strstr(ret->parent, "/" WHITEOUT))
                return "an entry inside of what a whiteout removes";

        if (ret->kind == NAME_WHITEOUT) {
                ret->base += strlen(WHITEOUT);
                if (*ret->base == '\0' || strcmp(ret->base, ".") == 0 || strcmp(ret->base, "..") == 0)
                        return "a whiteout of nothing";
        }
        return NULL;
}
