#!/usr/bin/env bats
# Debian's redis under the policy `redis`: serving, persistence, denial, as root and as nobody.

load helpers

setup() {
	requires redis-server redis-cli redis-benchmark
	port=$(free_port)
	dir=$(public_directory)
}

teardown() {
	stop_all
}

# start_redis: under the library; SANDBOX_* of the caller apply.
start_redis() {
	start env LD_PRELOAD="$LIBRARY" SANDBOX_VERBOSE=1 SANDBOX_POLICY="${POLICY-redis}" \
		redis-server --port "$port" --bind 127.0.0.1 --dir "$dir" --save ''
}

cli() {
	redis-cli -p "$port" "$@"
}

answers() {
	[[ "$(cli ping 2>/dev/null)" == PONG ]]
}

saved() {
	[[ "$(cli info persistence | grep -c 'rdb_bgsave_in_progress:0')" -eq 1 && -s "$dir/dump.rdb" ]]
}

@test "control: redis without the library has Seccomp 0 in every thread" {
	start redis-server --port "$port" --bind 127.0.0.1 --dir "$dir" --save ''
	eventually answers
	[ "$(seccomp_of "$pid")" = 0 ]
}

@test "SET, GET, BGSAVE, BGREWRITEAOF, CONFIG, EVAL, SHUTDOWN work, every thread has Seccomp 2" {
	start_redis
	eventually output_has ': locked: policy redis, phase serving, trigger epoll_wait'
	eventually answers
	[ "$(seccomp_of "$pid")" = 2 ]
	[ "$(thread_count "$pid")" -gt 1 ]
	[ "$(cli set key value)" = OK ]
	[ "$(cli get key)" = value ]
	[ "$(cli eval 'return redis.call("get", KEYS[1])' 1 key)" = value ]
	[ "$(cli config get maxmemory | xargs)" = 'maxmemory 0' ]
	[ "$(cli config set maxmemory 100mb)" = OK ]
	[ "$(cli setex short 1 gone)" = OK ]
	cli bgsave
	eventually saved
	cli config set appendonly yes
	cli bgrewriteaof
	eventually grep -q 'Background AOF rewrite finished successfully' "$BATS_TEST_TMPDIR/output"
	[ "$(cli info server | grep -c redis_version)" -eq 1 ]
	[ "$(cli client list | grep -c addr)" -ge 1 ]
	eventually expired
	cli shutdown save || true # the server closes the connection
	eventually not_running "$pid"
	wait "$pid"
	refute output_has denied
}

expired() {
	[[ -z "$(cli get short)" ]]
}

@test "it also locks at aeMain, called directly inside a stripped executable" {
	SANDBOX_TRIGGER='call aeMain' start_redis
	eventually output_has ': locked: policy redis, phase serving, trigger call aeMain'
	eventually answers
	[ "$(seccomp_of "$pid")" = 2 ]
	[ "$(cli set a b)" = OK ]
}

@test "under a service manager it locks when it says READY=1 (libsystemd)" {
	local notify=$dir/notify path
	listen_at "$notify" "$dir/told"
	# the message itself is sent under the lock
	path=$(
		policy redis-notify <<-EOF
			policy 1
			include redis
			phase serving
			  trigger ready
			  allow sendmsg
		EOF
	)
	start env NOTIFY_SOCKET="$notify" LD_PRELOAD="$LIBRARY" SANDBOX_VERBOSE=1 \
		SANDBOX_POLICY="$path" redis-server --port "$port" --bind 127.0.0.1 --dir "$dir" --save '' \
		--supervised systemd
	eventually output_has ': locked: policy redis-notify, phase serving, trigger ready'
	eventually grep -q READY=1 "$dir/told"
	eventually answers
	[ "$(seccomp_of "$pid")" = 2 ]
}

@test "before the trigger Seccomp is 0: stopped while it loads its data, then locked" {
	local file
	redis_with_data
	# The control for "loading does not fire it early": redis polls with timeout 0 meanwhile.
	start strace -f -o "$BATS_TEST_TMPDIR/trace" -e trace=epoll_wait,seccomp,epoll_pwait \
		env LD_PRELOAD="$LIBRARY" SANDBOX_VERBOSE=1 SANDBOX_POLICY=redis redis-server \
		--port "$port" --bind 127.0.0.1 --dir "$dir" --save '' --appendonly yes
	eventually output_has ': locked:'
	eventually answers
	[ "$(cli dbsize)" -eq 3000 ]
	file=$BATS_TEST_TMPDIR/trace
	# polls with timeout 0 came first, then the filter, then the first wait
	[ "$(grep -nE 'epoll_wait\([0-9]+, .*, 0\)' "$file" | head -1 | cut -d: -f1)" -lt \
		"$(grep -n 'TSYNC, {' "$file" | head -1 | cut -d: -f1)" ]
	output_has 'DB loaded from'
	cli shutdown nosave || true
}

# redis_with_data: makes an append-only file of 3000 keys, without the library.
redis_with_data() {
	start redis-server --port "$port" --bind 127.0.0.1 --dir "$dir" --save '' --appendonly yes
	eventually answers
	for ((i = 0; i < 3000; i++)); do printf 'SET key:%d %d\n' "$i" "$i"; done | cli --pipe
	cli shutdown nosave || true
	eventually not_running "$pid"
}

@test "before the trigger: Seccomp 0 in every thread while a slow data set loads" {
	redis_with_data
	# key-load-delay slows the loading down: microseconds for each key
	start env LD_PRELOAD="$LIBRARY" SANDBOX_VERBOSE=1 SANDBOX_POLICY=redis redis-server --port "$port" \
		--bind 127.0.0.1 --dir "$dir" --save '' --appendonly yes --key-load-delay 1000
	eventually output_has ': armed:'
	eventually loading
	[ "$(seccomp_of "$pid")" = 0 ]
	refute output_has ': locked:'
	eventually output_has ': locked:'
	eventually answers
	[ "$(seccomp_of "$pid")" = 2 ]
	[ "$(cli dbsize)" -eq 3000 ]
}

# loading: redis says so (it answers clients meanwhile).
loading() {
	[[ "$(cli info persistence 2>/dev/null | grep -c '^loading:1')" -eq 1 ]]
}

@test "redis-benchmark: 100,000 requests without an error" {
	start_redis
	eventually answers
	run timeout 60 redis-benchmark -p "$port" -n 100000 -c 20 -P 8 -t set,get -q
	[ "$status" -eq 0 ]
	expect 'SET:'
	expect 'GET:'
	[[ "$output" != *rror* ]]
	is_locked "$pid"
}

@test "as nobody" {
	requires_root
	publish_library
	chown nobody "$dir"
	start setpriv --reuid=nobody --regid=nogroup --clear-groups \
		env HOME=/nonexistent LD_PRELOAD="$LIBRARY" SANDBOX_VERBOSE=1 SANDBOX_POLICY=redis \
		redis-server --port "$port" --bind 127.0.0.1 --dir "$dir" --save ''
	eventually answers
	eventually is_locked "$pid"
	[ "$(cli set a b)" = OK ]
	cli bgsave
	eventually saved
}

@test "the policy is found by the program's name when SANDBOX_POLICY is not set" {
	start env LD_PRELOAD="$LIBRARY" SANDBOX_VERBOSE=1 redis-server --port "$port" \
		--bind 127.0.0.1 --dir "$dir" --save ''
	eventually output_has ': locked: policy redis,'
	eventually answers
}

@test "a probe of the name redis-server that calls execve dies of SIGSYS, and the line says why" {
	cp "$HOSTS/probe" "$BATS_TEST_TMPDIR/redis-server"
	run sandboxed redis "$BATS_TEST_TMPDIR/redis-server" execve
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
	expect 'policy redis, phase serving: denied execve('
	[[ "$output" =~ ' at libc.so.6+0x'[0-9a-f]+', called from redis-server+0x'[0-9a-f]+ ]]
	expect 'this line would allow it: allow execve'
}
