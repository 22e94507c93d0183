/*
 * Image configurations (OCI image-spec config.md, with Docker's Healthcheck, OnBuild and Shell):
 * what a container of the image runs, its layers' content and its history.
 *
 * Parsing keeps the whole document: fields that this program does not know survive into the next
 * image printed from the same struct, and known fields keep their place. null means absent. A
 * configuration of a wrong shape is refused by the field's name: SLIP_E_REGISTRY, or SLIP_E_LIMIT.
 *
 * Values come from other people's images. They describe a container; nothing here may reach this
 * program's own environment or that of its helpers.
 */
#ifndef SLIP_OCI_IMAGE_H
#define SLIP_OCI_IMAGE_H

#include "runner/base/digest.h"
#include "runner/base/json.h"
#include "runner/base/map.h"
#include "runner/base/strv.h"
#include "runner/oci/platform.h"

struct slip_image_healthcheck {
	struct slip_strv test; /* {"NONE"}, {"CMD", ...} or {"CMD-SHELL", text}; empty: inherit */
	int64_t interval; /* nanoseconds, 0: default */
	int64_t timeout;
	int64_t start_period;
	int64_t start_interval;
	int64_t retries;
};

struct slip_history {
	char *created; /* RFC 3339; every string may be NULL */
	char *author;
	char *created_by;
	char *comment;
	bool empty_layer; /* this step made no layer */
};

struct slip_image {
	char *created; /* RFC 3339; NULL when not known */
	char *author;
	struct slip_platform platform; /* as written, not normalised */

	/* The "config" object. Strings are NULL, vectors and maps empty, when absent. */
	char *user;
	struct slip_strv exposed_ports; /* a set in order: "80/tcp"; add with slip_image_add_port */
	struct slip_strv env; /* "NAME=value", in order */
	bool has_entrypoint; /* false: absent; true with no words: [] */
	struct slip_strv entrypoint;
	bool has_cmd;
	struct slip_strv cmd;
	bool args_escaped;
	struct slip_strv volumes; /* a set in order; add with slip_image_add_volume */
	char *working_dir;
	struct slip_map labels; /* string to string: set with slip_smap_set */
	char *stop_signal;
	bool has_healthcheck;
	struct slip_image_healthcheck healthcheck;
	struct slip_strv onbuild;
	struct slip_strv shell;

	struct slip_digest *diff_ids; /* of the uncompressed layers, base first */
	size_t n_diff_ids;
	size_t cap_diff_ids;
	struct slip_history *history;
	size_t n_history;
	size_t cap_history;

	struct slip_json *raw; /* the document this was parsed from, never changed; or NULL */
};

void slip_image_init(struct slip_image *img);
void slip_image_release(struct slip_image *img); /* a zeroed one is fine */
void slip_image_copy(struct slip_image *dst, const struct slip_image *src); /* replaces dst */
/* At most SLIP_MAX_CONFIG bytes. out is initialised by the call, and untouched on failure. */
int slip_image_parse(
	const char *text, size_t len, struct slip_image *out, struct slip_err *err) SLIP_MUST_CHECK;
/*
 * -1 unless there is one diff id for each of the manifest's layers and, if there is any history,
 * one entry of it that is not empty for each.
 */
int slip_image_check_layers(
	const struct slip_image *img, size_t n_layers, struct slip_err *err) SLIP_MUST_CHECK;
/*
 * Compact JSON; sets and maps sorted by key as in Go programs, equal structs give equal bytes. The
 * text is the caller's. The digest (the image ID) may be NULL.
 */
char *slip_image_print(const struct slip_image *img, struct slip_digest *digest);

/* The value (borrowed) of an environment variable, NULL when it is not set; the last one counts. */
const char *slip_image_env_get(const struct slip_image *img, const char *name);
/* Set in place when the name exists, else at the end. name has no '='. */
void slip_image_env_set(struct slip_image *img, const char *name, const char *value);
void slip_image_add_port(struct slip_image *img, const char *port);
void slip_image_add_volume(struct slip_image *img, const char *path);
/* NULL: absent, so that a base's value is dropped. */
void slip_image_set_entrypoint(struct slip_image *img, const struct slip_strv *words);
void slip_image_set_cmd(struct slip_image *img, const struct slip_strv *words);
void slip_image_set_healthcheck(struct slip_image *img, const struct slip_image_healthcheck *check);
void slip_image_add_diff_id(struct slip_image *img, const struct slip_digest *diff_id);
/* Strings are copied. */
void slip_image_add_history(struct slip_image *img, const struct slip_history *entry);

/*
 * ChainID (config.md "Layer ChainID") of a stack of layers: slip_chain_id of no layers gives an
 * unset digest; slip_chain_next adds one layer to a chain (parent not set: the first).
 */
void slip_chain_id(const struct slip_digest *diff_ids, size_t n, struct slip_digest *out);
void slip_chain_next(const struct slip_digest *parent, const struct slip_digest *diff_id,
	struct slip_digest *out);

#define slip_autoimage slip_cleanup(slip_image_release) struct slip_image

#endif
