/* The client's own state. For runner/registry/ only. */
#ifndef SLIP_REGISTRY_REGISTRY_INTERNAL_H
#define SLIP_REGISTRY_REGISTRY_INTERNAL_H

#include "runner/registry/host.h"
#include "runner/registry/registry.h"
#include "runner/registry/retry.h"
#include "runner/registry/token.h"

#include <pthread.h>

struct slip_spare_session;

struct slip_registry {
	struct slip_registry_options opt;
	struct slip_http *http;
	struct slip_retry_policy policy;
	struct slip_hosts hosts;
	struct slip_tokens tokens;

	pthread_mutex_t lock;
	pthread_cond_t changed; /* of pushes */
	struct slip_map pushes; /* "host/repository@digest" -> push.c's states */
	struct slip_spare_session *spares; /* uploads that checks opened, push.c's */
	struct slip_map warnings; /* texts of Warning headers that were shown */
};

/* Cancel the uploads that nobody has used. */
void slip_registry_drop_spares(struct slip_registry *r);

#endif
