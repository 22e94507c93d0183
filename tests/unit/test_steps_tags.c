/* Tags by docker/metadata-action's rules: a table of specs and facts, and what they give. */
#include "config.h"

#include "runner/base/clock.h"
#include "runner/oci/ref.h"
#include "steps/image/tags.h"
#include "tests/unit/tap.h"

#define SHA "1ecfd275763eff1d6b4844ea3168962458c9f27a"
#define NOW 1772616030 /* 2026-03-04T09:20:30Z */

#define BRANCH(name, is_default)                                                                   \
	"{\"ref\":{\"type\":\"branch\",\"name\":\"" name "\",\"isDefault\":" is_default            \
	"},\"commit\":{\"sha\":\"" SHA "\",\"time\":\"2026-03-04T10:20:30+01:00\"},"               \
	"\"project\":{\"name\":\"app\",\"url\":\"https://git.example.com/app\"},"                  \
	"\"build\":{\"source\":\"push\"}}"
#define TAG(name)                                                                                  \
	"{\"ref\":{\"type\":\"tag\",\"name\":\"" name "\"},\"tag\":\"" name                        \
	"\",\"commit\":{\"sha\":\"" SHA "\"}}"
#define CHANGE                                                                                     \
	"{\"ref\":{\"type\":\"change\",\"name\":\"fix/it\"},\"change\":{\"id\":\"12\",\"target\":" \
	"\"main\"},\"commit\":{\"sha\":\"" SHA "\"}}"
#define NIGHT                                                                                      \
	"{\"ref\":{\"type\":\"branch\",\"name\":\"main\",\"isDefault\":true},\"build\":{"          \
	"\"source\":\"schedule\"},\"commit\":{\"sha\":\"" SHA "\"}}"
#define MAIN BRANCH("main", "true")

/* What the action's own documentation shows as its default set, and its semver examples. */
#define USUAL                                                                                      \
	"tags: [{type: schedule}, {type: ref, event: branch}, {type: ref, event: tag}, "           \
	"{type: ref, event: pr}]"
#define SEMVER                                                                                     \
	"tags: [{type: semver, pattern: '{{version}}'}, {type: semver, pattern: "                  \
	"'{{major}}.{{minor}}'}, {type: semver, pattern: '{{major}}'}]"

static const struct {
	const char *spec, *facts, *want; /* tags with blanks, or "error: text" */
} cases[] = {
	{USUAL, MAIN, "main"},
	{USUAL, BRANCH("feature/a_b", "false"), "feature-a_b"},
	{USUAL, CHANGE, "pr-12"},
	{USUAL, TAG("v1.2.3"), "v1.2.3 latest"},
	{USUAL, NIGHT, "nightly main"},
	{SEMVER, MAIN, ""},
	{SEMVER, TAG("v1.2.3"), "1.2.3 1.2 1 latest"},
	{SEMVER, TAG("1.2.3"), "1.2.3 1.2 1 latest"},
	{SEMVER, TAG("v2.0.8-beta.67"), "2.0.8-beta.67"},
	{SEMVER, TAG("v0.9.0"), "0.9.0 0.9 0 latest"},
	{SEMVER, TAG("v1.2.3+build.5"), "1.2.3 1.2 1 latest"},
	{SEMVER, TAG("v1.2"), ""},
	{SEMVER, TAG("v1.2.03"), ""},
	{SEMVER, TAG("v1.2.3-"), ""},
	{SEMVER, TAG("v1.2.3-01"), ""},
	{SEMVER, TAG("release-7"), ""},
	{"tags: [{type: semver, pattern: '{{raw}}'}]", TAG("v1.2.3"), "v1.2.3 latest"},
	{"tags: [{type: semver, pattern: '{{raw}}'}]", TAG("v2.0.8-rc.1"), "v2.0.8-rc.1"},
	{"tags: [{type: semver, pattern: '{{major}}', value: v3.1.0}]", MAIN, "3 latest"},
	{"tags: [{type: semver, pattern: '{{mayor}}'}]", TAG("v1.2.3"),
		"error: s.yaml:6:19: {{mayor}} is not known here"},
	{"tags: [{type: sha}]", MAIN, "sha-1ecfd27"},
	{"tags: [{type: sha, format: long, prefix: ''}]", MAIN, SHA},
	{"tags: sha", MAIN, "sha-1ecfd27"},
	{"tags: [{type: sha}]", "{\"ref\":{}}", "error: s.yaml:6:19: there is no commit"},
	{"tags: [{type: edge}]", MAIN, "edge"},
	{"tags: [{type: edge}]", BRANCH("dev", "false"), ""},
	{"tags: [{type: edge, branch: dev}]", BRANCH("dev", "false"), "edge"},
	{"tags: [{type: raw, value: stable}]", MAIN, "stable"},
	{"tags: [{type: raw, value: stable, enable: false}, {type: raw, value: b}]", MAIN, "b"},
	{"tags: [{type: raw, value: '{{branch}}-{{sha}}-{{date ''YYYYMMDD-HHmmss''}}'}]", MAIN,
		"main-1ecfd27-20260304-092030"},
	{"tags: [{type: raw, value: '{{commit_date ''YYYY.MM.DD''}}'}]", MAIN, "2026.03.04"},
	{"tags: [{type: raw, value: '{{commit_date ''YYYY''}}'}]", CHANGE,
		"error: s.yaml:6:19: {{commit_date 'YYYY'}} is not known here"},
	{"tags: [{type: raw, value: 'x{{is_default_branch}}'}]", CHANGE, "xfalse"},
	{"tags: [{type: raw, value: 'for-{{ base_ref }}'}]", CHANGE, "for-main"},
	{"tags: [{type: raw, value: '{{open'}]", MAIN, "open"},
	{"tags: [{type: raw, value: ' .-/ '}]", MAIN, "error: s.yaml:6:19: the rule gives a tag"},
	/* order: by priority, then as written; the first decides about latest */
	{"tags: [{type: sha}, {type: raw, value: a}, {type: raw, value: b}]", MAIN,
		"a b sha-1ecfd27"},
	{"tags: [{type: sha, priority: 5000}, {type: ref, event: tag}]", TAG("v1.0.0"),
		"sha-1ecfd27 v1.0.0"},
	{"tags: [{type: ref, event: tag}, {type: semver}]", TAG("v1.0.0"), "1.0.0 v1.0.0 latest"},
	{"tags: [{type: raw, value: a}, {type: raw, value: a}]", MAIN, "a"},
	/* flavor */
	{"tags: [{type: ref}], flavor: {latest: true}", MAIN, "main latest"},
	{"tags: [{type: ref, event: tag}], flavor: {latest: false}", TAG("v1"), "v1"},
	{"tags: [{type: ref, event: pr}], flavor: {latest: true}", MAIN, ""},
	{"tags: [{type: ref}, {type: sha}], flavor: {prefix: p-, suffix: -s, latest: true}", MAIN,
		"p-main-s sha-1ecfd27-s latest"},
	{"tags: [{type: ref, suffix: ''}], flavor: {suffix: -alpine, latest: true, suffix-latest: "
	 "true}",
		MAIN, "main latest-alpine"},
	{"tags: [{type: ref}], flavor: {prefix: alpine-, latest: true, prefix-latest: true}", MAIN,
		"alpine-main alpine-latest"},
};

static struct slip_pipeline *parse(const char *keys)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autodiags diags = {0};
	struct slip_pipeline *p = NULL;
	slip_autofree char *text = slip_xasprintf("version: 1\nstages:\n- name: a\n  build: {\n"
						  "    destinations: [r.example.com/a],\n    %s}\n",
		keys);
	struct slip_spec_input in = {.file = "s.yaml", .text = text, .len = strlen(text)};
	if (slip_pipeline_parse(&in, &p, &diags, &err) < 0)
		diag("%s: %s", keys, diags.n ? diags.v[0].message : err.msg);
	return p;
}

static void test_rules(void)
{
	for (size_t i = 0; i < SLIP_ARRAY_LEN(cases); i++) {
		struct slip_err err = SLIP_ERR_INIT;
		slip_autopipeline *p = parse(cases[i].spec);
		slip_autojson *ci = NULL;
		slip_autostrv tags = {0};
		if (!ok(p && slip_json_parse(cases[i].facts, strlen(cases[i].facts), "facts",
				     SLIP_E_BUG, &ci, &err) == 0,
			    "%s parses %s", cases[i].spec, err.msg))
			continue;
		struct slip_tags_input in = {&p->stages.v[0].build, ci, NOW};
		int rc = slip_tags_make(&in, &tags, &err);
		slip_autofree char *got =
			rc < 0 ? slip_xasprintf("error: %s", err.msg) : slip_strv_join(&tags, " ");
		if (rc < 0)
			ok(slip_starts_with(got, cases[i].want), "%s: %s", cases[i].spec, got);
		else
			is_str(got, cases[i].want, "%zu: %s", i, cases[i].spec);
	}
}

static void test_destinations(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autojson *ci = NULL;
	slip_autopipeline *p = parse("tags: [{type: ref}, {type: sha}]");
	slip_autostrv tags = {0}, all = {0}, none = {0}, labels = {0};
	if (slip_json_parse(MAIN, strlen(MAIN), "facts", SLIP_E_BUG, &ci, &err) < 0)
		slip_bug("%s", err.msg);
	struct slip_build_spec *b = &p->stages.v[0].build;
	struct slip_tags_input in = {b, ci, NOW};
	ok(slip_tags_make(&in, &tags, &err) == 0 &&
			slip_tags_destinations(&in, &tags, &all, &err) == 0,
		"destinations %s", err.msg);
	slip_autofree char *got = slip_strv_join(&all, " ");
	is_str(got, "r.example.com/a:main r.example.com/a:sha-1ecfd27", "one for each tag");
	ok(slip_tags_destinations(&in, &none, &all, &err) < 0, "rules that give nothing");
	is_str(err.msg,
		"s.yaml:5:20: no rule of `tags` applies to this pipeline (branch main), so "
		"r.example.com/a would get no tag: add a rule such as {type: sha}, or an `if` to "
		"the stage",
		"are an error");
	free(b->destinations.v[0].text);
	b->destinations.v[0].text = slip_xstrdup("localhost:5000/a:1");
	slip_strv_clear(&all);
	slip_err_clear(&err);
	ok(slip_tags_destinations(&in, &none, &all, &err) == 0 && all.n == 1,
		"a destination with a tag needs none");
	slip_tags_labels(&in, &tags, NOW, &labels);
	slip_autofree char *text = slip_strv_join(&labels, "\n");
	is_str(text,
		"org.opencontainers.image.created=2026-03-04T09:20:30Z\n"
		"org.opencontainers.image.revision=" SHA "\n"
		"org.opencontainers.image.source=https://git.example.com/app\n"
		"org.opencontainers.image.title=app\n"
		"org.opencontainers.image.url=https://git.example.com/app\n"
		"org.opencontainers.image.version=main",
		"labels");
}

static const struct {
	const char *text, *want;
} texts[] = {
	{"feature/x", "feature-x"},
	{"a//b", "a-b"},
	{"-.a", "a"},
	{"/a", "a"},
	{"_a", "_a"},
	{"\xc3\xa4 b", "b"},
	{"a\xc3\xa4\xc3\xb6"
	 "b",
		"a-b"},
	{"a:b@c", "a-b-c"},
	{"", NULL},
	{"...", NULL},
};

static void test_sanitise(void)
{
	for (size_t i = 0; i < SLIP_ARRAY_LEN(texts); i++) {
		slip_autofree char *got = slip_ref_sanitise_tag(texts[i].text);
		is_str(got, texts[i].want, "\"%s\"", texts[i].text);
	}
	char text[300];
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	slip_autofree char *got = slip_ref_sanitise_tag(text);
	is_int(strlen(got), 128, "a tag has at most 128 bytes");
}

int main(void)
{
	test_rules();
	test_destinations();
	test_sanitise();
	return done_testing();
}
