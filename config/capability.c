#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/capability.h>

#include "base/parse.h"
#include "base/text.h"
#include "config/capability.h"

int capability_find(const char *word) {
        cap_value_t value;
        int number;

        if (text_is_digit(*word))
                return parse_int(word, 0, CAPABILITY_MOST, &number) < 0 ? -EINVAL : number;
        return cap_from_name(word, &value) < 0 ? -EINVAL : value;
}

const char *capability_name(unsigned number, char buffer[CAPABILITY_NAME_ROOM]) {
        char *name = cap_to_name((cap_value_t) number);
        bool has_name = name && isalpha((unsigned char) *name);

        if (has_name)
                (void) snprintf(buffer, CAPABILITY_NAME_ROOM, "%s", name);
        else
                (void) snprintf(buffer, CAPABILITY_NAME_ROOM, "CAP_%u", number);
        for (char *p = buffer; *p != '\0'; p++)
                *p = (char) toupper((unsigned char) *p);
        if (name)
                (void) cap_free(name);
        return buffer;
}

unsigned capability_count(void) {
        return (unsigned) cap_max_bits();
}

void capability_print(uint64_t set, const char *option, char *text, size_t size) {
        size_t cut = option ? strlen("CAP_") : 0, n = 0;
        char name[CAPABILITY_NAME_ROOM];

        *text = '\0';
        for (unsigned i = 0; i <= CAPABILITY_MOST && n < size; i++)
                if (set & CAPABILITY_BIT(i)) {
                        int m = snprintf(text + n, size - n, "%s%s%s", n > 0 ? " " : "", option ? option : "",
                                         capability_name(i, name) + cut);
                        n += m > 0 ? (size_t) m : 0;
                }
}
