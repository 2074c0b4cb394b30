#!/usr/bin/env bats
# The trigger function called from places where nobody would call it.

load helpers

PLACES='all-signals-blocked own-handlers signal-handler nested-handlers tls-destructor with-a-thread
	coroutine stack-end stack-end-with-a-thread own-allocator exit-handler'

@test "all signals blocked, own fault handlers, in and across signal handlers, in destructors, on a 16 KiB stack, with one KiB left" {
	local path place
	path=$(call_policy start_serving)
	for place in $PLACES; do
		run timeout 20 env SANDBOX_VERBOSE=1 LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$path" \
			"$HOSTS/hostile" "$place"
		[ "$status" -eq 0 ] || {
			echo "$place: $status $output"
			false
		}
		[ "$(grep -c ': locked:' <<<"$output")" -eq 1 ]
		[ "$(grep -cx locked <<<"$output")" -ge 1 ]
		[ "$(grep -cx free <<<"$output")" -eq 0 ]
	done
}

@test "in the program's own constructor" {
	HOSTILE_CONSTRUCTOR=1 run sandboxed "$(call_policy start_serving)" "$HOSTS/hostile" constructor
	[ "$output" = locked ]
}

@test "control: without the library the body runs free in all places" {
	local place
	for place in $PLACES; do
		run timeout 20 "$HOSTS/hostile" "$place"
		[ "${lines[0]}" = free ]
	done
}

@test "64 threads race into the function, 1,000 times: each time one locks, before any body runs" {
	local path
	path=$(call_policy start_serving)
	timeout 300 env SANDBOX_VERBOSE=1 LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$path" \
		"$HOSTS/storm" 1000 64 >"$BATS_TEST_TMPDIR/said" 2>"$BATS_TEST_TMPDIR/reports"
	[ "$(<"$BATS_TEST_TMPDIR/said")" = 'rounds 1000, free 0, broken 0' ]
	# one line of each child, and no child with two (the rounds do not overlap, ids come again)
	[ "$(grep -c ': locked:' "$BATS_TEST_TMPDIR/reports")" -eq 1000 ]
	[ "$(grep ': locked:' "$BATS_TEST_TMPDIR/reports" | cut -d: -f2 | uniq | wc -l)" -eq 1000 ]
}

@test "control: without the library all their bodies run free" {
	run "$HOSTS/storm" 10 64
	[ "$output" = 'rounds 10, free 640, broken 0' ]
}
