#include "config.h"

#include "runner/base/err.h"

int main(void)
{
	return 0;
}
