#!/usr/bin/env bats
# memcached: recorded with one workload, and under another one with the policy as it is shipped, and the
# learned one. It has no workers that could die, reloads nothing and writes no file or log.

load helpers
load workloads

# What `memcached` answers with an error although memcached asks for it: see the comments in it.
REFUSED=(clone dup fcntl getsockname listen madvise mremap munmap openat poll prctl sched_getaffinity
	set_robust_list)

setup() {
	requires memcached python3
	requires_house
	port=$(free_port)
	dir=$(public_directory)
	memcached=(memcached -u nobody -l 127.0.0.1 -p "$port" -t 3 -m 200 -c 40 -A)
}

teardown() {
	stop_all
}

# client COMMAND...: python's words about `connect`, `ask` (one line to one line, or to the END).
client() {
	timeout 60 python3 - "$port" "$@" <<-'END'
		import socket, struct, sys, time
		def connect(kind=socket.SOCK_STREAM):
		    s = socket.socket(socket.AF_INET, kind)
		    s.settimeout(20)
		    s.connect(('127.0.0.1', int(sys.argv[1])))
		    return s
		def ask(text, s=None, end=b'\r\n'):
		    s = s or main
		    s.sendall(text.encode() + b'\r\n')
		    answer = b''
		    while not answer.endswith(end):
		        piece = s.recv(65536)
		        if not piece: break
		        answer += piece
		    return answer.decode()
		def store(count, size, prefix):
		    for i in range(count):
		        main.sendall(f'set {prefix}{i} 0 0 {size} noreply\r\n{"x" * size}\r\n'.encode())
		    return ask('version')
		def binary(opcode, key=b'', extras=b'', value=b''):
		    s = connect()
		    body = extras + key + value
		    s.sendall(struct.pack('>BBHBBHIIQ', 0x80, opcode, len(key), len(extras), 0, 0, len(body), 7, 0) + body)
		    return struct.unpack('>H', s.recv(65536)[6:8])[0]
		def enable(): # the crawler: its thread may not have ended yet
		    for i in range(10):
		        answer = ask('lru_crawler enable')
		        if answer == 'OK\r\n': break
		        time.sleep(0.1)
		    return answer
		main = connect()
		for command in sys.argv[2:]:
		    exec(command)
	END
}

answers() {
	[[ "$(client 'print(ask("version"))' 2>/dev/null)" == VERSION* ]]
}

# crowd: more clients than there may be; they wait, and all are served again when they are gone.
crowd() {
	client 'crowd = [connect() for i in range(60)]' 'time.sleep(0.3)' 'ask("version")'
	answers
}

# first_workload: what is recorded.
first_workload() {
	eventually answers
	client 'assert ask("set a 0 0 1\r\n1") == "STORED\r\n"' 'assert "VALUE a" in ask("get a", end=b"END\r\n")' \
		'assert ask("ms b 2\r\nhi") == "HD\r\n"' 'assert "hi" in ask("mg b v", end=b"hi\r\n")' \
		'assert binary(1, b"key", b"\0" * 8, b"value") == 0' 'assert binary(0, b"key") == 0' \
		'ask("stats", end=b"END\r\n"), ask("stats conns", end=b"END\r\n"), ask("stats slabs", end=b"END\r\n")' \
		'store(100000, 20, "k")' 'store(100, 500000, "large")' \
		'ask("lru_crawler metadump all", connect(), b"END\r\n")' 'time.sleep(1)' 'ask("lru_crawler crawl all")' \
		'w = connect(); assert ask("watch fetchers", w) == "OK\r\n"; ask("get a", end=b"END\r\n"); w.recv(100)' \
		'ask("flush_all")' \
		'g = connect(); g.sendall(b"get large1\r\n" * 200); g.close()'
	crowd
	kill -USR1 "$pid" # graceful
}

recorded() {
	[[ -s "$(recording memcached)" ]] && return
	record memcached "${memcached[@]}"
	first_workload
	ended
}

@test "memcached: of what was recorded the shipped policy refuses what memcached can do without, and ends nothing" {
	recorded
	refuses_only memcached "$(recording memcached)" "${REFUSED[@]}"
	run covers memcached-full "$(recording memcached)"
	expect 'would have denied nothing'
	# the control: what answers are sent with is noticed when it is not there
	sed 's/ sendmsg$//' "$ROOT/policies/memcached.policy" >"$BATS_TEST_TMPDIR/less.policy"
	run refuses_only "$BATS_TEST_TMPDIR/less.policy" "$(recording memcached)" "${REFUSED[@]}"
	[ "$status" -eq 1 ]
	expect sendmsg
}

# locked POLICY: the server under it; it answers.
locked() {
	enforce "$1" "${memcached[@]}"
	eventually answers
	eventually is_locked "$pid"
}

# second_workload ANSWER: another one, for a locked server. ANSWER: to a thread that is started again.
second_workload() {
	client 'assert ask("add n 0 0 1\r\n1") == "STORED\r\n"' 'assert ask("incr n 41") == "42\r\n"' \
		'assert ask("append n 0 0 1\r\n0") == "STORED\r\n"' 'assert ask("touch n 100") == "TOUCHED\r\n"' \
		'assert ask("gat 10 n", end=b"END\r\n").startswith("VALUE n")' 'assert ask("delete n") == "DELETED\r\n"' \
		'assert ask("gets n", end=b"END\r\n") == "END\r\n"' 'assert ask("ma n N0 J7") == "HD\r\n"' \
		'assert ask("ma n") == "HD\r\n"' 'assert ask("md n") == "HD\r\n"' \
		'assert binary(2, b"new", b"\0" * 8, b"v") == 0' 'assert binary(0x0b) == 0' 'assert binary(0, b"none") == 1' \
		'assert ask("nonsense") == "ERROR\r\n"' 'assert "too large" in ask("set b 0 0 9000000\r\n" + "x" * 9000000)'
	# the hash table grows, memory is used up, things expire
	client 'assert "VERSION" in store(250000, 20, "k")' 'assert "VERSION" in store(500, 900000, "large")' \
		'time.sleep(1.5)' 'stats = ask("stats", end=b"END\r\n")' \
		'assert "hash_is_expanding 0" in stats and "hash_power_level 16" not in stats' \
		'assert "STAT evictions 0" not in stats' 'assert ask("set t 0 1 1\r\n1") == "STORED\r\n"' 'time.sleep(2.5)' \
		'assert ask("get t", end=b"END\r\n") == "END\r\n"' 'assert "large499" in ask("get large499", end=b"END\r\n")'
	client 'assert ask("lru_crawler crawl all") in ("OK\r\n", "BUSY currently processing crawler request\r\n")' \
		'ask("slabs reassign 1 2"), ask("slabs automove 1"), ask("lru mode flat"), ask("verbosity 1")' \
		'ask("stats items", end=b"END\r\n"), ask("stats sizes", end=b"END\r\n"), ask("stats settings", end=b"END\r\n")' \
		'assert ask("cache_memlimit 300") == "OK\r\n"' 'assert ask("flush_all") == "OK\r\n"'
	# clients that go away, and too many of them
	client 'for i in range(30): c = connect(); c.sendall(b"get large1\r\nset x 0 0 100\r\nabc"); c.close()'
	crowd
	# what may not be there: an error, and memcached serves on
	client 'assert ask("lru_crawler disable") == "OK\r\n"' "assert enable().startswith('$1')" \
		'ask("stats conns", end=b"END\r\n")' 'w = connect(); w.sendall(b"watch fetchers\r\n"); ask("version"); w.close()'
	kill -STOP "$pid"
	kill -CONT "$pid"
	answers
	is_locked "$pid"
	kill -TERM "$pid"
	eventually not_running "$pid"
	wait "$pid"
	no_violations
}

@test "memcached: under the shipped policy another workload meets no violation" {
	locked memcached
	second_workload ERROR
}

@test "memcached: what was learned with the one workload is enough for the other" {
	recorded
	record memcached "${memcached[@]}"
	eventually answers
	client 'ask("lru_crawler disable")' 'assert enable() == "OK\r\n"' # what the shipped policy refuses
	kill -USR1 "$pid"
	ended
	locked "$(learned memcached)"
	second_workload OK
}

@test "memcached: the control: UDP ends it under this policy, with a report, and is served under memcached-full" {
	memcached+=(-U "$port")
	enforce memcached-full "${memcached[@]}"
	eventually answers
	eventually is_locked "$pid"
	client 'u = connect(socket.SOCK_DGRAM); u.send(b"\0\1\0\0\0\1\0\0version\r\n"); assert b"VERSION" in u.recv(100)' \
		'w = connect(); assert ask("watch fetchers", w) == "OK\r\n"; ask("get a", end=b"END\r\n"); assert b"key=a" in w.recv(100)' \
		'assert ask("lru_crawler disable") == "OK\r\n" == enable()' \
		'assert "STAT" in ask("stats conns", end=b"END\r\n")' \
		'store(1000, 20, "k")' 'assert "key=k5" in ask("lru_crawler metadump all", connect(), b"END\r\n")'
	kill -TERM "$pid"
	eventually not_running "$pid"
	wait "$pid"
	no_violations
	rm "$events"
	enforce memcached "${memcached[@]}"
	eventually answers
	eventually is_locked "$pid"
	client 'connect(socket.SOCK_DGRAM).send(b"\0\1\0\0\0\1\0\0version\r\n")'
	eventually not_running "$pid"
	local status=0
	wait "$pid" || status=$?
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
	grep -q '"event":"denied".*"syscall":"recvfrom"' "$events"
}
