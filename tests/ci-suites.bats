#!/usr/bin/env bats
# sandboxctl ci with suites that others wrote, or that know nothing of it: a redis' under bats, python's
# own tests of sockets and asyncio. Green under the right policy, enforced and observed; red, with call,
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
