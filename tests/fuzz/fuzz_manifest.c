/*
 * Manifest, index, configuration, layout and archive texts: whatever parses prints as something
 * that parses and prints the same. No text is two of them at once.
 */
#include "config.h"

#include "runner/oci/archive.h"
#include "runner/oci/image.h"
#include "runner/oci/layout_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_equal(const char *a, const char *b)
{
	if (!slip_streq(a, b))
		slip_bug("prints differ:\n%s\n%s", a, b);
}

static bool check_manifest(const char *text, size_t len)
{
	slip_automanifest m = {0}, again = {0};

	if (slip_manifest_parse(text, len, NULL, &m, NULL) < 0)
		return false;
	slip_autofree char *first = slip_manifest_print(&m, NULL);
	if (slip_manifest_parse(first, strlen(first), slip_manifest_media_type(&m), &again, NULL) <
		0)
		slip_bug("does not parse again: %s", first);
	slip_autofree char *second = slip_manifest_print(&again, NULL);
	must_equal(first, second);
	if (slip_manifest_convert(&again, SLIP_MEDIA_DOCKER, NULL) == 0 &&
		slip_manifest_check_image(&again, NULL) < 0)
		slip_bug("no image after its conversion");
	return true;
}

static bool check_index(const char *text, size_t len)
{
	static const struct slip_platform amd64 = {.os = "linux", .arch = "amd64"};
	slip_autoindex index = {0}, again = {0};
	const struct slip_descriptor *d;

	if (slip_index_parse(text, len, NULL, &index, NULL) < 0)
		return false;
	slip_autofree char *first = slip_index_print(&index, NULL);
	if (slip_index_parse(first, strlen(first), slip_index_media_type(&index), &again, NULL) < 0)
		slip_bug("does not parse again: %s", first);
	slip_autofree char *second = slip_index_print(&again, NULL);
	must_equal(first, second);
	if (slip_index_choose(&index, &amd64, &d, NULL) == 0 && slip_index_is_attestation(d))
		slip_bug("an attestation was chosen");
	if (slip_layout_text_find(&index, NULL, &d, NULL) == 0 && index.n_manifests == 0)
		slip_bug("an image in an empty layout");
	return true;
}

static void check_image(const char *text, size_t len)
{
	slip_autoimage img = {0}, again = {0}, copy = {0};

	if (slip_image_parse(text, len, &img, NULL) < 0)
		return;
	slip_autofree char *first = slip_image_print(&img, NULL);
	if (slip_image_parse(first, strlen(first), &again, NULL) < 0)
		slip_bug("does not parse again: %s", first);
	slip_autofree char *second = slip_image_print(&again, NULL);
	must_equal(first, second);
	slip_image_copy(&copy, &img);
	slip_image_env_set(&copy, "PATH", "/bin");
	if (!slip_streq(slip_image_env_get(&copy, "PATH"), "/bin"))
		slip_bug("PATH was not set");
	slip_autofree char *third = slip_image_print(&img, NULL);
	must_equal(first, third);
}

static void check_layout(const char *text, size_t len)
{
	slip_autodescriptor d;
	slip_autofree char *out = NULL;

	slip_descriptor_init(&d);
	slip_descriptor_set(&d, SLIP_MEDIA_OCI_MANIFEST, &(struct slip_digest){.s = "x"}, 1);
	if (slip_layout_text_put(text, len, &d, "name", &out, NULL) == 0 &&
		!strstr(out, "\"name\""))
		slip_bug("the entry is missing: %s", out);
	if (slip_layout_text_check(text, len, NULL) == 0 && !memmem(text, len, "1.", 2))
		slip_bug("a layout without a version");
}

static void check_archive(const char *text, size_t len)
{
	slip_autoarchive archive = {0}, again = {0};

	if (slip_archive_parse(text, len, &archive, NULL) < 0)
		return;
	slip_autofree char *first = slip_archive_print(&archive);
	if (slip_archive_parse(first, strlen(first), &again, NULL) < 0)
		slip_bug("does not parse again: %s", first);
	slip_autofree char *second = slip_archive_print(&again);
	must_equal(first, second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	slip_autofree char *text = slip_xmemdup(data, size);

	if (check_manifest(text, size) && check_index(text, size))
		slip_bug("both a manifest and an index");
	check_index(text, size);
	check_image(text, size);
	check_layout(text, size);
	check_archive(text, size);
	return 0;
}
