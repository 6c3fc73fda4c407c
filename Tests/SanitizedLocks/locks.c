// Tells Thread Sanitizer of locks that it cannot see.
//
// Swift's `Mutex` locks and unlocks by an atomic instruction in the program, which is instrumented. Where several want
// it at the same time it calls these two functions of libswiftSynchronization, which is not: there the kernel hands the
// lock over, and the sanitizer would take all that it guards for a race. So they stand here before the library's, call
// those, and say what the lock means: whoever unlocks has done its work before whoever locks next begins. Nothing is
// suppressed: a race on what no lock guards is found as before, and SanitizerTests plants one to see it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

extern void __tsan_acquire(void *address);
extern void __tsan_release(void *address);

// Both are methods of `_MutexHandle`, whose address Swift passes as `self`.
#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define SELF __attribute__((swift_context)) void *self
#define METHOD __attribute__((swiftcall, no_sanitize("thread"), used, visibility("default"))) void

typedef __attribute__((swiftcall)) void (*lock_function)(uint32_t, SELF);
typedef __attribute__((swiftcall)) void (*unlock_function)(SELF);

METHOD sanitized_lock_slow(uint32_t thread, SELF) __asm__(LOCK_SLOW);
METHOD sanitized_unlock_slow(SELF) __asm__(UNLOCK_SLOW);

METHOD sanitized_lock_slow(uint32_t thread, SELF) {
    ((lock_function)dlsym(RTLD_NEXT, LOCK_SLOW))(thread, self);
    __tsan_acquire(self);
}

METHOD sanitized_unlock_slow(SELF) {
    __tsan_release(self);
    ((unlock_function)dlsym(RTLD_NEXT, UNLOCK_SLOW))(self);
}
