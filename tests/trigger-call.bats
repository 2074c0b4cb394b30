#!/usr/bin/env bats
# The trigger `call NAME`: any function of the program or its libraries, once, before its body.

load helpers

teardown() {
	stop_all
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

@test "a backtrace from the lock leads through our stack to the function and its callers" {
	requires gdb
	run env -u LD_PRELOAD timeout 60 gdb -batch -ex 'set breakpoint pending on' -ex 'break lockdown' \
		-ex "set exec-wrapper env LD_PRELOAD=$LIBRARY SANDBOX_POLICY=$(call_policy start_serving)" \
		-ex run -ex bt -ex kill --args "$HOSTS/racer" 2 call
	[ "$(sed -nE 's/^#[0-9]+ +([^ ]+ in )?(<.*>|[a-z_]+).*/\2/p' <<<"$output" |
		grep -E '<|^(lockdown|visit_site|stack_run|entry_reached|start_serving|race)$' | xargs)" = \
		'lockdown visit_site <signal handler called> stack_run entry_reached <signal handler called> start_serving race' ]
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

# on_x86_64: functions written for one processor.
on_x86_64() {
	[ "$(uname -m)" = x86_64 ] || skip 'these functions are written for x86-64'
}

MOVABLE='frame landing_pad memory condition tail_call calls calls_through tiny loop_behind'

# four_calls TRIGGER SHAPE [HOW]: what the host says of its four calls, on one line.
four_calls() {
	run sandboxed "$(call_policy "$1")" "$HOSTS/shapes" "${@:2}"
	# shellcheck disable=SC2034 # for the test
	verdicts=$(xargs <<<"$output")
	[ "$status" -eq 0 ]
}

@test "functions with first bytes of every kind, three bytes and padding too, fire at the first call" {
	on_x86_64
	local shape
	for shape in $MOVABLE loop_inside loop_from_start immovable; do
		run "$HOSTS/shapes" "$shape"
		[ "$(xargs <<<"$output")" = 'free free free free' ] # control
		four_calls "$shape" "$shape"
		[ "$verdicts" = 'locked locked locked locked' ]
	done
}

@test "count: the calls before the Nth run the function through a copy of its first instructions" {
	on_x86_64
	local shape
	for shape in $MOVABLE; do
		four_calls "$shape count 3" "$shape"
		[ "$verdicts" = 'free free locked locked' ]
	done
}

@test "on main thread: another thread's calls run the function, and it stays armed" {
	on_x86_64
	local shape
	for shape in $MOVABLE loop_from_start; do
		four_calls "$shape on main thread" "$shape" thread
		[ "$verdicts" = 'free free locked locked' ]
	done
	four_calls frame frame thread
	[ "$verdicts" = 'locked locked locked locked' ] # control
}

@test "a vfork child runs the function and never fires, its parent stays armed" {
	on_x86_64
	local shape
	for shape in $MOVABLE; do
		four_calls "$shape" "$shape" vfork
		[ "$verdicts" = 'free locked locked locked' ]
	done
	run sandboxed "$(call_policy immovable)" "$HOSTS/shapes" immovable vfork
	expect 'a vfork child called immovable, which is a trigger and cannot run while it is watched'
	expect 'the child failed'
	refute grep -qx free <<<"$output"
}

@test "what posix_spawn makes calls execve and does not fire, its parent does" {
	local path
	path=$(
		policy spawn <<-EOF
			policy 1
			phase serving
			  trigger call execve
			  default allow
			  errno EPERM execve
		EOF
	)
	run sandboxed "$path" "$HOSTS/spawner"
	[ "$output" = "spawned: 0
execve: Operation not permitted" ]
	run "$HOSTS/spawner"
	[ "$output" = "spawned: 0" ] # control: execve works
}

@test "a step and what waits for it may be the same function" {
	on_x86_64
	four_calls 'frame after call frame' frame
	[ "$verdicts" = 'free locked locked locked' ]
	four_calls 'frame count 2 after call frame' frame
	[ "$verdicts" = 'free free locked locked' ]
}

@test "what cannot run while it is watched is refused before main, exit 125, with the reason" {
	on_x86_64
	local trigger
	for trigger in 'loop_inside count 2' 'loop_inside on main thread' 'loop_inside after listen'; do
		run sandboxed "$(call_policy "$trigger")" "$HOSTS/shapes" loop_inside
		[ "$status" -eq 125 ]
		expect 'branches back to its first bytes, where the patch is'
	done
	run sandboxed "$(call_policy 'loop_from_start count 2')" "$HOSTS/shapes" loop_from_start
	[ "$status" -eq 125 ]
	expect 'branches back to its first instruction, so that one call would count as several'
	run sandboxed "$(call_policy 'immovable count 2')" "$HOSTS/shapes" immovable
	[ "$status" -eq 125 ]
	expect 'works in its place only'
}

@test "a function shorter than the jump, with another's entry behind it, is refused" {
	on_x86_64
	run sandboxed "$(call_policy followed)" "$HOSTS/shapes" followed
	[ "$status" -eq 125 ]
	expect 'shorter than the jump that would replace its first bytes, and followed by'
}

@test "a function becomes a trigger while threads are inside its first bytes: none breaks, none passes" {
	run sandboxed "$(call_policy 'hot after listen')" "$HOSTS/hot" 10 2
	[ "$output" = 'rounds 10, passed 0, broken 0' ]
}

@test "the length decoder agrees with objdump on all code of libc, ld.so, libcrypto, python3, redis" {
	on_x86_64
	requires objdump redis-server
	local file said
	for file in /lib/x86_64-linux-gnu/libc.so.6 /lib64/ld-linux-x86-64.so.2 \
		/usr/lib/x86_64-linux-gnu/libcrypto.so.3 "$(realpath /usr/bin/python3)" \
		"$(command -v redis-server)"; do
		[ -e "$file" ] || skip "there is no $file"
		said=$(objdump -d --insn-width=16 "$file" | "$BUILD/unit/objdump-x86_64") || {
			printf '%s: %s\n' "$file" "$said"
			false
		}
		printf '# %s: %s\n' "${file##*/}" "$said" >&3
		# control: much was compared, and little of it was not known
		awk '{ exit !($2 > 10000 && $4 * 1000 < $2) }' <<<"$said"
	done
}

@test "control: a wrong length is found" {
	on_x86_64
	run "$BUILD/unit/objdump-x86_64" <<<$'  1000:\t55 48 89 e5 \tpush %rbp\n'
	[ "$status" -eq 1 ]
	expect 'wrong 1'
}
