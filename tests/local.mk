# Every test speaks TAP. A C test is one line in UNIT_TESTS; its source has the same name.
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
SH_LOG_DRIVER = $(LOG_DRIVER)
TEST_EXTENSIONS = .sh
AM_TESTS_ENVIRONMENT = SLIPWAY_SRCDIR='$(abs_top_srcdir)' SLIPWAY=$(abs_top_builddir)/slipway; \
	export SLIPWAY_SRCDIR SLIPWAY;

check_PROGRAMS += $(UNIT_TESTS) $(FUZZ_TARGETS)
EXTRA_DIST += tests/unit/tap.h
FUZZ_TARGETS =

UNIT_TESTS += \
	tests/unit/test_base_buf \
	tests/unit/test_spec_expr \
	tests/unit/test_spec_regex \
	tests/unit/test_spec_spec \
	tests/unit/test_spec_yaml
