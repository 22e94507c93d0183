#include "config.h"

#include "runner/oci/archive.h"
#include "tests/unit/tap.h"

static const struct {
	const char *text, *error;
} broken[] = {
	{"{}", "manifest.json is not a list of images"},
	{"[1]", "manifest.json: image 1 is not an object"},
	{"[{\"Layers\":[]}]", "manifest.json: image 1: Config is missing"},
	{"[{\"Config\":\"c\",\"Layers\":[\"a\",1]}]",
		"manifest.json: image 1: Layers[1] is not a string"},
	{"[{\"Config\":\"c\",\"RepoTags\":\"a:1\"}]",
		"manifest.json: image 1: RepoTags is not a list"},
	{"[{\"Config\":\"../c\"}]",
		"manifest.json: image 1: \"../c\" is not a path inside the archive"},
	{"[{\"Config\":\"/etc/passwd\"}]",
		"manifest.json: image 1: \"/etc/passwd\" is not a path inside the archive"},
	{"[{\"Config\":\"c\",\"Layers\":[\"x/../../y\"]}]",
		"manifest.json: image 1: \"x/../../y\" is not a path inside the archive"},
	{"[{\"Config\":\"c\",\"Layers\":[\".\"]}]",
		"manifest.json: image 1: \".\" is not a path inside the archive"},
	{"[{\"Config\":\"c\",\"Layers\":[\"\"]}]",
		"manifest.json: image 1: \"\" is not a path inside the archive"},
};

int main(void)
{
	static const char text[] =
		"[{\"Config\":\"./abc.json\",\"RepoTags\":[\"a:1\",\"h.io/a:2\"],"
		"\"Layers\":[\"./1/layer.tar\",\"2/layer.tar\"],\"LayerSources\":{}},"
		"{\"Config\":\"blobs/sha256/d\",\"RepoTags\":null,\"Layers\":null}]";
	static const char printed[] =
		"[{\"Config\":\"abc.json\",\"RepoTags\":[\"a:1\",\"h.io/a:2\"],"
		"\"Layers\":[\"1/layer.tar\",\"2/layer.tar\"]},"
		"{\"Config\":\"blobs/sha256/d\",\"RepoTags\":[],\"Layers\":[]}]";
	struct slip_err err = SLIP_ERR_INIT;
	slip_autoarchive archive = {0}, copy = {0};

	is_int(slip_archive_parse(text, strlen(text), &archive, &err), 0, "as docker writes it");
	is_int(archive.n_images, 2, "two images");
	is_str(archive.images[0].config, "abc.json", "\"./\" goes");
	is_int(archive.images[1].repo_tags.n, 0, "null is no tags");
	for (size_t i = 0; i < archive.n_images; i++)
		slip_archive_add(&copy, &archive.images[i]);
	slip_autofree char *again = slip_archive_print(&copy);
	is_str(again, printed, "printed");
	for (size_t i = 0; i < SLIP_ARRAY_LEN(broken); i++) {
		slip_autoarchive none = {0};
		slip_err_clear(&err);
		int rc = slip_archive_parse(broken[i].text, strlen(broken[i].text), &none, &err);
		is_str(rc < 0 ? err.msg : NULL, broken[i].error, "broken %zu", i);
		is_int(none.n_images, 0, "nothing comes out");
	}
	return done_testing();
}
