#include "config.h"

#include "runner/base/finding.h"

#include "runner/base/log.h"
#include "runner/base/path.h"

void slip_finding_tell(const struct slip_finding *f, const char *fmt, ...)
{
	static const char *const severities[] = {"warning", "error"};
	char line[16], col[16];
	va_list ap;
	va_start(ap, fmt);
	slip_autofree char *message = slip_xvasprintf(fmt, ap);
	va_end(ap);
	snprintf(line, sizeof(line), "%u", f->line);
	snprintf(col, sizeof(col), "%u", f->col);
	/* Readers of the event may have another working directory. */
	slip_autofree char *file = slip_path_absolute(f->file);
	if (f->severity == SLIP_SEVERITY_WARNING)
		slip_warn("%s:%u: %s", f->file, f->line, message);
	slip_event("finding", "rule", f->rule, "severity", severities[f->severity], "file", file,
		"line", line, "col", f->col ? col : NULL, "message", message, NULL);
}

void slip_failure_tell(const char *file, unsigned line)
{
	char text[16];
	snprintf(text, sizeof(text), "%u", line);
	slip_autofree char *path = slip_path_absolute(file);
	slip_event("failure.at", "file", path, "line", text, NULL);
}
