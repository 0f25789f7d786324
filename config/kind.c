#include <string.h>

#include "base/text.h"
#include "config/kind.h"
#include "config/setting.h"

/* clang-format off */
const struct unit_kind unit_kinds[] = {
        /* suffix     section    target            of_files  of_tend_ini */
        { ".service", "Service", NULL,             true,     true  },
        { ".target",  NULL,      NULL,             true,     false },
        { ".timer",   "Timer",   "timers.target",  true,     true  },
        { ".path",    "Path",    "paths.target",   true,     true  },
        { ".socket",  "Socket",  "sockets.target", true,     true  },
        { ".slice",   "Slice",   NULL,             false,    true  },
        {},
};
/* clang-format on */

const struct unit_kind *unit_kind(const char *name) {
        for (const struct unit_kind *k = unit_kinds; k->suffix; k++)
                if (text_ends(name, k->suffix))
                        return k;
        return NULL;
}

bool unit_kind_has(const struct unit_kind *k, const char *section) {
        return strcmp(section, "Unit") == 0 || strcmp(section, "Install") == 0 ||
               (k && k->section && strcmp(section, k->section) == 0);
}

/* What is about a main process, which a socket has not. */
static const char *const of_services[] = {
        "BusName",
        "ExecCondition",
        "ExecReload",
        "ExecStart",
        "ExecStop",
        "ExitType",
        "FileDescriptorStoreMax",
        "ForwardSignals",
        "GuessMainPID",
        "Instances",
        "NonBlocking",
        "NotifyAccess",
        "PIDFile",
        "PermissionsStartOnly",
        "ReloadSignal",
        "RemainAfterExit",
        "Restart",
        "RestartForceExitStatus",
        "RestartKillSignal",
        "RestartMaxDelaySec",
        "RestartPreventExitStatus",
        "RestartSec",
        "RestartSteps",
        "RootDirectoryStartOnly",
        "RuntimeMaxSec",
        "Sockets",
        "SuccessExitStatus",
        "TimeoutAbortSec",
        "TimeoutStartFailureMode",
        "TimeoutStartSec",
        "TimeoutStopFailureMode",
        "TimeoutStopSec",
        "Type",
        "USBFunctionDescriptors",
        "USBFunctionStrings",
        "WatchdogSec",
        "WatchdogSignal",
};

bool unit_kind_shares(const struct unit_kind *k, const char *section, const char *key) {
        if (!k || !k->section || strcmp(section, "Service") != 0)
                return false;
        if (strcmp(k->section, "Slice") == 0)
                return setting_is_of_slice(setting_find_in(OWNER_UNIT, section, key));
        if (strcmp(k->section, "Socket") != 0)
                return false;
        for (size_t i = 0; i < countof(of_services); i++)
                if (strcmp(of_services[i], key) == 0)
                        return false;
        return true;
}
