/* Preloaded into a program: counts its calls of fsync and the time in them, or leaves them out.
 *
 * At the end of the process it appends "calls nanoseconds" to the file that BENCH_FSYNC_LOG names. With
 * BENCH_FSYNC_OFF set, the calls do nothing: for banks that are only made to be measured. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static atomic_long calls, nanoseconds;

static long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000L + time.tv_nsec;
}

static int timed(const char *name, int file) {
    static int (*functions[2])(int);
    int which = name[1] == 'd';
    if (getenv("BENCH_FSYNC_OFF")) return 0;
    if (!functions[which]) functions[which] = (int (*)(int))dlsym(RTLD_NEXT, name);
    long start = now();
    int result = functions[which](file);
    nanoseconds += now() - start;
    calls++;
    return result;
}

int fsync(int file) { return timed("fsync", file); }
int fdatasync(int file) { return timed("fdatasync", file); }

__attribute__((destructor)) static void report(void) {
    const char *path = getenv("BENCH_FSYNC_LOG");
    FILE *log = path ? fopen(path, "a") : NULL;
    if (!log) return;
    fprintf(log, "%ld %ld\n", (long)calls, (long)nanoseconds);
    fclose(log);
}
