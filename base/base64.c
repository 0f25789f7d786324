#include <errno.h>
#include <string.h>

#include "base/base64.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(const void *data, size_t n, char *text) {
        const unsigned char *bytes = data;
        unsigned bits = 0, n_bits = 0;

        for (size_t i = 0; i < n; i++) {
                bits = (bits << 8 | bytes[i]) & 0xffff;
                for (n_bits += 8; n_bits >= 6; n_bits -= 6)
                        *text++ = digits[bits >> (n_bits - 6) & 63];
        }
        if (n_bits > 0)
                *text++ = digits[bits << (6 - n_bits) & 63];
        for (size_t i = n; i % 3 != 0; i++)
                *text++ = '=';
        *text = '\0';
}

static int digit_of(char c) {
        const char *at = c != '\0' ? strchr(digits, c) : NULL;

        return at ? (int) (at - digits) : -1;
}

int base64_decode(const char *text, char **ret, size_t *ret_size) {
        unsigned bits = 0, n_bits = 0, n_digits = 0, pads = 0;
        autofree char *data = malloc(strlen(text) + 1);
        size_t n = 0;

        if (!data)
                return -ENOMEM;
        for (const char *p = text; *p != '\0'; p++) {
                int digit = digit_of(*p);

                if (strchr(" \t\r\n", *p))
                        continue;
                pads += *p == '=';
                if ((digit < 0 && *p != '=') || (digit >= 0 && pads > 0))
                        return -EINVAL;
                if (digit < 0)
                        continue;
                n_digits++;
                bits = (bits << 6 | (unsigned) digit) & 0xffff;
                n_bits += 6;
                if (n_bits >= 8) {
                        n_bits -= 8;
                        data[n++] = (char) (bits >> n_bits);
                }
        }
        if ((n_digits + pads) % 4 != 0 || pads > 2)
                return -EINVAL;
        data[n] = '\0';
        *ret = TAKE(data);
        *ret_size = n;
        return 0;
}
