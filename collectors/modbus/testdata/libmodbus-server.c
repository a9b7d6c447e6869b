/* Serves a register map with libmodbus on a free loopback port, which it
 * prints, until its standard input ends; with the argument "whole" all tables
 * with zeros; or as unit 1 on the serial line that its argument names. */
#include <errno.h>
#include <modbus.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS = 16 };

static uint32_t bits_of(float f)
{
    uint32_t u;
    memcpy(&u, &f, sizeof u);
    return u;
}

static int serve_line(modbus_t *ctx, modbus_mapping_t *map)
{
    modbus_set_slave(ctx, 1);
    if (modbus_connect(ctx) < 0) {
        fprintf(stderr, "open line: %s\n", modbus_strerror(errno));
        return 1;
    }
    printf("ready\n");
    fflush(stdout);
    for (;;) {
        uint8_t query[MODBUS_RTU_MAX_ADU_LENGTH];
        int got = modbus_receive(ctx, query);
        if (got > 0)
            modbus_reply(ctx, query, got, map);
        else if (got < 0 && errno == EIO)
            return 0; /* the other end is gone */
    }
}

static int serve_tcp(modbus_t *ctx, modbus_mapping_t *map)
{
    int listener = modbus_tcp_listen(ctx, CLIENTS);
    struct sockaddr_in self;
    socklen_t size = sizeof self;
    if (listener < 0 || getsockname(listener, (struct sockaddr *)&self, &size) < 0) {
        fprintf(stderr, "listen: %s\n", modbus_strerror(errno));
        return 1;
    }
    printf("%d\n", ntohs(self.sin_port));
    fflush(stdout);

    struct pollfd fds[CLIENTS + 2] = {{.fd = 0, .events = POLLIN}, {.fd = listener, .events = POLLIN}};
    nfds_t n = 2;
    for (;;) {
        if (poll(fds, n, -1) < 0)
            return 1;
        if (fds[0].revents)
            return 0;
        if (fds[1].revents && n < CLIENTS + 2) {
            int fd = accept(listener, NULL, NULL);
            if (fd >= 0)
                fds[n++] = (struct pollfd){.fd = fd, .events = POLLIN};
        }
        for (nfds_t i = 2; i < n; i++) {
            if (!fds[i].revents)
                continue;
            uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
            modbus_set_socket(ctx, fds[i].fd);
            int got = modbus_receive(ctx, query);
            if (got > 0) {
                modbus_reply(ctx, query, got, map);
            } else if (got < 0) {
                close(fds[i].fd);
                fds[i--] = fds[--n];
            }
        }
    }
}

int main(int argc, char **argv)
{
    int whole = argc > 1 && strcmp(argv[1], "whole") == 0;
    modbus_t *ctx = argc > 1 && !whole ? modbus_new_rtu(argv[1], 19200, 'E', 8, 1) : modbus_new_tcp("127.0.0.1", 0);
    /* Bits 100.., input bits 200.., holding 300.., input registers 400.. */
    modbus_mapping_t *map = whole ? modbus_mapping_new(65536, 65536, 65536, 65536)
                                  : modbus_mapping_new_start_address(100, 40, 200, 40, 300, 200, 400, 200);
    if (ctx == NULL || map == NULL) {
        fprintf(stderr, "set up: %s\n", modbus_strerror(errno));
        return 1;
    }
    for (int i = 0; i < 40 && !whole; i++) {
        map->tab_bits[i] = i % 3 == 0;
        map->tab_input_bits[i] = i % 5 == 0;
    }
    for (int i = 0; i < 200 && !whole; i++) {
        map->tab_registers[i] = 1000 + i;
        map->tab_input_registers[i] = 2000 + i;
    }
    if (whole)
        return serve_tcp(ctx, map);
    uint32_t volts = bits_of(230.5f), hertz = bits_of(49.98f);
    map->tab_registers[100] = volts >> 16; /* high word first */
    map->tab_registers[101] = volts & 0xffff;
    map->tab_registers[102] = hertz & 0xffff; /* low word first */
    map->tab_registers[103] = hertz >> 16;
    MODBUS_SET_INT32_TO_INT16(map->tab_registers, 104, -123456);

    return argc > 1 ? serve_line(ctx, map) : serve_tcp(ctx, map);
}
