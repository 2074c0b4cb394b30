#!/usr/bin/env bats
# sandboxctl ci --observe: one run lists all that a policy would deny, and denies nothing.

load helpers
load ci

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export TMPDIR=$BATS_TEST_TMPDIR
	unset SANDBOX_TEST BATS_TEST_NAME PYTEST_CURRENT_TEST
	worker_files
}

teardown() {
	stop_all
}

# observe SCRIPT [OPTION...]: a shell as the suite, its verdict in verdict.json.
observe() {
	ci -p ./worker.policy --observe --json verdict.json "${@:2}" -- sh -c "$1"
}

@test "a suite that the policy allows is green, and the counts say that the lock would have been there" {
	requires jq
	run observe './worker read /etc/hostname && ./worker fork'
	[ "$status" -eq 0 ]
	expect 'sandboxctl ci: GREEN, policy worker'
	expect 'met the trigger: 2 of 2 processes of worker'
	[ "$(jq -c '[.green, .mode, .named, .reached, .locked]' verdict.json)" = '[true,"observe",2,2,2]' ]
	[ "$(jq .calls verdict.json)" -gt 50 ]
}

@test "a program that takes another policy is red, whatever others have written to the file of the events" {
	requires jq
	sed 's/ the daemon of these tests/ another/' worker.policy >other.policy
	# shellcheck disable=SC2016 # the inner shell's
	run observe 'echo "{ no event" >>"${SANDBOX_REPORT#watch:}"; ./worker; SANDBOX_POLICY=./other.policy ./worker'
	[ "$status" -eq 1 ]
	[ "$(found unlocked .detail)" = 'it was told to take the policy other' ]
}

@test "one run names every missing right, with the line, the function and the test that needed it" {
	requires jq
	run observe 'SANDBOX_TEST="asks its parent" ./worker ask 3; SANDBOX_TEST="opens a socket" ./worker socket'
	[ "$status" -eq 1 ]
	expect 'sandboxctl ci: RED'
	[ "$(found violations .call | sort | paste -sd ' ')" = 'getppid socket(AF_INET, SOCK_DGRAM, 0)' ]
	[ "$(found violations 'select(.call == "getppid") | [.count, .function, .allow, .tests[0], .place.line, .phase] | join(";")')" = \
		'3;ask_for_parent;allow getppid;asks its parent;7;serving' ]
	[ "$(found violations 'select(.call != "getppid") | [.function, .allow, .tests[0]] | join(";")')" = \
		'main;allow socket where family == AF_INET and type & 0xf == SOCK_DGRAM;opens a socket' ]
	# Nothing was denied meanwhile, and with these two lines nothing would be:
	printf '  %s\n' 'allow getppid' 'allow socket where family == AF_INET and type & 0xf == SOCK_DGRAM' >>worker.policy
	observe './worker ask 3; ./worker socket'
}

@test "a program that gained an execve turns the build red, and what it would have started is not blamed" {
	requires jq
	observe './worker'
	run observe 'added/worker'
	[ "$status" -eq 1 ]
	[ "$(found violations '[.program, .call, .function, .action] | join(" ")')" = 'worker execve new_feature trap' ]
	# Where execve is allowed, the program that it starts is behind the lock and counts:
	sed -i 's/allow    @base/allow    execve @base/' worker.policy
	run observe 'added/worker'
	[ "$status" -eq 1 ]
	[ "$(found violations 'select(.program == "true") | .call' | grep -c '^mmap')" -gt 0 ]
}

# becomes waits, which locks it, and executes itself, which waits and executes /bin/true.
nested() {
	ci -p ./becomes.policy --json verdict.json "$@" -- "$HOSTS/becomes" "$HOSTS/becomes" /bin/true
}

@test "what the library needs in a program that a locked one starts is found: green observed is green enforced" {
	requires jq
	local call round
	printf '%s\n' 'policy 1' 'program becomes' 'phase serving' '  trigger poll' '  default trap' \
		'  allow execve exit_group poll' >becomes.policy
	for round in 1 2 3 4 5; do
		run nested --observe
		[ "$status" -ne 0 ] || break
		found violations .allow | sort -u | sed 's/^/  /' >>becomes.policy
	done
	[ "$status" -eq 0 ]
	expect 'met the trigger: 2 of 2 processes of becomes'
	refute grep -q 'was not used' <<<"$output"
	run nested
	[ "$status" -eq 0 ]
	expect 'locked: 2 of 2 processes of becomes'
	for call in seccomp rt_sigaction madvise; do
		cp becomes.policy whole
		sed -i "/allow $call/d" becomes.policy
		run nested --observe
		[ "$status" -eq 1 ]
		[ "$(found violations '[.program, .call, .phase] | join(" ")' | sed 's/(.*)//')" = "becomes $call serving" ]
		expect 'the library needs it in a program that a locked one starts'
		run nested
		[ "$status" -eq 1 ]
		mv whole becomes.policy
	done
	# Where the first program may not start another, nothing is needed there.
	sed -i 's/execve //; /seccomp/d' becomes.policy
	run nested --observe
	[ "$(found violations .call)" = execve ]
}

@test "a clone3 that is not told ENOSYS is denied, whatever the policy says of clone" {
	requires jq
	thread() {
		ci -p ./learner.policy --json verdict.json "$@" -- "$HOSTS/learner" wait thread
	}
	printf '%s\n' 'policy 1' 'program learner' 'phase serving' '  trigger poll' '  default allow' '  trap clone3' >learner.policy
	run thread
	[ "$status" -eq 1 ]
	run thread --observe
	[ "$status" -eq 1 ]
	[ "$(found violations '[.call, .allow] | join(";")')" = 'clone3;override errno ENOSYS clone3' ]
	echo '  override errno ENOSYS clone3' >>learner.policy
	thread --observe
	thread
	# with it, what is said of clone counts; where clone3 is allowed, it does not
	echo '  trap clone' >>learner.policy
	run thread
	[ "$status" -eq 1 ]
	run thread --observe
	[ "$status" -eq 1 ]
	[ "$(found violations .call | sed 's/(.*//')" = clone ]
	sed -i '/clone3/d' learner.policy
	thread
	thread --observe
}

@test "a call that a line answers with an errno on purpose is noted, and fails only when asked to" {
	requires jq
	sed -i 's/^  default  trap/&\n  errno EPERM getppid/' worker.policy
	observe './worker ask 1'
	[ "$(found answered '[.call, .fails | tostring] | join(" ")')" = 'clone3 false
getppid false' ] || [ "$(found answered '[.call, .fails | tostring] | join(" ")')" = 'getppid false' ]
	run observe './worker ask 1' --fail-on answered
	[ "$status" -eq 1 ]
	# As the default it is no purpose:
	sed -i '/errno EPERM getppid/d; s/default  trap/default  errno EPERM/' worker.policy
	run observe './worker ask 1'
	[ "$status" -eq 1 ]
	[ "$(found violations '[.call, .action] | join(" ")')" = 'getppid errno EPERM' ]
}

@test "a program that ends before its trigger, on purpose or not, fails unless it may" {
	requires jq
	run observe './worker; ./worker version; ./worker abort; true'
	[ "$status" -eq 1 ]
	expect 'met the trigger: 1 of 3 processes'
	[ "$(found unlocked .command | sort | paste -sd ';')" = './worker abort;./worker version' ]
	run observe './worker; ./worker version; ./worker abort; true' -u '*worker version'
	[ "$status" -eq 1 ]
	[ "$(found unlocked .command)" = './worker abort' ]
	observe './worker; ./worker version' -u '*worker version'
}

@test "a fork that never met the trigger beside one that did is red, and noted when it ended young" {
	local host="LINEAGE_OUT=/dev/null $HOSTS/lineage"
	requires jq
	lineage_policy
	run observe "$host fork [ lock ] fork [ sleep 3 ] reap reap"
	[ "$status" -eq 1 ]
	[ "$(found forks '[.title, (.pid > 0), .detail] | map(tostring) | join(";")')" = \
		'a fork of lineage was never locked;true;others that its parent forked were' ]
	run observe "$host fork [ sleep 4 ] sleep 1 lock reap" # it is met before its parent locks
	[ "$status" -eq 1 ]
	[ "$(found forks .detail)" = 'its parent was, after it had forked it' ]
	# control: late, executed, by a child of its own; forked after the lock
	observe "$host fork [ lock ] fork [ sleep 2 lock ] fork [ exec sleep 2 ] fork [ fork [ lock ] sleep 2 ] reap reap reap reap"
	observe "$host lock fork [ sleep 2 ] reap"
	observe "$host fork [ lock ] fork [ end _exit ] reap reap"
	[ "$(found young .title)" = 'a fork of lineage ended young, unlocked' ]
	# ... also the last process, of which the kernel needs a while to see the end
	observe "$host fork [ sleep 1 lock ] reap fork [ large ]"
	[ "$(found young .title)" = 'a fork of lineage ended young, unlocked' ]
}

@test "a daemon whose first process ends at once is followed: its child's lock counts, and its calls" {
	requires jq
	run observe './worker daemon socket'
	[ "$status" -eq 1 ]
	[ "$(jq -c '[.named, .locked]' verdict.json)" = '[1,1]' ]
	[ "$(found violations .call)" = 'socket(AF_INET, SOCK_DGRAM, 0)' ]
	[ -z "$(found unlocked)" ]
}

@test "processes without the library are found: env -i, a cleared LD_PRELOAD, a static program" {
	requires jq
	mkdir static
	printf 'int main(void) { return 0; }\n' >static.c
	cc -static -o static/worker static.c
	run observe './worker; env -i ./worker; LD_PRELOAD= ./worker; static/worker'
	[ "$status" -eq 1 ]
	expect 'met the trigger: 1 of 4 processes'
	[ "$(jq .reached verdict.json)" -eq 1 ]
	[ "$(found unreached .detail | sort -u | paste -sd '|')" = \
		'LD_PRELOAD does not name it any more|is linked statically: no library can be loaded into it' ]
	run observe './worker; SANDBOX_MODE=off ./worker; SANDBOX_POLICY=redis ./worker; SANDBOX_POLICY=minimal ./worker; true'
	[ "$status" -eq 1 ]
	expect 'met the trigger: 1 of 4 processes'
	# Others than those that the policy names may be what they are:
	cp static/worker other
	observe './worker; ./other; env -i /bin/true'
}

@test "a run in which nothing was locked is never green" {
	requires jq
	run observe true
	[ "$status" -eq 1 ]
	expect 'no program that the policy names ever ran'
	run observe './worker version' --fail-on none
	[ "$status" -eq 1 ]
	expect 'no process was ever locked'
	observe './worker; ./worker version' --fail-on none
}

@test "a suite that fails makes the run fail, whatever the policy says" {
	requires jq
	run observe './worker; exit 3'
	[ "$status" -eq 1 ]
	expect 'the command ended by exit 3'
	run observe './worker; kill -TERM $$' --fail-on none
	[ "$status" -eq 1 ]
	expect 'the command ended by signal SIGTERM'
}

@test "a lock that the library refuses is red, with the library's reason" {
	requires jq
	sed -i 's/trigger  epoll_wait/trigger  call nonesuch_function/' worker.policy
	run observe './worker; true'
	[ "$status" -eq 1 ]
	[ "$(found refused .title)" = 'worker was stopped by the library' ]
	[[ "$(found refused .detail)" == *'no loaded object has a function'* ]]
}

@test "the test that needed a right is known under bats, prove, and by pytest's variable" {
	requires jq prove
	mkdir t
	printf '#!/bin/sh\necho 1..1\n./worker ask 1\necho ok 1\n' >t/asks.t
	chmod +x t/asks.t
	run observe 'env -u BATS_TEST_NAME prove t/asks.t'
	[ "$status" -eq 1 ]
	[ "$(found violations '.tests[0]')" = '/bin/sh t/asks.t' ]
	# ctest, for which a script of that name stands:
	printf '#!/bin/sh\n./worker ask 1; true\n' >ctest
	chmod +x ctest
	run observe 'env -u BATS_TEST_NAME ./ctest'
	[ "$(found violations '.tests[0]')" = './worker ask 1' ]
	run observe 'PYTEST_CURRENT_TEST="tests/test_a.py::test_b (call)" ./worker ask 1'
	[ "$(found violations '.tests[0]')" = 'tests/test_a.py::test_b' ]
	printf '%s\n' '@test "asks, with under_scores and 100%" {' './worker ask 1' '}' >suite.bats
	# shellcheck disable=SC2016 # a bats in a bats must not know of it
	run observe 'bash -c '\''unset ${!BATS_@}; PATH=/usr/local/bin:/usr/bin:/bin bats suite.bats'\'
	[ "$(found violations '.tests[0]')" = 'asks, with under_scores and 100%' ]
}

@test "--program locks another program; a policy that names none must be told" {
	requires jq
	cp worker other
	sed -i '/^program/d' worker.policy
	run observe './other ask 1'
	[ "$status" -eq 125 ]
	expect 'policy worker names no program: say which to lock with --program NAME'
	run observe './other ask 1' --program other
	[ "$status" -eq 1 ]
	[ "$(found violations '[.program, .call] | join(" ")')" = 'other getppid' ]
	run observe './other ask 1' --program worker
	[ "$status" -eq 1 ]
	expect 'no program that the policy names ever ran'
	run observe './other ask 1' --program '*'
	[ "$status" -eq 1 ]
	[ "$(found violations .call)" = getppid ]
	[ "$(jq .named verdict.json)" -eq 2 ]
}

@test "against a baseline: what is new fails, what is gone is noted, the same is neither" {
	requires jq
	sed -i 's/@event-loop/& getppid socket/' worker.policy
	observe './worker ask 1' --recording base.recording
	observe './worker ask 1' --baseline base.recording
	[ -z "$(found new)$(found gone)" ]
	run observe './worker; SANDBOX_TEST="opens one" ./worker socket; SANDBOX_TEST=again ./worker socket' \
		--baseline base.recording
	[ "$status" -eq 1 ]
	[ "$(found new .call | paste -sd ' ')" = 'socket(AF_INET, SOCK_DGRAM, 0) close' ]
	[ "$(found new 'select(.call != "close") | [.tests[0], .command, .function] | join(";")')" = 'opens one;./worker socket;main' ]
	expect 'in the test opens one'
	[ "$(found gone .call)" = getppid ]
	[ "$(found gone '.tests | length')" = 0 ]
	observe './worker socket' --baseline base.recording --fail-on violations
	run observe './worker ask 1' --baseline nonesuch.recording
	[ "$status" -eq 125 ]
}

@test "rights that nothing used are noted by line and word" {
	requires jq
	observe './worker'
	[ "$(found unused '[.place.line, .call] | join(" ")' | head -n 3)" = '9 close
10 openat
11 clone' ]
	run observe './worker' --fail-on unused
	[ "$status" -eq 1 ]
}

@test "what the suite leaves behind is ended, and the run with it" {
	requires jq
	run observe './worker; sleep 1000 & echo "$!" >pid' --linger 1
	[ "$status" -eq 0 ]
	not_running "$(cat pid)"
}
