/* When the container ends, and with which code. Pure. */
#pragma once

#include "supervisor/ending.h"

/* Codes of tend's own, beside those of its services and the child's steps (systemd.exec(5), 200 to 243). */
enum fate_code {
        FATE_CODE_USAGE = 2, /* wrong command line or configuration */
        FATE_CODE_FAILED =
                70, /* failed, and no code of its own says so: a time-out after a clean exit, a dependency */
        FATE_CODE_NOT_SPAWNED = 71, /* no process could be made for it */
};

struct fate {
        bool decided; /* the container ends */
        bool at_once; /* without the ordered stop */
        int code;
        const char *why; /* a static string, behind the unit's name: "web.service: " */
};

/* What is known of a unit that has come to rest. */
struct rest {
        const struct unit *unit;
        enum result result;
        struct ending main;
        bool killed; /* tend had to end it by SIGKILL */
        bool asked;  /* tend had asked it to stop */
};

/* The code that this unit stands for: 0 after success. */
int fate_code_of(const struct rest *r);

/* What the rest of one unit means for the container, by SuccessAction= and FailureAction=. A unit that was
 * asked to stop decides nothing. */
struct fate fate_of_rest(const struct rest *r);

/* Which of two codes the container ends with: the first that says failure. */
int fate_join(int first, int second);
