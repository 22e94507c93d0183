#include "config.h"

#include "steps/image/auth.h"

#include "runner/oci/ref.h"
#include "steps/image/registries.h"

static const struct slip_opt table[] = {
	SLIP_REGISTRY_FLAGS(struct slip_registry_set),
	{NULL},
};

/* A host alone has no path, and is a host whatever it looks like. */
static int parse(const char *where, char **host, char **repo, struct slip_err *err)
{
	bool has_path = strchr(where, '/') != NULL;
	slip_autoref ref = {0};
	slip_autofree char *text = slip_xasprintf("%s%s", where, has_path ? "" : "/any");
	if (slip_ref_parse(text, SLIP_REF_TAG_AS_GIVEN, &ref, err) < 0)
		return slip_err_wrap(err, "auth explain %s", where);
	*host = has_path ? slip_xstrdup(ref.domain) : slip_xstrdup(where);
	*repo = slip_xstrdup(has_path ? ref.path : "");
	return 0;
}

int slip_auth_explain(const struct slip_pipeline *p, const char *where, struct slip_buf *out,
	struct slip_err *err)
{
	struct slip_registry_set set = {0};
	struct slip_registry_options opt;
	slip_autojson *logins = slip_json_array();
	slip_autojson *request = NULL;
	slip_autofree char *host = NULL, *repo = NULL;
	int rc = parse(where, &host, &repo, err);
	if (rc == 0 && p)
		rc = slip_registries_from_spec(p, &set.registries, logins, err);
	if (rc == 0) {
		/* As a stage's process reads them. */
		request = slip_registries_to_json(table, &set, logins);
		slip_opt_release(table, &set);
		rc = slip_registries_from_json(table, request, &set, &set.registries, err);
	}
	if (rc == 0) {
		slip_registries_options(&set.registries, &opt);
		slip_registry_print_login(&opt, host, repo, out);
	}
	free(set.registries.logins);
	slip_opt_release(table, &set);
	return rc;
}
