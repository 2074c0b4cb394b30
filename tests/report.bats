#!/usr/bin/env bats
# What is said about a denied call, where, and how the process dies.

load helpers

trap_policy() {
	policy traps <<-EOF
		policy 1
		phase serving
		  trigger epoll_wait
		  default ${1:-trap}
		  allow @base write exit_group fstat newfstatat epoll_create1 epoll_wait ioctl brk
	EOF
}

@test "a denied execve is named with its arguments, the calling object and offset, and the line" {
	run sandboxed "$(trap_policy)" "$HOSTS/probe" execve
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
	[[ "$output" =~ 'libsandbox: probe['[0-9]+']: policy traps, phase serving: denied execve(filename=0x' ]]
	[[ "$output" =~ ' at libc.so.6+0x'[0-9a-f]+', called from probe+0x'[0-9a-f]+ ]]
	expect 'the program dies of SIGSYS'
	expect 'this line would allow it: allow execve'
}

@test "the offset of the caller is where addr2line finds the function" {
	requires addr2line
	run sandboxed "$(trap_policy)" "$HOSTS/probe" execve
	[[ "$output" =~ 'called from probe+'(0x[0-9a-f]+) ]]
	run addr2line -f -e "$HOSTS/probe" "${BASH_REMATCH[1]}"
	[ "${lines[0]}" = call_execve ]
}

@test "trap with an errno reports and lets the call fail" {
	run sandboxed "$(trap_policy 'trap EACCES')" "$HOSTS/probe" socket getppid
	[ "$status" -eq 0 ]
	expect 'socket -1 13'
	expect 'getppid -1 13'
	expect 'denied socket(family=2, type=0x1, protocol=0x0)'
	expect 'it fails with EACCES'
}

@test "errno and kill are silent" {
	run sandboxed "$(trap_policy 'errno EACCES')" "$HOSTS/probe" getppid
	[ "$output" = 'getppid -1 13' ]
	run sandboxed "$(trap_policy kill)" "$HOSTS/probe" getppid
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
	[ "$output" = '' ]
}

@test "reports to a file are JSON lines, one for each event" {
	local file=$BATS_TEST_TMPDIR/events
	requires jq
	run env SANDBOX_REPORT="$file" SANDBOX_VERBOSE=1 LD_PRELOAD="$LIBRARY" \
		SANDBOX_POLICY="$(trap_policy 'trap EPERM')" "$HOSTS/probe" socket getppid
	[ "$status" -eq 0 ]
	[[ "$output" != *denied* ]]
	[ "$(jq -r .event "$file" | xargs)" = 'armed locked denied denied' ]
	[ "$(jq -r 'select(.event == "denied") | .syscall' "$file" | xargs)" = 'socket getppid' ]
	[ "$(jq -r 'select(.event == "denied") | .allow' "$file" | head -1)" = 'allow socket' ]
}

@test "SANDBOX_REPORT=fd:N and none" {
	local path
	path=$(trap_policy 'trap EPERM')
	run env SANDBOX_REPORT=fd:9 LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$path" \
		"$HOSTS/probe" getppid 9>"$BATS_TEST_TMPDIR/nine"
	grep -q '"syscall":"getppid"' "$BATS_TEST_TMPDIR/nine"
	run env SANDBOX_REPORT=none LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$path" "$HOSTS/probe" getppid
	[ "$output" = 'getppid -1 1' ]
}

@test "the core is at the faulting call: gdb finds the instruction behind a syscall" {
	requires gdb
	local core=$BATS_TEST_TMPDIR
	[[ "$(cat /proc/sys/kernel/core_pattern)" == core ]] || skip 'core files do not go to the working directory'
	path=$(trap_policy)
	run bash -c "cd '$core' && ulimit -c unlimited && LD_PRELOAD='$LIBRARY' SANDBOX_POLICY='$path' '$HOSTS/probe' execve"
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
	# shellcheck disable=SC2016  # $rip is gdb's
	run gdb -batch -ex bt -ex 'info registers rax' -ex 'x/2xb $rip' "$HOSTS/probe" "$core"/core*
	expect 'terminated with signal SIGSYS'
	expect 'call_execve'
	expect '0x3b' # rax: the number of execve
}

@test "a program cannot take the SIGSYS handler away" {
	run sandboxed "$(
		policy guard <<-EOF
			policy 1
			phase serving
			  trigger poll
			  default trap
			  allow @base write exit_group fstat newfstatat poll rt_sigaction rt_sigprocmask
		EOF
	)" "$HOSTS/sigsys"
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
	expect 'sigaction 0'
	expect 'denied getppid()'
}

# blocked_policy RULE: for the host `blocked`.
blocked_policy() {
	policy blocked <<-EOF
		policy 1
		phase serving
		  trigger poll
		  default allow
		  $1
	EOF
}

@test "threads that block every signal are reported, too, and trap E answers them" {
	local who
	run "$HOSTS/blocked" main worker later # control
	[ "$output" = $'main ok\nworker ok\nlater ok' ]
	run sandboxed "$(blocked_policy 'trap EPERM getppid')" "$HOSTS/blocked" main worker later
	[ "$status" -eq 0 ]
	expect 'main EPERM'
	expect 'worker EPERM'
	expect 'later EPERM'
	[ "$(grep -c 'denied getppid()' <<<"$output")" -eq 3 ]
	for who in main worker later; do
		run sandboxed "$(blocked_policy 'trap getppid')" "$HOSTS/blocked" "$who"
		[ "$status" -eq "$DIED_OF_SIGSYS" ]
		expect 'denied getppid()'
	done
}

@test "the same where a deadline locks, in a handler of the library" {
	local path
	path=$(
		policy deadline <<-EOF
			policy 1
			phase serving
			  trigger  sigwait
			  deadline 100ms lock
			  default  allow
			  trap EPERM getppid
		EOF
	)
	run sandboxed "$path" "$HOSTS/blocked" filtered main worker later
	[ "$status" -eq 0 ]
	[ "$(grep -c 'denied getppid()' <<<"$output")" -eq 3 ]
	expect 'main EPERM'
}

@test "who blocks SIGSYS again after the lock dies without a word" {
	run sandboxed "$(blocked_policy 'trap EPERM getppid')" "$HOSTS/blocked" again
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
	[ "$output" = '' ]
}

@test "SANDBOX_MODE=observe denies nothing, dry-run only says, off is off" {
	local path
	path=$(trap_policy)
	run env SANDBOX_MODE=observe LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$path" "$HOSTS/probe" getppid
	[ "$output" = 'getppid 0 0' ]
	run env SANDBOX_MODE=dry-run LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$path" "$HOSTS/probe" getppid
	expect 'would lock: policy traps, phase serving, trigger epoll_wait'
	expect 'getppid 0 0'
	run env SANDBOX_MODE=off LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$path" "$HOSTS/probe" getppid
	[ "$output" = 'getppid 0 0' ]
}

reuse_policy() {
	policy reuse <<-EOF
		policy 1
		phase serving
		  trigger poll
		  default allow
		  trap EPERM getppid
		  $1
	EOF
}

@test "a descriptor that has become a client's connection or a database gets no line" {
	local policy when what
	policy=$(reuse_policy)
	for when in before after; do
		for what in socket database; do
			run sandboxed "$policy" "$HOSTS/reuse" "$when" 2 "$what"
			[ "$output" = 'got 0 bytes: ' ]
		done
	done
	# The report's own file was closed, and its number taken, behind the lock.
	run sandboxed "$policy" SANDBOX_REPORT="$BATS_TEST_TMPDIR/events" \
		"$HOSTS/reuse" after 200 socket
	[ "$output" = 'got 0 bytes: ' ]
	[[ "$(<"$BATS_TEST_TMPDIR/events")" != *denied* ]]
}

@test "a file of reports that was closed is found again, without its name in the environment" {
	requires jq
	cd "$BATS_TEST_TMPDIR"
	policy late >/dev/null <<-EOF
		policy 1
		phase serving
		  trigger poll
		  default allow
		  errno EPERM getppid
	EOF
	for name in "$PWD/events" events; do
		rm -f events
		SANDBOX_REPORT=$name SANDBOX_VERBOSE=1 sandboxed ./late.policy "$HOSTS/between" 0 \
			title leave close poll
		[ "$(jq -r .event events | xargs)" = 'armed locked' ]
	done
}

@test "control: the lines go where standard error goes, and to a log that took its place" {
	local policy
	policy=$(reuse_policy)
	run sandboxed "$policy" "$HOSTS/reuse" after 9 socket
	expect 'denied getppid()'
	expect 'got 0 bytes: '
	run sandboxed "$policy" "$HOSTS/reuse" before 2 log
	[[ "$output" =~ 'got '[1-9][0-9]*' bytes: libsandbox: reuse['[0-9]+'/'?[0-9]*']: policy reuse' ]]
	expect 'denied getppid()'
}

@test "the end of a program that cannot be locked goes into no connection either" {
	local policy
	policy=$(reuse_policy 'read /nonexistent-path')
	run sandboxed "$policy" "$HOSTS/reuse" before 9 socket
	[ "$status" -eq 125 ]
	expect '/nonexistent-path'
	run sandboxed "$policy" "$HOSTS/reuse" before 2 socket
	[ "$status" -eq 125 ]
	[ "$output" = '' ]
}

@test "a name with quotes, newlines and commands for terminals is one line, and JSON" {
	local file=$BATS_TEST_TMPDIR/events program name
	requires jq
	for name in 'a","x":"b' $'n\n::error::x' $'\e]0;t\a\xff\xc2\x9b' \
		"$(printf 'q\001%.0s' {1..120})"; do
		program=$BATS_TEST_TMPDIR/$name
		cp "$HOSTS/probe" "$program"
		run sandboxed "$(trap_policy)" "$program" execve
		[ "${#lines[@]}" -eq 1 ]
		expect 'denied execve('
		[[ "${lines[0]}" != *[![:print:]]* ]]
		rm -f "$file"
		run sandboxed "$(trap_policy)" SANDBOX_REPORT="$file" "$program" execve
		[ "$(jq -s 'length' "$file")" -eq 1 ]
		[ "$(jq -r '.syscall + .x' "$file")" = execve ]
		[[ "$(jq -r .caller "$file")" == *+0x* ]]
	done
	run env LD_PRELOAD="$LIBRARY" SANDBOX_POLICY=$'x\n\e[2J' "$HOSTS/probe"
	[ "$status" -eq 125 ]
	[ "${#lines[@]}" -eq 1 ]
	expect 'no policy named x\012\033[2J'
}
