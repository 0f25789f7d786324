#include "supervisor/fork.h"

#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>

/* clone3(2) by hand, as the C library has no function for it: the child comes back from the kernel on an
 * empty stack, where no function can return, so that it has to go on from here. */
static long clone_in(const struct clone_args *args, int (*run)(void *argument), void *argument) {
#if defined(__x86_64__)
        long r;

        __asm__ volatile("syscall\n\t"
                         "test %%rax, %%rax\n\t"
                         "jnz 1f\n\t"
                         "xor %%ebp, %%ebp\n\t"
                         "mov %[argument], %%rdi\n\t"
                         "call *%[run]\n\t"
                         "hlt\n"
                         "1:"
                         : "=a"(r)
                         : "0"(SYS_clone3), "D"(args),
                           "S"(sizeof(*args)), [run] "r"(run), [argument] "r"(argument)
                         : "rcx", "r11", "memory", "cc");
        return r;
#elif defined(__aarch64__)
        register long x8 __asm__("x8") = SYS_clone3;
        register long x0 __asm__("x0") = (long) args;
        register long x1 __asm__("x1") = (long) sizeof(*args);
        register int (*x19)(void *) __asm__("x19") = run;
        register void *x20 __asm__("x20") = argument;

        __asm__ volatile("svc 0\n\t"
                         "cbnz x0, 1f\n\t"
                         "mov x29, xzr\n\t"
                         "mov x0, x20\n\t"
                         "blr x19\n\t"
                         "brk 0\n"
                         "1:"
                         : "+r"(x0)
                         : "r"(x8), "r"(x1), "r"(x19), "r"(x20)
                         : "memory", "cc");
        return x0;
#else
        (void) args;
        (void) run;
        (void) argument;
        return -ENOSYS;
#endif
}

pid_t fork_into(int (*run)(void *argument), void *argument, char *stack, size_t size, int cgroup_fd) {
        struct clone_args args = {
                .flags = CLONE_VM | CLONE_VFORK | CLONE_INTO_CGROUP,
                .exit_signal = SIGCHLD,
                .stack = (uint64_t) (uintptr_t) stack,
                .stack_size = size,
                .cgroup = (uint64_t) (unsigned) cgroup_fd,
        };

        if (cgroup_fd > 0)
                return (pid_t) clone_in(&args, run, argument);
        pid_t pid = clone(run, stack + size, CLONE_VM | CLONE_VFORK | SIGCHLD, argument);
        return pid < 0 ? -errno : pid;
}
