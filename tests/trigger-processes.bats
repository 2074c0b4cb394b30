#!/usr/bin/env bats
# Which process of a family is locked, when, and by how many filters. Every case is judged from
# outside: /proc/PID/status of a process that holds still, and the signal that a denied call ends in.

load helpers

setup() {
	[[ "$(grep -c Seccomp_filters /proc/self/status)" -eq 1 ]] || skip 'needs Linux 5.9'
	export LINEAGE_OUT=$BATS_TEST_TMPDIR/lines
	: >"$LINEAGE_OUT"
}

teardown() {
	local process
	while read -r process; do
		if grep -q '^State:.*T' "/proc/$process/status" 2>/dev/null; then kill -KILL "$process"; fi
	done < <(sed -n 's/^held .* //p' "$LINEAGE_OUT")
	stop_all
}

# family WORDS...: the host under a policy for it alone, in the background.
family() {
	[[ -e "$BATS_TEST_TMPDIR/family.policy" ]] || family_policy >&2
	start_sandboxed "$BATS_TEST_TMPDIR/family.policy" "$HOSTS/lineage" "$@"
}

family_policy() {
	policy family <<-EOF
		policy 1
		program lineage
		phase serving
		  trigger poll
		  default allow
		  ${1:-trap} getppid
	EOF
}

is_held() {
	local process
	process=$(places "$1")
	[[ -n "$process" ]] && grep -q '^State:.*T' "/proc/$process/status"
}

# places NAME: the processes that hold under it.
places() {
	sed -n "s/^held $1 //p" "$LINEAGE_OUT"
}

# filters PID: "SECCOMP FILTERS" of it.
filters() {
	awk '/^Seccomp(_filters)?:/ { print $2 }' "/proc/$1/status" | xargs
}

# state NAME: the filters of the process that holds under this name.
state() {
	eventually is_held "$1" || return 1
	filters "$(places "$1")"
}

# go_on NAME: the process that holds under this name.
go_on() {
	kill -CONT "$(places "$1")"
}

# said LINE...: these lines, in this order, are all that was said beside the names.
said() {
	eventually not_running "$pid" || return 1
	[[ "$(grep -v '^held ' "$LINEAGE_OUT")" == "$(printf '%s\n' "$@")" ]] || {
		cat "$LINEAGE_OUT" "$BATS_TEST_TMPDIR/output"
		return 1
	}
}

@test "control: without the library no process is filtered, and nothing is denied" {
	start "$HOSTS/lineage" lock fork '[' hold child lock denied ']' reap hold parent denied
	[ "$(state child)" = '0 0' ]
	go_on child
	[ "$(state parent)" = '0 0' ]
	go_on parent
	said 'let through 1' 'child exit 0' 'let through 1'
}

@test "fork: the child locks itself, the parent stays armed and locks later" {
	family fork '[' lock hold child denied ']' reap hold before denied lock hold after denied
	[ "$(state child)" = '2 1' ]
	[ "$(filters "$pid")" = '0 0' ]
	go_on child
	[ "$(state before)" = '0 0' ]
	go_on before
	[ "$(state after)" = '2 1' ]
	go_on after
	wait "$pid" || [ $? -eq "$DIED_OF_SIGSYS" ]
	said 'child signal 31' 'let through 1'
}

@test "fork: the parent locks itself, the child that was there before stays armed and locks later" {
	family fork '[' hold early denied lock hold late denied ']' lock hold parent reap
	[ "$(state parent)" = '2 1' ]
	[ "$(state early)" = '0 0' ]
	go_on early
	[ "$(state late)" = '2 1' ]
	go_on late
	go_on parent
	said 'let through 1' 'child signal 31'
}

@test "a child of a locked parent has its lock, and its own trigger adds no second one" {
	local how
	for how in fork rawfork; do
		: >"$LINEAGE_OUT"
		family lock "$how" '[' hold child lock hold again denied ']' reap
		[ "$(state child)" = '2 1' ]
		go_on child
		[ "$(state again)" = '2 1' ]
		go_on again
		said 'child signal 31'
	done
}

@test "clone without libc's fork: the child is armed on its own" {
	family rawfork '[' lock hold child denied ']' reap hold parent denied
	[ "$(state child)" = '2 1' ]
	go_on child
	[ "$(state parent)" = '0 0' ]
	go_on parent
	said 'child signal 31' 'let through 1'
}

@test "vfork: the child never fires, and leaves its parent armed" {
	family vfork '[' lock hold child denied ']' reap hold parent lock hold locked denied
	[ "$(state child)" = '0 0' ]
	go_on child
	[ "$(state parent)" = '0 0' ]
	go_on parent
	[ "$(state locked)" = '2 1' ]
	go_on locked
	wait "$pid" || [ $? -eq "$DIED_OF_SIGSYS" ]
	said 'let through 1' 'child exit 0'
}

# Nor for its parent, when that is a fork's child that has met nothing yet.
@test "vfork in a fork: its child may be the first to make the call, and the fork locks all the same" {
	family fork '[' vfork '[' lock hold child denied ']' reap lock hold fork denied ']' reap hold parent denied
	[ "$(state child)" = '0 0' ]
	go_on child
	[ "$(state fork)" = '2 1' ]
	go_on fork
	[ "$(state parent)" = '0 0' ]
	go_on parent
	said 'let through 1' 'child exit 0' 'child signal 31' 'let through 1'
}

@test "vfork under the lock: the child has it" {
	family lock vfork '[' lock hold child denied ']' reap
	[ "$(state child)" = '2 1' ]
	go_on child
	said 'child signal 31'
}

@test "posix_spawn: the parent stays armed, the program that is started arms itself" {
	family spawn '[' hold early denied lock hold late denied ']' reap hold parent lock hold locked denied
	[ "$(state early)" = '0 0' ]
	go_on early
	[ "$(state late)" = '2 1' ]
	go_on late
	[ "$(state parent)" = '0 0' ]
	go_on parent
	[ "$(state locked)" = '2 1' ]
	go_on locked
	wait "$pid" || [ $? -eq "$DIED_OF_SIGSYS" ]
	said 'let through 1' 'child signal 31'
}

@test "a chain of launchers: only the program that the policy names is armed" {
	family_policy
	# shellcheck disable=SC2016 # for the shells of the chain
	SANDBOX_VERBOSE=1 start_sandboxed "$BATS_TEST_TMPDIR/family.policy" sh -c \
		'exec env -- env sh -c "exec \"\$0\" \"\$@\"" "$@"' sh "$HOSTS/lineage" hold early lock hold late
	[ "$(state early)" = '0 0' ]
	go_on early
	[ "$(state late)" = '2 1' ]
	go_on late
	eventually not_running "$pid"
	[ "$(grep -c 'not armed in this program' "$BATS_TEST_TMPDIR/output")" -eq 4 ]
	[ "$(grep -c ': armed: ' "$BATS_TEST_TMPDIR/output")" -eq 1 ]
	output_has 'libsandbox: lineage['
}

@test "exec of another program: nothing is armed in it; exec back: armed again" {
	ln -s "$HOSTS/lineage" "$BATS_TEST_TMPDIR/link"
	cp "$HOSTS/lineage" "$BATS_TEST_TMPDIR/stranger"
	family exec "$BATS_TEST_TMPDIR/stranger" lock hold stranger denied \
		exec "$BATS_TEST_TMPDIR/link" hold early lock hold back denied
	[ "$(state stranger)" = '0 0' ]
	go_on stranger
	[ "$(state early)" = '0 0' ] # a link to the program is the program
	go_on early
	[ "$(state back)" = '2 1' ]
	go_on back
	wait "$pid" || [ $? -eq "$DIED_OF_SIGSYS" ]
	said 'let through 1'
}

@test "exec after the lock: another program keeps it, and has no second one" {
	cp "$HOSTS/lineage" "$BATS_TEST_TMPDIR/stranger"
	family_policy kill
	family lock exec "$BATS_TEST_TMPDIR/stranger" lock hold stranger denied
	[ "$(state stranger)" = '2 1' ]
	go_on stranger
	wait "$pid" || [ $? -eq "$DIED_OF_SIGSYS" ]
	said
}

@test "a daemon: both first processes end unlocked, the daemon locks itself and reports to the file" {
	local log=$BATS_TEST_TMPDIR/log
	family_policy
	SANDBOX_REPORT=$log start_sandboxed "$BATS_TEST_TMPDIR/family.policy" "$HOSTS/lineage" orphans \
		fork '[' daemon hold early denied lock hold late denied ']' hold parent reap reap reap
	[ "$(state early)" = '0 0' ]
	[ "$(state parent)" = '0 0' ]
	go_on parent
	go_on early
	[ "$(state late)" = '2 1' ]
	go_on late
	said 'child exit 0' 'child exit 0' 'let through 1' 'child signal 31'
	grep -q '"event":"denied".*"syscall":"getppid"' "$log"
}

# Descriptor 2 is /dev/null then: nothing can be said, and nothing else must hear of it.
@test "a daemon without a report file locks all the same" {
	family orphans fork '[' daemon lock hold daemon denied ']' reap reap reap
	[ "$(state daemon)" = '2 1' ]
	[ "$(find "/proc/$(places daemon)/fd" -type l | wc -l)" -eq 3 ]
	go_on daemon
	said 'child exit 0' 'child exit 0' 'child signal 31'
	refute output_has denied
}

# --- the end without a lock -----------------------------------------------------------------------

# ending WORDS...: how often it was said that a process ends without having locked.
ending() {
	[[ -e "$BATS_TEST_TMPDIR/family.policy" ]] || family_policy >&2
	SANDBOX_VERBOSE=${verbose-1} start_sandboxed "$BATS_TEST_TMPDIR/family.policy" "$HOSTS/lineage" "$@"
	wait "$pid" || true # some end by a signal
	grep -c ': ends without having locked: policy family, phase serving$' \
		"$BATS_TEST_TMPDIR/output" || true # 0 is an answer
}

@test "the end without a lock is said after return from main and exit, where code of ours still runs" {
	[ "$(ending)" -eq 1 ]
	[ "$(ending end exit)" -eq 1 ]
	[ "$(ending lock)" -eq 0 ]
	[ "$(ending lock end exit)" -eq 0 ]
	[ "$(verbose=0 ending end exit)" -eq 0 ]
}

@test "the end without a lock cannot be said after _exit, quick_exit, abort and a deadly signal" {
	local how
	for how in _exit quick_exit abort term; do
		[ "$(ending end "$how")" -eq 0 ]
		output_has ': armed: '
	done
}

@test "each process says it for itself: a daemon's parent by exit, not by _exit" {
	[ "$(ending fork '[' lock end exit ']' reap end exit)" -eq 1 ]
	grep -q "\[$(sed -n 's/.*lineage\[\([0-9]*\)\]: armed.*/\1/p' "$BATS_TEST_TMPDIR/output")\]: ends" \
		"$BATS_TEST_TMPDIR/output"
	[ "$(ending fork '[' end exit ']' reap end exit)" -eq 2 ]
	[ "$(ending fork '[' lock ']' reap end _exit)" -eq 0 ]
}

# --- a fork amid the lock ---------------------------------------------------------------------------

# are_held NAME COUNT: so many, all of them still.
are_held() {
	local process
	[[ "$(places "$1" | wc -l)" -eq "$2" ]] || return 1
	for process in $(places "$1"); do
		grep -q '^State:.*T' "/proc/$process/status" || return 1
	done
}

# timers PID: how many deadlines run in it.
timers() {
	grep -c '^ID' "/proc/$1/timers" || true # 0 is an answer
}

# In 33 of 38 children the deadline was gone, and setuid never came back, before the barrier knew of
# children that are forked in the middle of it.
storm_policy() {
	policy storm <<-EOF
		policy 1
		program forkstorm
		phase serving
		  trigger poll
		  deadline 10m kill
		  default allow
		  trap getppid
	EOF
}

# storm_ends: every child of the storm goes on to its end, under one filter.
storm_ends() {
	local process born
	born=$(places young | wc -l)
	places young | xargs kill -CONT
	eventually are_held old "$born"
	for process in $(places old); do
		[ "$(filters "$process") $(timers "$process")" = '2 1 0' ]
		# the parent's list of threads is not left open
		find "/proc/$process/fd" -type l -printf '%l\n' >"$BATS_TEST_TMPDIR/open"
		refute grep '/task$' "$BATS_TEST_TMPDIR/open"
	done
	places old | xargs kill -CONT "$pid"
	eventually not_running "$pid"
	[ "$(grep -cx 'child signal 31' "$LINEAGE_OUT")" -eq "$born" ]
}

@test "a thread forks while the lock is put on: each child is armed, deadline and all, or locked" {
	local process born round
	[[ -r /proc/self/timers ]] || skip 'the kernel does not list timers'
	storm_policy
	for round in 1 2 3; do
		: >"$LINEAGE_OUT"
		SANDBOX_VERBOSE=1 start_sandboxed "$BATS_TEST_TMPDIR/storm.policy" "$HOSTS/forkstorm"
		eventually is_held parent
		[ "$(filters "$pid")" = '2 1' ]
		born=$(sed -n 's/^born //p' "$LINEAGE_OUT")
		eventually are_held young "$born"
		for process in $(places young); do
			printf '%s %s\n' "$(filters "$process")" "$(timers "$process")"
		done | sort | uniq -c >"$BATS_TEST_TMPDIR/young"
		cat "$BATS_TEST_TMPDIR/young"
		# both kinds, and no third
		[ "$(awk '{ print $2, $3, $4 }' "$BATS_TEST_TMPDIR/young" | xargs)" = '0 0 1 2 1 0' ]
		storm_ends
	done
}

@test "a child that is forked while the lock is being reported knows that it is locked" {
	local reader
	storm_policy
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	exec {reader}<>"$BATS_TEST_TMPDIR/pipe"
	# shellcheck disable=SC2016 # for the shell
	SANDBOX_VERBOSE=1 start_sandboxed "$BATS_TEST_TMPDIR/storm.policy" \
		sh -c 'exec "$0" full 2>"$1"' "$HOSTS/forkstorm" "$BATS_TEST_TMPDIR/pipe"
	eventually are_held young 60
	[ "$(filters "$pid")" = '2 1' ]
	[ -z "$(places parent)" ] # it waits for the line to be read
	timeout 1 cat <&"$reader" >"$BATS_TEST_TMPDIR/lines-read" || true
	eventually is_held parent
	exec {reader}>&-
	storm_ends
	grep -q ': locked: policy storm' "$BATS_TEST_TMPDIR/lines-read"
}

# --- a master and its workers -------------------------------------------------------------------

# prefork WAY: the server under a policy of two phases.
prefork() {
	local way=$1 trigger=accept
	[[ "$way" == accept ]] || trigger='epoll_wait where timeout != 0'
	port=$(free_port)
	policy prefork <<-EOF >&2
		policy 1
		program prefork
		phase master
		  trigger sigsuspend
		  default allow
		  trap getpgrp
		phase worker
		  trigger $trigger
		  default allow
		  trap getpgrp getppid
	EOF
	SANDBOX_VERBOSE=1 start_sandboxed "$BATS_TEST_TMPDIR/prefork.policy" "$HOSTS/prefork" "$port" "$way"
	eventually serves || return 1
}

# ask [BYTE]: what a worker answers, its pid.
ask() {
	exec {connection}<>"/dev/tcp/127.0.0.1/$port" || return 1
	printf '%s' "${1:-a}" >&"$connection"
	timeout 5 cat <&"$connection"
	exec {connection}>&-
}

serves() {
	[[ "$(ask)" =~ ^[0-9]+$ ]]
}

workers() {
	pgrep -P "$pid"
}

# family_is MASTER WORKER WORKER: the filters of all three, the workers' in ascending order.
family_is() {
	[[ "$(filters "$pid")" == "$1" ]] &&
		[[ "$(for worker in $(workers); do filters "$worker"; done | sort)" == "$2"$'\n'"$3" ]]
}

@test "prefork: the first workers have their own filter, one that is replaced has the master's too" {
	local way first
	for way in epoll accept; do
		prefork "$way"
		eventually family_is '2 1' '2 1' '2 1'
		first=$(workers | head -n 1)
		kill -KILL "$first"
		eventually output_has "worker $first signal 9"
		eventually family_is '2 1' '2 1' '2 2'
		kill -KILL "$(workers | head -n 1)"
		eventually family_is '2 1' '2 2' '2 2'
		serves
		kill -TERM "$pid"
		wait "$pid"
	done
}

# both_replaced: by the master; else one more worker ends, whichever takes the question.
both_replaced() {
	family_is '2 1' '2 2' '2 2' && return
	serves && ask d
	return 1
}

deaths_are() {
	[[ "$(grep -cE 'worker [0-9]+ signal 31' "$BATS_TEST_TMPDIR/output")" -eq "$1" ]]
}

@test "prefork: a denied call ends the worker of SIGSYS, before and after it was replaced" {
	local before after
	prefork epoll
	before=$(workers | xargs)
	ask d || true # nobody answers
	eventually deaths_are 1
	eventually family_is '2 1' '2 1' '2 2'
	after=$(workers | xargs)
	[ "$before" != "$after" ]
	for _ in 1 2 3; do # also a replaced one: there are two at most that are not
		eventually serves
		ask d || true
	done
	eventually deaths_are 4
	eventually both_replaced
}

@test "prefork: what only the workers may not do, the master can; what it may not do ends it" {
	prefork epoll
	eventually family_is '2 1' '2 1' '2 1'
	kill -USR1 "$pid"
	eventually output_has 'master went on'
	kill -USR2 "$pid"
	wait "$pid" || status=$?
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
	[ "$(grep -c 'master went on' "$BATS_TEST_TMPDIR/output")" -eq 1 ]
}

@test "prefork: a worker's lock says so of both phases, once each process" {
	prefork epoll
	eventually family_is '2 1' '2 1' '2 1'
	[ "$(grep -c 'locked: policy prefork, phase master' "$BATS_TEST_TMPDIR/output")" -eq 1 ]
	[ "$(grep -c 'locked: policy prefork, phase worker' "$BATS_TEST_TMPDIR/output")" -eq 2 ]
}
