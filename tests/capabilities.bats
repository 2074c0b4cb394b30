#!/usr/bin/env bats
# The step `capabilities`: every set of every thread, for good.

load helpers

teardown() {
	stop_all
}

# capability_policy STATEMENT...: one phase with these statements; prints its path.
capability_policy() {
	{
		printf 'policy 1\nphase serving\n  trigger poll\n  default allow\n  errno EPERM getppid\n'
		printf '  %s\n' "$@"
	} | policy capabilities
}

# sets PID FIELD: the distinct values of a Cap* line over all threads.
sets() {
	cat "/proc/$1"/task/*/status | awk -v field="$2:" '$1 == field { print $2 }' | sort -u | xargs
}

none=0000000000000000

has_none() {
	local field
	for field in CapInh CapPrm CapEff CapBnd CapAmb; do
		[[ "$(sets "$1" "$field")" == "$none" ]] || return 1
	done
}

@test "control: without the library root's threads have capabilities" {
	requires_root
	start "$HOSTS/threads" 64
	eventually output_has ready
	refute has_none "$pid"
}

@test "capabilities none: 65 threads, some with all signals blocked, have none in any set" {
	requires_root
	start_sandboxed "$(capability_policy 'capabilities none')" "$HOSTS/threads" 64
	eventually output_has ready
	[ "$(thread_count "$pid")" -eq 65 ]
	has_none "$pid"
	[ "$(seccomp_of "$pid")" = 2 ]
	[ "$(grep -h ^NoNewPrivs: /proc/"$pid"/task/*/status | sort -u)" = $'NoNewPrivs:\t1' ]
}

@test "capabilities with names keeps those, of what the program had" {
	requires_root
	start_sandboxed "$(capability_policy 'capabilities net_bind_service kill')" "$HOSTS/threads" 8
	eventually output_has ready
	[ "$(sets "$pid" CapEff)" = 0000000000000420 ]
	[ "$(sets "$pid" CapPrm)" = 0000000000000420 ]
	[ "$(sets "$pid" CapBnd)" = 0000000000000420 ]
	[ "$(sets "$pid" CapAmb)" = "$none" ]
}

@test "what is kept was there: nobody gets nothing" {
	requires_root
	publish_library
	start setpriv --reuid=nobody --regid=nogroup --clear-groups env LD_PRELOAD="$LIBRARY" \
		SANDBOX_POLICY="$(public_policy 'capabilities net_bind_service')" "$HOSTS/threads" 4
	eventually output_has ready
	[ "$(sets "$pid" CapEff)" = "$none" ]
	[ "$(sets "$pid" CapPrm)" = "$none" ]
}

# public_policy STATEMENT...: as capability_policy, where another user finds it.
public_policy() {
	local place
	place=$(public_directory)
	cp -p "$(capability_policy "$@")"{,c} "$place/"
	printf '%s\n' "$place/capabilities.policy"
}

@test "a program without rights keeps its bounding set, and the report says so" {
	requires_root
	publish_library
	start setpriv --reuid=nobody --regid=nogroup --clear-groups env LD_PRELOAD="$LIBRARY" \
		SANDBOX_VERBOSE=1 SANDBOX_POLICY="$(public_policy 'capabilities none')" "$HOSTS/threads" 4
	eventually output_has ready
	output_has 'steps capabilities but the bounding set'
	[ "$(sets "$pid" CapEff)" = "$none" ]
	[ "$(sets "$pid" CapBnd)" != "$none" ]
	[ "$(seccomp_of "$pid")" = 2 ]
}

@test "securebits are locked: root that executes a program gets nothing" {
	requires_root
	requires setpriv
	local path
	path=$(capability_policy 'capabilities none')
	run sandboxed "$path" "$HOSTS/becomes" grep -h '^CapEff' /proc/self/status
	[ "$output" = "CapEff:	$none" ]
	run sandboxed "$path" "$HOSTS/becomes" setpriv --dump
	expect 'noroot,noroot_locked,no_setuid_fixup,no_setuid_fixup_locked,keep_caps_locked'
	run "$HOSTS/becomes" grep -h '^CapEff' /proc/self/status # control
	[ "$output" != "CapEff:	$none" ]
	run "$HOSTS/becomes" setpriv --dump
	expect 'Securebits: [none]'
}

# The other thread answers late. Where the state of a thread cannot be read, it is not taken for gone.
@test "without descriptors left no thread is passed over: the lock is refused" {
	requires_root
	local path
	path=$(capability_policy 'capabilities none')
	[ "$("$HOSTS/deaf" 8)" = some ] # control
	run sandboxed "$path" "$HOSTS/deaf" 8
	[ "$output" = none ]
	run sandboxed "$path" "$HOSTS/deaf" 1
	[ "$status" -eq 125 ]
	expect 'thread'
	expect EMFILE
	[[ "$output" != *some* ]]
}

# Of each thread all three are looked at: the filter and the capabilities from outside, Landlock by the
# thread itself.
@test "500 locks of 66 threads, blocked, waiting, computing, born and ending: filter, Landlock and no capabilities on every one" {
	requires_root
	local path
	path=$(capability_policy 'capabilities none' 'read /proc /usr')
	run timeout 600 bash -c "seq 500 | xargs -P 4 -I{} env LD_PRELOAD='$LIBRARY' \
		SANDBOX_POLICY='$path' '$HOSTS/crowd' shut /etc/hostname CapEff $none CapPrm $none \
		CapBnd $none Seccomp 2 NoNewPrivs 1 | sort | uniq -c"
	[ "$(xargs <<<"$output")" = '500 all' ] || {
		echo "$output"
		false
	}
}

@test "control: the crowd without the library is not locked" {
	run "$HOSTS/crowd" Seccomp 2
	expect 'not Seccomp 2'
	expect 'not all'
	[[ "$output" != *broke* ]]
	run "$HOSTS/crowd" shut /etc/hostname
	[ "$output" = 'not all' ]
}

@test "a dry run and observe say the step and do not take it" {
	requires_root
	local path
	path=$(capability_policy 'capabilities none')
	SANDBOX_MODE=dry-run start_sandboxed "$path" "$HOSTS/threads" 4
	eventually output_has ready
	output_has 'would lock: policy capabilities, phase serving, trigger poll, threads 5, steps capabilities'
	refute has_none "$pid"
	SANDBOX_MODE=observe SANDBOX_VERBOSE=1 start_sandboxed "$path" "$HOSTS/threads" 4
	eventually output_has ready
	output_has 'threads 5, without capabilities'
	refute has_none "$pid"
}

@test "JSON: the steps that took effect, and none left out" {
	requires_root
	local report=$BATS_TEST_TMPDIR/report
	SANDBOX_VERBOSE=1 SANDBOX_REPORT=$report start_sandboxed \
		"$(capability_policy 'capabilities none')" "$HOSTS/threads" 4
	eventually output_has ready
	run jq -c 'select(.event == "locked") | [.threads, .steps, .left_out]' "$report"
	[ "$output" = '[5,["capabilities"],{}]' ]
}

# in_poverty CALL POLICY COMMAND...: start it where a sandbox around answers that call with an error.
in_poverty() {
	local call=$1 path=$2
	shift 2
	start "$HOSTS/outer" "$call" env LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$path" "$@"
}

@test "an outer sandbox without capset or what prctl needs: refused, or left out where it is optional" {
	requires_root
	local call required optional ended
	required=$(capability_policy 'capabilities none')
	mv "$required" "$BATS_TEST_TMPDIR/required.policy"
	rm "${required}c"
	required=$BATS_TEST_TMPDIR/required.policy
	optional=$(capability_policy 'capabilities none' 'optional capabilities')
	for call in capset=ENOSYS capset=EPERM prctl:24=EPERM prctl:24=ENOSYS prctl:28=EPERM; do
		in_poverty "$call" "$required" "$HOSTS/threads" 4
		ended=0
		wait "$pid" || ended=$?
		[ "$ended" -eq 125 ]
		output_has 'cannot lock: capabilities: capset(2) or prctl(2) is refused here'
		output_has ": ${call#*=}"
		refute output_has ready
		in_poverty "$call" "$optional" "$HOSTS/threads" 4
		eventually output_has ready
		output_has "left out capabilities (${call#*=})" # said though nobody asked
		[ "$(seccomp_of "$pid")" = 2 ]
	done
}
