#!/usr/bin/env bats
# sandboxctl learn: what is recorded, what is written, and that it holds. Servers: learn-servers.bats.

load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export TMPDIR=$BATS_TEST_TMPDIR # a recorder that is killed leaves a directory there
	LEARNER=$HOSTS/learner
}

teardown() {
	stop_all
}

# learn ARGUMENTS...: sandboxctl learn, for two minutes at most.
learn() {
	timeout --foreground 120 "$SANDBOXCTL" learn "$@"
}

# calls NAME AFTER [FILE]: how often the call is in the recording, before ('') or after a phase.
calls() {
	jq -s --arg call "$1" --arg after "$2" '[.[] | select(.call != null and .after != null
		and (.call | split("(")[0]) == $call and (.after | join(" ")) == $after) | .count] | add // 0' \
		"${3:-learner.recording}"
}

# rules FILE: the lines that count, without comments.
rules() {
	sed -E 's/ *#.*//; /^$/d; s/^ +//' "$1"
}

@test "what came before the trigger is recorded and not allowed; what came after is both" {
	requires jq
	learn -t poll -- "$LEARNER" read /etc/passwd listen "$(free_port)" wait read /etc/passwd fork
	[ "$(calls listen '')" -eq 1 ]
	[ "$(calls listen serving)" -eq 0 ]
	[ "$(calls openat serving)" -eq 1 ]
	rules learner.policy | grep -xF 'allow openat where flags & (O_ACCMODE|O_CREAT|O_TRUNC) == O_RDONLY'
	refute grep -qw listen <(rules learner.policy)
	# As the kernel holds it:
	sandboxed ./learner.policy "$LEARNER" read /etc/passwd wait read /etc/passwd fork
	run sandboxed ./learner.policy "$LEARNER" read /etc/passwd wait listen "$(free_port)"
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
	expect 'denied socket(family=2'
	run sandboxed ./learner.policy "$LEARNER" wait write out
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
	expect 'denied openat('
}

@test "a daemon whose first process ends before its child has made a call is followed" {
	requires jq
	for _ in 1 2 3 4 5; do
		rm -f worker.recording
		learn -q -t epoll_wait -- "$HOSTS/worker" daemon socket
		[ "$(calls socket serving worker.recording)" -eq 1 ]
		[ "$(jq -r 'select(.call != null and (.call | startswith("socket"))) | .who' worker.recording)" = worker/1 ]
	done
}

@test "no call is lost: 8 threads and 50 processes make 13,000 that are counted exactly" {
	requires jq
	learn -q -t poll -- "$HOSTS/many-calls" 8 1000 50 100
	[ "$(calls getpgid serving many-calls.recording)" -eq 8000 ]
	[ "$(calls getsid serving many-calls.recording)" -eq 5000 ]
	[ "$(jq -r 'select(.end != null) | .processes' many-calls.recording)" -eq 51 ]
	# control: none of them before the trigger
	[ "$(calls getpgid '' many-calls.recording)" -eq 0 ]
}

@test "what the library does by itself is in neither" {
	requires jq
	learn -t poll -- "$LEARNER" thread wait thread
	# its marks, its barrier (33 is queued to the thread, which is gone), its reading of policies
	[ "$(calls prctl serving)" -eq 0 ]
	[ "$(calls prctl '')" -eq 0 ]
	[ "$(calls unshare serving)" -eq 0 ]
	refute grep -q 'learn.policyc' learner.recording
	# control: what the program does is
	[ "$(jq -s '[.[] | select(.made == "clone3") | .count] | add' learner.recording)" -eq 2 ]
}

@test "conditions: families, kinds, threads, executable memory" {
	learn -t poll -- "$LEARNER" wait sockets thread
	rules learner.policy >given
	grep -xF 'allow socket where family in {AF_INET, AF_INET6} and type & 0xf == SOCK_STREAM' given
	grep -xF 'allow socket where family == AF_UNIX and type & 0xf == SOCK_DGRAM' given
	grep -xF 'errno ENOSYS clone3' given
	grep -E '^allow clone where clone_flags has CLONE_THREAD and clone_flags within CLONE_' given
	grep -xF 'allow mmap mprotect where not prot has PROT_EXEC' given
	sandboxed ./learner.policy "$LEARNER" wait sockets thread
	run sandboxed ./learner.policy "$LEARNER" wait fork
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
	run sandboxed ./learner.policy "$LEARNER" wait executable
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
	expect 'denied mmap('
	# control: seen, it is allowed, but not together with writing
	learn -o second.policy -t poll -- "$LEARNER" wait executable
	rules second.policy | grep -xF 'allow mmap where not prot has PROT_WRITE|PROT_EXEC'
	sandboxed ./second.policy "$LEARNER" wait executable
}

@test "files: who appends may not empty, make or overwrite them, nor read; who made them new may only do that" {
	local learned=(sandboxed ./learner.policy "$LEARNER" wait)
	learn -q -t poll -- "$LEARNER" wait open wca log
	rules learner.policy | grep -xF \
		'allow openat where flags & (O_ACCMODE|O_TRUNC|O_APPEND|O_TMPFILE) == O_WRONLY|O_APPEND'
	"${learned[@]}" open wca other.log open wa log # the weaker one, too
	[ -e other.log ]
	echo precious >file
	for mode in wc wt wat w r u wn; do
		"$LEARNER" wait open "$mode" spare # the control: unlocked it lives
		run "${learned[@]}" open "$mode" file
		[ "$status" -eq "$DIED_OF_SIGSYS" ]
		expect 'denied openat('
	done
	[ "$(cat file)" = precious ]
	learn -q -o new.policy -t poll -- "$LEARNER" wait open ucx new open wt old open r file
	rules new.policy | grep -F openat | diff - <(
		echo 'allow openat where flags & (O_ACCMODE|O_CREAT|O_TRUNC) == O_RDONLY'
		echo 'allow openat where flags & (O_ACCMODE|O_CREAT|O_TMPFILE) == O_WRONLY'
		echo 'allow openat where flags has O_CREAT|O_EXCL'
	)
	sandboxed ./new.policy "$LEARNER" wait open wcxt newer open wa file open r log
	run sandboxed ./new.policy "$LEARNER" wait open wc file
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
	run sandboxed ./new.policy "$LEARNER" wait open u file
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
}

@test "files: a covered way of opening is no news, another is; --check says it; --exact has what was seen" {
	learn -q -t poll -- "$LEARNER" wait open wct file
	rules learner.policy | grep -xF 'allow openat where flags & (O_ACCMODE|O_TMPFILE) == O_WRONLY'
	cp learner.policy first
	run learn -t poll -- "$LEARNER" wait open wca file
	expect 'learner.policy allows all that was seen: it stays as it is'
	cmp learner.policy first
	run learn -q --check ./learner.policy -- "$LEARNER" wait open w file
	[ "$status" -eq 0 ]
	run learn -q --check ./learner.policy -- "$LEARNER" wait open u file
	[ "$status" -eq 1 ]
	expect 'openat(_, _, O_RDWR): 1 time'
	learn -q -r other.recording -o other.policy -t poll -- "$LEARNER" wait open u file
	learn -q -m learner.recording -m other.recording -o both.policy
	sandboxed ./both.policy "$LEARNER" wait open wct file open u file
	run sandboxed ./learner.policy "$LEARNER" wait open u file # control
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
	learn -q --exact -o exact.policy -m learner.recording
	sandboxed ./exact.policy "$LEARNER" wait open wct file open wca file
	run sandboxed ./exact.policy "$LEARNER" wait open w file
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
}

@test "memory: which call takes it depends on sizes, so that one of them stands for all but executable memory" {
	learn -q -t poll -- "$LEARNER" wait grow 65000 # with brk
	rules learner.policy >given
	grep -xF 'allow @malloc' given
	grep -xF 'allow mmap where not prot has PROT_EXEC' given # mprotect is for the heaps of threads
	grep -F 'allow mmap ' learner.policy | grep -F '# 0 calls; sizes choose among the calls for memory'
	sandboxed ./learner.policy "$LEARNER" wait grow 6500000
	run sandboxed ./learner.policy "$LEARNER" wait executable
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
	learn -q -o threads.policy -t poll -- "$LEARNER" thread wait grow 9000000
	rules threads.policy | grep -xF 'allow mmap mprotect where not prot has PROT_EXEC'
	# the control: exactly what was seen, and nothing where nothing was seen
	learn -q --exact -o exact.policy -m learner.recording
	run sandboxed ./exact.policy "$LEARNER" wait grow 6500000
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
	expect 'denied mmap('
	learn -q -o none.policy -t poll -- "$LEARNER" wait sockets
	refute grep -E '@malloc|mmap|brk' <(rules none.policy)
}

@test "qsort's question about memory, which depends on sizes, is answered with an error where it was not seen" {
	learn -q -t poll -- "$LEARNER" wait sort 10
	rules learner.policy | grep -xF 'errno ENOSYS sysinfo'
	sandboxed ./learner.policy "$LEARNER" wait sort 10000
	# the control: with --exact nothing is said of it
	[[ "$(getconf GNU_LIBC_VERSION)" < 'glibc 2.37' ]] || skip 'this libc does not ask'
	learn -q --exact -o exact.policy -m learner.recording
	run sandboxed ./exact.policy "$LEARNER" wait sort 10000
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
	expect 'denied sysinfo('
	# seen, it is allowed
	learn -q -o sorts.policy -t poll -- "$LEARNER" wait sort 10000
	rules sorts.policy >given
	grep -E '^allow (.* )?sysinfo( |$)' given
	refute grep -F 'ENOSYS sysinfo' given
}

@test "what libc puts off is done before main, in the run and under the policy" {
	local late=$HOSTS/late
	learn -q -t wait -- "$late" exit
	rules late.policy >given
	grep -xF 'prewarm unwinder' given
	grep -xF 'prewarm time-zone' given
	refute grep -E 'openat|has PROT_WRITE' given
	sandboxed ./late.policy "$late" exit
	sandboxed ./late.policy env -u TZ "$late" time
	# the control: without it libc's library is opened behind the lock
	sed '/^prewarm/d' late.policy >cold.policy
	run sandboxed ./cold.policy "$late" exit
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
	expect 'denied openat('
	# of a run under a policy without the line it is not taken for granted
	printf 'policy 1\nphase serving\n  trigger wait\n  default allow\n' >mine.policy
	learn -q -p ./mine.policy -o other.policy -- "$late" exit
	refute grep -q '^prewarm' other.policy
	rules other.policy | grep '^allow mmap .*has PROT_WRITE|PROT_EXEC'
	sandboxed ./other.policy "$late" exit
	# a policy that lacks it is not enough for a run that had it
	mv cold.policy late.policy
	run learn -t wait -- "$late" exit
	expect 'the new policy is late.policy.learned'
}

@test "a crash that a program passes on to itself stands for every crash, and for no other signal" {
	learn -q -t poll -- "$LEARNER" wait signal 11
	rules learner.policy | grep -xF 'allow kill where sig in {SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGSEGV}'
	sandboxed ./learner.policy "$LEARNER" wait signal 7 signal 8
	run sandboxed ./learner.policy "$LEARNER" wait signal 10
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
	# the control: another signal stands for itself
	learn -q -o other.policy -t poll -- "$LEARNER" wait signal 10
	rules other.policy | grep -xF 'allow kill where sig == SIGUSR1'
	run sandboxed ./other.policy "$LEARNER" wait signal 11
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
}

@test "the same program twice changes nothing; a new call is added; what a person wrote is kept" {
	learn -t poll -- "$LEARNER" wait read /etc/passwd
	cp learner.policy first
	run learn -t poll -- "$LEARNER" wait read /etc/passwd
	[ "$status" -eq 0 ]
	expect 'learner.policy allows all that was seen: it stays as it is'
	cmp learner.policy first
	# its own recording once more is no news either
	learn -q -m learner.recording -o learner.policy
	cmp learner.policy first
	learn -q -t poll -- "$LEARNER" wait fork
	rules learner.policy | grep -q '^allow clone'
	grep -q 'From 3 runs in' learner.policy
	echo '  allow getuid' >>learner.policy
	cp learner.policy edited
	run learn -t poll -- "$LEARNER" wait sockets
	[ "$status" -eq 0 ]
	expect 'learner.policy was not written by '
	cmp learner.policy edited
	rules learner.policy.learned | grep -q '^allow socket'
}

@test "recordings of several runs are put together" {
	learn -q -r a.recording -o a.policy -t poll -- "$LEARNER" wait read /etc/passwd
	learn -q -r b.recording -o b.policy -t poll -- "$LEARNER" wait fork
	learn -q -m a.recording -m b.recording -o both.policy
	sandboxed ./both.policy "$LEARNER" wait read /etc/passwd fork
	run sandboxed ./a.policy "$LEARNER" wait read /etc/passwd fork # control
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
	# a file that is two files in a row says the same
	cat a.recording b.recording >c.recording
	learn -q -m c.recording -o c.policy
	diff <(rules both.policy) <(rules c.policy)
}

@test "every policy that is written passes check without an error or a warning" {
	learn -q -t poll -- "$LEARNER" wait sockets thread fork exec read /etc/passwd write out \
		open ucx new open un . open u out
	run "$SANDBOXCTL" check ./learner.policy
	[ "$status" -eq 0 ]
	[[ "$output" != *error* && "$output" != *warning* ]]
	learn -q --exact -o exact.policy -m learner.recording
	run "$SANDBOXCTL" check ./exact.policy
	[ "$status" -eq 0 ]
	# control: not the same
	rules exact.policy | grep -qv '@'
}

@test "a program that is started under the lock is part of it; one that was started before is not" {
	learn -q -t poll -- "$LEARNER" exec wait
	refute grep -q '^allow execve' <(rules learner.policy)
	learn -q -o under.policy -t poll -- "$LEARNER" wait exec
	rules under.policy | grep -q '^allow execve'
	rules under.policy | grep -q '^allow arch_prctl' # of the new program's loader
}

@test "phases and triggers of a policy, or of the one that names the program" {
	cat >mine.policy <<-EOF
		policy 1
		program learner
		phase first
		  trigger poll
		  default allow
		phase second
		  trigger poll count 2
		  default allow
	EOF
	learn -q -p ./mine.policy -o out.policy -- "$LEARNER" wait fork wait read /etc/passwd
	rules out.policy >given
	[ "$(grep -c '^phase' given)" -eq 2 ]
	sed -n '/^phase first/,/^phase second/p' given | grep -q '^allow clone'
	sed -n '/^phase first/,/^phase second/p' given | grep -q '^allow openat'
	sed -n '/^phase second/,$p' given | grep -q '^allow openat'
	refute grep -q '^allow clone' <(sed -n '/^phase second/,$p' given)
	sandboxed ./out.policy "$LEARNER" wait fork wait read /etc/passwd
	SANDBOX_POLICY_PATH=. learn -q -o named.policy -- "$LEARNER" wait fork wait read /etc/passwd
	diff <(rules out.policy | grep -v ^program) <(rules named.policy | grep -v ^program)
}

@test "without a trigger that is met there is no policy" {
	run learn -- "$LEARNER" read /etc/passwd
	[ "$status" -eq 125 ]
	expect "the trigger 'wait' was never met, so there is no policy"
	[ ! -e learner.policy ]
	[ -s learner.recording ]
}

@test "a program that starts itself again behind its lock may lock there once more; others get nothing for it" {
	local trigger becomes=$HOSTS/becomes
	for trigger in poll 'call main'; do
		rm -f again.policy again.recording
		run learn -q -t "$trigger" -o again.policy -- "$becomes" "$becomes" "$becomes"
		[ "$status" -eq 2 ] # of the last one, which has nothing to become
		"$SANDBOXCTL" compile again.policy
		run timeout --foreground 60 "$SANDBOXCTL" run -p ./again.policy --require-lock -- "$becomes" "$becomes" "$becomes"
		[ "$status" -eq 2 ]
		run learn -q --check ./again.policy -- "$becomes" "$becomes" "$becomes"
		[ "$status" -eq 2 ]
		expect 'phase serving would have denied nothing'
		# without the line it dies there, and --check knows
		sed -i '/allow seccomp/d' again.policy
		"$SANDBOXCTL" compile again.policy
		run timeout --foreground 60 "$SANDBOXCTL" run -p ./again.policy -- "$becomes" "$becomes" "$becomes"
		[ "$status" -eq "$DIED_OF_SIGSYS" ]
		run learn -q --check ./again.policy -- "$becomes" "$becomes" "$becomes"
		[ "$status" -eq 1 ]
		expect 'seccomp(SECCOMP_SET_MODE_FILTER'
	done
	learn -q -t poll -o once.policy -- "$becomes" /bin/true
	rules once.policy | grep -w execve
	refute grep -qw seccomp <(rules once.policy)
}

# --- a policy held against a run -------------------------------------------------------------------

@test "--check says what would have been denied and what was not used, and denies nothing" {
	cat >mine.policy <<-EOF
		policy 1
		phase serving
		  trigger poll
		  default trap
		  allow @base @accept poll close fstat write @abort
		  allow openat where flags & O_ACCMODE == O_RDONLY
		  allow getpid where arg0 > 5
		  read  /etc
		  write $BATS_TEST_TMPDIR
		  bind  tcp 1
	EOF
	run learn --check ./mine.policy -- "$LEARNER" wait read /etc/passwd read "$LEARNER" sockets
	[ "$status" -eq 1 ]
	expect 'socket(AF_INET, SOCK_STREAM, 0): 1 time, from learner+0x'
	expect 'trap: ./mine.policy:4: default trap'
	expect "read $LEARNER: 1 time"
	expect 'no line gives it'
	expect './mine.policy:5: @accept fstat write'
	[[ "$output" != *@abort* ]] # it is for a death, which most runs do not have
	expect './mine.policy:7: getpid'
	expect "./mine.policy:9: $BATS_TEST_TMPDIR"
	expect './mine.policy:10: 1'
	[[ "$output" != *'/etc/passwd'* && "$output" != *'mine.policy:6:'* && "$output" != *'mine.policy:8:'* ]]
	[ -z "$(find . -name '*.recording')" ]
	# the control: what is used and given is silent
	run learn -q --check ./mine.policy -- "$LEARNER" wait read /etc/passwd
	[ "$status" -eq 0 ]
	expect 'phase serving would have denied nothing'
}

@test "--check looks at the very arguments that the policy tests" {
	cat >small.policy <<-EOF
		policy 1
		phase serving
		  trigger poll
		  default allow
		  kill mmap where len > 4096 and prot has PROT_EXEC
		  kill lseek
	EOF
	run learn -q --check ./small.policy -- "$LEARNER" wait executable
	[ "$status" -eq 0 ]
	sed -i 's/> 4096/>= 4096/' small.policy
	run learn -q --check ./small.policy -- "$LEARNER" wait executable
	[ "$status" -eq 1 ]
	expect 'kill: ./small.policy:5: kill mmap where len >= 4096'
}

@test "--check of the policy that was learned denies nothing; of an older recording too" {
	learn -q -t poll -- "$LEARNER" wait sockets thread fork exec read /etc/passwd
	run learn --check ./learner.policy -- "$LEARNER" wait sockets thread fork exec read /etc/passwd
	[ "$status" -eq 0 ]
	run learn --check ./learner.policy -m learner.recording
	[ "$status" -eq 0 ]
	expect 'would have denied nothing'
}

@test "--check tells an error that a line gives a call by its name from what nobody thought of" {
	cat >mine.policy <<-EOF
		policy 1
		phase serving
		  trigger poll
		  default errno ENOSYS
		  allow @base @abort poll close
		  errno EACCES socket where family == AF_UNIX
		  errno EACCES socket where family != AF_UNIX
	EOF
	run learn --check ./mine.policy -- "$LEARNER" wait sockets
	[ "$status" -eq 0 ]
	expect 'phase serving would have denied nothing'
	expect 'phase serving would have answered with the error of its line:'
	expect 'socket(AF_UNIX, SOCK_DGRAM, 0): 1 time, from learner+0x'
	# the controls: a line for some arguments only, a group, the default
	sed -i '/!= AF_UNIX/d' mine.policy
	run learn --check ./mine.policy -- "$LEARNER" wait sockets
	[ "$status" -eq 1 ]
	expect 'phase serving would have denied:'
	expect 'errno ENOSYS: ./mine.policy:4: default errno ENOSYS'
	expect 'phase serving would have answered with the error of its line:'
	sed -i 's/^  errno .*/  errno EACCES @network-io/' mine.policy
	run learn --check ./mine.policy -- "$LEARNER" wait sockets
	[ "$status" -eq 1 ]
	[[ "$output" != *'of its line'* ]]
}

# --- ends ------------------------------------------------------------------------------------------

@test "the exit status is the program's; 128 and the signal; 125 for what fails here" {
	run learn -q -t poll -- "$LEARNER" wait exit 7
	[ "$status" -eq 7 ]
	[ -s learner.policy ]
	run learn -q -t poll -- "$LEARNER" wait kill
	[ "$status" -eq 137 ]
	run learn -q -t poll -- "$BATS_TEST_TMPDIR/nonesuch"
	[ "$status" -eq 125 ]
	run learn -q -t pole -- "$LEARNER"
	[ "$status" -eq 125 ]
	expect "did you mean 'poll'"
	run find "$TMPDIR" -name 'sandboxctl.*' # nothing is left behind
	[ -z "$output" ]
}

# start_learning: of a program that waits; sets $pid of the recorder and $program.
start_learning() {
	start "$SANDBOXCTL" learn -t poll -- "$LEARNER" read /etc/passwd wait pause
	eventually output_has ready
	program=$(pgrep -P "$pid" -x learner)
}

recorded() {
	grep -qF "$1" learner.recording
}

@test "SIGINT to the recorder ends the program as it wishes; the policy is written, status 0" {
	start_learning
	kill -INT "$pid"
	wait "$pid"
	output_has 'ended as it was told'
	output_has 'learner.policy is written'
	rules learner.policy | grep -q '^allow .*poll'
	not_running "$program"
}

@test "the second signal kills a program that does not listen to the first" {
	start "$SANDBOXCTL" learn -t poll -- bash -c 'trap "" TERM; echo ready; while :; do read -t 0.1 <> <(:) || :; done'
	eventually output_has ready
	kill -TERM "$pid"
	sleep 0.5
	refute not_running "$pid" # control: the first did not
	kill -TERM "$pid"
	eventually not_running "$pid"
}

@test "the recorder killed: the program does not run wild, and the recording is readable" {
	start_learning
	eventually recorded '"after":["serving"]'
	kill -KILL "$pid"
	eventually not_running "$program"
	learn -m learner.recording -o learner.policy
	rules learner.policy | grep -q '^allow .*poll'
}

@test "the program killed: the recording is whole, and the status says so" {
	start_learning
	kill -KILL "$program"
	local status=0
	wait "$pid" || status=$?
	[ "$status" -eq 137 ]
	[ "$(tail -n 1 learner.recording | grep -c '"end":"signal SIGKILL"')" -eq 1 ]
	rules learner.policy | grep -q '^allow .*poll'
}

@test "a full disk is said plainly; what was recorded until then is readable; no policy is written" {
	requires unshare jq
	requires_root
	run unshare -m bash -c "
		mount -t tmpfs -o size=16k none '$BATS_TEST_TMPDIR' && cd '$BATS_TEST_TMPDIR' &&
		head -c 8k /dev/zero >filler &&
		TMPDIR=/tmp timeout 60 '$SANDBOXCTL' learn -t poll -- '$LEARNER' wait sockets thread fork exec read /etc/passwd
		echo status \$?
		ls
		tail -c 1 learner.recording | od -An -c
		jq -s length learner.recording && ! grep -q '\"end\"' learner.recording"
	[ "$status" -eq 0 ]
	expect 'learner.recording: No space left on device'
	expect 'status 125'
	expect '\n'
	[[ "$output" != *learner.policy* ]]
}

@test "a line that was cut off is left out, and said; the next run goes on behind it" {
	learn -q -t poll -- "$LEARNER" wait read /etc/passwd
	printf '{"call":"ptrace","who":"lear' >>learner.recording
	run learn -m learner.recording -o other.policy
	[ "$status" -eq 0 ]
	expect 'the last line is not whole and left out'
	learn -q -t poll -- "$LEARNER" wait fork
	run learn -m learner.recording -o other.policy
	[ "$status" -eq 0 ]
	[[ "$output" != *'not whole'* ]]
	grep -q 'From 2 runs' other.policy
}

@test "a name with a newline does not become a rule" {
	mkdir $'a\n  allow ptrace\n'
	cp "$LEARNER" $'a\n  allow ptrace\n/learner'
	learn -q -o out.policy -t poll -- ./$'a\n  allow ptrace\n/learner' wait read $'a\n  allow ptrace\n/learner'
	refute grep -q '^ *allow ptrace' out.policy
	run "$SANDBOXCTL" explain ./out.policy ptrace
	[ "$status" -eq 1 ]
}

@test "SANDBOX_MODE=learn without a recorder stops the program" {
	run env SANDBOX_MODE=learn LD_PRELOAD="$LIBRARY" SANDBOX_POLICY=strict /bin/true
	[ "$status" -eq 125 ]
	expect "SANDBOX_MODE=learn and triggers are for the commands of sandboxctl of these names"
}

@test "a user without privileges can do it, too" {
	requires setpriv
	requires_root
	unset TMPDIR # another user cannot enter bats' own
	publish_library
	local place
	place=$(public_directory)
	chown nobody "$place"
	cp "$LEARNER" "$place/"
	cd "$place"
	run setpriv --reuid nobody --clear-groups "${LIBRARY%/*}/sandboxctl" learn -t poll -- ./learner \
		wait read /etc/passwd exec
	echo "$output"
	[ "$status" -eq 0 ]
	rules learner.policy | grep -xF 'allow openat where flags & (O_ACCMODE|O_CREAT|O_TRUNC) == O_RDONLY'
}

# --- people ----------------------------------------------------------------------------------------

@test "on a terminal it shows how it goes; otherwise it is quiet until the end" {
	requires python3
	cat >terminal.py <<-'EOF'
		import os, pty, sys
		# A terminal of its own; Ctrl-C after the program has been up for a second.
		out, told = b'', False
		pid, fd = pty.fork()
		if pid == 0:
		    os.execv(sys.argv[1], sys.argv[1:])
		while True:
		    try:
		        data = os.read(fd, 4096)
		    except OSError:
		        break
		    if not data:
		        break
		    out += data
		    if b'phase serving' in out and not told:
		        os.write(fd, b'\x03')
		        told = True
		print(out.decode(errors='replace'))
		sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	EOF
	run timeout 60 python3 terminal.py "$SANDBOXCTL" learn -t poll -- "$LEARNER" wait pause
	[ "$status" -eq 0 ]
	expect ' calls, 1 process, phase serving'
	expect 'ended as it was told'
	expect 'learner.policy is written'
	rm -f learner.*
	learn -t poll -- "$LEARNER" wait >said 2>&1
	[ "$(wc -l <said)" -eq 2 ]
	refute grep -q 'phase serving' said
	learn -q -t poll -- "$LEARNER" wait >said 2>&1
	[ ! -s said ]
}

@test "a program in a storm of signals is not broken by it" {
	run learn -q -t main -- "$HOSTS/interrupted" 3000
	[ "$status" -eq 0 ]
	expect 'ended after 3000 signals'
}

@test "every field of a recording is explained in sandbox-recording(5)" {
	requires jq
	learn -q -t poll -- "$LEARNER" read /etc/passwd read /nonesuch write out wait sockets thread exec \
		read /etc/localtime listen "$(free_port)"
	jq -r 'keys[]' learner.recording | sort -u >fields
	[ "$(wc -l <fields)" -ge 25 ]
	sed -nE 's/^\.(It Cm|Ss) //p' "$ROOT/docs/sandbox-recording.5" | tr -d ',' | tr ' ' '\n' | sort -u >page
	run comm -23 fields page
	[ -z "$output" ] || {
		echo "not explained: $output"
		false
	}
}

@test "files and ports that were used become lines for Landlock, folded to directories" {
	local place store port
	place=$(realpath .)/place store=$(realpath .)/store
	port=$(free_port)
	mkdir -p "$place"/{many,few} "$store"
	touch "$place"/many/{1,2,3,4} "$place"/few/{1,2} "$store/old"
	ln -s "$place/few/1" "$place/many/link"
	learn -q --landlock -t poll -- "$LEARNER" wait listen "$port" read "$place/many/1" \
		read "$place/many/2" read "$place/many/3" read "$place/many/link" \
		read /etc/passwd read /etc/group read /etc/hosts read "$place/none" \
		write "$store/new" read "$store/old"
	rules learner.policy | tr -s " " >given
	grep -xF "read $place/many" given
	grep -xF "read -$place/few/1" given # where the link leads
	grep -xF "write $store" given
	grep -xF "create $store" given
	grep -xF "read $store" given       # its names are the program's to choose
	grep -xF "read -/etc/passwd" given # others' files are no directory of its own
	grep -xF "bind tcp $port" given
	[ "$(grep -cE '^(read|write|create|execute|bind|connect) ' given)" -eq 9 ]
	# another file of the folder is read, another one made; what was not seen is not reached
	run sandboxed ./learner.policy "$LEARNER" wait read "$place/many/4" write "$store/next" \
		read "$place/few/2" read /etc/shells write "$place/few/1"
	[ "$status" -eq 0 ]
	[ -e "$store/next" ]
	[ "$output" = "$(printf '%s: Permission denied\n' "$place/few/2" /etc/shells "$place/few/1")" ]
	# the same again changes nothing
	cp learner.policy before
	learn -q --landlock -m learner.recording -o learner.policy
	cmp before learner.policy
}

@test "a program that executes itself and meets no trigger there starts under what was learned" {
	run learn -q -t poll -o p.policy -- "$HOSTS/becomes" "$HOSTS/becomes" # that one has nothing to become
	[ "$status" -eq 2 ]
	run timeout 60 "$SANDBOXCTL" run -p ./p.policy -- "$HOSTS/becomes" "$HOSTS/becomes"
	[ "$status" -eq 2 ]
	# control: without this line it dies; and who starts others only has none of it
	sed -i '/seccomp/d' p.policy
	run timeout 60 "$SANDBOXCTL" run -p ./p.policy -- "$HOSTS/becomes" "$HOSTS/becomes"
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
	learn -q -t poll -o q.policy -- "$HOSTS/becomes" true
	refute grep -q seccomp q.policy
}

@test "with --landlock what is started may open the policy, and learn does not advise against that" {
	learn -q --landlock -t poll -- "$HOSTS/becomes" true
	timeout 60 "$SANDBOXCTL" run -p ./becomes.policy --require-lock -- "$HOSTS/becomes" true
	run learn --check becomes.policy -- "$HOSTS/becomes" true
	expect 'would have denied nothing'
	[[ "$output" != *policyc* ]]
	# control
	sed -i '/policyc/d' becomes.policy
	run timeout 60 "$SANDBOXCTL" run -p ./becomes.policy --require-lock -- "$HOSTS/becomes" true
	[ "$status" -eq 125 ]
	expect 'cannot open policy'
}

@test "without --landlock every file is reached, and the policy says so" {
	local place
	place=$(realpath .)
	touch seen other
	learn -q -t poll -- "$LEARNER" wait read "$place/seen"
	refute grep -qE '^(read|write|create) ' <(rules learner.policy)
	grep -F "'learn --landlock' writes 1 line that keeps to those seen" learner.policy
	run sandboxed ./learner.policy "$LEARNER" wait read "$place/other"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	# a policy that allows all that was seen is not enough when they are asked for
	learn -q --landlock -m learner.recording -o learner.policy
	rules learner.policy | tr -s " " | grep -xF "read -$place/seen"
}
