librunner_a_SOURCES += \
	runner/spec/diag.c \
	runner/spec/diag.h \
	runner/spec/expr.h \
	runner/spec/expr_eval.c \
	runner/spec/expr_func.c \
	runner/spec/expr_internal.h \
	runner/spec/expr_parse.c \
	runner/spec/regex.c \
	runner/spec/regex.h \
	runner/spec/spec.c \
	runner/spec/spec.h \
	runner/spec/spec_check.c \
	runner/spec/spec_decode.c \
	runner/spec/spec_internal.h \
	runner/spec/spec_keys.c \
	runner/spec/spec_object.c \
	runner/spec/spec_print.c \
	runner/spec/spec_refs.c \
	runner/spec/spec_resolve.c \
	runner/spec/spec_schema.c \
	runner/spec/spec_tables.c \
	runner/spec/yaml.c \
	runner/spec/yaml.h \
	runner/spec/yaml_scalar.c
