# helpers.bash - what every bats file loads.
# Everything a test starts is stopped by its process id in teardown, whatever happened.

bats_require_minimum_version 1.5.0
export LC_ALL=C

ROOT=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
BUILD=${BUILD:-$ROOT/build}
LIBRARY=${LIBRARY:-$BUILD/libsandbox.so}
SANDBOXCTL=$BUILD/sandboxctl
HOSTS=$BUILD/hosts
# A run must not find the policies of the user who runs it.
unset SANDBOX_POLICY SANDBOX_POLICY_PATH SANDBOX_TRIGGER SANDBOX_MODE SANDBOX_REPORT SANDBOX_VERBOSE SANDBOX_PROBES
export XDG_CONFIG_HOME=/nonexistent
# 128 + SIGSYS: how a shell shows a death by the filter.
DIED_OF_SIGSYS=159

# requires TOOL...: skips the test when one is missing (scripts/test fails on a skip in CI).
requires() {
	local tool
	for tool in "$@"; do
		command -v "$tool" >/dev/null || skip "$tool is not installed"
	done
}

requires_root() {
	[[ "$(id -u)" -eq 0 ]] || skip 'needs root'
}

# sandboxed POLICY COMMAND...: runs it under the library with the policy (a name or a path), for a
# minute at most: a lock that never ends, or a trap that comes again for ever, is a failure.
sandboxed() {
	local policy=$1
	shift
	timeout --foreground 60 env LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$policy" "$@"
}

# policy NAME: writes NAME.policy from standard input into the test's directory, compiles it, and
# prints the path of the text.
policy() {
	local path=$BATS_TEST_TMPDIR/$1.policy
	cat >"$path"
	chmod go-w "$path"
	"$SANDBOXCTL" compile "$path" >&2 || return 1
	printf '%s\n' "$path"
}

# probe_policy TRIGGER [LINE...]: the same of a policy that denies getppid from the trigger on, and
# nothing else but what further lines say.
probe_policy() {
	printf '%s\n' 'policy 1' 'phase serving' "trigger $1" "${@:2}" 'default allow' 'errno EPERM getppid' |
		policy probe
}

# call_policy FUNCTION: the same from the call of that function on.
call_policy() {
	probe_policy "call $1"
}

# born PID: when it was started, in ticks since the machine was; nothing of one that is gone.
born() {
	local fields
	{ fields=$(<"/proc/$1/stat"); } 2>/dev/null || return 0
	read -r -a fields <<<"${fields##*) }" # behind the name
	printf '%s\n' "${fields[19]}"
}

# remember PID...: for stop_all, which must not stop another one that was given the number since.
remember() {
	local process
	for process in "$@"; do
		printf '%s %s\n' "$process" "$(born "$process")" >>"$BATS_TEST_TMPDIR/pids"
	done
}

# start COMMAND...: in the background, its output in $BATS_TEST_TMPDIR/output; sets $pid.
start() {
	"$@" >"$BATS_TEST_TMPDIR/output" 2>&1 3>&- 4>&- &
	pid=$!
	remember "$pid"
}

# start_sandboxed POLICY COMMAND...: start and sandboxed in one; $pid is the program's own.
start_sandboxed() {
	start env LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$1" "${@:2}"
}

# listen_at SOCKET FILE: in the background, as the manager of services: what they tell it goes to the file.
listen_at() {
	requires python3
	start python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while True: print(s.recv(4096).decode(), file=open(sys.argv[2], "a"), flush=True)' "$@"
	eventually test -S "$1"
}

# public_directory: a directory that every user may enter (bats' own are the runner's alone);
# prints its path. stop_all removes it.
public_directory() {
	local path
	path=$(mktemp -d "${TMPDIR:-/tmp}/libsandbox-test.XXXXXX")
	chmod 755 "$path"
	printf '%s\n' "$path" >>"$BATS_TEST_TMPDIR/directories"
	printf '%s\n' "$path"
}

# publish_library: another user may not be able to reach the build tree; sets LIBRARY to a copy.
publish_library() {
	local place
	place=$(public_directory)
	cp -rp "$BUILD/libsandbox.so" "$BUILD/sandboxctl" "$BUILD/policies" "$place/"
	chmod -R go+rX,go-w "$place"
	LIBRARY=$place/libsandbox.so
}

# show_last_words: what a started program wrote last, and what was reported of it.
show_last_words() {
	local file
	for file in "$BATS_TEST_TMPDIR"/{output,events}; do
		[[ ! -s "$file" ]] || tail -n 20 "$file" | cut -c 1-300 | sed "s|^|${file##*/}: |"
	done
}

# stop_all: for teardown.
stop_all() {
	local pid time path
	[[ -n "${BATS_TEST_COMPLETED:-}" ]] || show_last_words
	touch "$BATS_TEST_TMPDIR/pids" "$BATS_TEST_TMPDIR/directories"
	while read -r pid time; do
		[[ -n "$time" && "$(born "$pid")" == "$time" ]] || continue
		# A tracer passes nothing on: end what it traces, and it ends.
		pkill -TERM -P "$pid" 2>/dev/null || true # it may trace nothing
		kill -TERM "$pid" 2>/dev/null || continue
		PATIENCE=5 eventually not_running "$pid" || kill -KILL "$pid" 2>/dev/null || continue
	done <"$BATS_TEST_TMPDIR/pids"
	while read -r path; do
		rm -rf "$path"
	done <"$BATS_TEST_TMPDIR/directories"
}

not_running() {
	! kill -0 "$1" 2>/dev/null || grep -q '^State:.*Z' "/proc/$1/status" 2>/dev/null
}

# eventually COMMAND...: until it succeeds, for a minute at most ($PATIENCE seconds): a busy disk may
# stop everything as long.
eventually() {
	local deadline=$((SECONDS + ${PATIENCE:-60}))
	until "$@" >/dev/null 2>&1; do
		[[ "$SECONDS" -lt "$deadline" ]] || return 1
		sleep 0.02
	done
}

# seccomp_of PID: the distinct values of "Seccomp:" over all threads ("0", "2", or "0 2").
seccomp_of() {
	cat "/proc/$1"/task/*/status | awk '/^Seccomp:/ { print $2 }' | sort -u | xargs
}

is_locked() {
	[[ "$(seccomp_of "$1")" == 2 ]]
}

# thread_count PID
thread_count() {
	find "/proc/$1/task" -mindepth 1 -maxdepth 1 | wc -l
}

# free_port: a TCP port on loopback that nobody listens on, and that no test of this run was given.
free_port() {
	local port
	for port in $(shuf -i 20000-29999 -n 50); do
		if ! (exec 9<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null &&
			mkdir "${PORTS:-$BATS_RUN_TMPDIR}/port-$port" 2>/dev/null; then
			printf '%s\n' "$port"
			return 0
		fi
	done
	return 1
}

# output_has TEXT: in what the program started by `start` has written so far.
output_has() {
	grep -qF -- "$1" "$BATS_TEST_TMPDIR/output"
}

# expect TEXT: in $output of the last `run`; shows it when it is not there.
expect() {
	[[ "$output" == *"$1"* ]] || {
		printf 'expected: %s\nin:\n%s\n' "$1" "$output" >&2
		return 1
	}
}

# refute COMMAND...: fails when it succeeds (bats does not notice a failing `! command`).
refute() {
	! "$@" || {
		printf 'did not expect this to succeed: %s\n' "$*" >&2
		return 1
	}
}
