#include "config.h"

#include "runner/base/limits.h"
#include "runner/net/url.h"
#include "tests/unit/tap.h"

static void parses(const char *text, const char *want)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autourl url = {0};
	int rc = slip_url_parse(text, &url, &err);
	slip_autofree char *got = rc == 0 ? slip_url_print(&url) : NULL;
	is_str(got, want, "parse %s", text);
}

static void refuses(const char *text)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autourl url = {0};
	ok(slip_url_parse(text, &url, &err) != 0 && err.code != SLIP_E_NONE && !url.host,
		"refuse %s", text);
}

static void joins(const char *base_text, const char *reference, const char *want)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autourl base = {0};
	slip_autourl url = {0};
	ok(slip_url_parse(base_text, &base, &err) == 0, "base %s", base_text);
	int rc = slip_url_join(&base, reference, &url, &err);
	slip_autofree char *got = rc == 0 ? slip_url_print(&url) : NULL;
	is_str(got, want, "join \"%s\"", reference);
}

static void test_parse(void)
{
	parses("https://Registry.Example.com/v2/", "https://registry.example.com/v2/");
	parses("HTTP://localhost:5000", "http://localhost:5000/");
	parses("https://a:443/x?y=1#z", "https://a/x?y=1");
	parses("http://a?q", "http://a/?q");
	parses("http://[::1]:5000/v2/", "http://[::1]:5000/v2/");
	parses("https://s3/b?X=%2F&y=a+b", "https://s3/b?X=%2F&y=a+b");
	refuses("ftp://a/");
	refuses("file:///etc/passwd");
	refuses("https://user:secret@a/");
	refuses("https://a b/");
	struct slip_url split = {0};
	ok(slip_url_parse("https://a/\r\nX: y", &split, NULL) != 0, "refuse line breaks");
	refuses("https://a/\xc3\xa4");
	refuses("https:///x");
	refuses("https://a:0/");
	refuses("https://a:99999/");
	refuses("https://a:12x/");
	refuses("https://[::1/");
	refuses("https://a\\b/");
	refuses("");
	slip_autofree char *text = slip_xmalloc(SLIP_MAX_URL + 2);
	memset(text, 'a', SLIP_MAX_URL + 1);
	text[SLIP_MAX_URL + 1] = '\0';
	memcpy(text, "https://", 8);
	refuses(text);
	struct slip_err err = SLIP_ERR_INIT;
	slip_autourl url = {0};
	ok(slip_url_parse("https://b@d/?signature=geheim", &url, &err) != 0 &&
			!strstr(err.msg, "geheim"),
		"an error shows no query");
}

static void test_join(void)
{
	static const char base[] = "https://r.example.com:5000/v2/a/b/blobs/uploads/1?x=y";
	joins(base, "/v2/a/b/blobs/uploads/2?_state=a%3D",
		"https://r.example.com:5000/v2/a/b/blobs/"
		"uploads/2?_state=a%3D");
	joins(base, "https://store.example.com/x?sig=1", "https://store.example.com/x?sig=1");
	joins(base, "HTTP://store/x", "http://store/x");
	joins(base, "//other/x", "https://other/x");
	joins(base, "2", "https://r.example.com:5000/v2/a/b/blobs/uploads/2");
	joins(base, "../x/./y", "https://r.example.com:5000/v2/a/b/blobs/x/y");
	joins(base, "../../../../../../../x", "https://r.example.com:5000/x");
	joins(base, "..", "https://r.example.com:5000/v2/a/b/blobs/");
	joins(base, "?z", "https://r.example.com:5000/v2/a/b/blobs/uploads/1?z");
	joins(base, "", NULL);
	joins(base, "javascript:alert(1)", NULL);
	joins(base, "//user@host/", NULL);
	joins(base, "/a b", NULL);
}

static void test_param(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autourl url = {0};
	ok(slip_url_parse("https://a/u", &url, &err) == 0, "parse");
	slip_url_add_param(&url, "digest", "sha256:ab");
	is_str(url.query, "digest=sha256%3Aab", "first parameter");
	slip_url_add_param(&url, "scope", "repository:a/b:pull,push ~x");
	is_str(url.query, "digest=sha256%3Aab&scope=repository%3Aa%2Fb%3Apull%2Cpush%20~x",
		"second parameter");
	slip_autofree char *shown = slip_url_print_public(&url);
	is_str(shown, "https://a/u", "messages show no query");
}

static void test_origin(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	static const struct {
		const char *a, *b;
		bool same;
	} cases[] = {
		{"https://a/", "https://A:443/x", true},
		{"https://a/", "http://a/", false},
		{"https://a/", "https://a:444/", false},
		{"https://a.example.com/", "https://a.example.com.evil/", false},
	};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(cases); i++) {
		slip_autourl a = {0};
		slip_autourl b = {0};
		bool good = slip_url_parse(cases[i].a, &a, &err) == 0 &&
			    slip_url_parse(cases[i].b, &b, &err) == 0;
		ok(good && slip_url_same_origin(&a, &b) == cases[i].same, "origin of %s and %s",
			cases[i].a, cases[i].b);
	}
}

static void test_zone(void)
{
	static const struct {
		const char *host;
		enum slip_url_zone zone;
	} cases[] = {
		{"registry.example.com", SLIP_ZONE_NAME},
		{"localhost:5000", SLIP_ZONE_LOOPBACK},
		{"x.localhost", SLIP_ZONE_LOOPBACK},
		{"localhost.example.com", SLIP_ZONE_NAME},
		{"127.3.4.5", SLIP_ZONE_LOOPBACK},
		{"2130706433", SLIP_ZONE_LOOPBACK},
		{"0x7f.1", SLIP_ZONE_LOOPBACK},
		{"[::1]:80", SLIP_ZONE_LOOPBACK},
		{"[::ffff:127.0.0.1]", SLIP_ZONE_LOOPBACK},
		{"169.254.169.254", SLIP_ZONE_LINK_LOCAL},
		{"[fe80::1]", SLIP_ZONE_LINK_LOCAL},
		{"10.1.2.3", SLIP_ZONE_PRIVATE},
		{"172.16.0.1", SLIP_ZONE_PRIVATE},
		{"172.32.0.1", SLIP_ZONE_PUBLIC},
		{"192.168.1.1:5000", SLIP_ZONE_PRIVATE},
		{"100.64.0.1", SLIP_ZONE_PRIVATE},
		{"0.0.0.0", SLIP_ZONE_PRIVATE},
		{"[fd00::1]", SLIP_ZONE_PRIVATE},
		{"[::]", SLIP_ZONE_PRIVATE},
		{"8.8.8.8", SLIP_ZONE_PUBLIC},
		{"[2001:db8::1]", SLIP_ZONE_PUBLIC},
	};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(cases); i++)
		is_int(slip_url_zone(cases[i].host), cases[i].zone, "zone of %s", cases[i].host);
}

int main(void)
{
	test_parse();
	test_join();
	test_param();
	test_origin();
	test_zone();
	return done_testing();
}
