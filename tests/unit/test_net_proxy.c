#include "config.h"

#include "runner/net/proxy.h"
#include "tests/unit/tap.h"

#define PROXY "http://proxy:3128"

static void test_no_proxy(void)
{
	static const struct {
		const char *url, *no_proxy;
		bool goes_straight;
	} cases[] = {
		{"https://registry.example.com/", NULL, false},
		{"https://registry.example.com/", "", false},
		{"https://registry.example.com/", "*", true},
		{"https://registry.example.com/", "example.com", true},
		{"https://registry.example.com/", "a, example.com ,b", true},
		{"https://registry.example.com/", ".example.com", true},
		{"https://registry.example.com/", "*.example.com", true},
		{"https://example.com/", ".example.com", false},
		{"https://example.com/", "example.com", true},
		{"https://notexample.com/", "example.com", false},
		{"https://example.com:5000/", "example.com:5000", true},
		{"https://example.com:5001/", "example.com:5000", false},
		{"https://10.1.2.3/", "10.0.0.0/8", true},
		{"https://11.1.2.3/", "10.0.0.0/8", false},
		{"https://10.1.2.3/", "10.1.2.3", true},
		{"https://10.1.2.3:5000/", "10.1.2.3:5000", true},
		{"https://10.1.2.3:5000/", "10.1.2.3:5001", false},
		{"https://[2001:db8::5]/", "2001:db8::/33", true},
		{"https://[2001:db8::5]/", "2001:db9::/32", false},
		{"https://[2001:db8::5]/", "[2001:db8::5]", true},
		{"https://10.1.2.3/", "10.0.0.0/33", false},
		{"https://localhost/", NULL, true},
		{"https://127.0.0.1:5000/", NULL, true},
		{"https://[::1]/", NULL, true},
	};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(cases); i++) {
		struct slip_err err = SLIP_ERR_INIT;
		slip_autourl url = {0};
		struct slip_proxy_env env = {.https_proxy = PROXY, .no_proxy = cases[i].no_proxy};
		ok(slip_url_parse(cases[i].url, &url, &err) == 0, "%s", cases[i].url);
		is_str(slip_proxy_for(&env, &url), cases[i].goes_straight ? "" : PROXY,
			"NO_PROXY=%s", cases[i].no_proxy ? cases[i].no_proxy : "(unset)");
	}
}

static void test_env(void)
{
	static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "http_proxy",
		"HTTP_PROXY", "no_proxy", "NO_PROXY", "REQUEST_METHOD"};
	struct slip_proxy_env env;
	for (size_t i = 0; i < SLIP_ARRAY_LEN(names); i++)
		unsetenv(names[i]);
	setenv("HTTPS_PROXY", "upper", 1);
	setenv("HTTP_PROXY", "plain", 1);
	slip_proxy_env_read(&env);
	is_str(env.https_proxy, "upper", "upper case");
	is_str(env.http_proxy, "plain", "HTTP_PROXY");
	setenv("https_proxy", "lower", 1);
	setenv("REQUEST_METHOD", "GET", 1);
	slip_proxy_env_read(&env);
	is_str(env.https_proxy, "lower", "lower case comes first");
	is_str(env.http_proxy, NULL, "HTTP_PROXY is a header in CGI programs");
}

int main(void)
{
	test_no_proxy();
	test_env();
	return done_testing();
}
