/* Preloaded into a redis-server, so that its calendar is moved by hand: the tests write microseconds since 1970
 * into the file that HAND_TIME_FILE names. Steady clocks, by which the server schedules itself, go on as ever. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

static volatile const int64_t *hand;

__attribute__((constructor)) static void look_at_hand(void) {
    const char *path = getenv("HAND_TIME_FILE");
    int file = path ? open(path, O_RDONLY) : -1;
    if (file < 0) _exit(111);
    void *mapped = mmap(NULL, sizeof(*hand), PROT_READ, MAP_SHARED, file, 0);
    if (mapped == MAP_FAILED) _exit(112);
    hand = mapped;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    (void)zone;
    int64_t now = *hand;
    time->tv_sec = now / 1000000;
    time->tv_usec = now % 1000000;
    return 0;
}
