/* Any bytes where an image has its index, manifest, configuration or Docker's list: read or refused with a
 * reason. */

#include "image/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int r, struct fault *f) {
        if (r < 0 && !f->text)
                abort();
        fault_done(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const char *text = (const char *) data;
        struct fault f = { 0 };
        struct archive_list list;
        struct image_config config;
        struct manifest manifest;
        struct index index;
        int r = index_read(text, size, &index, &f);

        if (r == 0)
                index_done(&index);
        check(r, &f);
        r = manifest_read(text, size, &manifest, &f);
        if (r == 0)
                manifest_done(&manifest);
        check(r, &f);
        r = image_config_read(text, size, &config, &f);
        if (r == 0)
                image_config_done(&config);
        check(r, &f);
        r = archive_list_read(text, size, &list, &f);
        if (r == 0)
                archive_list_done(&list);
        check(r, &f);
        return 0;
}
