/* Where an image comes from: a directory, or a tar (perhaps compressed) that holds the same files. Its files
 * are asked for by name; in a tar each is looked for from the begin. */
#pragma once

#include <signal.h>

#include "image/fault.h"

/* Set by a signal: reading ends with an error. */
extern volatile sig_atomic_t source_interrupted;

struct source;
struct stream;

/* 0, or a negative errno with the reason. */
int source_open(const char *path, struct source **ret, struct fault *f) must_check;
struct source *source_close(struct source *s);
/* A descriptor that is borrowed; -1: it is a file. */
int source_directory(const struct source *s);

/* 1 where there is such a file, 0 where not. */
int source_has(struct source *s, const char *name, struct fault *f) must_check;

/* A whole small file, with a NUL behind it. The caller frees. -EFBIG over `most` bytes. */
int source_read(struct source *s, const char *name, size_t most, char **ret, size_t *ret_size,
                struct fault *f) must_check;

/* A large one in pieces; one stream at a time. */
int source_stream(struct source *s, const char *name, struct stream **ret, struct fault *f) must_check;
/* How many bytes there are at *ret, until the next call; 0 at the end. */
ssize_t stream_next(struct stream *s, const void **ret, struct fault *f) must_check;
struct stream *stream_close(struct stream *s);
