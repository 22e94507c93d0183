#include "config.h"

#include "runner/base/cgroup.h"
#include "runner/base/io.h"
#include "runner/base/path.h"
#include "tests/unit/tap.h"

static char *top;

static void put(const char *name, const char *text)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autofree char *path = slip_path_join(top, name);
	slip_autofree char *dir = slip_path_dir(path);
	if (slip_mkdir_p(dir, 0777, &err) < 0 ||
		slip_write_file(AT_FDCWD, path, text, strlen(text), 0666, false, &err) < 0)
		fail("%s", err.msg);
}

static void is_group(const char *self, const char *mount, const char *want, const char *what)
{
	struct slip_cgroup g;
	slip_autofree char *dir = slip_path_join(top, mount);
	slip_cgroup_read_at(self, dir, &g);
	slip_autofree char *got = slip_xasprintf("%zu cpus, %llu of %llu bytes, %llu kills",
		g.processors, (unsigned long long)g.peak, (unsigned long long)g.memory,
		(unsigned long long)g.oom_kills);
	is_str(got, want, "%s", what);
}

static void test_version2(void)
{
	put("v2/a/cpu.max", "150000 100000\n");
	put("v2/a/memory.max", "536870912\n");
	put("v2/a/memory.peak", "500000000\n");
	put("v2/a/memory.events", "low 0\nhigh 0\nmax 9\noom 3\noom_kill 2\noom_group_kill 0\n");
	put("v2/a/b/cpu.max", "max 100000\n");
	put("v2/a/b/memory.max", "max\n");
	put("v2/a/b/memory.peak", "400000000\n");
	put("v2/a/b/memory.events", "oom_kill 1\n");
	is_group("0::/a/b\n", "v2", "2 cpus, 500000000 of 536870912 bytes, 2 kills",
		"limits of the group above");
	is_group("0::/node/pod/a\n", "v2/a", "2 cpus, 500000000 of 536870912 bytes, 2 kills",
		"a place on the node, while the group itself is mounted");
	is_group("0::/a/../../etc\n", "v2", "0 cpus, 0 of 0 bytes, 0 kills", "no way out");
	is_group("0::/\n", "none", "0 cpus, 0 of 0 bytes, 0 kills", "nothing mounted");
	is_group("", "v2", "0 cpus, 0 of 0 bytes, 0 kills", "no line");
}

static void test_version1(void)
{
	put("v1/memory/x/memory.limit_in_bytes", "1073741824\n");
	put("v1/memory/x/memory.max_usage_in_bytes", "7\n");
	put("v1/memory/x/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 5\n");
	put("v1/memory/memory.limit_in_bytes", "9223372036854771712\n");
	put("v1/cpu/cpu.cfs_quota_us", "400000\n");
	put("v1/cpu/cpu.cfs_period_us", "100000\n");
	is_group("4:memory:/x\n2:cpu,cpuacct:/x\n1:cpuset:/x\n0::/\n", "v1",
		"4 cpus, 7 of 1073741824 bytes, 5 kills", "version 1");
	put("v1/cpu/cpu.cfs_quota_us", "-1\n");
	is_group("2:cpuacct,cpu:/\n", "v1", "0 cpus, 0 of 0 bytes, 0 kills", "no quota");
}

static void test_print(void)
{
	slip_autobuf out;
	slip_buf_init(&out, 1000);
	const struct slip_cgroup before = {.oom_kills = 1};
	const struct slip_cgroup after = {
		.oom_kills = 3, .memory = 512 << 20, .peak = (512 << 20) - 1};
	slip_cgroup_print_oom(&before, &after, &out);
	is_str(out.data,
		"; the kernel killed 2 processes for want of memory (limit 512 MiB, peak 511 MiB): "
		"raise the limit of this container",
		"all that is known");
	slip_buf_clear(&out);
	slip_cgroup_print_oom(&before, &(struct slip_cgroup){.oom_kills = 2}, &out);
	is_str(out.data, "; the kernel killed 1 process for want of memory", "no limit of our own");
	slip_buf_clear(&out);
	slip_cgroup_print_oom(&after, &after, &out);
	is_str(out.data, "", "nothing happened");
}

int main(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	if (slip_make_temp_dir("/tmp", "slipway-test-", &top, &err) < 0)
		slip_bug("%s", err.msg);
	test_version2();
	test_version1();
	test_print();
	(void)!slip_remove_tree(AT_FDCWD, top, NULL);
	free(top);
	return done_testing();
}
