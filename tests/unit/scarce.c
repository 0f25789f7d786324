#include "tests/unit/scarce.h"

#include <errno.h>

#include "base/def.h"

static unsigned left = SCARCE_NEVER;

void scarce_after(unsigned n) {
        left = n;
}

static bool is_out(void) {
        if (left == SCARCE_NEVER)
                return false;
        if (left > 0) {
                left--;
                return false;
        }
        errno = ENOMEM;
        return true;
}

/* The linker's names (--wrap). */
/* NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming) */
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *__wrap_malloc(size_t size) {
        return is_out() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size) {
        return is_out() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size) {
        return is_out() ? NULL : __real_realloc(old, size);
}
/* NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming) */
