#!/usr/bin/env bats
# sandboxctl ci with suites that others wrote, or that know nothing of it: a redis' under bats, python's
# own tests of sockets and asyncio, those of redis, memcached and lighttpd themselves (scripts/fetch-suites). Green under the right policy, enforced and observed; red, with call,
# line and object, when the policy lacks one right.

load helpers
load ci

SUITES=$ROOT/tests/fixtures/suites
PYTHON=/usr/bin/python3

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export TMPDIR=$BATS_TEST_TMPDIR
	unset SANDBOX_TEST BATS_TEST_NAME PYTEST_CURRENT_TEST
	umask 022
}

teardown() {
	stop_all
}

# redis_suite POLICY [OPTION...]: the bats file, in a bats that does not know of this one.
redis_suite() {
	local port
	port=$(free_port)
	# shellcheck disable=SC2016 # the inner shell's
	ci -p "$1" --json verdict.json "${@:2}" -- env REDIS_PORT="$port" bash -c '
		unset ${!BATS_@}
		PATH=/usr/local/bin:/usr/bin:/bin exec bats "$0"' "$SUITES/redis.bats"
}

# without CALL: prints the path of a policy: redis without that right.
without() {
	printf '%s\n' 'policy 1' 'program redis-server' 'include redis' 'phase serving' "  trap $1" >less.policy
	printf '%s\n' ./less.policy
}

@test "redis under bats is green under the policy redis, enforced and observed" {
	requires redis-server redis-cli redis-benchmark jq bats
	run redis_suite redis
	[ "$status" -eq 0 ]
	expect 'locked: 1 of 1 process of redis'
	run redis_suite redis --observe
	[ "$status" -eq 0 ]
	expect 'met the trigger: 1 of 1 process of redis'
	[ "$(jq .calls verdict.json)" -gt 10000 ]
}

@test "redis is red when the policy lacks the right to accept: which call, where, in which function" {
	requires redis-server redis-cli redis-benchmark jq bats
	local policy
	policy=$(without accept4)
	run redis_suite "$policy"
	[ "$status" -eq 1 ]
	[ "$(found violations '[.program, .call, .function, .allow, .place.file, .place.line] | map(tostring) | join(";")')" = \
		'redis-server;accept4;anetTcpAccept;override allow accept4;less.policy;5' ]
	[[ "$(found violations .caller)" == redis-* ]]
}

@test "redis is red, observed, when the policy lacks what only saving needs, and the suite goes on" {
	requires redis-server redis-cli redis-benchmark jq bats
	local policy
	policy=$(without rename)
	run redis_suite "$policy" --observe
	[ "$status" -eq 1 ]
	[[ "$(found violations .call)" == rename* ]]
	[ "$(jq -r .command verdict.json)" = 'exit 0' ]
}

# python_suite POLICY [OPTION...]: some of Python's own tests.
python_suite() {
	ci -p "$1" --json verdict.json "${@:2}" -- "$PYTHON" -m test test_socket test_asyncio \
		-m 'BasicTCPTest' -m 'BasicUDPTest' -m 'test.test_asyncio.test_streams.StreamTests.test_read*line*'
}

@test "python's tests of sockets and asyncio: learned, then green, enforced and observed; red without sendto" {
	requires jq "$PYTHON"
	"$PYTHON" -c 'import test.test_socket, test.test_asyncio' 2>/dev/null || skip 'libpython3.11-testsuite is not installed'
	for _ in 1 2; do
		timeout --foreground 120 "$SANDBOXCTL" learn -q -t wait -o python.policy -- "$PYTHON" -m test test_socket test_asyncio \
			-m 'BasicTCPTest' -m 'BasicUDPTest' -m 'test.test_asyncio.test_streams.StreamTests.test_read*line*'
	done
	run python_suite ./python.policy
	[ "$status" -eq 0 ]
	expect 'locked: 1 of 1 process of python'
	run python_suite ./python.policy --observe
	[ "$status" -eq 0 ]
	[ "$(jq .calls verdict.json)" -gt 1000 ]
	sed -E '/^  allow /s/ (@stream-io|sendto|@datagram-io|@socket-io)\b//g; /^ *allow *(#.*)?$/d' python.policy >less.policy
	run python_suite ./less.policy --observe
	[ "$status" -eq 1 ]
	found violations .call | grep -q '^sendto'
	[[ "$(found violations 'select(.call | startswith("sendto")) | .caller')" == python3* ]]
}

# own_tests PROGRAM [NAME]: a copy of upstream's tests of a server, in NAME/ here.
own_tests() {
	local name=${2:-$1}
	requires "$1" prove jq
	[[ -d "$BUILD/suites/$name" ]] || skip "scripts/fetch-suites did not fetch the tests of $name"
	cp -r "$BUILD/suites/$name" .
}

# redis_own POLICY UNIT... [-- OPTION...]: of redis' own tests, for Debian's binaries.
redis_own() {
	local policy=$1 units=() name port
	shift
	while [[ $# -gt 0 && "$1" != -- ]]; do
		units+=(--single "unit/$1")
		shift
	done
	port=$(free_port)
	for name in redis-server redis-cli redis-benchmark redis-check-aof; do
		ln -sf "$(command -v "$name")" redis/src/
	done
	(cd redis && ci -p "$policy" --program redis-server --json ../verdict.json "${@:2}" -- \
		./runtest --clients 3 --tags -slow --baseport "$port" --portcount 300 "${units[@]}")
}

@test "redis' own tests are green under the policy redis-replica, enforced and observed; red without the right to sort" {
	requires tclsh8.6 redis-server
	own_tests redis-server redis
	run redis_own redis-replica type/hash type/incr info
	[ "$status" -eq 0 ]
	expect 'All tests passed without errors!'
	[ "$(jq .locked verdict.json)" -ge 3 ]
	run redis_own redis-replica type/hash info -- --observe
	[ "$status" -eq 0 ]
	# HRANDFIELD sorts, and libc asks how much memory there is
	printf '%s\n' 'policy 1' 'program redis-server' 'include redis-replica' 'phase serving' '  override trap sysinfo' >redis/less.policy
	run redis_own ./less.policy type/hash -- --observe
	[ "$status" -eq 1 ]
	[ "$(found violations '[.call, .function, .place.line] | map(tostring) | join(";")')" = 'sysinfo;lpRandomPairs;5' ]
}

# memcached_suite POLICY TEST... [-- OPTION...]: of memcached's own tests, for Debian's binary. It is built without one
# option that the tests give to every server.
memcached_suite() {
	local policy=$1 tests=()
	shift
	while [[ $# -gt 0 && "$1" != -- ]]; do
		tests+=("t/$1.t")
		shift
	done
	ln -sf "$(command -v memcached)" memcached/memcached-debug
	gcc -o memcached/timedrun memcached/timedrun.c
	sed -i '/relaxed_privileges/d' memcached/t/lib/MemcachedTest.pm
	(cd memcached && ci -p "$policy" --program memcached --json ../verdict.json "${@:2}" \
		--allow-unlocked '*memcached-debug -h' -- prove -j8 "${tests[@]}")
}

@test "memcached's own tests are green under the policies memcached-full and memcached" {
	own_tests memcached
	run memcached_suite memcached-full 64bit cas flags getandtouch incrdecr issue_61 noreply quit stats-conns \
		stats-detail touch udp unixsocket watcher_connid
	[ "$status" -eq 0 ]
	expect 'All tests successful'
	expect 'sandboxctl ci: GREEN, policy memcached-full'
	[ "$(jq .locked verdict.json)" -ge 14 ]
	run memcached_suite memcached 64bit cas flags getandtouch incrdecr noreply stats-detail touch unixsocket
	[ "$status" -eq 0 ]
	expect 'All tests successful'
	[ "$(jq .locked verdict.json)" -ge 9 ]
}

@test "memcached's own tests, observed: green, and red for what the policy says that it breaks" {
	own_tests memcached
	run memcached_suite memcached-full udp touch watcher_connid -- --observe
	[ "$status" -eq 0 ]
	run memcached_suite memcached udp touch -- --observe
	[ "$status" -eq 1 ]
	expect 'All tests successful' # nothing was denied
	[ "$(found violations '[.program, .call, .allow] | join(";")')" = 'memcached-debug;recvfrom;allow recvfrom' ]
	[[ "$(found violations '"\(.place.file) \(.caller) \(.tests[0])"')" == */memcached.policy\ memcached+0x*\ */perl\ t/udp.t ]]
}

# lighttpd_suite POLICY [OPTION...]: lighttpd's own tests, all of them, for Debian's binary.
lighttpd_suite() {
	(
		cd lighttpd/tests || return
		export srcdir=$PWD PERL5LIB=$PWD top_builddir=.. LIGHTTPD_EXE_PATH=/usr/sbin/lighttpd
		./prepare.sh >prepared
		ci -p "$1" --json ../../verdict.json --allow-unlocked '*lighttpd -V' "${@:2}" -- prove ./*.t
	)
}

# lighttpd_policy INCLUDE: DIR/own.policy: the places of the tests, and with lighttpd-more what its tests of CGI and
# proxies want, too. The tests' backends run behind the lock.
lighttpd_policy() {
	local place=$PWD/lighttpd/tests
	printf '%s\n' 'policy 1' 'program lighttpd' "include $1" 'phase serving' "  write $place/tmp /dev/null" \
		"  read $place /usr /etc /dev/null /dev/urandom $BUILD" "  create $place/tmp" '  execute /usr' \
		>lighttpd/tests/own.policy
	[[ "$1" == lighttpd ]] || cat "$SUITES/lighttpd-cgi.lines" >>lighttpd/tests/own.policy
}

@test "lighttpd's own tests are green under lighttpd-more and what CGI takes, enforced and observed" {
	own_tests lighttpd
	lighttpd_policy lighttpd-more
	run lighttpd_suite ./own.policy
	[ "$status" -eq 0 ]
	expect 'All tests successful'
	expect 'locked: 3 of 4 processes of own'
	run lighttpd_suite ./own.policy --observe
	[ "$status" -eq 0 ]
	expect 'All tests successful'
	[ "$(jq .calls verdict.json)" -gt 10000 ]
}

@test "lighttpd's own tests are red under the policy lighttpd: what it breaks, and no more" {
	own_tests lighttpd
	local pipe
	lighttpd_policy lighttpd
	run lighttpd_suite ./own.policy
	[ "$status" -eq 1 ]
	expect 'command ended by exit'
	refute grep -q '"SIGSYS"' verdict.json
	# Lists and caches, CGI, proxies: they fail, and the server lives. All else passes.
	[ "$(found violations '.call | sub("\\(.*"; "")' | sort -u | xargs)" = 'fcntl mkdir openat pipe2 socket' ]
	pipe=$(found violations 'select(.call == "pipe2") | "\(.place.file) \(.function) \(.tests[0])"' | head -1)
	[[ "$pipe" == */lighttpd.policy\ fdevent_pipe_cloexec\ */perl\ ./request.t ]]
	grep -q 'Failed tests:' <<<"$output"
}
