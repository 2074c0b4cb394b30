#!/usr/bin/env bats
# sandboxctl run: the library is in the program, the lock happens, and who says otherwise is found.

load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export TMPDIR=$BATS_TEST_TMPDIR # what is left behind is left there
	HOST=$HOSTS/learner
	policy p >/dev/null <<-EOF2
		policy 1
		phase serving
		  trigger poll
		  default allow
		  trap getppid
	EOF2
}

teardown() {
	stop_all
}

# ctl ARGUMENTS...: sandboxctl run with the policy of these tests.
ctl() {
	timeout --foreground 60 "$SANDBOXCTL" run -p ./p.policy "$@"
}

# runs STATUS ARGUMENTS...
runs() {
	local expected=$1
	shift
	run ctl "$@"
	[ "$status" -eq "$expected" ] || {
		printf 'status %d, expected %d:\n%s\n' "$status" "$expected" "$output" >&2
		return 1
	}
}

nothing_is_left() {
	run find "$BATS_TEST_TMPDIR" -name 'sandboxctl.*'
	[ -z "$output" ]
}

# --- exit status -----------------------------------------------------------------------------------

@test "the exit status is the program's, 128 and the signal, 159 for SIGSYS" {
	local asked
	for asked in '' --require-lock; do
		# shellcheck disable=SC2086 # an option or none
		runs 7 $asked -- "$HOST" wait exit 7
		# shellcheck disable=SC2086
		runs 137 $asked -- "$HOST" wait kill
	done
	sed -i 's/trigger poll/trigger main/' p.policy
	runs "$DIED_OF_SIGSYS" --require-lock -- "$HOSTS/probe" getppid
	expect 'denied getppid()'
	runs 0 --require-lock -- "$HOSTS/probe" getpid # control
	nothing_is_left
}

@test "what a child was denied is said, though the child's standard error is nobody's" {
	sed -i -e 's/trigger poll/trigger main/' -e '1aprogram probe' p.policy
	runs 0 --require-lock -- sh -c "'$HOSTS/probe' getppid 2>/dev/null; exit 0"
	[[ "$output" == *': probe['*']: was denied 1 call; what would allow the last: allow getppid' ]]
	runs 0 --require-lock -- sh -c "for i in \$(seq 12); do '$HOSTS/probe' getppid 2>/dev/null; done; exit 0"
	[ "$(grep -c 'was denied' <<<"$output")" -eq 8 ]
	expect 'and 4 processes more were denied calls; --report FILE has all'
	runs 0 --require-lock -- sh -c "'$HOSTS/probe' getpid; exit 0" # control
	[[ "$output" != *denied* ]]
}

@test "when nothing more is asked, it becomes the program" {
	start "$SANDBOXCTL" run -p ./p.policy -- "$HOST" wait pause
	eventually output_has ready
	[ "$(cat "/proc/$pid/comm")" = learner ]
	is_locked "$pid"
}

@test "wrong options" {
	local text
	for text in -1 0 5h x ''; do
		runs 2 --timeout "$text" -- "$HOST"
	done
	expect 'is no time: say 30s, 500ms or 5m'
	SANDBOX_MODE=observe runs 125 --require-lock -- "$HOST" wait
	expect 'SANDBOX_MODE=observe never locks'
	SANDBOX_MODE=observe runs 0 -- "$HOST" wait # control: that was the reason
	runs 125 --report ./none/x -- "$HOST" wait
	expect 'cannot be followed'
	runs 125 --report /dev/full -- "$HOST" wait
	expect '/dev/full: cannot be written: No space left on device; the report is not whole'
	runs 0 --report /dev/null -- "$HOST" wait # control
}

# --- the lock --------------------------------------------------------------------------------------

@test "a trigger that never fires: status 124, and the trigger is named" {
	runs 124 --require-lock -- "$HOST" read /etc/passwd
	expect 'was never locked: policy p, phase serving, the trigger did not come: poll'
	runs 0 --require-lock -- "$HOST" read /etc/passwd wait # control
	runs 0 -- "$HOST" read /etc/passwd                     # control: nobody asked
}

@test "a program that dies before its trigger" {
	runs 124 --require-lock -- "$HOST" kill
	expect 'was never locked'
	runs 137 -- "$HOST" kill # control
}

@test "every phase must have come, the first is not enough" {
	policy p >/dev/null <<-EOF2
		policy 1
		phase first
		  trigger main
		  default allow
		phase second
		  trigger poll count 2
		  default allow
	EOF2
	runs 124 --require-lock -- "$HOST" wait
	expect 'phase second, the trigger did not come: poll count 2'
	runs 0 --require-lock -- "$HOST" wait wait # control
}

@test "--timeout: without the lock all is killed; with it the program goes on" {
	start "$SANDBOXCTL" run -p ./p.policy --timeout 300ms -- bash -c "sleep 61.25 & '$HOST' read /etc/passwd pause"
	local ended=0
	wait "$pid" || ended=$?
	[ "$ended" -eq 124 ]
	output_has 'the time for it is over, and all is killed'
	refute pgrep -f 'sleep 61.25'
	start "$SANDBOXCTL" run -p ./p.policy --timeout 300ms -- "$HOST" wait pause
	eventually output_has ready
	sleep 0.5
	refute not_running "$pid"
}

@test "a daemon: its first process ends, its child must lock, and runs on" {
	runs 0 --require-lock -- "$HOSTS/daemon" "$PWD/pid" wait 50
	remember "$(<pid)"
	is_locked "$(<pid)"
	grep -q '^Seccomp_filters:.*2' "/proc/$(<pid)/status" # ours, that tells of programs, and the lock
	kill "$(<pid)"
	eventually nothing_is_left
	runs 124 --require-lock -- "$HOSTS/daemon" "$PWD/pid" 0
	expect 'was never locked'
	runs 124 --timeout 500ms -- "$HOSTS/daemon" "$PWD/pid" 50
	not_running "$(<pid)"
}

# only_the_daemon_is_left: the first process and the one between were reaped.
only_the_daemon_is_left() {
	[ -s pid ] && [ "$(pgrep -x -P "$pid" daemon)" = "$(<pid)" ]
}

@test "while a daemon that never locks is waited for, a signal to run ends it" {
	start "$SANDBOXCTL" run -p ./p.policy --require-lock -- "$HOSTS/daemon" "$PWD/pid" 600
	eventually only_the_daemon_is_left
	remember "$(<pid)"
	kill "$pid"
	PATIENCE=30 eventually not_running "$pid" # not as late as the daemon ends by itself
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 124 ]
	not_running "$(<pid)"
	grep -q 'was never locked' output
}

# The family of processes that the words describe, with a policy of its own.
family() {
	LINEAGE_OUT=/dev/null run timeout --foreground 60 "$SANDBOXCTL" run -p ./family.policy "${options[@]}" -- \
		"$HOSTS/lineage" "$@"
	printf '%s\n' "$output"
}

@test "a fork that never locks beside one that does is missed by its id, whoever of them came first" {
	local options=(--require-lock) worker='fork [ lock ]' idle='fork [ sleep 3 ]'
	sed '1a program lineage' p.policy >family.policy
	# shellcheck disable=SC2086 # the words are words
	for family in "$worker $idle" "$idle $worker" "$idle lock" "daemon fork [ sleep 6 ] fork [ sleep 1 lock ]"; do
		family $family reap reap
		[ "$status" -eq 124 ]
		[[ "$output" =~ lineage\[[0-9]+\]:' was never locked, and '\[[0-9]+\]' beside it was' ]]
		expect ': policy family, phase serving, the trigger did not come: poll'
		[ "$(grep -c 'was never locked' <<<"$output")" -eq 1 ]
	done
	options=(--require-lock --any-fork) # control
	family fork '[' lock ']' fork '[' sleep 3 ']' reap reap
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	options=(--any-fork)
	family lock
	[ "$status" -eq 2 ]
	expect 'goes with --require-lock or --timeout'
}

@test "a fork that locks late, that executes, whose child locks, or that ended young is not missed" {
	local options=(--require-lock) young
	sed '1a program lineage' p.policy >family.policy
	family fork '[' lock ']' fork '[' sleep 2 lock ']' fork '[' exec sleep 2 ']' vfork '[' exec sleep 2 ']' \
		fork '[' fork '[' lock ']' sleep 2 ']' fork '[' fork '[' fork '[' lock ']' sleep 2 ']' sleep 2 ']' \
		reap reap reap reap reap
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	family lock fork '[' sleep 2 ']' reap
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	family fork '[' lock ']' fork '[' end _exit ']' reap reap
	[ "$status" -eq 0 ]
	[ "$output" = 'sandboxctl: note: 1 forked process ended young, before the lock: not counted' ]
}

@test "phases that are apart are not missed in each other's processes; half of two that are not, is" {
	local options=(--require-lock)
	cat >family.policy <<-EOF2
		policy 1
		program lineage
		phase one
		  trigger poll
		  default allow
		phase two
		  trigger select
		  default allow
	EOF2
	family fork '[' lock sleep 3 ']' fork '[' lock other ']' reap reap
	[ "$status" -eq 124 ]
	expect 'beside it was: policy family, phase two'
	sed -i 's/^phase two/&\n  apart one/' family.policy
	family fork '[' lock sleep 3 ']' fork '[' other sleep 3 ']' reap reap
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "a real daemon: memcached -d, as another user" {
	requires memcached
	requires_root
	local port
	port=$(free_port)
	run timeout 60 "$SANDBOXCTL" run -p memcached --require-lock -- memcached -d -u nobody \
		-l 127.0.0.1 -p "$port" 3>&- 4>&-
	pid=$(pgrep -x -f "memcached .*-p $port")
	remember "$pid"
	[ "$status" -eq 0 ]
	[ "$(grep -h '^Seccomp_filters:' "/proc/$pid"/task/*/status | sort -u | tr -d '\t')" = Seccomp_filters:2 ]
}

@test "real servers: redis as a daemon, nginx' master and its workers" {
	requires redis-server redis-cli nginx
	requires_root
	local port
	port=$(free_port)
	run timeout 60 "$SANDBOXCTL" run -p redis --timeout 30s -- redis-server --port "$port" --daemonize yes \
		--dir "$PWD" --pidfile "$PWD/redis.pid" --save '' 3>&- 4>&-
	[ "$status" -eq 0 ]
	eventually test -s redis.pid
	remember "$(<redis.pid)"
	[ "$(redis-cli -p "$port" ping)" = PONG ]
	grep -q '^Seccomp_filters:.*2' "/proc/$(<redis.pid)/status"
	cat >nginx.conf <<-EOF2
		worker_processes 2;
		pid $PWD/nginx.pid;
		error_log $PWD/nginx.log;
		events {}
		http { access_log off; server { listen 127.0.0.1:$(free_port); root $PWD; } }
	EOF2
	run timeout 60 "$SANDBOXCTL" run -p nginx --require-lock --report events -- nginx -c "$PWD/nginx.conf" 3>&- 4>&-
	[ "$status" -eq 0 ]
	eventually test -s nginx.pid
	remember "$(<nginx.pid)"
	grep -q '"event":"locked"' events
	# control: a server that ends before it serves has locked nothing
	run timeout 60 "$SANDBOXCTL" run -p nginx --require-lock -- nginx -t -c "$PWD/nginx.conf" 3>&- 4>&-
	[ "$status" -eq 124 ]
	expect 'was never locked: policy nginx'
}

@test "a policy that is for another program: nothing was locked is a failure, asked or not" {
	sed -i '1a program other' p.policy
	runs 124 -- "$HOST" wait
	expect 'nothing was locked, policy ./p.policy'
	cp "$HOST" other
	runs 0 -- ./other wait # control
	# a wrapper is fine when what it starts is locked
	runs 0 --require-lock -- env ./other wait
	runs 124 -- env -u LD_PRELOAD ./other wait
}

# --- holes -----------------------------------------------------------------------------------------

@test "a library that is not there, is for another machine, or cannot be read: not started" {
	requires setpriv
	requires_root
	runs 125 --library ./none/libsandbox.so -- "$HOST" write "$PWD/ran"
	expect './none/libsandbox.so: No such file or directory'
	cp "$LIBRARY" foreign.so
	printf '\267' | dd of=foreign.so bs=1 seek=18 conv=notrunc status=none # e_machine: aarch64
	runs 125 --library foreign.so -- "$HOST" write "$PWD/ran"
	expect 'is a library for another kind of machine'
	# what ld.so refuses for a reason that only it knows
	head -c 100 "$LIBRARY" >short.so
	runs 125 --library short.so -- "$HOST" write "$PWD/ran"
	expect 'would run without the library: ERROR: ld.so: object'
	[ ! -e ran ]
	local place
	unset TMPDIR
	publish_library
	export XDG_CONFIG_HOME=${LIBRARY%/*}/none
	place=${LIBRARY%/*}
	cp "$HOST" "$place/host"
	chmod 600 "$LIBRARY"
	run setpriv --reuid nobody --clear-groups "$place/sandboxctl" run -p strict -- "$place/host" write "$place/ran"
	[ "$status" -eq 125 ]
	chmod 644 "$LIBRARY"
	setpriv --reuid nobody --clear-groups "$place/sandboxctl" run -p minimal --require-lock -- "$place/host" # control
	runs 0 --require-lock -- "$HOST" wait                                                                    # control
}

@test "a program of another C library, or without its loader" {
	cc -o musl -Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1 -x c - <<<'int main(void) { return 0; }'
	runs 125 -- ./musl
	expect 'is for another C library than glibc (its loader is /lib/ld-musl-x86_64.so.1)'
	cc -o lost -Wl,--dynamic-linker=/none/ld-linux-x86-64.so.2 -x c - <<<'int main(void) { return 0; }'
	runs 125 -- ./lost
	expect 'needs the loader /none/ld-linux-x86-64.so.2, which is not here'
	cc -o good -x c - <<<'int main(void) { return 0; }'
	runs 0 -- ./good # control
}

@test "a script whose interpreter takes the library out" {
	printf '#!/usr/bin/env -S -u LD_PRELOAD %s\n' "$HOST" >script
	chmod +x script
	runs 124 --require-lock -- ./script
	expect 'has no LD_PRELOAD in its environment'
}

@test "a policy that cannot be read" {
	requires setpriv
	requires_root
	local place
	unset TMPDIR
	publish_library
	export XDG_CONFIG_HOME=${LIBRARY%/*}/none
	place=${LIBRARY%/*}
	cp p.policy "$place/"
	chmod 600 "$place/p.policy"
	run setpriv --reuid nobody --clear-groups "$place/sandboxctl" run -p "$place/p.policy" -- /bin/true
	[ "$status" -eq 125 ]
	expect 'Permission denied'
	chmod 644 "$place/p.policy"
	setpriv --reuid nobody --clear-groups "$place/sandboxctl" run -p "$place/p.policy" -- /bin/true # control
}

@test "a static program, also as a child" {
	printf 'int main(void) { return 0; }\n' >static.c
	cc -static -o static static.c
	cc -o dynamic static.c
	runs 125 -- ./static
	sed -i '1a program learner' p.policy
	runs 124 --require-lock -- sh -c "./static; '$HOST' wait"
	expect 'static['
	expect './static is linked statically'
	runs 0 --require-lock -- sh -c "./dynamic; '$HOST' wait" # control
	# under the lock of its parent it is locked as well
	policy p >/dev/null <<<$'policy 1\nphase a\n trigger main\n default allow'
	runs 0 --require-lock -- sh -c './static; exit 0'
}

@test "a set-user-id program as a child" {
	requires_root
	cp "$HOST" sudden
	chown nobody sudden
	chmod 4755 sudden
	chmod 755 .
	runs 124 --require-lock -- env ./sudden wait
	expect 'is set-user-id or the like'
	chmod 755 sudden
	runs 0 --require-lock -- env ./sudden wait # control
}

@test "a program that is started with another effective user than the real one" {
	requires_root
	requires setpriv
	policy p >/dev/null <<<$'policy 1\nprogram true\nphase a\n trigger main\n default allow'
	runs 124 --require-lock -- setpriv --euid nobody --clear-groups /bin/true
	expect 'true['
	expect 'its effective user was another than its real one when it was started'
	runs 0 --require-lock -- setpriv --clear-groups /bin/true # control
}

# starter: a policy in text alone, under whose lock a program is started and nothing compiled.
starter() {
	policy starter >/dev/null <<-EOF2
		policy 1
		program becomes
		phase serving
		  trigger poll
		  default allow
		  ${1:-} execve execveat
		  trap memfd_create
	EOF2
	rm -rf starter.policyc
}

@test "what is started under a lock finds its policy compiled, also after a change of the text" {
	starter log
	run timeout 60 "$SANDBOXCTL" run -p ./starter.policy --require-lock -- "$HOSTS/becomes" true
	[ "$status" -eq 0 ]
	[ "$output" = '' ]
	cp starter.policyc before
	run timeout 60 "$SANDBOXCTL" run -p ./starter.policy -- "$HOSTS/becomes" true
	[ "$status" -eq 0 ]
	cmp starter.policyc before
	printf '  trap getppid\n' >>starter.policy
	run timeout 60 "$SANDBOXCTL" run -p ./starter.policy -- "$HOSTS/becomes" true
	[ "$status" -eq 0 ]
	refute cmp starter.policyc before
}

@test "control: it dies where nobody compiled the policy, and says before what to do" {
	starter log
	run sandboxed ./starter.policy "$HOSTS/becomes" true
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
	expect 'true['
	expect 'needs sandboxctl under the lock that it was started under, and dies if that is denied; run'
	expect 'sandboxctl compile ./starter.policy'
	"$SANDBOXCTL" compile starter.policy
	run sandboxed ./starter.policy "$HOSTS/becomes" true
	[ "$status" -eq 0 ]
	[ "$output" = '' ]
}

@test "a compiled form that cannot be written is said; none is written where nothing is started" {
	starter trap
	run timeout 60 "$SANDBOXCTL" run -p ./starter.policy -- "$HOSTS/becomes" true
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
	[ ! -e starter.policyc ]
	starter log
	mkdir starter.policyc
	run timeout 60 "$SANDBOXCTL" run -p ./starter.policy -- "$HOSTS/becomes" true
	[ "$status" -eq 125 ]
	expect 'starter.policyc: cannot be written: Is a directory'
	expect 'note: what ./starter.policy lets the program start under its lock needs that file, and is ended without it'
}

@test "env -i in the middle, and a child that clears LD_PRELOAD or SANDBOX_REPORT" {
	runs 124 --require-lock -- env -i "$HOST" wait
	expect 'ran without the library, so without a lock'
	expect 'has no LD_PRELOAD in its environment'
	runs 124 --require-lock -- env -u LD_PRELOAD "$HOST" wait
	expect 'has no LD_PRELOAD in its environment'
	runs 124 --require-lock -- env LD_PRELOAD=/lib/x.so "$HOST" wait
	expect 'has another LD_PRELOAD in its environment'
	runs 124 --require-lock -- env -u SANDBOX_REPORT "$HOST" wait
	expect 'has no SANDBOX_REPORT of ours in its environment'
	runs 124 --require-lock -- env SANDBOX_MODE=off "$HOST" wait
	expect 'has SANDBOX_MODE=off in its environment'
	runs 0 --require-lock -- env A=b "$HOST" wait # control
}
