#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "image/confine.h"
#include "image/remove.h"
#include "tests/unit/test.h"

/* In the directory where all of it happens. */
static int here = -1, store = -1, source = -1;

/* Each returns what a system call does. */

static int read_at(const char *path) {
        return openat(here, path, O_RDONLY);
}

static int write_at(const char *path) {
        return openat(here, path, O_WRONLY);
}

static int create(const char *path) {
        return openat(here, path, O_WRONLY | O_CREAT | O_EXCL, 0600);
}

static int empty(const char *path) {
        return openat(here, path, O_RDONLY | O_TRUNC);
}

static int make_directory(const char *path) {
        return mkdirat(here, path, 0700);
}

static int make_symlink(const char *path) {
        return symlinkat("anywhere", here, path);
}

static int take_away(const char *path) {
        return unlinkat(here, path, 0);
}

static int move_layer(const char *path) {
        return renameat(here, "store/tmp/draft", here, path);
}

static int link_file(const char *path) {
        return linkat(here, "store/tmp/file", here, path, 0);
}

static int make_pipe(const char *path) {
        return mknodat(here, path, S_IFIFO | 0600, 0);
}

static int make_whiteout(const char *path) {
        return mknodat(here, path, S_IFCHR, makedev(0, 0));
}

static int make_null(const char *path) {
        return mknodat(here, path, S_IFCHR, makedev(1, 3));
}

static int make_disk(const char *path) {
        return mknodat(here, path, S_IFBLK, makedev(8, 0));
}

static int make_socket(const char *path) {
        return mknodat(here, path, S_IFSOCK, 0);
}

static int execute(const char *path) {
        char name[] = "true", *const words[] = { name, NULL };
        return execve(path, words, NULL);
}

static int make_process(const char *path) {
        (void) path;
        return fork();
}

static int connect_out(const char *path) {
        (void) path;
        return socket(AF_INET, SOCK_STREAM, 0);
}

static int trace(const char *path) {
        (void) path;
        return (int) ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static int send_signal(const char *path) {
        (void) path;
        return kill(getppid(), SIGCONT);
}

static int mount_over(const char *path) {
        return mount("none", path, "tmpfs", 0, NULL);
}

static int change_root(const char *path) {
        return chroot(path);
}

static int make_namespace(const char *path) {
        (void) path;
        return unshare(CLONE_NEWUSER);
}

static int lend_signals(const char *path) {
        (void) path;
        return fcntl(store, F_SETOWN, getppid());
}

static int make_code(const char *path) {
        (void) path;
        return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1
                                                                                                         : 0;
}

static int turn_into_code(const char *path) {
        void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        (void) path;
        return page == MAP_FAILED ? 0 : mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

/* What comes of it; `files`: it is Landlock's to say. */
static const struct row {
        const char *what;
        int (*attempt)(const char *path);
        const char *path;
        int error;
        bool files;
} rows[] = {
        { "writing a file of the store", create, "store/new", 0, true },
        { "reading one", read_at, "store/tmp/file", 0, true },
        { "emptying one", empty, "store/tmp/file", 0, true },
        { "making a directory", make_directory, "store/tmp/new", 0, true },
        { "making a link", make_symlink, "store/tmp/link", 0, true },
        { "a pipe", make_pipe, "store/pipe", 0, true },
        { "a whiteout", make_whiteout, "store/whiteout", 0, true },
        { "putting a layer in its place", move_layer, "store/layers/layer", 0, true },
        { "a hard link to another directory", link_file, "store/layers/link", 0, true },
        { "removing a file of the store", take_away, "store/tmp/file", 0, true },
        { "reading a file of the source", read_at, "source/file", 0, true },
        { "listing the source", read_at, "source", 0, true },

        { "writing to a file of the source", write_at, "source/file", EACCES, true },
        { "making one there", create, "source/new", EACCES, true },
        { "emptying one", empty, "source/file", EACCES, true },
        { "removing one", take_away, "source/file", EACCES, true },
        { "reading what a link leads to", read_at, "source/out", EACCES, true },
        { "reading a file elsewhere", read_at, "file", EACCES, true },
        { "listing what is elsewhere", read_at, ".", EACCES, true },
        { "writing there", write_at, "file", EACCES, true },
        { "making a file there", create, "new", EACCES, true },
        { "a directory", make_directory, "new", EACCES, true },
        { "a symbolic link", make_symlink, "new", EACCES, true },
        { "a pipe", make_pipe, "new", EACCES, true },
        { "removing a file there", take_away, "file", EACCES, true },
        { "moving a layer there", move_layer, "layer", EACCES, true },
        { "a hard link there", link_file, "link", EACCES, true },
        { "reading what a link of the store leads to", read_at, "store/out", EACCES, true },
        { "running a program of this machine", execute, "/bin/true", ENOSYS, false },
        { "making a process", make_process, NULL, ENOSYS, false },
        { "a connection", connect_out, NULL, ENOSYS, false },
        { "tracing", trace, NULL, ENOSYS, false },
        { "sending a signal", send_signal, NULL, ENOSYS, false },
        { "having one sent", lend_signals, NULL, ENOSYS, false },
        { "mounting", mount_over, "/", ENOSYS, false },
        { "another root", change_root, "/", ENOSYS, false },
        { "a namespace", make_namespace, NULL, ENOSYS, false },
        { "a device", make_null, "store/null", ENOSYS, false },
        { "a disk", make_disk, "store/disk", ENOSYS, false },
        { "a socket", make_socket, "store/socket", ENOSYS, false },
        { "new code", make_code, NULL, ENOSYS, false },
        { "data as code", turn_into_code, NULL, ENOSYS, false },
};

static void write_file(const char *path) {
        int fd = create(path);
        CHECK(fd >= 0 && write(fd, "x", 1) == 1, "%s: %s", path, strerror(errno));
        (void) close(fd);
}

static void set_up(char *name) {
        if (!CHECK(mkdtemp(name)))
                return;
        here = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        CHECK(make_directory("store") == 0 && make_directory("store/tmp") == 0);
        CHECK(make_directory("store/layers") == 0 && make_directory("store/tmp/draft") == 0);
        CHECK(make_directory("source") == 0);
        write_file("file");
        write_file("store/tmp/file");
        write_file("source/file");
        CHECK(symlinkat("../file", here, "store/out") == 0 && symlinkat("../file", here, "source/out") == 0);
        store = openat(here, "store", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        source = openat(here, "source", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void clear(const char *name) {
        (void) close(here);
        (void) close(store);
        (void) close(source);
        CHECK(remove_tree(AT_FDCWD, name) == 0);
}

enum { CHILD_FINE = 100, CHILD_NO_LANDLOCK, CHILD_NO_SECCOMP };

/* In a child, which is confined: the errno, or one of those above. */
static int attempt(const struct row *row) {
        struct confinement c = confine(store, source);

        if (c.files < 0 && row->files)
                return CHILD_NO_LANDLOCK;
        if (c.calls < 0)
                return CHILD_NO_SECCOMP;
        return row->attempt(row->path) < 0 ? errno : CHILD_FINE;
}

static int end_of(const struct row *row) {
        int status = 0;
        pid_t child = fork();

        /* In front of _exit() the sanitizers have calls of their own. */
        if (child == 0)
                (void) syscall(SYS_exit_group, attempt(row));
        if (!CHECK(child > 0 && waitpid(child, &status, 0) == child))
                return -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST(confined_to_the_store_and_to_reading) {
        for (size_t i = 0; i < countof(rows); i++) {
                char name[] = "/tmp/tend-confine-XXXXXX";
                int wanted = rows[i].error ? rows[i].error : CHILD_FINE;

                set_up(name);
                int end = end_of(&rows[i]);
                if (end == CHILD_NO_LANDLOCK)
                        printf("no Landlock here: left out: %s\n", rows[i].what);
                else
                        CHECK(end == wanted, "row %zu, %s: %d, not %d", i, rows[i].what, end, wanted);
                clear(name);
        }
}

/* The numbers of another architecture would pass by the list. */
#ifdef __x86_64__
static int call_as_x32(const char *path) {
        (void) path;
        return (int) syscall(0x40000000 + SYS_getuid);
}

TEST(confined_in_another_architecture_is_the_end) {
        const struct row row = { .attempt = call_as_x32 };

        CHECK(end_of(&row) == -SIGSYS);
}
#endif
