#!/usr/bin/env bats
# The steps `root` and `detach`: another root, other namespaces, on every thread.

load helpers

setup() {
	place=$(public_directory)
	touch "$place/here"
	mkdir "$place/new"
	printf 'inside\n' >"$place/new/inside"
	chmod -R a+rX "$place"
}

teardown() {
	stop_all
}

# isolation_policy NAME STATEMENT...: one phase with these statements, where every user finds it;
# prints its path.
isolation_policy() {
	local name=$1
	shift
	{
		printf 'policy 1\nphase serving\n  trigger poll\n  default allow\n'
		printf '  %s\n' "$@"
	} | policy "$name" >/dev/null
	cp -p "$BATS_TEST_TMPDIR/$name.policy"{,c} "$place/"
	printf '%s\n' "$place/$name.policy"
}

everything() {
	isolation_policy everything 'root empty' 'detach mount ipc uts net cgroup' 'capabilities none' "$@"
}

# as_nobody COMMAND...
as_nobody() {
	setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"
}

# namespaces PID KIND...: the distinct values of these over all threads.
namespaces() {
	local process=$1 kind task
	shift
	for kind in "$@"; do
		for task in "/proc/$process"/task/*; do
			readlink "$task/ns/$kind"
		done | sort -u
	done | xargs
}

# isolated PID KIND...: all threads are in one namespace of each kind, and that is not ours.
isolated() {
	local process=$1 kind inside
	shift
	for kind in "$@"; do
		inside=$(namespaces "$process" "$kind")
		[[ "$inside" == "$kind:["*] && "$inside" != *' '* ]] || return 1
		[[ "$inside" != "$(readlink "/proc/self/ns/$kind")" ]] || return 1
	done
}

# empty_root PID: as seen through every thread.
empty_root() {
	local task
	for task in "/proc/$1"/task/*; do
		[[ "$(find "$task/root/" -mindepth 1 | wc -l)" -eq 0 ]] || return 1
		[[ "$(readlink "$task/cwd")" == / ]] || return 1
		[[ "$(wc -l <"$task/mountinfo")" -eq 1 ]] || return 1
	done
}

# both WORDS: what `inside` prints on its two threads: "main WORDS" and "thread WORDS" each.
both() {
	local line
	for line in "$@"; do
		expect "main $line"
		expect "thread $line"
	done
}

escapes=(open climb here proc exec create connect ptrace mount chroot hostname)

caught() {
	both 'open ENOENT' 'climb ENOENT' 'here ENOENT' 'proc ENOENT' 'exec ENOENT' 'create EROFS' \
		'connect ENETUNREACH' 'mount EPERM' 'chroot EPERM' 'hostname EPERM' 'accept ok'
	[[ "$output" != *'ptrace ok'* ]]
}

@test "control: before the lock all of that is possible" {
	requires_root
	cd "$place"
	run "$HOSTS/inside" unfired open climb here proc connect ptrace chroot accept
	both 'open ok' 'climb ok' 'here ok' 'proc ok' 'connect ECONNREFUSED' 'chroot ok' 'accept ok'
	run "$HOSTS/inside" unfired exec
	[ "$status" -eq 0 ]
	[ "$output" = '' ] # it has become /bin/true
}

@test "as root: no file, no network, no mount, on the main thread and on another" {
	requires_root
	cd "$place"
	run sandboxed "$(everything)" "$HOSTS/inside" "${escapes[@]}" accept
	caught
}

@test "as root that becomes another user before the lock, with a thread running" {
	requires_root
	cd "$place"
	run sandboxed "$(everything)" "$HOSTS/inside" user=65534 "${escapes[@]}" accept setuid
	caught
	both 'setuid EPERM'
}

@test "as nobody from the start" {
	requires_root
	publish_library
	cd "$place"
	run as_nobody env LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$(everything)" "$HOSTS/inside" "${escapes[@]}" accept
	caught
}

@test "from outside: 65 threads in new namespaces, with an empty root, without capabilities" {
	requires_root
	local path user
	path=$(everything)
	publish_library
	for user in root nobody; do
		if [[ "$user" == root ]]; then
			start_sandboxed "$path" "$HOSTS/threads" 64
		else
			start setpriv --reuid=nobody --regid=nogroup --clear-groups env \
				LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$path" "$HOSTS/threads" 64
		fi
		eventually output_has ready
		[ "$(thread_count "$pid")" -eq 65 ]
		isolated "$pid" mnt ipc uts net cgroup
		empty_root "$pid"
		[ "$(grep -h '^Cap' /proc/"$pid"/task/*/status | awk '{ print $2 }' | sort -u)" = 0000000000000000 ]
		[ "$(seccomp_of "$pid")" = 2 ]
	done
	# root needed no user namespace
	isolated "$pid" user
	start_sandboxed "$path" "$HOSTS/threads" 4
	eventually output_has ready
	[ "$(namespaces "$pid" user)" = "$(readlink /proc/self/ns/user)" ]
}

@test "before the lock nothing has changed but, for nobody, the user namespace" {
	requires_root
	local ours path
	path=$(everything)
	ours=$(for kind in mnt ipc uts net; do readlink "/proc/self/ns/$kind"; done | xargs)
	publish_library
	start_sandboxed "$path" "$HOSTS/inside" unfired stay open hostname
	eventually output_has ready
	[ "$(namespaces "$pid" mnt ipc uts net)" = "$ours" ]
	[ "$(namespaces "$pid" user)" = "$(readlink /proc/self/ns/user)" ]
	output_has 'thread open ok'
	start setpriv --reuid=nobody --regid=nogroup --clear-groups env LD_PRELOAD="$LIBRARY" \
		SANDBOX_POLICY="$path" "$HOSTS/inside" unfired stay open shadow hostname
	eventually output_has ready
	[ "$(namespaces "$pid" mnt ipc uts net)" = "$ours" ]
	isolated "$pid" user
	# the rights in it are put by: what nobody may not do without us, it may not do with us
	output_has 'thread open ok'
	output_has 'thread shadow EACCES'
	output_has 'thread hostname EPERM'
	[ "$(awk '/^CapEff/ { print $2 }' "/proc/$pid/status")" = 0000000000000000 ]
	[ "$(awk '{ print $1, $2, $3 }' "/proc/$pid/uid_map")" = '65534 65534 1' ]
}

@test "kept capabilities are permitted, not effective, and are not passed on by execve" {
	requires_root
	start_sandboxed "$(everything)" "$HOSTS/inside" user=65534 unfired stay shadow setuid
	eventually output_has ready
	output_has 'main shadow EACCES'
	output_has 'thread setuid EPERM'
	[ "$(awk '/^CapEff/ { print $2 }' "/proc/$pid/status")" = 0000000000000000 ]
	[ "$(awk '/^CapPrm/ { print $2 }' "/proc/$pid/status")" != 0000000000000000 ]
	# for this host alone, not for what it starts
	printf 'policy 1\nprogram inside\nphase serving\n  trigger poll\n  default allow\n  root empty\n' |
		policy named >/dev/null
	cp -p "$BATS_TEST_TMPDIR/named.policy"{,c} "$place/"
	publish_library
	run sandboxed "$place/named.policy" "$HOSTS/inside" user=65534 alone unfired becomes \
		grep -E '^Cap(Prm|Eff)' /proc/self/status
	[ "$(awk '{ print $2 }' <<<"$output" | sort -u)" = 0000000000000000 ]
	[ "$(wc -l <<<"$output")" -eq 2 ]
}

@test "without a line about capabilities, what was kept for the lock is given back all the same" {
	requires_root
	local path
	path=$(isolation_policy rooted 'root empty' 'detach net')
	publish_library
	start_sandboxed "$path" "$HOSTS/inside" user=65534 stay open
	eventually output_has ready
	[ "$(grep -hE '^Cap(Eff|Prm)' /proc/"$pid"/task/*/status | awk '{ print $2 }' | sort -u)" = 0000000000000000 ]
	start setpriv --reuid=nobody --regid=nogroup --clear-groups env LD_PRELOAD="$LIBRARY" \
		SANDBOX_POLICY="$path" "$HOSTS/inside" stay open
	eventually output_has ready
	[ "$(grep -hE '^Cap(Eff|Prm)' /proc/"$pid"/task/*/status | awk '{ print $2 }' | sort -u)" = 0000000000000000 ]
	# root that stays root has them by being root
	start_sandboxed "$path" "$HOSTS/inside" stay open
	eventually output_has ready
	[ "$(awk '/^CapEff/ { print $2 }' "/proc/$pid/status")" = \
		"$(awk '/^CapEff/ { print $2 }' /proc/self/status)" ]
}

@test "a worker that locks leaves its master's files alone, with threads in it and without" {
	requires_root
	local kind path user
	path=$(everything)
	publish_library
	cd "$place"
	for kind in single threads; do
		for user in '' user=65534; do
			run sandboxed "$path" "$HOSTS/family" "$kind" ${user:+"$user"}
			[ "$(grep -c '^master .* ok$' <<<"$output")" -eq 4 ]
			[ "$(grep -c '^worker .* ENOENT$' <<<"$output")" -eq 4 ]
			[ "$kind" = single ] || [ "$(grep -c '^thread .* ENOENT$' <<<"$output")" -eq 4 ]
			[ "$(grep -cE '^(worker|thread) .* ok$' <<<"$output")" -eq 0 ]
		done
		run as_nobody env LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$path" "$HOSTS/family" "$kind"
		[ "$(grep -c '^master .* ok$' <<<"$output")" -eq 4 ]
		[ "$(grep -c '^worker .* ENOENT$' <<<"$output")" -eq 4 ]
	done
	run "$HOSTS/family" threads # control
	[[ "$output" != *ENOENT* ]]
}

@test "a program started before the lock lives in the old root" {
	requires_root
	local path
	path=$(everything)
	run sandboxed "$path" sh -c 'cat /etc/hostname; echo $?'
	expect "$(cat /etc/hostname)"
	[ "${lines[-1]}" = 0 ]
}

@test "what nobody starts before its lock trusts no policy whose owner it cannot see" {
	requires_root
	local path user
	path=$(everything)
	publish_library
	# control: in the first user namespace root's policy is trusted, and the program started
	run as_nobody env LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$path" "$HOSTS/inside" unfired alone open
	[ "$output" = 'main open ok' ]
	for user in nobody daemon; do
		run setpriv --reuid="$user" --regid=nogroup --clear-groups env LD_PRELOAD="$LIBRARY" \
			SANDBOX_POLICY="$path" "$HOSTS/inside" unfired alone becomes cat /etc/hostname
		[ "$status" -eq 125 ]
		expect 'belongs to another user, whom this user namespace does not show'
	done
	# its own policy it sees to be its own
	chown daemon "$path" "${path}c"
	run setpriv --reuid=daemon --regid=nogroup --clear-groups env LD_PRELOAD="$LIBRARY" \
		SANDBOX_POLICY="$path" "$HOSTS/inside" unfired alone becomes cat /etc/hostname
	[ "$status" -eq 0 ]
	[ "$output" = "$(cat /etc/hostname)" ]
}

@test "mounts of the administrator do not arrive in an empty root, nor ours outside" {
	requires_root
	start_sandboxed "$(everything)" "$HOSTS/inside" stay open
	eventually output_has ready
	empty_root "$pid"
	refute grep -q ' - tmpfs libsandbox ' /proc/self/mountinfo
	mkdir "$place/mounted"
	mount -t tmpfs none "$place/mounted"
	run empty_root "$pid"
	umount "$place/mounted"
	[ "$status" -eq 0 ]
}

@test "root PATH: what is in it can be read, not written, and its programs give no rights" {
	requires_root
	local path
	path=$(isolation_policy elsewhere "root $place/new")
	run sandboxed "$path" "$HOSTS/inside" inside open climb create
	both 'inside ok' 'open ENOENT' 'climb ENOENT' 'create EROFS'
	start_sandboxed "$path" "$HOSTS/inside" stay inside
	eventually output_has ready
	expect_mount_options ro nosuid nodev
}

# expect_mount_options WORD...: of the root of $pid.
expect_mount_options() {
	local options word
	options=$(awk '$5 == "/" { print $6 }' "/proc/$pid/mountinfo")
	for word in "$@"; do
		[[ ",$options," == *",$word,"* ]] || {
			printf 'options of the root: %s\n' "$options"
			return 1
		}
	done
}

@test "root PATH: what is mounted beneath it comes along, as restricted as it" {
	requires_root
	local path mounted
	mkdir "$place/new/more"
	mount -t tmpfs none "$place/new/more"
	path=$(isolation_policy elsewhere "root $place/new")
	start_sandboxed "$path" "$HOSTS/inside" stay inside
	eventually output_has ready
	mounted=$(awk '$5 == "/more" { print $6 }' "/proc/$pid/mountinfo")
	umount "$place/new/more"
	[[ "$mounted" == ro,nosuid,nodev* ]]
}

@test "root PATH that is not there: refused, with the path" {
	requires_root
	local path
	path=$(isolation_policy nowhere "root $place/nothing")
	run sandboxed "$path" "$HOSTS/inside" open
	[ "$status" -eq 125 ]
	[ "$output" = "libsandbox: inside: cannot lock: root: $place/nothing: ENOENT" ]
}

@test "detach pid: children cannot see others, the process stays, and makes no more threads" {
	requires_root
	run sandboxed "$(isolation_policy children 'detach pid')" "$HOSTS/inside" first thread
	both 'first ok' 'thread EINVAL'
	run "$HOSTS/inside" unfired first thread # control
	both 'first ESRCH' 'thread ok'
}

@test "detach user: ids mean what they meant, for root every one, for nobody its own" {
	requires_root
	local path
	path=$(isolation_policy users 'detach user' 'root empty' 'capabilities none')
	publish_library
	start_sandboxed "$path" "$HOSTS/inside" user=65534 stay open
	eventually output_has ready
	isolated "$pid" user mnt
	empty_root "$pid"
	[ "$(awk '/^Uid/ { print $2 }' "/proc/$pid/status")" = 65534 ]
	[ "$(awk '{ print ($1 == $2), ($3 > 65536) }' "/proc/$pid/uid_map")" = '1 1' ]
	start setpriv --reuid=nobody --regid=nogroup --clear-groups env LD_PRELOAD="$LIBRARY" \
		SANDBOX_POLICY="$path" "$HOSTS/inside" stay open
	eventually output_has ready
	isolated "$pid" user mnt
	[ "$(xargs <"/proc/$pid/gid_map")" = '65534 65534 1' ]
}

@test "a program that gave its capabilities up itself is refused, with the remedy" {
	requires_root
	run sandboxed "$(everything)" "$HOSTS/inside" clear open
	[ "$status" -eq 125 ]
	expect 'the program gave its capabilities up itself'
	expect 'an earlier trigger'
	expect 'Landlock'
	run sandboxed "$(everything)" "$HOSTS/inside" clear-one open
	[ "$status" -eq 125 ]
	[[ "$output" == *': thread '*' (inside) cannot join the namespaces of the lock: EPERM' ]]
	run sandboxed "$(everything 'optional root detach')" "$HOSTS/inside" clear open
	[ "$status" -eq 0 ]
	both 'open ok'
	expect 'left out detach cgroup (EPERM) + detach ipc (EPERM)'
}

@test "a program in a chroot is refused" {
	requires_root
	local alone
	for alone in alone ''; do
		# shellcheck disable=SC2086 # a word or none
		run sandboxed "$(everything)" "$HOSTS/inside" $alone "chroot=$place" open
		[ "$status" -eq 125 ]
		expect 'the program has changed its root with chroot(2)'
	done
}

@test "in a chroot that is a mount, with threads: each of them gets the empty root, none the first one" {
	requires_root
	requires unshare
	local path
	path=$(everything)
	mkdir "$place/jail"
	run unshare -m sh -c "mount -t tmpfs none '$place/jail' && mkdir '$place/jail/proc' &&
		mount -t proc proc '$place/jail/proc' &&
		LD_PRELOAD='$LIBRARY' SANDBOX_POLICY='$path' exec '$HOSTS/inside' chroot='$place/jail' \
		open climb proc create"
	both 'open ENOENT' 'climb ENOENT' 'proc ENOENT' 'create EROFS'
}

@test "without /proc: one thread is isolated, several are refused" {
	requires_root
	requires unshare
	local path
	path=$(everything)
	run unshare -m sh -c "umount -l /proc && LD_PRELOAD='$LIBRARY' SANDBOX_POLICY='$path' \
		exec '$HOSTS/inside' alone open"
	[ "$output" = 'main open ENOENT' ]
	run unshare -m sh -c "umount -l /proc && LD_PRELOAD='$LIBRARY' SANDBOX_POLICY='$path' \
		exec '$HOSTS/inside' open"
	[ "$status" -eq 125 ]
	expect 'is /proc mounted here?'
}

@test "io_uring's own threads, which cannot be locked in, are refused" {
	requires_root
	[ "$("$HOSTS/ring")" = alive ] || skip 'no io_uring here'
	run sandboxed "$(everything)" "$HOSTS/ring"
	[ "$status" -eq 125 ]
	expect "is one of io_uring's, which cannot be locked in"
	# a filter that allows io_uring does not mind them
	run sandboxed "$(isolation_policy filter 'errno EPERM getppid')" "$HOSTS/ring"
	[ "$output" = alive ]
}

@test "a ring that is polled does without system calls what a filter denies: refused, unless io_uring is allowed" {
	[ "$("$HOSTS/ring" "$place/control")" = made ] || skip 'no io_uring here'
	local path
	path=$(isolation_policy noring 'errno EPERM openat open creat io_uring_setup io_uring_enter')
	run sandboxed "$path" "$HOSTS/ring" "$place/file"
	[ "$status" -eq 125 ]
	expect "is one of io_uring's that polls"
	expect 'allow io_uring_enter in the policy'
	[ ! -e "$place/file" ]
	SANDBOX_MODE=observe run sandboxed "$path" "$HOSTS/ring" "$place/observed"
	[ "$output" = made ]
	run sandboxed "$(isolation_policy ring 'errno EPERM getppid')" "$HOSTS/ring" "$place/allowed"
	[ "$output" = made ]
}

@test "100 locks of 66 threads: each of them seen from outside with an empty root" {
	requires_root
	local path
	path=$(everything)
	run timeout 600 bash -c "seq 100 | xargs -P 4 -I{} env LD_PRELOAD='$LIBRARY' \
		SANDBOX_POLICY='$path' '$HOSTS/crowd' empty CapEff 0000000000000000 Seccomp 2 | sort | uniq -c"
	[ "$(xargs <<<"$output")" = '100 all' ] || {
		echo "$output"
		false
	}
}

@test "a dry run and observe do nothing of it, and say so" {
	requires_root
	local mode
	cd "$place"
	for mode in dry-run observe; do
		run env SANDBOX_MODE=$mode SANDBOX_VERBOSE=1 LD_PRELOAD="$LIBRARY" \
			SANDBOX_POLICY="$(everything)" "$HOSTS/inside" user=65534 open here
		both 'open ok' 'here ok'
		[ "$mode" = observe ] || expect 'steps root + detach mount + detach ipc'
		[ "$mode" = dry-run ] || expect 'without root + detach mount + detach ipc'
	done
}

# in_poverty CALL[=ERROR] POLICY WORDS...: `inside` where a sandbox around answers that call so.
in_poverty() {
	local call=$1 path=$2
	shift 2
	run timeout --foreground 60 "$HOSTS/outer" "$call" env LD_PRELOAD="$LIBRARY" \
		SANDBOX_POLICY="$path" "$HOSTS/inside" "$@"
}

@test "an outer sandbox without one of the calls: each is refused with its own line" {
	requires_root
	local error required
	required=$(everything)
	for error in EPERM ENOSYS; do
		in_poverty "unshare=$error" "$required" open
		[ "$status" -eq 125 ]
		expect 'cannot lock: detach cgroup: unshare(2) is refused here'
		in_poverty "mount=$error" "$required" open
		[ "$status" -eq 125 ]
		expect 'cannot lock: detach mount: mount(2) is refused here'
		in_poverty "pivot_root=$error" "$required" open
		[ "$status" -eq 125 ]
		expect 'cannot lock: root: pivot_root(2) is refused here'
		in_poverty "setns=$error" "$required" open
		[ "$status" -eq 125 ]
		expect '(inside) cannot join the namespaces of the lock'
		in_poverty "capset=$error" "$required" user=65534 open
		[ "$status" -eq 125 ]
		expect 'cannot lock: detach cgroup: capset(2) or prctl(2) is refused here'
		in_poverty "mount_setattr=$error" "$(isolation_policy elsewhere "root $place/new")" inside
		[ "$status" -eq 125 ]
		expect 'cannot lock: root: mount_setattr(2), Linux 5.12, is refused here'
		[[ "$output" == *": $error" ]]
	done
}

@test "what is optional is left out then, and the report says so; the rest holds" {
	requires_root
	local optional
	optional=$(everything 'optional root detach')
	cd "$place"
	in_poverty unshare "$optional" open here connect chroot
	[ "$status" -eq 0 ]
	both 'open ok' 'here ok' 'connect ECONNREFUSED' 'chroot EPERM'
	expect 'steps capabilities, left out detach cgroup (EPERM) + detach ipc (EPERM) + detach uts (EPERM) + detach net (EPERM) + detach mount (EPERM) + root (EPERM)'
	in_poverty mount=ENOSYS "$optional" open here connect chroot
	both 'open ok' 'here ok' 'connect ENETUNREACH' 'chroot EPERM'
	expect 'steps detach cgroup + detach ipc + detach uts + detach net + capabilities, left out detach mount (ENOSYS) + root (ENOSYS)'
	in_poverty pivot_root "$optional" open here connect chroot
	both 'open ok' 'here ok' 'connect ENETUNREACH' 'chroot EPERM'
	expect 'detach net + detach mount + capabilities, left out root (EPERM)'
	in_poverty capset=ENOSYS "$(everything 'optional root detach capabilities')" user=65534 open here connect
	both 'open ok' 'here ok' 'connect ECONNREFUSED'
	expect 'root (ENOSYS) + capabilities (ENOSYS)'
}

@test "without user namespaces nobody is refused at load, with what to do" {
	requires_root
	publish_library
	run as_nobody "$HOSTS/outer" unshare env LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$(everything)" \
		"$HOSTS/inside" open
	[ "$status" -eq 125 ]
	expect 'cannot make a user namespace'
	expect 'start the program as root, use Landlock'
	[[ "$output" != *'main open'* ]]
	run as_nobody "$HOSTS/outer" unshare env LD_PRELOAD="$LIBRARY" \
		SANDBOX_POLICY="$(everything 'optional root detach')" "$HOSTS/inside" open
	[ "$status" -eq 0 ]
	both 'open ok'
	expect 'left out detach cgroup (EPERM)'
}
@test "root PATH with write or create lines can be written where these say" {
	requires_root
	local path
	mkdir "$place/new/data"
	path=$(isolation_policy written "root $place/new" 'read /inside' 'write /data' 'create /data')
	run sandboxed "$path" "$HOSTS/inside" inside data create
	both 'inside ok' 'data ok' 'create EACCES'
	[ -e "$place/new/data/new" ]
	start_sandboxed "$path" "$HOSTS/inside" stay inside
	eventually output_has ready
	expect_mount_options rw nosuid nodev
}

@test "scripts/isolation prints it from outside" {
	requires_root
	start_sandboxed "$(everything)" "$HOSTS/inside" stay open
	eventually output_has ready
	run "$ROOT/scripts/isolation" "$pid"
	[ "$status" -eq 0 ]
	expect "inside[$pid]"
	# threads, namespaces, names/mounts, CapEff, CapBnd, Seccomp, NoNewPrivs
	run awk -v name="inside[$pid]" '$1 == name { print $2, $3, $4 != "=", $5 != "=", $6 != "=", $7 != "=", $8,
		$10, $11, $12, $13, $14 }' <<<"$output"
	[ "$output" = '2 = 1 1 1 1 = 0/1 0 0 2 1' ]
	run "$ROOT/scripts/isolation" "$$" # control
	[ "$(awk 'NR == 2 { print $3, $4, $5, $6, $7, $13 }' <<<"$output")" = '= = = = = 0' ]
}
