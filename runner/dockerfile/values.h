/*
 * Values of single instructions, after expansion: ports, signals.
 */
#ifndef SLIP_DOCKERFILE_VALUES_H
#define SLIP_DOCKERFILE_VALUES_H

#include "runner/base/err.h"
#include "runner/base/strv.h"

/*
 * One EXPOSE word, "[[ip:]host:]port[-end][/proto]", as config keys ("80/tcp"), appended to out.
 * The host part is dropped. Ranges become single entries.
 */
int slip_expose_parse(
	const char *word, struct slip_strv *out, struct slip_err *err) SLIP_MUST_CHECK;
/* STOPSIGNAL: a number from 1 to 64 or a name, SIG optional, any case. */
int slip_signal_check(const char *text, struct slip_err *err) SLIP_MUST_CHECK;
/* true, false, 1, 0 and their kind, as Go's strconv.ParseBool knows them. */
bool slip_bool_parse(const char *text, bool *out);

#endif
