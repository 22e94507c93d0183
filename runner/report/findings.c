/*
 * codequality.json and lint.sarif: the findings, twice.
 *
 * A finding is known again by its fingerprint, from one commit to the next: of its rule, file and
 * text, not of its line, so that it stays the same one when lines above it come and go. Equal ones
 * in a file are told apart by counting.
 */
#include "config.h"

#include "runner/base/digest.h"
#include "runner/base/json.h"
#include "runner/report/files.h"
#include "runner/report/links.h"

/* "line 12" in a message is a place, too. */
static void add_without_lines(struct slip_sha256 *h, const char *text)
{
	static const char word[] = "line ";
	const char *at;
	while ((at = strstr(text, word))) {
		at += sizeof(word) - 1;
		slip_sha256_add(h, text, (size_t)(at - text));
		text = at + strspn(at, "0123456789");
	}
	slip_sha256_add(h, text, strlen(text) + 1);
}

static void fingerprint(
	const struct slip_model_finding *f, size_t number, char out[SLIP_DIGEST_SIZE])
{
	slip_cleanup(slip_sha256_cleanup) struct slip_sha256 *h = slip_sha256_new();
	struct slip_digest digest;
	char count[24];
	snprintf(count, sizeof(count), "%zu", number);
	slip_sha256_add(h, f->rule, strlen(f->rule) + 1);
	slip_sha256_add(h, f->file, strlen(f->file) + 1);
	add_without_lines(h, f->message);
	slip_sha256_add(h, count, strlen(count));
	slip_sha256_finish_digest(h, &digest);
	snprintf(out, SLIP_DIGEST_SIZE, "%s", slip_digest_hex(&digest));
}

/* Fingerprints of all findings, each different from the others; the caller's. */
static char (*fingerprints(const struct slip_model *m))[SLIP_DIGEST_SIZE]
{
	char(*out)[SLIP_DIGEST_SIZE] = slip_xcalloc(m->n_findings + 1, sizeof(*out));
	slip_automap seen;
	slip_map_init(&seen, NULL);
	for (size_t i = 0; i < m->n_findings; i++) {
		size_t number = 0;
		do {
			fingerprint(&m->findings[i], number++, out[i]);
		} while (slip_map_has(&seen, out[i]));
		slip_map_set(&seen, out[i], &m->findings[i]);
	}
	return out;
}

static void add_json(struct slip_buf *out, const struct slip_json *v)
{
	slip_autofree char *text = slip_json_print_pretty(v);
	slip_buf_add_str(out, text);
}

/* --- codequality.json (docs.gitlab.com/ci/testing/code_quality, "Code Quality report format") --
 */

static struct slip_json *quality_json(const struct slip_model_finding *f, const char *print)
{
	struct slip_json *obj = slip_json_object(), *location = slip_json_object(),
			 *lines = slip_json_object();
	slip_json_set_str(obj, "description", f->message);
	slip_json_set_str(obj, "check_name", f->rule);
	slip_json_set_str(obj, "fingerprint", print);
	slip_json_set_str(obj, "severity", f->is_error ? "major" : "minor");
	slip_json_set_int(lines, "begin", f->line);
	slip_json_set_str(location, "path", f->file);
	slip_json_set(location, "lines", lines);
	slip_json_set(obj, "location", location);
	return obj;
}

void slip_report_codequality(const struct slip_model *m, struct slip_buf *out)
{
	slip_autofree char(*prints)[SLIP_DIGEST_SIZE] = fingerprints(m);
	slip_autojson *all = slip_json_array();
	for (size_t i = 0; i < m->n_findings; i++)
		slip_json_append(all, quality_json(&m->findings[i], prints[i]));
	add_json(out, all);
}

/* --- lint.sarif (docs.oasis-open.org/sarif/sarif/v2.1.0) -------------------------------------- */

static struct slip_json *location_json(const struct slip_model_finding *f)
{
	struct slip_json *artifact = slip_json_object(), *region = slip_json_object(),
			 *physical = slip_json_object(), *location = slip_json_object(),
			 *list = slip_json_array();
	slip_autobuf uri;
	slip_buf_init(&uri, 3 * strlen(f->file) + 1);
	slip_link_add_path(&uri, f->file);
	slip_json_set_str(artifact, "uri", uri.data);
	slip_json_set_str(artifact, "uriBaseId", "%SRCROOT%");
	slip_json_set_int(region, "startLine", f->line);
	if (f->col > 0)
		slip_json_set_int(region, "startColumn", f->col);
	slip_json_set(physical, "artifactLocation", artifact);
	slip_json_set(physical, "region", region);
	slip_json_set(location, "physicalLocation", physical);
	slip_json_append(list, location);
	return list;
}

static struct slip_json *result_json(
	const struct slip_model_finding *f, size_t rule, const char *print)
{
	struct slip_json *obj = slip_json_object(), *message = slip_json_object(),
			 *prints = slip_json_object();
	slip_json_set_str(message, "text", f->message);
	slip_json_set_str(prints, "slipway/v1", print);
	slip_json_set_str(obj, "ruleId", f->rule);
	slip_json_set_int(obj, "ruleIndex", (int64_t)rule);
	slip_json_set_str(obj, "level", f->is_error ? "error" : "warning");
	slip_json_set(obj, "message", message);
	slip_json_set(obj, "locations", location_json(f));
	slip_json_set(obj, "partialFingerprints", prints);
	return obj;
}

/* Where the rule stands among those that occur. */
static size_t rule_index(struct slip_strv *names, const char *rule)
{
	size_t i = 0;
	while (i < names->n && !slip_streq(names->v[i], rule))
		i++;
	if (i == names->n)
		slip_strv_add(names, rule);
	return i;
}

static struct slip_json *driver_json(const struct slip_strv *names)
{
	struct slip_json *driver = slip_json_object(), *rules = slip_json_array();
	for (size_t i = 0; i < names->n; i++) {
		struct slip_json *rule = slip_json_object();
		slip_json_set_str(rule, "id", names->v[i]);
		slip_json_append(rules, rule);
	}
	slip_json_set_str(driver, "name", "slipway");
	slip_json_set_str(driver, "version", PACKAGE_VERSION);
	slip_json_set(driver, "rules", rules);
	return driver;
}

void slip_report_sarif(const struct slip_model *m, struct slip_buf *out)
{
	slip_autofree char(*prints)[SLIP_DIGEST_SIZE] = fingerprints(m);
	slip_autostrv names = {0};
	slip_autojson *log = slip_json_object();
	struct slip_json *run = slip_json_object(), *runs = slip_json_array(),
			 *tool = slip_json_object(), *results = slip_json_array();
	for (size_t i = 0; i < m->n_findings; i++) {
		size_t rule = rule_index(&names, m->findings[i].rule);
		slip_json_append(results, result_json(&m->findings[i], rule, prints[i]));
	}
	slip_json_set(tool, "driver", driver_json(&names));
	slip_json_set(run, "tool", tool);
	slip_json_set_str(run, "columnKind", "unicodeCodePoints");
	slip_json_set(run, "results", results);
	slip_json_append(runs, run);
	slip_json_set_str(log, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
	slip_json_set_str(log, "version", "2.1.0");
	slip_json_set(log, "runs", runs);
	add_json(out, log);
}
