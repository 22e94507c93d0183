librunner_a_SOURCES += \
	runner/engine/artifacts.c \
	runner/engine/artifacts.h \
	runner/engine/changed.c \
	runner/engine/changed.h \
	runner/engine/child.c \
	runner/engine/child.h \
	runner/engine/ci.c \
	runner/engine/ci.h \
	runner/engine/engine.c \
	runner/engine/engine.h \
	runner/engine/exec.c \
	runner/engine/exec.h \
	runner/engine/facts.c \
	runner/engine/facts.h \
	runner/engine/git.c \
	runner/engine/git.h \
	runner/engine/kind.c \
	runner/engine/kind.h \
	runner/engine/matrix.c \
	runner/engine/output_file.c \
	runner/engine/output_file.h \
	runner/engine/plan.c \
	runner/engine/plan.h \
	runner/engine/secret.c \
	runner/engine/secret.h \
	runner/engine/stage_run.c \
	runner/engine/stage_run.h
