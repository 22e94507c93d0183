/*
 * Regular expressions whose matching time is linear in the text: patterns come from users.
 *
 * Thompson's construction, simulated without backtracking. Syntax: literals, `.`, `[a-z]`, `[^a]`,
 * `\d \w \s \D \W \S`, `\` before any other punctuation, `^ $` (start and end of the text),
 * groups `( )` and `(?: )`, `|`, `* + ? {m} {m,} {m,n}` (n at most 1000; a
 * trailing `?` is accepted and changes nothing, as only "does it match" is asked), and a leading
 * `(?i)`. There are no back references and no look-around. Text is matched by Unicode character;
 * case folding is ASCII only.
 */
#ifndef SLIP_SPEC_REGEX_H
#define SLIP_SPEC_REGEX_H

#include "runner/base/err.h"

struct slip_regex;

/* *offset is the byte of the pattern an error is about; it may be NULL. */
int slip_regex_parse(const char *pattern, struct slip_regex **out, size_t *offset,
	struct slip_err *err) SLIP_MUST_CHECK;
/* Does the pattern match anywhere in the text? SLIP_E_LIMIT beyond SLIP_MAX_REGEX_TEXT bytes. */
int slip_regex_match(const struct slip_regex *re, const char *text, bool *is_match,
	struct slip_err *err) SLIP_MUST_CHECK;
void slip_regex_free(struct slip_regex *re); /* NULL is fine */
void slip_regex_cleanup(struct slip_regex **re);
#define slip_autoregex slip_cleanup(slip_regex_cleanup) struct slip_regex

#endif
