#!/usr/bin/env bats
# The trigger `call NAME`: any function of the program or its libraries, once, before its body.

load helpers

teardown() {
	stop_all
}

call_policy() {
	policy call <<-EOF
		policy 1
		phase serving
		  trigger call $1
		  default allow
		  errno EPERM getppid
	EOF
}

@test "a static function is found in .symtab, fires before its body, and sees its arguments" {
	run sandboxed "$(call_policy static_function)" "$HOSTS/functions" static_function
	[ "$output" = "before free
locked
locked
locked
ok" ]
}

@test "structures by value, long double and variadic arguments arrive" {
	run sandboxed "$(call_policy exported_function)" "$HOSTS/functions" exported_function
	[ "${lines[1]} ${lines[4]}" = "locked ok" ]
	run sandboxed "$(call_policy variadic_function)" "$HOSTS/functions" variadic_function
	[ "${lines[1]} ${lines[4]}" = "locked ok" ]
}

@test "control: a trigger on another function does not fire" {
	run sandboxed "$(call_policy exported_function)" "$HOSTS/functions" static_function
	[ "$output" = "before free
free
free
free
ok" ]
}

@test "16 threads racing into the function: none passes before the lock holds" {
	local path round
	path=$(call_policy start_serving)
	for round in $(seq 25); do
		run env SANDBOX_VERBOSE=1 LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$path" \
			"$HOSTS/racer" 16 call
		[ "$status" -eq 0 ]
		expect 'refused 16 answered 0'
		[ "$(grep -c ': locked:' <<<"$output")" -eq 1 ] || {
			echo "round $round: $output"
			false
		}
	done
}

@test "the function's bytes are the original ones again after the lock" {
	requires gdb
	local path before after
	path=$(call_policy start_serving)
	before=$(gdb -batch -ex 'x/8xb start_serving' "$HOSTS/racer" | cut -d: -f2)
	start_sandboxed "$path" "$HOSTS/racer" 2 call stay
	eventually output_has refused
	after=$(gdb -batch -p "$pid" -ex 'x/8xb start_serving' 2>/dev/null | grep '<start_serving' |
		cut -d: -f2)
	[ -n "$before" ]
	[ "$before" = "$after" ]
}

@test "a function that does not exist stops the program before main, exit 125" {
	run sandboxed "$(call_policy no_such_function)" "$HOSTS/functions" static_function
	[ "$status" -eq 125 ]
	expect 'no_such_function'
	expect 'no loaded object has a function of that name'
	[[ "$output" != *before* ]]
}

@test "a function of a library is found" {
	run sandboxed "$(call_policy usleep)" "$HOSTS/functions" static_function
	[ "$status" -eq 0 ]
	[ "${lines[1]}" = free ]
}
