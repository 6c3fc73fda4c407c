// What Swift's Glibc module leaves out.
#include <sys/fsuid.h>
#include <sys/xattr.h>

extern int unshare(int flags);
