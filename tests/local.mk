# Every test speaks TAP. A C test is one line in UNIT_TESTS, a fuzz target one line in FUZZ_TARGETS
# (its source has the same name), a shell check one line in LINT_TESTS, a bats file one line in
# E2E_TESTS. docs/HACKING.md says how to add one.
UNIT_TESTS =
FUZZ_TARGETS =
LINT_TESTS =
E2E_TESTS =

LINT_TESTS += \
	tests/lint/banned.sh \
	tests/lint/format.sh \
	tests/lint/groovy.sh \
	tests/lint/headers.sh \
	tests/lint/layering.sh \
	tests/lint/selftest.sh \
	tests/lint/shellcheck.sh \
	tests/lint/size.sh \
	tests/lint/text.sh

E2E_TESTS += \
	tests/e2e/build_basic.bats \
	tests/e2e/build_service.bats \
	tests/e2e/canary.bats \
	tests/e2e/ci.bats \
	tests/e2e/consoles.bats \
	tests/e2e/context.bats \
	tests/e2e/context_git.bats \
	tests/e2e/context_stores.bats \
	tests/e2e/demo.bats \
	tests/e2e/deploy.bats \
	tests/e2e/dockerfile_add.bats \
	tests/e2e/dockerfile_config.bats \
	tests/e2e/dockerfile_copy.bats \
	tests/e2e/dockerfile_copy_flags.bats \
	tests/e2e/dockerfile_errors.bats \
	tests/e2e/dockerfile_run.bats \
	tests/e2e/dockerfile_stages.bats \
	tests/e2e/dotnet.bats \
	tests/e2e/dotnet_deploy.bats \
	tests/e2e/errors.bats \
	tests/e2e/examples.bats \
	tests/e2e/gitlab.bats \
	tests/e2e/harness.bats \
	tests/e2e/image.bats \
	tests/e2e/jenkins.bats \
	tests/e2e/kaniko_flags.bats \
	tests/e2e/manual.bats \
	tests/e2e/pause.bats \
	tests/e2e/plan.bats \
	tests/e2e/push.bats \
	tests/e2e/reports.bats \
	tests/e2e/run.bats \
	tests/e2e/schema.bats \
	tests/e2e/spec_keys.bats \
	tests/e2e/validate.bats \
	tests/e2e/warm.bats

UNIT_TESTS += \
	tests/unit/test_base_buf \
	tests/unit/test_base_cgroup \
	tests/unit/test_base_clock \
	tests/unit/test_base_digest \
	tests/unit/test_base_err \
	tests/unit/test_base_escape \
	tests/unit/test_base_io \
	tests/unit/test_base_json \
	tests/unit/test_base_log \
	tests/unit/test_base_map \
	tests/unit/test_base_mem \
	tests/unit/test_base_opt \
	tests/unit/test_base_path \
	tests/unit/test_base_pool \
	tests/unit/test_base_proc \
	tests/unit/test_base_redact \
	tests/unit/test_base_sign \
	tests/unit/test_base_size \
	tests/unit/test_base_strv \
	tests/unit/test_base_suggest \
	tests/unit/test_base_wire \
	tests/unit/test_dockerfile_expand \
	tests/unit/test_dockerfile_glob \
	tests/unit/test_dockerfile_ignore \
	tests/unit/test_dockerfile_mode \
	tests/unit/test_dockerfile_mount \
	tests/unit/test_dockerfile_parse \
	tests/unit/test_dockerfile_print \
	tests/unit/test_dockerfile_scope \
	tests/unit/test_dockerfile_values \
	tests/unit/test_engine_ci \
	tests/unit/test_engine_git \
	tests/unit/test_engine_git_index \
	tests/unit/test_engine_hostile \
	tests/unit/test_engine_output_file \
	tests/unit/test_engine_plan \
	tests/unit/test_engine_run \
	tests/unit/test_layer_diff \
	tests/unit/test_layer_entry \
	tests/unit/test_layer_hostile \
	tests/unit/test_layer_inflate \
	tests/unit/test_layer_inflate_zlib \
	tests/unit/test_layer_isal \
	tests/unit/test_layer_tar_read \
	tests/unit/test_layer_tree \
	tests/unit/test_layer_unpack \
	tests/unit/test_layer_write \
	tests/unit/test_net_proxy \
	tests/unit/test_net_url \
	tests/unit/test_oci_archive \
	tests/unit/test_oci_image \
	tests/unit/test_oci_index \
	tests/unit/test_oci_layout_text \
	tests/unit/test_oci_manifest \
	tests/unit/test_oci_media \
	tests/unit/test_oci_platform \
	tests/unit/test_oci_ref \
	tests/unit/test_registry_challenge \
	tests/unit/test_registry_credentials \
	tests/unit/test_registry_host \
	tests/unit/test_registry_retry \
	tests/unit/test_registry_token \
	tests/unit/test_report_console \
	tests/unit/test_report_files \
	tests/unit/test_report_text \
	tests/unit/test_sandbox_isolation \
	tests/unit/test_sandbox_mount \
	tests/unit/test_sandbox_overlay \
	tests/unit/test_sandbox_run \
	tests/unit/test_spec_expr \
	tests/unit/test_spec_regex \
	tests/unit/test_spec_spec \
	tests/unit/test_spec_yaml \
	tests/unit/test_steps_context \
	tests/unit/test_steps_copy \
	tests/unit/test_steps_deploy_kubectl \
	tests/unit/test_steps_deploy_manifest \
	tests/unit/test_steps_dotnet_publish \
	tests/unit/test_steps_evaluate \
	tests/unit/test_steps_key \
	tests/unit/test_steps_layer_make \
	tests/unit/test_steps_push \
	tests/unit/test_steps_rootfs \
	tests/unit/test_steps_tags \
	tests/unit/test_steps_user \
	tests/unit/test_steps_workspace \
	tests/unit/test_store_layout \
	tests/unit/test_store_store

FUZZ_TARGETS += \
	tests/fuzz/fuzz_challenge \
	tests/fuzz/fuzz_dockerfile \
	tests/fuzz/fuzz_expr \
	tests/fuzz/fuzz_git_index \
	tests/fuzz/fuzz_git_url \
	tests/fuzz/fuzz_ignore \
	tests/fuzz/fuzz_inflate \
	tests/fuzz/fuzz_kube_manifest \
	tests/fuzz/fuzz_manifest \
	tests/fuzz/fuzz_ref \
	tests/fuzz/fuzz_spec \
	tests/fuzz/fuzz_text \
	tests/fuzz/fuzz_unpack

# --- how tests are run ----------------------------------------------------------------------------
TESTS = $(UNIT_TESTS) $(FUZZ_TARGETS) $(LINT_TESTS)
TEST_EXTENSIONS = .sh
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
SH_LOG_DRIVER = $(LOG_DRIVER)
SH_LOG_COMPILER = $(SHELL)
SLIPWAY_TESTS_ENVIRONMENT = \
	SLIPWAY_SRCDIR='$(abs_top_srcdir)' \
	SLIPWAY_BUILDDIR='$(abs_top_builddir)' \
	SLIPWAY='$(abs_top_builddir)/slipway' \
	CC='$(CC)'
AM_TESTS_ENVIRONMENT = export $(SLIPWAY_TESTS_ENVIRONMENT);

check_PROGRAMS += $(UNIT_TESTS) $(FUZZ_TARGETS)

# A fuzz target has no main: libFuzzer brings one (such a build makes
# nothing but the fuzz targets), and otherwise the archive gives it the one that
# runs the corpus. The linker takes it for programs without a main only.
if FUZZER
FUZZ_MAIN =
AM_LDFLAGS += -fsanitize=fuzzer
else
FUZZ_MAIN = libfuzzmain.a
check_LIBRARIES += libfuzzmain.a
libfuzzmain_a_SOURCES = tests/fuzz/main.c
endif

.PHONY: bench check-c check-e2e check-programs coverage fuzz lint

# What the check targets run, without running it.
check-programs: $(check_PROGRAMS)

# The C tests alone: for a second compiler or a sanitizer, which the shell checks do not depend on.
check-c:
	$(MAKE) $(AM_MAKEFLAGS) check TESTS="$(UNIT_TESTS) $(FUZZ_TARGETS)"

# Needs no build. slow.sh (clang-tidy, cppcheck) takes too long for every check.
lint:
	@status=0; for check in $(LINT_TESTS) tests/lint/slow.sh; do \
		echo "# $$check"; \
		env $(SLIPWAY_TESTS_ENVIRONMENT) $(SHELL) $(srcdir)/$$check || status=1; \
	done; exit $$status

# E2E_FILTER='regex' runs the tests whose names match, E2E_JOBS files at once.
check-e2e: slipway
	@cd $(srcdir) && $(SLIPWAY_TESTS_ENVIRONMENT) \
		bats --tap --jobs $${E2E_JOBS:-3} --no-parallelize-within-files \
		$${E2E_FILTER:+--filter "$$E2E_FILTER"} $(E2E_TESTS)

FUZZ_SECONDS = 60
fuzz:
	$(SLIPWAY_TESTS_ENVIRONMENT) $(SHELL) $(srcdir)/tests/fuzz/run.sh $(FUZZ_SECONDS) \
		$(FUZZ_TARGETS)

bench: slipway
	$(SLIPWAY_TESTS_ENVIRONMENT) bash $(srcdir)/tests/bench/run.sh

coverage:
	$(SLIPWAY_TESTS_ENVIRONMENT) $(SHELL) $(srcdir)/tests/coverage.sh

# Built and run by hand: what one step costs.
EXTRA_PROGRAMS = \
	tests/bench/bench_layer_write

include tests/fault/local.mk
