#!/usr/bin/env bats
# The hooked libc calls as triggers: which call fires, under which condition, before what.

load helpers

teardown() {
	stop_all
}

@test "epoll_wait fires before the first call: what follows is under the policy" {
	run sandboxed "$(probe_policy epoll_wait)" "$HOSTS/probe" getppid
	[ "$status" -eq 0 ]
	[ "$output" = "getppid -1 1" ]
}

@test "control: without the library the same probe is answered" {
	run "$HOSTS/probe" getppid
	[ "$output" = "getppid 0 0" ]
}

@test "before the trigger nothing is denied" {
	run sandboxed "$(probe_policy epoll_wait)" "$HOSTS/probe" unfired getppid wait getppid
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "getppid 0 0" ]
	[ "${lines[2]}" = "getppid -1 1" ]
}

@test "a condition that does not hold does not fire" {
	run sandboxed "$(probe_policy 'epoll_wait where timeout > 1')" "$HOSTS/probe" getppid
	[ "$output" = "getppid 0 0" ]
	run sandboxed "$(probe_policy 'epoll_wait where timeout == 0 or maxevents == 8')" \
		"$HOSTS/probe" getppid
	[ "$output" = "getppid -1 1" ]
	run sandboxed "$(probe_policy 'epoll_wait where timeout != 0 and maxevents == 1')" \
		"$HOSTS/probe" getppid
	[ "$output" = "getppid 0 0" ]
}

@test "every hooked call fires its own trigger, its family's, and no other" {
	local call family
	while read -r call family; do
		run sandboxed "$(probe_policy "$call")" "$HOSTS/waits" "$call"
		[ "$output" = "$call locked" ] || {
			echo "$call: $output"
			false
		}
		run sandboxed "$(probe_policy "$family")" "$HOSTS/waits" "$call"
		[ "$output" = "$call locked" ] || {
			echo "$call by $family: $output"
			false
		}
		if [ "$family" = listen ]; then
			run sandboxed "$(probe_policy pause)" "$HOSTS/waits" "$call"
		else
			run sandboxed "$(probe_policy listen)" "$HOSTS/waits" "$call"
		fi
		[ "$output" = "$call free" ] || {
			echo "$call without a trigger: $output"
			false
		}
	done <<-EOF
		epoll_wait epoll_wait
		epoll_pwait epoll_wait
		epoll_pwait2 epoll_wait
		poll poll
		ppoll poll
		select select
		pselect select
		accept accept
		accept4 accept
		sigwait sigwait
		sigwaitinfo sigwait
		sigtimedwait sigwait
		sigsuspend sigsuspend
		pause pause
		listen listen
	EOF
}

@test "a fortified poll (-D_FORTIFY_SOURCE) fires too" {
	run sandboxed "$(probe_policy poll)" "$HOSTS/waits" __poll_chk
	[ "$output" = "__poll_chk locked" ]
	run sandboxed "$(probe_policy wait)" "$HOSTS/waits" __ppoll_chk
	[ "$output" = "__ppoll_chk locked" ]
}

@test "wait fires at any call that blocks, and not at one with timeout 0" {
	local call
	for call in epoll_wait epoll_pwait2 poll select pselect accept sigtimedwait pause; do
		run sandboxed "$(probe_policy wait)" "$HOSTS/waits" "$call"
		[ "$output" = "$call locked" ] || {
			echo "$call: $output"
			false
		}
	done
	for call in epoll_wait epoll_pwait2 poll ppoll select pselect sigtimedwait; do
		run sandboxed "$(probe_policy wait)" "$HOSTS/waits" "$call" 0
		[ "$output" = "$call free" ] || {
			echo "$call 0: $output"
			false
		}
	done
}

@test "load locks in the constructor and main before main" {
	run sandboxed "$(probe_policy load)" "$HOSTS/probe" unfired getppid
	[ "$output" = "getppid -1 1" ]
	run sandboxed "$(probe_policy main)" "$HOSTS/probe" unfired getppid
	[ "$output" = "getppid -1 1" ]
}

@test "a wait in another library's constructor, before ours, is passed through" {
	local trigger
	for trigger in load poll; do
		run env LD_PRELOAD="$LIBRARY:$HOSTS/early.so" SANDBOX_POLICY="$(probe_policy "$trigger")" \
			"$HOSTS/probe" unfired getppid
		[ "$status" -eq 0 ]
		expect 'early poll 0'
	done
}

@test "32 threads already running at the trigger are all filtered" {
	start_sandboxed "$(probe_policy poll)" "$HOSTS/threads" 32
	eventually output_has ready
	[ "$(thread_count "$pid")" -eq 33 ]
	[ "$(seccomp_of "$pid")" = 2 ]
}

@test "control: without the library none of the 32 threads is filtered" {
	start "$HOSTS/threads" 32
	eventually output_has ready
	[ "$(seccomp_of "$pid")" = 0 ]
}

@test "16 threads racing to the trigger: one lock, and none passes before it holds" {
	local path round
	path=$(probe_policy poll)
	for round in $(seq 25); do
		run env SANDBOX_VERBOSE=1 LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$path" \
			"$HOSTS/racer" 16 wait
		[ "$status" -eq 0 ]
		expect 'refused 16 answered 0'
		[ "$(grep -c ': locked:' <<<"$output")" -eq 1 ] || {
			echo "round $round: $output"
			false
		}
	done
}

@test "control: the race without the library is answered 16 times" {
	run "$HOSTS/racer" 16 wait
	[ "$output" = 'refused 0 answered 16' ]
}

@test "a fork child is armed on its own, a vfork child never fires" {
	run sandboxed "$(probe_policy poll)" "$HOSTS/forks" fork
	[ "$output" = "child locked
parent free
parent locked" ]
	run sandboxed "$(probe_policy poll)" "$HOSTS/forks" vfork
	[ "$output" = "child free
parent free
parent locked" ]
}

@test "a wait past the name that all objects share is not seen, and says so; a call trigger sees it" {
	local way policy
	policy=$(
		policy aliases <<-'EOF'
			policy 1
			phase serving
			  trigger poll
			  default allow
			  errno EACCES getppid
		EOF
	)
	run sandboxed "$policy" "$HOSTS/aliases" shared "$HOSTS/polls.so"
	[ "$output" = 'getppid -1 13' ]
	for way in deep namespace handle version other; do
		run sandboxed "$policy" SANDBOX_VERBOSE=1 "$HOSTS/aliases" "$way" "$HOSTS/polls.so"
		expect 'getppid 0 0'
		expect 'ends without having locked: policy aliases, phase serving'
		run "$SANDBOXCTL" run -p "$policy" --require-lock -- "$HOSTS/aliases" "$way" "$HOSTS/polls.so"
		[ "$status" -eq 124 ]
		run sandboxed "$policy" SANDBOX_TRIGGER='call libc.so.6!poll' \
			"$HOSTS/aliases" "$way" "$HOSTS/polls.so"
		[ "$output" = 'getppid -1 13' ]
	done
}
