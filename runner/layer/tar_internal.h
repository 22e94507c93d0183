/*
 * One tar header block and what is read from it; shared by tar_header.c (a block's fields, names),
 * tar_entry.c (an entry from its headers) and tar_read.c (the stream).
 */
#ifndef SLIP_LAYER_TAR_INTERNAL_H
#define SLIP_LAYER_TAR_INTERNAL_H

#include "runner/layer/entry.h"
#include "runner/layer/pax.h"

#define SLIP_TAR_BLOCK 512

/* POSIX ustar, with the fields that old GNU tar puts where ustar has its prefix. */
struct slip_tar_block {
	char name[100];
	char mode[8];
	char uid[8];
	char gid[8];
	char size[12];
	char mtime[12];
	char checksum[8];
	char type;
	char linkname[100];
	char magic[8]; /* with the version */
	char uname[32];
	char gname[32];
	char devmajor[8];
	char devminor[8];
	union {
		char prefix[155];
		struct {
			char unused[41];
			char extents[4][24];
			char is_extended;
			char realsize[12];
		} gnu;
	};
	char trailer[12];
};

/* What the headers before an entry's own say about it. pax is initialised. */
struct slip_tar_prelude {
	struct slip_pax pax;
	bool has_pax;
	char *name; /* GNU long name */
	char *link;
};

void slip_tar_prelude_release(struct slip_tar_prelude *p);
/*
 * Fill an empty entry with what its headers say; of sparse files and attributes that is not yet
 * all. *stored: bytes of its data in the archive.
 */
int slip_tar_fill_entry(struct slip_entry *e, const struct slip_tar_block *b,
	const struct slip_tar_prelude *pre, uint64_t *stored, struct slip_err *err) SLIP_MUST_CHECK;

bool slip_tar_block_is_zero(const void *block);
bool slip_tar_block_is_gnu(const struct slip_tar_block *b);
/* An octal or base-256 field. Negative values only where `out` can be read as a time. */
int slip_tar_number(const char *field, size_t n, const char *what, int64_t *out,
	struct slip_err *err) SLIP_MUST_CHECK;
/* The same, refusing what is negative or above max. */
int slip_tar_unsigned(const char *field, size_t n, const char *what, uint64_t max, uint64_t *out,
	struct slip_err *err) SLIP_MUST_CHECK;
/* Name with the ustar prefix before it. */
char *slip_tar_block_name(const struct slip_tar_block *b);
/* Pairs of 12-byte numbers: the extents in a header or in a block that continues it. */
int slip_tar_extents(const char (*pairs)[24], size_t n, struct slip_sparse *map,
	struct slip_err *err) SLIP_MUST_CHECK;
/*
 * A name of the archive as a clean path (entry.h). Refused: "..", an empty name, components over
 * SLIP_MAX_NAME, paths that need SLIP_MAX_PATH or more bytes.
 */
int slip_tar_clean_name(
	const char *raw, const char *what, char **out, struct slip_err *err) SLIP_MUST_CHECK;
/*
 * Translate ".wh." names: the entry becomes a whiteout or opaque mark with the path it is about.
 * *ignore: a name that aufs used for itself.
 */
int slip_tar_translate_whiteout(
	struct slip_entry *e, bool *ignore, struct slip_err *err) SLIP_MUST_CHECK;

#endif
