/* What the processes of a service may do: sets of capabilities, and the secure bits. */

#include <linux/securebits.h>
#include <string.h>

#include "base/text.h"
#include "config/capability.h"
#include "config/suggest.h"
#include "config/value.h"

#define NAMES_ROOM 2048 /* of all capabilities that there may be */

static const struct {
        const char *word;
        int bit;
} secure_bits[] = {
        { "keep-caps", SECBIT_KEEP_CAPS },
        { "keep-caps-locked", SECBIT_KEEP_CAPS_LOCKED },
        { "no-setuid-fixup", SECBIT_NO_SETUID_FIXUP },
        { "no-setuid-fixup-locked", SECBIT_NO_SETUID_FIXUP_LOCKED },
        { "noroot", SECBIT_NOROOT },
        { "noroot-locked", SECBIT_NOROOT_LOCKED },
};

static void *field_of(const struct assignment *a) {
        return (char *) a->object + a->setting->field;
}

static const void *field_in(const struct setting *s, const void *object) {
        return (const char *) object + s->field;
}

/* systemd passes over a name that it does not know without a word; so the rest of the list counts in a unit
 * file. */
static int refuse_capability(const struct assignment *a, const char *word) {
        char name[CAPABILITY_NAME_ROOM], best[CAPABILITY_NAME_ROOM] = "";
        struct suggest near;
        int r = 0;

        if (a->unit && !a->unit->from_tend_ini)
                (void) value_warn(a, "'%.64s' is not a capability; it is passed over", word);
        else
                r = value_reject(a, "'%.64s' is not a capability", word);
        suggest_init(&near, word);
        for (unsigned i = 0; i < capability_count(); i++) {
                near.best = NULL; /* it would point to a name that is gone */
                suggest_offer(&near, capability_name(i, name));
                if (near.best)
                        memcpy(best, name, sizeof(best));
        }
        if (*best != '\0')
                diag_hint(a->diags, "did you mean %s?", best);
        return r;
}

static int read_capabilities(const struct assignment *a, const char *text, uint64_t *ret) {
        autostrv char **words = NULL;
        uint64_t set = 0;
        int r = text_split(text, &words);

        if (r < 0)
                return value_reject(a, "a quote that is not closed, or an escape that does not exist");
        for (size_t i = 0; words && words[i]; i++) {
                int number = capability_find(words[i]);

                r = number < 0 ? refuse_capability(a, words[i]) : 0;
                if (r < 0)
                        return r;
                set |= number < 0 ? 0 : CAPABILITY_BIT(number);
        }
        *ret = set;
        return 0;
}

/* Lines add up, those with a "~" take away. Nothing behind it is all or nothing, and the first line says what
 * the set begins with; see CapabilityBoundingSet= in systemd.exec(5). */
static int merge(const struct assignment *a, uint64_t initial) {
        bool invert = *a->value == '~';
        const char *list = a->value + invert + strspn(a->value + invert, " \t");
        uint64_t *field = field_of(a), set = 0;

        int r = read_capabilities(a, list, &set);
        if (r < 0)
                return r;
        if (set == 0 || *field == initial)
                *field = invert ? ~set : set;
        else
                *field = invert ? *field & ~set : *field | set;
        return 0;
}

int value_bounding_set(const struct assignment *a) {
        return merge(a, CAPABILITIES_ALL);
}

int value_ambient_set(const struct assignment *a) {
        return merge(a, 0);
}

/* The highest bit is no capability: it is there in what was written with a "~". */
static void print_set(uint64_t set, FILE *out) {
        bool invert = set >> 63;
        char names[NAMES_ROOM];

        capability_print(invert ? ~set : set, NULL, names, sizeof(names));
        (void) fprintf(out, "%s%s\n", invert ? "~" : "", names);
}

void value_print_bounding_set(const struct setting *s, const void *object, FILE *out) {
        print_set(*(const uint64_t *) field_in(s, object), out);
}

void value_print_ambient_set(const struct setting *s, const void *object, FILE *out) {
        const uint64_t *set = field_in(s, object);

        if (*set != 0)
                print_set(*set, out);
}

static int find_secure_bit(const char *word) {
        for (size_t i = 0; i < countof(secure_bits); i++)
                if (strcmp(secure_bits[i].word, word) == 0)
                        return secure_bits[i].bit;
        return 0;
}

int value_secure_bits(const struct assignment *a) {
        autostrv char **words = NULL;
        int *field = field_of(a), bits = 0;

        if (text_split(a->value, &words) < 0)
                return value_reject(a, "a quote that is not closed, or an escape that does not exist");
        for (size_t i = 0; words && words[i]; i++) {
                int bit = find_secure_bit(words[i]);

                if (bit == 0)
                        return value_reject(a, "'%.64s' is not one of: %s", words[i], a->setting->values);
                bits |= bit;
        }
        *field = bits == 0 ? 0 : *field | bits;
        return 0;
}

void value_print_secure_bits(const struct setting *s, const void *object, FILE *out) {
        const int *bits = field_in(s, object);

        for (size_t i = 0; i < countof(secure_bits); i++)
                if (*bits & secure_bits[i].bit)
                        (void) fprintf(out, "%s\n", secure_bits[i].word);
}
