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
	# One thread of `threads` computes: a dozen of them would starve the next one. `probe` has ended.
	kill -KILL "$pid" 2>/dev/null || true
	wait "$pid" || true
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

# --- what the earlier phase says is what holds until the later one locks ------------------------

# between THREADS ACT...: under narrow.policy, whose phases lock at poll and at select.
between() {
	SANDBOX_VERBOSE=1 run sandboxed "$PWD/narrow.policy" "$HOSTS/between" "$@"
}

narrow() {
	printf '%s\n' 'policy 1' 'program between' 'phase first' '  trigger poll' '  default trap' \
		'  allow @base @stream-io poll optional select pselect6' \
		'  allow openat where flags & (O_ACCMODE|O_CREAT|O_TRUNC) == O_RDONLY' "${@}" \
		'phase second' '  trigger select' '  default trap' \
		'  allow @base @stream-io poll optional select pselect6' >narrow.policy
}

@test "between two locks a file is opened as the first phase says, and for nothing else" {
	local act threads
	narrow
	for threads in 0 3; do
		run "$HOSTS/between" "$threads" poll write-open create read-open select
		[ "$output" = "$(printf '%s done\n' poll write-open create read-open select)" ]
		for act in write-open create; do
			between "$threads" poll "$act" select
			[ "$status" -eq "$DIED_OF_SIGSYS" ]
			expect 'phase first: denied openat('
			expect 'poll done'
			refute grep -qE "^($act|select) " <<<"$output"
		done
		between "$threads" poll read-open select
		[ "$status" -eq 0 ]
		expect 'read-open done'
		expect 'select done'
		expect 'locked: policy narrow, phase second'
	done
}

@test "between two locks a program cannot make what only the second lock's library does" {
	local act
	narrow
	run "$HOSTS/between" 0 run-memory unshare dumpable handler limit
	[ "$output" = "$(printf '%s done\n' run-memory unshare dumpable handler limit)" ]
	for act in run-memory unshare mount dumpable handler limit seccomp; do
		between 3 poll "$act" select
		[ "$status" -eq "$DIED_OF_SIGSYS" ]
		expect 'phase first: denied '
		refute grep -q "^$act" <<<"$output"
	done
}

@test "a program whose main thread has ended locks twice" {
	narrow
	between 3 move poll select
	[ "$status" -eq 0 ]
	expect 'phase second, trigger select, threads 4'
}

@test "what a later step takes is allowed with the library's arguments only" {
	requires_root
	narrow
	printf '%s\n' '  limit core 0' '  dumpable no' '  detach ipc' >>narrow.policy
	run "$SANDBOXCTL" check narrow.policy
	expect "warning: phase 'first' allows more than its lines say, because the library needs it to lock phase 'second': capset, unshare, setns"
	between 3 poll select
	[ "$status" -eq 0 ]
	expect 'steps detach ipc, limits, dumpable no' || expect 'steps detach ipc + limits + dumpable no'
	between 3 poll unshare select # of uts
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
	between 3 poll dumpable select # yes
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
}

@test "a file of reports that was closed between two locks ends the program at the second" {
	narrow
	SANDBOX_REPORT=$PWD/report run sandboxed "$PWD/narrow.policy" "$HOSTS/between" 0 poll select
	[ "$status" -eq 0 ]
	SANDBOX_REPORT=$PWD/report run sandboxed "$PWD/narrow.policy" "$HOSTS/between" 0 poll close select
	[ "$status" -eq 125 ]
	expect 'closed the descriptor of SANDBOX_REPORT after its first lock'
}

# --- a later phase that locks first -------------------------------------------------------------

@test "a later phase that locks first and denies all that the earlier does is the lock of both" {
	narrow
	between 3 select poll
	[ "$status" -eq 0 ]
	expect 'select done'
	expect 'poll done'
	expect 'covered by the lock of a later phase: policy narrow, phase first'
	refute grep -q 'locked: policy narrow, phase first' <<<"$output"
	between 3 select read-open
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
	expect 'phase second: denied openat('
}

@test "a later phase that locks first and does not cover the earlier locks both, the earlier first" {
	narrow '  limit core 0'
	between 3 select poll
	[ "$status" -eq 0 ]
	[ "$(sed -nE 's/.* locked: policy narrow, (phase [a-z]+), trigger select.*/\1/p' <<<"$output" | xargs)" = 'phase first phase second' ]
	expect 'poll done'
	# `default allow` gives nothing back
	narrow
	sed -i '/^phase second/,$s/  default trap/  default allow # takes read away/' narrow.policy
	printf '  trap read\n' >>narrow.policy
	between 0 select write-open
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
	expect 'denied openat('
	between 0 write-open
	expect 'write-open done'
}
