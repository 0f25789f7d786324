/* Sets of capabilities and the secure bits, as a file says them and as they are shown. */
#include <errno.h>

#include "config/capability.h"
#include "tests/unit/ini.h"
#include "tests/unit/test.h"

#define BOUNDS  "CapabilityBoundingSet"
#define AMBIENT "AmbientCapabilities"

/* The rules of systemd.exec(5), with its own examples. */
static const struct {
        const char *text, *key, *value; /* NULL: refused */
} rows[] = {
        { "", BOUNDS, "~" },
        { "", AMBIENT, "" },
        { BOUNDS "=CAP_A CAP_CHOWN", BOUNDS, NULL },
        { BOUNDS "=CAP_CHOWN CAP_KILL\n" BOUNDS "=CAP_KILL CAP_SETUID", BOUNDS,
          "CAP_CHOWN CAP_KILL CAP_SETUID" },
        { BOUNDS "=CAP_CHOWN CAP_KILL\n" BOUNDS "=~CAP_KILL CAP_SETUID", BOUNDS, "CAP_CHOWN" },
        { BOUNDS "=~CAP_CHOWN", BOUNDS, "~CAP_CHOWN" },
        { BOUNDS "=~ CAP_CHOWN\n" BOUNDS "=~CAP_KILL", BOUNDS, "~CAP_CHOWN CAP_KILL" },
        { BOUNDS "=~CAP_CHOWN CAP_KILL\n" BOUNDS "=CAP_KILL", BOUNDS, "~CAP_CHOWN" },
        { BOUNDS "=CAP_CHOWN\n" BOUNDS "=", BOUNDS, "" },
        { BOUNDS "=CAP_CHOWN\n" BOUNDS "=~", BOUNDS, "~" },
        { BOUNDS "=cap_net_RAW", BOUNDS, "CAP_NET_RAW" },
        { BOUNDS "=13 62", BOUNDS, "CAP_NET_RAW CAP_62" },
        { BOUNDS "=63", BOUNDS, NULL },
        { BOUNDS "=net_raw", BOUNDS, NULL },
        { BOUNDS "=\"CAP_CHOWN", BOUNDS, NULL },
        { AMBIENT "=CAP_NET_RAW\n" AMBIENT "=CAP_CHOWN", AMBIENT, "CAP_CHOWN CAP_NET_RAW" },
        { AMBIENT "=CAP_NET_RAW\n" AMBIENT "=", AMBIENT, "" },
        { AMBIENT "=~CAP_NET_RAW", AMBIENT, "~CAP_NET_RAW" },
        { "SecureBits=noroot\nSecureBits=keep-caps noroot-locked", "SecureBits",
          "keep-caps\nnoroot\nnoroot-locked" },
        { "SecureBits=noroot\nSecureBits=", "SecureBits", "" },
        { "SecureBits=root", "SecureBits", NULL },
        { "", "NoNewPrivileges", "no" },
        { "NoNewPrivileges=true", "NoNewPrivileges", "yes" },
        { "PermissionsStartOnly=1", "PermissionsStartOnly", "yes" },
};

TEST(privilege_values) {
        for (size_t i = 0; i < countof(rows); i++) {
                char text[512];
                struct ini ini;

                (void) snprintf(text, sizeof(text), "[a]\nExecStart=true\n%s\n", rows[i].text);
                ini_load(&ini, text, NULL, NULL);
                autofree char *value = ini_value(&ini, "a.service", rows[i].key);
                CHECK((ini.error == 0) == (rows[i].value != NULL), "row %zu: %s", i, rows[i].text);
                if (rows[i].value)
                        CHECK_STRING(value, rows[i].value, "row %zu: %s", i, rows[i].text);
                ini_done(&ini);
        }
}

TEST(privilege_names_are_suggested) {
        struct ini ini;

        ini_load(&ini, "[a]\nExecStart=true\nAmbientCapabilities=CAP_NET_BINDSERVICE\n", NULL, NULL);
        autofree char *words = ini_words(&ini);
        CHECK(words && strstr(words, "'CAP_NET_BINDSERVICE' is not a capability"), "%s",
              words ? words : "nothing");
        CHECK(words && strstr(words, "did you mean CAP_NET_BIND_SERVICE?"));
        ini_done(&ini);
}

TEST(privilege_names_of_capabilities) {
        char name[CAPABILITY_NAME_ROOM], text[64];

        CHECK(capability_find("CAP_CHOWN") == 0 && capability_find("cap_sys_admin") == 21);
        CHECK(capability_find("40") == 40 && capability_find("63") == -EINVAL);
        CHECK(capability_find("CHOWN") == -EINVAL && capability_find("") == -EINVAL);
        CHECK_STRING(capability_name(12, name), "CAP_NET_ADMIN");
        CHECK_STRING(capability_name(62, name), "CAP_62");

        capability_print(CAPABILITY_BIT(0) | CAPABILITY_BIT(12), NULL, text, sizeof(text));
        CHECK_STRING(text, "CAP_CHOWN CAP_NET_ADMIN");
        capability_print(CAPABILITY_BIT(0) | CAPABILITY_BIT(12), "--cap-add=", text, sizeof(text));
        CHECK_STRING(text, "--cap-add=CHOWN --cap-add=NET_ADMIN");
        capability_print(CAPABILITIES_ALL, NULL, text, sizeof(text));
        CHECK(strlen(text) == sizeof(text) - 1);
}
