librunner_a_SOURCES += \
	runner/dockerfile/ast.h \
	runner/dockerfile/expand.h \
	runner/dockerfile/glob.h \
	runner/dockerfile/ignore.h \
	runner/dockerfile/mode.h \
	runner/dockerfile/mount.h \
	runner/dockerfile/parse.h \
	runner/dockerfile/print.h \
	runner/dockerfile/scope.h \
	runner/dockerfile/values.h
