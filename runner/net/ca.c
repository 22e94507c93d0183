#include "config.h"

#include "runner/net/ca.h"

#include "runner/base/io.h"
#include "runner/base/limits.h"

#include <dirent.h>

static const char *const known_files[] = {
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
	"/etc/ssl/ca-bundle.pem",
	"/etc/ssl/cert.pem",
	"/kaniko/ssl/certs/ca-certificates.crt",
};

static const char *get_env(const char *name)
{
	const char *value = getenv(name);
	return value && value[0] ? value : NULL;
}

static const char *system_file(void)
{
	const char *file = get_env("SSL_CERT_FILE");
	if (file)
		return file;
	for (size_t i = 0; i < SLIP_ARRAY_LEN(known_files); i++)
		if (access(known_files[i], R_OK) == 0)
			return known_files[i];
	return NULL;
}

const char *slip_ca_file(void)
{
	return get_env("SSL_CERT_DIR") ? NULL : system_file();
}

static int add_file(const char *path, struct slip_buf *out, struct slip_err *err)
{
	if (slip_read_file(AT_FDCWD, path, out, err) != 0)
		return slip_err_wrap(err, "certificates");
	slip_buf_add_char(out, '\n');
	return slip_buf_check(out, "the set of trusted certificates", err);
}

/* Whatever cannot be read is left out: such directories hold stray and dangling links. */
static void add_directory(const char *dir, struct slip_buf *out)
{
	DIR *d = opendir(dir);
	if (!d)
		return;
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		struct stat st;
		if (fstatat(dirfd(d), e->d_name, &st, 0) != 0 || !S_ISREG(st.st_mode))
			continue;
		size_t before = out->len;
		struct slip_err ignored = SLIP_ERR_INIT;
		if (slip_read_file(dirfd(d), e->d_name, out, &ignored) == 0)
			slip_buf_add_char(out, '\n');
		else
			slip_buf_truncate(out, before);
	}
	closedir(d);
}

int slip_ca_bundle(const struct slip_strv *extra, struct slip_buf *out, struct slip_err *err)
{
	const char *dirs = get_env("SSL_CERT_DIR");
	const char *file = dirs ? get_env("SSL_CERT_FILE") : system_file();
	if (file && add_file(file, out, err) != 0)
		return -1;
	slip_autostrv list = {0};
	if (dirs)
		slip_strv_split(&list, dirs, ':');
	for (size_t i = 0; i < list.n; i++)
		add_directory(list.v[i], out);
	for (size_t i = 0; extra && i < extra->n; i++)
		if (add_file(extra->v[i], out, err) != 0)
			return -1;
	return slip_buf_check(out, "the set of trusted certificates", err);
}
