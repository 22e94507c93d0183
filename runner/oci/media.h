/*
 * Media types of images, in both families: OCI (image-spec media-types.md) and Docker (image
 * manifest v2, schema 2). One table answers every question about them.
 */
#ifndef SLIP_OCI_MEDIA_H
#define SLIP_OCI_MEDIA_H

#include "runner/base/mem.h"

#define SLIP_MEDIA_OCI_INDEX "application/vnd.oci.image.index.v1+json"
#define SLIP_MEDIA_OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define SLIP_MEDIA_OCI_CONFIG "application/vnd.oci.image.config.v1+json"
#define SLIP_MEDIA_OCI_LAYER "application/vnd.oci.image.layer.v1.tar"
#define SLIP_MEDIA_OCI_LAYER_GZIP "application/vnd.oci.image.layer.v1.tar+gzip"
#define SLIP_MEDIA_OCI_LAYER_ZSTD "application/vnd.oci.image.layer.v1.tar+zstd"
#define SLIP_MEDIA_OCI_EMPTY "application/vnd.oci.empty.v1+json"
#define SLIP_MEDIA_DOCKER_INDEX "application/vnd.docker.distribution.manifest.list.v2+json"
#define SLIP_MEDIA_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define SLIP_MEDIA_DOCKER_CONFIG "application/vnd.docker.container.image.v1+json"
#define SLIP_MEDIA_DOCKER_LAYER "application/vnd.docker.image.rootfs.diff.tar"
#define SLIP_MEDIA_DOCKER_LAYER_GZIP "application/vnd.docker.image.rootfs.diff.tar.gzip"
#define SLIP_MEDIA_DOCKER_LAYER_ZSTD "application/vnd.docker.image.rootfs.diff.tar.zstd"

/* For the Accept header of a manifest request: everything that index.h and manifest.h parse. */
#define SLIP_MEDIA_ACCEPT                                                                          \
	SLIP_MEDIA_OCI_INDEX ", " SLIP_MEDIA_OCI_MANIFEST ", " SLIP_MEDIA_DOCKER_INDEX             \
			     ", " SLIP_MEDIA_DOCKER_MANIFEST

enum slip_media_role {
	SLIP_MEDIA_UNKNOWN,
	SLIP_MEDIA_INDEX,
	SLIP_MEDIA_MANIFEST,
	SLIP_MEDIA_CONFIG,
	SLIP_MEDIA_LAYER,
	SLIP_MEDIA_FOREIGN, /* a layer that is fetched from its urls and not pushed */
	SLIP_MEDIA_ENCRYPTED, /* a layer that only holders of a key can read */
	SLIP_MEDIA_EMPTY, /* the "{}" that stands for a config in artifacts */
	SLIP_MEDIA_SCHEMA1, /* image manifest v2, schema 1: not supported */
};

enum slip_media_family {
	SLIP_MEDIA_NO_FAMILY,
	SLIP_MEDIA_OCI,
	SLIP_MEDIA_DOCKER,
};

enum slip_media_compression {
	SLIP_MEDIA_PLAIN,
	SLIP_MEDIA_GZIP,
	SLIP_MEDIA_ZSTD,
};

struct slip_media {
	const char *type;
	enum slip_media_role role;
	enum slip_media_family family;
	enum slip_media_compression compression; /* of layers, as named; readers check the magic */
};

/*
 * What is known of a media type; never NULL (role UNKNOWN, type "" for a stranger). Letter case,
 * parameters (";charset=utf-8") and blanks around it do not matter. NULL gives UNKNOWN.
 */
const struct slip_media *slip_media_of(const char *type);
/* The type for a role; NULL where the family has none (Docker has no foreign plain layer, ...). */
const char *slip_media_type(enum slip_media_role role, enum slip_media_family family,
	enum slip_media_compression compression);
/* The same role and compression in another family; NULL when there is none or `type` is unknown. */
const char *slip_media_convert(const char *type, enum slip_media_family family);

#endif
