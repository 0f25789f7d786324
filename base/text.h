/* Words and vectors of words ("strv": a NULL-terminated array of owned strings; NULL stands for an empty
 * one). */
#pragma once

#include "base/def.h"

size_t strv_length(char *const *v);
char **strv_free(char **v);
bool strv_contains(char *const *v, const char *word);

/* Append a copy, or the word itself (owned from then on, freed where that fails). 0 or -ENOMEM. */
int strv_add(char ***v, const char *word) must_check;
int strv_take(char ***v, char *word) must_check;
char **strv_copy(char *const *v) must_check;
bool strv_equal(char *const *a, char *const *b);

static inline void cleanup_strv(char ***v) {
        strv_free(*v);
}
#define autostrv __attribute__((cleanup(cleanup_strv)))

/* Takes the next word off *at, by the quoting rules of systemd.syntax(7): '…', "…", C escapes outside and
 * inside quotes
 * (\n \t \s \xHH \NNN \uXXXX …), words parted by white space. 1 and a word (the caller frees), 0 at the end,
 * -EINVAL for a quote that is not closed or an escape that does not exist, -ENOMEM. */
int text_next_word(const char **at, char **ret) must_check;

/* The same, but an escape that does not exist stays in the word as it is written, as systemd does it in
 * command lines; adds how many there were to *unknown. */
int text_next_word_lax(const char **at, char **ret, unsigned *unknown) must_check;

/* The text with its escapes resolved, all of it as one word. The caller frees. 0, or as above. */
int text_unescape(const char *text, char **ret) must_check;

/* All words at once. 0 or as above. */
int text_split(const char *text, char ***ret) must_check;

/* Writes `word` so that text_next_word() gives it back: with quotes and escapes only where they
 * are needed. */
void text_print_word(FILE *out, const char *word);

/* Whatever the locale. */
static inline bool text_is_digit(char c) {
        return c >= '0' && c <= '9';
}

/* 0 to 15; -1: it is none. */
int text_hex_digit(char c);

bool text_starts(const char *text, const char *prefix);
bool text_ends(const char *text, const char *suffix);

/* asprintf that returns NULL, and only NULL, where memory is lacking. The caller frees. */
char *text_format(const char *format, ...) printf_like(1, 2) must_check;
