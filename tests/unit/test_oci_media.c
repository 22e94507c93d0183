#include "config.h"

#include "runner/oci/media.h"
#include "tests/unit/tap.h"

static const struct {
	const char *type;
	enum slip_media_role role;
	enum slip_media_family family;
	enum slip_media_compression compression;
	const char *in_oci, *in_docker;
} types[] = {
	{"application/vnd.oci.image.index.v1+json", SLIP_MEDIA_INDEX, SLIP_MEDIA_OCI,
		SLIP_MEDIA_PLAIN, "application/vnd.oci.image.index.v1+json",
		"application/vnd.docker.distribution.manifest.list.v2+json"},
	{"application/vnd.docker.distribution.manifest.v2+json", SLIP_MEDIA_MANIFEST,
		SLIP_MEDIA_DOCKER, SLIP_MEDIA_PLAIN, "application/vnd.oci.image.manifest.v1+json",
		"application/vnd.docker.distribution.manifest.v2+json"},
	{"application/vnd.docker.container.image.v1+json", SLIP_MEDIA_CONFIG, SLIP_MEDIA_DOCKER,
		SLIP_MEDIA_PLAIN, "application/vnd.oci.image.config.v1+json",
		"application/vnd.docker.container.image.v1+json"},
	{"application/vnd.docker.image.rootfs.diff.tar.gzip", SLIP_MEDIA_LAYER, SLIP_MEDIA_DOCKER,
		SLIP_MEDIA_GZIP, "application/vnd.oci.image.layer.v1.tar+gzip",
		"application/vnd.docker.image.rootfs.diff.tar.gzip"},
	{"application/vnd.oci.image.layer.v1.tar", SLIP_MEDIA_LAYER, SLIP_MEDIA_OCI,
		SLIP_MEDIA_PLAIN, "application/vnd.oci.image.layer.v1.tar",
		"application/vnd.docker.image.rootfs.diff.tar"},
	{"application/vnd.oci.image.layer.v1.tar+zstd", SLIP_MEDIA_LAYER, SLIP_MEDIA_OCI,
		SLIP_MEDIA_ZSTD, "application/vnd.oci.image.layer.v1.tar+zstd",
		"application/vnd.docker.image.rootfs.diff.tar.zstd"},
	{"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", SLIP_MEDIA_FOREIGN,
		SLIP_MEDIA_DOCKER, SLIP_MEDIA_GZIP,
		"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
		"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"},
	{"application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", SLIP_MEDIA_FOREIGN,
		SLIP_MEDIA_OCI, SLIP_MEDIA_ZSTD,
		"application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", NULL},
	{"application/vnd.oci.image.layer.v1.tar+gzip+encrypted", SLIP_MEDIA_ENCRYPTED,
		SLIP_MEDIA_OCI, SLIP_MEDIA_GZIP,
		"application/vnd.oci.image.layer.v1.tar+gzip+encrypted", NULL},
	{"application/vnd.oci.empty.v1+json", SLIP_MEDIA_EMPTY, SLIP_MEDIA_OCI, SLIP_MEDIA_PLAIN,
		"application/vnd.oci.empty.v1+json", NULL},
	{"application/vnd.docker.distribution.manifest.v1+prettyjws", SLIP_MEDIA_SCHEMA1,
		SLIP_MEDIA_DOCKER, SLIP_MEDIA_PLAIN, NULL,
		"application/vnd.docker.distribution.manifest.v1+json"},
	{"application/vnd.cncf.helm.config.v1+json", SLIP_MEDIA_UNKNOWN, SLIP_MEDIA_NO_FAMILY,
		SLIP_MEDIA_PLAIN, NULL, NULL},
	{"", SLIP_MEDIA_UNKNOWN, SLIP_MEDIA_NO_FAMILY, SLIP_MEDIA_PLAIN, NULL, NULL},
	{NULL, SLIP_MEDIA_UNKNOWN, SLIP_MEDIA_NO_FAMILY, SLIP_MEDIA_PLAIN, NULL, NULL},
};

int main(void)
{
	for (size_t i = 0; i < SLIP_ARRAY_LEN(types); i++) {
		const struct slip_media *m = slip_media_of(types[i].type);
		const char *name = types[i].type ? types[i].type : "(NULL)";
		ok(m->role == types[i].role && m->family == types[i].family &&
				m->compression == types[i].compression,
			"%s is known", name);
		is_str(slip_media_convert(types[i].type, SLIP_MEDIA_OCI), types[i].in_oci,
			"in OCI");
		is_str(slip_media_convert(types[i].type, SLIP_MEDIA_DOCKER), types[i].in_docker,
			"in Docker");
	}
	is_str(slip_media_of(" Application/vnd.OCI.image.index.v1+json ; charset=utf-8")->type,
		SLIP_MEDIA_OCI_INDEX, "case, blanks and parameters do not matter");
	is_int(slip_media_of(SLIP_MEDIA_OCI_INDEX "x")->role, SLIP_MEDIA_UNKNOWN,
		"a longer name is another name");
	is_str(SLIP_MEDIA_ACCEPT,
		"application/vnd.oci.image.index.v1+json, "
		"application/vnd.oci.image.manifest.v1+json, "
		"application/vnd.docker.distribution.manifest.list.v2+json, "
		"application/vnd.docker.distribution.manifest.v2+json",
		"what a request accepts");
	return done_testing();
}
