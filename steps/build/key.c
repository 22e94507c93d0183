#include "config.h"

#include "steps/build/key.h"

#include "steps/build/builder.h"
#include "steps/build/copy.h"

#define KEY_FORMAT "slipway-cache-v1"

struct slip_key {
	struct slip_sha256 *hash;
};

static void add_framed(struct slip_key *k, const void *p, size_t n)
{
	uint8_t length[8];
	for (size_t i = 0; i < sizeof(length); i++)
		length[i] = (uint8_t)((uint64_t)n >> (8 * i));
	slip_sha256_add(k->hash, length, sizeof(length));
	slip_sha256_add(k->hash, p, n);
}

struct slip_key *slip_key_new(const char *kind)
{
	struct slip_key *k = slip_xmalloc(sizeof(*k));
	k->hash = slip_sha256_new();
	slip_key_add_str(k, "format", KEY_FORMAT);
	slip_key_add_str(k, "kind", kind);
	return k;
}

void slip_key_add(struct slip_key *k, const char *name, const void *p, size_t n)
{
	add_framed(k, name, strlen(name));
	add_framed(k, p, n);
}

void slip_key_add_str(struct slip_key *k, const char *name, const char *s)
{
	if (s)
		slip_key_add(k, name, s, strlen(s));
}

void slip_key_add_strv(struct slip_key *k, const char *name, const struct slip_strv *sv)
{
	slip_key_add_int(k, name, (int64_t)sv->n);
	for (size_t i = 0; i < sv->n; i++)
		slip_key_add_str(k, name, sv->v[i]);
}

void slip_key_add_int(struct slip_key *k, const char *name, int64_t i)
{
	char text[24];
	snprintf(text, sizeof(text), "%lld", (long long)i);
	slip_key_add_str(k, name, text);
}

void slip_key_finish(struct slip_key *k, struct slip_digest *out)
{
	slip_sha256_finish_digest(k->hash, out);
	slip_sha256_free(k->hash);
	free(k);
}

void slip_key_of_base(const struct slip_build_stage *s, struct slip_digest *out)
{
	struct slip_key *k = slip_key_new("base");
	slip_autofree char *platform = slip_platform_print(&s->platform);
	slip_key_add_str(k, "platform", platform);
	slip_key_add_str(k, "manifest", s->base ? s->base->digest.s : "scratch");
	slip_key_finish(k, out);
}

static void add_run(struct slip_key *k, const struct slip_run_step *run)
{
	slip_key_add_strv(k, "argv", &run->argv);
	slip_key_add_str(k, "script", run->script);
	slip_key_add_strv(k, "env", &run->key_env);
	slip_key_add_str(k, "cwd", run->cwd);
	slip_key_add_str(k, "user", run->user);
	slip_key_add_int(k, "network", !run->no_network);
}

static int add_copy(struct slip_key *k, const struct slip_build_stage *s,
	const struct slip_copy_step *c, struct slip_err *err)
{
	slip_key_add_int(k, "unpack", c->unpack);
	slip_key_add_str(k, "dest", c->dest);
	slip_key_add_int(k, "dest-is-dir", c->dest_is_dir);
	slip_key_add_str(k, "chown", c->chown);
	slip_key_add_str(k, "chmod", c->chmod_text);
	slip_key_add_strv(k, "sources", &c->sources);
	slip_key_add_strv(k, "excludes", &c->excludes);
	for (size_t i = 0; i < c->n_files; i++) {
		slip_key_add_str(k, "heredoc", c->files[i].name);
		slip_key_add_str(k, "body", c->files[i].body);
	}
	switch (c->from) {
	case SLIP_FROM_STAGE:
		/* The definition of what is copied; its producer need not have run. */
		slip_key_add_str(k, "from-stage", c->from_stage->chain.s);
		return 0;
	case SLIP_FROM_IMAGE:
		slip_key_add_str(k, "from-image", c->from_base->digest.s);
		return 0;
	case SLIP_FROM_NOTHING:
		return 0;
	case SLIP_FROM_CONTEXT:
		break;
	}
	return slip_copy_key(s->builder, c, k, err);
}

int slip_key_of_step(const struct slip_build_stage *s, const struct slip_digest *parent,
	struct slip_step *step, struct slip_err *err)
{
	static const char *const kinds[] = {"run", "copy", "workdir"};
	struct slip_key *k = slip_key_new(kinds[step->kind]);
	slip_autofree char *platform = slip_platform_print(&s->platform);
	slip_key_add_str(k, "platform", platform);
	slip_key_add_str(k, "parent", parent->s);
	int rc = 0;
	switch (step->kind) {
	case SLIP_STEP_RUN:
		add_run(k, &step->run);
		break;
	case SLIP_STEP_COPY:
		rc = add_copy(k, s, &step->copy, err);
		break;
	case SLIP_STEP_WORKDIR:
		slip_key_add_str(k, "path", step->workdir.path);
		slip_key_add_str(k, "user", step->workdir.user);
		break;
	}
	slip_key_finish(k, &step->key);
	return rc;
}
