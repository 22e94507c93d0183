librunner_a_SOURCES += \
	runner/registry/registry.h
