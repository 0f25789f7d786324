/* What the container is: for specifiers and conditions. */
#pragma once

#include "base/def.h"

#define SYSTEM_TEXT_MAX 256

/* A field of /etc/os-release, or of /usr/lib/os-release where that is not there. "" where it has no such
 * field. 0 or a negative errno. */
int system_os_release(const char *name, char buffer[SYSTEM_TEXT_MAX]) must_check;

/* /etc/machine-id, the kernel's boot id: 32 hexadecimal digits. 0 or a negative errno. */
int system_machine_id(char buffer[SYSTEM_TEXT_MAX]) must_check;
int system_boot_id(char buffer[SYSTEM_TEXT_MAX]) must_check;

/* systemd's word for the machine that uname(2) tells of: "x86-64". */
const char *system_architecture(void);
