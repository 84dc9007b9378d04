/* SPDX-License-Identifier: Apache-2.0 */
/* One stream by TCP: tcp listen PORT > OUT takes one; tcp connect ADDRESS PORT < IN gives one, and ends
 * when the other side has read it all. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TRIES 600 /* of a tenth of a second, until somebody listens */

static char buffer[1 << 16];

static int fail(const char *what)
{
    perror(what);
    return 1;
}

/* All that one side gives to the other; -1 on error. */
static int copy(int from, int to)
{
    ssize_t n, done, m;

    while ((n = read(from, buffer, sizeof buffer)) > 0)
        for (done = 0; done < n; done += m)
            if ((m = write(to, buffer + done, n - done)) <= 0)
                return -1;
    return n < 0 ? -1 : 0;
}

static int take(struct sockaddr_in *address)
{
    int s = socket(AF_INET, SOCK_STREAM, 0), one = 1, stream;

    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(s, (struct sockaddr *)address, sizeof *address) || listen(s, 1))
        return fail("tcp: listen");
    stream = accept(s, NULL, NULL);
    if (stream < 0 || copy(stream, 1))
        return fail("tcp: read");
    close(stream);
    return 0;
}

static int give(struct sockaddr_in *address)
{
    int s = -1, tries = TRIES;

    while (tries-- > 0) {
        s = socket(AF_INET, SOCK_STREAM, 0);
        if (!connect(s, (struct sockaddr *)address, sizeof *address))
            break;
        close(s);
        usleep(100000);
    }
    if (tries < 0)
        return fail("tcp: connect");
    if (copy(0, s) || shutdown(s, SHUT_WR))
        return fail("tcp: write");
    return read(s, buffer, 1) == 0 ? 0 : fail("tcp: end");
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = { .sin_family = AF_INET };

    if (argc == 3 && !strcmp(argv[1], "listen")) {
        address.sin_port = htons(atoi(argv[2]));
        return take(&address);
    }
    if (argc != 4 || strcmp(argv[1], "connect") || !inet_aton(argv[2], &address.sin_addr)) {
        fprintf(stderr, "usage: tcp listen PORT | tcp connect ADDRESS PORT\n");
        return 2;
    }
    address.sin_port = htons(atoi(argv[3]));
    return give(&address);
}
