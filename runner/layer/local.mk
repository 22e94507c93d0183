librunner_a_SOURCES += \
	runner/layer/compress.c \
	runner/layer/compress.h \
	runner/layer/diff.c \
	runner/layer/diff.h \
	runner/layer/entry.c \
	runner/layer/entry.h \
	runner/layer/tar_write.c \
	runner/layer/tar_write.h \
	runner/layer/write.c \
	runner/layer/write.h
