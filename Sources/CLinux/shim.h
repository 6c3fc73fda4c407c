// What Swift's Glibc module leaves out.
#include <fcntl.h>
#include <sys/fsuid.h>
#include <sys/xattr.h>

extern int unshare(int flags);
extern int pipe2(int ends[2], int flags);

// O_DIRECT, which <fcntl.h> shows to GNU sources only; its value differs between processors.
static const int clinux_o_direct = __O_DIRECT;

// The environment that child processes inherit; Swift sees the variable itself as shared mutable state.
extern char **environ;
static inline char **clinux_environment(void) { return environ; }

// memfd_create, which <sys/mman.h> shows to GNU sources only: a file without a name that is closed in programs that
// are started.
extern int memfd_create(const char *name, unsigned int flags);
static inline int clinux_memory_file(const char *name) { return memfd_create(name, 1u /* MFD_CLOEXEC */); }

// AT_EACCESS, which <fcntl.h> shows to GNU sources only: access is judged as an open would be.
static const int clinux_effective_access = 0x200;
