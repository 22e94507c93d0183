librunner_a_SOURCES += \
	runner/report/console.c \
	runner/report/console.h \
	runner/report/events.c \
	runner/report/events.h \
	runner/report/files.c \
	runner/report/files.h \
	runner/report/hub.c \
	runner/report/hub.h \
	runner/report/junit.c \
	runner/report/limit.c \
	runner/report/limit.h \
	runner/report/markup.c \
	runner/report/markup.h \
	runner/report/metrics.c \
	runner/report/model.c \
	runner/report/model.h \
	runner/report/outputs_env.c \
	runner/report/report.c \
	runner/report/report.h \
	runner/report/report_json.c \
	runner/report/stagelog.c \
	runner/report/stagelog.h \
	runner/report/text.c \
	runner/report/text.h \
	runner/report/timeline.c \
	runner/report/trace.c \
	runner/report/trace.h
