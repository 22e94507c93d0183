#include "config.h"

#include "steps/push/push.h"
#include "steps/push/source.h"
#include "tests/unit/tap.h"

static void is_name(
	const char *text, enum slip_push_source_kind kind, const char *path, const char *image)
{
	struct slip_push_name n = {0};
	struct slip_err err = SLIP_ERR_INIT;
	if (!ok(slip_push_name_parse(text, &n, &err) == 0, "%s", text)) {
		diag("%s", err.msg);
		return;
	}
	is_int(n.kind, kind, "its kind");
	is_str(n.path, path, "its path");
	is_str(n.image ? n.image : "(none)", image ? image : "(none)", "its image");
	slip_push_name_release(&n);
}

static void is_refused(const char *text)
{
	struct slip_push_name n = {0};
	struct slip_err err = SLIP_ERR_INIT;
	ok(slip_push_name_parse(text, &n, &err) < 0 && slip_err_is(&err, SLIP_E_USAGE),
		"refused: \"%s\"", text);
}

static void test_names(void)
{
	is_name("oci:out/image", SLIP_PUSH_LAYOUT, "out/image", NULL);
	is_name("oci:out/image:1.0", SLIP_PUSH_LAYOUT, "out/image", "1.0");
	is_name("docker-archive:a.tar:team/app:2", SLIP_PUSH_ARCHIVE, "a.tar", "team/app:2");
	is_name("/no/such/image.tar", SLIP_PUSH_ARCHIVE, "/no/such/image.tar", NULL);
	is_name("image.tgz", SLIP_PUSH_ARCHIVE, "image.tgz", NULL);
	is_name("localhost:5000/team/app:1", SLIP_PUSH_REGISTRY, "localhost:5000/team/app:1", NULL);
	is_name("docker://alpine", SLIP_PUSH_REGISTRY, "alpine", NULL);
	is_refused("");
	is_refused("oci:");
	is_refused("oci:dir:");
	is_refused("docker://");
	is_refused("./no-such-thing");
}

static void test_usage(void)
{
	struct slip_push_request r;
	struct slip_digest digest;
	struct slip_err err = SLIP_ERR_INIT;
	slip_push_request_init(&r);
	ok(slip_push_run(&r, &digest, &err) < 0 && slip_err_is(&err, SLIP_E_USAGE),
		"a source and a destination are needed");
	slip_err_clear(&err);
	r.source = slip_xstrdup("alpine");
	slip_strv_add(&r.destinations, "Not/A Reference");
	ok(slip_push_run(&r, &digest, &err) < 0 && slip_err_is(&err, SLIP_E_USAGE),
		"a destination that is no reference");
	slip_push_request_release(&r);
}

int main(void)
{
	test_names();
	test_usage();
	return done_testing();
}
