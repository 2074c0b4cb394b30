#!/usr/bin/env bats
# docs/ci/: the shell of every step of the ready workflows is run here on a small project, as far as
# that goes without the services: green, and red when the program gained an execve.

load helpers
load ci

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export TMPDIR=$BATS_TEST_TMPDIR
	unset SANDBOX_TEST BATS_TEST_NAME PYTEST_CURRENT_TEST MAKEFLAGS MFLAGS MAKELEVEL
	unset GITHUB_ACTIONS GITHUB_STEP_SUMMARY SANDBOX_CI_DIR SANDBOX_CI_ONCE
	worker_files
	mkdir project
	mv worker.policy project/sandbox.policy
	cp "$ROOT"/tests/hosts/{worker.c,large.h} project/
	cat >project/Makefile <<'MAKE'
all: worker
worker: worker.c
	$(CC) $(CPPFLAGS) -D_GNU_SOURCE -g -o $@ $<
check: worker
	SANDBOX_TEST='reads' ./worker read /etc/hostname
	SANDBOX_TEST='forks' ./worker fork
MAKE
	cd project || return
	# In place of a checkout: what is built already, and nothing to make.
	mkdir .libsandbox
	ln -s "$ROOT/scripts" "$ROOT/docs" "$BUILD" .libsandbox/
	echo 'all:' >.libsandbox/Makefile
	export CC=cc
}

teardown() {
	stop_all
}

# steps FILE EXPRESSION: the shell of each step, NUL behind each, as EXPRESSION finds it in the YAML.
steps() {
	python3 - "$1" "$2" <<'PYTHON'
import sys, yaml
workflow = yaml.safe_load(open(sys.argv[1]))
for step in eval(sys.argv[2]):
    sys.stdout.write(step + '\0')
PYTHON
}

# run_steps SHELL...: each of the steps on standard input, until one fails; prints its number then.
run_steps() {
	local step number=0
	while IFS= read -r -d '' step; do
		number=$((number + 1))
		"$@" "$step" </dev/null || {
			echo "step $number failed"
			return 1
		}
	done
	echo "all $number steps ran"
}

requires_yaml() {
	python3 -c 'import yaml' 2>/dev/null || skip 'python3-yaml is not installed'
}

GITHUB_STEPS="[s['run'] for s in workflow['jobs']['sandbox']['steps'] if 'run' in s]"
GITLAB_STEPS="workflow['sandbox']['before_script'] + workflow['sandbox']['script']"

@test "GitHub Actions: every step runs, green, with a summary and files that the later steps name" {
	requires python3 jq make cc
	requires_yaml
	steps "$ROOT/docs/ci/github.yml" "$GITHUB_STEPS" >shell
	export GITHUB_ACTIONS=true GITHUB_STEP_SUMMARY=$PWD/step-summary.md
	run run_steps bash --noprofile --norc -eo pipefail -c <shell
	[ "$status" -eq 0 ]
	expect 'all 3 steps ran'
	grep -qx 'locked: 2 of 2 processes of sandbox, among [0-9]* programs that ran' step-summary.md
	refute grep '^::error' <<<"$output"
	# The files of the steps that upload:
	python3 -c "import yaml; print(*[s['with'].get('sarif_file') or s['with']['path']
for s in yaml.safe_load(open('$ROOT/docs/ci/github.yml'))['jobs']['sandbox']['steps'] if 'with' in s])" >uploaded
	[ -n "$(xargs <uploaded)" ]
	xargs ls -d <uploaded
}

@test "GitHub Actions: red when the program gained an execve, as an annotation that says where" {
	requires python3 jq make cc
	requires_yaml
	steps "$ROOT/docs/ci/github.yml" "$GITHUB_STEPS" >shell
	export GITHUB_ACTIONS=true GITHUB_STEP_SUMMARY=$PWD/step-summary.md CPPFLAGS=-DADDED_EXECVE
	run run_steps bash --noprofile --norc -eo pipefail -c <shell
	[ "$status" -eq 1 ]
	expect 'step 3 failed'
	grep '^::error file=sandbox.policy,line=7,col=3,title=The policy denies a call::worker: execve is denied (trap)%0A' <<<"$output"
	grep -q 'new_feature' step-summary.md
	# and once more, without denying anything:
	[ "$(jq -r '.mode, (.findings[] | select(.kind == "violations") | .call)' sandbox-ci/observed.json | paste -sd ' ')" = 'observe execve' ]
}

@test "GitLab: every line runs, green, and red with a JUnit report that names the call" {
	requires python3 jq make cc xmllint git
	requires_yaml
	steps "$ROOT/docs/ci/gitlab.yml" "$GITLAB_STEPS" >shell
	run run_steps bash -eo pipefail -c <shell
	[ "$status" -eq 0 ]
	expect 'all 6 steps ran'
	[ "$(xmllint --xpath 'count(//failure)' sandbox-ci/junit.xml)" -eq 0 ]
	rm worker
	export CPPFLAGS=-DADDED_EXECVE
	run run_steps bash -eo pipefail -c <shell
	[ "$status" -eq 1 ]
	expect 'step 6 failed'
	xmllint --xpath '//failure/@message' sandbox-ci/junit.xml | grep -F 'worker: execve is denied (trap)'
}

@test "a Makefile: make sandbox-check is green, and red" {
	requires jq make cc
	echo 'include .libsandbox/docs/ci/sandbox.mk' >>Makefile
	make sandbox-check
	rm worker
	run make sandbox-check CPPFLAGS=-DADDED_EXECVE
	[ "$status" -eq 2 ]
	expect 'worker: execve is denied (trap)'
}

@test "ci-regress passes the run's own status on, and says when it is not called right" {
	run .libsandbox/scripts/ci-regress
	[ "$status" -eq 2 ]
	run .libsandbox/scripts/ci-regress ./sandbox.policy make check
	[ "$status" -eq 2 ]
	run .libsandbox/scripts/ci-regress ./nonesuch.policy -- make check
	[ "$status" -eq 125 ]
	make
	SANDBOX_CI_ONCE=1 run .libsandbox/scripts/ci-regress ./sandbox.policy -- sh -c './worker; false'
	[ "$status" -eq 1 ]
	[ ! -e sandbox-ci/observed.json ]
}
