#include "config.h"

#include "steps/deploy/pin.h"

#include "runner/base/log.h"
#include "runner/oci/ref.h"

/* Opened when the first reference without a digest comes. */
struct asker {
	const struct slip_registry_flags *flags;
	struct slip_http *http;
	struct slip_registry *registry;
};

static int ask(struct asker *a, struct slip_ref *ref, struct slip_err *err)
{
	struct slip_manifest_bytes manifest = {0};
	if (!a->registry && slip_registries_open(a->flags, &a->http, &a->registry, err) < 0)
		return -1;
	if (slip_registry_get_manifest(a->registry, ref, &manifest, err) < 0)
		return -1;
	slip_ref_set_digest(ref, &manifest.digest);
	slip_manifest_bytes_release(&manifest);
	return 0;
}

static char *print_pinned(const struct slip_ref *ref)
{
	slip_autofree char *repo = slip_ref_print_repo(ref);
	return slip_xasprintf("%s@%s", repo, ref->digest.s);
}

static int pin(struct asker *a, const char *name, const char *text, bool may_be_unknown, char **out,
	struct slip_err *err)
{
	slip_autoref ref = {0};
	struct slip_err why = SLIP_ERR_INIT;
	if (slip_ref_parse(text, SLIP_REF_TAG_DEFAULT, &ref, err) < 0) {
		if (err)
			err->code = SLIP_E_SPEC;
		return slip_err_wrap(err, "images: %s", name);
	}
	if (slip_digest_is_set(&ref.digest) || ask(a, &ref, &why) == 0) {
		*out = print_pinned(&ref);
		return 0;
	}
	if (may_be_unknown && !slip_err_is(&why, SLIP_E_CANCELLED)) {
		slip_info("the digest of %s is not known yet: %s", text, why.msg);
		*out = slip_ref_print(&ref);
		return 0;
	}
	slip_err_copy(err, &why);
	return slip_err_wrap(err, "images: %s has no digest, and it cannot be asked for", text);
}

int slip_pins_make(struct slip_pins *p, const struct slip_json *images,
	const struct slip_registry_flags *registries, bool may_be_unknown, struct slip_err *err)
{
	struct asker a = {.flags = registries};
	int rc = 0;
	*p = (struct slip_pins){0};
	p->images = slip_xcalloc(slip_json_len(images) + 1, sizeof(*p->images));
	for (const char *name = NULL; rc == 0 && (name = slip_json_next_key(images, name));) {
		char *ref = NULL;
		rc = pin(&a, name, slip_json_get_str(images, name, ""), may_be_unknown, &ref, err);
		if (rc == 0)
			p->images[p->n++] = (struct slip_kube_image){.name = name, .ref = ref};
	}
	slip_registry_free(a.registry);
	slip_http_free(a.http);
	return rc;
}

void slip_pins_release(struct slip_pins *p)
{
	for (size_t i = 0; i < p->n; i++)
		free((char *)p->images[i].ref);
	free(p->images);
	*p = (struct slip_pins){0};
}

int slip_pins_check(const struct slip_pins *p, const struct slip_strv *refs, struct slip_err *err)
{
	for (size_t i = 0; i < p->n; i++) {
		if (p->images[i].uses)
			continue;
		slip_autofree char *list = slip_strv_join(refs, ", ");
		return slip_err_set(err, SLIP_E_SPEC, 0,
			"images: no container has the image \"%s\"; there are: %s",
			p->images[i].name, refs->n ? list : "none");
	}
	return 0;
}
