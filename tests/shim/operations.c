/* A layer of faults under a whole program: one operation of a run, of all that it asks its operating system for, fails, is short,
 * is slow or is interrupted; all others are as they are. Loaded before the C library (LD_PRELOAD).
 *
 * OPERATION="class fault place", place counted from 0 within the class; OPERATIONS_LOG is a file that gets, at the end, a line "class
 * count" for each class. In C because it stands in the place of C functions: in Rust that would be unsafe throughout. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum class { OPEN, LOOK, READ, WRITE, MOVE, DESCRIPTOR, SOCKET, RECEIVE, SEND, WATCH, WAIT, THREAD, CLOCK, ENTROPY, CLASSES };
static const char *const names[CLASSES] = { "open", "look", "read", "write", "move", "descriptor", "socket", "receive", "send",
                                            "watch", "wait", "thread", "clock", "entropy" };
enum fault { NONE, FAIL, SHORT, SLOW, INTERRUPTED };
static const char *const faults[] = { "none", "fail", "short", "slow", "interrupted" };

static atomic_int done[CLASSES];
static enum class at_class = CLASSES;
static enum fault at_fault = NONE;
static int at_place = -1;
static const char *log_path;

#define REAL(name)                                                                                                                    \
    ({                                                                                                                                \
        static __typeof__(&name) real;                                                                                                \
        if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name);                                                                 \
        real;                                                                                                                         \
    })

__attribute__((constructor)) static void begin(void) {
    const char *given = getenv("OPERATION");
    char class[16] = "", fault[16] = "";
    log_path = getenv("OPERATIONS_LOG");
    if (!given || sscanf(given, "%15s %15s %d", class, fault, &at_place) != 3) return;
    for (int i = 0; i < CLASSES; i++)
        if (!strcmp(names[i], class)) at_class = i;
    for (int i = FAIL; i <= INTERRUPTED; i++)
        if (!strcmp(faults[i], fault)) at_fault = i;
}

__attribute__((destructor)) static void end(void) {
    int file = log_path ? REAL(open)(log_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
    if (file < 0) return;
    for (int i = 0; i < CLASSES; i++) {
        char line[40];
        int length = snprintf(line, sizeof line, "%s %d\n", names[i], atomic_load(&done[i]));
        if (REAL(write)(file, line, (size_t)length) != length) break;
    }
    close(file);
}

/* Counts an operation, and says what befalls it. What is slow has been slow when this returns. */
static enum fault befalls(enum class class) {
    int place = atomic_fetch_add(&done[class], 1);
    if (class != at_class || place != at_place) return NONE;
    if (at_fault == SLOW) usleep(30000);
    return at_fault;
}

/* What it comes to where it can only fail. */
static int fails(enum class class, int os) {
    switch (befalls(class)) {
    case FAIL: errno = os; return 1;
    case INTERRUPTED: errno = EINTR; return 1;
    default: return 0;
    }
}

/* The same where octets are taken or given: of how many. */
static int lessens(enum class class, int os, size_t *length) {
    switch (befalls(class)) {
    case FAIL: errno = os; return 1;
    case INTERRUPTED: errno = EINTR; return 1;
    case SHORT:
        if (*length > 1) *length = 1;
        return 0;
    default: return 0;
    }
}

static int is_socket(int fd) {
    struct stat status;
    return !REAL(fstat)(fd, &status) && S_ISSOCK(status.st_mode);
}

#define WITH_MODE(flags)                                                                                                              \
    mode_t mode = 0;                                                                                                                  \
    if ((flags) & (O_CREAT | O_TMPFILE)) {                                                                                            \
        va_list rest;                                                                                                                 \
        va_start(rest, flags);                                                                                                        \
        mode = va_arg(rest, mode_t);                                                                                                  \
        va_end(rest);                                                                                                                 \
    }

int open(const char *path, int flags, ...) {
    WITH_MODE(flags)
    return fails(OPEN, EMFILE) ? -1 : REAL(open)(path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    WITH_MODE(flags)
    return fails(OPEN, EMFILE) ? -1 : REAL(open64)(path, flags, mode);
}
DIR *opendir(const char *path) { return fails(OPEN, EMFILE) ? NULL : REAL(opendir)(path); }

int fstat64(int fd, struct stat64 *to) { return fails(LOOK, EIO) ? -1 : REAL(fstat64)(fd, to); }
int stat64(const char *path, struct stat64 *to) { return fails(LOOK, EACCES) ? -1 : REAL(stat64)(path, to); }
int lstat64(const char *path, struct stat64 *to) { return fails(LOOK, EACCES) ? -1 : REAL(lstat64)(path, to); }
int statx(int fd, const char *path, int flags, unsigned mask, struct statx *to) {
    return fails(LOOK, EACCES) ? -1 : REAL(statx)(fd, path, flags, mask, to);
}
char *realpath(const char *path, char *to) { return fails(LOOK, EACCES) ? NULL : REAL(realpath)(path, to); }
ssize_t readlink(const char *path, char *to, size_t length) {
    return fails(LOOK, EACCES) ? -1 : REAL(readlink)(path, to, length);
}
char *getcwd(char *to, size_t length) { return fails(LOOK, EACCES) ? NULL : REAL(getcwd)(to, length); }

ssize_t read(int fd, void *to, size_t length) {
    return lessens(READ, EIO, &length) ? -1 : REAL(read)(fd, to, length);
}
#define MOST 4096
static atomic_char wakes[MOST];

ssize_t write(int fd, const void *from, size_t length) {
    /* What wakes the runtime neither fails nor blocks: eventfd(2). */
    if (fd >= 0 && fd < MOST && atomic_load(&wakes[fd])) return REAL(write)(fd, from, length);
    return lessens(WRITE, ENOSPC, &length) ? -1 : REAL(write)(fd, from, length);
}
ssize_t writev(int fd, const struct iovec *from, int count) {
    enum class class = is_socket(fd) ? SEND : WRITE;
    size_t length = count > 0 ? from[0].iov_len : 0;
    switch (befalls(class)) {
    case FAIL: errno = class == SEND ? ENOBUFS : ENOSPC; return -1;
    case INTERRUPTED: errno = EINTR; return -1;
    case SHORT: return length ? REAL(write)(fd, from[0].iov_base, 1) : REAL(writev)(fd, from, count);
    default: return REAL(writev)(fd, from, count);
    }
}

int rename(const char *from, const char *to) { return fails(MOVE, EACCES) ? -1 : REAL(rename)(from, to); }
int unlink(const char *path) { return fails(MOVE, EACCES) ? -1 : REAL(unlink)(path); }
int fchmod(int fd, mode_t mode) { return fails(MOVE, EPERM) ? -1 : REAL(fchmod)(fd, mode); }

int socket(int domain, int type, int protocol) {
    return fails(DESCRIPTOR, EMFILE) ? -1 : REAL(socket)(domain, type, protocol);
}
int socketpair(int domain, int type, int protocol, int to[2]) {
    return fails(DESCRIPTOR, EMFILE) ? -1 : REAL(socketpair)(domain, type, protocol, to);
}
int epoll_create1(int flags) { return fails(DESCRIPTOR, EMFILE) ? -1 : REAL(epoll_create1)(flags); }
int eventfd(unsigned count, int flags) {
    int fd = fails(DESCRIPTOR, EMFILE) ? -1 : REAL(eventfd)(count, flags);
    if (fd >= 0 && fd < MOST) atomic_store(&wakes[fd], 1);
    return fd;
}
int fcntl(int fd, int what, ...) {
    va_list rest;
    va_start(rest, what);
    long with = va_arg(rest, long);
    va_end(rest);
    if (what == F_DUPFD || what == F_DUPFD_CLOEXEC) {
        if (fails(DESCRIPTOR, EMFILE)) return -1;
        int copy = REAL(fcntl)(fd, what, with);
        if (copy >= 0 && copy < MOST && fd >= 0 && fd < MOST) atomic_store(&wakes[copy], atomic_load(&wakes[fd]));
        return copy;
    }
    return REAL(fcntl)(fd, what, with);
}
int dup(int fd) { return fails(DESCRIPTOR, EMFILE) ? -1 : REAL(dup)(fd); }

int close(int fd) {
    if (fd >= 0 && fd < MOST) atomic_store(&wakes[fd], 0);
    return REAL(close)(fd);
}

int connect(int fd, const struct sockaddr *to, socklen_t length) {
    return fails(SOCKET, EPERM) ? -1 : REAL(connect)(fd, to, length);
}
int getsockname(int fd, struct sockaddr *to, socklen_t *length) {
    return fails(SOCKET, EPERM) ? -1 : REAL(getsockname)(fd, to, length);
}
int getsockopt(int fd, int level, int name, void *to, socklen_t *length) {
    return fails(SOCKET, EPERM) ? -1 : REAL(getsockopt)(fd, level, name, to, length);
}
int setsockopt(int fd, int level, int name, const void *from, socklen_t length) {
    return fails(SOCKET, EPERM) ? -1 : REAL(setsockopt)(fd, level, name, from, length);
}
int shutdown(int fd, int how) { return fails(SOCKET, EPERM) ? -1 : REAL(shutdown)(fd, how); }
ssize_t recv(int fd, void *to, size_t length, int flags) {
    return lessens(RECEIVE, ENOBUFS, &length) ? -1 : REAL(recv)(fd, to, length, flags);
}
ssize_t send(int fd, const void *from, size_t length, int flags) {
    return lessens(SEND, ENOBUFS, &length) ? -1 : REAL(send)(fd, from, length, flags);
}

int epoll_ctl(int fd, int what, int of, struct epoll_event *event) {
    return fails(WATCH, ENOSPC) ? -1 : REAL(epoll_ctl)(fd, what, of, event);
}
/* These two never fail on descriptors that are open: they are interrupted or late. */
int epoll_wait(int fd, struct epoll_event *events, int most, int limit) {
    return fails(WAIT, EINTR) ? -1 : REAL(epoll_wait)(fd, events, most, limit);
}
int poll(struct pollfd *fds, nfds_t count, int limit) { return fails(WAIT, EINTR) ? -1 : REAL(poll)(fds, count, limit); }

int pthread_create(pthread_t *thread, const pthread_attr_t *with, void *(*start)(void *), void *of) {
    return fails(THREAD, EAGAIN) ? EAGAIN : REAL(pthread_create)(thread, with, start, of);
}

/* It never fails, but the time of day jumps (back by an hour, from then on), or a clock stands still for one reading. */
int clock_gettime(clockid_t clock, struct timespec *to) {
    static atomic_int back;
    static _Thread_local struct timespec last[2];
    enum fault fault = befalls(CLOCK);
    if (fault == FAIL) atomic_store(&back, 3600);
    if (fault == SHORT && clock <= CLOCK_MONOTONIC && last[clock].tv_sec) {
        *to = last[clock];
        return 0;
    }
    int result = REAL(clock_gettime)(clock, to);
    if (clock == CLOCK_REALTIME) to->tv_sec -= atomic_load(&back);
    if (clock <= CLOCK_MONOTONIC) last[clock] = *to;
    return result;
}

ssize_t getrandom(void *to, size_t length, unsigned flags) {
    return lessens(ENTROPY, ENOSYS, &length) ? -1 : REAL(getrandom)(to, length, flags);
}
