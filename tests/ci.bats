#!/usr/bin/env bats
# sandboxctl ci: a test suite whose programs are locked. Red when one was denied something, was not
# locked, or could not be; exact in what it counts. What a run without denials finds: ci-observe.bats.

load helpers
load ci

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export TMPDIR=$BATS_TEST_TMPDIR
	unset SANDBOX_TEST BATS_TEST_NAME PYTEST_CURRENT_TEST
	worker_files
}

teardown() {
	stop_all
}

# enforce SCRIPT [OPTION...]: a shell as the suite, its verdict in verdict.json.
enforce() {
	ci -p ./worker.policy --json verdict.json "${@:2}" -- sh -c "$1"
}

@test "a suite that the policy allows is green, and says that each process was locked" {
	requires jq
	run enforce './worker read /etc/hostname && ./worker fork && ./worker daemon'
	[ "$status" -eq 0 ]
	expect 'sandboxctl ci: GREEN, policy worker'
	expect 'locked: 3 of 3 processes of worker'
	[ "$(jq -c '[.green, .mode, .named, .reached, .locked]' verdict.json)" = '[true,"enforce",3,3,3]' ]
	# control: the lock was there, and not for the shell
	run enforce './worker ask 1; kill -0 $$ && sh -c "true" && echo shells are free'
	[ "$status" -eq 1 ]
	expect 'shells are free'
}

@test "a denied call is red, with the call, the line, the function and the test" {
	requires jq
	run enforce 'SANDBOX_TEST="opens a socket" ./worker socket; SANDBOX_TEST="again" ./worker socket; true'
	[ "$status" -eq 1 ]
	[ "$(found violations '[.program, .call, .action, .function, .allow, .place.line, .count, (.tests | join("+"))] | map(tostring) | join(";")')" = \
		'worker;socket(AF_INET, SOCK_DGRAM, 0);trap;main;allow socket where family == AF_INET and type & 0xf == SOCK_DGRAM;7;2;opens a socket+again' ]
	# That line makes it green:
	printf '  %s\n' "$(found violations .allow)" >>worker.policy
	enforce './worker socket'
}

@test "a program that gained an execve turns the build red" {
	requires jq
	enforce './worker'
	run enforce 'added/worker'
	[ "$status" -eq 1 ]
	[ "$(found violations '[.program, .call, .function] | join(" ")')" = 'worker execve new_feature' ]
	expect 'called from worker+0x'
}

@test "a call that kill answers leaves no report, and is red all the same" {
	requires jq
	sed -i 's/^  default  trap/&\n  kill getppid/' worker.policy
	run enforce './worker ask 1; true'
	[ "$status" -eq 1 ]
	[ "$(found violations .title)" = 'worker died of SIGSYS' ]
}

@test "so is that of the last process, of which the kernel needs a while to see the end" {
	requires jq
	enforce './worker daemon large' # control
	sed -i 's/^  default  trap/&\n  kill getppid/' worker.policy
	run enforce './worker daemon large ask 1'
	[ "$status" -eq 1 ]
	[ "$(found violations .title)" = 'worker died of SIGSYS' ]
}

# How a process ended that its parent has reaped can be asked since Linux 6.15.
@test "so is that of a fork whose parent takes its status at once, each of thirty" {
	requires jq
	[ "$(printf '%s\n' 6.15 "$(uname -r)" | sort -V | head -n 1)" = 6.15 ] || skip 'needs Linux 6.15'
	sed -i 's/^  default  trap/&\n  kill getppid/' worker.policy
	run enforce 'for i in 0 1 2 3 4 5; do for j in 0 1 2 3 4; do ./worker fork ask 1 & done; done; wait; true'
	[ "$status" -eq 1 ]
	[ "$(found violations '[.title, .count] | map(tostring) | join(" ")')" = 'worker died of SIGSYS 30' ]
}

@test "a denied call is red when the program has closed all descriptors under its lock" {
	requires jq
	sed -i 's/^  default  trap/&\n  trap EPERM getppid\n  allow close_range/' worker.policy
	enforce './worker shut' # control
	run enforce './worker ask 1 shut fork ask 2'
	[ "$status" -eq 1 ]
	[ "$(found violations '[.call, .count] | map(tostring) | join(" ")')" = 'getppid 3' ]
}

@test "there is no verdict when what the library says cannot be written" {
	sed -i 's/^  default  trap/&\n  trap EPERM getppid\n  allow rt_sigaction prlimit64/' worker.policy
	enforce './worker small' # control: it has nothing to say
	run enforce './worker small ask 1'
	[ "$status" -eq 125 ]
	expect 'reports of the library are lost, so there is no verdict'
	run timeout 60 "$SANDBOXCTL" run -l -p ./worker.policy -- ./worker small ask 1
	[ "$status" -eq 125 ]
	expect 'reports of the library are lost'
}

@test "a program that ends before its trigger is red, unless it may" {
	requires jq
	run enforce './worker; ./worker version; ./worker abort; true'
	[ "$status" -eq 1 ]
	expect 'locked: 1 of 3 processes'
	[ "$(found unlocked .command | sort | paste -sd ';')" = './worker abort;./worker version' ]
	[[ "$(found unlocked 'select(.command == "./worker abort") | .detail')" == 'phase serving waits for: epoll_wait; it ended by signal SIGABRT' ]]
	enforce './worker; ./worker version' -u '*worker version'
}

@test "a fork that is never locked beside one that is turns the build red; one that ended young is noted" {
	local host="LINEAGE_OUT=/dev/null $HOSTS/lineage"
	requires jq
	lineage_policy
	run enforce "$host fork [ lock ] fork [ sleep 3 ] reap reap"
	[ "$status" -eq 1 ]
	expect 'locked: 1 of 1 process of worker'
	[ "$(found forks '[.title, .program, (.pid > 0), .fails] | map(tostring) | join(";")')" = \
		'a fork of lineage was never locked;lineage;true;true' ]
	[[ "$(found forks .detail)" == 'others that its parent forked were; phase serving waits for: poll; it ended by exit 0' ]]
	run enforce "$host fork [ sleep 3 ] lock reap"
	[ "$status" -eq 1 ]
	[[ "$(found forks .detail)" == 'its parent was, after it had forked it;'* ]]
	# each of them may be let go by itself, or all that one command line forks
	enforce "$host fork [ lock ] fork [ sleep 3 ] reap reap" --fail-on violations
	enforce "$host fork [ lock ] fork [ sleep 3 ] reap reap" -u '*sleep 3*'
	enforce "$host fork [ lock ] fork [ sleep 3 lock ] reap reap" # control
	enforce "$host fork [ lock ] fork [ end _exit ] reap reap"
	[ "$(found young .title)" = 'a fork of lineage ended young, unlocked' ]
	refute enforce "$host fork [ lock ] fork [ end _exit ] reap reap" --fail-on young
}

@test "forks are missed also when there are more of them than files may be open" {
	local forks='' i host="LINEAGE_OUT=/dev/null $HOSTS/lineage"
	requires jq
	lineage_policy
	for i in {1..20}; do
		forks+=' fork [ sleep 3 ]'
	done
	ulimit -S -n 24
	run enforce "$host $forks lock sleep 3"
	[ "$status" -eq 1 ]
	[ "$(found forks .count)" -eq 20 ]
}

@test "a worker of nginx that gets no connection, under a policy that locks at the first, is found" {
	requires jq nginx curl
	requires_root
	local port
	port=$(free_port)
	cat >nginx.conf <<-EOF
		worker_processes 2;
		pid $PWD/nginx.pid;
		error_log $PWD/nginx.log;
		events {}
		http { access_log off; server { listen 127.0.0.1:$port; root $PWD; } }
	EOF
	cat >suite <<-EOF
		nginx -c $PWD/nginx.conf || exit 2
		curl -sS --retry 20 --retry-connrefused -o /dev/null http://127.0.0.1:$port/ || exit 3
		sleep 2
		kill -QUIT \$(cat nginx.pid)
	EOF
	printf '%s\n' 'policy 1' 'program nginx' 'phase worker' '  trigger accept' '  default allow' >late.policy
	run ci -p ./late.policy --json verdict.json -- sh ./suite
	[ "$status" -eq 1 ]
	[ "$(jq -c '[.findings[] | select(.fails) | .kind]' verdict.json)" = '["forks"]' ]
	expect 'a fork of nginx was never locked'
	sed -i 's/trigger accept/trigger epoll_wait/' late.policy # control
	ci -p ./late.policy --json verdict.json -- sh ./suite
}

@test "every hole is found: env -i, a cleared LD_PRELOAD, static, a mode that turns it off" {
	requires jq
	mkdir static
	printf 'int main(void) { return 0; }\n' >static.c
	cc -static -o static/worker static.c
	run enforce './worker; env -i ./worker; LD_PRELOAD= ./worker; static/worker'
	[ "$status" -eq 1 ]
	expect 'locked: 1 of 4 processes'
	[ "$(jq '[.findings[] | select(.kind == "unreached") | .count] | add' verdict.json)" -eq 3 ]
	[[ "$(found unreached 'select(.command != "./worker") | .detail')" == 'is linked statically'* ]]
	run enforce './worker; SANDBOX_MODE=off ./worker; SANDBOX_MODE=dry-run ./worker; SANDBOX_POLICY=redis ./worker
		SANDBOX_POLICY=minimal ./worker; SANDBOX_REPORT=none ./worker; true'
	[ "$status" -eq 1 ]
	expect 'locked: 1 of 6 processes'
	[ "$(jq '[.findings[] | select(.kind | IN("unlocked", "unreached")) | .count] | add' verdict.json)" -eq 5 ]
}

@test "a set-user-id program is found, and a lock that the library refuses" {
	requires jq
	requires_root
	local place
	place=$(public_directory)
	cp worker "$place/worker"
	chown nobody "$place/worker"
	chmod 4755 "$place/worker"
	run enforce "./worker; $place/worker"
	[ "$status" -eq 1 ]
	[ "$(found unreached .count)" -eq 1 ]
	sed -i 's/trigger  epoll_wait/trigger  call nonesuch_function/' worker.policy
	run enforce './worker; true'
	[ "$status" -eq 1 ]
	[ "$(found refused .title)" = 'worker was stopped by the library' ]
}

@test "a run in which nothing was locked is never green, and neither is a suite that fails" {
	requires jq
	run enforce true
	[ "$status" -eq 1 ]
	expect 'no program that the policy names ever ran'
	run enforce './worker version' --fail-on none
	[ "$status" -eq 1 ]
	expect 'no process was ever locked'
	run enforce './worker; exit 3' --fail-on none
	[ "$status" -eq 1 ]
	expect 'the command ended by exit 3'
}

@test "what cannot be set up is 125: no such policy, no such command, a policy that does not compile" {
	run ci -p nonesuch -- true
	[ "$status" -eq 125 ]
	run ci -p ./worker.policy -- ./nonesuch
	[ "$status" -eq 125 ]
	expect './nonesuch: no such program'
	echo 'phase x' >>worker.policy
	run ci -p ./worker.policy -- ./worker
	[ "$status" -eq 125 ]
}

@test "200 processes at once, under make -j, lose no event and tear none" {
	requires jq make
	sed -i 's/^  default  trap/&\n  trap EPERM getppid/' worker.policy
	{
		# shellcheck disable=SC2016 # make's
		echo 'all: $(addprefix run-,$(shell seq 200))'
		printf 'run-%%:\n\t@./worker ask 50\n'
	} >Makefile
	run ci -p ./worker.policy --json verdict.json -- make -j200
	[ "$status" -eq 1 ]
	[ "$(jq -c '[.named, .locked]' verdict.json)" = '[200,200]' ]
	[ "$(found violations '[.call, .count] | map(tostring) | join(" ")')" = 'getppid 10000' ]
	[ "$(jq '[.findings[] | select(.fails)] | length' verdict.json)" -eq 1 ]
}

@test "a program that a locked one starts is not denied what only the events' file would take" {
	printf '%s\n' 'policy 1' 'program worker' 'phase serving' '  trigger epoll_wait' '  default allow' \
		'  trap openat where flags & O_ACCMODE != O_RDONLY' >worker.policy
	run enforce 'added/worker'
	[ "$status" -eq 0 ]
	expect 'locked: 1 of 1 process of worker'
}

@test "what the suite leaves behind is ended, and the run with it" {
	requires jq
	run enforce './worker; sleep 1000 & echo "$!" >pid' --linger 1
	[ "$status" -eq 0 ]
	not_running "$(cat pid)"
}
