# Every test speaks TAP. A C test is one line in UNIT_TESTS; its source has the same name.
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
SH_LOG_DRIVER = $(LOG_DRIVER)
TEST_EXTENSIONS = .sh
AM_TESTS_ENVIRONMENT = SLIPWAY_SRCDIR='$(abs_top_srcdir)' SLIPWAY=$(abs_top_builddir)/slipway; \
	export SLIPWAY_SRCDIR SLIPWAY;

check_PROGRAMS += $(UNIT_TESTS) $(FUZZ_TARGETS)
EXTRA_DIST += tests/unit/tap.h

# The registry client as a program, for the tests that need a server.
check_PROGRAMS += tests/fault/regclient
FUZZ_TARGETS =
FUZZ_TARGETS += \
	tests/fuzz/fuzz_manifest \
	tests/fuzz/fuzz_ref

UNIT_TESTS += \
	tests/unit/test_base_buf \
	tests/unit/test_oci_archive \
	tests/unit/test_oci_image \
	tests/unit/test_oci_index \
	tests/unit/test_oci_layout_text \
	tests/unit/test_oci_manifest \
	tests/unit/test_oci_media \
	tests/unit/test_oci_platform \
	tests/unit/test_oci_ref
