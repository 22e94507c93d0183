librunner_a_SOURCES += \
	runner/sandbox/isolation.h \
	runner/sandbox/overlay.h \
	runner/sandbox/run.h
