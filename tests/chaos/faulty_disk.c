/* A disk that fails on demand, preloaded into a program under test.
 *
 * FAULTY_DISK_CONTROL names a file whose first byte says what happens, and FAULTY_DISK_FOLDER the folder in which it
 * happens; the eight bytes from the ninth on count how often something has happened. '0' nothing; 'w' writing fails (EIO); 's' of one write the first half arrives, the next one fails; 'f' making
 * durable fails (EIO); 'n' no space is left (ENOSPC); 'r' reading waits until it is something else; 'p' the power is
 * about to be cut.
 *
 * With 'p' the file FAULTY_DISK_JOURNAL gets an entry before each change of a file, with what the change destroys, and
 * one after each fsync or fdatasync. When the program has been killed, tests/src/chaos/faults/power.rs takes back what
 * has not been made durable. Names of files are not part of it: new, other and removed ones are durable at once, so
 * that a file which is renamed before it is durable is found empty. What is written through mmap stays, too. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* Before a power cut, making durable takes so much longer. Whoever does not wait for it is then found by a kill at
 * whatever moment; where the disk is memory it would take no time at all. */
#define SYNC_US 20000
/* How often a read that waits looks whether it still has to. */
#define LOOK_US 10000
/* The offset in the entry of a file that has been made durable. */
#define DURABLE UINT64_MAX
/* For `remember`: as much as there is, and at the end of the file. */
#define ALL UINT64_MAX
#define AT_END -1

/* What is known of a file before a change of it. `bytes` bytes follow, which were at `offset`. */
struct entry {
    uint64_t device, file, length, offset, bytes;
};

static volatile char *control;
/* How often something was done to the program, beside the control. */
static uint64_t *bites;
static char folder[PATH_MAX];
static size_t folder_length;
static int journal = -1;
/* Changes and syncs go one after the other, so that their entries are in the same order. */
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void open_control(void) {
    const char *file = getenv("FAULTY_DISK_CONTROL"), *below = getenv("FAULTY_DISK_FOLDER");
    if (!file || !below || strlen(below) >= sizeof folder) return;
    int fd = open(file, O_RDWR | O_CLOEXEC);
    if (fd < 0) return;
    void *page = mmap(NULL, 16, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (page == MAP_FAILED) return;
    const char *entries = getenv("FAULTY_DISK_JOURNAL");
    if (entries) journal = open(entries, O_WRONLY | O_APPEND | O_CLOEXEC);
    strcpy(folder, below);
    folder_length = strlen(folder);
    bites = (uint64_t *)((char *)page + 8);
    control = page;
}

static void bite(void) {
    __atomic_fetch_add(bites, 1, __ATOMIC_RELAXED);
}

static void link_of(int fd, char *link, size_t size) {
    snprintf(link, size, "/proc/self/fd/%d", fd);
}

/* The fault that a descriptor is to suffer now. */
static char fault(int fd) {
    char now = control ? *control : '0';
    if (now == '0') return now;
    char link[64], path[PATH_MAX];
    link_of(fd, link, sizeof link);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return '0';
    path[length] = 0;
    return strncmp(path, folder, folder_length) == 0 ? now : '0';
}

/* How much of a write arrives: all, the first half, or -1 with errno set. */
static ssize_t admitted(char now, size_t length) {
    static __thread int is_torn;
    if (now != '0' && now != 'f' && now != 'r') bite();
    switch (now) {
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

/* Whole or not at all, since the program may be killed at any time: who reads it leaves out half an entry. */
static int note(struct entry entry, char *before) {
    struct iovec parts[] = {{&entry, sizeof entry}, {before, entry.bytes}};
    if (syscall(SYS_writev, journal, parts, 2) == (long)(sizeof entry + entry.bytes)) return 0;
    /* A change without an entry could not be taken back, so it must not happen. */
    errno = EIO;
    return -1;
}

static int read_at(int fd, char *bytes, uint64_t length, off64_t offset) {
    ssize_t come = pread64(fd, bytes, length, offset);
    if (come < 0 && errno == EBADF) {
        /* It was opened for writing only. */
        char link[64];
        link_of(fd, link, sizeof link);
        int again = open(link, O_RDONLY | O_CLOEXEC);
        if (again < 0) return -1;
        come = pread64(again, bytes, length, offset);
        close(again);
    }
    return come == (ssize_t)length ? 0 : -1;
}

/* Takes down what a change of `bytes` bytes from `offset` on destroys, as far as there is anything. */
static int remember(int fd, off64_t offset, uint64_t bytes) {
    struct stat now;
    if (fstat(fd, &now) != 0) return -1;
    if (!S_ISREG(now.st_mode)) return 0;
    if (offset < 0) offset = now.st_size;
    uint64_t there = offset < now.st_size ? (uint64_t)(now.st_size - offset) : 0;
    if (bytes > there) bytes = there;
    struct entry entry = {now.st_dev, now.st_ino, (uint64_t)now.st_size, (uint64_t)offset, bytes};
    if (bytes == 0) return note(entry, NULL);
    char *before = malloc(bytes);
    int failed = !before || read_at(fd, before, bytes, offset) != 0 || note(entry, before) != 0;
    free(before);
    if (!failed) return 0;
    errno = EIO;
    return -1;
}

/* Where the next write goes. */
static off64_t position(int fd) {
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && flags & O_APPEND ? AT_END : lseek64(fd, 0, SEEK_CUR);
}

/* A change that has its entry before it happens. */
#define TAKEN_DOWN(fd, offset, bytes, change)                                          \
    ({                                                                                 \
        pthread_mutex_lock(&turn);                                                     \
        __typeof__(change) done = remember(fd, offset, bytes) == 0 ? (change) : -1;    \
        pthread_mutex_unlock(&turn);                                                   \
        done;                                                                          \
    })

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t read(int fd, void *bytes, size_t length) {
    static __typeof__(&read) real;
    if (!real) real = REAL(read);
    while (fault(fd) == 'r') usleep(LOOK_US);
    return real(fd, bytes, length);
}

ssize_t write(int fd, const void *bytes, size_t length) {
    static __typeof__(&write) real;
    if (!real) real = REAL(write);
    char now = fault(fd);
    ssize_t part = admitted(now, length);
    if (part < 0) return part;
    if (now == 'p') return TAKEN_DOWN(fd, position(fd), length, real(fd, bytes, length));
    return real(fd, bytes, (size_t)part);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
    static __typeof__(&pwrite64) real;
    if (!real) real = REAL(pwrite64);
    char now = fault(fd);
    ssize_t part = admitted(now, length);
    if (part < 0) return part;
    if (now == 'p') return TAKEN_DOWN(fd, offset, length, real(fd, bytes, length, offset));
    return real(fd, bytes, (size_t)part, offset);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    static __typeof__(&writev) real;
    if (!real) real = REAL(writev);
    char now = fault(fd);
    /* Half of a vector is its first part. */
    ssize_t part = admitted(now, count > 0 ? 2 : 0);
    if (part < 0) return part;
    if (now != 'p') return real(fd, parts, part == 1 ? 1 : count);
    size_t length = 0;
    for (int index = 0; index < count; index++) length += parts[index].iov_len;
    return TAKEN_DOWN(fd, position(fd), length, real(fd, parts, count));
}

int ftruncate(int fd, off_t length) {
    static __typeof__(&ftruncate) real;
    if (!real) real = REAL(ftruncate);
    if (fault(fd) != 'p') return real(fd, length);
    return TAKEN_DOWN(fd, length, ALL, real(fd, length));
}

int ftruncate64(int fd, off64_t length) {
    static __typeof__(&ftruncate64) real;
    if (!real) real = REAL(ftruncate64);
    if (fault(fd) != 'p') return real(fd, length);
    return TAKEN_DOWN(fd, length, ALL, real(fd, length));
}

static int make_durable(int fd, int (*real)(int)) {
    char now = fault(fd);
    if (now == 'f') { bite(); errno = EIO; return -1; }
    if (now != 'p') return real(fd);
    usleep(SYNC_US);
    pthread_mutex_lock(&turn);
    struct stat file;
    int failed = real(fd) != 0 || fstat(fd, &file) != 0;
    if (!failed) failed = note((struct entry){file.st_dev, file.st_ino, 0, DURABLE, 0}, NULL) != 0;
    pthread_mutex_unlock(&turn);
    return failed ? -1 : 0;
}

int fsync(int fd) {
    static __typeof__(&fsync) real;
    if (!real) real = REAL(fsync);
    return make_durable(fd, real);
}

int fdatasync(int fd) {
    static __typeof__(&fdatasync) real;
    if (!real) real = REAL(fdatasync);
    return make_durable(fd, real);
}
