#!/usr/bin/env bats
# read, write, create, execute, bind tcp, connect tcp, scope: Landlock on every thread.
#
# The host `reach` does each action on 64 threads, whose signals are blocked, and on one that is
# made after the lock: "65" behind a result is all of them. Everything is done as root, so that
# nothing but Landlock says no.

load helpers

setup() {
	requires_root
	dir=$(public_directory)
	mkdir "$dir/in" "$dir/in/sub" "$dir/out"
	local place
	for place in in in/sub out; do
		printf 'text\n' >"$dir/$place/file"
		cp /bin/true "$dir/$place/program"
	done
}

teardown() {
	[[ -z "$mounted" ]] || umount "$mounted"
	stop_all
}

# lines LINE...: a policy with these lines in its phase; prints its path.
lines() {
	local line
	{
		printf 'policy 1\nprogram reach\nphase serving\n  trigger poll\n  default allow\n'
		for line in "$@"; do
			printf '  %s\n' "$line"
		done
	} | policy steps
}

# reach POLICY ACTION...: on 64 threads under the policy, `free` without one.
reach() {
	if [[ "$1" == free ]]; then
		run "$HOSTS/reach" 64 "${@:2}"
	elif [[ ! -e "$1" ]]; then
		return 1
	else
		run sandboxed "$1" "$HOSTS/reach" 64 "${@:2}"
	fi
	[[ "$status" -eq 0 ]]
}

# all RESULT ACTION...: each action had this one result, on every thread.
all() {
	local action
	for action in "${@:2}"; do
		grep -qxF -- "$action $1 65" <<<"$output" || {
			printf 'expected %s %s 65 in:\n%s\n' "$action" "$1" "$output" >&2
			return 1
		}
	done
}

# listener: somebody else's TCP port and abstract socket; sets $port, $pid.
listener() {
	port=$(free_port)
	start python3 -c '
import selectors, socket, sys
tcp = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=200)
unix = socket.socket(socket.AF_UNIX)
unix.bind("\0" + sys.argv[2])
unix.listen(200)
both = selectors.DefaultSelector()
both.register(tcp, selectors.EVENT_READ)
both.register(unix, selectors.EVENT_READ)
while True:
    for key, _ in both.select():
        key.fileobj.accept()[0].close()' "$port" "reach-$port"
	eventually grep -q "@reach-$port" /proc/net/unix
}

@test "control: without a policy every thread reaches all of it" {
	listener
	local actions=("read:$dir/out/file" "list:$dir/out" "write:$dir/out/file"
		"truncate:$dir/out/file" "create:$dir/out/new" "mkdir:$dir/out/dir"
		"mkfifo:$dir/out/fifo" "mkchar:$dir/out/char" "mkblock:$dir/out/block"
		"symlink:$dir/out/link" "mksock:$dir/out/sock" "unlink:$dir/out/gone"
		"rmdir:$dir/out/away" "rename:$dir/in/a,$dir/out/a" "link:$dir/in/b,$dir/out/b"
		"execute:$dir/out/program" "mount:$dir/in/sub" "bind:$((port + 1))" "connect:$port"
		"abstract:reach-$port" "signal:$pid" "own:" "peek:$pid")
	reach free "${actions[@]}" ioctl:/dev/zero
	all ok "${actions[@]}"
	all ENOTTY ioctl:/dev/zero
}

@test "read: files and directories beneath, and nothing else" {
	reach "$(lines "read $dir/in")" "read:$dir/in/file" "read:$dir/in/sub/file" "list:$dir/in" \
		"read:$dir/out/file" "list:$dir/out" "list:$dir" "read:/etc/passwd" \
		"write:$dir/in/file" "truncate:$dir/in/file" "create:$dir/in/new" \
		"unlink:$dir/in/gone" "execute:$dir/in/program"
	all ok "read:$dir/in/file" "read:$dir/in/sub/file" "list:$dir/in"
	all EACCES "read:$dir/out/file" "list:$dir/out" "list:$dir" "read:/etc/passwd" \
		"write:$dir/in/file" "truncate:$dir/in/file" "create:$dir/in/new" \
		"unlink:$dir/in/gone" "execute:$dir/in/program"
}

@test "write: to what is there, truncation and ioctl of devices too; it neither reads nor makes" {
	reach "$(lines "write $dir/in /dev/zero" "read /dev/zero /dev/full")" "write:$dir/in/file" \
		"truncate:$dir/in/file" ioctl:/dev/zero ioctl:/dev/full "read:$dir/in/file" \
		"write:$dir/out/file" "truncate:$dir/out/file" "create:$dir/in/new"
	all ok "write:$dir/in/file" "truncate:$dir/in/file"
	all ENOTTY ioctl:/dev/zero # it reached the device
	all EACCES ioctl:/dev/full "read:$dir/in/file" "write:$dir/out/file" \
		"truncate:$dir/out/file" "create:$dir/in/new"
}

@test "create: made, renamed, linked and removed beneath, but never a device" {
	local inside=("mkdir:$dir/in/dir" "mkfifo:$dir/in/fifo" "symlink:$dir/in/link"
		"mksock:$dir/in/sock" "unlink:$dir/in/gone" "rmdir:$dir/in/away"
		"rename:$dir/in/a,$dir/in/A" "rename:$dir/in/b,$dir/in/sub/b"
		"link:$dir/in/c,$dir/in/sub/c")
	local outside=("mkdir:$dir/out/dir" "mkfifo:$dir/out/fifo" "symlink:$dir/out/link"
		"mksock:$dir/out/sock" "unlink:$dir/out/gone" "rmdir:$dir/out/away"
		"rename:$dir/in/d,$dir/out/d" "rename:$dir/out/e,$dir/in/e"
		"mkchar:$dir/in/char" "mkblock:$dir/in/block")
	reach "$(lines "create $dir/in")" "${inside[@]}" "${outside[@]}" "create:$dir/in/new" \
		"link:$dir/out/f,$dir/in/f"
	all ok "${inside[@]}"
	all EACCES "${outside[@]}" "create:$dir/in/new"
	all EXDEV "link:$dir/out/f,$dir/in/f" # nothing comes in to gain rights
	[ -e "$dir/in/new.0" ]                # the file was made; opening it for writing takes write

	reach "$(lines "create $dir/in" "write $dir/in")" "create:$dir/in/written"
	all ok "create:$dir/in/written"
}

@test "execute: programs beneath; it takes the loader, and read of all that the program needs" {
	local loader
	loader=$(readelf -l "$dir/in/program" | sed -n 's/.*interpreter: \(.*\)]/\1/p')
	reach "$(lines "execute $dir/in $loader" 'read /')" "execute:$dir/in/program" \
		"execute:$dir/out/program"
	all ok "execute:$dir/in/program"
	all EACCES "execute:$dir/out/program"
	reach "$(lines "execute $dir/in" 'read /')" "execute:$dir/in/program"
	all EACCES "execute:$dir/in/program"
}

@test "under any line about files nobody mounts" {
	reach "$(lines "read none")" "mount:$dir/in/sub" "read:$dir/in/file"
	all EPERM "mount:$dir/in/sub"
	all EACCES "read:$dir/in/file"
}

@test "a line beneath another adds its right there" {
	reach "$(lines "read $dir/in" "write $dir/in/sub")" "read:$dir/in/sub/file" \
		"write:$dir/in/sub/file" "write:$dir/in/file" "read:$dir/in/file"
	all ok "read:$dir/in/sub/file" "write:$dir/in/sub/file" "read:$dir/in/file"
	all EACCES "write:$dir/in/file"
}

@test "ports: bind and connect, each by itself" {
	listener
	local free=$((port + 1))
	reach "$(lines "bind tcp $free" "connect tcp none")" "bind:$free" "bind:$((port + 2))" \
		"bind:0" "connect:$port" "read:$dir/out/file"
	all ok "bind:$free" "read:$dir/out/file"
	all EACCES "bind:$((port + 2))" "bind:0" "connect:$port"

	reach "$(lines "connect tcp $port")" "bind:$free" "bind:0" "connect:$port" "connect:$free"
	all ok "bind:$free" "bind:0" "connect:$port"
	all EACCES "connect:$free"
}

@test "scopes: no abstract socket and no signal outside, but the threads reach each other" {
	listener
	reach "$(lines "scope signal")" "signal:$pid" "abstract:reach-$port" own:
	all EPERM "signal:$pid"
	all ok "abstract:reach-$port" own:

	reach "$(lines "scope abstract-unix-socket")" "signal:$pid" "abstract:reach-$port"
	all ok "signal:$pid"
	all EPERM "abstract:reach-$port"
}

@test "whoever is under Landlock cannot look into a process that is not" {
	listener
	reach "$(lines "scope signal")" "peek:$pid"
	all EPERM "peek:$pid"
}

@test "a path may be a file, a device, a link, a pipe, a socket or a mount" {
	mkfifo "$dir/out/fifo"
	ln -s "$dir/out/file" "$dir/link"
	ln -s "$dir/out/sub" "$dir/link-to-directory"
	mkdir "$dir/out/sub" "$dir/mount"
	cp "$dir/out/file" "$dir/out/sub/file"
	mount --bind "$dir/in" "$dir/mount"
	mounted=$dir/mount
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$dir/out/socket"
	reach "$(lines "read $dir/link $dir/link-to-directory $dir/mount /dev/null $dir/out/fifo $dir/out/socket")" \
		"read:$dir/link" "read:$dir/out/file" "read:$dir/out/sub/file" \
		"read:$dir/link-to-directory/file" "read:$dir/mount/file" "read:$dir/in/file" \
		read:/dev/null read:/dev/zero "write:$dir/out/fifo"
	all ok "read:$dir/link" "read:$dir/out/file" "read:$dir/out/sub/file" \
		"read:$dir/link-to-directory/file" "read:$dir/mount/file" "read:$dir/in/file" \
		read:/dev/null
	all EACCES read:/dev/zero "write:$dir/out/fifo"
}

@test "a file's rights go with the file: one that is renamed over it has none" {
	touch "$dir/in/file.0"
	reach "$(lines "read $dir/in/file.0" "create $dir/in")" "read:$dir/in/file.0" \
		"rename:$dir/in/new,$dir/in/file" "read:$dir/in/file.0"
	all ok "read:$dir/in/file.0" "rename:$dir/in/new,$dir/in/file"
	all EACCES "read:$dir/in/file.0"
}

@test "a missing path is named, unless it may be missing" {
	run sandboxed "$(lines "read $dir/none")" "$HOSTS/reach" 1 "read:$dir/in/file"
	[ "$status" -eq 125 ]
	expect "phase serving names $dir/none, which does not exist"
	expect 'write -PATH for one that may be missing: ENOENT'

	run sandboxed "$(lines "read $dir/in/file/x")" "$HOSTS/reach" 1 "read:$dir/in/file"
	[ "$status" -eq 125 ]
	expect ENOTDIR

	reach "$(lines "read -$dir/none -$dir/in/file/x $dir/in")" "read:$dir/in/file" "read:$dir/out/file"
	all ok "read:$dir/in/file"
	all EACCES "read:$dir/out/file"
}

@test "rights that mean something for directories only are refused on a file" {
	run sandboxed "$(lines "create $dir/in/file")" "$HOSTS/reach" 1 "read:$dir/in/file"
	[ "$status" -eq 125 ]
	expect "phase serving: $dir/in/file is no directory"
	reach "$(lines "create $dir/in/file" "read $dir/in/file")" "read:$dir/in/file"
	all ok "read:$dir/in/file"
}

@test "a path that leads into no file system is refused" {
	run sandboxed "$(lines 'read /proc/self/fd/0')" "$HOSTS/reach" 1 own: < <(sleep 1)
	[ "$status" -eq 125 ]
	expect 'phase serving: /proc/self/fd/0 leads to no place in a file system: EBADFD'
}

@test "what is open stays open" {
	reach "$(lines 'read none')" "held:$dir/out/file" "read:$dir/out/file"
	all ok "held:$dir/out/file"
	all EACCES "read:$dir/out/file"
}

@test "MPTCP and TCP Fast Open connect past Landlock; the filter can shut these doors" {
	listener
	reach free "mptcp:$port" "fastopen:$port"
	grep -qx "mptcp:$port ok 65" <<<"$output" || skip 'this kernel has no MPTCP'
	all ok "fastopen:$port"
	reach "$(lines 'connect tcp none')" "connect:$port" "mptcp:$port" "fastopen:$port"
	all EACCES "connect:$port"
	all ok "mptcp:$port" "fastopen:$port"
	reach "$(lines 'connect tcp none' 'errno EPROTONOSUPPORT socket where protocol == 262' \
		'errno EOPNOTSUPP sendto sendmsg sendmmsg where flags has 0x20000000')" \
		"connect:$port" "mptcp:$port" "fastopen:$port"
	all EACCES "connect:$port"
	all EPROTONOSUPPORT "mptcp:$port"
	all EOPNOTSUPP "fastopen:$port"
}

@test "UNIX sockets by path and programs in memory are past Landlock; the filter can shut these doors" {
	printf 'int main(void) { return 0; }\n' >"$dir/static.c"
	gcc -static -o "$dir/out/static" "$dir/static.c" || skip 'no static libc'
	start python3 -c '
import socket, sys
unix = socket.socket(socket.AF_UNIX)
unix.bind(sys.argv[1])
unix.listen(200)
while True:
    unix.accept()[0].close()' "$dir/out/socket"
	eventually test -S "$dir/out/socket"
	reach "$(lines "read $dir/in $dir/out/static" 'execute none')" "read:$dir/out/file" \
		"unix:$dir/out/socket" "execute:$dir/out/static" "memory:$dir/out/static"
	all EACCES "read:$dir/out/file" "execute:$dir/out/static"
	all ok "unix:$dir/out/socket" "memory:$dir/out/static"
	reach "$(lines "read $dir/in $dir/out/static" 'execute none' \
		'errno EACCES socket where family == AF_UNIX' 'errno EPERM memfd_create')" \
		"unix:$dir/out/socket" "memory:$dir/out/static"
	all EACCES "unix:$dir/out/socket"
	all EPERM "memory:$dir/out/static"
}

@test "a user without rights is restricted as root is" {
	requires setpriv
	publish_library
	chmod 755 "$dir/in" "$dir/out"
	cp "$HOSTS/reach" "$(dirname "$LIBRARY")/reach"
	local path
	path=$(lines "read $dir/in")
	cp "$path" "${path}c" "$(dirname "$LIBRARY")/"
	run setpriv --reuid 65534 --regid 65534 --clear-groups env LD_PRELOAD="$LIBRARY" \
		SANDBOX_POLICY="$(dirname "$LIBRARY")/steps.policy" "$(dirname "$LIBRARY")/reach" 64 \
		"read:$dir/in/file" "read:$dir/out/file"
	all ok "read:$dir/in/file"
	all EACCES "read:$dir/out/file"
}

@test "births and deaths of threads at that moment: nobody is hurt" {
	local path
	path=$(
		policy churn <<-'EOF'
			policy 1
			program churn
			phase serving
			  trigger poll
			  default allow
			  errno EPERM getppid
			  read /
			  execute /
		EOF
	)
	for _ in $(seq 10); do
		run sandboxed "$path" "$HOSTS/churn" 1
		[ "$status" -eq 0 ]
		[ "$output" = survived ]
	done
}

@test "no descriptor is left open by it" {
	local path
	path=$(
		policy state <<-'EOF'
			policy 1
			program state
			phase serving
			  trigger poll
			  default allow
			  read /proc /etc
			  write /dev/null
			  bind tcp 80
		EOF
	)
	"$HOSTS/state" thread | grep -v ^environment >"$BATS_TEST_TMPDIR/without"
	sandboxed "$path" "$HOSTS/state" thread | grep -v ^environment >"$BATS_TEST_TMPDIR/with"
	run diff "$BATS_TEST_TMPDIR/without" "$BATS_TEST_TMPDIR/with"
	[ "$status" -eq 0 ]
}

@test "a thread that cannot be restricted as the others is named, and the lock refused" {
	REACH_LAYERED=1 run sandboxed "$(lines 'read /')" "$HOSTS/reach" 4 own:
	[ "$status" -eq 125 ]
	[[ "$output" =~ 'thread '[0-9]+' (reach) cannot be restricted by Landlock: E2BIG' ]]
	REACH_LAYERED=9 run sandboxed "$(lines 'read /')" "$HOSTS/reach" 4 own:
	[ "$status" -eq 0 ]
}

@test "a second phase takes more away" {
	local path
	path=$(
		policy two <<-EOF
			policy 1
			program order
			phase start
			  trigger poll
			  default allow
			  read $dir /proc
			phase serving
			  trigger select
			  default allow
			  read $dir/in
		EOF
	)
	SANDBOX_VERBOSE=1 run sandboxed "$path" "$HOSTS/order" poll select
	[ "$status" -eq 0 ]
	[ "$(grep -c 'steps files' <<<"$output")" -eq 2 ]
}

@test "a filter that denies all else leaves a later phase what its steps take" {
	local path
	path=$(
		policy steps-later <<-EOF
			policy 1
			program order
			phase start
			  trigger poll
			  default kill
			  allow exit_group poll ppoll select pselect6 brk mmap munmap getppid write fstat newfstatat
			phase serving
			  trigger select
			  default kill
			  allow exit_group poll ppoll select pselect6 brk mmap munmap getppid write fstat newfstatat
			  read $dir/in
			  bind tcp 80
			  scope signal
			  limit core 0
			  capabilities none
			  dumpable no
			  descriptors report
			  descriptors close 100-
		EOF
	)
	SANDBOX_VERBOSE=1 run sandboxed "$path" "$HOSTS/order" poll select 101</dev/null \
		102< <(sleep 1) 103<>"/dev/udp/127.0.0.1/9"
	[ "$status" -eq 0 ]
	expect 'descriptor 103, to be closed: udp 127.0.0.1:'
	expect 'phase serving, trigger select, threads 1, steps files + ports + scope + limits + capabilities + dumpable no + descriptors'
}

@test "in a root of its own, paths are those of that root" {
	mkdir "$dir/in/inner"
	cp "$dir/in/file" "$dir/in/inner/"
	reach "$(lines "root $dir/in" 'read /inner')" read:/inner/file list:/inner read:/file list:/ \
		read:/etc/passwd
	all ok read:/inner/file list:/inner
	all EACCES read:/file list:/
	all ENOENT read:/etc/passwd
	run sandboxed "$(lines "root $dir/in" 'read /etc')" "$HOSTS/reach" 4 own:
	[ "$status" -eq 125 ]
	expect 'phase serving names /etc, which does not exist'
}

@test "the report says which steps took effect" {
	local report=$BATS_TEST_TMPDIR/report
	SANDBOX_VERBOSE=1 run sandboxed "$(lines "read $dir" 'bind tcp none' 'scope signal')" \
		"$HOSTS/reach" 3 own:
	expect 'threads 3, steps files + ports + scope'
	SANDBOX_REPORT=$report SANDBOX_VERBOSE=1 sandboxed "$(lines "read $dir" 'connect tcp none')" \
		"$HOSTS/reach" 1 own:
	[ "$(jq -c 'select(.event == "locked") | .steps' "$report")" = '["files","ports"]' ]
}

@test "observe and dry-run leave everything to be reached" {
	local mode
	for mode in observe dry-run; do
		SANDBOX_MODE=$mode reach "$(lines 'read none')" "read:$dir/out/file"
		all ok "read:$dir/out/file"
	done
}

# --- kernels and containers without it ----------------------------------------------------------

# without CALL=ERROR: runs the host where this call answers so.
without() {
	run sandboxed "$1" env -u LD_PRELOAD "$HOSTS/outer" "$2" env LD_PRELOAD="$LIBRARY" \
		"$HOSTS/reach" 3 "read:$dir/out/file" "bind:$free" own:
}

@test "each call that is missing is a refusal with its own words" {
	free=$(free_port)
	local path call
	path=$(lines "read $dir/in" 'bind tcp none')
	for call in landlock_create_ruleset landlock_add_rule landlock_restrict_self; do
		without "$path" "$call=ENOSYS"
		[ "$status" -eq 125 ]
		expect 'cannot lock: files: this kernel has no Landlock (Linux 5.13 or later has it'
		without "$path" "$call=EOPNOTSUPP"
		[ "$status" -eq 125 ]
		expect 'cannot lock: files: Landlock is switched off in this kernel'
		without "$path" "$call=EPERM"
		[ "$status" -eq 125 ]
		expect 'cannot lock: files: a sandbox around the program forbids it: EPERM'
		without "$path" "$call=ENOMEM"
		[ "$status" -eq 125 ]
		expect 'cannot lock: files: the kernel refuses the Landlock ruleset: ENOMEM'
	done
}

@test "what is optional is left out, and said" {
	free=$(free_port)
	local path call
	path=$(lines "read $dir/in" 'bind tcp none' 'optional landlock')
	for call in landlock_create_ruleset landlock_add_rule landlock_restrict_self; do
		without "$path" "$call=ENOSYS"
		[ "$status" -eq 0 ]
		expect 'left out files (ENOSYS) + ports (ENOSYS)'
		expect "read:$dir/out/file ok 4"
		expect "bind:$free ok 4"
	done
	without "$path" landlock_create_ruleset=ENOMEM
	[ "$status" -eq 125 ]

	without "$(lines "read $dir/in" 'bind tcp none' 'optional files')" landlock_create_ruleset
	[ "$status" -eq 125 ]
	expect 'cannot lock: ports: a sandbox around the program forbids it'
}

# with_abi ABI ERRATA POLICY: the host on a kernel whose Landlock is of that ABI.
with_abi() {
	run sandboxed "$3" env -u LD_PRELOAD "$HOSTS/landlock-abi" "$1" "$2" env LD_PRELOAD="$LIBRARY" \
		"$HOSTS/reach" 3 "read:$dir/out/file" own:
}

# needs ABI WHAT VERSION LINE...: refused on the ABI before, and there left out when it is optional.
needs() {
	local path before=$(($1 - 1))
	path=$(lines "${@:4}")
	with_abi "$1" 7 "$path"
	[ "$status" -eq 0 ]
	with_abi "$before" 7 "$path"
	[ "$status" -eq 125 ]
	expect "cannot lock: $2: Linux $3 has it (Landlock ABI $1), this kernel has ABI $before"
	SANDBOX_VERBOSE=1 with_abi "$before" 7 "$(lines "${@:4}" 'optional landlock')"
	[ "$status" -eq 0 ]
	expect "left out $2 (EOPNOTSUPP)"
}

@test "ABI 1 to 6: rights that the kernel lacks are refused with the Linux that has them" {
	needs 3 truncate 6.2 "read $dir/in" 'optional ioctl-dev'
	needs 4 ports 6.7 'bind tcp none'
	needs 5 'ioctl on devices' 6.10 "read $dir/in"
	needs 6 scope 6.12 'scope signal'
}

@test "ABI 1 has no right to rename across directories: nobody has, and nothing is left out" {
	SANDBOX_VERBOSE=1 with_abi 1 7 "$(lines "read $dir/in" "create $dir/in" 'optional truncate ioctl-dev')"
	[ "$status" -eq 0 ]
	expect "read:$dir/out/file EACCES 4"
	expect 'left out truncate (EOPNOTSUPP) + ioctl on devices (EOPNOTSUPP)'
}

@test "under 16 rulesets there is no room for another" {
	REACH_LAYERED=0 run sandboxed "$(lines "read $dir/in")" "$HOSTS/reach" 3 own:
	[ "$status" -eq 125 ]
	expect 'cannot lock: files: the program is under 16 Landlock rulesets already'
	REACH_LAYERED=0 run sandboxed "$(lines "read $dir/in" 'optional files')" "$HOSTS/reach" 3 own:
	[ "$status" -eq 0 ]
	expect 'left out files (E2BIG)'
}

@test "what is optional and missing takes nothing else away" {
	SANDBOX_VERBOSE=1 with_abi 3 7 "$(lines "read $dir/in" 'bind tcp none' 'optional bind ioctl-dev')"
	[ "$status" -eq 0 ]
	expect "read:$dir/out/file EACCES 4"
	expect 'steps files, left out ports (EOPNOTSUPP) + ioctl on devices (EOPNOTSUPP)'
}

@test "a kernel that would cut threads off from each other gets no scope of signals" {
	with_abi 6 0 "$(lines 'scope signal')"
	[ "$status" -eq 125 ]
	expect 'cannot lock: scope signal: in this kernel it would cut the threads'
	with_abi 6 -1 "$(lines 'scope signal')"
	[ "$status" -eq 125 ]
	with_abi 6 2 "$(lines 'scope signal')"
	[ "$status" -eq 0 ]
	expect 'own: ok 4'
}

@test "below ABI 8 each thread restricts itself; from ABI 8 on the kernel is asked to do all" {
	with_abi 7 7 "$(lines "read $dir/in")"
	expect "read:$dir/out/file EACCES 4"
	expect 'landlock-abi: restrict_self 3 TSYNC 0'
	with_abi 8 7 "$(lines "read $dir/in")"
	expect 'landlock-abi: restrict_self 1 TSYNC 1'
	with_abi 12 7 "$(lines "read $dir/in")"
	expect 'landlock-abi: restrict_self 1 TSYNC 1'
}
