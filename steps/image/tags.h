/*
 * Which tags an image gets: the `tags` and `flavor` of a `build:` stage, upon the facts of the CI.
 *
 * Types, defaults and priorities are those of github.com/docker/metadata-action, so that its users
 * find what they know:
 *
 *	type      priority  applies to            gives
 *	schedule  1000      scheduled pipelines   its pattern, "nightly"
 *	semver    900       tags                  its pattern of the version; of a pre-release all
 *of it edge      700       the default branch    "edge" ref       600       event: branch, tag, the
 *name; "pr-<number>" of a change pr raw       200       always                its value sha 100
 *always                "sha-<7 digits>"
 *
 * The rule of highest priority that applies gives the image's version, and decides whether it is
 * "latest" where the flavor leaves that to it: a release and a git tag are, nothing else is.
 * Patterns hold {{version}} {{major}} {{minor}} {{patch}} {{raw}} (semver), and everywhere
 * {{branch}} {{tag}} {{sha}} {{base_ref}} {{is_default_branch}}, {{date 'FORMAT'}} and
 * {{commit_date 'FORMAT'}} with YYYY MM DD HH mm ss, in UTC. Pure: no clock, no environment.
 */
#ifndef SLIP_IMAGE_TAGS_H
#define SLIP_IMAGE_TAGS_H

#include "runner/base/json.h"
#include "runner/spec/spec.h"

struct slip_tags_input {
	const struct slip_build_spec *build; /* resolved */
	const struct slip_json *ci; /* facts, as of engine/ci.h */
	int64_t now; /* seconds since the epoch */
};

/* The tags, best first; none when no rule applies. Errors are SLIP_E_SPEC and name the rule. */
int slip_tags_make(const struct slip_tags_input *in, struct slip_strv *tags,
	struct slip_err *err) SLIP_MUST_CHECK;
/*
 * Every reference to push to: destinations that have a tag or a digest as they are, each other one
 * with each of the tags. Without rules all stay as they are. SLIP_E_SPEC when there are rules, a
 * destination needs them, and none applies.
 */
int slip_tags_destinations(const struct slip_tags_input *in, const struct slip_strv *tags,
	struct slip_strv *out, struct slip_err *err) SLIP_MUST_CHECK;
/*
 * Labels of github.com/opencontainers/image-spec annotations.md that the facts give, NAME=VALUE:
 * title, description, url, source, version, revision, created (the time given).
 */
void slip_tags_labels(const struct slip_tags_input *in, const struct slip_strv *tags,
	int64_t created, struct slip_strv *out);

#endif
