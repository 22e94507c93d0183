librunner_a_SOURCES += \
	runner/cli/cli.c \
	runner/cli/cmd_cache.c \
	runner/cli/cmd_pause.c \
	runner/cli/cmd_plan.c \
	runner/cli/cmd_run.c \
	runner/cli/cmd_schema.c \
	runner/cli/cmd_validate.c \
	runner/cli/cmd_version.c \
	runner/cli/command.h \
	runner/cli/help.c \
	runner/cli/man.c \
	runner/cli/pipeline_options.h
