// What Swift's Glibc module leaves out.
#include <fcntl.h>
#include <sys/fsuid.h>
#include <sys/xattr.h>

extern int unshare(int flags);
extern int syncfs(int directory);
extern int pipe2(int ends[2], int flags);

// O_DIRECT, which <fcntl.h> shows to GNU sources only; its value differs between processors.
static const int clinux_o_direct = __O_DIRECT;
// O_PATH, likewise.
static const int clinux_o_path = __O_PATH;

// The environment that child processes inherit; Swift sees the variable itself as shared mutable state.
extern char **environ;
static inline char **clinux_environment(void) { return environ; }

// memfd_create, which <sys/mman.h> shows to GNU sources only: a file without a name that is closed in programs that
// are started.
extern int memfd_create(const char *name, unsigned int flags);
static inline int clinux_memory_file(const char *name) { return memfd_create(name, 1u /* MFD_CLOEXEC */); }

// AT_EACCESS, which <fcntl.h> shows to GNU sources only: access is judged as an open would be.
static const int clinux_effective_access = 0x200;

// openat2(2), which glibc has no function for: opens a path of several names below a directory in one call, and follows no
// symbolic link on the way. Kernels before 5.6, and some containers, refuse it.
#include <stdint.h>
#include <unistd.h>
static inline int clinux_open_beneath(int directory, const char *path, int flags) {
    struct {
        uint64_t flags, mode, resolve;
    } how = {(uint64_t)(unsigned int)flags, 0, 0x04u /* RESOLVE_NO_SYMLINKS */};
    extern long syscall(long number, ...);
    return (int)syscall(437 /* SYS_openat2, on every architecture */, directory, path, &how, sizeof how);
}

// Child processes that are supervised: started by clone(2), since posix_spawn(3) cannot ask for a signal at the death of
// the parent, and gives no descriptor of the process.
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

// clone(2), by the name that Thread Sanitizer does not stand before: it takes a clone for a fork and would clear, in the
// memory that the child shares, what it knows of the parent's threads.
extern int __clone(int (*main)(void *), void *stack, int flags, void *argument, ...);

// A program to be started, and why it could not be.
struct clinux_child {
    const char *path;
    char *const *arguments;
    char *const *environment;
    // The working directory; NULL for that of the parent.
    const char *directory;
    // What becomes standard input, output and error; each number is 3 or more.
    int standard[3];
    pid_t parent;
    // The code of the step that failed; 0 when the program runs.
    int error;
    // Whether it was the change of the working directory that failed.
    int failed_in_directory;
};

// What the child does until it becomes the program. It shares the parent's memory meanwhile, and the parent's thread
// stands still: nothing may be allocated here, and no lock taken. For what sanitizers keep account of, the system is called
// itself, and signals are set by a name that they leave alone: the account is the parent's.
__attribute__((no_sanitize("thread", "address"))) static int clinux_child_main(void *argument) {
    struct clinux_child *child = (struct clinux_child *)argument;
    static const int defaults[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGALRM, SIGTERM, SIGUSR1, SIGUSR2, SIGCHLD, SIGTSTP,
                                   SIGTTIN, SIGTTOU};
    setpgid(0, 0);
    // Sent when the thread that started the child ends, and that thread ends with the process.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != child->parent) syscall(SYS_exit_group, 127);
    // Signals that the parent ignores would stay ignored in the program.
    for (unsigned i = 0; i < sizeof defaults / sizeof *defaults; i++) ssignal(defaults[i], SIG_DFL);
    for (int i = 0; i < 3; i++)
        if (syscall(SYS_dup3, child->standard[i], i, 0) < 0) goto failed;
#ifdef SYS_close_range
    syscall(SYS_close_range, 3u, ~0u, 4u /* CLOSE_RANGE_CLOEXEC */);
#endif
    if (child->directory && chdir(child->directory) < 0) {
        child->failed_in_directory = 1;
        goto failed;
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(child->path, child->arguments, child->environment);
failed:
    child->error = errno;
    syscall(SYS_exit_group, 127);
    return 127;
}

// Starts a program in a process group of its own and gives back its number, with a descriptor of the process; -1 when it
// cannot be started, with the reason in `error`. Returns when the program runs or has failed to.
__attribute__((noinline, unused, no_sanitize("thread", "address"))) static pid_t clinux_start_child(
    struct clinux_child *child, int *descriptor) {
    enum { stack_length = 32768 };
    char *stack = (char *)malloc(stack_length);
    sigset_t all, before;
    if (!stack) {
        child->error = ENOMEM;
        return -1;
    }
    child->error = 0;
    child->failed_in_directory = 0;
    child->parent = getpid();
    *descriptor = -1;
    // A handler that ran in the child would run in the parent's memory.
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    pid_t number = __clone(
        clinux_child_main, stack + stack_length,
        0x00000100 /* CLONE_VM */ | 0x00004000 /* CLONE_VFORK */ | 0x00001000 /* CLONE_PIDFD */ | SIGCHLD, child,
        descriptor);
    if (number < 0) child->error = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    free(stack);
    if (number > 0 && child->error) {
        while (waitpid(number, NULL, 0) < 0 && errno == EINTR) {}
        close(*descriptor);
        *descriptor = -1;
        number = -1;
    }
    return number;
}

// How a process ended, given its descriptor; with `reap` it is forgotten, too. Gives back 0, or -1 while it runs.
static inline int clinux_ending(int descriptor, int reap, int *was_signal, int *status) {
    siginfo_t information;
    information.si_pid = 0;
    int result;
    do {
        result = waitid((idtype_t)3 /* P_PIDFD */, (id_t)descriptor, &information, WEXITED | (reap ? 0 : WNOWAIT | WNOHANG));
    } while (result < 0 && errno == EINTR);
    if (result < 0 || information.si_pid == 0) return -1;
    *was_signal = information.si_code != CLD_EXITED;
    *status = information.si_status;
    return 0;
}

// epoll with a number for each descriptor; the structure is packed on some processors, which Swift does not import well.
static inline int clinux_epoll_control(int epoll, int operation, int descriptor, uint32_t events, uint64_t token) {
    struct epoll_event event;
    event.events = events;
    event.data.u64 = token;
    return epoll_ctl(epoll, operation, descriptor, &event);
}

static inline int clinux_epoll_wait(int epoll, uint64_t *tokens, int count, int milliseconds) {
    enum { most = 64 };
    struct epoll_event events[most];
    int found = epoll_wait(epoll, events, count < most ? count : most, milliseconds);
    for (int i = 0; i < found; i++) tokens[i] = events[i].data.u64;
    return found;
}

// Makes reads and writes of one end of a pipe return at once; fcntl(2) is variadic in C.
static inline int clinux_set_nonblocking(int descriptor) {
    // Each end of a pipe has status flags of its own, and a new one has none.
    return fcntl(descriptor, F_SETFL, O_NONBLOCK);
}

static inline int clinux_duplicate_above(int descriptor, int least) { return fcntl(descriptor, F_DUPFD_CLOEXEC, least); }
