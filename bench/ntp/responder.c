/*
 * The least NTP server: stamps T2 at once, T3 last, and adds next to nothing to the width that a client sees.
 * Prints its address. The argument is a dwell in microseconds between T2 and T3, which no width contains.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void stamp(unsigned char *at) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  uint32_t seconds = htonl((uint32_t)(now.tv_sec + 2208988800u));
  uint32_t fraction = htonl((uint32_t)(((uint64_t)now.tv_nsec << 32) / 1000000000u));
  memcpy(at, &seconds, 4);
  memcpy(at + 4, &fraction, 4);
}

int main(int count, char **arguments) {
  useconds_t dwell = count > 1 ? (useconds_t)atoi(arguments[1]) : 0;
  int server = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
  socklen_t length = sizeof address;
  if (server < 0 || bind(server, (struct sockaddr *)&address, sizeof address) != 0) return 1;
  getsockname(server, (struct sockaddr *)&address, &length);
  printf("127.0.0.1:%d\n", ntohs(address.sin_port));
  fflush(stdout);
  for (;;) {
    unsigned char request[1024], reply[48] = {0x24, 3, 6, 0xec};
    struct sockaddr_in client;
    length = sizeof client;
    if (recvfrom(server, request, sizeof request, 0, (struct sockaddr *)&client, &length) < 48) continue;
    stamp(reply + 32);
    memcpy(reply + 16, reply + 32, 8);
    memcpy(reply + 24, request + 40, 8);
    if (dwell > 0) usleep(dwell);
    stamp(reply + 40);
    sendto(server, reply, sizeof reply, 0, (struct sockaddr *)&client, length);
  }
}
