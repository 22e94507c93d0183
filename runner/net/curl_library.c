#include "config.h"

#include "runner/net/curl_library.h"

#include <dlfcn.h>
#include <pthread.h>

struct slip_curl_library slip_curl;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct slip_err failure; /* of the one attempt */

static int find_functions(void *handle, struct slip_err *err)
{
#define FIND(name)                                                                                 \
	slip_curl.name = (__typeof__(&curl_##name))(uintptr_t)dlsym(handle, "curl_" #name);        \
	if (!slip_curl.name)                                                                       \
		return slip_err_set(err, SLIP_E_IO, 0, "%s has no function curl_%s",               \
			SLIP_LIBCURL_SONAME, #name);
	SLIP_CURL_FUNCTIONS(FIND)
#undef FIND
	return 0;
}

/* The library stays until the program ends: curl and what it loads do not unload cleanly. */
static void load(void)
{
	void *handle = dlopen(SLIP_LIBCURL_SONAME, RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE);
	if (!handle) {
		(void)!slip_err_set(&failure, SLIP_E_IO, 0, "registries need %s: %s",
			SLIP_LIBCURL_SONAME, dlerror());
		return;
	}
	if (find_functions(handle, &failure) == 0 &&
		slip_curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		(void)!slip_err_set(&failure, SLIP_E_IO, 0, "libcurl does not start");
	dlclose(handle);
}

int slip_curl_load(struct slip_err *err)
{
	pthread_once(&once, load);
	return slip_err_is(&failure, SLIP_E_NONE) ? 0 : slip_err_copy(err, &failure);
}
