// What Swift's Glibc module leaves out.
#include <fcntl.h>
#include <sys/fsuid.h>
#include <sys/xattr.h>

extern int unshare(int flags);

// O_DIRECT, which <fcntl.h> shows to GNU sources only; its value differs between processors.
static const int clinux_o_direct = __O_DIRECT;
