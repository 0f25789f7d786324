#include "base/userns.h"
#include "tests/unit/test.h"

/* Who is lent what, for the user `shop` with the number 1000; "" is nothing. */
static const struct {
        const char *text, *lent;
} rows[] = {
        { "shop:100000:65536\n", "100000+65536" },
        { "1000:100000:65536", "100000+65536" },
        { "other:100000:65536\nshop:165536:10\nshop:300000:5\n", "165536+10" },
        { "shopper:100000:65536\n10:1:2\n", "" },
        { "shop:100000\nshop:100000:65536:1\n", "" },
        { "shop::65536\nshop:100000:\nshop:x:1\nshop:-1:5\n", "" },
        { "shop:0:65536\nshop:5:0\n", "" },
        { "shop:4294967290:65536\nshop:7:8\n", "7+8" },
        { "", "" },
};

TEST(userns_finds_what_is_lent) {
        for (size_t i = 0; i < countof(rows); i++) {
                char text[32] = "";
                uint32_t first, count;

                if (userns_find_lent(rows[i].text, "shop", 1000, &first, &count) == 1)
                        (void) snprintf(text, sizeof(text), "%u+%u", first, count);
                CHECK_STRING(text, rows[i].lent, "row %zu", i);
        }
}

TEST(userns_finds_by_number_where_nobody_has_a_name) {
        uint32_t first, count;

        CHECK(userns_find_lent("1000:5:6\n", NULL, 1000, &first, &count) == 1 && first == 5 && count == 6);
        CHECK(userns_find_lent("shop:5:6\n", NULL, 1000, &first, &count) == 0);
}
