/* SPDX-License-Identifier: Apache-2.0 */
/* What the benchmarks count (tools/bench/guests.py), between marks that tools/bench/count.c sees.
 *   measure mark                    one mark
 *   measure send ADDRESS PORT MIB   a stream by TCP; the other side is "tcp listen PORT"
 *   measure read DEVICE COUNT       blocks of 4 KiB of a disk, one after another, at random places */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BLOCK 4096

static char buffer[1 << 16] __attribute__((aligned(BLOCK)));

static void mark(void)
{
    __asm__ volatile("nopl 0x5a544d4b(%%rax)" : : : "memory");
}

static int fail(const char *what)
{
    perror(what);
    return 1;
}

static int send_stream(const char *address, int port, size_t mib)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
    int s = socket(AF_INET, SOCK_STREAM, 0);
    size_t left = mib << 20;
    ssize_t n;

    if (!inet_aton(address, &to.sin_addr) || connect(s, (struct sockaddr *)&to, sizeof to))
        return fail("measure: connect");
    mark();
    for (; left; left -= n)
        if ((n = write(s, buffer, left < sizeof buffer ? left : sizeof buffer)) <= 0)
            return fail("measure: write");
    if (shutdown(s, SHUT_WR) || read(s, buffer, 1))
        return fail("measure: end");
    mark();
    return 0;
}

static int read_blocks(const char *device, long count)
{
    int f = open(device, O_RDONLY | O_DIRECT);
    off_t blocks = lseek(f, 0, SEEK_END) / BLOCK;
    uint32_t random = 1;

    if (blocks <= 0)
        return fail("measure: open");
    mark();
    while (count--) {
        random = random * 1103515245 + 12345;
        if (pread(f, buffer, BLOCK, (random >> 8) % blocks * BLOCK) != BLOCK)
            return fail("measure: read");
    }
    mark();
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 5 && !strcmp(argv[1], "send"))
        return send_stream(argv[2], atoi(argv[3]), atoi(argv[4]));
    if (argc == 4 && !strcmp(argv[1], "read"))
        return read_blocks(argv[2], atol(argv[3]));
    if (argc != 2 || strcmp(argv[1], "mark"))
        return 2;
    mark();
    return 0;
}
