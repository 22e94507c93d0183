/*
 * outputs.env: GitLab's dotenv report. One file over a limit fails the whole upload, so it stays
 * within the defaults of a self-managed server (docs.gitlab.com/ci/yaml/artifacts_reports, dotenv:
 * 5 KiB, 20 variables) and leaves out what the format cannot hold: newlines, and `$`, which is
 * expanded by whoever reads it. outputs.json has everything.
 */
#include "config.h"

#include "runner/report/files.h"
#include "runner/report/text.h"

#include <ctype.h>

#define MAX_DOTENV_BYTES 5000
#define MAX_DOTENV_VARIABLES 20

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
		return false; /* GitLab strips values */
	for (size_t n, i = 0; i < len; i += n) {
		uint32_t c;
		n = slip_text_utf8(value + i, len - i, &c);
		if (n == 0 || c < 0x20 || c == 0x7f || c == '$')
			return false;
	}
	return true;
}

void slip_report_outputs_env(const struct slip_model *m, struct slip_buf *out)
{
	size_t count = 0;
	for (size_t i = 0; i < m->n; i++) {
		const struct slip_map *outputs = &m->stages[i]->outputs;
		for (size_t k = 0; k < outputs->n && count < MAX_DOTENV_VARIABLES; k++) {
			const char *value = outputs->entries[k].value;
			size_t before = out->len;
			if (!is_plain(value))
				continue;
			slip_buf_add_str(out, "SLIPWAY_");
			add_name(out, m->stages[i]->id);
			slip_buf_add_char(out, '_');
			add_name(out, outputs->entries[k].key);
			slip_buf_addf(out, "=%s\n", value);
			if (out->len > MAX_DOTENV_BYTES)
				slip_buf_truncate(out, before);
			else
				count++;
		}
	}
}
