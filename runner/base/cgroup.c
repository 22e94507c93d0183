#include "config.h"

#include "runner/base/cgroup.h"

#include "runner/base/io.h"
#include "runner/base/limits.h"
#include "runner/base/strv.h"

#define MAX_SELF (64 * SLIP_KIB)
#define MAX_FILE (4 * SLIP_KIB)
#define MAX_LEVELS 64
#define OOM_SCORE 500
/* Version 1 says "no limit" by a number near the largest: nobody has so much. */
#define NO_LIMIT ((uint64_t)1 << 60)

/* The files of one version. */
struct files {
	const char *quota; /* "quota period", or in version 1 the quota alone */
	const char *period;
	const char *limit;
	const char *peak;
	const char *kills;
};

static const struct files version1 = {"cpu.cfs_quota_us", "cpu.cfs_period_us",
	"memory.limit_in_bytes", "memory.max_usage_in_bytes", "memory.oom_control"};
static const struct files version2 = {
	"cpu.max", NULL, "memory.max", "memory.peak", "memory.events"};

static bool read_small(const char *dir, const char *name, struct slip_buf *b)
{
	slip_autofree char *path = slip_xasprintf("%s/%s", dir, name);
	slip_buf_clear(b);
	return slip_read_file(AT_FDCWD, path, b, NULL) == 0;
}

static uint64_t read_number(const char *dir, const char *name)
{
	slip_autobuf b;
	slip_buf_init(&b, MAX_FILE);
	return read_small(dir, name, &b) ? strtoull(b.data, NULL, 10) : 0;
}

/* The number after "oom_kill" in "low 0\noom_kill 12\n". */
static uint64_t read_kills(const char *dir, const char *name)
{
	slip_autobuf b;
	slip_autostrv lines = {0};
	slip_buf_init(&b, MAX_FILE);
	if (!read_small(dir, name, &b))
		return 0;
	slip_strv_split(&lines, b.data, '\n');
	for (size_t i = 0; i < lines.n; i++) {
		if (slip_starts_with(lines.v[i], "oom_kill "))
			return strtoull(lines.v[i] + strlen("oom_kill "), NULL, 10);
	}
	return 0;
}

static void add_processors(const char *dir, const struct files *f, struct slip_cgroup *out)
{
	slip_autobuf b;
	slip_buf_init(&b, MAX_FILE);
	long long quota = 0, period = 0;
	if (!read_small(dir, f->quota, &b))
		return;
	int n = sscanf(b.data, "%lld %lld", &quota, &period);
	if (n == 1 && f->period)
		period = (long long)read_number(dir, f->period);
	if (n < 1 || quota <= 0 || period <= 0)
		return;
	size_t processors = (size_t)((quota - 1) / period + 1);
	if (!out->processors || processors < out->processors)
		out->processors = processors;
}

static void add_memory(const char *dir, const struct files *f, struct slip_cgroup *out)
{
	uint64_t limit = read_number(dir, f->limit), peak = read_number(dir, f->peak);
	uint64_t kills = read_kills(dir, f->kills);
	bool is_least = limit > 0 && limit < NO_LIMIT && (!out->memory || limit < out->memory);
	if (is_least)
		out->memory = limit;
	if (is_least || !out->peak)
		out->peak = peak;
	if (kills > out->oom_kills)
		out->oom_kills = kills;
}

/* From the group's own place up to the root of the mount. */
static void add_levels(const char *mount, const char *group, const struct files *f,
	void (*add)(const char *dir, const struct files *f, struct slip_cgroup *out),
	struct slip_cgroup *out)
{
	slip_autofree char *path = slip_xstrdup(strstr(group, "..") ? "" : group);
	for (int i = 0; i < MAX_LEVELS; i++) {
		slip_autofree char *dir = slip_xasprintf("%s%s", mount, path);
		char *slash = strrchr(path, '/');
		add(dir, f, out);
		if (!slash)
			return;
		*slash = '\0';
	}
}

static bool has_controller(const char *list, size_t len, const char *name)
{
	size_t n = strlen(name);
	for (size_t i = 0; i + n <= len; i++) {
		if (strncmp(list + i, name, n) == 0 && (i == 0 || list[i - 1] == ',') &&
			(i + n == len || list[i + n] == ','))
			return true;
	}
	return false;
}

/* A line "id:controllers:path"; in version 2 there are no controllers. */
static void add_line(const char *line, const char *mount, struct slip_cgroup *out)
{
	const char *controllers = strchr(line, ':');
	const char *group = controllers ? strchr(++controllers, ':') : NULL;
	if (!group)
		return;
	size_t len = (size_t)(group - controllers);
	group = slip_streq(group + 1, "/") ? "" : group + 1;
	slip_autofree char *memory = slip_xasprintf("%s/memory", mount);
	slip_autofree char *cpu = slip_xasprintf("%s/cpu", mount);
	if (len == 0) {
		add_levels(mount, group, &version2, add_memory, out);
		add_levels(mount, group, &version2, add_processors, out);
	}
	if (has_controller(controllers, len, "memory"))
		add_levels(memory, group, &version1, add_memory, out);
	if (has_controller(controllers, len, "cpu"))
		add_levels(cpu, group, &version1, add_processors, out);
}

void slip_cgroup_read_at(const char *self, const char *mount, struct slip_cgroup *out)
{
	slip_autostrv lines = {0};
	memset(out, 0, sizeof(*out));
	slip_strv_split(&lines, self, '\n');
	for (size_t i = 0; i < lines.n; i++)
		add_line(lines.v[i], mount, out);
}

void slip_cgroup_read(struct slip_cgroup *out)
{
	slip_autobuf self;
	slip_buf_init(&self, MAX_SELF);
	/* Without /proc the mount's root is what is left. */
	if (slip_read_file(AT_FDCWD, "/proc/self/cgroup", &self, NULL) < 0)
		slip_buf_add_str(&self, "0::/");
	slip_cgroup_read_at(self.data, "/sys/fs/cgroup", out);
}

void slip_cgroup_print_oom(
	const struct slip_cgroup *before, const struct slip_cgroup *after, struct slip_buf *out)
{
	uint64_t n = after->oom_kills - before->oom_kills;
	if (after->oom_kills <= before->oom_kills)
		return;
	slip_buf_addf(out, "; the kernel killed %llu process%s for want of memory",
		(unsigned long long)n, n == 1 ? "" : "es");
	if (after->memory)
		slip_buf_addf(
			out, " (limit %llu MiB", (unsigned long long)(after->memory / SLIP_MIB));
	if (after->memory && after->peak)
		slip_buf_addf(out, ", peak %llu MiB", (unsigned long long)(after->peak / SLIP_MIB));
	slip_buf_add_str(out, after->memory ? "): raise the limit of this container" : "");
}

void slip_cgroup_explain_oom(const struct slip_cgroup *before, struct slip_buf *out)
{
	struct slip_cgroup now;
	slip_cgroup_read(&now);
	slip_cgroup_print_oom(before, &now, out);
}

void slip_cgroup_offer(pid_t pid)
{
	char path[64] = "/proc/self/oom_score_adj", text[16] = "";
	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)pid);
	slip_autoclose int fd = open(path, O_RDWR | O_CLOEXEC);
	/* Raising needs no right. */
	if (fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && strtol(text, NULL, 10) < OOM_SCORE)
		(void)!pwrite(fd, "500\n", 4, 0);
}
