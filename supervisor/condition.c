#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>

#include "base/glob.h"
#include "base/io.h"
#include "base/parse.h"
#include "base/pattern.h"
#include "base/proc.h"
#include "base/text.h"
#include "config/capability.h"
#include "config/system.h"
#include "config/user.h"
#include "supervisor/condition.h"
#include "supervisor/environment.h"

/* One for each kind: 0 no, 1 yes, or a negative errno. */
typedef int (*evaluator)(const char *parameter, char *const *environment);

static int path_exists(const char *path, char *const *environment maybe_unused) {
        return access(path, F_OK) == 0;
}

/* One pattern for each of what is in its innermost braces: "a{b,c}" becomes "ab" and "ac". 1 where it has
 * none. */
static int expand_braces(const char *pattern, char ***list) {
        const char *close = strchr(pattern, '}');
        const char *open = close ? memrchr(pattern, '{', (size_t) (close - pattern)) : NULL;
        int r = 0;

        if (!open)
                return 1;
        for (const char *at = open; at < close && r >= 0; at += 1 + strcspn(at + 1, ",}")) {
                char *one = text_format("%.*s%.*s%s", (int) (open - pattern), pattern,
                                        (int) strcspn(at + 1, ",}"), at + 1, close + 1);

                r = one ? strv_take(list, one) : -ENOMEM;
        }
        return r;
}

#define PATTERNS_MOST 1000

static int path_exists_glob(const char *pattern, char *const *environment maybe_unused) {
        autostrv char **list = NULL, **found = NULL;
        int r = strv_add(&list, pattern), answer = 0;

        for (size_t i = 0; r >= 0 && answer == 0 && list[i]; i++) {
                r = i < PATTERNS_MOST ? expand_braces(list[i], &list) : -E2BIG;
                if (r > 0)
                        r = answer = glob_find(list[i], 1, &found);
        }
        return r < 0 ? r : answer;
}

static int has_type(const char *path, mode_t type) {
        struct stat st;
        int r = type == S_IFLNK ? lstat(path, &st) : stat(path, &st);

        return r == 0 && (st.st_mode & S_IFMT) == type;
}

static int path_is_directory(const char *path, char *const *environment maybe_unused) {
        return has_type(path, S_IFDIR);
}

static int path_is_symbolic_link(const char *path, char *const *environment maybe_unused) {
        return has_type(path, S_IFLNK);
}

static int path_is_mount_point(const char *path, char *const *environment maybe_unused) {
        struct statx st;

        if (statx(AT_FDCWD, path, 0, 0, &st) < 0)
                return 0;
        return (st.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

static int path_is_read_write(const char *path, char *const *environment maybe_unused) {
        struct statvfs fs;

        return statvfs(path, &fs) == 0 && (fs.f_flag & ST_RDONLY) == 0;
}

static int directory_not_empty(const char *path, char *const *environment maybe_unused) {
        DIR *directory = opendir(path);
        int n = 0;

        if (!directory)
                return errno != ENOENT && errno != ENOTDIR;
        while (n < 3 && readdir(directory))
                n++;
        (void) closedir(directory);
        return n == 3;
}

static int file_not_empty(const char *path, char *const *environment maybe_unused) {
        struct stat st;

        return stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0;
}

static int file_is_executable(const char *path, char *const *environment maybe_unused) {
        struct stat st;

        return stat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0111) != 0;
}

static int has_environment(const char *word, char *const *environment) {
        size_t n = strcspn(word, "=");

        for (; *environment; environment++)
                if (strncmp(*environment, word, n) == 0 && (*environment)[n] == '=' &&
                    (word[n] == '\0' || strcmp(*environment, word) == 0))
                        return 1;
        return 0;
}

static int is_user(const char *word, char *const *environment maybe_unused) {
        struct user user;

        if (strcmp(word, "@system") == 0)
                return getuid() < 1000 || geteuid() < 1000;
        int r = user_find(word, &user);
        return r == -ESRCH ? 0 : r < 0 ? r : user.uid == getuid() || user.uid == geteuid();
}

static int is_in_group(const char *word, char *const *environment maybe_unused) {
        gid_t gid, groups[NGROUPS_MAX / 16];

        int r = group_find(word, &gid);
        if (r < 0)
                return r == -ESRCH ? 0 : r;
        int n = getgroups((int) countof(groups), groups);
        for (int i = 0; i < n; i++)
                if (groups[i] == gid)
                        return 1;
        return gid == getgid() || gid == getegid();
}

static int has_capability(const char *word, char *const *environment maybe_unused) {
        int number = capability_find(word);

        return number >= 0 && prctl(PR_CAPBSET_READ, number, 0, 0, 0) > 0;
}

/* How a container's runtime is called by systemd: what it leaves for its processes tells. tend is made for
 * containers, so that one without a mark is a container too. */
static const char *container_kind(char *const *environment) {
        static const char *const known[] = { "docker", "podman", "lxc",   "lxc-libvirt", "systemd-nspawn",
                                             "rkt",    "wsl",    "proot", "pouch" };
        const char *name = environment_get(environment, "container");

        for (size_t i = 0; name && i < countof(known); i++)
                if (strcmp(name, known[i]) == 0)
                        return known[i];
        if (access("/run/.containerenv", F_OK) == 0)
                return "podman";
        return access("/.dockerenv", F_OK) == 0 ? "docker" : "container-other";
}

/* The whole of the ids, one to one, is what the first user namespace has. */
static bool has_private_users(void) {
        char map[64];
        const char *at = map;
        uint64_t inside, outside, n;

        return io_read_small(AT_FDCWD, "/proc/self/uid_map", map, sizeof(map)) > 0 &&
               proc_number(&at, &inside) && proc_number(&at, &outside) && proc_number(&at, &n) &&
               (inside != 0 || outside != 0 || n != UINT32_MAX);
}

static int is_virtual(const char *word, char *const *environment) {
        bool yes;

        if (parse_bool(word, &yes) == 0)
                return yes;
        if (strcmp(word, "private-users") == 0)
                return has_private_users();
        return strcmp(word, "container") == 0 || strcmp(word, container_kind(environment)) == 0;
}

static int is_host(const char *word, char *const *environment maybe_unused) {
        char id[SYSTEM_TEXT_MAX], plain[64];
        struct utsname names;
        size_t n = 0;

        for (const char *p = word; *p != '\0' && n < sizeof(plain) - 1; p++)
                if (*p != '-')
                        plain[n++] = *p;
        plain[n] = '\0';
        if (n == 32 && strspn(plain, "0123456789abcdefABCDEF") == n)
                return system_machine_id(id) == 0 && strcasecmp(plain, id) == 0;
        return uname(&names) == 0 && pattern_fits(word, names.nodename, PATTERN_ANY_CASE);
}

static int is_architecture(const char *word, char *const *environment maybe_unused) {
        /* What tend runs on at all is its own kind of machine. */
        return strcmp(word, "native") == 0 || strcmp(word, system_architecture()) == 0;
}

/* What a comparison says of `order` (negative, 0, positive). */
struct comparison {
        const char *sign;
        bool less, equal, greater;
};

/* The longer of two that begin alike comes first. */
static const struct comparison comparisons[] = {
        { "<=", true, true, false },  { "<>", true, false, true }, { "<", true, false, false },
        { "==", false, true, false }, { "=", false, true, false }, { "!=", true, false, true },
        { ">=", false, true, true },  { ">", false, false, true },
};

static const struct comparison *take_comparison(const char **at) {
        for (size_t i = 0; i < countof(comparisons); i++)
                if (text_starts(*at, comparisons[i].sign)) {
                        *at += strlen(comparisons[i].sign);
                        *at += strspn(*at, " \t");
                        return &comparisons[i];
                }
        return NULL;
}

static bool compares(const struct comparison *c, int order) {
        return order < 0 ? c->less : order == 0 ? c->equal : c->greater;
}

/* A pattern, or a comparison; a sign of its own goes with the word behind it. */
static int fits_kernel(char *const *words, const char *release) {
        for (size_t i = 0; words[i]; i++) {
                const char *at = words[i];
                const struct comparison *c = take_comparison(&at);

                if (c && *at == '\0')
                        at = words[++i];
                if (!at)
                        return -EINVAL;
                if (c ? !compares(c, strverscmp(release, at)) : !pattern_fits(at, release, 0))
                        return 0;
        }
        return 1;
}

static int is_kernel_version(const char *text, char *const *environment maybe_unused) {
        autostrv char **words = NULL;
        struct utsname names;
        int r = text_split(text, &words);

        if (r < 0)
                return r;
        return words && uname(&names) == 0 ? fits_kernel(words, names.release) : -EINVAL;
}

/* In a container systemd takes its own command line for the kernel's. */
static int has_argument(const char *word, char *const *environment maybe_unused) {
        char line[4096];
        ssize_t n = io_read_small(AT_FDCWD, "/proc/self/cmdline", line, sizeof(line));
        size_t length = strlen(word);

        if (n < 0)
                return (int) n;
        for (const char *at = line; at < line + n; at += strlen(at) + 1)
                if (strchr(word, '=')
                            ? strcmp(at, word) == 0
                            : strncmp(at, word, length) == 0 && (at[length] == '\0' || at[length] == '='))
                        return 1;
        return 0;
}

static int compare_number(const char *text, uint64_t have, bool is_size) {
        const struct comparison *c = take_comparison(&text);
        static const struct comparison at_least = { ">=", false, true, true };
        unsigned count = 0;
        uint64_t wanted = 0;

        int r = is_size ? parse_size(text, &wanted) : parse_unsigned(text, INT_MAX, &count);
        if (r < 0)
                return r;
        wanted = is_size ? wanted : count;
        return compares(c ? c : &at_least, have < wanted ? -1 : have > wanted);
}

static int has_cpus(const char *text, char *const *environment maybe_unused) {
        cpu_set_t set;

        if (sched_getaffinity(0, sizeof(set), &set) < 0)
                return -errno;
        return compare_number(text, (uint64_t) CPU_COUNT(&set), false);
}

/* The machine's, or the limit of the container's own cgroup where that is less. */
static int has_memory(const char *text, char *const *environment maybe_unused) {
        static const char *const limits[] = { "/sys/fs/cgroup/memory.max",
                                              "/sys/fs/cgroup/memory/memory.limit_in_bytes" };
        uint64_t have = (uint64_t) sysconf(_SC_PHYS_PAGES) * (uint64_t) sysconf(_SC_PAGESIZE), limit;
        char line[64];

        for (size_t i = 0; i < countof(limits); i++) {
                const char *at = line;
                if (io_read_small(AT_FDCWD, limits[i], line, sizeof(line)) > 0 && proc_number(&at, &limit))
                        have = MIN(have, limit);
        }
        return compare_number(text, have, true);
}

/* NAME, a sign, a value, without blanks: "VERSION_ID>=12". */
static int fits_os_release(const char *word) {
        char have[SYSTEM_TEXT_MAX];
        size_t n = strcspn(word, "<>=!");
        autofree char *name = strndup(word, n);
        const char *wanted = word + n;
        const struct comparison *c = take_comparison(&wanted);

        if (!name)
                return -ENOMEM;
        if (!c || n == 0 || *wanted == '\0')
                return -EINVAL;
        int r = system_os_release(name, have);
        if (r < 0)
                return r;
        /* What is the same or not need not be a version. */
        if (c->less == c->greater)
                return (strcmp(have, wanted) == 0) == c->equal;
        return compares(c, strverscmp(have, wanted));
}

static int has_os_release(const char *text, char *const *environment maybe_unused) {
        autostrv char **words = NULL;
        int r = text_split(text, &words);

        if (r < 0)
                return r;
        r = 1;
        for (size_t i = 0; r > 0 && words && words[i]; i++)
                r = fits_os_release(words[i]);
        return r;
}

static int is_first_boot(const char *word, char *const *environment maybe_unused) {
        bool yes;

        if (parse_bool(word, &yes) < 0)
                return -EINVAL;
        return (access("/run/systemd/first-boot", F_OK) == 0) == yes;
}

/* By the times of /usr and of DIRECTORY/.updated; not where nothing could be updated. */
static int needs_update(const char *path, char *const *environment maybe_unused) {
        autofree char *stamp = text_format("%s/.updated", path);
        struct stat usr, updated;
        struct statvfs fs;

        if (!stamp)
                return -ENOMEM;
        if (statvfs(path, &fs) < 0)
                return -errno;
        if ((fs.f_flag & ST_RDONLY) != 0 || stat("/usr", &usr) < 0)
                return 0;
        return stat(stamp, &updated) < 0 || usr.st_mtime > updated.st_mtime;
}

static int has_audit(void) {
        autoclose int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_AUDIT);

        return fd >= 0 || (errno != EAFNOSUPPORT && errno != EPROTONOSUPPORT && errno != EPERM);
}

/* What the kernel enforces, seen from a container; what is the machine's alone a container has not. */
static int has_security(const char *word, char *const *environment maybe_unused) {
        static const struct {
                const char *word, *path;
        } rows[] = {
                { "selinux", "/sys/fs/selinux/enforce" },
                { "smack", "/sys/fs/smackfs/load" },
                { "tomoyo", "/sys/kernel/security/tomoyo/version" },
                { "ima", "/sys/kernel/security/ima" },
        };
        char enabled[8];

        if (strcmp(word, "audit") == 0)
                return has_audit();
        if (strcmp(word, "apparmor") == 0)
                return io_read_small(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", enabled,
                                     sizeof(enabled)) > 0 &&
                       *enabled == 'Y';
        for (size_t i = 0; i < countof(rows); i++)
                if (strcmp(word, rows[i].word) == 0)
                        return access(rows[i].path, F_OK) == 0;
        return 0;
}

#define SUPPLIES "/sys/class/power_supply"

/* Mains that is on, or neither mains nor a battery that is being emptied. */
static int has_mains(void) {
        char path[PATH_MAX], type[32], online[8];
        bool off = false, on = false;
        DIR *directory = opendir(SUPPLIES);

        for (struct dirent *e; directory && (e = readdir(directory));) {
                (void) snprintf(path, sizeof(path), SUPPLIES "/%s/type", e->d_name);
                if (*e->d_name == '.' || io_read_small(AT_FDCWD, path, type, sizeof(type)) <= 0 ||
                    !text_starts(type, "Mains"))
                        continue;
                (void) snprintf(path, sizeof(path), SUPPLIES "/%s/online", e->d_name);
                bool is_on = io_read_small(AT_FDCWD, path, online, sizeof(online)) > 0 && *online == '1';
                on |= is_on;
                off |= !is_on;
        }
        if (directory)
                (void) closedir(directory);
        return on || !off;
}

static int has_ac_power(const char *word, char *const *environment maybe_unused) {
        bool yes;

        return parse_bool(word, &yes) < 0 ? -EINVAL : has_mains() == yes;
}

static const evaluator evaluators[CHECK_KIND_COUNT] = {
        [CHECK_AC_POWER] = has_ac_power,
        [CHECK_ARCHITECTURE] = is_architecture,
        [CHECK_CPUS] = has_cpus,
        [CHECK_CAPABILITY] = has_capability,
        [CHECK_DIRECTORY_NOT_EMPTY] = directory_not_empty,
        [CHECK_ENVIRONMENT] = has_environment,
        [CHECK_FILE_IS_EXECUTABLE] = file_is_executable,
        [CHECK_FILE_NOT_EMPTY] = file_not_empty,
        [CHECK_FIRST_BOOT] = is_first_boot,
        [CHECK_GROUP] = is_in_group,
        [CHECK_HOST] = is_host,
        [CHECK_KERNEL_COMMAND_LINE] = has_argument,
        [CHECK_KERNEL_VERSION] = is_kernel_version,
        [CHECK_MEMORY] = has_memory,
        [CHECK_NEEDS_UPDATE] = needs_update,
        [CHECK_OS_RELEASE] = has_os_release,
        [CHECK_PATH_EXISTS] = path_exists,
        [CHECK_PATH_EXISTS_GLOB] = path_exists_glob,
        [CHECK_PATH_IS_DIRECTORY] = path_is_directory,
        [CHECK_PATH_IS_MOUNT_POINT] = path_is_mount_point,
        [CHECK_PATH_IS_READ_WRITE] = path_is_read_write,
        [CHECK_PATH_IS_SYMBOLIC_LINK] = path_is_symbolic_link,
        [CHECK_SECURITY] = has_security,
        [CHECK_USER] = is_user,
        [CHECK_VIRTUALIZATION] = is_virtual,
};

int condition_ask(const struct check *c, void *environment) {
        return evaluators[c->kind](c->parameter, environment);
}

const char *condition_text(const struct check *failed, bool assert, char *buffer, size_t size) {
        const char *family = assert ? "Assert" : "Condition";

        if (failed)
                (void) snprintf(buffer, size, "%s%s=%s%s%s is not met", family, check_word(failed->kind),
                                failed->trigger ? "|" : "", failed->negate ? "!" : "", failed->parameter);
        else
                (void) snprintf(buffer, size, "none of its %ss with | is met",
                                assert ? "assertion" : "condition");
        return buffer;
}
