#include <stdarg.h>
#include <string.h>

#include "base/text.h"
#include "image/fault.h"

/* Names come out of hostile files: they are quoted where they have anything but plain characters. */
static void print_place(FILE *out, const char *kind, const char *name) {
        if (!name)
                return;
        (void) fputs(kind, out);
        text_print_word(out, name);
        (void) fputs(": ", out);
}

printf_like(2, 0) static char *describe(const struct fault *f, const char *format, va_list arguments) {
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);

        if (!out)
                return NULL;
        print_place(out, "", f->image);
        print_place(out, "layer ", f->layer);
        print_place(out, "", f->entry);
        (void) vfprintf(out, format, arguments);
        if (fclose(out) == 0)
                return text;
        free(text);
        return NULL;
}

int fault(struct fault *f, int error, const char *format, ...) {
        va_list arguments;

        if (f->text)
                return error;
        va_start(arguments, format);
        f->text = describe(f, format, arguments);
        va_end(arguments);
        return error;
}

int fault_system(struct fault *f, int error, const char *doing) {
        return fault(f, error, "%s: %s", doing, strerror(-error));
}

void fault_hint(struct fault *f, const char *format, ...) {
        va_list arguments;

        if (f->hint)
                return;
        va_start(arguments, format);
        if (vasprintf(&f->hint, format, arguments) < 0)
                f->hint = NULL;
        va_end(arguments);
}

void fault_print(const struct fault *f, FILE *out) {
        (void) fprintf(out, "tend-image: %s\n", f->text ? f->text : "out of memory");
        if (f->hint)
                (void) fprintf(out, "        %s\n", f->hint);
}

void fault_done(struct fault *f) {
        free(f->text);
        free(f->hint);
        f->text = f->hint = NULL;
}
