#include "config.h"

#include "steps/image/result.h"

#include "runner/base/limits.h"
#include "runner/base/log.h"
#include "runner/base/path.h"
#include "runner/oci/ref.h"

#include <errno.h>

static int write_text(const char *file, const char *text, struct slip_err *err)
{
	slip_autofree char *dir = slip_path_dir(file);
	if (slip_mkdir_p(dir, 0755, err) < 0)
		return -1;
	struct stat st;
	/* A device or pipe (/dev/termination-log, /dev/stdout) is written, not replaced. */
	if (stat(file, &st) == 0 && !S_ISREG(st.st_mode)) {
		slip_autoclose int fd = open(file, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		if (fd < 0)
			return slip_err_set(err, SLIP_E_IO, errno, "open %s", file);
		return slip_write_all(fd, text, strlen(text), err);
	}
	struct slip_err why = SLIP_ERR_INIT;
	if (slip_write_file(AT_FDCWD, file, text, strlen(text), 0644, false, &why) == 0)
		return 0;
	/* A bind-mounted file (a pod's termination log) cannot be replaced by rename. */
	if (why.sys != EBUSY && why.sys != EXDEV && why.sys != EROFS && why.sys != EACCES &&
		why.sys != EPERM)
		return slip_err_copy(err, &why);
	slip_autoclose int fd = open(file, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return slip_err_copy(err, &why);
	return slip_write_all(fd, text, strlen(text), err);
}

/* A line repository[:tag]@digest for every destination. */
static char *name_lines(
	const struct slip_strv *destinations, const struct slip_digest *digest, bool with_tag)
{
	struct slip_buf text;
	slip_buf_init(&text, SLIP_MAX_MANIFEST);
	for (size_t i = 0; i < destinations->n; i++) {
		slip_autoref ref = {0};
		if (slip_ref_parse(destinations->v[i], SLIP_REF_TAG_DEFAULT, &ref, NULL) < 0)
			continue;
		slip_autofree char *repo = slip_ref_print_repo(&ref);
		slip_buf_addf(&text, "%s%s%s@%s\n", repo, with_tag && ref.tag ? ":" : "",
			with_tag && ref.tag ? ref.tag : "", digest->s);
	}
	return slip_buf_take(&text);
}

int slip_digest_files_write(const struct slip_digest_files *f, const struct slip_strv *destinations,
	const struct slip_digest *digest, struct slip_err *err)
{
	slip_autofree char *names = name_lines(destinations, digest, false);
	slip_autofree char *tagged = name_lines(destinations, digest, true);
	if (f->digest && write_text(f->digest, digest->s, err) < 0)
		return slip_err_wrap(err, "--digest-file");
	if (f->names && write_text(f->names, names, err) < 0)
		return slip_err_wrap(err, "--image-name-with-digest-file");
	if (f->tagged_names && write_text(f->tagged_names, tagged, err) < 0)
		return slip_err_wrap(err, "--image-name-tag-with-digest-file");
	return 0;
}

void slip_tell_result(const struct slip_strv *destinations, const struct slip_digest *digest)
{
	const char *first = destinations->n ? destinations->v[0] : NULL;
	const char *known = slip_digest_is_set(digest) ? digest->s : NULL;
	slip_autoref ref = {0};
	slip_autofree char *by_digest = NULL;
	if (first && known && slip_ref_parse(first, SLIP_REF_TAG_DEFAULT, &ref, NULL) == 0) {
		slip_autofree char *repo = slip_ref_print_repo(&ref);
		by_digest = slip_xasprintf("%s@%s", repo, known);
	}
	slip_event("stage.result", "digest", known, "ref", by_digest, "image", first, NULL);
}

static void tell(const char *what, const struct slip_descriptor *desc, double seconds)
{
	char bytes[24], time[24];
	snprintf(bytes, sizeof(bytes), "%llu", (unsigned long long)desc->size);
	snprintf(time, sizeof(time), "%.3f", seconds);
	slip_event("transfer.done", "what", what, "digest", desc->digest.s, "bytes", bytes,
		"seconds", time, NULL);
}

void slip_tell_pull(const struct slip_descriptor *desc, double seconds)
{
	tell("pulled", desc, seconds);
}

void slip_tell_push(enum slip_push_how how, const struct slip_descriptor *desc, double seconds)
{
	static const char *const names[] = {"found", "mounted", "uploaded"};
	tell(names[how], desc, seconds);
}
