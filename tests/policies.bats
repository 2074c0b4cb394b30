#!/usr/bin/env bats
# What every shipped policy holds against a program under it, whatever its name promises.

load helpers

teardown() {
	stop_all
}

# The allow-list policies, each with the program that it arms in; those whose steps take root last.
allow_lists() {
	printf '%s\n' 'strict any' 'redis redis-server' 'redis-cache redis-server' 'redis-full redis-server' \
		'redis-replica redis-server' 'nginx nginx' \
		'nginx-more nginx' 'nginx-proxy nginx' 'memcached memcached' 'memcached-full memcached' \
		'lighttpd lighttpd' 'lighttpd-more lighttpd' 'apache2 apache2'
	[[ "$(id -u)" -ne 0 ]] || printf '%s\n' 'bind9 named' 'openvpn openvpn'
}

# probe_under POLICY PROGRAM CALL...: the probe, installed under the program's name. It waits with
# maxevents 8 and a timeout of 1 ms, which is what all these policies take for the event loop; only
# bind9 has a function of named for a trigger.
probe_under() {
	local policy=$1 program=$BATS_TEST_TMPDIR/$2
	shift 2
	[[ -e "$program" ]] || cp "$HOSTS/probe" "$program"
	[[ "$policy" != bind9 ]] || local -x SANDBOX_TRIGGER='epoll_wait where maxevents == 8'
	run sandboxed "$policy" "$program" "$@"
}

@test "control: no allow-list policy is left out but qemu, in which nothing waits with epoll" {
	requires_root
	diff <(allow_lists | cut -d ' ' -f 1 | sort) <(grep -LE '^ *default +allow' "$ROOT"/policies/*.policy |
		xargs -n 1 basename -s .policy | grep -vE '^(set-.*|qemu)$' | sort)
}

@test "control: each allow-list policy locks the probe, which then ends by itself" {
	local policy program
	while read -r policy program; do
		SANDBOX_VERBOSE=1 probe_under "$policy" "$program"
		[ "$status" -eq 0 ]
		expect "locked: policy $policy, phase serving"
	done < <(allow_lists)
}

@test "32-bit (int 0x80) and x32 calls kill under every allow-list policy" {
	local policy program call
	while read -r policy program; do
		for call in int80-getpid x32-getpid; do
			probe_under "$policy" "$program" "$call"
			[ "$status" -eq "$DIED_OF_SIGSYS" ] || {
				echo "$policy $call: $output"
				false
			}
			[[ "$output" != *"$call 0"* ]]
		done
	done < <(allow_lists)
}

@test "they kill under the deny lists too: another number is another call" {
	local policy call
	for policy in minimal no-exec; do
		for call in int80-getpid x32-getpid; do
			run sandboxed "$policy" "$HOSTS/probe" "$call"
			[ "$status" -eq "$DIED_OF_SIGSYS" ]
		done
	done
}

@test "socket(AF_ALG) is denied in every disguise under every allow-list policy" {
	local policy program call
	while read -r policy program; do
		for call in socket-alg socket-alg-high socket-alg-negative; do
			probe_under "$policy" "$program" "$call"
			[[ "$status" -eq "$DIED_OF_SIGSYS" || "$output" == *"$call -1 13" ]] || {
				echo "$policy $call: $output"
				false
			}
		done
	done < <(allow_lists)
}

@test "a rule on the family sees through the high half, allowing and denying" {
	local path
	path=$(
		policy families <<-EOF
			policy 1
			phase serving
			  trigger epoll_wait
			  default allow
			  errno EPROTONOSUPPORT socket where family == AF_ALG
		EOF
	)
	run sandboxed "$path" "$HOSTS/probe" socket socket-alg socket-alg-high socket-alg-negative
	[ "$output" = "socket 0 0
socket-alg -1 93
socket-alg-high -1 93
socket-alg-negative -1 93" ]
}

@test "control: without a policy the disguises reach the kernel's AF_ALG all alike" {
	run "$HOSTS/probe" socket-alg socket-alg-high socket-alg-negative
	[ "$(cut -d' ' -f2- <<<"$output" | sort -u | wc -l)" -eq 1 ]
}

@test "execve, ptrace, executable memory and namespaces are closed under every allow-list policy" {
	local policy program call
	while read -r policy program; do
		for call in execve ptrace mmap-exec unshare clone-newuser; do
			probe_under "$policy" "$program" "$call"
			# some refuse new processes mildly: clients can ask for them, and openvpn its scripts
			[[ "$policy $output" == @(lighttpd|lighttpd-more|apache2|openvpn)' clone-newuser -1 1' ]] && continue
			[[ "$policy $output" == 'openvpn execve -1 1' ]] && continue
			[ "$status" -eq "$DIED_OF_SIGSYS" ] || {
				echo "$policy $call: $output"
				false
			}
			expect 'this line would allow it: allow '
		done
	done < <(allow_lists)
}

@test "minimal refuses debugging and namespaces with EPERM, clone3 with ENOSYS, and lets sockets be" {
	run sandboxed minimal "$HOSTS/probe" ptrace unshare clone-newuser clone3 unknown socket openat execve
	[ "$status" -eq 0 ]
	[ "$output" = "ptrace -1 1
unshare -1 1
clone-newuser -1 1
clone3 -1 38
unknown -1 38
socket 0 0
openat 0 0" ]
}

@test "under minimal a shell, a pipe, threads and children work" {
	run sandboxed minimal bash -c 'seq 3 | (sort -r; true) | xargs'
	[ "$output" = '3 2 1' ]
}

@test "no-exec: the program runs, execve dies" {
	run sandboxed no-exec "$HOSTS/probe" socket openat execve
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
	expect 'socket 0 0'
	expect 'denied execve('
}

@test "strict: an ordinary server of files serves" {
	requires python3 curl
	local port
	port=$(free_port)
	printf 'served\n' >"$BATS_TEST_TMPDIR/file"
	start env LD_PRELOAD="$LIBRARY" SANDBOX_POLICY=strict python3 -m http.server \
		--directory "$BATS_TEST_TMPDIR" --bind 127.0.0.1 "$port"
	eventually curl -sf -o /dev/null "http://127.0.0.1:$port/file"
	[ "$(curl -sf "http://127.0.0.1:$port/file")" = served ]
	[ "$(seccomp_of "$pid")" = 2 ]
}
