librunner_a_SOURCES += \
	runner/net/http.h
