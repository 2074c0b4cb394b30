#!/usr/bin/env bats
# SANDBOX_PROBES: what a policy's test says must be denied is tried in the very process, at its lock.

load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	umask 022
}

teardown() {
	stop_all
}

# write_policy LINE...: p.policy, for any program, which locks at poll.
write_policy() {
	printf '%s\n' 'policy 1' 'phase serving' 'trigger poll' 'default allow' "$@" >p.policy
}

# write_test LINE...: p.test and its probes, for p.policy as it is now.
write_test() {
	printf '%s\n' "$@" >p.test
	"$SANDBOXCTL" test --probes p.probes p.test >listed
}

# probed HOST ARGUMENT...: under p.policy, with the probes; the events in report.
probed() {
	rm -f report
	run timeout 60 env LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$PWD/p.policy" \
		SANDBOX_PROBES="$PWD/p.probes" SANDBOX_REPORT="$PWD/report" "$HOSTS/$1" "${@:2}"
}

# events FILTER: what jq makes of each event of a probe.
events() {
	jq -r "select(.event == \"probe\") | $1" report
}

strict=('trap ptrace mount' 'errno EPERM unshare where unshare_flags has CLONE_NEWUSER' 'kill bpf'
	'errno EACCES kill' 'trap EROFS openat where flags has O_CREAT'
	'read /proc /usr' 'write none' 'bind tcp none' 'connect tcp 443' 'capabilities none')
tests=('must deny ptrace' 'serving: must trap mount' 'must errno EPERM unshare(CLONE_NEWUSER)'
	'must kill bpf' 'must errno EACCES kill(_, SIGKILL)' 'must trap EROFS openat(_, _, O_CREAT)'
	'must deny read /etc/hostname' 'must deny write /usr/bin/env' 'must deny bind tcp 80'
	'must deny connect tcp 80' 'must allow connect tcp 443' 'must allow getppid')

@test "every line about what must be denied is tried, and answered as the policy says" {
	requires jq
	requires_root
	write_policy "${strict[@]}"
	write_test "${tests[@]}"
	probed parent
	[ "$status" -eq 0 ]
	expect undisturbed
	[ "$(events '"\(.line): \(.expected) \(.seen) \(.ok)"')" = 'must deny ptrace: SIGSYS SIGSYS true
serving: must trap mount: SIGSYS SIGSYS true
must errno EPERM unshare(CLONE_NEWUSER): EPERM EPERM true
must kill bpf: SIGSYS SIGSYS true
must errno EACCES kill(_, SIGKILL): EACCES EACCES true
must trap EROFS openat(_, _, O_CREAT): SIGSYS SIGSYS true
must deny read /etc/hostname: denied EACCES true
must deny write /usr/bin/env: denied EACCES true
must deny bind tcp 80: denied EACCES true
must deny connect tcp 80: denied EACCES true' ]
	jq -e 'select(.event == "probes") | .made == 10 and .failed == 0' report
}

@test "the program's own children, SIGCHLD and waitpid(-1) are not disturbed" {
	requires jq
	requires_root
	write_policy "${strict[@]}"
	write_test "${tests[@]}"
	run "$HOSTS/parent" # control
	[ "$output" = undisturbed ]
	for _ in 1 2 3 4 5; do
		probed parent
		[ "$status" -eq 0 ] || expect undisturbed # which shows it
		expect undisturbed
	done
}

# Each probe under the policy without the line that it needs: seen, and the lock refused.
@test "what is not denied is said, and the program does not run on" {
	requires jq
	requires_root
	local -a rows=('ptrace|ESRCH' 'mount|EFAULT' 'unshare|done' 'bpf|EFAULT' 'kill|ESRCH' 'openat|EFAULT')
	local row call
	write_policy "${strict[@]}"
	write_test "${tests[@]}"
	write_policy
	probed parent
	[ "$status" -eq 125 ]
	refute grep -q undisturbed <<<"$output"
	expect 'the lock of phase serving does not deny all that SANDBOX_PROBES says it must'
	expect 'probe: must deny ptrace: expected SIGSYS, seen ESRCH'
	for row in "${rows[@]}"; do
		call=${row%|*}
		[ "$(events "select(.call == \"$call\") | \"\\(.seen) \\(.ok)\"")" = "${row#*|} false" ]
	done
	[ "$(events 'select(.call == null) | "\(.line): \(.seen) \(.ok)"' | head -1)" = 'must deny read /etc/hostname: done false' ]
	[ "$(events 'select(.call == null) | "\(.line): \(.seen) \(.ok)"' | tail -1)" = 'must deny connect tcp 80: ENETUNREACH false' ]
	[ "$(jq 'select(.event == "probes") | .failed' report)" = 10 ]
}

@test "one line less in the policy is one probe more that fails" {
	requires jq
	write_policy 'trap ptrace mount' 'errno EPERM bpf'
	write_test 'must deny ptrace' 'must deny mount' 'must deny bpf'
	probed between 0 poll || true
	jq -e 'select(.event == "probes") | .made == 3 and .failed == 0' report
	write_policy 'trap ptrace' 'errno EPERM bpf'
	probed between 0 poll
	[ "$status" -eq 125 ]
	[ "$(events 'select(.ok | not) | .call')" = mount ]
	# another answer than the policy's is one that the tests do not know
	write_policy 'trap ptrace mount' 'errno EACCES bpf'
	probed between 0 poll
	[ "$status" -eq 125 ]
	[ "$(events 'select(.ok | not) | "\(.call) \(.expected) \(.seen)"')" = 'bpf EPERM EACCES' ]
}

@test "a test that the policy does not pass still gives probes, and they fail" {
	requires jq
	write_policy 'trap mount'
	printf 'must deny mount\nmust deny ptrace\n' >p.test
	run "$SANDBOXCTL" test --probes p.probes p.test
	[ "$status" -eq 1 ]
	probed between 0 poll
	[ "$status" -eq 125 ]
	[ "$(events 'select(.ok | not) | .call')" = ptrace ]
}

# What is being executed can be written by nobody, whatever the policy.
@test "the right to write a program is tried when nobody is just executing it" {
	requires jq
	local starter
	cp "$(command -v sleep)" busy
	write_policy 'read /' 'write none'
	write_test "must deny write $PWD/busy"
	start bash -c 'while :; do ./busy 0.02; sleep 0.02; done'
	starter=$pid
	for _ in 1 2 3 4; do
		probed between 0 poll
		[ "$status" -eq 0 ]
		[ "$(events '"\(.seen) \(.ok)"')" = 'EACCES true' ]
	done
	write_policy
	probed between 0 poll
	[ "$(events '"\(.seen) \(.ok)"')" = 'done false' ] # control
	kill -TERM "$starter"
	start ./busy 60
	eventually cmp -s "/proc/$pid/exe" busy
	probed between 0 poll
	[ "$status" -eq 125 ]
	[ "$(events '"\(.seen) \(.ok)"')" = 'ETXTBSY false' ]
}

# mounts: but those that other tests make beside this one.
mounts() {
	grep -vF " ${TMPDIR:-/tmp}/" /proc/self/mounts
}

# The arguments are the table's own: whoever adds a row makes the call here, as root.
@test "every call of the table is made for real, and does no harm where it is allowed" {
	requires jq
	requires_root
	local -a calls
	local before
	mapfile -t calls < <(sed -nE 's/^\t\{ "([a-z0-9_]+)", ".*/\1/p' "$ROOT/sandboxctl/policy/harmless.c")
	[ "${#calls[@]}" -gt 150 ]
	write_policy
	printf 'must deny optional %s\n' "${calls[@]}" >p.test
	run "$SANDBOXCTL" test --probes p.probes p.test
	before=$(
		hostname
		id
		ulimit -a
		cat /proc/swaps /proc/sys/kernel/acct
		mounts
	)
	probed between 0 poll
	[ "$status" -eq 125 ]
	[ "$(
		hostname
		id
		ulimit -a
		cat /proc/swaps /proc/sys/kernel/acct
		mounts
	)" = "$before" ]
	[ "$(events .ok | sort -u)" = false ]
	[ "$(events .call | wc -l)" -gt 150 ]
	refute grep -q '"seen":"S' report # no signal, no death
	refute grep -q '"seen":"signal' report
}

@test "a line without harmless arguments is named and not probed" {
	write_policy 'trap kill nanosleep' 'errno EPERM clone'
	write_test 'must deny kill(-1, SIGKILL)' 'must deny kill(_, SIGKILL)' 'must deny nanosleep' \
		'must deny clone(SIGCHLD, 0x1000, ...)'
	grep -qF 'p.test:1: not probed: must deny kill(-1, SIGKILL): no arguments are known' listed
	grep -qF 'p.test:3: not probed: must deny nanosleep: no arguments are known' listed
	grep -qF 'p.test:4: not probed: must deny clone(SIGCHLD, 0x1000, ...): no arguments are known' listed # a stack
	grep -qF 'p.probes: 1 probes' listed
}

threads='CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM|CLONE_SETTLS|CLONE_PARENT_SETTID|CLONE_CHILD_CLEARTID'
forks=('must deny optional fork' 'must deny optional vfork' 'must deny clone(SIGCHLD)'
	'must deny clone(CLONE_VM|CLONE_VFORK|SIGCHLD)' 'must deny clone(CLONE_VM|SIGCHLD)'
	'must deny clone(CLONE_PARENT|SIGCHLD)' "must deny clone($threads, ...)"
	'must deny clone(CLONE_CHILD_SETTID|CLONE_CHILD_CLEARTID|SIGCHLD, ...)')

@test "fork, vfork and clone with flags are tried, and what they make where they are allowed ends at once" {
	requires jq strace
	write_policy 'trap fork vfork' 'errno EPERM clone'
	write_test "${forks[@]}"
	probed parent
	[ "$status" -eq 0 ]
	expect undisturbed
	[ "$(events '"\(.seen) \(.ok)"' | sort | uniq -c | xargs)" = '6 EPERM true 2 SIGSYS true' ]
	write_policy
	probed parent
	[ "$status" -eq 125 ]
	refute grep -q undisturbed <<<"$output"
	[ "$(events '"\(.seen) \(.ok)"' | sort | uniq -c | xargs)" = '8 done false' ]
	# They make no call but exit(2), which libc never makes for a process. (The thread may be killed first.)
	strace -f -o trace env LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$PWD/p.policy" SANDBOX_PROBES="$PWD/p.probes" \
		"$HOSTS/between" 0 poll || true
	awk '$2 ~ /^(execve|prlimit64)\(/ { ours[$1] } $2 ~ /^[a-z]/ { calls[$1] = calls[$1] " " $2 }
		END { for (pid in calls) if (!(pid in ours)) print calls[pid] }' trace >ends
	[ "$(wc -l <ends)" -ge 7 ]
	refute grep -qv '^ exit(0' ends
	# Only what the filter leaves out is not denied.
	write_policy 'trap fork vfork' 'errno EPERM clone where not clone_flags has CLONE_VM'
	probed parent
	[ "$status" -eq 125 ]
	[ "$(events 'select(.ok | not) | .line')" = "$(printf '%s\n' "${forks[3]}" "${forks[4]}" "${forks[6]}")" ]
}

@test "clone into namespaces is tried as root, and leaves nothing where it is allowed" {
	requires jq
	requires_root
	local -a lines=('must deny clone(CLONE_NEWUSER|SIGCHLD)' 'must deny clone(CLONE_NEWNS|CLONE_NEWPID|SIGCHLD)'
		"must deny clone($threads|CLONE_NEWUSER)")
	write_policy 'trap clone'
	write_test "${lines[@]}"
	probed between 0 poll
	[ "$status" -eq 0 ]
	[ "$(events .seen | xargs)" = 'SIGSYS SIGSYS SIGSYS' ]
	write_policy
	probed between 0 poll
	[ "$status" -eq 125 ]
	[ "$(events .seen | xargs)" = 'done done EINVAL' ] # no thread has another user namespace
}

@test "create is tried, and where it is allowed nothing is left behind" {
	requires jq
	mkdir d d/sub
	echo text >d/there
	ln -s nowhere d/link
	ls -lR --time-style=+ d >before
	write_policy 'read /' 'write /' 'create none'
	write_test "must deny create $PWD/d/new" "must deny create $PWD/d/there" "must deny create $PWD/d/sub" \
		"must deny create $PWD/d/link" "must deny create $PWD/d/gone/new"
	probed between 0 poll
	[ "$status" -eq 0 ]
	[ "$(events .seen | xargs)" = 'EACCES EACCES EACCES EACCES ENOENT' ]
	write_policy 'read /' 'write /' "create $PWD/d"
	probed between 0 poll
	[ "$status" -eq 125 ]
	[ "$(events .seen | xargs)" = 'done done done done ENOENT' ]
	# made, though the call fails: to open it for writing is another right
	write_policy 'read /' 'write none' "create $PWD/d"
	probed between 0 poll
	[ "$status" -eq 125 ]
	[ "$(events .seen | xargs)" = 'done done done done ENOENT' ]
	# a filter that refuses it
	write_policy 'trap openat where flags has O_CREAT'
	probed between 0 poll
	[ "$status" -eq 0 ]
	[ "$(events .seen | sort -u)" = SIGSYS ]
	ls -lR --time-style=+ d >after
	diff before after
}

@test "a file that stands where a probe would make one is left alone, and the program does not run on" {
	touch d.libsandbox-probe d
	write_policy 'read /' 'write /' 'create none'
	write_test "must deny create $PWD/d"
	probed between 0 poll
	[ "$status" -eq 125 ]
	expect "would make $PWD/d.libsandbox-probe, which is there already; remove it"
	[ -e d.libsandbox-probe ]
}

# Programs that leave a mark: a script, one with a loader, and a static one.
@test "execute is tried, and where it is allowed the program never begins" {
	requires jq cc
	local program
	printf '#!/bin/sh\ntouch %s/script.mark\n' "$PWD" >script
	chmod +x script
	printf '#include <fcntl.h>\nint main(int c, char **v) { return open(MARK, O_CREAT, 0600) < 0; }\n' >mark.c
	cc -DMARK="\"$PWD/dynamic.mark\"" -o dynamic mark.c
	cc -static -DMARK="\"$PWD/static.mark\"" -o static mark.c
	touch no-program
	for program in script dynamic static; do # control
		"./$program"
		rm "$program.mark"
	done
	write_policy 'read /' 'execute none'
	write_test "must deny execute $PWD/"{script,dynamic,static,no-program,none}
	probed between 0 poll
	[ "$status" -eq 0 ]
	[ "$(events .seen | xargs)" = 'EACCES EACCES EACCES EACCES ENOENT' ]
	write_policy 'read /' "execute $PWD /lib /lib64 /usr"
	probed between 0 poll
	[ "$status" -eq 125 ]
	[ "$(events .seen | xargs)" = 'done done done EACCES ENOENT' ]
	write_policy
	probed between 0 poll
	[ "$status" -eq 125 ]
	[ "$(events .seen | xargs)" = 'done done done EACCES ENOENT' ]
	# a filter that refuses it
	write_policy 'errno EPERM execve'
	probed between 0 poll
	[ "$status" -eq 0 ]
	[ "$(events .seen | xargs)" = 'EPERM EPERM EPERM EPERM EPERM' ]
	refute compgen -G '*.mark'
}

@test "what cannot be probed ends the program before it runs on: nothing is green by accident" {
	requires_root
	write_policy 'trap mount'
	write_test 'must deny mount'
	probed between 0 poll
	[ "$status" -eq 0 ]
	SANDBOX_MODE=observe probed between 0 poll
	[ "$status" -eq 125 ]
	expect 'SANDBOX_PROBES asks what a lock denies'
	write_policy 'trap mount' 'detach pid'
	probed between 0 poll
	[ "$status" -eq 125 ]
	expect 'cannot be probed: its first child would be the first process of the new PID namespace'
	printf '%s\n' 'policy 1' 'phase early' 'trigger main' 'default allow' 'errno EPERM getpgid' 'phase serving' \
		'trigger poll' 'default allow' 'errno EPERM getpgid' 'trap mount' >p.policy
	write_test 'serving: must deny mount'
	probed between 0 poll
	[ "$status" -eq 125 ]
	expect 'cannot be probed: it locks where an earlier phase is locked'
}

# two_phases LINE LINE: p.policy with a rule for each of two phases, which start at poll and at select.
two_phases() {
	printf '%s\n' 'policy 1' 'program lineage' 'phase one' '  trigger poll' '  default allow' "  $1" \
		'phase two' "${apart:-}" '  trigger select' '  default allow' "  $2" >p.policy
}

# probed_family WORD...: the words of lineage, under run, which demands each lock.
probed_family() {
	rm -f report
	LINEAGE_OUT=/dev/null SANDBOX_PROBES=$PWD/p.probes run timeout --foreground 60 "$SANDBOXCTL" run -l -r report \
		-L "$LIBRARY" -p ./p.policy -- "$HOSTS/lineage" "$@"
	printf '%s\n' "$output"
}

@test "a line about no phase is tried in each process, whatever phase it locks, as sandboxctl test holds it there" {
	requires jq
	local apart='  apart one'
	two_phases 'trap mount' 'errno EPERM mount'
	write_test 'must deny mount'
	grep -qF 'p.probes: 2 probes' listed
	probed_family fork '[' lock ']' fork '[' other ']' reap reap
	[ "$status" -eq 0 ]
	[ "$(events '"\(.phase) \(.line) \(.seen) \(.ok)"' | sort)" = 'one must deny mount SIGSYS true
two must deny mount EPERM true' ]
	two_phases 'trap mount' 'trap ptrace'
	probed_family fork '[' lock ']' fork '[' other ']' reap reap
	[ "$status" -eq 125 ]
	[ "$(events '"\(.phase) \(.ok)"' | sort)" = $'one true\ntwo false' ]
	run "$SANDBOXCTL" test p.test
	[ "$status" -eq 1 ]
	expect 'phase two: allow'
}

@test "what an earlier lock of the same process was tried for counts at a later one, and nothing else does" {
	requires jq
	two_phases 'trap mount' 'trap mount ptrace'
	write_test 'must deny mount'
	probed_family lock other
	[ "$status" -eq 0 ]
	expect 'probes: phase one, 1 made, 0 not denied'
	expect 'probes: phase two, 0 made, 0 not denied, 1 made at the lock of an earlier phase'
	# the lock is inherited, and with it what it was tried for
	probed_family lock fork '[' other ']' reap
	[ "$status" -eq 0 ]
	expect 'phase two, 0 made, 0 not denied, 1 made at the lock of an earlier phase'
	# where the first phase says that it was done, nothing was tried
	two_phases 'trap mount' 'errno EPERM rt_sigaction where sig == SIGSYS'
	write_test 'must deny rt_sigaction(SIGSYS, 1, ...)'
	grep -qF 'p.test:1: not probed: must deny rt_sigaction(SIGSYS, 1, ...): phase one says that it was done' listed
	grep -qF 'p.probes: 1 probes' listed
	probed_family lock other
	[ "$status" -eq 125 ]
	expect 'the lock of phase two cannot be probed: it locks where an earlier phase is locked'
}

@test "forks that lock at the same time are probed each by itself" {
	requires jq
	local -a words=() calls=(ptrace bpf mount keyctl setns swapon swapoff reboot acct quotactl)
	local call i
	two_phases "trap ${calls[*]:0:5}" 'trap acct'
	sed -i "/^phase two/i\\  errno EPERM ${calls[*]:5}" p.policy
	printf 'one: must deny %s\n' "${calls[@]}" >p.test
	"$SANDBOXCTL" test -q --probes p.probes p.test
	for ((i = 0; i < 8; i++)); do words+=(fork '[' lock other ']'); done
	probed_family "${words[@]}" reap reap reap reap reap reap reap reap
	[ "$status" -eq 0 ]
	[ "$(events '"\(.seen) \(.ok)"' | sort | uniq -c | xargs)" = '40 EPERM true 40 SIGSYS true' ]
}

@test "a table that is none, cut, changed, of another user or open to others is refused" {
	requires_root
	local size
	write_policy 'trap mount'
	write_test 'must deny mount' 'must deny ptrace' || true
	cp p.probes whole
	size=$(stat -c %s whole)
	head -c $((size - 1)) whole >p.probes
	probed between 0 poll
	[ "$status" -eq 125 ]
	expect 'is not a table of probes'
	: >p.probes
	probed between 0 poll
	[ "$status" -eq 125 ]
	cp whole p.probes
	printf '\377\377\377\377' | dd of=p.probes bs=1 seek=36 conv=notrunc status=none # the phase of the first
	probed between 0 poll
	[ "$status" -eq 125 ]
	expect 'is not a table of probes'
	cp whole p.probes
	chmod g+w p.probes
	probed between 0 poll
	expect 'belongs to another user or can be written by others'
	chmod g-w p.probes
	chown nobody p.probes
	probed between 0 poll
	expect 'belongs to another user or can be written by others'
	rm p.probes
	probed between 0 poll
	[ "$status" -eq 125 ]
	expect 'cannot open SANDBOX_PROBES'
}

@test "redis is probed with its shipped test, and serves" {
	requires redis-server redis-cli jq
	local port
	"$SANDBOXCTL" test -q --probes redis.probes "$ROOT/policies/redis.test"
	port=$(free_port)
	start env LD_PRELOAD="$LIBRARY" SANDBOX_POLICY=redis SANDBOX_PROBES="$PWD/redis.probes" \
		SANDBOX_REPORT="$PWD/report" redis-server --port "$port" --save ''
	eventually redis-cli -p "$port" ping
	[ "$(redis-cli -p "$port" set a b)" = OK ]
	eventually is_locked "$pid"
	[ "$(events .ok | sort | uniq -c | awk '{ print ($1 > 40), $2 }')" = '1 true' ]
	redis-cli -p "$port" bgsave
	eventually grep -q 'rdb_last_bgsave_status:ok' <(redis-cli -p "$port" info persistence)
}

@test "sandboxctl run demands the lock, and has it probed" {
	requires jq
	write_policy 'trap mount ptrace'
	write_test 'must deny mount' 'must deny ptrace'
	SANDBOX_PROBES=$PWD/p.probes run "$SANDBOXCTL" run -l -r report -L "$LIBRARY" -p ./p.policy -- \
		"$HOSTS/between" 0 poll
	[ "$status" -eq 0 ]
	[ "$(events .ok | xargs)" = 'true true' ]
	write_policy 'trap mount'
	SANDBOX_PROBES=$PWD/p.probes run "$SANDBOXCTL" run -l -L "$LIBRARY" -p ./p.policy -- \
		"$HOSTS/between" 0 poll
	[ "$status" -eq 125 ]
	expect 'probe: must deny ptrace: expected SIGSYS, seen ESRCH'
	refute grep -q 'poll done' <<<"$output"
}

@test "sandboxctl run --probe does it in one command, and leaves nothing behind" {
	requires jq
	export TMPDIR=$PWD/tmp
	mkdir tmp
	write_policy 'trap mount ptrace'
	printf '%s\n' 'policy another' 'must deny mount' 'must trap ptrace' 'must deny kill(-1, SIGKILL)' >p.test
	write_policy 'trap mount ptrace kill'
	run "$SANDBOXCTL" run --probe p.test -r report -L "$LIBRARY" -p ./p.policy -- "$HOSTS/between" 0 poll
	[ "$status" -eq 0 ]
	expect 'poll done'
	expect 'p.test:4: not probed: must deny kill(-1, SIGKILL)'
	[ "$(events '"\(.line) \(.ok)"' | xargs)" = 'must deny mount true must trap ptrace true' ]
	# the test does not hold of the policy
	printf 'must deny unshare\n' >>p.test
	run "$SANDBOXCTL" run --probe p.test -L "$LIBRARY" -p ./p.policy -- "$HOSTS/between" 0 poll
	[ "$status" -eq 125 ]
	expect 'p.test:5: failed: must deny unshare'
	refute grep -q 'poll done' <<<"$output"
	# a lock that never happens is no green one
	sed -i '$d' p.test
	run "$SANDBOXCTL" run --probe p.test -L "$LIBRARY" -p ./p.policy -- "$HOSTS/between" 0
	[ "$status" -eq 124 ]
	[ -z "$(ls tmp)" ]
	TMPDIR=$PWD/none run "$SANDBOXCTL" run --probe p.test -L "$LIBRARY" -p ./p.policy -- "$HOSTS/between" 0 poll
	[ "$status" -eq 125 ]
	expect "no directory can be made in $PWD/none: No such file or directory"
	refute grep -q 'poll done' <<<"$output"
}

@test "sandboxctl run --probe: in a program that gave its rights up" {
	requires jq setpriv
	requires_root
	local place
	publish_library
	place=$(public_directory)
	printf '%s\n' 'policy 1' 'phase serving' 'trigger poll' 'default allow' 'trap mount' >"$place/p.policy"
	echo 'must deny mount' >"$place/p.test"
	cp "$HOSTS/between" "$place/"
	TMPDIR=$place run "${LIBRARY%/*}/sandboxctl" run --probe "$place/p.test" -p "$place/p.policy" -- \
		setpriv --reuid=nobody --clear-groups "$place/between" 0 poll
	[ "$status" -eq 0 ]
	expect '1 made, 0 not denied'
	refute compgen -G "$place/sandboxctl.*"
}

@test "sandboxctl run --probe that is told to end leaves nothing behind" {
	mkdir tmp
	write_policy 'trap mount'
	sed -i '1a program between' p.policy
	echo 'must deny mount' >p.test
	start env TMPDIR="$PWD/tmp" "$SANDBOXCTL" run --probe p.test -L "$LIBRARY" -p ./p.policy -- \
		sh -c "'$HOSTS/between' 0 poll; exec sleep 60"
	eventually output_has '1 made, 0 not denied'
	[ -n "$(ls tmp)" ]
	kill -TERM "$pid"
	eventually not_running "$pid"
	[ -z "$(ls tmp)" ]
}
