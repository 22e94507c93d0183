#include <stdio.h>

int main(void)
{
	puts("Hello from an image that was built without a daemon.");
	return 0;
}
