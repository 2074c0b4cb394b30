# For any other pipeline, and for developers: include this in the Makefile of the project, and run
# `make sandbox-check`. It builds the project and runs its `check` under ./sandbox.policy.
LIBSANDBOX ?= .libsandbox

.PHONY: sandbox-check
sandbox-check: all
	$(LIBSANDBOX)/scripts/ci-regress ./sandbox.policy -- $(MAKE) check
