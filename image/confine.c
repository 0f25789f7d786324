#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "image/confine.h"

/* ---- files --------------------------------------------------------------------------------------------- */

#define IN_STORE  1
#define IN_SOURCE 2

/* Of later kernels than the headers may be of. */
#define ACCESS_TRUNCATE  (UINT64_C(1) << 14)
#define ACCESS_IOCTL_DEV (UINT64_C(1) << 15)

#define FS(right) LANDLOCK_ACCESS_FS_##right

/* A kernel refuses rules about what it does not know: `version` is that of Landlock which does. */
static const struct {
        int version;
        unsigned where;
        uint64_t rights;
} rights[] = {
        { 1, IN_STORE | IN_SOURCE, FS(READ_FILE) | FS(READ_DIR) },
        { 1, IN_STORE, FS(WRITE_FILE) | FS(MAKE_REG) | FS(MAKE_DIR) | FS(MAKE_SYM) | FS(MAKE_FIFO) },
        { 1, IN_STORE, FS(MAKE_CHAR) | FS(REMOVE_FILE) | FS(REMOVE_DIR) },
        { 2, IN_STORE, FS(REFER) },
        { 3, IN_STORE, ACCESS_TRUNCATE },
        { 1, 0, FS(EXECUTE) | FS(MAKE_SOCK) | FS(MAKE_BLOCK) },
        { 5, 0, ACCESS_IOCTL_DEV },
};

/* The first forbids each renaming from one directory to another, which is how a layer comes to its place. */
#define VERSION_LEAST 2

static uint64_t rights_of(int version, unsigned where) {
        uint64_t all = 0;

        for (size_t i = 0; i < countof(rights); i++)
                if (version >= rights[i].version && (rights[i].where & where) == where)
                        all |= rights[i].rights;
        return all;
}

static int allow(int rules, int directory, uint64_t access) {
        const struct landlock_path_beneath_attr below = { .allowed_access = access, .parent_fd = directory };

        if (directory < 0)
                return 0;
        return syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &below, 0) < 0 ? -errno : 0;
}

static int confine_files(int store, int source) {
        int version = (int) syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

        if (version < VERSION_LEAST)
                return version < 0 ? -errno : -EOPNOTSUPP;
        const struct landlock_ruleset_attr handled = { .handled_access_fs = rights_of(version, 0) };
        autoclose int rules = (int) syscall(SYS_landlock_create_ruleset, &handled, sizeof(handled), 0);
        int r = rules < 0 ? -errno : allow(rules, store, rights_of(version, IN_STORE));

        if (r == 0)
                r = allow(rules, source, rights_of(version, IN_SOURCE));
        if (r == 0 && syscall(SYS_landlock_restrict_self, rules, 0) < 0)
                r = -errno;
        return r;
}

/* ---- calls --------------------------------------------------------------------------------------------- */

#define CALL(name) SCMP_SYS(name)

/* clang-format off */
static const int calls[] = {
        /* memory */   CALL(brk), CALL(munmap), CALL(mremap), CALL(madvise),
        /* open */     CALL(read), CALL(pread64), CALL(write), CALL(pwrite64), CALL(writev), CALL(lseek),
                       CALL(close), CALL(flock), CALL(fstat), CALL(getdents64), CALL(ftruncate), CALL(fchmod),
                       CALL(fchown), CALL(fgetxattr), CALL(fsetxattr),
        /* by name */  CALL(openat), CALL(openat2), CALL(newfstatat), CALL(getcwd), CALL(readlink),
                       CALL(readlinkat), CALL(mkdirat), CALL(symlinkat), CALL(linkat), CALL(unlinkat),
                       CALL(renameat), CALL(renameat2), CALL(fchownat), CALL(fchmodat), CALL(utimensat),
        /* the rest */ CALL(getrandom), CALL(clock_gettime), CALL(futex), CALL(rt_sigreturn),
                       CALL(restart_syscall), CALL(exit), CALL(exit_group),
        /* 32 bits */  CALL(_llseek), CALL(fstat64), CALL(fstatat64), CALL(statx), CALL(ftruncate64),
                       CALL(fchown32), CALL(utimensat_time64), CALL(clock_gettime64), CALL(futex_time64),
                       CALL(sigreturn),
};

/* Of a call's argument, the bits of a mask. */
#define ARGUMENT(number, mask, value) { number, SCMP_CMP_MASKED_EQ, mask, value }
#define WORD UINT32_MAX

/* These with such arguments alone: no new code; whiteouts and pipes, and no device. */
static const struct {
        int call;
        unsigned n;
        struct scmp_arg_cmp when[2];
} careful[] = {
        { CALL(mmap),     1, { ARGUMENT(2, PROT_EXEC, 0) } },
        { CALL(mmap2),    1, { ARGUMENT(2, PROT_EXEC, 0) } },
        { CALL(mprotect), 1, { ARGUMENT(2, PROT_EXEC, 0) } },
        { CALL(mknodat),  1, { ARGUMENT(2, S_IFMT, S_IFIFO) } },
        { CALL(mknodat),  2, { ARGUMENT(2, S_IFMT, S_IFCHR), ARGUMENT(3, WORD, 0) } },
        { CALL(fcntl),    1, { ARGUMENT(1, WORD, F_DUPFD_CLOEXEC) } },
        { CALL(fcntl),    1, { ARGUMENT(1, WORD, F_GETFL) } },
        { CALL(fcntl),    1, { ARGUMENT(1, WORD, F_SETFD) } },
        { CALL(fcntl64),  1, { ARGUMENT(1, WORD, F_DUPFD_CLOEXEC) } },
        { CALL(fcntl64),  1, { ARGUMENT(1, WORD, F_GETFL) } },
        { CALL(fcntl64),  1, { ARGUMENT(1, WORD, F_SETFD) } },
};
/* clang-format on */

static int confine_calls(void) {
        /* The C library goes another way where a kernel lacks a call, which is what this one seems to do. */
        scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
        int r = filter ? 0 : -ENOMEM;

        if (r == 0)
                r = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
        if (r == 0)
                r = seccomp_attr_set(filter, SCMP_FLTATR_API_SYSRAWRC, 1);
        for (size_t i = 0; r == 0 && i < countof(calls); i++)
                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
        for (size_t i = 0; r == 0 && i < countof(careful); i++)
                r = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, careful[i].call, careful[i].n,
                                           careful[i].when);
        if (r == 0)
                r = seccomp_load(filter);
        seccomp_release(filter);
        return r;
}

struct confinement confine(int store, int source) {
        struct confinement c;

        (void) prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        c.files = confine_files(store, source);
        c.calls = confine_calls();
        return c;
}
