#!/usr/bin/env bats
# `call NAME` in Go with cgo: goroutines have small stacks, arguments come in other registers, and
# the runtime makes its system calls itself, so that no hooked call is seen.

load helpers

setup_file() {
	export SERVER=$BATS_FILE_TMPDIR/server
	command -v go >/dev/null || return 0 # the tests skip
	(cd "$ROOT/tests/hosts/go" && HOME=$BATS_FILE_TMPDIR GO111MODULE=off go build -o "$SERVER" server.go)
}

setup() {
	requires go
}

teardown() {
	stop_all
}

# serve TRIGGER DEPTH: starts the server under the trigger and waits until it listens.
serve() {
	port=$(free_port)
	SANDBOX_VERBOSE=1 start_sandboxed "$(probe_policy "$1" 'trap kill')" "$SERVER" "127.0.0.1:$port" "$2"
	eventually output_has 'in serve'
}

# echoes TEXT: what the server answers.
echoes() {
	exec 9<>"/dev/tcp/127.0.0.1/$port"
	printf '%s\n' "$1" >&9
	timeout 10 head -n 1 <&9
	exec 9>&-
}

lines_with() {
	grep -c "$1" "$BATS_TEST_TMPDIR/output" || true # none is an answer
}

@test "control: without the library the server is free, and lives" {
	port=$(free_port)
	start "$SERVER" "127.0.0.1:$port" 10
	eventually output_has 'in serve free'
	eventually output_has 'neighbours whole'
	[ "$(echoes hello)" = hello ]
	[ "$(echoes forbidden)" = forbidden ]
	[ "$(seccomp_of "$pid")" = 0 ]
}

@test "control: a trigger that is a hooked call is never met" {
	serve 'wait' 10
	[ "$(echoes hello)" = hello ]
	output_has 'in serve free'
	[ "$(seccomp_of "$pid")" = 0 ]
}

@test "call main.serve: locked before its body, whatever is left of the goroutine's stack; then it serves" {
	local depth
	for depth in 0 5 10 15 20 25 30 35 40 60 100; do
		: >"$BATS_TEST_TMPDIR/output"
		serve 'call main.serve' "$depth"
		output_has 'before listen free'
		output_has 'in serve locked'
		eventually output_has 'neighbours whole'
		[ "$(lines_with ': locked:')" -eq 1 ]
		is_locked "$pid"
		[ "$(echoes hello)" = hello ]
		[ "$(echoes again)" = again ]
		kill "$pid"
		eventually not_running "$pid"
	done
}

@test "call runtime.epollwait, the runtime's own function: locked when it first waits, then it serves" {
	serve 'call runtime.epollwait' 10
	output_has 'before listen free'
	[ "$(echoes hello)" = hello ]
	eventually is_locked "$pid"
	[ "$(lines_with ': locked:')" -eq 1 ]
	[ "$(echoes again)" = again ]
}

@test "what is not allowed ends it by SIGSYS, with a report" {
	local trigger
	for trigger in 'call main.serve' 'call runtime.epollwait'; do
		: >"$BATS_TEST_TMPDIR/output"
		serve "$trigger" 10
		[ "$(echoes hello)" = hello ]
		eventually is_locked "$pid"
		[ "$(echoes forbidden)" = '' ]
		run wait "$pid"
		[ "$status" -eq "$DIED_OF_SIGSYS" ]
		output_has 'denied kill('
	done
}

@test "count is refused: the function jumps back to its start to grow its stack" {
	run sandboxed "$(probe_policy 'call main.serve count 2' 'trap kill')" "$SERVER" 127.0.0.1:1 0
	[ "$status" -eq 125 ]
	expect 'branches back to its first instruction, so that one call would count as several'
}

@test "on main thread: another thread's calls run the function" {
	serve 'call main.serve on main thread' 10
	[ "$(echoes hello)" = hello ]
	if output_has 'in serve locked'; then # the scheduler had it there
		is_locked "$pid"
	else
		[ "$(seccomp_of "$pid")" = 0 ]
	fi
}
