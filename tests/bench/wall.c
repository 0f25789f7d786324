/* What `tend run --isolate` is compared with: the same namespaces and mounts and nothing else.
 *
 *   wall CMD ARGS…  becomes the parent of CMD, which is PID 1 behind the same wall */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SAFE         (MS_NOSUID | MS_NODEV | MS_NOEXEC)

static const char *const nodes[] = { "null", "zero", "full", "random", "urandom", "tty" };
static int fds[COUNT(nodes)];

static const struct {
        const char *path, *type, *options;
        unsigned long flags;
} mounts[] = {
        { "/proc", "proc", NULL, SAFE },
        { "/sys", "sysfs", NULL, SAFE | MS_RDONLY },
        { "/sys/fs/cgroup", "cgroup2", NULL, SAFE | MS_RDONLY },
        { "/dev", "tmpfs", "mode=755,size=4m", MS_NOSUID | MS_NOEXEC },
        { "/dev/pts", "devpts", "newinstance,ptmxmode=0666,mode=0620", MS_NOSUID | MS_NOEXEC },
        { "/dev/shm", "tmpfs", "mode=1777", MS_NOSUID | MS_NODEV },
        { "/dev/mqueue", "mqueue", NULL, SAFE },
        { "/run", "tmpfs", "mode=755", MS_NOSUID | MS_NODEV },
};

static const char *const hidden[] = { "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/timer_list" };
static const char *const hidden_directories[] = { "/proc/acpi", "/proc/scsi", "/sys/firmware" };
static const char *const unchanged[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                                         "/proc/sysrq-trigger" };

/* What is not there on this machine is not there for tend either. */
static void make_mounts(void) {
        char path[64];

        for (size_t i = 0; i < COUNT(mounts); i++) {
                (void) mkdir(mounts[i].path, 0755);
                if (mount(mounts[i].type, mounts[i].path, mounts[i].type, mounts[i].flags,
                          mounts[i].options) < 0 &&
                    i == 0)
                        _exit(3);
        }
        for (size_t i = 0; i < COUNT(nodes); i++) {
                (void) snprintf(path, sizeof(path), "/dev/%s", nodes[i]);
                (void) close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
                (void) move_mount(fds[i], "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH);
        }
        for (size_t i = 0; i < COUNT(hidden); i++)
                (void) mount("/dev/null", hidden[i], NULL, MS_BIND, NULL);
        for (size_t i = 0; i < COUNT(hidden_directories); i++)
                (void) mount("tmpfs", hidden_directories[i], "tmpfs", SAFE | MS_RDONLY, "size=0,mode=555");
        for (size_t i = 0; i < COUNT(unchanged); i++)
                if (mount(unchanged[i], unchanged[i], NULL, MS_BIND | MS_REC, NULL) == 0)
                        (void) mount(NULL, unchanged[i], NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | SAFE, NULL);
}

static void raise_loopback(void) {
        int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        struct ifreq r = { .ifr_name = "lo", .ifr_flags = IFF_UP };

        (void) ioctl(fd, SIOCSIFFLAGS, &r);
        (void) close(fd);
}

static int behind(char **argv) {
        struct mount_attr no_devices = { .attr_set = MOUNT_ATTR_NODEV };

        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || unshare(CLONE_NEWCGROUP) < 0 ||
            mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
                return 3;
        for (size_t i = 0; i < COUNT(nodes); i++) {
                char path[64];
                (void) snprintf(path, sizeof(path), "/dev/%s", nodes[i]);
                fds[i] = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        }
        if (mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &no_devices, sizeof(no_devices)) < 0)
                return 3;
        make_mounts();
        raise_loopback();
        (void) execv(argv[0], argv);
        return 127;
}

int main(int argc, char **argv) {
        struct clone_args args = {
                .flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET,
                .exit_signal = SIGCHLD,
        };

        if (argc < 2)
                return 2;
        long pid = syscall(SYS_clone3, &args, sizeof(args));
        if (pid == 0)
                _exit(behind(argv + 1));
        if (pid < 0)
                return 3;
        while (waitpid((pid_t) pid, NULL, 0) < 0 && errno == EINTR)
                continue;
        return 0;
}
