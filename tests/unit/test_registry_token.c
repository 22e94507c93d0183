#include "config.h"

#include "runner/registry/token.h"
#include "tests/unit/tap.h"

static void gives(const char *text, const char *want, double life)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autofree char *token = NULL;
	double got = 0;
	int rc = slip_token_parse(text, strlen(text), &token, &got, &err);
	is_int(rc, want ? 0 : -1, "%s", text);
	is_str(token, want, "its token");
	if (want)
		ok(got == life, "its life: %g", got);
	else
		ok(!strstr(err.msg, "geheim"), "the error shows no token: %s", err.msg);
}

int main(void)
{
	gives("{\"token\":\"geheim1\",\"expires_in\":300}", "geheim1", 300);
	gives("{\"access_token\":\"geheim1\"}", "geheim1", 60);
	gives("{\"token\":\"geheim1\",\"access_token\":\"other\"}", "geheim1", 60);
	gives("{\"token\":\"geheim1\",\"expires_in\":0}", "geheim1", 60);
	gives("{\"token\":\"geheim1\",\"expires_in\":-5}", "geheim1", 60);
	gives("{\"token\":\"geheim1\",\"expires_in\":1000000000}", "geheim1", 43200);
	gives("{\"token\":\"geheim1\",\"expires_in\":\"x\"}", "geheim1", 60);
	gives("{\"token\":\"geheim\\r\\nX: y\"}", NULL, 0);
	gives("{\"token\":\"geheim zwei\"}", NULL, 0);
	gives("{\"token\":\"\"}", NULL, 0);
	gives("{\"token\":7}", NULL, 0);
	gives("[]", NULL, 0);
	gives("{\"token\":\"geheim", NULL, 0);
	gives("<html>geheim</html>", NULL, 0);
	gives("", NULL, 0);
	return done_testing();
}
