/* Unpacking one layer into a directory. */
#pragma once

#include "image/tree.h"
#include "image/unzip.h"

/* What an image may still take; counted down. */
struct limits {
        uint64_t bytes;
        uint64_t entries;
};

/* What was left out, for a word about it. */
struct left_out {
        uint64_t devices, attributes, lists;
};

enum layer_pass {
        LAYER_ALL,       /* whiteouts in overlayfs' form, and the entries: where the tree is alone */
        LAYER_WHITEOUTS, /* removes what the layer removes, and nothing else */
        LAYER_ENTRIES,   /* the entries alone */
};

/* -EXDEV, without a reason, as tree.h says. What came of it is to be removed where it failed. */
int layer_unpack(struct unzip *u, struct tree *t, enum layer_pass pass, struct limits *limits,
                 struct left_out *left_out, struct fault *f) must_check;
