librunner_a_SOURCES += \
	runner/layer/entry.c \
	runner/layer/entry.h
