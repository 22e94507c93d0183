#include "config.h"
#include "tests/unit/tap.h"
int main(void)
{
	return done_testing();
}
