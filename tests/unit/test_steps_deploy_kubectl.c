#include "config.h"

#include "runner/base/limits.h"
#include "steps/deploy/kubectl.h"
#include "steps/deploy/rollout.h"
#include "tests/unit/tap.h"

static void test_classes(void)
{
	static const struct {
		const char *line;
		enum slip_err_code code;
	} table[] = {
		{"error: You must be logged in to the server (Unauthorized)", SLIP_E_AUTH},
		{"Error from server (Forbidden): deployments.apps \"web\" is forbidden: User",
			SLIP_E_AUTH},
		{"Unable to connect to the server: dial tcp: lookup k8s: no such host", SLIP_E_NET},
		{"The connection to the server localhost:8080 was refused - did you specify the "
		 "right host or port?",
			SLIP_E_NET},
		{"Error from server (ServiceUnavailable): the server is currently unable",
			SLIP_E_NET},
		{"error: timed out waiting for the condition", SLIP_E_TIMEOUT},
		{"error: deployment \"web\" exceeded its progress deadline", SLIP_E_COMMAND},
		{"Error from server (NotFound): namespaces \"x\" not found", SLIP_E_COMMAND},
		{"Waiting for deployment \"web\" rollout to finish", SLIP_E_NONE},
		{"deployment.apps/web serverside-applied", SLIP_E_NONE},
	};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(table); i++)
		is_int(slip_kubectl_classify(table[i].line), table[i].code, "%s", table[i].line);
}

static void is_pod(const char *json, const char *want)
{
	slip_autojson *pod = NULL;
	slip_autobuf line;
	struct slip_err err = SLIP_ERR_INIT;
	slip_buf_init(&line, SLIP_MAX_LOG_LINE);
	ok(slip_json_parse(json, strlen(json), "pod", SLIP_E_NET, &pod, &err) == 0, "%s", err.msg);
	slip_rollout_describe_pod(pod, &line);
	is_str(line.data, want, "%s", want);
}

static void test_pods(void)
{
	is_pod("{\"metadata\":{\"name\":\"web-1\"},\"status\":{\"phase\":\"Pending\","
	       "\"containerStatuses\":[{\"name\":\"app\",\"state\":{\"waiting\":{\"reason\":"
	       "\"ImagePullBackOff\",\"message\":\"Back-off\"}}}]}}",
		"pod web-1: Pending, container app: ImagePullBackOff: Back-off");
	is_pod("{\"metadata\":{\"name\":\"web-2\"},\"status\":{\"phase\":\"Failed\","
	       "\"initContainerStatuses\":[{\"name\":\"init\",\"state\":{\"terminated\":"
	       "{\"reason\":\"Error\",\"exitCode\":3}}}]}}",
		"pod web-2: Failed, container init: Error (exit code 3)");
	is_pod("{\"metadata\":{\"name\":\"web-3\"},\"status\":{\"phase\":\"Pending\","
	       "\"conditions\":[{\"type\":\"PodScheduled\",\"status\":\"False\",\"message\":"
	       "\"0/3 nodes are available\"}]}}",
		"pod web-3: Pending, 0/3 nodes are available");
	is_pod("[]", "pod ?: unknown");
}

static void test_object_names(void)
{
	struct slip_kube_object web = {
		.group = (char *)"apps", .kind = (char *)"Deployment", .name = (char *)"Web.1"};
	struct slip_kube_object svc = {
		.group = (char *)"", .kind = (char *)"Service", .name = (char *)"web"};
	slip_autofree char *a = slip_kube_object_print(&web);
	slip_autofree char *b = slip_kube_object_print(&svc);
	is_str(a, "deployment.apps/Web.1", "with a group");
	is_str(b, "service/web", "of the core group");
}

int main(void)
{
	test_classes();
	test_pods();
	test_object_names();
	return done_testing();
}
