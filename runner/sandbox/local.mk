librunner_a_SOURCES += \
	runner/sandbox/child.c \
	runner/sandbox/forked.c \
	runner/sandbox/instructions.c \
	runner/sandbox/isolation.c \
	runner/sandbox/isolation.h \
	runner/sandbox/mount.c \
	runner/sandbox/namespaces.c \
	runner/sandbox/namespaces_root.c \
	runner/sandbox/overlay.c \
	runner/sandbox/overlay.h \
	runner/sandbox/privileges.c \
	runner/sandbox/run.c \
	runner/sandbox/run.h \
	runner/sandbox/sandbox_internal.h \
	runner/sandbox/seccomp.c \
	runner/sandbox/userns.c
