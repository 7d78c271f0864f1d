/* A disk that fails on demand, preloaded into a program under test.
 *
 * FAULTY_DISK_CONTROL names a file whose first byte says what happens, and FAULTY_DISK_FOLDER the folder in which it
 * happens. '0' nothing; 'w' writing fails (EIO); 's' of one write the first half arrives, the next one fails; 'f' making
 * durable fails (EIO); 'n' no space is left (ENOSPC). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

static const volatile char *control;
static char folder[PATH_MAX];
static size_t folder_length;

__attribute__((constructor)) static void open_control(void) {
    const char *file = getenv("FAULTY_DISK_CONTROL"), *below = getenv("FAULTY_DISK_FOLDER");
    if (!file || !below || strlen(below) >= sizeof folder) return;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    void *page = mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (page == MAP_FAILED) return;
    strcpy(folder, below);
    folder_length = strlen(folder);
    control = page;
}

/* The fault that a descriptor is to suffer now. */
static char fault(int fd) {
    char now = control ? *control : '0';
    if (now == '0') return now;
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return '0';
    path[length] = 0;
    return strncmp(path, folder, folder_length) == 0 ? now : '0';
}

/* How much of a write arrives: all, the first half, or -1 with errno set. */
static ssize_t admitted(int fd, size_t length) {
    static __thread int is_torn;
    switch (fault(fd)) {
        case 'w': errno = EIO; return -1;
        case 'n': errno = ENOSPC; return -1;
        case 's':
            is_torn = !is_torn && length > 1;
            if (is_torn) return (ssize_t)(length / 2);
            errno = EIO;
            return -1;
        default: return (ssize_t)length;
    }
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *bytes, size_t length) {
    static __typeof__(&write) real;
    if (!real) real = REAL(write);
    ssize_t part = admitted(fd, length);
    return part < 0 ? part : real(fd, bytes, (size_t)part);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
    static __typeof__(&pwrite64) real;
    if (!real) real = REAL(pwrite64);
    ssize_t part = admitted(fd, length);
    return part < 0 ? part : real(fd, bytes, (size_t)part, offset);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    static __typeof__(&writev) real;
    if (!real) real = REAL(writev);
    /* Half of a vector is its first part. */
    ssize_t part = admitted(fd, count > 0 ? 2 : 0);
    if (part < 0) return part;
    return real(fd, parts, part == 1 ? 1 : count);
}

int fsync(int fd) {
    static __typeof__(&fsync) real;
    if (!real) real = REAL(fsync);
    if (fault(fd) == 'f') { errno = EIO; return -1; }
    return real(fd);
}

int fdatasync(int fd) {
    static __typeof__(&fdatasync) real;
    if (!real) real = REAL(fdatasync);
    if (fault(fd) == 'f') { errno = EIO; return -1; }
    return real(fd);
}
