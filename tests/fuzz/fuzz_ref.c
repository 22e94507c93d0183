/*
 * References: what parses prints in full and in short as something that parses to the same, and
 * holds no byte that means something else in an URL.
 */
#include "config.h"

#include "runner/base/limits.h"
#include "runner/oci/ref.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_mean(const char *text, const char *full)
{
	slip_autoref ref = {0};

	if (slip_ref_parse(text, SLIP_REF_TAG_AS_GIVEN, &ref, NULL) < 0)
		slip_bug("\"%s\" does not parse again", text);
	slip_autofree char *again = slip_ref_print(&ref);
	if (!slip_streq(again, full))
		slip_bug("\"%s\" is \"%s\", not \"%s\"", text, again, full);
}

static void check_ref(const struct slip_ref *ref)
{
	slip_autofree char *full = slip_ref_print(ref), *familiar = slip_ref_print_familiar(ref);

	must_mean(full, full);
	must_mean(familiar, full);
	if (strpbrk(full, "?#%\\ \r\n\t\"<>"))
		slip_bug("\"%s\" is not safe in an URL", full);
	if (strstr(ref->path, "..") || strlen(ref->path) > SLIP_MAX_REPOSITORY)
		slip_bug("path \"%s\"", ref->path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autofree char *text = slip_xmemdup(data, size);
	slip_autoref ref = {0}, repo = {0};

	if (slip_ref_parse(text, SLIP_REF_TAG_AS_GIVEN, &ref, &err) == 0)
		check_ref(&ref);
	else if (err.code != SLIP_E_USAGE || !err.msg[0])
		slip_bug("an error without a reason");
	if (slip_ref_parse_repo(text, &repo, NULL) == 0 && repo.tag)
		slip_bug("a repository with a tag");
	return 0;
}
