#!/usr/bin/env bats
# redis: recorded with one workload, and under another one with the policies `redis` and `redis-cache`
# as they are shipped, and the learned one.

load helpers
load workloads

# What `redis` answers with an error although redis asks for it: see the comments in redis-cache.policy.
REFUSED=(clock_nanosleep fcntl ftruncate getcwd getsockname lseek pipe2 prctl prlimit64 rt_sigaction set_robust_list sysinfo uname)

setup() {
	requires redis-server redis-cli redis-benchmark
	requires_house
	port=$(free_port)
	dir=$(public_directory)
	mkdir -p "$dir/etc" "$dir/run"
	house=(/var/lib/redis=64m /var/log/redis=1m)
	cat >"$dir/etc/redis.conf" <<-END
		bind 127.0.0.1
		port $port
		unixsocket $dir/run/socket
		pidfile $dir/run/pid
		dir /var/lib/redis
		logfile /var/log/redis/log
		aclfile $dir/etc/users
		enable-debug-command yes
		notify-keyspace-events KEA
		save ""
	END
	: >"$dir/etc/users"
	redis=(redis-server "$dir/etc/redis.conf")
}

teardown() {
	stop_all
}

cli() {
	redis-cli -p "$port" "$@"
}

# says EXPECTED COMMAND...: redis' answer, its lines joined.
says() {
	local answer
	answer=$(cli "${@:2}" | xargs)
	[[ "$answer" == "$1" ]] || {
		printf '%s: %s\n' "${*:2}" "$answer"
		return 1
	}
}

answers() {
	[[ "$(cli ping 2>/dev/null)" == PONG ]]
}

# persistence FIELD: of INFO.
persistence() {
	cli info persistence | tr -d '\r' | sed -n "s/^$1://p"
}

has_persistence() {
	[[ "$(persistence "$1")" == "$2" ]]
}

# saves COMMAND...: a child saves, and is done with it.
saves() {
	cli "$@" >/dev/null
	eventually has_persistence rdb_bgsave_in_progress 0
	eventually has_persistence aof_rewrite_in_progress 0
	eventually has_persistence aof_rewrite_scheduled 0
}

# slow_save: a child saves, and is stopped at it; sets $child.
slow_save() {
	cli debug populate 300000 >/dev/null
	cli bgsave >/dev/null
	until child=$(pgrep -P "$pid"); do :; done
	kill -STOP "$child"
}

# abort_client: asks for much, and goes.
abort_client() {
	exec 9<>"/dev/tcp/127.0.0.1/$port"
	printf 'debug populate 1000 big 1000\r\n%s' "$(yes 'keys *' | head -n 500)" >&9
	exec 9>&- 9<&-
	answers
}

# restore_nonsense: a string of 2^46 bytes, it says, for which there is no memory.
restore_nonsense() {
	printf '\0\x81\0\0\x40\0\0\0\0\0abc\x0a\0\x17\x97\x87\xcf\x06\x63\xfe\x43' >"$BATS_TEST_TMPDIR/nonsense"
	[[ "$(cli -X file restore nonsense 0 file <"$BATS_TEST_TMPDIR/nonsense")" == *'Bad data format'* ]]
	answers
}

logged() {
	cli config resetstat >/dev/null
	cli config set loglevel verbose >/dev/null
	[[ -s "$1/log" ]]
}

# in_background COMMAND...: a client that waits; its answer goes to the file `waited`.
in_background() {
	cli "$@" >"$BATS_TEST_TMPDIR/waited" 2>&1 3>&- &
	remember "$!"
	eventually blocked_clients 1
}

blocked_clients() {
	[[ "$(cli info clients | tr -d '\r' | sed -n 's/^blocked_clients://p')" -eq "$1" ]]
}

waited() {
	grep -q "$1" "$BATS_TEST_TMPDIR/waited"
}

# half_written DISK: of what redis appends only a part fits in, and the part is cut off again. Not at
# the first try where a thread is still to remove the file of a child that was ended.
half_written() {
	fill "$1"
	truncate -s -8k "$1/filler"
	cli set full "$(printf '%0100000d' 1)"
	grep -q '"ftruncate"' "$(recording redis)"
}

# first_workload: what is recorded.
first_workload() {
	local data logs child
	eventually answers
	data=$(inside /var/lib/redis)
	logs=$(inside /var/log/redis)
	timeout 60 redis-benchmark -p "$port" -n 400 -c 20 -q >/dev/null
	redis-cli -s "$dir/run/socket" ping
	cli eval 'return redis.call("set", KEYS[1], ARGV[1])' 1 a b
	cli publish channel message
	cli xadd stream '*' field value
	in_background blpop list 10
	cli rpush list element
	eventually waited element
	cli client list
	cli info everything >/dev/null
	cli config get '*' >/dev/null
	cli config set maxmemory-policy allkeys-lru
	cli config set maxclients 500
	cli config rewrite
	cli acl setuser bob on '>secret' '+@all' '~*'
	cli acl save
	cli debug populate 20000 many 10
	cli eval 'for i = 1, 100000 do redis.call("sadd", "set", i) end' 0
	cli unlink set # by a thread
	cli hset hash $(seq 100)
	cli hrandfield hash -300 >/dev/null # sorts

	saves bgsave
	cli config set appendonly yes
	saves bgrewriteaof
	abort_client
	mv "$logs/log" "$logs/log.1" # log rotation
	eventually logged "$logs"
	slow_save
	kill -KILL "$child"
	eventually has_persistence rdb_last_bgsave_status err
	slow_save
	cli flushall async # the child is told to stop
	kill -CONT "$child"
	eventually not_running "$child"
	eventually half_written "$data"
	fill "$data"
	cli bgsave
	eventually has_persistence rdb_last_bgsave_status err
	unfill "$data"
	eventually has_persistence aof_last_write_status ok
	saves bgsave
	cli shutdown || true # it closes the connection
}

recorded() {
	[[ -s "$(recording redis)" ]] && return
	record redis "${redis[@]}"
	first_workload
	ended
}

@test "redis: of what was recorded the shipped policy refuses what redis can do without, and ends nothing" {
	recorded
	refuses_only redis "$(recording redis)" "${REFUSED[@]}"
	# whom kill is for was not recorded: it is a child
	run covers redis-full "$(recording redis)" '^  kill\\(_, SIGUSR1\\): .* for some values of what was not recorded'
	[ "$status" -eq 0 ] || {
		echo "$output"
		false
	}
	# the control: what a snapshot needs is noticed when it is not there
	sed 's/fsync fdatasync/fdatasync/' "$ROOT/policies/redis.policy" >"$BATS_TEST_TMPDIR/less.policy"
	cp "$ROOT/policies/redis-cache.policy" "$BATS_TEST_TMPDIR"
	run refuses_only "$BATS_TEST_TMPDIR/less.policy" "$(recording redis)" "${REFUSED[@]}"
	[ "$status" -eq 1 ]
	expect fsync
}

@test "redis: what was learned allows no program, socket or executable memory" {
	local call
	recorded
	"$SANDBOXCTL" check "$BATS_FILE_TMPDIR/redis.policy"
	for call in execve setuid listen bind socket connect 'mmap(prot=PROT_EXEC)' ptrace; do
		run "$SANDBOXCTL" explain "$BATS_FILE_TMPDIR/redis.policy" "$call"
		[ "$status" -eq 1 ]
	done
}

# locked POLICY: the server under it; it answers.
locked() {
	enforce "$1" "${redis[@]}"
	eventually answers
	eventually is_locked "$pid"
}

# second_workload [whole]: another one, for a locked server. whole: the log of commands is so behind a
# full disk. Where redis may cut off what was written half, 7.0.15 cuts in the wrong place, without a
# lock, too.
second_workload() {
	local data logs child sum
	data=$(inside /var/lib/redis)
	logs=$(inside /var/log/redis)
	timeout 60 redis-benchmark -p "$port" -n 2000 -c 50 -P 16 -t lpush,lrange,hset,zadd,mset,spop -q >/dev/null
	says '3' rpush numbers 3 1 2
	says '1 2 3' sort numbers
	says '1' function load replace "#!lua name=lib
redis.register_function('f', function(k, a) return 1 end)" >/dev/null || true # prints the name
	says '1' fcall f 0
	says OK xgroup create events group '$' mkstream
	in_background xreadgroup group group me block 10000 streams events '>'
	cli xadd events '*' kind test >/dev/null
	eventually waited kind
	in_background bzpopmin zset 10
	says 1 zadd zset 5 member
	eventually waited member
	says 1 geoadd geo 13.4 52.5 berlin
	says OK setex short 1 gone
	says 1 pfadd hll a b
	says OK client no-evict on
	cli client list | grep -q 'addr=127.0.0.1:'
	cli info memory | grep -qE '^used_memory_rss:[1-9]'
	says 'maxmemory 52428800' config set maxmemory 50mb >/dev/null || says 'maxmemory 52428800' config get maxmemory
	says OK config rewrite
	grep -q '^maxmemory 50mb' "$dir/etc/redis.conf"
	says OK acl setuser eve on nopass '+get' '~*'
	says OK acl save
	grep -q eve "$dir/etc/users"
	says OK debug populate 10000 key 100
	cli eval 'for i = 1, 100000 do redis.call("hset", "hash", i, i) end' 0
	says 1 unlink hash
	says OK memory purge
	says OK config set jemalloc-bg-thread no
	says OK config set jemalloc-bg-thread yes

	# snapshots and the log of commands, and both read again
	says OK save
	says OK config set appendonly yes
	saves bgrewriteaof
	says OK config set appendfsync always
	says OK set kept value
	eventually says 0 exists short
	sum=$(cli debug digest)
	says "$sum" debug digest
	says OK debug reload
	says "$sum" debug digest
	# a child that is told to stop, one that crashes
	slow_save
	says OK flushall async
	kill -CONT "$child"
	eventually not_running "$child"
	slow_save
	kill -SEGV "$child"
	kill -CONT "$child"
	eventually has_persistence rdb_last_bgsave_status err
	# more than the stretch that is written out at once
	says OK flushall
	says OK debug populate 12000 large 1000
	saves bgsave
	has_persistence rdb_last_bgsave_status ok
	abort_client
	# a full disk, for the log of commands, snapshots and the log
	says OK config set appendfsync everysec
	fill "$data"
	fill "$logs"
	cli eval 'for i = 1, 2000 do redis.call("set", "x" .. i, string.rep("x", 1000)) end' 0 >/dev/null
	eventually has_persistence aof_last_write_status err
	cli bgsave >/dev/null
	eventually has_persistence rdb_last_bgsave_status err
	unfill "$data"
	unfill "$logs"
	eventually has_persistence aof_last_write_status ok
	saves bgsave
	has_persistence rdb_last_bgsave_status ok
	mv "$logs/log" "$logs/log.1"
	eventually logged "$logs"

	[[ $# -eq 0 ]] || redis-check-aof "$data/appendonlydir/appendonly.aof.manifest" | grep -q 'All AOF files and manifest are valid'
	restore_nonsense

	is_locked "$pid"
	kill -TERM "$pid"
	eventually not_running "$pid"
	wait "$pid"
	[ ! -e "$dir/run/pid" ]
	[ ! -e "$dir/run/socket" ]
	no_violations
}

@test "redis: under the shipped policy another workload meets no violation, and saves what it should" {
	locked redis
	second_workload whole
}

@test "redis: what was learned with the one workload is enough for the other" {
	recorded
	locked "$(learned redis)"
	second_workload
}

@test "redis-cache: serves with twenty calls and without a violation; what it cannot do fails with an error" {
	sed -i -e '/^logfile/d' "$dir/etc/redis.conf"
	enforce redis-cache "${redis[@]}" --jemalloc-bg-thread no --io-threads 2 --io-threads-do-reads yes
	eventually answers
	eventually is_locked "$pid"
	timeout 60 redis-benchmark -p "$port" -n 2000 -c 50 -P 16 -q >/dev/null
	timeout 60 redis-benchmark -s "$dir/run/socket" -n 1000 -c 10 -t set,get -q >/dev/null
	says b eval 'redis.call("set", "a", "b") return redis.call("get", "a")' 0
	says 50 hset hash $(seq 100)
	[ "$(cli hrandfield hash -300 | wc -l)" -eq 300 ]
	in_background brpop list 10
	says 1 lpush list element
	eventually waited element
	says OK config set maxmemory 20mb
	says OK config set maxmemory-policy allkeys-lru
	says OK debug populate 100000 key 500
	cli eval 'for i = 1, 100000 do redis.call("sadd", "set", i) end' 0
	cli unlink set >/dev/null
	says OK flushall async
	cli info | grep -qE '^used_cpu_sys:[0-9]+\.'
	cli client list | grep -q 'addr=127.0.0.1:'
	abort_client
	# what clients can ask for, and is not there
	says ERR save
	says ERR bgsave
	[[ "$(cli config set appendonly yes)" == *'Unable to turn on AOF'* ]]
	[[ "$(cli config rewrite)" == *'Permission denied'* ]]
	[[ "$(cli acl save)" == *'error'* ]]
	cli shutdown save || true # it answers with an error
	answers
	restore_nonsense
	kill -STOP "$pid"
	kill -CONT "$pid"
	answers
	is_locked "$pid"
	kill -TERM "$pid"
	eventually not_running "$pid"
	wait "$pid"
	no_violations
	[ -z "$(find "$(dirname "$dir/run/pid")" "$dir/etc" -newer "$events" -type f)" ]
}

@test "redis: the control: connecting out is refused under both, with a report, and the server serves on" {
	local policy
	for policy in redis redis-cache; do
		enforce "$policy" "${redis[@]}" --jemalloc-bg-thread no
		eventually answers
		eventually is_locked "$pid"
		no_violations
		says OK replicaof 127.0.0.1 1
		eventually grep -q '"event":"denied".*"syscall":"socket"' "$events"
		refute no_violations
		answers
		cli shutdown nosave || true # it closes the connection
		eventually not_running "$pid"
		rm "$events"
	done
}
