#include "config.h"

#include "runner/base/io.h"
#include "runner/base/limits.h"
#include "runner/sandbox/sandbox_internal.h"

#include <errno.h>
#include <sys/mman.h>

/*
 * The format is private to one run of one binary: 32-bit numbers in native order, strings as length
 * and bytes. Writer and reader stand side by side below; a field is added to both.
 */

static void put_u32(struct slip_buf *b, uint32_t v)
{
	slip_buf_add(b, &v, sizeof(v));
}

/* NULL is told from "" by the length. */
static void put_str(struct slip_buf *b, const char *s)
{
	size_t n = s ? strlen(s) : 0;
	put_u32(b, !s ? UINT32_MAX : n < UINT32_MAX ? (uint32_t)n : UINT32_MAX - 1);
	slip_buf_add(b, s ? s : "", n);
}

static void put_strv(struct slip_buf *b, const struct slip_strv *sv)
{
	put_u32(b, (uint32_t)sv->n);
	for (size_t i = 0; i < sv->n; i++)
		put_str(b, sv->v[i]);
}

static void put_all(
	struct slip_buf *b, const struct slip_isolation *iso, const struct slip_sandbox_spec *s)
{
	put_u32(b, iso->mode);
	put_u32(b, iso->ids);
	put_u32(b, iso->fresh_proc);
	put_str(b, s->root);
	put_strv(b, &s->argv);
	put_strv(b, &s->env);
	put_str(b, s->cwd);
	put_u32(b, s->uid);
	put_u32(b, s->gid);
	put_u32(b, (uint32_t)s->n_groups);
	for (size_t i = 0; i < s->n_groups; i++)
		put_u32(b, s->groups[i]);
	put_str(b, s->hostname);
	put_u32(b, s->network);
	put_u32(b, (uint32_t)s->n_files);
	for (size_t i = 0; i < s->n_files; i++) {
		put_str(b, s->files[i].path);
		put_str(b, s->files[i].content);
		put_u32(b, s->files[i].mode);
	}
	put_u32(b, (uint32_t)s->n_mounts);
	for (size_t i = 0; i < s->n_mounts; i++) {
		put_str(b, s->mounts[i].source);
		put_str(b, s->mounts[i].target);
		put_u32(b, s->mounts[i].readonly);
	}
}

struct cursor {
	const char *at;
	size_t left;
	bool bad;
};

static const char *get(struct cursor *c, size_t n)
{
	if (c->bad || n > c->left) {
		c->bad = true;
		return NULL;
	}
	const char *p = c->at;
	c->at += n;
	c->left -= n;
	return p;
}

static uint32_t get_u32(struct cursor *c)
{
	uint32_t v = 0;
	const char *p = get(c, sizeof(v));
	if (p)
		memcpy(&v, p, sizeof(v));
	return v;
}

static char *get_str(struct cursor *c)
{
	uint32_t n = get_u32(c);
	if (n == UINT32_MAX)
		return NULL;
	const char *p = get(c, n);
	return p ? slip_xstrndup(p, n) : NULL;
}

static void get_strv(struct cursor *c, struct slip_strv *sv)
{
	uint32_t n = get_u32(c);
	for (uint32_t i = 0; i < n && !c->bad; i++) {
		char *s = get_str(c);
		if (s)
			slip_strv_take(sv, s);
		else
			c->bad = true;
	}
}

static void get_groups(struct cursor *c, struct slip_sandbox_spec *s)
{
	uint32_t n = get_u32(c);
	if (n > c->left / sizeof(uint32_t)) {
		c->bad = true;
		return;
	}
	uint32_t *groups = slip_xcalloc((size_t)n + 1, sizeof(*groups));
	for (uint32_t i = 0; i < n; i++)
		groups[i] = get_u32(c);
	s->groups = groups;
	s->n_groups = n;
}

static void get_files(struct cursor *c, struct slip_sandbox_spec *s)
{
	uint32_t n = get_u32(c);
	if (n > c->left / sizeof(uint32_t)) {
		c->bad = true;
		return;
	}
	struct slip_sandbox_file *files = slip_xcalloc((size_t)n + 1, sizeof(*files));
	for (uint32_t i = 0; i < n; i++) {
		files[i].path = get_str(c);
		files[i].content = get_str(c);
		files[i].mode = get_u32(c);
		c->bad |= !files[i].path || !files[i].content;
	}
	s->files = files;
	s->n_files = n;
}

static void get_mounts(struct cursor *c, struct slip_sandbox_spec *s)
{
	uint32_t n = get_u32(c);
	if (n > c->left / sizeof(uint32_t)) {
		c->bad = true;
		return;
	}
	struct slip_sandbox_mount *mounts = slip_xcalloc((size_t)n + 1, sizeof(*mounts));
	for (uint32_t i = 0; i < n; i++) {
		mounts[i].source = get_str(c);
		mounts[i].target = get_str(c);
		mounts[i].readonly = get_u32(c) != 0;
		c->bad |= !mounts[i].source || !mounts[i].target;
	}
	s->mounts = mounts;
	s->n_mounts = n;
}

static void get_all(struct cursor *c, struct slip_instructions *in)
{
	struct slip_sandbox_spec *s = &in->spec;
	in->mode = (enum slip_isolation_mode)get_u32(c);
	in->ids = get_u32(c);
	in->fresh_proc = get_u32(c) != 0;
	s->root = get_str(c);
	get_strv(c, &s->argv);
	get_strv(c, &s->env);
	s->cwd = get_str(c);
	s->uid = get_u32(c);
	s->gid = get_u32(c);
	get_groups(c, s);
	s->hostname = get_str(c);
	s->network = (enum slip_network)get_u32(c);
	get_files(c, s);
	get_mounts(c, s);
}

int slip_instructions_write(const struct slip_isolation *iso, const struct slip_sandbox_spec *spec,
	int *fd, struct slip_err *err)
{
	slip_autobuf b;
	slip_buf_init(&b, SLIP_MAX_INSTRUCTIONS);
	put_all(&b, iso, spec);
	if (slip_buf_check(&b, "the command with its environment", err) < 0)
		return -1;
	slip_autoclose int mem = memfd_create("slipway-instructions", MFD_CLOEXEC);
	if (mem < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "memfd_create");
	if (slip_write_all(mem, b.data, b.len, err) < 0)
		return -1;
	if (lseek(mem, 0, SEEK_SET) < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "rewind the instructions");
	*fd = slip_steal_fd(&mem);
	return 0;
}

int slip_instructions_read(int fd, struct slip_instructions *out, struct slip_err *err)
{
	slip_autobuf b;
	slip_buf_init(&b, SLIP_MAX_INSTRUCTIONS);
	if (slip_read_rest(fd, "the instructions", &b, err) < 0)
		return -1;
	struct slip_instructions in = {.keeps_chroot = true};
	struct cursor c = {.at = b.data, .left = b.len};
	get_all(&c, &in);
	if (c.bad || c.left || !in.spec.root || !in.spec.cwd || !in.spec.argv.n) {
		slip_instructions_release(&in);
		return slip_err_set(err, SLIP_E_BUG, 0, "the instructions are malformed");
	}
	*out = in;
	return 0;
}

void slip_instructions_release(struct slip_instructions *in)
{
	struct slip_sandbox_spec *s = &in->spec;
	free((char *)s->root);
	free((char *)s->cwd);
	free((char *)s->hostname);
	free((uint32_t *)s->groups);
	for (size_t i = 0; i < s->n_files; i++) {
		free((char *)s->files[i].path);
		free((char *)s->files[i].content);
	}
	free((struct slip_sandbox_file *)s->files);
	for (size_t i = 0; i < s->n_mounts; i++) {
		free((char *)s->mounts[i].source);
		free((char *)s->mounts[i].target);
	}
	free((struct slip_sandbox_mount *)s->mounts);
	slip_strv_release(&s->argv);
	slip_strv_release(&s->env);
	memset(in, 0, sizeof(*in));
}
