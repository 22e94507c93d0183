# What makes the system or a server fail, and the programs that have to cope with it.
FAULT_TESTS = \
	tests/fault/enosys.sh \
	tests/fault/registry_faults.sh \
	tests/fault/registry_real.sh
TESTS += $(FAULT_TESTS)

# enosys refuses system calls to a program; regclient is the registry client as a program of its own.
check_PROGRAMS += \
	tests/fault/enosys \
	tests/fault/regclient

EXTRA_DIST += \
	$(FAULT_TESTS) \
	tests/fault/faultreg.py \
	tests/fault/registry_faults.py
