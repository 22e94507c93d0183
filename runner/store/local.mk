librunner_a_SOURCES += \
	runner/store/blobs.c \
	runner/store/layout.c \
	runner/store/layout.h \
	runner/store/prune.c \
	runner/store/records.c \
	runner/store/remove.c \
	runner/store/store.c \
	runner/store/store.h \
	runner/store/store_internal.h \
	runner/store/trees.c \
	runner/store/verify.c
