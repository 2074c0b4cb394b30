#!/usr/bin/env bats
# Debian's memcached under the policy `memcached`: bound before the lock, all threads locked.

load helpers

setup() {
	requires memcached
	port=$(free_port)
}

teardown() {
	stop_all
}

# ask TEXT: sends it to memcached and prints the answer.
ask() {
	exec 9<>"/dev/tcp/127.0.0.1/$port" || return 1
	printf '%s\r\nquit\r\n' "$1" >&9
	cat <&9 | tr -d '\r'
	exec 9>&- 9<&-
}

answers() {
	[[ "$(ask version)" == VERSION* ]]
}

# start_memcached COMMAND...: the words before memcached (setpriv, strace), may be none.
start_memcached() {
	local user=()
	[[ "$(id -u)" -eq 0 && "${AS_SELF:-}" != 1 ]] && user=(-u nobody)
	start "$@" env LD_PRELOAD="$LIBRARY" SANDBOX_VERBOSE=1 SANDBOX_POLICY=memcached \
		memcached -l 127.0.0.1 -p "$port" -t 4 -U 0 "${user[@]}"
	eventually answers
}

serves() {
	[[ "$(ask $'set k 0 0 5\r\nvalue')" == STORED ]] &&
		[[ "$(ask 'get k')" == $'VALUE k 0 5\nvalue\nEND' ]] &&
		[[ "$(ask stats)" == *'STAT threads 4'* ]]
}

@test "control: without the library no thread is filtered" {
	local user=()
	[[ "$(id -u)" -eq 0 ]] && user=(-u nobody)
	start memcached -l 127.0.0.1 -p "$port" -t 4 -U 0 "${user[@]}"
	eventually answers
	[ "$(seccomp_of "$pid")" = 0 ]
}

@test "it serves, and every one of its threads is locked" {
	start_memcached
	eventually output_has ': locked: policy memcached'
	[ "$(seccomp_of "$pid")" = 2 ]
	[ "$(thread_count "$pid")" -ge 5 ]
	serves
	# large values, many keys: slab and LRU threads have work
	local i
	for i in $(seq 50); do
		ask "$(printf 'set big%d 0 0 100000\r\n%0100000d' "$i" "$i")" >/dev/null
	done
	serves
	is_locked "$pid"
	refute output_has denied
}

@test "the port is bound, and the user dropped, before the lock" {
	requires strace
	start_memcached strace -f -o "$BATS_TEST_TMPDIR/trace" -e trace=listen,bind,seccomp,setuid
	eventually grep -q 'TSYNC, {' "$BATS_TEST_TMPDIR/trace"
	[ "$(grep -n ' listen(' "$BATS_TEST_TMPDIR/trace" | tail -1 | cut -d: -f1)" -lt \
		"$(grep -n 'TSYNC, {' "$BATS_TEST_TMPDIR/trace" | head -1 | cut -d: -f1)" ]
	if [ "$(id -u)" -eq 0 ]; then
		[ "$(grep -n ' setuid(' "$BATS_TEST_TMPDIR/trace" | tail -1 | cut -d: -f1)" -lt \
			"$(grep -n 'TSYNC, {' "$BATS_TEST_TMPDIR/trace" | head -1 | cut -d: -f1)" ]
	fi
}

@test "as nobody from the start" {
	requires_root
	publish_library
	AS_SELF=1 start_memcached setpriv --reuid=nobody --regid=nogroup --clear-groups
	eventually is_locked "$pid"
	serves
}

# isolated: as seen from outside, through every thread of $pid.
isolated() {
	local kind task
	for task in "/proc/$pid"/task/*; do
		for kind in mnt ipc uts net; do
			[[ "$(readlink "$task/ns/$kind")" != "$(readlink "/proc/self/ns/$kind")" ]] || return 1
		done
		[[ "$(find "$task/root/" -mindepth 1 | wc -l)" -eq 0 ]] || return 1
		[[ "$(readlink "$task/cwd")" == / ]] || return 1
		[[ "$(grep -c '^Cap[A-Za-z]*:.0000000000000000$' "$task/status")" -eq 5 ]] || return 1
	done
}

@test "as root with -u nobody: empty root, own namespaces, no capabilities, and it serves" {
	requires_root
	start_memcached
	eventually is_locked "$pid"
	output_has 'steps detach ipc + detach uts + detach net + detach mount + root + capabilities'
	[ "$(thread_count "$pid")" -ge 5 ]
	isolated
	[ "$(awk '/^Uid/ { print $2 }' "/proc/$pid/status")" = "$(id -u nobody)" ]
	[ "$(readlink "/proc/$pid/ns/user")" = "$(readlink /proc/self/ns/user)" ]
	serves
}

@test "as nobody: the same, in a user namespace" {
	requires_root
	publish_library
	AS_SELF=1 start_memcached setpriv --reuid=nobody --regid=nogroup --clear-groups
	eventually is_locked "$pid"
	isolated
	[ "$(readlink "/proc/$pid/ns/user")" != "$(readlink /proc/self/ns/user)" ]
	serves
}

@test "control: without the library its root is full, and its namespaces are ours" {
	requires_root
	start memcached -l 127.0.0.1 -p "$port" -t 4 -U 0 -u nobody
	eventually answers
	refute isolated
}

@test "where namespaces are forbidden it serves without them, and says so unasked" {
	requires_root
	start "$HOSTS/outer" unshare env LD_PRELOAD="$LIBRARY" SANDBOX_POLICY=memcached \
		memcached -l 127.0.0.1 -p "$port" -t 4 -U 0 -u nobody
	eventually answers
	eventually is_locked "$pid"
	output_has 'left out detach ipc (EPERM) + detach uts (EPERM) + detach net (EPERM) + detach mount (EPERM) + root (EPERM)'
	serves
}

# taken_over NAME...: `inside` as memcached: what a program that was taken over can do.
taken_over() {
	cp "$HOSTS/inside" "$BATS_TEST_TMPDIR/memcached"
	run sandboxed memcached "$BATS_TEST_TMPDIR/memcached" epoll user=65534 "$@"
}

@test "taken over under this policy: no file, program, connection, tracing, signal, mount, namespace" {
	requires_root
	local what
	taken_over open accept
	expect 'main open EACCES'
	for what in exec connect ptrace signal mount user chroot hostname setuid first; do
		taken_over "$what"
		[ "$status" -eq "$DIED_OF_SIGSYS" ] || {
			printf '%s: status %d: %s\n' "$what" "$status" "$output"
			return 1
		}
		# libc blocks signals in fork and in setuid with threads: the end is the same, unreported
		[[ "$what" == user || "$what" == first || "$what" == setuid ]] || expect 'policy memcached, phase serving: denied'
	done
}

@test "SIGTERM ends it with status 0" {
	start_memcached
	eventually is_locked "$pid"
	kill -TERM "$pid"
	eventually not_running "$pid"
	wait "$pid"
	refute output_has denied
}

# --- what its head says of reloading --------------------------------------------------------------------

# copy_that_reloads FILE: the policy, changed as its head says: its lines in the place of one, and
# without another.
copy_that_reloads() {
	awk 'NR == FNR {
		if (/SIGHUP and refresh_certs/) on = 1
		if (on && /^#         allow/) lines = lines substr($0, 11) "\n"
		if (on && match($0, /in the place of `[^`]*`/)) {
			replaced = substr($0, RSTART + 17, RLENGTH - 18)
			on = 0
		}
		next
	}
	{ rule = $0; sub(/^ +/, "", rule); sub(/ *#.*/, "", rule); gsub(/ +/, " ", rule) }
	rule == "root empty" { next }
	rule == replaced { printf "%s", lines; next }
	{ print }' "$ROOT/policies/memcached.policy" "$ROOT/policies/memcached.policy" >"$1"
	chmod go-w "$1"
}

# logs_in_as USER: memcached takes the first thing that a client stores for a name and a password.
logs_in_as() {
	local answer
	exec 9<>"/dev/tcp/127.0.0.1/$port" || return 1
	printf 'set x 0 0 %d\r\n%s secret\r\n' $((${#1} + 7)) "$1" >&9
	read -r -t 10 answer <&9
	exec 9>&- 9<&-
	[[ "$answer" == STORED* ]]
}

# shows_certificate NAME: to who connects over TLS.
shows_certificate() {
	openssl s_client -connect "127.0.0.1:$port" </dev/null 2>/dev/null | grep -q "subject=CN = $1"
}

# certificate NAME: one that the servers of any user may read.
certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$place/key" -out "$place/certificate" -subj "/CN=$1" 2>/dev/null
	chmod a+r "$place/key"
}

# start_reloader POLICY OPTION...
start_reloader() {
	local user=()
	[[ "$(id -u)" -ne 0 ]] || user=(-u nobody)
	start env LD_PRELOAD="$LIBRARY" SANDBOX_VERBOSE=1 SANDBOX_POLICY="$1" \
		memcached -l 127.0.0.1 -p "$port" -t 1 -U 0 "${user[@]}" "${@:2}"
	eventually output_has ': locked: policy'
}

@test "a copy that is changed as the head of the policy says reloads its users at SIGHUP" {
	local place ended=0
	place=$(public_directory)
	copy_that_reloads "$place/mine.policy"
	echo 'old:secret' >"$place/users"
	start_reloader "$place/mine.policy" -Y "$place/users"
	logs_in_as old
	refute logs_in_as new
	echo 'new:secret' >>"$place/users"
	refute logs_in_as new # until it is told
	kill -HUP "$pid"
	eventually logs_in_as new
	is_locked "$pid"
	refute output_has denied
	# both of its lines are needed
	sed -i '/allow fstat newfstatat lseek/d' "$place/mine.policy"
	kill "$pid"
	wait "$pid"
	rm "$BATS_TEST_TMPDIR/output"
	start_reloader "$place/mine.policy" -Y "$place/users"
	kill -HUP "$pid"
	wait "$pid" || ended=$?
	[ "$ended" -eq "$DIED_OF_SIGSYS" ]
	output_has 'newfstatat'
}

@test "that copy reloads its certificates at refresh_certs" {
	requires openssl
	local place
	place=$(public_directory)
	copy_that_reloads "$place/mine.policy"
	certificate old
	start_reloader "$place/mine.policy" -Z -o "ssl_chain_cert=$place/certificate,ssl_key=$place/key"
	eventually shows_certificate old
	certificate new
	shows_certificate old # until it is asked
	printf 'refresh_certs\r\nquit\r\n' | openssl s_client -quiet -connect "127.0.0.1:$port" 2>/dev/null | grep -q OK
	shows_certificate new
	is_locked "$pid"
	refute output_has denied
}
