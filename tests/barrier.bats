#!/usr/bin/env bats
# The thread barrier among threads that never keep still.

load helpers

teardown() {
	stop_all
}

# survives TIMES WORDS...: the host churns that many times under the library.
survives() {
	local path i times=$1
	shift
	path=$(probe_policy poll)
	for ((i = 0; i < times; i++)); do
		run timeout 30 env LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$path" "$HOSTS/churn" 1 "$@"
		[ "$output" = survived ] || {
			echo "run $i: status $status: $output"
			return 1
		}
	done
}

@test "30 locks amid births, deaths, setuid, spawns and deaf threads: locked, and all goes on" {
	survives 30
}

@test "10 locks when the main thread has ended before" {
	survives 10 leader
}

@test "control: without the library the same host says that it is not locked" {
	run "$HOSTS/churn" 1
	[ "$output" = 'not locked' ]
}

@test "a stopped thread is named and the lock refused" {
	local path
	requires gdb
	path=$(probe_policy poll)
	# the tracer stops one thread at its start and lets the others run
	run timeout 60 env -u LD_PRELOAD gdb -batch -ex 'set startup-with-shell off' \
		-ex 'set pagination off' -ex 'set non-stop on' -ex 'set print thread-events off' \
		-ex "set environment LD_PRELOAD $LIBRARY" -ex "set environment SANDBOX_POLICY $path" \
		-ex 'break deaf_and_stopped' -ex run -ex 'shell sleep 12' "$HOSTS/stopped"
	expect 'does not answer (stopped, in an uninterruptible wait'
	[[ "$output" != *returned* ]]
}

@test "2500 threads that get a CPU for 2 ms in each 42 are locked, and not given up" {
	local path
	path=$(probe_policy poll)
	LD_PRELOAD=$LIBRARY SANDBOX_VERBOSE=1 SANDBOX_POLICY=$path run "$HOSTS/starved" 2500
	[ "$status" -ne 77 ] || skip "$output"
	[ "$status" -eq 0 ]
	expect 'threads 2501'
	expect lived
}

@test "threads that share one alternate signal stack are held each on its own" {
	local path threads
	path=$(probe_policy poll)
	for threads in 'one 12' 'own 12'; do
		# shellcheck disable=SC2086 # two words
		run timeout 30 "$HOSTS/altstack" $threads # control
		[ "$output" = well ]
		# shellcheck disable=SC2086
		run timeout 30 env LD_PRELOAD="$LIBRARY" SANDBOX_VERBOSE=1 SANDBOX_POLICY="$path" "$HOSTS/altstack" $threads
		[ "$status" -eq 0 ]
		[[ "$output" == *locked*well ]]
	done
}
