/* The files that describe an image: OCI's index, manifest and configuration, and Docker's manifest.json. Text
 * in, structs out; nothing is opened. All text is a stranger's. Each returns 0, or a negative errno with the
 * reason in the fault. */
#pragma once

#include "image/digest.h"
#include "image/fault.h"

#define MANIFEST_LAYERS_MAX 500
#define MANIFEST_ROWS_MAX   10000

/* What a descriptor's mediaType says. */
enum media { MEDIA_OTHER, MEDIA_INDEX, MEDIA_MANIFEST, MEDIA_CONFIG, MEDIA_LAYER };

struct blob {
        struct digest digest;
        uint64_t size;   /* bytes */
        bool has_digest; /* else neither of these is known: layers of Docker's archives */
        enum media media;
        char *member; /* owned; its file in the layout or the archive */
};

/* "linux/arm64/v8", in parts. All owned; NULL: not said. */
struct platform {
        char *os, *architecture, *variant;
};

struct index_row {
        struct blob blob;
        char *name; /* owned; NULL: has none */
        struct platform platform;
};

struct index {
        struct index_row *rows; /* owned */
        size_t n;
};

struct manifest {
        struct blob config;
        struct blob *layers; /* owned; the lowest first */
        size_t n;
};

/* All owned. NULL: not said. */
struct image_config {
        struct platform platform;
        struct digest *diff_ids; /* of the layers without compression, the lowest first */
        size_t n;
        char **environment;
        char *directory;
        char *user;
        char *stop_signal;
        char **entrypoint;
        char **command;
};

/* A row of Docker's manifest.json. All owned. */
struct archived {
        char *config;
        char **names;
        char **layers;
};

struct archive_list {
        struct archived *rows;
        size_t n;
};

int index_read(const char *text, size_t size, struct index *ret, struct fault *f) must_check;
void index_done(struct index *i);

int manifest_read(const char *text, size_t size, struct manifest *ret, struct fault *f) must_check;
void manifest_done(struct manifest *m);

int image_config_read(const char *text, size_t size, struct image_config *ret, struct fault *f) must_check;
void image_config_done(struct image_config *c);

int archive_list_read(const char *text, size_t size, struct archive_list *ret, struct fault *f) must_check;
void archive_list_done(struct archive_list *l);

/* "linux/arm64/v8" or "arm64"; -EINVAL. */
int platform_parse(const char *text, struct platform *ret) must_check;
/* This machine's. -ENOMEM. */
int platform_own(struct platform *ret) must_check;
/* Whether what is for `offered` runs on `wanted`; what one of them does not say fits everything. */
bool platform_fits(const struct platform *offered, const struct platform *wanted);
void platform_done(struct platform *p);

/* Whether an image of that name is meant by `wanted`: the name itself, or its end from a `/` or `:` on. */
bool image_name_fits(const char *name, const char *wanted);
