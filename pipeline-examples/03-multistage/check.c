#include "answer.h"

#include <string.h>

int main(void)
{
	char reply[256];
	int n = answer(reply, sizeof(reply));
	return n > 0 && (size_t)n == strlen(reply) && strstr(reply, VERSION) ? 0 : 1;
}
