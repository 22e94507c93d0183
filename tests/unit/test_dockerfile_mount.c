#include "config.h"

#include "runner/base/buf.h"
#include "runner/base/limits.h"
#include "runner/dockerfile/mount.h"
#include "tests/unit/tap.h"

static const char *lookup(void *ctx, const char *name)
{
	(void)ctx;
	return strcmp(name, "X") == 0 ? "xval" : NULL;
}

static const struct slip_expand with = {.lookup = lookup, .escape = '\\'};

/* Everything of a mount on one line. */
static void print(const struct slip_mount *m, struct slip_buf *out)
{
	static const char *const types[] = {"bind", "cache", "tmpfs", "secret", "ssh"};
	static const char *const sharing[] = {"", " private", " locked"};

	slip_buf_init(out, SLIP_KIB);
	slip_buf_addf(out, "%s", types[m->type]);
	slip_buf_addf(out, m->from ? " from=%s" : "", m->from);
	slip_buf_addf(out, m->source ? " source=%s" : "", m->source);
	slip_buf_addf(out, m->target ? " target=%s" : "", m->target);
	slip_buf_addf(out, m->id ? " id=%s" : "", m->id);
	slip_buf_addf(out, m->env ? " env=%s" : "", m->env);
	slip_buf_addf(out, "%s%s%s", m->readonly ? " ro" : "", m->required ? " required" : "",
		sharing[m->sharing]);
	if (m->mode || m->has_mode)
		slip_buf_addf(out, " mode=%o%s", m->mode, m->has_mode ? "!" : "");
	if (m->has_uid || m->has_gid)
		slip_buf_addf(out, " owner=%u:%u", m->uid, m->gid);
	if (m->size)
		slip_buf_addf(out, " size=%llu", (unsigned long long)m->size);
}

static const struct {
	const char *text;
	const char *want;
} good[] = {
	{"target=/a", "bind source=/ target=/a ro"},
	{"type=bind,dst=/a,src=b,from=c", "bind from=c source=b target=/a ro"},
	{"TYPE=Bind,Destination=/a,rw", "bind source=/ target=/a"},
	{"target=/a,readwrite=true", "bind source=/ target=/a"},
	{"target=/a,rw=false", "bind source=/ target=/a ro"},
	{"target=/a,ro=0", "bind source=/ target=/a"},
	{"type=bind", "bind source=/ target=. ro"},
	{"target=.", "bind source=/ target=. ro"},
	{"type=cache,target=/root/.cache/",
		"cache source=/ target=/root/.cache/ id=/root/.cache mode=755"},
	{"type=cache,target=rel,id=i,sharing=LOCKED,ro",
		"cache source=/ target=rel id=i ro locked mode=755"},
	{"type=cache,target=/c,sharing=private,mode=0700,uid=1000,gid=100",
		"cache source=/ target=/c id=/c private mode=700! owner=1000:100"},
	{"type=tmpfs,target=/t", "tmpfs target=/t"},
	{"type=tmpfs,target=/t,size=100m", "tmpfs target=/t size=104857600"},
	{"type=tmpfs,target=/t,size=1.5GiB", "tmpfs target=/t size=1610612736"},
	{"type=tmpfs,target=/t,size=64", "tmpfs target=/t size=64"},
	{"type=tmpfs,target=/t,size=2 kB", "tmpfs target=/t size=2048"},
	{"type=secret,id=a", "secret target=/run/secrets/a id=a ro mode=400"},
	{"type=secret,id=d/a", "secret target=/run/secrets/a id=d/a ro mode=400"},
	{"type=secret,target=/etc/tok", "secret target=/etc/tok id=tok ro mode=400"},
	{"type=secret,source=a,required", "secret target=/run/secrets/a id=a ro required mode=400"},
	{"type=secret,id=a,required=true,mode=0444,uid=5",
		"secret target=/run/secrets/a id=a ro required mode=444! owner=5:0"},
	{"type=secret,id=a,env=TOK", "secret id=a env=TOK ro mode=400"},
	{"type=secret,id=a,env=TOK,target=/t", "secret target=/t id=a env=TOK ro mode=400"},
	{"type=ssh", "ssh id=default ro mode=600"},
	{"type=ssh,id=k,required,target=/s", "ssh target=/s id=k ro required mode=600"},
	{"type=cache,id=$X,target=/${X:-y}/$U", "cache source=/ target=/xval/ id=xval mode=755"},
	{"\"target=/a,b\",type=bind", "bind source=/ target=/a,b ro"},
	{"\"target=/a,\"\"b\"\"\",ro", "bind source=/ target=/a,b ro"},
	{"type=bind,target='/a b'", "bind source=/ target=/a b ro"},
	{"from=a$,target=/x", "bind from=a$ source=/ target=/x ro"},
	{"target=/a,target=/b", "bind source=/ target=/b ro"},
};

static const struct {
	const char *text;
	const char *error;
} bad[] = {
	{"", "invalid field '' must be a key=value pair"},
	{"target=/a,", "invalid field '' must be a key=value pair"},
	{"type=foo,target=/a", "unsupported mount type \"foo\""},
	{"type=bid", "unsupported mount type \"bid\" (did you mean bind?)"},
	{"target", "invalid field 'target' must be a key=value pair"},
	{"whatever=1", "unexpected key 'whatever' in 'whatever=1'"},
	{"sorce=/x", "unexpected key 'sorce' in 'sorce=/x' (did you mean source?)"},
	{"from=$X,target=/a",
		"'from' doesn't support variable expansion, define alias stage instead"},
	{"target=/", "invalid mount target \"/\""},
	{"target=/a/..", "invalid mount target \"/a/..\""},
	{"target=/a,mode=0700", "mode not allowed for \"bind\" type mounts"},
	{"target=/a,uid=1", "uid not allowed for \"bind\" type mounts"},
	{"type=tmpfs,target=/a,gid=1", "gid not allowed for \"tmpfs\" type mounts"},
	{"type=secret,id=a,from=b", "secret mount should not have a from"},
	{"type=secret,id=a,sharing=shared", "secret mount should not define sharing"},
	{"type=secret", "invalid secret mount. one of source, target required"},
	{"type=secret,id=a,source=b", "both source and id can't be set"},
	{"type=ssh,source=b", "ssh does not support source"},
	{"target=/a,sharing=locked", "invalid cache sharing set for bind mount"},
	{"type=cache,target=/a,sharing=some", "unsupported sharing value \"some\""},
	{"type=cache,target=/a,env=X", "unexpected key 'env' for mount type 'cache'"},
	{"size=1m,type=tmpfs,target=/a", "unexpected key 'size' for mount type 'bind'"},
	{"required,type=secret,id=a", "unexpected key 'required' for mount type 'bind'"},
	{"type=tmpfs,target=/a,size=x", "invalid value for size: x"},
	{"type=tmpfs,target=/a,size=99999999999p", "invalid value for size: 99999999999p"},
	{"target=/a,ro=maybe", "invalid value for ro: maybe"},
	{"type=cache,target=/a,mode=9", "invalid value 9 for mode"},
	{"type=cache,target=/a,uid=-1", "invalid value -1 for uid"},
	{"type=cache,target=/a,gid=4294967296", "invalid value 4294967296 for gid"},
	{"\"target=/a", "failed to parse csv mounts: a quoted field must end with \" in front of a "
			"comma or the end"},
	{"target=\"/a\"", "failed to parse csv mounts: bare \" in a field without quotes"},
};

int main(void)
{
	for (size_t i = 0; i < SLIP_ARRAY_LEN(good); i++) {
		struct slip_mount m = {0};
		struct slip_err err = SLIP_ERR_INIT;
		slip_autobuf got = {0};
		is_int(slip_mount_parse(good[i].text, NULL, NULL, &err), 0, "%s: check",
			good[i].text);
		is_int(slip_mount_parse(good[i].text, &with, &m, &err), 0, "%s", good[i].text);
		print(&m, &got);
		is_str(got.data, good[i].want, "%s: mount", good[i].text);
		slip_mount_release(&m);
	}
	for (size_t i = 0; i < SLIP_ARRAY_LEN(bad); i++) {
		struct slip_mount m = {0};
		struct slip_err err = SLIP_ERR_INIT;
		is_int(slip_mount_parse(bad[i].text, &with, &m, &err), -1, "%s", bad[i].text);
		is_str(err.msg, bad[i].error, "%s: message", bad[i].text);
		slip_err_clear(&err);
		is_int(slip_mount_parse(bad[i].text, NULL, NULL, &err), -1, "%s: check",
			bad[i].text);
		is_str(err.msg, bad[i].error, "%s: message of the check", bad[i].text);
	}
	return done_testing();
}
