librunner_a_SOURCES += \
	runner/registry/auth_file.c \
	runner/registry/auth_file.h \
	runner/registry/challenge.c \
	runner/registry/challenge.h \
	runner/registry/credentials.c \
	runner/registry/credentials.h \
	runner/registry/errors.c \
	runner/registry/errors.h \
	runner/registry/exchange.c \
	runner/registry/exchange.h \
	runner/registry/helper.c \
	runner/registry/helper.h \
	runner/registry/host.c \
	runner/registry/host.h \
	runner/registry/mirror.c \
	runner/registry/mirror.h \
	runner/registry/pull.c \
	runner/registry/push.c \
	runner/registry/registry.c \
	runner/registry/registry.h \
	runner/registry/registry_internal.h \
	runner/registry/retry.c \
	runner/registry/retry.h \
	runner/registry/token.c \
	runner/registry/token.h
