/*
 * A Kubernetes manifest with one image to put in. What comes out holds the same objects, no image
 * to replace, and does not change when it is read again.
 */
#include "config.h"

#include "runner/base/limits.h"
#include "steps/deploy/manifest.h"

#define REF "r.example/t@sha256:01"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int add(struct slip_kube_manifest *m, const char *text, size_t len, size_t *uses)
{
	struct slip_kube_image image = {.name = "app", .ref = REF};
	const struct slip_kube_manifest_edits edits = {&image, 1, NULL};
	struct slip_err err = SLIP_ERR_INIT;
	slip_kube_manifest_init(m, 64 * SLIP_MIB);
	int rc = slip_kube_manifest_add(m, "m.yaml", text, len, &edits, &err);
	*uses = image.uses;
	return rc;
}

static void check_again(const struct slip_kube_manifest *m)
{
	struct slip_kube_manifest again;
	size_t uses;
	if (add(&again, m->text.data, m->text.len, &uses) < 0)
		slip_bug("what was written cannot be read");
	if (uses)
		slip_bug("an image is still there");
	if (again.text.len != m->text.len ||
		memcmp(again.text.data, m->text.data, m->text.len) != 0)
		slip_bug("a second time something changes");
	if (again.objects.n != m->objects.n || again.refs.n != m->refs.n)
		slip_bug("objects or images differ");
	slip_kube_manifest_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slip_kube_manifest m;
	size_t uses;
	if (add(&m, (const char *)data, size, &uses) == 0) {
		if (uses == 0 && m.text.len + 3 < size)
			slip_bug("something is missing");
		check_again(&m);
	}
	slip_kube_manifest_release(&m);
	return 0;
}
