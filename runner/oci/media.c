#include "config.h"

#include "runner/oci/media.h"

#include <ctype.h>
#include <strings.h>

#define OCI_FOREIGN "application/vnd.oci.image.layer.nondistributable.v1.tar"
#define DOCKER_FOREIGN "application/vnd.docker.image.rootfs.foreign.diff.tar"
#define DOCKER_SCHEMA1 "application/vnd.docker.distribution.manifest.v1+json"
#define DOCKER_SCHEMA1_SIGNED "application/vnd.docker.distribution.manifest.v1+prettyjws"

/* One line: type, role, family, compression (all without their prefixes). */
#define MEDIA(type, role, family, compression)                                                     \
	{                                                                                          \
		type, SLIP_MEDIA_##role, SLIP_MEDIA_##family, SLIP_MEDIA_##compression             \
	}

static const struct slip_media media_types[] = {
	MEDIA(SLIP_MEDIA_OCI_INDEX, INDEX, OCI, PLAIN),
	MEDIA(SLIP_MEDIA_DOCKER_INDEX, INDEX, DOCKER, PLAIN),
	MEDIA(SLIP_MEDIA_OCI_MANIFEST, MANIFEST, OCI, PLAIN),
	MEDIA(SLIP_MEDIA_DOCKER_MANIFEST, MANIFEST, DOCKER, PLAIN),
	MEDIA(SLIP_MEDIA_OCI_CONFIG, CONFIG, OCI, PLAIN),
	MEDIA(SLIP_MEDIA_DOCKER_CONFIG, CONFIG, DOCKER, PLAIN),
	MEDIA(SLIP_MEDIA_OCI_LAYER, LAYER, OCI, PLAIN),
	MEDIA(SLIP_MEDIA_OCI_LAYER_GZIP, LAYER, OCI, GZIP),
	MEDIA(SLIP_MEDIA_OCI_LAYER_ZSTD, LAYER, OCI, ZSTD),
	MEDIA(SLIP_MEDIA_DOCKER_LAYER, LAYER, DOCKER, PLAIN),
	MEDIA(SLIP_MEDIA_DOCKER_LAYER_GZIP, LAYER, DOCKER, GZIP),
	MEDIA(SLIP_MEDIA_DOCKER_LAYER_ZSTD, LAYER, DOCKER, ZSTD),
	MEDIA(OCI_FOREIGN, FOREIGN, OCI, PLAIN),
	MEDIA(OCI_FOREIGN "+gzip", FOREIGN, OCI, GZIP),
	MEDIA(OCI_FOREIGN "+zstd", FOREIGN, OCI, ZSTD),
	MEDIA(DOCKER_FOREIGN, FOREIGN, DOCKER, PLAIN),
	MEDIA(DOCKER_FOREIGN ".gzip", FOREIGN, DOCKER, GZIP),
	MEDIA(SLIP_MEDIA_OCI_LAYER "+encrypted", ENCRYPTED, OCI, PLAIN),
	MEDIA(SLIP_MEDIA_OCI_LAYER_GZIP "+encrypted", ENCRYPTED, OCI, GZIP),
	MEDIA(SLIP_MEDIA_OCI_LAYER_ZSTD "+encrypted", ENCRYPTED, OCI, ZSTD),
	MEDIA(SLIP_MEDIA_OCI_EMPTY, EMPTY, OCI, PLAIN),
	MEDIA(DOCKER_SCHEMA1, SCHEMA1, DOCKER, PLAIN),
	MEDIA(DOCKER_SCHEMA1_SIGNED, SCHEMA1, DOCKER, PLAIN),
};

static const struct slip_media unknown = MEDIA("", UNKNOWN, NO_FAMILY, PLAIN);

const struct slip_media *slip_media_of(const char *type)
{
	if (!type)
		return &unknown;
	while (isspace((unsigned char)*type))
		type++;
	size_t len = strcspn(type, "; \t\r\n");
	for (size_t i = 0; i < SLIP_ARRAY_LEN(media_types); i++) {
		const char *known = media_types[i].type;
		if (strlen(known) == len && strncasecmp(known, type, len) == 0)
			return &media_types[i];
	}
	return &unknown;
}

const char *slip_media_type(enum slip_media_role role, enum slip_media_family family,
	enum slip_media_compression compression)
{
	for (size_t i = 0; i < SLIP_ARRAY_LEN(media_types); i++) {
		const struct slip_media *m = &media_types[i];
		if (m->role == role && m->family == family && m->compression == compression)
			return m->type;
	}
	return NULL;
}

const char *slip_media_convert(const char *type, enum slip_media_family family)
{
	const struct slip_media *m = slip_media_of(type);

	return slip_media_type(m->role, family, m->compression);
}
