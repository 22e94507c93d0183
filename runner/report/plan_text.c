#include "config.h"

#include "runner/report/plan_text.h"

#include "runner/report/events.h"
#include "runner/spec/expr.h"

static const char *text_of(const struct slip_json *v, const char *key)
{
	return slip_json_get_str(v, key, "");
}

/* The first line of a member that is there; an error's excerpt of its file stays out. */
static void add_line(
	struct slip_buf *out, const char *name, const struct slip_json *v, const char *key)
{
	const char *text = text_of(v, key);
	if (*text)
		slip_buf_addf(out, "    %s %.*s\n", name, (int)strcspn(text, "\n"), text);
}

static void add_traffic(struct slip_buf *out, const char *what, const struct slip_json *v)
{
	if (!v)
		return;
	int64_t blobs = slip_json_get_int(v, "blobs", 0), made = slip_json_get_int(v, "made", 0);
	slip_buf_addf(out, "    %s ", what);
	slip_add_bytes(out, (double)slip_json_get_int(v, "bytes", 0));
	slip_buf_addf(out, " in %lld layer%s", (long long)blobs, blobs == 1 ? "" : "s");
	if (made)
		slip_buf_addf(out, ", and %lld that will be made", (long long)made);
	slip_buf_add_char(out, '\n');
}

static void add_step(struct slip_buf *out, const struct slip_json *step)
{
	const char *cache = text_of(step, "cache");
	slip_buf_addf(out, "      line %lld: ", (long long)slip_json_get_int(step, "line", 0));
	if (slip_streq(cache, "hit")) {
		slip_buf_addf(out, "hit in the %s, ", text_of(step, "source"));
		slip_add_bytes(out, (double)slip_json_get_int(step, "bytes", 0));
	} else {
		slip_buf_add_str(out, slip_streq(cache, "off") ? "not cached" : "miss");
	}
	slip_buf_addf(out, ": %s\n", text_of(step, "text"));
}

static void add_stages(struct slip_buf *out, const struct slip_json *stages)
{
	for (size_t i = 0; i < slip_json_len(stages); i++) {
		const struct slip_json *stage = slip_json_at(stages, i);
		const struct slip_json *steps = slip_json_get(stage, "steps");
		const char *digest = text_of(stage, "digest");
		slip_buf_addf(out, "    stage %s from %s%s%s\n", text_of(stage, "name"),
			text_of(stage, "base"), *digest ? " " : "", digest);
		for (size_t k = 0; k < slip_json_len(steps); k++)
			add_step(out, slip_json_at(steps, k));
	}
}

static void add_foreseen(struct slip_buf *out, const struct slip_json *v)
{
	const struct slip_json *isolation = slip_json_get(v, "isolation");
	const struct slip_json *registries = slip_json_get(v, "registries");
	const struct slip_json *destinations = slip_json_get(v, "destinations");
	add_line(out, "note:", v, "note");
	add_line(out, "platform", v, "platform");
	if (isolation)
		slip_buf_addf(out, "    isolation %s\n", text_of(isolation, "why"));
	for (size_t i = 0; i < slip_json_len(destinations); i++)
		slip_buf_addf(out, "    destination %s\n",
			slip_json_str_value(slip_json_at(destinations, i), ""));
	add_line(out, "cache", v, "cache");
	for (size_t i = 0; i < slip_json_len(registries); i++) {
		const struct slip_json *r = slip_json_at(registries, i);
		slip_buf_addf(
			out, "    login at %s: %s\n", text_of(r, "host"), text_of(r, "login"));
	}
	add_stages(out, slip_json_get(v, "stages"));
	add_traffic(out, "pull at most", slip_json_get(v, "pull"));
	add_traffic(out, "push", slip_json_get(v, "push"));
}

static void add_node(struct slip_buf *out, const struct slip_json *node)
{
	const struct slip_json *needs = slip_json_get(node, "needs");
	slip_buf_addf(out, "%s%s\n    %s: %s\n",
		slip_json_get_bool(node, "finally", false) ? "finally " : "", text_of(node, "name"),
		text_of(node, "kind"), text_of(node, "does"));
	for (size_t i = 0; i < slip_json_len(needs); i++)
		slip_buf_addf(out, "%s%s", i ? ", " : "    needs ",
			slip_json_str_value(slip_json_at(needs, i), ""));
	if (slip_json_len(needs))
		slip_buf_add_char(out, '\n');
	if (slip_json_get(node, "if"))
		slip_buf_addf(out, "    if %s: %s\n", text_of(node, "if"),
			slip_json_get_bool(node, "runs", true) ? "true"
							       : "false, so it is skipped");
	if (slip_json_get(node, "timeout"))
		slip_buf_addf(out, "    timeout %llds\n",
			(long long)slip_json_get_int(node, "timeout", 0));
	add_foreseen(out, slip_json_get(node, "foreseen"));
	add_line(out, "cannot be foreseen:", node, "problem");
}

void slip_plan_text(const struct slip_json *plan, struct slip_buf *out)
{
	const struct slip_json *stages = slip_json_get(plan, "stages");
	const struct slip_json *params = slip_json_get(plan, "params");
	int64_t jobs = slip_json_get_int(plan, "jobs", 1);
	const char *ref = text_of(plan, "ref");
	slip_buf_addf(out, "pipeline %s, %zu stage%s, on %s", text_of(plan, "pipeline"),
		slip_json_len(stages), slip_json_len(stages) == 1 ? "" : "s",
		text_of(plan, "provider"));
	if (jobs > 1)
		slip_buf_addf(out, ", %lld at once", (long long)jobs);
	slip_buf_add_char(out, '\n');
	if (slip_json_get(plan, "commit"))
		slip_buf_addf(
			out, "commit %s%s%s\n", text_of(plan, "commit"), *ref ? " of " : "", ref);
	for (const char *name = NULL; (name = slip_json_next_key(params, name));) {
		slip_autofree char *value = slip_expr_text(slip_json_get(params, name));
		slip_buf_addf(out, "param %s = %s\n", name, value);
	}
	for (size_t i = 0; i < slip_json_len(stages); i++)
		add_node(out, slip_json_at(stages, i));
}
