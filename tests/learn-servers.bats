#!/usr/bin/env bats
# sandboxctl learn on Debian's servers: recorded with one workload, what was learned is enforced with
# another. The shipped policies: workload-*.bats.

load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	port=$(free_port)
	dir=$(public_directory)
	export TMPDIR=$BATS_TEST_TMPDIR
}

teardown() {
	stop_all
}

# learn_and_end NAME PROGRAM...: starts recording; `ended` waits for the policy NAME.
learn_server() {
	local name=$1
	shift
	start "$SANDBOXCTL" learn -o "./$name.policy" -- "$@"
	recorder=$pid
}

ended() {
	local status=0
	wait "$recorder" || status=$?
	[ "$status" -eq 0 ] || {
		cat output
		false
	}
}

# --- redis -----------------------------------------------------------------------------------------

cli() {
	redis-cli -p "$port" "$@"
}

redis_answers() {
	[[ "$(cli ping 2>/dev/null)" == PONG ]]
}

redis_saved() {
	[[ "$(cli info persistence | grep -c 'rdb_bgsave_in_progress:0')" -eq 1 && -s "$dir/dump.rdb" ]]
}

# learn_redis: redis.policy from a load that has redis do what it does by itself, too.
learn_redis() {
	redis=(redis-server --port "$port" --bind 127.0.0.1 --dir "$dir" --save '')
	learn_server redis "${redis[@]}"
	eventually redis_answers
	timeout 60 redis-benchmark -p "$port" -n 2000 -c 20 -t set,get -q >/dev/null
	cli bgsave
	eventually redis_saved
	cli shutdown nosave || true
	ended
}

@test "redis: learned with SET, GET and BGSAVE, serves other commands without a violation" {
	requires redis-server redis-cli redis-benchmark jq
	learn_redis
	"$SANDBOXCTL" check ./redis.policy
	start_sandboxed ./redis.policy "${redis[@]}"
	eventually is_locked "$pid"
	eventually redis_answers
	[ "$(cli rpush list 3 1 2)" = 3 ]
	[ "$(cli sort list | xargs)" = '1 2 3' ]
	[ "$(cli eval 'return redis.call("llen", KEYS[1])' 1 list)" = 3 ]
	cli expire list 100 >/dev/null

	timeout 60 redis-benchmark -p "$port" -n 2000 -c 50 -P 16 -t lpush,lrange,hset,zadd -q >/dev/null
	rm "$dir/dump.rdb"
	cli bgsave
	eventually redis_saved
	cli shutdown save || true
	eventually not_running "$pid"
	wait "$pid"
	refute output_has denied
	# The positive control: what it never did is refused.
	run "$SANDBOXCTL" explain ./redis.policy 'execve'
	[ "$status" -eq 1 ]
	run "$SANDBOXCTL" explain ./redis.policy 'socket(AF_INET, SOCK_STREAM, 0)'
	[ "$status" -eq 1 ]
	run "$SANDBOXCTL" explain ./redis.policy 'mmap(prot=PROT_READ|PROT_EXEC)'
	[ "$status" -eq 1 ]
}

@test "redis: what the workload lacked is refused by the kernel" {
	requires redis-server redis-cli
	learn_redis
	start_sandboxed ./redis.policy "${redis[@]}"
	eventually is_locked "$pid"
	eventually redis_answers
	cli replicaof 127.0.0.1 1 || true # the server dies of it
	eventually not_running "$pid"
	local status=0
	wait "$pid" || status=$?
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
	output_has 'denied socket(' || {
		cat output
		false
	}
}

# --- memcached -------------------------------------------------------------------------------------

# ask TEXT: sends it to memcached and prints the answer.
ask() {
	exec 9<>"/dev/tcp/127.0.0.1/$port" || return 1
	printf '%s\r\nquit\r\n' "$1" >&9
	cat <&9 | tr -d '\r'
	exec 9>&- 9<&-
}

memcached_answers() {
	[[ "$(ask version 2>/dev/null)" == VERSION* ]]
}

@test "memcached: learned with set and get, serves other commands without a violation" {
	requires memcached
	memcached=(memcached -l 127.0.0.1 -p "$port" -t 4 -U 0)
	[[ "$(id -u)" -eq 0 ]] && memcached+=(-u nobody)
	learn_server memcached "${memcached[@]}"
	eventually memcached_answers
	for ((i = 0; i < 20; i++)); do
		[ "$(ask $'set k 0 0 5\r\nvalue')" = STORED ]
		ask 'get k' >/dev/null
	done
	kill -TERM "$(pgrep -P "$recorder" -x memcached)"
	ended
	"$SANDBOXCTL" check ./memcached.policy
	start_sandboxed ./memcached.policy "${memcached[@]}"
	eventually is_locked "$pid"
	eventually memcached_answers
	[ "$(ask $'add n 0 0 1\r\n1')" = STORED ]
	[ "$(ask 'incr n 41')" = 42 ]
	[ "$(ask 'delete n')" = DELETED ]
	[ "$(ask 'gets n')" = END ]
	kill -TERM "$pid"
	eventually not_running "$pid"
	refute output_has denied
	run "$SANDBOXCTL" explain ./memcached.policy openat
	[ "$status" -eq 1 ]
	run "$SANDBOXCTL" explain ./memcached.policy 'socket(AF_INET, SOCK_STREAM, 0)'
	[ "$status" -eq 1 ]
}
