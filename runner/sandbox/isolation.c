#include "config.h"

#include "runner/sandbox/isolation.h"

#include "runner/base/buf.h"
#include "runner/base/strv.h"
#include "runner/sandbox/sandbox_internal.h"

#include <errno.h>

static const char *const mode_names[] = {
	[SLIP_ISOLATION_AUTO] = "auto",
	[SLIP_ISOLATION_NAMESPACES] = "namespaces",
	[SLIP_ISOLATION_CHROOT] = "chroot",
	[SLIP_ISOLATION_IN_PLACE] = "in-place",
	[SLIP_ISOLATION_NONE] = "none",
};

/* Best first: the order in which AUTO tries. */
static const struct slip_backend *const backends[] = {
	&slip_backend_namespaces,
	&slip_backend_none,
};

/* Mode none takes nothing from the machine: a build without a RUN to execute needs nothing. */
static int none_enter(const char *work_dir SLIP_UNUSED, struct slip_isolation *out,
	struct slip_err *err SLIP_UNUSED)
{
	snprintf(out->why, sizeof(out->why), "none: commands cannot be run");
	return 0;
}

const struct slip_backend slip_backend_none = {
	.mode = SLIP_ISOLATION_NONE,
	.enter = none_enter,
};

int slip_isolation_parse(const char *s, enum slip_isolation_mode *mode)
{
	for (size_t i = 0; i < SLIP_ARRAY_LEN(mode_names); i++) {
		if (slip_streq(s, mode_names[i])) {
			*mode = (enum slip_isolation_mode)i;
			return 0;
		}
	}
	return -1;
}

const char *slip_isolation_name(enum slip_isolation_mode mode)
{
	if ((size_t)mode >= SLIP_ARRAY_LEN(mode_names))
		slip_bug("isolation mode %d", (int)mode);
	return mode_names[mode];
}

const struct slip_backend *slip_backend_find(enum slip_isolation_mode mode)
{
	for (size_t i = 0; i < SLIP_ARRAY_LEN(backends); i++) {
		if (backends[i]->mode == mode)
			return backends[i];
	}
	return NULL;
}

static char *offered_modes(void)
{
	slip_autostrv names = {0};
	slip_strv_add(&names, slip_isolation_name(SLIP_ISOLATION_AUTO));
	for (size_t i = 0; i < SLIP_ARRAY_LEN(backends); i++)
		slip_strv_add(&names, slip_isolation_name(backends[i]->mode));
	return slip_strv_join(&names, ", ");
}

static int enter(const struct slip_backend *b, const char *work_dir, struct slip_isolation *out,
	struct slip_err *err)
{
	struct slip_isolation iso = {.mode = b->mode, .ids = 1};
	if (b->enter(work_dir, &iso, err) < 0)
		return slip_err_wrap(err, "isolation %s", slip_isolation_name(b->mode));
	*out = iso;
	return 0;
}

static int enter_exactly(enum slip_isolation_mode wanted, const char *work_dir,
	struct slip_isolation *out, struct slip_err *err)
{
	const struct slip_backend *b = slip_backend_find(wanted);
	if (!b) {
		slip_autofree char *offered = offered_modes();
		return slip_err_set(err, SLIP_E_SANDBOX, 0,
			"isolation %s is not part of this build; it offers %s",
			slip_isolation_name(wanted), offered);
	}
	return enter(b, work_dir, out, err);
}

/* The line that explains mode `out`: what failed before it, if anything did. */
static void explain(struct slip_isolation *out, const char *failures)
{
	if (!*failures)
		return;
	char chosen[sizeof(out->why)];
	snprintf(chosen, sizeof(chosen), "%s", out->why);
	if (snprintf(out->why, sizeof(out->why), "%s (%s)", chosen, failures) >=
		(int)sizeof(out->why))
		memcpy(out->why + sizeof(out->why) - 5, "...)", 5);
}

int slip_isolation_enter(enum slip_isolation_mode wanted, const char *work_dir,
	struct slip_isolation *out, struct slip_err *err)
{
	if (wanted != SLIP_ISOLATION_AUTO)
		return enter_exactly(wanted, work_dir, out, err);

	slip_autobuf failures;
	slip_buf_init(&failures, 4096);
	for (size_t i = 0; i < SLIP_ARRAY_LEN(backends); i++) {
		struct slip_err failed = SLIP_ERR_INIT;
		if (enter(backends[i], work_dir, out, &failed) == 0) {
			explain(out, failures.data);
			return 0;
		}
		slip_buf_addf(&failures, "%s%s", failures.len ? "; " : "", failed.msg);
	}
	slip_bug("isolation none was refused");
}

struct description {
	const struct slip_backend *backend;
	const char *work_dir;
	struct slip_isolation iso;
};

static int try_backend(void *arg, struct slip_err *err)
{
	struct description *d = arg;
	return enter(d->backend, d->work_dir, &d->iso, err);
}

char *slip_isolation_describe(const char *work_dir)
{
	slip_autobuf text;
	slip_buf_init(&text, 64 * 1024);
	for (size_t i = 0; i < SLIP_ARRAY_LEN(backends); i++) {
		struct description d = {.backend = backends[i], .work_dir = work_dir};
		struct slip_err err = SLIP_ERR_INIT;
		const char *name = slip_isolation_name(backends[i]->mode);
		if (slip_forked(try_backend, &d, sizeof(d), &err) == 0)
			slip_buf_addf(&text, "%s: yes, %s\n", name, d.iso.why);
		else
			slip_buf_addf(&text, "%s: no, %s\n", name, err.msg);
	}
	slip_buf_addf(&text, "system call filter: %s\n",
		slip_seccomp_available() ? "yes" : "no, built without libseccomp");
	return slip_buf_take(&text);
}
