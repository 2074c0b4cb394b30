#!/usr/bin/env bats
# sandboxctl learn on Debian's servers: recorded with one workload, enforced with another.

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
	redis-benchmark -p "$port" -n 2000 -c 20 -t set,get -q >/dev/null
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

	redis-benchmark -p "$port" -n 2000 -c 50 -P 16 -t lpush,lrange,hset,zadd -q >/dev/null
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

# --- nginx -----------------------------------------------------------------------------------------

nginx_configuration() {
	mkdir "$dir/www" "$dir/www/sub" "$dir/tmp"
	printf 'hello from nginx\n' >"$dir/www/index.html"
	head -c 3000000 /dev/urandom >"$dir/www/large.bin"
	chmod -R a+rX "$dir/www"
	cat >"$dir/nginx.conf" <<-END
		worker_processes 2;
		pid $dir/pid;
		error_log $dir/error.log notice;
		events { worker_connections 64; }
		http {
			access_log $dir/access.log;
			client_body_temp_path $dir/tmp/body;
			proxy_temp_path $dir/tmp/proxy;
			fastcgi_temp_path $dir/tmp/fastcgi;
			uwsgi_temp_path $dir/tmp/uwsgi;
			scgi_temp_path $dir/tmp/scgi;
			sendfile on;
			server { listen 127.0.0.1:$port; root $dir/www; autoindex on; }
		}
	END
}

nginx_answers() {
	[[ "$(curl -sf "http://127.0.0.1:$port/")" == 'hello from nginx' ]]
}

workers_locked() {
	local worker count=0
	for worker in $(pgrep -P "$pid" -f 'nginx: worker process$'); do
		is_locked "$worker" || return 1
		count=$((count + 1))
	done
	[[ "$count" -eq 2 ]]
}

@test "nginx: the workers' policy is learned, not the master's; other requests and a reload work under it" {
	requires nginx curl
	requires_root
	nginx_configuration
	nginx=(nginx -c "$dir/nginx.conf" -p "$dir" -g 'daemon off;')
	learn_server nginx "${nginx[@]}"
	eventually nginx_answers
	curl -sf "http://127.0.0.1:$port/large.bin" -o large.bin
	curl -s "http://127.0.0.1:$port/missing" >/dev/null
	curl -sf "http://127.0.0.1:$port/sub/" >/dev/null
	local master
	master=$(pgrep -P "$recorder" -f 'nginx: master')
	kill -HUP "$master"
	sleep 0.5
	eventually nginx_answers
	kill -QUIT "$master"
	ended
	"$SANDBOXCTL" check ./nginx.policy
	# What only the master does, and the workers before their lock, is not in it.
	for call in execve setuid 'clone(_)' listen bind; do
		run "$SANDBOXCTL" explain ./nginx.policy "$call"
		[ "$status" -eq 1 ]
	done
	start_sandboxed ./nginx.policy "${nginx[@]}"
	eventually nginx_answers
	eventually workers_locked
	curl -sf -r 100-200 "http://127.0.0.1:$port/large.bin" | wc -c | grep -qx 101
	curl -sfI "http://127.0.0.1:$port/index.html" >/dev/null
	curl -sf "http://127.0.0.1:$port/index.html" "http://127.0.0.1:$port/large.bin" -o /dev/null -o /dev/null
	kill -HUP "$pid"
	sleep 0.5
	eventually nginx_answers
	eventually workers_locked
	kill -QUIT "$pid"
	eventually not_running "$pid"
	refute grep -q denied "$dir/error.log" output
}
