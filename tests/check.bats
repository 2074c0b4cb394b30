# sandboxctl check: its warnings and what they are worth. Their words: tests/messages.bats.

load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	# The groups are as old as they are on this day, whenever the test runs.
	export SOURCE_DATE_EPOCH=1800000000
}

# phase LINES...: try.policy with one phase.
phase() {
	printf 'policy 1\nphase a\n  trigger main\n  default trap\n  allow exit_group\n' >try.policy
	printf '%s\n' "$@" >>try.policy
}

# warns TEXT...: check warns of nothing else, and --strict minds.
warns() {
	run "$SANDBOXCTL" check try.policy
	[[ "$status" -eq 0 ]]
	for text; do expect "$text"; done
	[[ "$(grep -c ' warning: ' <<<"$output")" -eq $# ]]
	run "$SANDBOXCTL" check --strict try.policy
	[[ "$status" -eq 1 ]]
}

silent() {
	run "$SANDBOXCTL" check --strict try.policy
	printf '%s\n' "$output"
	[[ "$status" -eq 0 ]]
	refute grep -q warning <<<"$output"
}

@test "no shipped policy has a warning, on either architecture" {
	run "$SANDBOXCTL" check --strict "$ROOT"/policies/*.policy
	printf '%s\n' "$output"
	[[ "$status" -eq 0 ]]
	run "$SANDBOXCTL" check --strict --arch aarch64 "$ROOT"/policies/*.policy
	printf '%s\n' "$output"
	[[ "$status" -eq 0 ]]
}

@test "a dangerous call needs a reason, on its line or the one above" {
	phase 'allow ptrace'
	warns 'try.policy:6:7: warning: ptrace: allowed without a reason'
	phase 'allow ptrace   # crash reports'
	silent
	phase '# crash reports' 'allow ptrace'
	silent
	phase '# crash reports' '' 'allow ptrace'
	warns 'ptrace: allowed'
	phase '#' 'allow ptrace #'
	warns 'ptrace: allowed'
	phase 'allow read   # of clients' 'allow ptrace'
	warns 'ptrace: allowed'
	phase 'log bpf'
	warns 'bpf: allowed'
	phase 'allow unshare where unshare_flags within CLONE_FS'
	warns 'unshare: allowed'
	phase 'errno EPERM ptrace' 'kill bpf'
	silent
}

@test "what a group brings in is said once, at the group" {
	phase 'allow @keyring @swap read'
	warns 'try.policy:6:7: warning: add_key, request_key, keyctl: allowed' \
		'try.policy:6:16: warning: swapon, swapoff: allowed'
}

@test "a deny list is not asked for reasons" {
	printf 'policy 1\nphase a\n  trigger main\n  default allow\n  errno EPERM syslog\n' >try.policy
	silent
}

@test "memory that can be written and executed" {
	phase 'allow mmap mprotect where not prot has PROT_EXEC'
	silent
	phase 'allow mmap where not prot has PROT_EXEC|PROT_WRITE'
	silent
	phase 'allow mmap'
	warns 'try.policy:6:7: warning: mmap may make memory that can be written and executed'
	phase 'allow mmap where prot & PROT_EXEC == 0 or flags has MAP_ANONYMOUS'
	warns 'mmap may make'
	phase 'allow mprotect where prot == (PROT_READ|PROT_EXEC)'
	warns 'mprotect may make memory executable'
	phase 'allow mprotect   # a JIT'
	silent
	phase 'allow mprotect' 'kill mprotect where prot has PROT_EXEC'
	silent
}

@test "clone3 beside tests on clone's flags" {
	phase 'allow clone where clone_flags has CLONE_THREAD' 'allow clone3'
	warns 'clone3 is allowed'
	phase 'allow clone where clone_flags has CLONE_THREAD' 'allow clone3 where size == 64'
	warns 'clone3 is allowed'
	phase 'allow clone where clone_flags has CLONE_THREAD' 'errno ENOSYS clone3'
	silent
	phase 'allow clone clone3'
	silent
}

@test "calls that do what another line denies" {
	phase 'errno EPERM execve' 'allow execveat where flags == 0'
	warns 'execveat: allowed without a reason' 'execveat is allowed, and execve is not'
	# Allowed with a reason it is meant so; a stricter line closes it; a default that denies, too.
	phase 'errno EPERM execve' 'allow execveat # by descriptor'
	silent
	phase 'errno EPERM execve execveat'
	silent
	phase 'errno EPERM execve'
	silent
}

@test "what the default leaves open beside a line that denies" {
	printf 'policy 1\nphase a\n  trigger main\n  default allow\n  %s\n' 'errno EPERM execve' >try.policy
	warns 'execve is denied here, and the default allows execveat: both start programs'
	printf '  errno EPERM execveat\n' >>try.policy
	silent
	# What an earlier phase has shut is shut.
	phase 'allow execve # helpers' 'phase b' 'trigger wait' 'default allow # takes more away' \
		'errno EPERM execve'
	silent
	printf 'policy 1\nphase a\n  trigger main\n  default allow\n  %s\n' \
		'trap mmap mprotect where prot has PROT_EXEC' >try.policy
	warns 'the default allows pkey_mprotect, shmat, personality: all make memory executable'
	printf '  trap pkey_mprotect where prot has PROT_EXEC\n  %s\n  %s\n' \
		'trap shmat where shmflg has SHM_EXEC' \
		'trap personality where personality has READ_IMPLIES_EXEC' >>try.policy
	silent
}

@test "each way is compared with the arguments that make it one" {
	# Files that are opened for reading are opened by either call.
	phase 'allow openat open where flags & (O_ACCMODE|O_CREAT|O_TRUNC) == O_RDONLY'
	silent
	phase 'allow openat where flags & (O_ACCMODE|O_CREAT|O_TRUNC) == O_RDONLY' \
		'allow open where flags & (O_CREAT|O_TRUNC) == 0'
	warns 'open is allowed, and openat is not, as try.policy:6:7 says: both open files for writing'
	# ENOSYS sends programs to the other call.
	phase 'errno ENOSYS openat2' 'allow openat' 'errno ENOSYS clone3' 'allow clone fork'
	silent
	# One of several cases is no way that is shut.
	printf 'policy 1\nphase a\n  trigger main\n  default allow\n  %s\n' \
		'errno EPERM kill where pid == -1' >try.policy
	silent
}

@test "a line that denies exact values of an argument that holds flags" {
	phase 'allow socket' 'errno EPERM socket where type == SOCK_RAW'
	warns "'type' of socket holds flags, and this denies exact values"
	phase 'allow socket' 'errno EPERM socket where not type not in {SOCK_RAW, SOCK_DGRAM}'
	warns "'type' of socket holds flags, and this denies exact values"
	# The bits that matter; what denies all but this; a line that allows; a call that is never made.
	phase 'allow socket' 'errno EPERM socket where type & 0xf == SOCK_RAW'
	silent
	phase 'allow socket' 'errno EPERM socket where type != SOCK_STREAM'
	silent
	phase 'allow socket where type == SOCK_STREAM'
	silent
	# What allows all but this denies it.
	phase 'allow socket where type != SOCK_RAW'
	warns "'type' of socket holds flags, and this leaves out exact values"
	phase 'allow socket where not type in {SOCK_RAW, SOCK_PACKET}'
	warns "'type' of socket holds flags, and this leaves out exact values"
	phase 'allow socket where type & 0xf != SOCK_RAW'
	silent
	phase 'errno EPERM socket where type == SOCK_RAW'
	silent
	phase 'allow socket' 'errno EPERM socket where type == SOCK_RAW # only ping does that'
	silent
}

@test "a line that takes a bit of the access mode for a flag" {
	phase 'allow openat' 'errno EPERM openat where flags has O_WRONLY'
	warns 'O_WRONLY is no flag' 'openat with O_WRONLY is denied, and what writes all the same is not: O_RDWR'
	phase 'allow openat' 'errno EPERM openat where flags has O_RDWR|O_CREAT'
	warns 'O_RDWR is no flag'
	phase 'allow openat' 'errno EPERM openat where flags has O_WRONLY|O_RDWR'
	warns 'these are no flags: files are opened for writing with O_WRONLY or with O_RDWR, and this denies neither'
	phase 'allow openat where not flags has O_ACCMODE'
	warns 'these are no flags'
	phase 'allow openat' 'errno EPERM openat where flags & (O_ACCMODE|O_CREAT|O_TRUNC) != O_RDONLY'
	silent
	phase 'allow openat' 'errno EPERM openat where flags has O_CREAT'
	silent
}

@test "a line that denies several flags only at once" {
	phase 'allow clone where not clone_flags has CLONE_NEWUSER|CLONE_NEWNS'
	warns "this leaves out 'clone_flags' of clone only with all of these flags at once"
	phase 'allow mprotect # a JIT' 'errno EPERM mprotect where prot has PROT_WRITE|PROT_EXEC'
	warns "this denies 'prot' of mprotect only with all of these flags at once"
	# Any of them; one constant of several bits; what denies all but this; what is meant at once.
	phase 'allow clone where clone_flags & (CLONE_NEWUSER|CLONE_NEWNS) == 0'
	silent
	phase 'allow openat' 'errno EPERM openat where flags has O_TMPFILE'
	silent
	phase 'allow clone where clone_flags has CLONE_VM|CLONE_THREAD' 'errno ENOSYS clone3'
	silent
	phase 'allow mmap where not prot has PROT_WRITE|PROT_EXEC'
	silent
}

@test "files that are made or emptied where they may be opened to be read" {
	phase 'allow openat where flags & O_ACCMODE == O_RDONLY'
	warns 'try.policy:6:7: warning: openat with O_WRONLY is denied, and what writes all the same is not: O_RDONLY|O_CREAT, O_RDONLY|O_TRUNC'
	phase 'allow openat where flags & (O_ACCMODE|O_CREAT) == O_RDONLY'
	warns 'is not: O_RDONLY|O_TRUNC'
	printf 'policy 1\nphase a\n  trigger main\n  default allow\n  %s\n  %s\n' \
		'errno EPERM io_uring_setup open openat2 creat open_by_handle_at' \
		'errno EPERM openat where flags & (O_ACCMODE|O_CREAT|O_TRUNC) == O_WRONLY' >try.policy
	silent # files may be made and opened for writing otherwise: nobody says that they may not
	sed -i 's/|O_CREAT|O_TRUNC//' try.policy
	warns 'try.policy:6:15: warning: openat with O_WRONLY is denied, and what writes all the same is not: O_RDWR, O_RDONLY|O_CREAT'
	# Landlock sees what is opened, where it need not be missing; and what is said is meant.
	phase 'allow openat where flags & O_ACCMODE == O_RDONLY' 'read /srv'
	silent
	phase 'allow openat where flags & O_ACCMODE == O_RDONLY' 'read /srv' 'optional files'
	warns 'openat with O_WRONLY is denied'
	phase 'allow openat where flags & O_ACCMODE == O_RDONLY # Landlock of the service has the rest'
	silent
}

@test "memory that is made executable by mmap beside mprotect" {
	phase 'allow mmap where not prot has PROT_WRITE|PROT_EXEC' 'allow mprotect where not prot has PROT_EXEC'
	warns 'mmap is allowed, and mprotect is not, as try.policy:7:7 says: both make memory executable'
	phase 'allow mmap where not prot has PROT_WRITE|PROT_EXEC # plugins' \
		'allow mprotect where not prot has PROT_EXEC'
	silent
}

@test "programs in memory beside an execute line" {
	printf 'policy 1\nphase a\n  trigger main\n  default allow\n  execute none\n' >try.policy
	warns "'execute none' does not see programs in memory"
	printf '  errno EPERM memfd_create\n' >>try.policy
	silent
	phase 'allow memfd_create # shared with a helper' 'execute none'
	silent
}

@test "user namespaces beside capabilities" {
	printf 'policy 1\nphase a\n  trigger main\n  default allow\n  capabilities kill\n' >try.policy
	warns "'capabilities kill' does not hold in a user namespace, and unshare may make one"
	printf '  errno EPERM unshare where unshare_flags has CLONE_NEWUSER\n' >>try.policy
	printf '  errno EPERM clone where clone_flags has CLONE_NEWUSER\n' >>try.policy
	warns "'capabilities kill' does not hold in a user namespace, and clone3 may make one" \
		"clone3 is allowed, so the tests on clone's flags can be walked around"
	printf '  errno ENOSYS clone3\n' >>try.policy
	silent
	phase 'capabilities none'
	silent
	phase 'allow clone unshare # containers' 'capabilities none'
	silent
}

@test "sockets that Landlock does not see beside lines about files and ports" {
	phase 'allow socket connect' 'read /srv'
	warns "'read /srv' does not see sockets with a path, and socket may make one"
	phase 'allow socket where family == AF_INET' 'allow connect' 'read /srv'
	silent
	phase 'allow socket' 'read /srv' # which connects to nothing
	silent
	phase 'allow socket connect # syslog' 'read /srv'
	silent
	phase 'allow socket where family in {AF_INET, AF_INET6}' 'allow connect' 'connect tcp 443'
	warns "'connect tcp 443' does not see MPTCP, and socket may make such a socket"
	phase 'allow socket where family in {AF_INET, AF_INET6} and protocol == 0' 'allow sendmsg' 'connect tcp 443'
	warns "'connect tcp 443' does not see TCP Fast Open, and sendmsg may connect by it"
	# The remedies of both, and sockets of other kinds.
	phase 'allow socket where family in {AF_INET, AF_INET6}' 'allow sendmsg' 'connect tcp 443' \
		'errno EPROTONOSUPPORT socket where protocol == 262' \
		'errno EOPNOTSUPP sendmsg where flags has 0x20000000 # MSG_FASTOPEN'
	silent
	phase 'allow socket where family == AF_INET and type & 0xf == SOCK_DGRAM' \
		'allow socket where family == AF_UNIX' 'allow sendto' 'connect tcp none' 'bind tcp none'
	silent
}

@test "what the program may take back" {
	phase 'dumpable no' 'allow prctl'
	warns "'dumpable no' holds until the program takes it back, and prctl may do so"
	phase 'dumpable no' 'allow prctl where option == PR_SET_NAME'
	silent
	phase 'dumpable no' 'allow prctl' 'errno EPERM prctl where option == PR_SET_DUMPABLE and arg2 != 0'
	silent
}

@test "a capability that is a way to all others" {
	phase 'capabilities net_raw sys_module'
	warns "'capabilities net_raw sys_module' drops little: sys_module is a way to all others"
	phase 'capabilities net_raw sys_module # a driver is loaded'
	silent
	phase 'capabilities net_raw'
	silent
}

@test "io_uring beside what it can do" {
	printf 'policy 1\nphase a\n  trigger main\n  default allow\n  %s\n' \
		'errno EPERM bind where fd == 3' >try.policy
	warns 'bind is denied here, and the default allows io_uring, which does it unseen by the filter'
	printf '  errno EPERM io_uring_setup\n' >>try.policy
	silent
	printf 'policy 1\nphase a\n  trigger main\n  default allow\n  errno EPERM bpf\n' >try.policy
	silent
}

@test "a test on a call that is made all the time; a line that decides nothing; no exit_group" {
	phase 'allow read where fd == 0'
	warns 'a test on read makes every read slower'
	phase 'allow read where fd == 0 # no other'
	silent
	phase 'allow socket' 'allow socket where family == AF_INET'
	warns "'allow' decides nothing about socket here"
	printf 'policy 1\nphase a\n  trigger main\n  default trap\n' >try.policy
	warns "phase 'a' does not allow exit_group"
}

@test "a group is stale two years after its review" {
	mkdir groups
	printf 'group 2025-01-15\nread\n' >groups/mine.group
	phase 'allow @mine'
	silent # on 2027-01-15
	SOURCE_DATE_EPOCH=1800100000 warns './groups/mine.group:1:7: warning: this group was reviewed more than 2 years ago'
}

@test "errors win over warnings, and more than one policy is checked" {
	phase 'allow ptrace sokcet'
	run "$SANDBOXCTL" check try.policy redis
	[[ "$status" -eq 1 ]]
	expect "no system call is called 'sokcet'"
	expect 'redis: ok'
	refute grep -q warning <<<"$output"
}

@test "show: every call with all that can come of it" {
	phase 'unknown errno ENOSYS' 'allow socket where family == AF_UNIX' 'errno EPERM socket where type == SOCK_RAW' 'allow read'
	run "$SANDBOXCTL" show try.policy
	[[ "$status" -eq 0 ]]
	expect '  socket                   allow          try.policy:7             where family == AF_UNIX'
	expect '  socket                   errno EPERM    try.policy:8             where type == SOCK_RAW'
	expect '  socket                   trap           otherwise'
	expect '  rt_sigreturn             allow          implied'
	expect '  9 calls named: 8 allowed, 1 in part, 0 denied'
	"$SANDBOXCTL" show --json --phase a try.policy | python3 -c '
import json, sys
policy = json.load(sys.stdin)
phase = policy["phases"][0]
rows = [(r["action"], r["allowed"], r["otherwise"]) for r in phase["decisions"] if r["call"] == "socket"]
assert rows == [("allow", True, False), ("errno EPERM", False, False), ("trap", False, True)], rows
assert phase["calls"] == {"allowed": 8, "partly": 1, "denied": 0}, phase["calls"]
assert phase["unknown"] == "errno ENOSYS" and policy["programs"] == []'
}
