librunner_a_SOURCES += \
	runner/layer/entry.c \
	runner/layer/entry.h \
	runner/layer/foreign.c \
	runner/layer/inflate.c \
	runner/layer/inflate.h \
	runner/layer/inflate_gzip.c \
	runner/layer/inflate_internal.h \
	runner/layer/inflate_zstd.c \
	runner/layer/pax.c \
	runner/layer/pax.h \
	runner/layer/source.c \
	runner/layer/source.h \
	runner/layer/sparse.c \
	runner/layer/sparse.h \
	runner/layer/tar_header.c \
	runner/layer/tar_internal.h \
	runner/layer/tar_read.c \
	runner/layer/tar_read.h
