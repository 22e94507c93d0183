/*
 * The manifests of a deploy stage: which files a list of words means, and their text.
 *
 * A word is a file, a glob (* ? [a-z], none of them across /), or a directory, which stands for its
 * *.yaml, *.yml and *.json. Files come in the order of the words, those of one word by name. Words
 * that mean no file are errors.
 */
#ifndef SLIP_DEPLOY_SOURCES_H
#define SLIP_DEPLOY_SOURCES_H

#include "runner/base/buf.h"
#include "runner/base/strv.h"

struct slip_kube_source {
	char *name; /* for people */
	char *text; /* followed by a NUL that is not counted */
	size_t len;
};

struct slip_kube_sources {
	struct slip_kube_source *v;
	size_t n;
	size_t cap;
	size_t bytes; /* of all; at most SLIP_MAX_MANIFESTS */
};

void slip_kube_sources_release(struct slip_kube_sources *s);
/* Takes text over, also on failure. */
int slip_kube_sources_add(struct slip_kube_sources *s, const char *name, char *text, size_t len,
	struct slip_err *err) SLIP_MUST_CHECK;
int slip_kube_sources_read(struct slip_kube_sources *s, const struct slip_strv *words,
	struct slip_err *err) SLIP_MUST_CHECK;

#endif
