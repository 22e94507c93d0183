/* Answers every request with one line: a service small enough to read, and without a base image. */
#include "answer.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int listen_on(unsigned short port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
		bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 16) < 0)
		return -1;
	return fd;
}

int main(void)
{
	const char *port = getenv("PORT");
	int fd = listen_on((unsigned short)(port ? strtoul(port, NULL, 10) : 8080));
	if (fd < 0) {
		perror("server");
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);
	for (;;) {
		char request[4096], reply[256];
		int client = accept(fd, NULL, NULL);
		if (client < 0)
			continue;
		if (read(client, request, sizeof(request)) > 0) {
			int n = answer(reply, sizeof(reply));
			(void)!write(client, reply, (size_t)n);
		}
		close(client);
	}
}
