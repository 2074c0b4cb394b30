#!/usr/bin/env bats
# sandboxctl run as a parent: signals, the terminal, process 1, crowds, and the events it reads.

load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export TMPDIR=$BATS_TEST_TMPDIR # what is left behind is left there
	LEARNER=$HOSTS/learner
	policy p >/dev/null <<-EOF2
		policy 1
		program learner
		phase serving
		  trigger poll
		  default allow
	EOF2
}

teardown() {
	stop_all
}

# start_run OPTIONS... -- PROGRAM...: in the background; sets $pid, and $program when it is ready.
start_run() {
	start "$SANDBOXCTL" run -p ./p.policy --require-lock "$@"
	eventually output_has ready
	program=$(pgrep -P "$pid" -x learner)
}

state_of() {
	awk '/^State:/ { print $2 }' "/proc/$1/status"
}

is_stopped() {
	[ "$(state_of "$1")" = T ]
}

# --- signals ---------------------------------------------------------------------------------------

@test "signals to run reach the program, and its end is run's" {
	local signal ended
	for signal in INT TERM; do
		start_run -- "$LEARNER" wait pause
		kill -"$signal" "$pid"
		ended=0
		wait "$pid" || ended=$?
		[ "$ended" -eq 0 ] # learner ends with 0 when it is told to
		output_has 'ended as it was told'
	done
	start_run -- "$LEARNER" wait pause
	kill -USR1 "$pid" # nobody handles it
	ended=0
	wait "$pid" || ended=$?
	[ "$ended" -eq $((128 + $(kill -l USR1))) ]
}

@test "a program that stops, stops run; both go on" {
	set -m # a group of its own: SIGTSTP is nothing to one whose session has no parent of it
	start_run -- "$LEARNER" wait pause
	set +m
	kill -TSTP "$pid"
	eventually is_stopped "$pid"
	is_stopped "$program"
	kill -CONT "$pid"
	eventually refute is_stopped "$program"
	refute is_stopped "$pid"
	kill "$pid"
	wait "$pid"
}

@test "when run is killed, the program does not go on alone" {
	start_run -- "$LEARNER" wait pause
	refute not_running "$program" # control
	kill -KILL "$pid"
	eventually not_running "$program"
}

directories() {
	[ "$(find "$BATS_TEST_TMPDIR" -name 'sandboxctl.*' | wc -l)" -eq "$1" ]
}

@test "what a killed run left is taken away by the next one, and nothing that is in use" {
	local left
	start_run -- "$LEARNER" wait pause
	kill -KILL "$pid"
	eventually not_running "$program"
	left=$(find "$BATS_TEST_TMPDIR" -name 'sandboxctl.*')
	directories 1
	rm "$BATS_TEST_TMPDIR/output"
	start_run -- "$LEARNER" wait pause
	directories 1
	[ ! -e "$left" ]
	# neither that of a run, nor that of a daemon that a run left behind
	"$SANDBOXCTL" run -p minimal --require-lock -- "$HOSTS/daemon" "$PWD/pid" wait 30
	eventually test -s pid
	remember "$(<pid)"
	directories 2
	"$SANDBOXCTL" run -p minimal --require-lock -- "$LEARNER" wait
	directories 2
	kill "$pid" "$(<pid)"
	eventually directories 0
}

told_times() {
	[ "$(grep -c told "$BATS_TEST_TMPDIR/output")" -eq "$1" ]
}

@test "a signal to the whole process group comes once, as one to run alone does" {
	local way times
	requires setsid
	for way in group alone outside; do
		rm -f "$BATS_TEST_TMPDIR/output"
		# shellcheck disable=SC2046 # a word or none
		start setsid "$SANDBOXCTL" run -p minimal --report events -- \
			$([[ $way != outside ]] || printf setsid) "$HOSTS/told" "$(kill -l INT)"
		eventually output_has ready
		for times in 1 2 3; do
			kill -STOP "$pid" # it comes too late to be one with what the group was sent
			case $way in
			alone) kill -INT "$pid" ;;
			*) kill -INT -- "-$pid" ;; # the program of "outside" is in a group of its own
			esac
			[[ $way != group ]] || eventually told_times "$times"
			kill -CONT "$pid"
			eventually told_times "$times"
			sleep 0.2 # for one too many
			told_times "$times"
		done
		[[ $way == group ]] || [ "$(grep -c "told by $pid" "$BATS_TEST_TMPDIR/output")" -eq 3 ]
		kill "$pid"
		wait "$pid"
	done
}

# The second signal comes when run has taken the first and does not know yet whether that was for the
# group: strace stops it there, before it asks and after.
@test "two signals to the group right behind each other come once each, by kill and by keys" {
	local place way
	requires strace /usr/bin/python3
	# strace is not run's parent: Yama lets root do it only
	[[ "$(id -u)" -eq 0 || "$(cat /proc/sys/kernel/yama/ptrace_scope 2>/dev/null)" != [1-3] ]] || skip 'ptrace is restricted'
	cat >behind.py <<-'EOF2'
		import fcntl, os, pty, re, signal, struct, subprocess, sys, termios
		way, place, command = sys.argv[1], sys.argv[2], sys.argv[3:]
		pid, fd = pty.fork() # run leads a group, in the foreground
		if pid == 0:
		    os.execv(command[0], command)
		out = ''
		def wait_for(word, count):
		    global out
		    while len(re.findall(word, out)) < count:
		        out += os.read(fd, 4096).decode()
		wait_for('ready', 1)
		strace = subprocess.Popen(['strace', '-p', str(pid), '-e', 'inject=' + place], stderr=subprocess.PIPE, text=True)
		def strace_says(word):
		    while word not in strace.stderr.readline():
		        assert strace.poll() is None
		strace_says('attached')
		if way == 'kill':
		    os.kill(-pid, signal.SIGWINCH)
		    strace_says('stopped by SIGSTOP')
		    os.kill(-pid, signal.SIGINT)
		else:
		    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', 10, 20, 0, 0))
		    strace_says('stopped by SIGSTOP')
		    os.write(fd, b'\x03')
		wait_for('told by', 2)
		os.kill(pid, signal.SIGCONT)
		strace.terminate()
		strace.wait()
		os.kill(pid, signal.SIGUSR1) # alone: what else run passes on comes before it
		wait_for('told by %d of %d' % (pid, signal.SIGUSR1), 1)
		print(way, place, 'told', out.count('told by'), 'times')
		os.kill(pid, signal.SIGTERM)
		os.waitpid(pid, 0)
	EOF2
	for way in kill keys; do
		for place in read:signal=SIGSTOP:when=2 sendto:signal=SIGSTOP:when=1; do
			run timeout 60 /usr/bin/python3 behind.py "$way" "$place" "$SANDBOXCTL" run -p minimal --report events -- \
				"$HOSTS/told" "$(kill -l INT)" "$(kill -l WINCH)" "$(kill -l USR1)"
			expect "$way $place told 3 times"
		done
	done
}

@test "of a group that was stopped, run alone goes on: so does the program, and is told" {
	requires setsid
	start setsid "$SANDBOXCTL" run -p minimal --report events -- "$HOSTS/told" "$(kill -l INT)"
	eventually output_has ready
	program=$(pgrep -P "$pid" -x told)
	kill -STOP -- "-$pid"
	eventually is_stopped "$program"
	eventually is_stopped "$pid"
	kill -CONT "$pid"
	kill -INT "$pid"
	eventually told_times 1
	output_has "told by $pid"
	kill "$pid"
	wait "$pid"
}

@test "when the terminal of run goes away, the program is told, once" {
	requires /usr/bin/python3
	cat >terminal.py <<-'EOF2'
		import os, pty, signal, sys, time
		pid, fd = pty.fork() # run leads the session: the kernel tells nobody else
		if pid == 0:
		    os.dup2(os.open('output', os.O_WRONLY | os.O_CREAT | os.O_APPEND), 1)
		    os.execv(sys.argv[1], sys.argv[1:])
		def wait_for(word):
		    for _ in range(400):
		        if os.path.exists('output') and word in open('output').read():
		            break
		        time.sleep(0.05)
		wait_for('ready')
		os.close(fd)
		wait_for('told')
		time.sleep(0.2)
		os.system('cp output seen')
		os.kill(pid, signal.SIGKILL) # the program goes with it, and is told by the kernel
		os.waitpid(pid, 0)
	EOF2
	/usr/bin/python3 terminal.py "$SANDBOXCTL" run -p minimal --report events -- "$HOSTS/told" "$(kill -l HUP)"
	[ "$(grep -c told seen)" -eq 1 ]
}

@test "on a terminal Ctrl-C comes once, Ctrl-Z stops the job, fg goes on" {
	cat >counts.py <<-'EOF2'
		import signal, sys, time
		count = 0
		def told(*_):
		    global count
		    count += 1
		signal.signal(signal.SIGINT, told)
		signal.signal(signal.SIGCONT, lambda *_: print('goes on', flush=True))
		print('ready', flush=True)
		for _ in range(600):
		    time.sleep(0.05)
		    if count:
		        time.sleep(0.3)
		        break
		print('told', count, 'times', flush=True)
	EOF2
	cat >terminal.py <<-'EOF2'
		import os, pty, sys, re
		steps = [(rb'sh\$ ', b'TURN'), (rb'\nready', b'\x1a'), (rb'Stopped', b'fg\n'), (rb'goes on', b'\x03'),
		         (rb'told \d+ times', b'exit 0\n')]
		out = b''
		pid, fd = pty.fork()
		if pid == 0:
		    os.environ['PS1'] = 'sh$ '
		    os.execvp('bash', ['bash', '--norc', '--noprofile', '--noediting', '-i'])
		line = ' '.join("'" + a + "'" for a in sys.argv[1:]).encode() + b'\n'
		at = 0
		while True:
		    try:
		        data = os.read(fd, 4096)
		    except OSError:
		        break
		    if not data:
		        break
		    out += data
		    while steps:
		        met = re.compile(steps[0][0], re.S).search(out, at)
		        if not met:
		            break
		        at = met.end()
		        os.write(fd, line if steps[0][1] == b'TURN' else steps[0][1])
		        steps.pop(0)
		print(out.decode(errors='replace'))
		print('steps left', len(steps))
		os.waitpid(pid, 0)
	EOF2
	requires /usr/bin/python3
	sed -i 's/^program.*/program counts.py/' p.policy
	run timeout 60 /usr/bin/python3 terminal.py "$SANDBOXCTL" run -p ./p.policy --report events -- /usr/bin/python3 counts.py
	printf '%s\n' "$output"
	expect 'steps left 0'
	expect 'told 1 times'
}

# --- process 1 -------------------------------------------------------------------------------------

@test "as process 1 it reaps orphans, passes signals on, and ends with the program" {
	requires unshare
	requires_root
	sed -i '/^program/d' p.policy
	# shellcheck disable=SC2016 # expanded in there
	run timeout 60 unshare --pid --fork --mount-proc "$SANDBOXCTL" run -p ./p.policy -- bash -c '
		[[ "$(</proc/1/comm)" == sandboxctl ]] || exit 1
		(sleep 0.1 &)
		sleep 0.5
		grep -lx "State:.*Z.*" /proc/[0-9]*/status && exit 2
		sleep 61.5 &
		exit 5'
	printf '%s\n' "$output"
	[ "$status" -eq 5 ]
	refute pgrep -f 'sleep 61.5'
	start unshare --pid --fork --kill-child --mount-proc "$SANDBOXCTL" run -p ./p.policy -- "$LEARNER" wait pause
	eventually output_has ready
	kill -TERM "$(pgrep -P "$pid")" # from outside, as a container's runtime does
	local ended=0
	wait "$pid" || ended=$?
	[ "$ended" -eq 0 ]
	output_has 'ended as it was told'
}

# --- many, and nested ------------------------------------------------------------------------------

@test "200 processes at once: no event is lost or torn" {
	requires jq
	cat >Makefile <<-EOF2
		all: \$(shell seq 200); @:
		Makefile: ;
		%:; @'$LEARNER' wait fork wait
	EOF2
	timeout 120 "$SANDBOXCTL" run -p ./p.policy --require-lock --report events -- make -s -j 50
	[ "$(jq -s '[.[] | select(.event == "locked")] | length' events)" -eq 200 ]
	[ "$(jq -s '[.[] | select(.event == "locked") | .image] | unique | length' events)" -eq 200 ]
	[ "$(jq -s '[.[] | select(.event == "forked" and .program == "learner")] | length' events)" -eq 200 ]
	# one that does not lock is found among them
	sed -i "s|^%:.*|%:; @test \$@ = 77 \&\& '$LEARNER' read /etc/passwd \|\| '$LEARNER' wait|" Makefile
	run timeout 120 "$SANDBOXCTL" run -p ./p.policy --require-lock -- make -s -j 50
	[ "$status" -eq 124 ]
	[ "$(grep -c 'was never locked' <<<"$output")" -eq 1 ]
}

@test "under another one programs cannot be followed: required, it fails; else the library's word is taken" {
	cp "$LEARNER" damaged
	chmod 600 damaged
	policy outer >/dev/null <<<$'policy 1\nphase a\n trigger main\n default allow'
	run timeout 60 "$SANDBOXCTL" run -p ./outer.policy --report outer -- \
		"$SANDBOXCTL" run -p ./p.policy --require-lock -- "$LEARNER" wait
	[ "$status" -eq 125 ]
	expect 'cannot be followed: it is recorded already'
	timeout 60 "$SANDBOXCTL" run -p ./p.policy --require-lock -- "$LEARNER" wait # control
	run timeout 60 "$SANDBOXCTL" run -p ./outer.policy --report outer -- \
		"$SANDBOXCTL" run -p ./p.policy --report inner -- "$LEARNER" wait exit 3
	[ "$status" -eq 3 ]
	grep -q '"locked"' inner
	# and the outer one hears of it all the same
	printf '%s\n' "'$SANDBOXCTL' run -p ./p.policy --report inner -- '$LEARNER' \"\$@\"" >inner.sh
	timeout 60 "$SANDBOXCTL" run -p ./p.policy --require-lock --report outer -- sh inner.sh wait
	run timeout 60 "$SANDBOXCTL" run -p ./p.policy --require-lock -- sh inner.sh read /etc/passwd
	[ "$status" -eq 124 ]
	expect 'learner['
	expect 'was never locked'
	run timeout 60 "$SANDBOXCTL" run -p ./outer.policy --report outer -- \
		"$SANDBOXCTL" run -p ./p.policy --report inner -- ./damaged
	[ "$status" -eq 125 ]
}

@test "without watching, no event but those that were asked for" {
	requires jq
	SANDBOX_REPORT=events sandboxed ./p.policy "$LEARNER" wait fork
	[ ! -s events ]
	SANDBOX_REPORT=events SANDBOX_VERBOSE=1 sandboxed ./p.policy "$LEARNER" wait fork
	[ "$(jq -r .event events | xargs)" = 'armed locked' ]
	SANDBOX_REPORT=watch:$PWD/all run sandboxed ./p.policy "$LEARNER" fork wait
	[ "$output" = '' ]
	[ "$(jq -r .event all | xargs)" = 'loaded armed forked locked' ]
}

@test "a program that is executed under a lock reports, too, though it may not open a file to" {
	requires jq
	policy strict-parent >/dev/null <<-EOF2
		policy 1
		program becomes learner
		phase serving
		  trigger poll
		  default allow
		  kill openat where flags & O_ACCMODE != O_RDONLY
		  kill getppid
	EOF2
	sandboxed ./strict-parent.policy "$HOSTS/becomes" "$LEARNER" wait # control: it can do it alone
	timeout 60 "$SANDBOXCTL" run -p ./strict-parent.policy --require-lock --report events -- \
		"$HOSTS/becomes" "$LEARNER" wait
	[ "$(jq -r '[.event, .program] | join(" ")' events | paste -sd,)" = \
		'loaded becomes,armed becomes,locked becomes,loaded learner,armed learner,locked learner' ]
	run timeout 60 "$SANDBOXCTL" run -p ./strict-parent.policy --require-lock -- \
		"$HOSTS/becomes" "$LEARNER" write out # control: that is how it would have died
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
}

@test "where SANDBOX_REPORT sent the events they go as well" {
	requires jq
	SANDBOX_REPORT=$PWD/mine timeout 60 "$SANDBOXCTL" run -p ./p.policy --require-lock -- "$LEARNER" wait
	[ "$(jq -r .event mine | xargs)" = 'loaded armed locked' ]
	SANDBOX_REPORT=$PWD/other timeout 60 "$SANDBOXCTL" run -p ./p.policy --require-lock --report mine -- "$LEARNER" wait
	[ "$(jq -r .event mine | xargs)" = 'loaded armed locked loaded armed locked' ]
	[ ! -e other ]
}

@test "another user follows programs that it may execute and not read" {
	requires setpriv
	requires_root
	unset TMPDIR
	publish_library
	local place=${LIBRARY%/*}
	export XDG_CONFIG_HOME=$place/none
	cp p.policy "$place/"
	cp "$LEARNER" "$place/"
	for mode in 711 755; do
		chmod "$mode" "$place/learner"
		run setpriv --reuid nobody --clear-groups "$place/sandboxctl" run -p "$place/p.policy" \
			--require-lock -- env "$place/learner" wait
		printf '%s\n' "$output"
		[ "$status" -eq 0 ]
	done
	run setpriv --reuid nobody --clear-groups "$place/sandboxctl" run -p "$place/p.policy" \
		--require-lock -- env "$place/learner"
	[ "$status" -eq 124 ]
}

@test "a locked program that may not write says so before; a child of it says nothing" {
	requires jq
	policy silent >/dev/null <<-EOF2
		policy 1
		program learner
		phase serving
		  trigger poll
		  default allow
		  kill write getppid
	EOF2
	timeout 60 "$SANDBOXCTL" run -p ./silent.policy --require-lock --report events -- "$LEARNER" wait fork
	[ "$(jq -r .event events | xargs)" = 'loaded armed locking' ]
}
