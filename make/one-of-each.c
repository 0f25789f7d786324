/* For the static binary alone: glibc has these functions up to nine times each, once for every generation of
 * processors, and picks one at the start. That pays where megabytes are compared; tend compares names, and
 * the copies were a fourteenth of its size. Here they are once. What moves and searches memory stays glibc's.
 * Letters are those of the locale "C", the only one that a program without setlocale(3) has. */
#include <stdint.h>
#include <string.h>
#include <strings.h>

/* The unit test gives them other names. */
#ifndef NAME
#define NAME(function) function
#endif

/* Their parameters are the C standard's and POSIX's, not ours. NOLINTBEGIN */

static int to_lower(unsigned char c) {
        return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

int NAME(strncmp)(const char *a, const char *b, size_t n) {
        for (; n > 0; a++, b++, n--)
                if (*a != *b || *a == '\0')
                        return (unsigned char) *a - (unsigned char) *b;
        return 0;
}

int NAME(strcmp)(const char *a, const char *b) {
        while (*a == *b && *a != '\0') {
                a++;
                b++;
        }
        return (unsigned char) *a - (unsigned char) *b;
}

int NAME(strncasecmp)(const char *a, const char *b, size_t n) {
        for (; n > 0; a++, b++, n--) {
                int difference = to_lower((unsigned char) *a) - to_lower((unsigned char) *b);
                if (difference != 0 || *a == '\0')
                        return difference;
        }
        return 0;
}

int NAME(strcasecmp)(const char *a, const char *b) {
        return NAME(strncasecmp)(a, b, SIZE_MAX);
}

char *NAME(stpcpy)(char *to, const char *from) {
        while ((*to = *from++) != '\0')
                to++;
        return to;
}

char *NAME(strcpy)(char *to, const char *from) {
        NAME(stpcpy)(to, from);
        return to;
}

char *NAME(strcat)(char *to, const char *from) {
        char *end = to;

        while (*end != '\0')
                end++;
        NAME(stpcpy)(end, from);
        return to;
}

char *NAME(strncpy)(char *to, const char *from, size_t n) {
        for (size_t i = 0; i < n; i++) {
                to[i] = *from;
                from += *from != '\0';
        }
        return to;
}

int NAME(strncasecmp_l)(const char *a, const char *b, size_t n, locale_t locale) {
        (void) locale;
        return NAME(strncasecmp)(a, b, n);
}

int NAME(strcasecmp_l)(const char *a, const char *b, locale_t locale) {
        (void) locale;
        return NAME(strcasecmp)(a, b);
}

/* What glibc calls them. */

char *NAME(__stpcpy)(char *to, const char *from) {
        return NAME(stpcpy)(to, from);
}

int NAME(__strcasecmp)(const char *a, const char *b);
int NAME(__strcasecmp)(const char *a, const char *b) {
        return NAME(strcasecmp)(a, b);
}

int NAME(__strcasecmp_l)(const char *a, const char *b, locale_t locale);
int NAME(__strcasecmp_l)(const char *a, const char *b, locale_t locale) {
        return NAME(strcasecmp_l)(a, b, locale);
}

int NAME(__strncasecmp_l)(const char *a, const char *b, size_t n, locale_t locale);
int NAME(__strncasecmp_l)(const char *a, const char *b, size_t n, locale_t locale) {
        return NAME(strncasecmp_l)(a, b, n, locale);
}

/* NOLINTEND */
