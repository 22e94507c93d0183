librunner_a_SOURCES += \
	runner/oci/archive.c \
	runner/oci/archive.h \
	runner/oci/descriptor.c \
	runner/oci/descriptor.h \
	runner/oci/image.c \
	runner/oci/image.h \
	runner/oci/image_json.c \
	runner/oci/index.c \
	runner/oci/index.h \
	runner/oci/layout_text.c \
	runner/oci/layout_text.h \
	runner/oci/manifest.c \
	runner/oci/manifest.h \
	runner/oci/media.c \
	runner/oci/media.h \
	runner/oci/oci_internal.h \
	runner/oci/platform.c \
	runner/oci/platform.h \
	runner/oci/read.c \
	runner/oci/ref.c \
	runner/oci/ref.h
