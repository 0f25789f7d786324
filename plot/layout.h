/* What is drawn where: from the record of a start to the rows, bars and marks of its picture. Pure, but for
 * the memory that it takes; svg.c only writes it down. Lengths are pixels. */
#pragma once

#include "plot/axis.h"
#include "plot/chain.h"

enum part {
        PART_WAITING,  /* asked for, behind others */
        PART_STARTING, /* begun, not ready yet */
        PART_UP,
        PART_DOWN,    /* between two runs */
        PART_UNKNOWN, /* in between there were runs that are not kept */
        PART_COUNT,
};

struct bar {
        enum part part;
        usec_t from, to; /* since the start */
        double x, width;
};

enum mark_kind {
        MARK_RESTART, /* it begins again */
        MARK_FAILED,  /* and is not repeated by itself */
        MARK_STOPPED, /* it was stopped, or has finished */
        MARK_COUNT,
};

struct mark {
        enum mark_kind kind;
        usec_t at;
        double x;
};

#define LAYOUT_NOTE_MAX 200

struct row {
        size_t unit; /* place in the record */
        struct attempt start;
        bool on_chain;
        size_t first_bar, n_bars, first_mark, n_marks;
        char note[LAYOUT_NOTE_MAX]; /* what the picture does not say; "" where there is nothing */
};

/* From one that was waited for to who waited for it. */
struct joint {
        double x;
        size_t from, to; /* rows */
};

struct layout {
        const struct record *record; /* borrowed */
        struct axis axis;
        double names, took, notes; /* where these columns are: the left, the right and the left edge */
        double top, bottom;        /* of the rows */
        double width, height;
        unsigned name_columns, note_columns; /* as much of the texts as is shown */
        struct row *rows;                    /* owned, as all lists are; in the order in which they began */
        struct bar *bars;
        struct mark *marks;
        struct joint *joints;
        size_t n_rows, n_bars, n_marks, n_joints;
        bool has_part[PART_COUNT], has_mark[MARK_COUNT];
        size_t n_left_out; /* units that were never asked to start */
};

#define LAYOUT_MARGIN     24.0
#define LAYOUT_ROW_HEIGHT 22.0

/* 0 or -ENOMEM. To be done with in any case. */
int layout_make(struct layout *l, const struct record *r) must_check;
void layout_done(struct layout *l);

/* The middle of a row. */
double layout_row(const struct layout *l, size_t row);

#define autolayout __attribute__((cleanup(layout_done)))
