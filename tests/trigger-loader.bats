#!/usr/bin/env bats
# `call OBJECT!NAME` where OBJECT is loaded later, by dlopen(3) or dlmopen(3), unloaded, and loaded
# again.
# shellcheck disable=SC2016 # the messages' own quotes

load helpers

setup() {
	plugin=$HOSTS/plugin.so
}

teardown() {
	stop_all
}

# loads TRIGGER ACT...: the host under a policy with that trigger, all that is said in $output.
loads() {
	local path
	path=$(probe_policy "$1")
	run timeout 60 env LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$path" SANDBOX_VERBOSE=1 \
		"$HOSTS/loads" "${@:2}"
}

# said LINE...: these lines stand in $output, the library's left out, and no other.
said() {
	local text
	printf -v text '%s\n' "$@"
	[[ "$(grep -v '^libsandbox: ' <<<"$output")" = "${text%?}" ]] || {
		printf 'status %s:\n%s\n' "$status" "$output"
		return 1
	}
}

# says_locked COUNT: how often "locked" was said.
says_locked() {
	[[ "$(grep -c ': locked: ' <<<"$output")" -eq "$1" ]]
}

@test "control: without the library nothing of the plugin runs locked" {
	PLUGIN_CONSTRUCTOR=1 run "$HOSTS/loads" "open=$plugin" run close "new=$plugin" other
	said 'constructor free' 'run free' 'run free' 'constructor free' 'run free' 'other free' 'end free'
}

@test "a function of a plugin fires before its body, exported or static, once" {
	loads 'call plugin.so!plugin_run' "open=$plugin" other run run
	said 'constructor free' 'other free' 'run locked' 'run locked' 'end locked'
	says_locked 1
	expect 'pending: policy probe, phase serving, trigger call plugin.so!plugin_run'
	expect 'armed: policy probe, phase serving, trigger call plugin.so!plugin_run'
	loads 'call plugin.so!plugin_static' "open=$plugin" run
	said 'constructor free' 'run locked' 'end locked'
}

@test "a function by its offset in a plugin" {
	local offset
	offset=0x$(nm "$plugin" | awk '$3 == "plugin_run" { print $1 }')
	loads "call plugin.so+$offset" "open=$plugin" run
	said 'constructor free' 'run locked' 'end locked'
	loads 'call plugin.so+0x7fffffff' "open=$plugin" run
	[ "$status" -eq 125 ]
	expect 'it is not in a segment of code'
}

@test "in the plugin's own constructor" {
	PLUGIN_CONSTRUCTOR=1 loads 'call plugin.so!plugin_run' "open=$plugin"
	said 'constructor free' 'run locked' 'end locked'
}

@test "in a namespace of dlmopen, and in one after it where the function was not called" {
	loads 'call plugin.so!plugin_run' "new=$plugin" run
	said 'constructor free' 'run locked' 'end locked'
	loads 'call plugin.so!plugin_run' "open=$plugin" other "new=$plugin" other "new=$plugin" run
	said 'constructor free' 'other free' 'constructor free' 'other free' 'constructor free' \
		'run locked' 'end locked'
	[ "$(grep -c ': armed: ' <<<"$output")" -eq 3 ]
}

@test "an object that never comes: pending, and said at the end" {
	loads 'call nothing.so!f' "open=$plugin" run
	[ "$status" -eq 0 ]
	said 'constructor free' 'run free' 'end free'
	expect 'pending: policy probe'
	loads 'call nothing.so!f' # ends by _exit: no destructor
	run timeout 60 env LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$(probe_policy 'call nothing.so!f')" \
		SANDBOX_VERBOSE=1 "$HOSTS/order" poll
	expect 'ends without having locked'
}

@test "a function that the plugin does not have ends the program when it is loaded" {
	loads 'call plugin.so!plugin_rum' poll "open=$plugin" run
	[ "$status" -eq 125 ]
	expect 'trigger `call plugin.so!plugin_rum`: no loaded object has a function of that name'
	expect "looked in $plugin"
	[[ "$output" != *constructor* ]]
}

@test "an IFUNC of a plugin is refused when it is loaded" {
	loads 'call plugin.so!plugin_chosen' "open=$plugin" run
	[ "$status" -eq 125 ]
	expect 'its object is loaded later, and its code is chosen even later (IFUNC)'
}

@test "a plugin with relocations of its code is refused when it is loaded" {
	requires gcc
	printf '%s\n' '.text' '.globl plugin_run' '.type plugin_run, @function' 'plugin_run:' \
		'movabs $plugin_run, %rax' 'ret' '.size plugin_run, . - plugin_run' \
		>"$BATS_TEST_TMPDIR/plugin.s"
	[[ "$(uname -m)" = x86_64 ]] || skip 'x86-64 code'
	gcc -shared -Wl,-z,notext -o "$BATS_TEST_TMPDIR/plugin.so" "$BATS_TEST_TMPDIR/plugin.s"
	run "$HOSTS/loads" "open=$BATS_TEST_TMPDIR/plugin.so" run
	said 'end free' # control
	loads 'call plugin.so!plugin_run' "open=$BATS_TEST_TMPDIR/plugin.so" run
	[ "$status" -eq 125 ]
	expect 'has relocations of its code (DT_TEXTREL)'
}

@test "a C++ name of an object that is not there at start is refused at start" {
	loads 'call plugin.so!ns::Server::run' "open=$plugin"
	[ "$status" -eq 125 ]
	expect 'C++ names are looked up at the start only; give the mangled name'
	loads 'call plugin.so!"run(int)"' "open=$plugin"
	[ "$status" -eq 125 ]
	expect 'in objects that are loaded later C++ names have to be mangled'
}

@test "a name without an object is refused, with a hint to OBJECT!NAME" {
	loads 'call plugin_run' "open=$plugin" run
	[ "$status" -eq 125 ]
	expect 'of a library that is loaded later: OBJECT!NAME'
}

@test "an object that goes is forgotten, and armed again when it comes back, at another place too" {
	loads 'call plugin.so!plugin_run' "open=$plugin" other close "open=$plugin" other close "open=$plugin" run
	said 'constructor free' 'other free' 'constructor free' 'other free' 'constructor free' \
		'run locked' 'end locked'
	loads 'call plugin.so!plugin_run' "open=$plugin" other close elsewhere "open=$plugin" run
	said 'constructor free' 'other free' 'constructor free' 'run locked' 'end locked'
}

@test "hundred times loaded and unloaded: no memory is left behind" {
	local acts=() i
	for i in $(seq 100); do
		acts+=("open=$plugin" close)
	done
	requires strace
	path=$(probe_policy 'call plugin.so!plugin_run')
	strace -f -e trace=mmap,munmap -o "$BATS_TEST_TMPDIR/trace" env LD_PRELOAD="$LIBRARY" \
		SANDBOX_POLICY="$path" "$HOSTS/loads" "${acts[@]}" "open=$plugin" run >"$BATS_TEST_TMPDIR/said"
	grep -qx 'run locked' "$BATS_TEST_TMPDIR/said"
	# Pages for trampolines: of the loader's function, and of the plugin's.
	run grep -c 'MAP_FIXED_NOREPLACE, -1, 0) = 0x' "$BATS_TEST_TMPDIR/trace"
	[ "$output" -le 10 ]
}

@test "what is put back never lands in memory that is somebody else's by now" {
	local path
	path=$(probe_policy 'call plugin.so!plugin_run' 'trigger poll')
	# After it was unloaded; and while the loader still lists it.
	for act in 'close elsewhere' over; do
		# shellcheck disable=SC2086 # words
		run timeout 60 env LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$path" "$HOSTS/loads" \
			"open=$plugin" $act poll
		said 'constructor free' 'end locked'
		[ "$status" -eq 0 ]
	done
}

@test "loaded by another thread while 16 threads run, 10 times" {
	local round
	for round in $(seq 10); do
		loads 'call plugin.so!plugin_run' threads "thread=$plugin" other close \
			"thread=$plugin" run
		said 'constructor free' 'other free' 'constructor free' 'run locked' 'end locked' || {
			echo "round $round"
			false
		}
		says_locked 1
		expect 'threads 17'
	done
}

@test "a step in a plugin, and a plugin after a step" {
	loads 'poll after call plugin.so!plugin_run' poll "open=$plugin" poll run poll
	said 'constructor free' 'run free' 'end locked'
	loads 'call plugin.so!plugin_run after poll' "open=$plugin" run poll run
	said 'constructor free' 'run free' 'run locked' 'end locked'
	loads 'call plugin.so!plugin_run after poll' poll "open=$plugin" run
	said 'constructor free' 'run locked' 'end locked'
}

@test "count: calls are counted on, whether the plugin was loaded again or not" {
	loads 'call plugin.so!plugin_other count 3' "open=$plugin" other close "open=$plugin" other other
	said 'constructor free' 'other free' 'constructor free' 'other free' 'other locked' 'end locked'
}

@test "a library that is there at start, its copy in a namespace" {
	loads 'call libc.so.6!getuid' "new=$plugin" poll
	[ "$status" -eq 0 ]
	said 'constructor free' 'end free'
	[ "$(grep -c ': armed: ' <<<"$output")" -eq 2 ]
}

@test "a phase that is locked leaves what a later one needs to wait for a plugin" {
	local path
	path=$(
		policy phases <<-EOF
			policy 1
			phase starting
			  trigger poll
			  default errno EPERM
			  allow @base write getppid getpid poll fstat newfstatat openat read pread64 close
			  allow mmap where prot has PROT_EXEC
			  allow mprotect where not prot has PROT_EXEC
			phase serving
			  trigger call plugin.so!plugin_run
			  default errno EPERM
			  allow @base write
		EOF
	)
	run timeout 60 env LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$path" SANDBOX_VERBOSE=1 \
		"$HOSTS/loads" poll "open=$plugin" other run
	said 'constructor free' 'other free' 'run locked' 'end locked'
	says_locked 2
	run "$SANDBOXCTL" show -p starting "$path"
	grep -qE '^  mmap +allow +implied +where prot within PROT_READ\|PROT_WRITE' <<<"$output"
	grep -qE '^  munmap +allow +implied' <<<"$output"
	# Where no later phase waits for an object there is no need.
	sed -i 's/plugin.so!//' "$path"
	run "$SANDBOXCTL" show -p starting "$path"
	[[ "$output" != *munmap* ]]
}

@test "the loader's function is whole again after the lock" {
	requires gdb
	local path before after
	path=$(probe_policy 'call plugin.so!plugin_run' 'trigger poll')
	before=$(gdb -batch -ex 'x/8xb _dl_debug_state' \
		"$(readelf -l "$HOSTS/racer" | sed -n 's/.*interpreter: \(.*\)\]/\1/p')" | cut -d: -f2)
	start_sandboxed "$path" "$HOSTS/racer" 2 wait stay
	eventually output_has refused
	after=$(gdb -batch -p "$pid" -ex 'x/8xb _dl_debug_state' 2>/dev/null |
		grep '_dl_debug_state>' | cut -d: -f2)
	[ -n "$before" ]
	[ "$before" = "$after" ]
}
