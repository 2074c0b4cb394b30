#!/usr/bin/env bats
# Programs that change their root before their lock: /proc is gone, and locked they are all the same.

load helpers

setup() {
	requires_root
	root=$(public_directory)
	every='policy 1
phase serving
  trigger poll
  default allow
  errno EACCES mkdir
  read /proc /
  capabilities none'
}

teardown() {
	stop_all
}

# chrooted WORD...: under the policy that asks something of every thread.
chrooted() {
	sandboxed "$(policy every <<<"$every")" "$HOSTS/chrooted" "$@"
}

@test "every thread is locked, of root and of who dropped its rights" {
	local drop tid
	for drop in '' drop; do
		# shellcheck disable=SC2086 # a word or none
		start_sandboxed "$(policy every <<<"$every")" "$HOSTS/chrooted" \
			threads chroot "$root" $drop lock stay
		eventually output_has stays
		[ "$(cat /proc/"$pid"/task/*/status | grep -c '^Seccomp:	2')" -eq 5 ]
		for tid in /proc/"$pid"/task/*; do
			grep -q '^CapPrm:	0000000000000000$' "$tid/status"
		done
		[ "$(readlink "/proc/$pid/root")" = "$root" ] # control: it did leave
		kill "$pid"
	done
}

@test "what is kept of /proc leads nowhere, and is closed at the lock" {
	run "$HOSTS/chrooted" close outside chroot "$root" drop escape # control
	expect 'out by 3, etc/passwd'
	run chrooted close threads chroot "$root" drop open escape lock open
	[ "$status" -eq 0 ]
	[[ "${lines[0]}" =~ ^open:\ [0-9]+$ ]]
	[ "${lines[1]}" = 'no way out' ]
	[ "${lines[2]}" = open: ]
}

@test "without threads nothing is needed of /proc" {
	run chrooted close raw "$root" drop lock open
	[ "$status" -eq 0 ]
	[ "$output" = open: ]
}

@test "who closed it, or went past libc or without the right to, is refused in words" {
	local words
	for words in "chroot $root close" "raw $root"; do
		# shellcheck disable=SC2086 # words
		run chrooted threads $words drop lock
		[ "$status" -eq 125 ]
		expect 'cannot list the program'"'"'s threads in /proc/self/task'
		expect 'If the program changed its root: libsandbox(7), CAVEATS: ENOENT'
	done
	run setpriv --bounding-set -sys_admin --inh-caps -sys_admin \
		env LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$(policy every <<<"$every")" \
		"$HOSTS/chrooted" threads chroot "$root" drop lock
	[ "$status" -eq 125 ]
	expect 'If the program changed its root: libsandbox(7), CAVEATS: ENOENT'
}

@test "a descriptor of the program's that took its number is the program's" {
	run chrooted close chroot "$root" close fill drop lock open
	[ "$status" -eq 0 ]
	[ "$(wc -w <<<"$output")" -eq 254 ] # open:, and 3 to 255
}

@test "an inventory does not show it, and close spares it until the lock" {
	run sandboxed "$(
		policy inventory <<-'EOF'
			policy 1
			phase early
			  trigger poll
			  default allow
			  descriptors report
			  descriptors close 3-
			phase late
			  trigger sigsuspend
			  default allow
			  errno EACCES mkdir
		EOF
	)" "$HOSTS/chrooted" close threads chroot "$root" drop lock open
	[ "$status" -eq 0 ]
	expect 'open: 200'
	[[ "$output" != *'/proc'* ]]
}

@test "a trigger may come after it" {
	run env SANDBOX_VERBOSE=1 timeout 60 env LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$(
		policy after <<-'EOF'
			policy 1
			phase serving
			  trigger poll after chroot
			  default allow
			  errno EACCES mkdir
		EOF
	)" "$HOSTS/chrooted" lock chroot "$root" lock
	[ "$status" -eq 0 ]
	expect 'locked: policy after, phase serving, trigger poll after chroot'
	[ "$(grep -c locked: <<<"$output")" -eq 1 ]
}

@test "bind9 in a root of its own (named -t) is locked on every thread" {
	requires named
	local port=29871
	mkdir -p "$root"/{etc,run,var}
	cat >"$root/etc/named.conf" <<-EOF
		options { directory "/var"; pid-file none; listen-on port $port { 127.0.0.1; };
		  listen-on-v6 { none; }; recursion no; session-keyfile none; };
		controls { };
	EOF
	chmod -R a+rwX "$root"
	start_sandboxed bind9 named -g -t "$root" -c /etc/named.conf -u bind -n 2
	eventually output_has 'running'
	eventually is_locked "$pid"
	[ "$(thread_count "$pid")" -gt 2 ] # control
	run dig +time=2 +tries=1 @127.0.0.1 -p "$port" version.bind chaos txt +short
	[ "$status" -eq 0 ]
	[ "$(readlink "/proc/$pid/root")" = "$root" ]
	kill "$pid"
	wait "$pid"
}
