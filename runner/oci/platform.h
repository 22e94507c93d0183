/*
 * Platforms: operating system, processor architecture, variant.
 *
 * Names, aliases and the rules which platform can run which follow containerd's platforms package
 * (what Docker and BuildKit use). A platform is a plain value: copy it by assignment. A part that
 * is not known is "".
 */
#ifndef SLIP_OCI_PLATFORM_H
#define SLIP_OCI_PLATFORM_H

#include "runner/base/err.h"

#define SLIP_PLATFORM_PART 64 /* bytes of one part with its NUL; longer ones are refused */

struct slip_platform {
	char os[SLIP_PLATFORM_PART];
	char arch[SLIP_PLATFORM_PART];
	char variant[SLIP_PLATFORM_PART];
	char os_version[SLIP_PLATFORM_PART];
	bool has_features; /* wants os.features, which no host of ours offers: matches nothing */
};

/*
 * Fill the parts (NULL: "") from an image or index; as written, not normalised. SLIP_E_REGISTRY
 * when a part is too long or has bytes other than [A-Za-z0-9_.-] (os_version: printable ASCII).
 */
int slip_platform_set(struct slip_platform *p, const char *os, const char *arch,
	const char *variant, const char *os_version, struct slip_err *err) SLIP_MUST_CHECK;
/* The one spelling of a platform: linux/x86_64 -> linux/amd64, linux/armhf -> linux/arm/v7, ... */
void slip_platform_normalise(struct slip_platform *p);
/*
 * "os[(version)]/arch[/variant]", or one word that is an operating system or an architecture, the
 * other then being taken from `dflt` (NULL: the host). The result is normalised. SLIP_E_USAGE.
 */
int slip_platform_parse(const char *s, const struct slip_platform *dflt, struct slip_platform *out,
	struct slip_err *err) SLIP_MUST_CHECK;
/* "linux/arm/v7", or "unknown" for an empty one; the text is the caller's. */
char *slip_platform_print(const struct slip_platform *p);

/* The platform this program was compiled for. */
void slip_platform_host(struct slip_platform *out);
/* Equal after normalisation; os_version and features are not looked at. */
bool slip_platform_equal(const struct slip_platform *a, const struct slip_platform *b);

/*
 * What can run where `want` is asked for, best first, `want` itself (normalised) in front:
 * amd64/v3 -> amd64/v3 amd64/v2 amd64 386. Returns the number of entries filled, at least 1.
 */
#define SLIP_PLATFORM_MAX_ACCEPTABLE 32
size_t slip_platform_acceptable(
	const struct slip_platform *want, struct slip_platform out[SLIP_PLATFORM_MAX_ACCEPTABLE]);
/*
 * The place of `have` in the acceptable list of `want`: 0 is exact, higher is worse, -1 is not
 * acceptable. An os_version in `want` must be met exactly.
 */
int slip_platform_rank(const struct slip_platform *want, const struct slip_platform *have);

#endif
