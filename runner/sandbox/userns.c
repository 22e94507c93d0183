#include "config.h"

#include "runner/base/io.h"
#include "runner/base/proc.h"
#include "runner/base/strv.h"
#include "runner/sandbox/sandbox_internal.h"

#include <errno.h>
#include <pwd.h>
#include <sched.h>

/* Inode of the initial user namespace: PROC_USER_INIT_INO of the kernel, the same since 3.8. */
#define INITIAL_USERNS_INODE 0xEFFFFFFDU
#define ALL_IDS 4294967295U
#define MAX_ID_FILE (1024 * 1024)
#define MAX_RANGES 16
#define HELPER_TIMEOUT_MS 10000

bool slip_userns_is_initial(void)
{
	struct stat st;
	return stat("/proc/self/ns/user", &st) == 0 && st.st_ino == INITIAL_USERNS_INODE;
}

uint32_t slip_userns_ids(void)
{
	slip_autobuf b;
	slip_buf_init(&b, 64 * 1024);
	struct slip_err err = SLIP_ERR_INIT;
	if (slip_read_file(AT_FDCWD, "/proc/self/uid_map", &b, &err) < 0)
		return 1;
	uint64_t ids = 0;
	const char *at = b.data;
	unsigned long inside, outside, count;
	int used;
	while (sscanf(at, "%lu %lu %lu%n", &inside, &outside, &count, &used) == 3) {
		ids += count;
		at += used;
	}
	return ids > ALL_IDS ? ALL_IDS : ids ? (uint32_t)ids : 1;
}

/* --- subordinate ids ---------------------------------------------------------------------------
 */

struct range {
	unsigned long start;
	unsigned long count;
};

/* One line "name-or-uid:start:count" of subuid(5). */
static bool parse_range(const char *line, const char *user, uid_t uid, struct range *out)
{
	slip_autostrv fields = {0};
	slip_strv_split(&fields, line, ':');
	char number[16];
	snprintf(number, sizeof(number), "%u", uid);
	if (fields.n != 3 || !(slip_streq(fields.v[0], number) || slip_streq(fields.v[0], user)))
		return false;
	char *end1, *end2;
	errno = 0;
	out->start = strtoul(fields.v[1], &end1, 10);
	out->count = strtoul(fields.v[2], &end2, 10);
	return errno == 0 && !*end1 && !*end2 && out->count && out->start < ALL_IDS &&
	       out->count <= ALL_IDS - out->start;
}

static size_t read_ranges(const char *file, uid_t uid, struct range *ranges)
{
	slip_autobuf b;
	slip_buf_init(&b, MAX_ID_FILE);
	struct slip_err err = SLIP_ERR_INIT;
	if (slip_read_file(AT_FDCWD, file, &b, &err) < 0)
		return 0;
	const struct passwd *pw = getpwuid(uid);
	slip_autostrv lines = {0};
	slip_strv_split(&lines, b.data, '\n');
	size_t n = 0;
	for (size_t i = 0; i < lines.n && n < MAX_RANGES; i++)
		n += parse_range(lines.v[i], pw ? pw->pw_name : "", uid, &ranges[n]);
	return n;
}

/* newuidmap(1): it is setuid, and checks the ranges itself. *ids is what it mapped. */
static int map_with_helper(const char *helper, const char *file, pid_t pid, uid_t id, uint32_t *ids,
	struct slip_err *err)
{
	struct range ranges[MAX_RANGES];
	size_t n = read_ranges(file, getuid(), ranges);
	if (!n)
		return slip_err_set(err, SLIP_E_SANDBOX, 0, "%s has no entry for this user", file);
	slip_autostrv argv = {0};
	slip_strv_add(&argv, helper);
	slip_strv_addf(&argv, "%d", (int)pid);
	slip_strv_add(&argv, "0");
	slip_strv_addf(&argv, "%u", id);
	slip_strv_add(&argv, "1");
	uint64_t next = 1;
	for (size_t i = 0; i < n && next + ranges[i].count <= ALL_IDS; i++) {
		slip_strv_addf(&argv, "%llu", (unsigned long long)next);
		slip_strv_addf(&argv, "%lu", ranges[i].start);
		slip_strv_addf(&argv, "%lu", ranges[i].count);
		next += ranges[i].count;
	}
	slip_autoclose int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct slip_proc_spec spec = {
		.argv = (const char *const *)argv.v,
		.stdin_fd = -1,
		.stdout_fd = null_fd,
		.stderr_fd = null_fd,
	};
	struct slip_proc proc;
	int status;
	if (slip_proc_start(&spec, &proc, err) < 0)
		return -1;
	if (slip_proc_wait(&proc, HELPER_TIMEOUT_MS, &status, err) < 0) {
		slip_proc_stop(&proc, 0);
		return slip_err_wrap(err, "%s", helper);
	}
	if (status != 0)
		return slip_err_set(err, SLIP_E_SANDBOX, 0,
			"%s ended with status %d (it needs its setuid bit or file capability: "
			"allowPrivilegeEscalation must not be false)",
			helper, status);
	*ids = (uint32_t)next;
	return 0;
}

/* --- maps ---------------------------------------------------------------------------------------
 */

static int write_proc(pid_t pid, const char *file, const char *text, struct slip_err *err)
{
	slip_autofree char *path = slip_xasprintf("/proc/%d/%s", (int)pid, file);
	slip_autoclose int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return slip_err_set(err, SLIP_E_SANDBOX, errno, "write \"%s\" to %s", text, file);
	return 0;
}

static int map_identity(pid_t pid, uint32_t count, struct slip_err *err)
{
	char map[32];
	snprintf(map, sizeof(map), "0 0 %u", count);
	if (write_proc(pid, "uid_map", map, err) < 0)
		return -1;
	return write_proc(pid, "gid_map", map, err);
}

static int map_subordinate(pid_t pid, uint32_t *ids, struct slip_err *err)
{
	uint32_t gids;
	if (map_with_helper("newuidmap", "/etc/subuid", pid, getuid(), ids, err) < 0)
		return -1;
	return map_with_helper("newgidmap", "/etc/subgid", pid, getgid(), &gids, err);
}

/* user_namespaces(7): an unprivileged group map is allowed only once setgroups(2) is given up. */
static int map_self(pid_t pid, struct slip_err *err)
{
	char uid_map[32], gid_map[32];
	snprintf(uid_map, sizeof(uid_map), "0 %u 1", geteuid());
	snprintf(gid_map, sizeof(gid_map), "0 %u 1", getegid());
	if (write_proc(pid, "uid_map", uid_map, err) < 0 ||
		write_proc(pid, "setgroups", "deny", err) < 0)
		return -1;
	return write_proc(pid, "gid_map", gid_map, err);
}

/* What the process outside the new namespace, where the right to map ids is, needs to know. */
struct mapping {
	pid_t pid;
	int go[2]; /* a pipe: a byte says that the namespace exists */
	struct slip_userns result;
};

/* A map can be written once, but a refused attempt leaves it unwritten: widest first. */
static int map_widest(pid_t pid, struct slip_userns *ns, struct slip_err *err)
{
	static const uint32_t counts[] = {ALL_IDS, 65536};
	struct slip_err refused = SLIP_ERR_INIT;
	for (size_t i = 0; geteuid() == 0 && i < SLIP_ARRAY_LEN(counts); i++) {
		slip_err_clear(&refused);
		ns->ids = counts[i];
		if (map_identity(pid, counts[i], &refused) == 0)
			return 0;
	}
	if (geteuid() != 0 && map_subordinate(pid, &ns->ids, &refused) == 0)
		return 0;
	snprintf(ns->refused, sizeof(ns->refused), "%.*s", (int)sizeof(ns->refused) - 1,
		refused.msg);
	ns->ids = 1;
	return map_self(pid, err);
}

static int map_when_told(void *arg, struct slip_err *err)
{
	struct mapping *m = arg;
	char go;
	close(m->go[1]);
	if (read(m->go[0], &go, 1) != 1)
		return slip_err_set(err, SLIP_E_SANDBOX, 0, "no namespace to map ids for");
	return map_widest(m->pid, &m->result, err);
}

static bool sysctl_is(const char *path, const char *value)
{
	slip_autobuf b;
	slip_buf_init(&b, 64);
	struct slip_err err = SLIP_ERR_INIT;
	return slip_read_file(AT_FDCWD, path, &b, &err) == 0 &&
	       strncmp(b.data, value, strlen(value)) == 0 && b.data[strlen(value)] == '\n';
}

/* Which of the several switches refused, as far as it can be told from here. */
static const char *remedy(int sys)
{
	if (sysctl_is("/proc/sys/kernel/unprivileged_userns_clone", "0"))
		return "set the sysctl kernel.unprivileged_userns_clone=1";
	if (sys == ENOSPC || sysctl_is("/proc/sys/user/max_user_namespaces", "0"))
		return "raise the sysctl user.max_user_namespaces";
	if (sysctl_is("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1"))
		return "set the sysctl kernel.apparmor_restrict_unprivileged_userns=0";
	return "in Kubernetes give the container seccompProfile: {type: Unconfined} and "
	       "appArmorProfile: {type: Unconfined}, or the pod hostUsers: false and the container "
	       "capabilities: {add: [SYS_ADMIN]}";
}

int slip_userns_enter(struct slip_userns *ns, struct slip_err *err)
{
	struct mapping m = {.pid = getpid()};
	if (pipe2(m.go, O_CLOEXEC) < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "pipe");
	slip_autoclose int wait_end SLIP_UNUSED = m.go[0];
	slip_autoclose int tell_end = m.go[1];
	struct slip_forked helper;
	if (slip_forked_start(map_when_told, &m, sizeof(m), &helper, err) < 0)
		return -1;
	int sys = unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 ? errno : 0;
	if (sys == 0)
		(void)!write(tell_end, "g", 1);
	slip_cleanup_close(&tell_end);
	struct slip_err failed = SLIP_ERR_INIT;
	int rc = slip_forked_finish(&helper, &m, sizeof(m), &failed);
	if (sys != 0)
		return slip_err_set(err, SLIP_E_SANDBOX, 0, "unshare(CLONE_NEWUSER): %s; %s",
			strerror(sys), remedy(sys));
	if (rc < 0)
		return slip_err_copy(err, &failed);
	*ns = m.result;
	return 0;
}
