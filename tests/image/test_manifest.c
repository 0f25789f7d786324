#include <errno.h>

#include "base/text.h"
#include "image/manifest.h"
#include "tests/unit/test.h"

#define D "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

TEST(digest_is_that_of_the_text) {
        char text[DIGEST_TEXT_MAX];
        struct digest d = digest_of("abc", 3), again, chain;

        CHECK_STRING(digest_print(&d, text),
                     "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        CHECK(digest_parse(text, &again) == 0 && digest_equal(&d, &again));
        chain = digest_chain(NULL, &d);
        CHECK(digest_equal(&chain, &d));
        chain = digest_chain(&d, &d);
        CHECK_STRING(digest_print(&chain, text),
                     "sha256:95bbd0d1bf2f6edd073d53e1caa6d4b4778912f6b19bad7a45d56c58e23533bd");
}

TEST(digest_takes_no_other_form) {
        static const char *const wrong[] = { "", "sha256:", "sha256:12", "sha256:0123456789ABCDEF", "abc" };
        struct digest d;

        for (size_t i = 0; i < countof(wrong); i++)
                CHECK(digest_parse(wrong[i], &d) == -EINVAL, "row %zu", i);
        CHECK(digest_parse("sha512:00", &d) == -EPROTONOSUPPORT);
}

/* What runs on what. */
static const struct {
        const char *offered, *wanted;
        bool fits;
} platforms[] = {
        { "linux/amd64", "linux/amd64", true },    { "linux/amd64", "amd64", true },
        { "linux/arm64", "linux/amd64", false },   { "windows/amd64", "linux/amd64", false },
        { "linux/arm64", "linux/arm64/v8", true }, { "linux/arm/v6", "linux/arm/v7", false },
        { "linux/arm64/v8", "linux/arm64", true }, { "unknown/unknown", "linux/amd64", false },
};

TEST(platforms_fit) {
        for (size_t i = 0; i < countof(platforms); i++) {
                struct platform a = { 0 }, b = { 0 };

                if (CHECK(platform_parse(platforms[i].offered, &a) == 0) &&
                    CHECK(platform_parse(platforms[i].wanted, &b) == 0))
                        CHECK(platform_fits(&a, &b) == platforms[i].fits, "row %zu", i);
                platform_done(&a);
                platform_done(&b);
        }
}

TEST(platforms_have_three_parts_at_most) {
        static const char *const wrong[] = { "", "/", "linux/", "/amd64", "a/b/c/d", "a//b" };
        struct platform p;

        for (size_t i = 0; i < countof(wrong); i++)
                CHECK(platform_parse(wrong[i], &p) == -EINVAL, "row %zu", i);
}

TEST(names_of_images_fit_from_a_part_on) {
        CHECK(image_name_fits("example/shop:one", "example/shop:one"));
        CHECK(image_name_fits("example/shop:one", "shop:one") && image_name_fits("example/shop:one", "one"));
        CHECK(!image_name_fits("example/shop:one", "ne") && !image_name_fits("one", "shop:one"));
        CHECK(!image_name_fits("example/shop:one", ""));
}

TEST(manifest_is_read) {
        static const char text[] = "{\"config\": {\"digest\": \"" D "\", \"size\": 7},"
                                   " \"layers\": [{\"digest\": \"" D "\", \"size\": 8, \"mediaType\":"
                                   " \"application/vnd.oci.image.layer.v1.tar+gzip\"}], \"more\": [1, null]}";
        struct fault f = { 0 };
        struct manifest m;

        if (!CHECK(manifest_read(text, strlen(text), &m, &f) == 0))
                return;
        CHECK(m.n == 1 && m.config.size == 7 && m.layers[0].size == 8 && m.layers[0].media == MEDIA_LAYER);
        CHECK_STRING(m.layers[0].member,
                     "blobs/sha256/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
        manifest_done(&m);
        fault_done(&f);
}

TEST(config_is_read) {
        static const char text[] =
                "{\"os\": \"linux\", \"rootfs\": {\"diff_ids\": [\"" D
                "\"]}, \"config\": {\"Env\": [\"A=b\"],"
                " \"Cmd\": [\"x\", \"\"], \"Entrypoint\": null, \"User\": \"7\", \"WorkingDir\": \"/srv\"}}";
        struct fault f = { 0 };
        struct image_config c;

        if (!CHECK(image_config_read(text, strlen(text), &c, &f) == 0))
                return;
        CHECK(c.n == 1 && strv_length(c.environment) == 1 && strv_length(c.command) == 2 && !c.entrypoint);
        CHECK_STRING(c.user, "7");
        CHECK_STRING(c.directory, "/srv");
        CHECK_STRING(c.stop_signal, NULL);
        image_config_done(&c);
        fault_done(&f);
}

/* Readers of what can be wrong: each says why, and leaves nothing. */
TEST(wrong_files_are_refused_with_a_reason) {
        static const char *const wrong[] = {
                "",
                "[",
                "{}",
                "[]",
                "[7]",
                "{\"manifests\": [{}]}",
                "{\"config\": 7}",
                "{\"config\": {\"digest\": \"x\"}}",
                "{\"rootfs\": {\"diff_ids\": [7]}}",
                "{\"config\": {\"Env\": [\"x\"]}}",
                "[{\"Config\": 7}]",
                "{\"a\": 1, \"a\": 2}",
                "[{\"Layers\": [7], \"Config\": \"c\"}]",
        };

        for (size_t i = 0; i < countof(wrong); i++) {
                struct fault f = { 0 };
                struct manifest m;

                CHECK(manifest_read(wrong[i], strlen(wrong[i]), &m, &f) < 0 && f.text, "row %zu", i);
                fault_done(&f);
        }
}
