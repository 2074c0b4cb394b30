#!/usr/bin/env bats
# sandboxctl triggers: the candidates of one run, the one that is recommended, and the traps.

load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	port=$(free_port)
	dir=$(public_directory)
	export TMPDIR=$BATS_TEST_TMPDIR
	LEARNER=$HOSTS/learner
}

teardown() {
	stop_all
}

triggers() {
	timeout --foreground 60 "$SANDBOXCTL" triggers -q "$@"
}

# begin PROGRAM...: in the background, its output in `output`; `finish` ends it.
begin() {
	start "$SANDBOXCTL" triggers -q -- "$@"
}

finish() {
	local status=0
	kill -TERM "$pid"
	wait "$pid" || status=$?
	output=$(cat output)
	[ "$status" -eq 0 ]
}

# left TRIGGER: how many calls the table of $output says are left after it.
left() {
	sed -nE "s/^ *[0-9]+  $1 +([0-9]+)  .*/\1/p" <<<"$output"
}

@test "the time line: what is set up, what each trigger leaves and closes, in order" {
	run triggers -- "$LEARNER" read /etc/passwd wait listen "$port" wait fork
	[ "$status" -eq 0 ]
	expect 'recommended: trigger poll after listen'
	expect 'poll: is called before listen'
	expect 'poll: afterwards there is still bind listen'
	[ "$(left poll)" -gt "$(left 'poll after listen')" ]
	[ "$(left main)" -gt "$(left poll)" ]
	[[ "$(grep 'poll after listen  ' <<<"$output")" == *'socket bind listen'*'<- recommended' ]]
	# in order
	diff <(printf '%s\n' main poll bind listen 'poll after listen') \
		<(sed -nE 's/^ *[0-9]+  +([a-z ]+[a-z])(  .*)?$/\1/p' <<<"$output")
	[ -z "$(find . -name 'sandboxctl.*')" ] # nothing is left behind
}

@test "a socket that is bound once clients have come is for asking others, and puts no trigger off" {
	run triggers -- "$HOSTS/resolver"
	[ "$status" -eq 0 ]
	expect 'recommended: trigger poll'
	refute grep -F 'afterwards there is still' <<<"${output##*main}"
	# control: bound before that, it is set up
	run triggers -- "$LEARNER" wait listen "$port" wait
	expect 'poll: afterwards there is still bind listen'
}

@test "the calls that would be left: of the recommended trigger, with -l of each" {
	run triggers -- "$LEARNER" read /etc/passwd wait listen "$port" wait fork
	[ "$status" -eq 0 ]
	[ "$(grep -c '^left after' <<<"$output")" -eq 1 ]
	words=$(sed -n '/^left after poll after listen:/,/^  of them/p' <<<"$output" | grep '^    ' | xargs)
	[ "$(wc -w <<<"$words")" -eq "$(left 'poll after listen')" ]
	[[ " $words " == *' clone '* && " $words " != *' listen '* ]]
	[[ "$(sed -n '/^  of them/,$p' <<<"$output" | sed -n 2p | xargs)" == clone ]]
	run triggers -l -- "$LEARNER" read /etc/passwd wait listen "$port" wait fork
	[[ "$output" == *'left after main:'*'left after poll:'*'left after poll after listen:'* ]]
	[[ "$(sed -n '/^left after poll:/,/^  of them/p' <<<"$output")" == *' listen '* ]]
}

@test "the service manager is told, and nothing waits: ready, and listen where there is nothing else" {
	NOTIFY_SOCKET=@libsandbox-$BATS_TEST_NUMBER-$$ run triggers -- "$HOSTS/order" manager prepare ready
	[ "$status" -eq 0 ]
	expect 'recommended: trigger ready'
	run triggers -- "$LEARNER" listen "$port"
	[ "$status" -eq 0 ]
	expect 'recommended: trigger listen'
	[ -n "$(left listen)" ] # and it is in the table
}

@test "functions by name, on request" {
	# each is patched with a jump; one of them is called
	run triggers -f static_function -f exported_function -- "$HOSTS/functions" static_function
	[ "$status" -eq 0 ]
	[ "$(left 'call static_function')" -gt 0 ]
	[[ "$output" != *'call exported_function'* ]]
	run triggers -f no_such_function -- "$LEARNER" wait
	[ "$status" -eq 125 ]
	expect 'no_such_function'
	expect 'no trigger was met: the program ended before main(), or starts without libc'
}

@test "a program that never waits: main" {
	run triggers -- /bin/true
	[ "$status" -eq 0 ]
	expect 'recommended: trigger main'
}

@test "what is recommended is what the lock then shows: the same calls are enough" {
	triggers -- "$LEARNER" wait listen "$port" wait fork >said
	trigger=$(sed -n 's/^recommended: trigger //p' said)
	"$SANDBOXCTL" learn -q -t "$trigger" -- "$LEARNER" wait listen "$port" wait fork
	sandboxed ./learner.policy "$LEARNER" wait listen "$port" wait fork
	# control: not the calls from before it
	run sandboxed ./learner.policy "$LEARNER" listen "$port" wait listen "$port"
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
}

# --- servers ---------------------------------------------------------------------------------------

@test "memcached: the wait with a time limit, not its helpers' that wait for ever" {
	requires memcached
	local memcached=(memcached -l 127.0.0.1 -p "$port" -U 0)
	[[ "$(id -u)" -eq 0 ]] && memcached+=(-u nobody)
	begin "${memcached[@]}"
	eventually memcached_answers
	finish
	expect 'recommended: trigger epoll_wait where timeout > 0'
	expect 'epoll_wait: is first called by another thread'
	expect 'epoll_wait: afterwards there is still bind listen'
}

memcached_answers() {
	(
		exec 9<>"/dev/tcp/127.0.0.1/$port" && printf 'version\r\nquit\r\n' >&9 &&
			[[ "$(cat <&9)" == VERSION* ]]
	) 2>/dev/null
}

@test "redis: the wait that is one" {
	requires redis-server redis-cli
	begin redis-server --port "$port" --bind 127.0.0.1 --dir "$dir" --save ''
	eventually redis-cli -p "$port" set a 1
	redis-cli -p "$port" set b 1 # the first one may have come before redis waited
	finish
	expect 'recommended: trigger epoll_wait where timeout != 0'
	expect 'epoll_wait: does not wait the first time (timeout 0)'
}

@test "nginx: the workers' loop, not their probe, and not the master" {
	requires nginx curl
	requires_root
	mkdir "$dir/www" "$dir/tmp"
	echo hello >"$dir/www/index.html"
	chmod -R a+rX "$dir/www"
	cat >"$dir/nginx.conf" <<-END
		worker_processes 1;
		pid $dir/pid;
		error_log $dir/error.log;
		events { }
		http {
			access_log off;
			client_body_temp_path $dir/tmp/body;
			proxy_temp_path $dir/tmp/proxy;
			fastcgi_temp_path $dir/tmp/fastcgi;
			uwsgi_temp_path $dir/tmp/uwsgi;
			scgi_temp_path $dir/tmp/scgi;
			server { listen 127.0.0.1:$port; root $dir/www; }
		}
	END
	begin nginx -c "$dir/nginx.conf" -p "$dir" -g 'daemon off;'
	eventually curl -sf "http://127.0.0.1:$port/"
	finish
	expect 'recommended: trigger epoll_wait where maxevents > 1'
	expect 'epoll_wait: has room for one event only the first time: a probe, not the loop'
	expect '  sigsuspend: ' # the master: it sets more up, or its workers stay unlocked
}
