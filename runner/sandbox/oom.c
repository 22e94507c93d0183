#include "config.h"

#include "runner/base/io.h"
#include "runner/base/strv.h"
#include "runner/sandbox/sandbox_internal.h"

/* The number after `key` in "key 12\nother 3\n"; 0 when it is not there. */
static uint64_t counter(const char *text, const char *key)
{
	slip_autostrv lines = {0};
	slip_strv_split(&lines, text, '\n');
	size_t n = strlen(key);
	for (size_t i = 0; i < lines.n; i++) {
		if (strncmp(lines.v[i], key, n) == 0 && lines.v[i][n] == ' ')
			return strtoull(lines.v[i] + n + 1, NULL, 10);
	}
	return 0;
}

static bool read_small(const char *path, struct slip_buf *b)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_buf_clear(b);
	return slip_read_file(AT_FDCWD, path, b, &err) == 0;
}

/*
 * In a container the cgroup's own directory is usually what is mounted, while /proc/self/cgroup may
 * name its place on the node: the named place first, then the root of the mount.
 */
static uint64_t read_counter(const char *mount, const char *cgroup, const char *file)
{
	slip_autobuf b;
	slip_buf_init(&b, 4096);
	slip_autofree char *named = slip_xasprintf("%s%s/%s", mount, cgroup, file);
	slip_autofree char *root = slip_xasprintf("%s/%s", mount, file);
	if (!read_small(named, &b) && !read_small(root, &b))
		return 0;
	return counter(b.data, "oom_kill");
}

/* cgroups(7): lines "id:controllers:path"; version 2 is the line "0::path". */
uint64_t slip_oom_kills(void)
{
	slip_autobuf b;
	slip_buf_init(&b, 64 * 1024);
	if (!read_small("/proc/self/cgroup", &b))
		return 0;
	uint64_t kills = 0;
	slip_autostrv lines = {0};
	slip_strv_split(&lines, b.data, '\n');
	for (size_t i = 0; i < lines.n; i++) {
		const char *controllers = strchr(lines.v[i], ':');
		const char *path = controllers ? strchr(controllers + 1, ':') : NULL;
		if (!path)
			continue;
		if (strncmp(controllers, "::", 2) == 0)
			kills += read_counter("/sys/fs/cgroup", path + 1, "memory.events");
		else if (strncmp(controllers, ":memory:", 8) == 0)
			kills += read_counter(
				"/sys/fs/cgroup/memory", path + 1, "memory.oom_control");
	}
	return kills;
}
