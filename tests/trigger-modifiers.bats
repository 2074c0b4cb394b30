#!/usr/bin/env bats
# What may stand behind a trigger (on main thread, count, after), signals, deadlines, and functions
# named by object or offset.

load helpers

teardown() {
	stop_all
}

@test "count: the third call fires, not the first two" {
	run sandboxed "$(probe_policy 'epoll_wait count 3')" "$HOSTS/probe" getppid wait getppid wait getppid
	[ "$output" = "getppid 0 0
wait 0 0
getppid 0 0
wait 0 0
getppid -1 1" ]
}

@test "count counts the calls that meet the condition" {
	run sandboxed "$(probe_policy 'epoll_wait where timeout == 77 count 1')" "$HOSTS/probe" wait getppid
	[ "${lines[1]}" = 'getppid 0 0' ]
	run sandboxed "$(probe_policy 'epoll_wait count 2 where timeout == 1')" "$HOSTS/probe" getppid wait getppid
	[ "$output" = "getppid 0 0
wait 0 0
getppid -1 1" ]
}

@test "after: armed only once the other trigger was seen" {
	run sandboxed "$(probe_policy 'poll after listen')" "$HOSTS/order" poll listen poll
	[ "$output" = "poll free
listen free
poll locked" ]
	run sandboxed "$(probe_policy 'poll after listen')" "$HOSTS/order" poll poll poll
	[ "$output" = "poll free
poll free
poll free" ]
}

@test "after another after: a chain is taken in its order" {
	run sandboxed "$(probe_policy 'poll after select after listen')" "$HOSTS/order" \
		select poll listen poll select poll
	[ "$output" = "select free
poll free
listen free
poll free
select free
poll locked" ]
}

@test "after a function: the patched function runs whole, and the wait behind it locks" {
	run sandboxed "$(probe_policy 'poll after call prepare')" "$HOSTS/order" poll prepare poll
	[ "$output" = "poll free
prepare free
poll locked" ]
}

@test "a function after a wait: patched only then" {
	run sandboxed "$(probe_policy 'call prepare after poll')" "$HOSTS/order" prepare poll prepare prepare
	[ "$output" = "prepare free
poll free
prepare locked
prepare locked" ]
}

@test "on main thread: another thread's wait does not fire" {
	run sandboxed "$(probe_policy 'poll on main thread')" "$HOSTS/order" thread-poll poll
	[ "$output" = "thread-poll free
poll locked" ]
	run sandboxed "$(probe_policy 'poll')" "$HOSTS/order" thread-poll poll
	[ "$output" = "thread-poll locked
poll locked" ]
}

@test "several triggers: whichever comes first" {
	local path
	path=$(probe_policy 'listen' 'trigger select')
	run sandboxed "$path" "$HOSTS/order" poll select listen
	[ "$output" = "poll free
select locked
listen locked" ]
	run sandboxed "$path" "$HOSTS/order" poll listen select
	[ "$output" = "poll free
listen locked
select locked" ]
}

@test "signal: locks when it is delivered, and the program's disposition is back" {
	run sandboxed "$(probe_policy 'signal USR2')" "$HOSTS/order" poll usr2 poll default-usr2
	[ "$status" -eq 140 ] # 128 + SIGUSR2: the default action again
	[ "$output" = "poll free
usr2 locked
poll locked" ]
}

@test "deadline lock: a program that never makes a hooked call is locked in time" {
	run sandboxed "$(probe_policy listen 'deadline 100ms lock')" "$HOSTS/order" poll compute poll
	[ "$output" = "poll free
compute locked
poll locked" ]
}

@test "deadline kill: ends it with 125 and says so" {
	run sandboxed "$(probe_policy listen 'deadline 100ms kill')" "$HOSTS/order" poll compute poll
	[ "$status" -eq 125 ]
	expect 'phase serving did not begin before its deadline'
	expect 'poll free'
	[[ "$output" != *compute* ]]
}

@test "deadline report: says so and goes on" {
	run sandboxed "$(probe_policy listen 'deadline 100ms report')" "$HOSTS/order" compute poll
	[ "$status" -eq 0 ]
	expect 'deadline is over, not locked: policy probe, phase serving'
	expect 'poll free'
}

@test "a deadline holds for a fork child too, and not once the phase is locked" {
	run sandboxed "$(probe_policy listen 'deadline 200ms lock')" "$HOSTS/order" fork compute
	[ "$output" = "fork free
compute locked" ]
	run sandboxed "$(probe_policy poll 'deadline 100ms kill')" "$HOSTS/order" poll compute compute
	[ "$status" -eq 0 ]
	[ "$output" = "poll locked
compute locked
compute locked" ]
}

@test "control: without the library nothing in the host is refused" {
	run "$HOSTS/order" poll listen prepare compute
	[ "$output" = "poll free
listen free
prepare free
compute free" ]
}

@test "ready: fires at READY=1 to the service manager, not at other news, nor elsewhere" {
	local name
	for name in "$BATS_TEST_TMPDIR/notify" "@libsandbox-test-$$-$BATS_TEST_NUMBER"; do
		NOTIFY_SOCKET=$name run sandboxed "$(probe_policy ready)" "$HOSTS/order" \
			manager status poll ready poll
		[ "$output" = "manager free
status free
poll free
ready locked
poll locked" ]
	done
	rm "$BATS_TEST_TMPDIR/notify"
	NOTIFY_SOCKET=$BATS_TEST_TMPDIR/notify run sandboxed "$(probe_policy ready)" "$HOSTS/order" \
		manager ready-connected
	[ "$output" = "manager free
ready-connected locked" ]
}

@test "a function by object and name, and by object and offset" {
	local offset
	run sandboxed "$(probe_policy 'call order!prepare')" "$HOSTS/order" poll prepare
	[ "$output" = "poll free
prepare locked" ]
	offset=0x$(nm "$HOSTS/order" | awk '$3 == "prepare" { print $1 }')
	run sandboxed "$(probe_policy "call order+$offset")" "$HOSTS/order" poll prepare
	[ "$output" = "poll free
prepare locked" ]
	run sandboxed "$(probe_policy 'call libc.so.6!usleep')" "$HOSTS/order" poll usleep
	[ "$output" = "poll free
usleep locked" ]
}

@test "an offset outside the object's code is refused" {
	run sandboxed "$(probe_policy 'call order+0x7fffffff')" "$HOSTS/order" poll
	[ "$status" -eq 125 ]
	expect 'it is not in a segment of code'
}

@test "a program that ends without having locked says so in verbose mode" {
	SANDBOX_VERBOSE=1 run sandboxed "$(probe_policy listen)" "$HOSTS/order" poll
	expect 'ends without having locked: policy probe, phase serving'
	SANDBOX_VERBOSE=1 run sandboxed "$(probe_policy poll)" "$HOSTS/order" poll
	[[ "$output" != *'ends without'* ]]
}

# complaint TRIGGER [LINE]: what check says of the policy.
complaint() {
	printf 'policy 1\nphase serving\n  trigger %s\n  %s\n  default allow\n' "$1" "${2:-}" \
		>"$BATS_TEST_TMPDIR/wrong.policy"
	run "$SANDBOXCTL" check "$BATS_TEST_TMPDIR/wrong.policy"
	[ "$status" -eq 1 ]
}

@test "what makes no sense is refused in words" {
	complaint 'signal USR1 count 2'
	expect "'count' goes with calls only"
	complaint 'main on main thread'
	expect "'on main thread' goes with calls only"
	complaint 'main after listen'
	expect "'main' comes once, and before all else"
	complaint 'poll count 0'
	expect 'a count is a number from 1'
	complaint 'poll on the main thread'
	expect "'main thread' is expected here"
	complaint 'poll count 2 count 3'
	expect "'count' is said twice"
	complaint 'poll after'
	expect 'the line ends where a trigger is expected'
	complaint 'poll after lisen'
	expect "did you mean 'listen'"
	complaint 'signal KILL'
	expect "'KILL' cannot be a trigger"
	complaint 'signal USR3'
	expect "no signal is called 'USR3'"
	complaint 'call prog!'
	expect 'a function reads NAME, OBJECT!NAME or OBJECT+0xOFFSET'
	complaint 'call prog+zero'
	expect 'a function reads NAME, OBJECT!NAME or OBJECT+0xOFFSET'
	complaint 'poll' 'deadline 30 kill'
	expect 'a time reads 500ms, 30s or 2m'
	complaint 'poll' 'deadline 30s stop'
	expect "a deadline ends in 'lock', 'kill' or 'report'"
	complaint "ready where fd == 1"
	expect "signal and ready have none"
}
