// What Swift's Glibc module leaves out.
#include <fcntl.h>
#include <sys/fsuid.h>
#include <sys/xattr.h>

extern int unshare(int flags);
extern int syncfs(int directory);
extern int pipe2(int ends[2], int flags);
extern int dup3(int descriptor, int place, int flags);

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
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
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
    // Where the guard is told of the new process group.
    int guard;
    pid_t parent;
    // The process, as soon as there is one.
    pid_t number;
    // The code of the step that failed; 0 when the program runs.
    int error;
    // Whether it was the change of the working directory that failed, or the word to the guard.
    int failed_in_directory;
    int failed_at_guard;
};

// What the child does until it becomes the program. It shares the parent's memory meanwhile, and the parent's thread
// stands still: nothing may be allocated here, and no lock taken. For what sanitizers keep account of, the system is called
// itself, and signals are set by a name that they leave alone: the account is the parent's.
__attribute__((no_sanitize("thread", "address"))) static int clinux_child_main(void *argument) {
    struct clinux_child *child = (struct clinux_child *)argument;
    static const int defaults[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGALRM, SIGTERM, SIGUSR1, SIGUSR2, SIGCHLD, SIGTSTP,
                                   SIGTTIN, SIGTTOU};
    // A session of its own, and so a process group: there is no terminal in it to wait at.
    setsid();
    // Sent when the thread that started the child ends, and that thread ends with the process. It reaches this process
    // only, and a program of another user not at all; the guard sees to the group.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != child->parent) syscall(SYS_exit_group, 127);
    int32_t note = (int32_t)syscall(SYS_getpid);
    if (syscall(SYS_write, child->guard, &note, sizeof note) != sizeof note) {
        child->failed_at_guard = 1;
        goto failed;
    }
    // Signals that the parent ignores would stay ignored in the program.
    for (unsigned i = 0; i < sizeof defaults / sizeof *defaults; i++) ssignal(defaults[i], SIG_DFL);
    for (int i = 0; i < 3; i++)
        if (syscall(SYS_dup3, child->standard[i], i, 0) < 0) goto failed;
    // All of them are closed by the start of the program. But that may hang at a mount that does not answer, and what is
    // open here until then is the end of a pipe for others.
#ifdef SYS_close_range
    syscall(SYS_close_range, 3u, ~0u, 0u);
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

// Starts a program in a session of its own and gives back its number, with a descriptor of the process; -1 when it cannot
// be started, with the reason in `error`. Returns when the program runs or has failed to. When there is a `number` all the
// same, the process has ended and is to be waited for.
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
    child->number = 0;
    child->failed_in_directory = 0;
    child->failed_at_guard = 0;
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
    else child->number = number;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    free(stack);
    if (number > 0 && child->error) {
        close(*descriptor);
        *descriptor = -1;
        number = -1;
    }
    return number;
}

// The guard: a process that ends the process groups of programs when this process has ended, however that has happened.
// It is told by a pipe: the number of a group that has begun, or minus the number of one that has gone. At the end of the
// pipe, which comes with the end of this process, it ends those that are left. Numbers are a set of bits; Linux gives none
// that is higher.
enum { clinux_most_processes = 1 << 22 };

// What the guard needs; made before it begins, since nothing can be allocated in it.
struct clinux_guard {
    int notes;
    uint64_t *groups;
    // Where the arguments of this process lie, which `ps` and `pkill -f` read.
    char *arguments;
    size_t arguments_length;
};

__attribute__((no_sanitize("thread", "address"))) static void clinux_guard_main(const struct clinux_guard *guard) {
    static const char name[] = "child-guard";
    enum { bits = 64, most = 64 };
    int32_t notes[most];
    syscall(SYS_setsid);
    syscall(SYS_chdir, "/");
    // Who ends all processes of this program by its name must not end what cleans up after it.
    syscall(SYS_prctl, PR_SET_NAME, name, 0, 0, 0);
    for (size_t i = 0; i < guard->arguments_length; i++) {
        ((volatile char *)guard->arguments)[i] =
            i < sizeof name && i + 1 < guard->arguments_length ? name[i] : '\0';
    }
    // Nobody waits in vain for the end of a pipe because it is open here, too. The other end of the pipe of notes is one.
    int isClosed = 0;
#ifdef SYS_close_range
    isClosed = (guard->notes == 0 || syscall(SYS_close_range, 0u, (unsigned)guard->notes - 1, 0u) == 0) &&
               syscall(SYS_close_range, (unsigned)guard->notes + 1, ~0u, 0u) == 0;
#endif
    for (int i = 0; !isClosed && i < 65536; i++)
        if (i != guard->notes) syscall(SYS_close, i);
    for (;;) {
        long length = syscall(SYS_read, guard->notes, notes, sizeof notes);
        if (length < 0 && errno == EINTR) continue;
        if (length <= 0) break;
        for (long i = 0; i < length / (long)sizeof *notes; i++) {
            int32_t group = notes[i] < 0 ? -notes[i] : notes[i];
            // The number 1 would stand for every process there is.
            if (group <= 1 || group >= clinux_most_processes) continue;
            uint64_t bit = (uint64_t)1 << (group % bits);
            if (notes[i] > 0) guard->groups[group / bits] |= bit;
            else guard->groups[group / bits] &= ~bit;
        }
    }
    for (int32_t word = 0; word < clinux_most_processes / bits; word++) {
        for (int32_t bit = 0; guard->groups[word] && bit < bits; bit++) {
            if (guard->groups[word] >> bit & 1) syscall(SYS_kill, -(word * bits + bit), SIGKILL);
        }
    }
    syscall(SYS_exit_group, 0);
}

// Finds where the arguments of this process lie; leaves a length of 0 where the system does not say.
static void clinux_find_arguments(struct clinux_guard *guard) {
    char text[4096];
    unsigned long start = 0, end = 0;
    int file = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    if (length <= 0) return;
    text[length] = '\0';
    // The name in parentheses may hold anything; the next member is number 3.
    char *next = strrchr(text, ')');
    for (int member = 2; next && member < 48; member++) {
        next = strchr(next, ' ');
        if (next) next++;
    }
    if (!next || sscanf(next, "%lu %lu", &start, &end) != 2 || start == 0 || end <= start) return;
    guard->arguments = (char *)start;
    guard->arguments_length = end - start;
}

// Starts the guard and gives back its number, and in `notes` the end of the pipe by which it is told, which does not block;
// -1 with the reason in errno. The guard is a copy of this process as it is now: the earlier the smaller.
__attribute__((noinline, unused, no_sanitize("thread", "address"))) static pid_t clinux_start_guard(int *notes) {
    struct clinux_guard guard = {-1, NULL, NULL, 0};
    int ends[2];
    int reason;
    pid_t number = -1;
    sigset_t all, before;
    if (pipe2(ends, O_CLOEXEC) < 0) return -1;
    guard.notes = ends[0];
    // None of the standard descriptors, which a program's own take the place of.
    *notes = fcntl(ends[1], F_DUPFD_CLOEXEC, 3);
    reason = errno;
    close(ends[1]);
    if (*notes < 0) {
        close(ends[0]);
        errno = reason;
        return -1;
    }
    void *groups = mmap(
        NULL, clinux_most_processes / 8, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (groups != MAP_FAILED && fcntl(*notes, F_SETFL, O_NONBLOCK) == 0) {
        guard.groups = (uint64_t *)groups;
        clinux_find_arguments(&guard);
        // The guard listens to no signal.
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, &before);
        // As fork(2), without what libraries do at one.
        number = (pid_t)syscall(SYS_clone, (unsigned long)SIGCHLD, 0ul, 0ul, 0ul, 0ul);
        if (number == 0) clinux_guard_main(&guard);
        reason = errno;
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    } else {
        reason = errno;
    }
    if (groups != MAP_FAILED) munmap(groups, clinux_most_processes / 8);
    close(ends[0]);
    if (number < 0) {
        close(*notes);
        *notes = -1;
        errno = reason;
    }
    return number;
}

// Puts one end of a pipe into the place of another without a moment between.
static inline int clinux_replace(int descriptor, int place) { return dup3(descriptor, place, O_CLOEXEC); }

// Tells the guard of a group; minus its number says that it has gone.
static inline int clinux_tell_guard(int notes, int32_t note) {
    return write(notes, &note, sizeof note) == sizeof note ? 0 : -1;
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
