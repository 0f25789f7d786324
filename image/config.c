/* What an image says of itself: its platform, its layers, and how it wants to be run. */

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "image/json.h"
#include "image/manifest.h"

#define WORDS_MAX 100000

static int read_diff_ids(const json_t *root, struct image_config *c, struct fault *f) {
        autostrv char **words = NULL;
        json_t *layers = NULL;
        int r = json_get(root, "rootfs", JSON_OBJECT, &layers, f);

        if (r == 0)
                r = json_copy_list(layers, "diff_ids", MANIFEST_LAYERS_MAX, &words, f);
        if (r < 0)
                return r;
        c->n = strv_length(words);
        c->diff_ids = calloc(c->n + 1, sizeof(*c->diff_ids));
        if (!c->diff_ids)
                return -ENOMEM;
        for (size_t i = 0; words && i < c->n; i++)
                if (digest_parse(words[i], &c->diff_ids[i]) < 0)
                        return fault(f, -EINVAL, "%.80s in \"diff_ids\" is no digest of sha256", words[i]);
        return 0;
}

static int check_environment(char *const *words, struct fault *f) {
        for (size_t i = 0; words && words[i]; i++)
                if (words[i][0] == '=' || !strchr(words[i], '='))
                        return fault(f, -EINVAL, "\"Env\" has an entry that is not NAME=VALUE: %.80s",
                                     words[i]);
        return 0;
}

/* A row for each field of the type that its reader takes. */
static int read_words(const json_t *root, struct image_config *c, struct fault *f) {
        json_t *j = NULL;
        int r = json_get(root, "config", JSON_OBJECT, &j, f);
        const struct {
                const char *key;
                char **field;
        } words[] = {
                { "WorkingDir", &c->directory },
                { "User", &c->user },
                { "StopSignal", &c->stop_signal },
        };
        const struct {
                const char *key;
                char ***field;
        } lists[] = {
                { "Env", &c->environment },
                { "Entrypoint", &c->entrypoint },
                { "Cmd", &c->command },
        };

        for (size_t i = 0; r == 0 && i < countof(words); i++)
                r = json_copy_text(j, words[i].key, words[i].field, f);
        for (size_t i = 0; r == 0 && i < countof(lists); i++)
                r = json_copy_list(j, lists[i].key, WORDS_MAX, lists[i].field, f);
        return r < 0 ? r : check_environment(c->environment, f);
}

static int read_own_platform(const json_t *root, struct platform *p, struct fault *f) {
        int r = json_copy_text(root, "os", &p->os, f);

        if (r == 0)
                r = json_copy_text(root, "architecture", &p->architecture, f);
        return r < 0 ? r : json_copy_text(root, "variant", &p->variant, f);
}

int image_config_read(const char *text, size_t size, struct image_config *ret, struct fault *f) {
        autojson json_t *root = json_read(text, size, "its configuration", f);
        struct image_config c = { 0 };

        if (!root)
                return -EINVAL;
        int r = json_is_object(root) ? 0 : fault(f, -EINVAL, "its configuration is not an object");
        if (r == 0)
                r = read_own_platform(root, &c.platform, f);
        if (r == 0)
                r = read_diff_ids(root, &c, f);
        if (r == 0)
                r = read_words(root, &c, f);
        if (r < 0)
                image_config_done(&c);
        else
                *ret = c;
        return r;
}

void image_config_done(struct image_config *c) {
        platform_done(&c->platform);
        free(c->diff_ids);
        strv_free(c->environment);
        free(c->directory);
        free(c->user);
        free(c->stop_signal);
        strv_free(c->entrypoint);
        strv_free(c->command);
        *c = (struct image_config){ 0 };
}
