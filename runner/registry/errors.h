/*
 * Errors for people: what a registry answered, where, with which login, and what to do.
 *
 * Queries of URLs never show: they may be signatures. Texts of registries are cut and stripped of
 * control characters.
 */
#ifndef SLIP_REGISTRY_ERRORS_H
#define SLIP_REGISTRY_ERRORS_H

#include "runner/registry/exchange.h"

/* Set the error for an answer that is not a success, and return -1. */
int slip_registry_refused(
	const struct slip_exchange *x, const struct slip_http_response *resp, struct slip_err *err);
/* Give an error without an answer its context (action, host, repository) and its remedy. */
int slip_registry_unanswered(const struct slip_exchange *x, struct slip_err *err);
/* "404 Not Found: MANIFEST_UNKNOWN: manifest unknown"; the text is the caller's. */
char *slip_registry_print_answer(const struct slip_http_response *resp);
/* Does the answer's body hold this code of the distribution specification? */
bool slip_registry_has_code(const struct slip_http_response *resp, const char *code);

#endif
