/*
 * outputs.env: GitLab's dotenv report. One variable too many, or one byte, fails the whole upload
 * and with it a green job, so the file stays within the defaults of a self-managed server
 * (docs.gitlab.com/ci/yaml/artifacts_reports, dotenv: 5 KiB, 20 variables) and leaves out what the
 * format cannot hold: line breaks, outer blanks (they are stripped), and `$`, which is expanded by
 * whoever reads it. outputs.json has everything.
 */
#include "config.h"

#include "runner/report/files.h"
#include "runner/report/text.h"
#include "runner/report/values.h"

#include <ctype.h>

#define MAX_DOTENV_BYTES (5 * 1024 - 1)
#define MAX_DOTENV_VARIABLES 20

struct dotenv {
	struct slip_buf *out;
	struct slip_map names; /* those written, to their values */
	struct slip_strv *left_out; /* NULL: nobody asks */
};

static void add_name(struct slip_buf *out, const char *text)
{
	for (; *text; text++)
		slip_buf_add_char(out,
			isalnum((unsigned char)*text) ? (char)toupper((unsigned char)*text) : '_');
}

static bool is_plain(const char *value)
{
	size_t len = strlen(value);
	if (len && (isspace((unsigned char)value[0]) || isspace((unsigned char)value[len - 1])))
		return false;
	for (size_t n, i = 0; i < len; i += n) {
		uint32_t c;
		n = slip_text_utf8(value + i, len - i, &c);
		/* Also what Unicode takes for a line break. */
		if (n == 0 || c < 0x20 || (c >= 0x7f && c < 0xa0) || c == '$' || c == 0x2028 ||
			c == 0x2029)
			return false;
	}
	return true;
}

static void add(struct dotenv *d, const char *stage, const char *output, const char *value)
{
	if (!value)
		return;
	slip_autobuf name;
	slip_buf_init(&name, SLIP_MAX_REPORT);
	slip_buf_add_str(&name, "SLIPWAY_");
	add_name(&name, stage);
	slip_buf_add_char(&name, '_');
	add_name(&name, output);
	const char *there = slip_smap_get(&d->names, name.data);
	if (there && slip_streq(there, value))
		return;
	size_t size = name.len + strlen(value) + 2;
	if (there || !is_plain(value) || d->names.n == MAX_DOTENV_VARIABLES ||
		d->out->len + size > MAX_DOTENV_BYTES) {
		if (d->left_out)
			slip_strv_addf(d->left_out, "%s.%s", stage, output);
		return;
	}
	slip_smap_set(&d->names, name.data, value);
	slip_buf_addf(d->out, "%s=%s\n", name.data, value);
}

static void add_tags(struct dotenv *d, const struct slip_model_stage *s, const char *stage)
{
	slip_autofree char *value = slip_values_of_stage(s, "tags");
	add(d, stage, "tags", value);
}

static void write_all(const struct slip_model *m, struct slip_buf *out, struct slip_strv *left_out)
{
	struct dotenv d = {.out = out, .left_out = left_out};
	slip_smap_init(&d.names);
	/* First of all what the next job most often wants. */
	const struct slip_model_stage *image = slip_values_only_image(m);
	if (image) {
		add(&d, "image", "digest", slip_smap_get(&image->outputs, "digest"));
		add(&d, "image", "ref", slip_smap_get(&image->outputs, "ref"));
		add_tags(&d, image, "image");
	}
	for (size_t i = 0; i < m->n; i++) {
		const struct slip_model_stage *s = m->stages[i];
		for (size_t k = 0; k < s->outputs.n; k++) {
			const char *name = s->outputs.entries[k].key;
			/* The only image's own have been written, under names that stay. */
			if (s == image && (slip_streq(name, "digest") || slip_streq(name, "ref") ||
						  slip_streq(name, "image")))
				continue;
			add(&d, s->id, name, s->outputs.entries[k].value);
		}
		if (s != image)
			add_tags(&d, s, s->id);
	}
	slip_map_release(&d.names);
}

void slip_report_outputs_env(const struct slip_model *m, struct slip_buf *out)
{
	write_all(m, out, NULL);
}

void slip_report_left_out(const struct slip_model *m, struct slip_strv *names)
{
	slip_autobuf text;
	slip_buf_init(&text, SLIP_MAX_REPORT);
	write_all(m, &text, names);
}
