#include "supervisor/loss.h"

#include <sys/resource.h>

#include "base/log.h"

static const char *const limits[] = {
        [RLIMIT_CPU] = "LimitCPU=",           [RLIMIT_FSIZE] = "LimitFSIZE=",
        [RLIMIT_DATA] = "LimitDATA=",         [RLIMIT_STACK] = "LimitSTACK=",
        [RLIMIT_CORE] = "LimitCORE=",         [RLIMIT_RSS] = "LimitRSS=",
        [RLIMIT_NPROC] = "LimitNPROC=",       [RLIMIT_NOFILE] = "LimitNOFILE=",
        [RLIMIT_MEMLOCK] = "LimitMEMLOCK=",   [RLIMIT_AS] = "LimitAS=",
        [RLIMIT_LOCKS] = "LimitLOCKS=",       [RLIMIT_SIGPENDING] = "LimitSIGPENDING=",
        [RLIMIT_MSGQUEUE] = "LimitMSGQUEUE=", [RLIMIT_NICE] = "LimitNICE=",
        [RLIMIT_RTPRIO] = "LimitRTPRIO=",     [RLIMIT_RTTIME] = "LimitRTTIME=",
};

void loss_add(struct losses *l, const char *setting, const char *why) {
        if (l->n < LOSSES_MOST)
                l->list[l->n++] = (struct loss){ setting, why };
}

void loss_add_limit(struct losses *l, unsigned resource) {
        loss_add(l, resource < countof(limits) ? limits[resource] : "a Limit", NULL);
}

void loss_tell(const struct losses *l, const char *unit) {
        for (unsigned i = 0; i < l->n; i++)
                log_warning(unit, "%s is not enforced: %s", l->list[i].setting,
                            l->list[i].why ?: "the container lacks the capability for it");
}
