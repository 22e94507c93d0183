# Servers that misbehave, and the programs that have to cope with them.
FAULT_TESTS = \
	tests/fault/registry_faults.sh \
	tests/fault/registry_real.sh
TESTS += $(FAULT_TESTS)

# The registry client as a program of its own.
check_PROGRAMS += tests/fault/regclient

EXTRA_DIST += \
	$(FAULT_TESTS) \
	tests/fault/faultreg.py \
	tests/fault/registry_faults.py
