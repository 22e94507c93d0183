#include "config.h"

#include "runner/base/io.h"
#include "runner/base/path.h"
#include "steps/dotnet_publish.h"
#include "tests/unit/tap.h"

static struct slip_value text(const char *s)
{
	return (struct slip_value){.text = (char *)s};
}

static struct slip_value flag(bool on)
{
	return (struct slip_value){.text = (char *)(on ? "true" : "false"), .num = on};
}

static char *line(const struct slip_dotnet_spec *d)
{
	slip_autostrv words = {0};
	slip_dotnet_arguments(d, &words);
	return slip_strv_join(&words, " ");
}

static void test_arguments(void)
{
	struct slip_dotnet_spec d = {0};
	slip_autofree char *none = line(&d);
	is_str(none, "publish -c Release -o out", "no options");

	struct slip_value_entry pairs[] = {{.name = text("Name"), .value = text("a;b,c d")}};
	struct slip_value sources[] = {text("https://one"), text("two")};
	struct slip_value args[] = {text("--nologo")};
	d = (struct slip_dotnet_spec){.project = text("App/App.csproj"),
		.configuration = text("Debug"),
		.framework = text("net10.0"),
		.runtime = text("linux-x64"),
		.self_contained = flag(true),
		.single_file = flag(true),
		.trimmed = flag(false),
		.ready_to_run = flag(true),
		.aot = flag(false),
		.version = text("1.2.3"),
		.output = text("dist"),
		.properties = {.v = pairs, .n = 1},
		.sources = {.v = sources, .n = 2},
		.config_file = text("nuget.config"),
		.locked = flag(true),
		.no_restore = flag(true),
		.verbosity = text("quiet"),
		.args = {.v = args, .n = 1}};
	slip_autofree char *all = line(&d);
	is_str(all,
		"publish App/App.csproj -c Debug -f net10.0 -r linux-x64 --self-contained true "
		"-p:PublishSingleFile=true -p:PublishTrimmed=false -p:PublishReadyToRun=true "
		"-p:PublishAot=false -p:Version=1.2.3 -p:Name=a%3Bb%2Cc d --source https://one "
		"--source two --configfile nuget.config -p:RestoreLockedMode=true --no-restore "
		"-v quiet -o dist --nologo",
		"all options");

	d = (struct slip_dotnet_spec){.project = text("All.sln")};
	slip_autofree char *solution = line(&d);
	is_str(solution, "publish All.sln -c Release", "a solution has no output directory");
	ok(!slip_dotnet_output(&d), "and none is known");
}

static char dir[] = "/tmp/slipway-dotnet.XXXXXX";

static void put(const char *path, const char *content)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autofree char *full = slip_path_join(dir, path);
	slip_autofree char *parent = slip_path_dir(full);
	ok(slip_mkdir_p(parent, 0755, &err) == 0 &&
			slip_write_file(
				AT_FDCWD, full, content, strlen(content), 0644, false, &err) == 0,
		"write %s", path);
}

static const char *stamp(const char *argument)
{
	static struct slip_digest d;
	struct slip_err err = SLIP_ERR_INIT;
	slip_autostrv words = {0};
	slip_strv_add(&words, argument);
	if (!ok(slip_dotnet_stamp(dir, &words, &d, &err) == 0, "stamp"))
		diag("%s", err.msg);
	return d.s;
}

static void changes(const char *before, bool should, const char *what)
{
	ok(slip_streq(stamp("a"), before) != should, "%s: %s", what,
		should ? "another stamp" : "the same stamp");
}

static void test_stamp(void)
{
	struct slip_digest first;
	if (!ok(mkdtemp(dir), "a workspace"))
		return;
	put("App/App.csproj", "<Project/>");
	put("App/Program.cs", "one");
	snprintf(first.s, sizeof(first.s), "%s", stamp("a"));
	ok(!slip_streq(first.s, stamp("b")), "other arguments, another stamp");
	put("App/Program.cs", "two");
	put("App/obj/App.csproj.nuget.g.props", "made");
	put(".git/Some.props", "made");
	changes(first.s, false, "sources and what dotnet makes");
	put("App/packages.lock.json", "{}");
	changes(first.s, true, "a lock file");
	snprintf(first.s, sizeof(first.s), "%s", stamp("a"));
	put("App/packages.lock.json", "{ }");
	changes(first.s, true, "its content");
	snprintf(first.s, sizeof(first.s), "%s", stamp("a"));
	put("Directory.Packages.props", "<Project/>");
	changes(first.s, true, "central versions");
	struct slip_err err = SLIP_ERR_INIT;
	ok(slip_remove_tree(AT_FDCWD, dir, &err) == 0, "clean");
}

int main(void)
{
	test_arguments();
	test_stamp();
	return done_testing();
}
