/* For the static binary alone: libsystemd names these functions, and has none of them called; tend itself
 * asks for addresses (control/resolve.c), and says so where there is no resolver. Refusing here keeps the
 * resolver and the loading of NSS modules out of the binary: a tenth of its size, and code that a static
 * program could not run anyway. */
#include <errno.h>
#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <stddef.h>

#define UNUSED __attribute__((unused))

/* Their parameters are POSIX's, not ours. NOLINTBEGIN */

struct passwd *getpwnam(UNUSED const char *name) {
        errno = ENOSYS;
        return NULL;
}

struct passwd *getpwuid(UNUSED uid_t uid) {
        errno = ENOSYS;
        return NULL;
}

struct group *getgrnam(UNUSED const char *name) {
        errno = ENOSYS;
        return NULL;
}

struct group *getgrgid(UNUSED gid_t gid) {
        errno = ENOSYS;
        return NULL;
}

int getpwuid_r(UNUSED uid_t uid, UNUSED struct passwd *entry, UNUSED char *buffer, UNUSED size_t size,
               struct passwd **ret) {
        *ret = NULL;
        return ENOSYS;
}

int getgrgid_r(UNUSED gid_t gid, UNUSED struct group *entry, UNUSED char *buffer, UNUSED size_t size,
               struct group **ret) {
        *ret = NULL;
        return ENOSYS;
}

int getaddrinfo(UNUSED const char *node, UNUSED const char *service, UNUSED const struct addrinfo *hints,
                UNUSED struct addrinfo **ret) {
        errno = ENOSYS; /* control/resolve.c says what to do then */
        return EAI_SYSTEM;
}

void freeaddrinfo(UNUSED struct addrinfo *list) {
}

int getnameinfo(UNUSED const struct sockaddr *address, UNUSED socklen_t length, UNUSED char *host,
                UNUSED socklen_t host_size, UNUSED char *service, UNUSED socklen_t service_size,
                UNUSED int flags) {
        return EAI_FAIL;
}

/* NOLINTEND */
