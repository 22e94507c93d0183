#include "config.h"

#include "runner/registry/challenge.h"
#include "tests/unit/tap.h"

struct expected {
	const char *header;
	enum slip_challenge_scheme scheme;
	const char *realm, *service, *scope, *error;
};

static const struct expected cases[] = {
	{"Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\","
	 "scope=\"repository:a/b:pull,push\"",
		SLIP_CHALLENGE_BEARER, "https://auth.docker.io/token", "registry.docker.io",
		"repository:a/b:pull,push", NULL},
	{"Basic realm=\"R\"", SLIP_CHALLENGE_BASIC, "R", NULL, NULL, NULL},
	{"Basic", SLIP_CHALLENGE_BASIC, NULL, NULL, NULL, NULL},
	{"bEaReR ReAlM = https://x/t , SERVICE=s", SLIP_CHALLENGE_BEARER, "https://x/t", "s", NULL,
		NULL},
	{"Basic realm=\"a\", Bearer realm=\"https://x/t\",error=\"insufficient_scope\"",
		SLIP_CHALLENGE_BEARER, "https://x/t", NULL, NULL, "insufficient_scope"},
	{"Bearer realm=\"https://x/t\", Basic realm=\"a\"", SLIP_CHALLENGE_BEARER, "https://x/t",
		NULL, NULL, NULL},
	{"Negotiate\nBasic realm=\"a\"", SLIP_CHALLENGE_BASIC, "a", NULL, NULL, NULL},
	{"Negotiate YIIabc/+==, Basic realm=\"a\"", SLIP_CHALLENGE_BASIC, "a", NULL, NULL, NULL},
	{"Bearer service=\"s\"", SLIP_CHALLENGE_NONE, NULL, NULL, NULL, NULL},
	{"Bearer realm=\"\", Basic", SLIP_CHALLENGE_BASIC, NULL, NULL, NULL, NULL},
	{"Bearer realm=\"a\\\"b, c\"", SLIP_CHALLENGE_BEARER, "a\"b, c", NULL, NULL, NULL},
	{"Bearer realm=\"one\",realm=\"two\"", SLIP_CHALLENGE_BEARER, "one", NULL, NULL, NULL},
	{"realm=\"x\", Basic realm=\"y\"", SLIP_CHALLENGE_BASIC, "y", NULL, NULL, NULL},
	{"\"Bearer realm=x\", Basic", SLIP_CHALLENGE_BASIC, NULL, NULL, NULL, NULL},
	{"Bearer realm=\"open", SLIP_CHALLENGE_BEARER, "open", NULL, NULL, NULL},
	{"", SLIP_CHALLENGE_NONE, NULL, NULL, NULL, NULL},
	{",,;;==\x80\xff", SLIP_CHALLENGE_NONE, NULL, NULL, NULL, NULL},
};

int main(void)
{
	for (size_t i = 0; i < SLIP_ARRAY_LEN(cases); i++) {
		const struct expected *want = &cases[i];
		slip_autochallenges all = {0};
		slip_challenges_parse(want->header, &all);
		const struct slip_challenge *got = slip_challenges_best(&all);
		is_int(got ? got->scheme : SLIP_CHALLENGE_NONE, want->scheme, "scheme %zu", i);
		if (!got)
			continue;
		is_str(got->realm, want->realm, "realm %zu", i);
		is_str(got->service, want->service, "service %zu", i);
		is_str(got->scope, want->scope, "scope %zu", i);
		is_str(got->error, want->error, "error %zu", i);
	}
	slip_autochallenges many = {0};
	slip_challenges_parse("a b c d e f g h i j k l m n o p q r s t Basic", &many);
	is_int(many.n, SLIP_MAX_CHALLENGES, "the number of challenges is bounded");
	return done_testing();
}
