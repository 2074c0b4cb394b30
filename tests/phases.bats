#!/usr/bin/env bats
# Policies with several phases: what could not stack is refused before any program runs under it.
# The words of the messages: tests/messages.bats. Phases in processes: tests/trigger-processes.bats.

load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	stop_all
}

# two FIRST SECOND: two.policy, with phase `first` at the first poll and `second` at the first
# select.
two() {
	printf 'policy 1\nphase first\n  trigger poll\n%s\nphase second\n  trigger select\n%s\n' \
		"$1" "$2" >two.policy
}

@test "a phase that allows what an earlier one denies: check, compile and the library refuse it" {
	two 'default allow
errno EPERM getppid' 'default allow
allow getppid'
	for command in check compile; do
		run "$SANDBOXCTL" "$command" two.policy
		[ "$status" -eq 1 ]
		expect "two.policy:9:7: error: 'allow' of getppid cannot hold in phase 'second': phase 'first' says 'errno EPERM' at two.policy:5:13"
	done
	[ ! -e two.policyc ]
	run sandboxed ./two.policy "$HOSTS/probe" getppid
	[ "$status" -eq 125 ]
	expect "'allow' of getppid cannot hold in phase 'second'"
	refute grep -q '^getppid' <<<"$output"
}

@test "a phase that only takes more away is right, and takes it away when it locks" {
	two 'default allow
errno EPERM getpgid' 'default allow
errno EACCES getpgid
errno EPERM getppid'
	"$SANDBOXCTL" check --strict two.policy
	run sandboxed ./two.policy "$HOSTS/order" poll select
	[ "$status" -eq 0 ]
	[ "$output" = "poll free
select locked" ]
}

@test "phases that are apart are not compared, and neither allows what it takes to lock again" {
	two 'default errno EPERM
allow exit_group' 'apart first
default errno EPERM
allow exit_group getppid'
	"$SANDBOXCTL" check --strict two.policy
	refute grep -qw seccomp <("$SANDBOXCTL" show two.policy)
	sed -i '/apart/d' two.policy
	run "$SANDBOXCTL" check two.policy
	[ "$status" -eq 1 ]
	grep -qw seccomp <("$SANDBOXCTL" show two.policy)
}

@test "no shipped policy has phases that could not stack, on either architecture" {
	for arch in x86_64 aarch64; do
		run "$SANDBOXCTL" check --arch "$arch" "$ROOT"/policies/*.policy
		[ "$status" -eq 0 ]
		refute grep -q 'cannot hold' <<<"$output"
	done
}

# The step of a later phase runs under the filter of the earlier one, which allows what it takes.
# locks_after STEP HOST ARGUMENT: the earlier phase allows HOST's own calls and traps all others.
locks_after() {
	printf '%s\n' 'policy 1' 'phase first' 'trigger main' 'default trap' \
		'allow @base @malloc @event-loop @stream-io @thread @sleep epoll_create1 pipe2 clone clone3 mmap mprotect poll getppid' \
		'phase second' 'trigger epoll_wait' 'trigger poll' 'default trap' \
		'allow @base @malloc @event-loop @stream-io @sleep poll' 'errno EPERM getppid' "$1" >two.policy
	start env LD_PRELOAD="$LIBRARY" SANDBOX_VERBOSE=1 SANDBOX_POLICY="$PWD/two.policy" "$HOSTS/$2" "$3"
	eventually output_has 'locked: policy two, phase second'
	refute output_has denied
}

@test "each step can be that of a later phase, in a program with threads, too" {
	requires_root
	local step
	for step in 'read /proc' 'connect tcp none' 'scope signal' 'root empty' 'root /usr' \
		'detach mount ipc uts net cgroup' 'detach pid' 'capabilities none' 'capabilities net_raw' \
		'limit core 0' 'descriptors close 100-' 'descriptors expect any' 'dumpable no'; do
		locks_after "$step" probe getppid
		locks_after "$step" threads 8
	done
}
