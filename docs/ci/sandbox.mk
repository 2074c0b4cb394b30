# For any other pipeline, and for developers: include this in the Makefile of the project, and run
# `make sandbox-check`. It builds the project and runs its `check` under ./sandbox.policy.
# LIBSANDBOX is a built source tree; with an installed libsandbox say
# CI_REGRESS = /usr/local/share/libsandbox/ci-regress
LIBSANDBOX ?= .libsandbox
CI_REGRESS ?= $(LIBSANDBOX)/scripts/ci-regress

.PHONY: sandbox-check
sandbox-check: all
	$(CI_REGRESS) ./sandbox.policy -- $(MAKE) check
