#include "config.h"

#include "runner/base/limits.h"
#include "runner/base/map.h"
#include "steps/deploy/manifest.h"
#include "tests/unit/tap.h"

#define NEW "r.example/t/app@sha256:0123"

/* What became of one manifest. */
struct result {
	struct slip_kube_manifest m;
	struct slip_err err;
	size_t uses;
	int rc;
};

static void edit_bytes(struct result *r, const char *text, size_t len, const char *ref)
{
	struct slip_kube_image image = {.name = "t/app", .ref = ref};
	const struct slip_kube_manifest_edits edits = {&image, 1, NULL};
	*r = (struct result){.err = SLIP_ERR_INIT};
	slip_kube_manifest_init(&r->m, 64 * SLIP_MIB);
	r->rc = slip_kube_manifest_add(&r->m, "m.yaml", text, len, &edits, &r->err);
	r->uses = image.uses;
}

static void release(struct result *r)
{
	slip_kube_manifest_release(&r->m);
}

#define HEAD "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n"

/* The manifest is HEAD and `body`, of which only the image's scalar may change. */
static void becomes(const char *body, const char *want, const char *what)
{
	struct result r;
	slip_autofree char *text = slip_xasprintf(HEAD "%s", body);
	slip_autofree char *expected = slip_xasprintf(HEAD "%s", want);
	edit_bytes(&r, text, strlen(text), NEW);
	is_int(r.rc, 0, "%s: it can be read", what);
	if (r.rc < 0)
		diag("%s", r.err.msg);
	is_str(r.m.text.data, expected, "%s", what);
	release(&r);
}

static void stays(const char *body, const char *what)
{
	becomes(body, body, what);
}

static void test_shapes(void)
{
	becomes("spec:\n  containers:\n  - image: t/app:1 # the app\n    name: a\n",
		"spec:\n  containers:\n  - image: " NEW " # the app\n    name: a\n",
		"plain, with a comment");
	becomes("spec:\n  containers:\n    - name: a\n      image: 't/app'\n",
		"spec:\n  containers:\n    - name: a\n      image: '" NEW "'\n", "single quotes");
	becomes("spec:\n  containers:\n    - name: a\n      image: \"t/\\x61pp:1\"\n",
		"spec:\n  containers:\n    - name: a\n      image: \"" NEW "\"\n",
		"double quotes with an escape");
	becomes("spec: {containers: [{name: a, image: t/app:1}, {image: other}]}\n",
		"spec: {containers: [{name: a, image: " NEW "}, {image: other}]}\n", "flow");
	becomes("spec:\n  containers:\n  - image: >-\n      t/app:1\n\n    name: a\n",
		"spec:\n  containers:\n  - image: " NEW "\n\n    name: a\n", "folded block");
	becomes("spec:\n  containers:\n  - image: t/app:1", "spec:\n  containers:\n  - image: " NEW,
		"no line end at the end");
	becomes("spec:\r\n  containers:\r\n  - image: t/app:1\r\n    name: a\r\n",
		"spec:\r\n  containers:\r\n  - image: " NEW "\r\n    name: a\r\n",
		"Windows' line ends");
	becomes("# \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\nspec: {containers: [{image: t/app:1}]}\n",
		"# \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\nspec: {containers: [{image: " NEW "}]}\n",
		"characters of several bytes before it");
	becomes("spec:\n  containers:\n  -\n    image:\n      t/app:1\n",
		"spec:\n  containers:\n  -\n    image:\n      " NEW "\n", "on a line of its own");
}

static void test_anchors(void)
{
	becomes("spec:\n  containers:\n  - image: &i t/app:1\n  - image: *i\n",
		"spec:\n  containers:\n  - image: &i " NEW "\n  - image: *i\n", "an anchor");
	becomes("spec:\n  initContainers:\n  - &c\n    image: &i # here\n      't/app:1'\n"
		"  containers: [*c]\n",
		"spec:\n  initContainers:\n  - &c\n    image: &i # here\n      '" NEW "'\n"
		"  containers: [*c]\n",
		"a container twice, by an alias");
	struct result r;
	static const char merge[] =
		HEAD "x: &x {image: t/app}\nspec: {containers: [{<<: *x, name: a}]}\n";
	edit_bytes(&r, merge, strlen(merge), NEW);
	ok(r.rc < 0 && slip_err_is(&r.err, SLIP_E_SPEC) && strstr(r.err.msg, "m.yaml:5:"),
		"merge keys, behind which an image could hide, are refused");
	release(&r);
}

static void test_names(void)
{
	becomes("spec: {containers: [{image: \"t/app:<TAG>\"}]}\n",
		"spec: {containers: [{image: \"" NEW "\"}]}\n", "whatever the tag is");
	becomes("spec: {containers: [{image: \"t/app:1@sha256:ab\"}]}\n",
		"spec: {containers: [{image: \"" NEW "\"}]}\n", "a digest is replaced, too");
	stays("spec: {containers: [{image: t/app2}, {image: x/t/app}, {image: t/app/b:1}]}\n",
		"other names stay");
	stays("spec: {containers: [{image: 'host:5000/t/app'}]}\n", "a port is no tag");
	stays("spec: {image: t/app, volumes: [{image: t/app}]}\n", "not outside of containers");
	stays("spec: {containers: {image: t/app}}\ncontainers: t/app\n",
		"containers that are no list");
	stays("spec: {containers: [{image: 5}, {image: null}, {image: [t/app]}, t/app, []]}\n",
		"images that are no strings");
}

static void test_kinds(void)
{
	static const char text[] =
		"apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: c, namespace: n}\n"
		"spec:\n  jobTemplate:\n    spec:\n      template:\n        spec:\n"
		"          initContainers: [{image: t/app:1}]\n"
		"          containers: [{image: t/app:2}]\n"
		"          ephemeralContainers: [{image: t/app:3}]\n"
		"--- # the second\n# nothing but a comment\n---\n"
		"apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
		"metadata: {name: d}\nspec: {containers: [{image: t/app:1}]}\n...\n---\n"
		"apiVersion: v1\nkind: List\nitems:\n"
		"- {apiVersion: apps/v1, kind: Deployment, metadata: {name: web},\n"
		"   spec: {selector: {matchLabels: {app: web, tier: '1'}},\n"
		"   template: {spec: {containers: [{image: t/app:1}, {image: b}]}}}}\n"
		"- {apiVersion: apps/v1, kind: DaemonSet, metadata: {name: ds},\n"
		"   spec: {updateStrategy: {type: OnDelete}}}\n";
	struct result r;
	edit_bytes(&r, text, strlen(text), NEW);
	is_int(r.rc, 0, "a stream of documents");
	is_int(r.uses, 4, "its images, but for the definition's");
	is_int(r.m.objects.n, 4, "its objects, lists opened");
	if (r.m.objects.n == 4) {
		is_str(r.m.objects.v[0].group, "batch", "the group");
		is_str(r.m.objects.v[0].space, "n", "the namespace");
		is_str(r.m.objects.v[2].name, "web", "the name");
		is_str(r.m.objects.v[2].selector, "app=web,tier=1", "the selector of its pods");
		ok(r.m.objects.v[3].is_manual && !r.m.objects.v[2].is_manual, "OnDelete");
	}
	is_int(r.m.refs.n, 2, "each image once");
	ok(strstr(r.m.text.data, "--- # the second\n# nothing but a comment\n---\n"), "comments");
	release(&r);
}

static void is_refused(const char *text, size_t len, const char *says, const char *what)
{
	struct result r;
	edit_bytes(&r, text, len, NEW);
	if (!ok(r.rc < 0 && slip_err_is(&r.err, SLIP_E_SPEC) && strstr(r.err.msg, says), "%s",
		    what))
		diag("%s", r.err.msg);
	release(&r);
}

static void test_refusals(void)
{
	static const char nameless[] = "apiVersion: v1\nkind: Pod\nmetadata: {generateName: x-}\n";
	is_refused(nameless, strlen(nameless), "m.yaml:1:1: ", "no name");
	is_refused("- a\n", 4, "apiVersion", "a list");
	is_refused("text", 4, "apiVersion", "a scalar");
	is_refused("a: b: c\n", 8, "m.yaml:1:", "no YAML");
	is_refused("a: \x01\n", 5, "m.yaml:1:", "a control character");
	is_refused("a: \0\n", 5, "m.yaml:1:", "a NUL");
	size_t n = SLIP_MAX_MANIFESTS + 1;
	slip_autofree char *big = slip_xmalloc(n);
	memset(big, '#', n);
	is_refused(big, n, "larger", "a text over the limit");
	memset(big, '[', 100000);
	is_refused(big, 100000, "nested too deeply", "deep nesting");
	slip_autobuf bomb;
	slip_buf_init(&bomb, SLIP_MIB);
	slip_buf_add_str(&bomb, "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
	for (int i = 1; i < 12; i++)
		slip_buf_addf(&bomb, "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i, i,
			i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	is_refused(bomb.data, bomb.len, "aliases", "a billion laughs");
}

static void test_space(void)
{
	static const char text[] =
		"apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  namespace: other\n";
	const struct slip_kube_manifest_edits edits = {.space = "mine"};
	struct result r = {.err = SLIP_ERR_INIT};
	slip_kube_manifest_init(&r.m, SLIP_MIB);
	ok(slip_kube_manifest_add(&r.m, "m.yaml", text, strlen(text), &edits, &r.err) < 0 &&
			strstr(r.err.msg, "m.yaml:5:14"),
		"an object for another namespace than the stage's");
	release(&r);
}

static void test_host_that_needs_quotes(void)
{
	struct result r;
	static const char text[] = HEAD "spec: {containers: [{image: t/app}]}\n";
	edit_bytes(&r, text, strlen(text), "[::1]:5000/app@sha256:01");
	ok(strstr(r.m.text.data, "image: \"[::1]:5000/app@sha256:01\"}"), "an address is quoted");
	release(&r);
}

static void test_replace(void)
{
	struct slip_kube_replacement r[] = {
		{.text = "<TAG>", .value = "1.0"},
		{.text = "<TAG>-x", .value = "<TAG>"},
		{.text = "absent", .value = "y"},
	};
	static const char text[] = "a:<TAG>\nb:<TAG>-x <TAG<TAG>>";
	slip_autobuf out;
	slip_buf_init(&out, SLIP_MIB);
	slip_kube_manifest_replace(text, strlen(text), r, 3, &out);
	is_str(out.data, "a:1.0\nb:<TAG> <TAG1.0>", "the longest wins; results are left alone");
	is_int(r[0].uses, 2, "counted");
	is_int(r[2].uses, 0, "not there");
}

int main(void)
{
	test_shapes();
	test_anchors();
	test_names();
	test_kinds();
	test_refusals();
	test_space();
	test_host_that_needs_quotes();
	test_replace();
	return done_testing();
}
