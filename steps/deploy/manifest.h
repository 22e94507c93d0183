/*
 * Kubernetes manifests as text: what they describe, and edits that leave all else as it is.
 *
 * A manifest is a stream of YAML documents (runner/spec/yaml.h; JSON is YAML too). Only the bytes
 * of an image's scalar are replaced, so comments, order, quotes and line ends stay. Errors are
 * SLIP_E_SPEC and start with file:line:col. No I/O.
 */
#ifndef SLIP_DEPLOY_MANIFEST_H
#define SLIP_DEPLOY_MANIFEST_H

#include "runner/base/strv.h"
#include "runner/spec/yaml.h"

struct slip_kube_object {
	char *group; /* "apps"; "" for the core group */
	char *kind; /* "Deployment" */
	char *name;
	char *space; /* its namespace; NULL when it names none */
	char *selector; /* of its pods, as kubectl's --selector takes it; NULL when it has none */
	bool is_manual; /* its pods are replaced by hand only (OnDelete): there is no rollout */
};

struct slip_kube_objects {
	struct slip_kube_object *v;
	size_t n;
	size_t cap;
};

/* Replaces `name`, with any tag or digest, by `ref` wherever a container's image is so called. */
struct slip_kube_image {
	const char *name; /* as in the manifest: "nginx" is not "docker.io/library/nginx" */
	const char *ref;
	size_t uses;
};

struct slip_kube_replacement {
	const char *text; /* not empty */
	const char *value;
	size_t uses;
};

struct slip_kube_manifest_edits {
	struct slip_kube_image *images;
	size_t n_images;
	const char *space; /* the only namespace that objects may name; NULL: any */
};

/*
 * Append text to out with every occurrence of a replacement's text replaced, the longest one where
 * several start; what was put in is not looked at again.
 */
void slip_kube_manifest_replace(const char *text, size_t len, struct slip_kube_replacement *r,
	size_t n, struct slip_buf *out);
/* What several manifests come to, one after the other. */
struct slip_kube_manifest {
	struct slip_buf text; /* edited */
	struct slip_kube_objects objects;
	struct slip_strv refs; /* images of the containers, after the edit, each once */
};

void slip_kube_manifest_init(struct slip_kube_manifest *m, size_t max);
void slip_kube_manifest_release(struct slip_kube_manifest *m);
/*
 * Add a text, its images edited. An image that is an anchor (&) changes what its aliases mean, too;
 * definitions of custom resources are not looked into.
 */
int slip_kube_manifest_add(struct slip_kube_manifest *m, const char *file, const char *text,
	size_t len, const struct slip_kube_manifest_edits *edits,
	struct slip_err *err) SLIP_MUST_CHECK;

#endif
