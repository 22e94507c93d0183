/*
 * annotations.json: links that GitLab shows beside the job
 * (docs.gitlab.com/ci/yaml/artifacts_reports, "annotations"): where images can be looked at, the
 * Dockerfile's line that failed, the timeline. What cannot be known here has no link.
 */
#include "config.h"

#include "runner/base/json.h"
#include "runner/oci/ref.h"
#include "runner/report/files.h"
#include "runner/report/links.h"

#define MAX_LINKS 300 /* of one section; GitLab takes 1000 annotations */

static bool is_gitlab(const struct slip_model *m)
{
	return m->provider && slip_streq(m->provider, "gitlab");
}

static void add_link(struct slip_json *section, const char *label, const char *url)
{
	if (slip_json_len(section) >= MAX_LINKS)
		return;
	struct slip_json *link = slip_json_object(), *item = slip_json_object();
	slip_json_set_str(link, "label", label);
	slip_json_set_str(link, "url", url);
	slip_json_set(item, "external_link", link);
	slip_json_append(section, item);
}

/* --- images ----------------------------------------------------------------------------------- */

/* The page of an image by registry; false when we know of none. */
static bool add_image_page(const struct slip_model *m, const struct slip_ref *ref,
	const char *digest, struct slip_buf *url)
{
	const char *hex = strchr(digest, ':');
	if (slip_streq(ref->domain, "docker.io") && ref->tag && hex) {
		slip_buf_addf(url, "https://hub.docker.com/layers/%s/%s/images/sha256-%s",
			ref->path, ref->tag, hex + 1);
		return true;
	}
	if (slip_streq(ref->domain, "quay.io")) {
		slip_buf_addf(url, "https://quay.io/repository/%s/manifest/%s", ref->path, digest);
		return true;
	}
	/* These lead from an image's own name to the page of its digest. */
	if (slip_streq(ref->domain, "gcr.io") || slip_ends_with(ref->domain, ".gcr.io") ||
		slip_ends_with(ref->domain, "-docker.pkg.dev")) {
		slip_buf_addf(url, "https://%s/%s@%s", ref->domain, ref->path, digest);
		return true;
	}
	/* The page of one digest has a number that only the server knows: the project's list. */
	if (is_gitlab(m) && m->registry && slip_link_is_web(m->project) &&
		slip_streq(ref->domain, m->registry)) {
		slip_buf_addf(url, "%s/container_registry", m->project);
		return true;
	}
	return false;
}

static void add_images(
	const struct slip_model *m, const struct slip_model_stage *s, struct slip_json *section)
{
	for (size_t i = 0; i < s->n_images; i++) {
		slip_autoref ref = {0};
		const struct slip_model_image *image = &s->images[i];
		slip_autobuf url;
		slip_buf_init(&url, 4096);
		if (!image->ref || !image->digest ||
			slip_ref_parse(image->ref, SLIP_REF_TAG_DEFAULT, &ref, NULL) < 0)
			continue;
		slip_autofree char *label = slip_xasprintf("%s@%.19s", image->ref, image->digest);
		if (add_image_page(m, &ref, image->digest, &url))
			add_link(section, label, url.data);
	}
}

/* --- sources and reports ---------------------------------------------------------------------- */

static void add_failure(
	const struct slip_model *m, const struct slip_model_stage *s, struct slip_json *section)
{
	if (!is_gitlab(m) || !slip_link_is_web(m->project) || !m->sha || !s->failure_file)
		return;
	slip_autobuf url;
	slip_buf_init(&url, 16384);
	slip_buf_addf(&url, "%s/-/blob/%s/", m->project, m->sha);
	slip_link_add_path(&url, s->failure_file);
	slip_buf_addf(&url, "#L%lld", (long long)s->failure_line);
	slip_autofree char *label =
		slip_xasprintf("%s: %s:%lld", s->name, s->failure_file, (long long)s->failure_line);
	add_link(section, label, url.data);
}

static void add_timeline(const struct slip_model *m, struct slip_json *section)
{
	slip_autofree char *dir = slip_model_relative(m, m->out_dir);
	if (!is_gitlab(m) || !slip_link_is_web(m->job) || !dir)
		return;
	slip_autobuf url;
	slip_buf_init(&url, 16384);
	slip_buf_addf(&url, "%s/artifacts/file/", m->job);
	slip_link_add_path(&url, dir);
	slip_buf_add_str(&url, "/timeline.html");
	add_link(section, "timeline", url.data);
}

/* Sections without a link are left out. */
static void set_section(struct slip_json *all, const char *name, struct slip_json *section)
{
	if (slip_json_len(section))
		slip_json_set(all, name, section);
	else
		slip_json_free(section);
}

void slip_report_annotations(const struct slip_model *m, struct slip_buf *out)
{
	slip_autojson *all = slip_json_object();
	struct slip_json *images = slip_json_array(), *failures = slip_json_array(),
			 *reports = slip_json_array();
	for (size_t i = 0; i < m->n; i++) {
		add_images(m, m->stages[i], images);
		add_failure(m, m->stages[i], failures);
	}
	add_timeline(m, reports);
	set_section(all, "Failures", failures);
	set_section(all, "Images", images);
	set_section(all, "Reports", reports);
	slip_autofree char *text = slip_json_print_pretty(all);
	slip_buf_add_str(out, text);
}
