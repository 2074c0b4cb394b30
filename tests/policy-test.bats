# The shipped policies do what their .test files say, on both architectures.

load helpers

# holds NAME
holds() {
	run "$SANDBOXCTL" test "$ROOT/policies/$1.test"
	printf '%s\n' "$output"
	[[ "$status" -eq 0 ]]
	expect ', 0 failed'
	run "$SANDBOXCTL" test --arch aarch64 "$ROOT/policies/$1.test"
	printf '%s\n' "$output"
	[[ "$status" -eq 0 ]]
}

@test "minimal" {
	holds minimal
}

@test "no-exec" {
	holds no-exec
}

@test "strict" {
	holds strict
}

@test "bind9" {
	holds bind9
}

@test "memcached-full" {
	holds memcached-full
}

@test "redis" {
	holds redis
}

@test "redis-cache" {
	holds redis-cache
}

@test "redis-full" {
	holds redis-full
}

@test "redis-replica" {
	holds redis-replica
}

@test "apache2" {
	holds apache2
}

@test "lighttpd" {
	holds lighttpd
}

@test "lighttpd-more" {
	holds lighttpd-more
}

@test "nginx" {
	holds nginx
}

@test "qemu" {
	holds qemu
}

@test "nginx-more" {
	holds nginx-more
}

@test "nginx-proxy" {
	holds nginx-proxy
}

@test "memcached" {
	holds memcached
}

@test "openvpn" {
	holds openvpn
}

@test "set-base" {
	holds set-base
}

@test "set-files-read" {
	holds set-files-read
}

@test "set-files" {
	holds set-files
}

@test "set-fork-exec" {
	holds set-fork-exec
}

@test "set-fork" {
	holds set-fork
}

@test "set-names" {
	holds set-names
}

@test "set-network-client" {
	holds set-network-client
}

@test "set-network-listen" {
	holds set-network-listen
}

@test "set-network-server" {
	holds set-network-server
}

@test "set-network-sockets" {
	holds set-network-sockets
}

@test "set-pipes" {
	holds set-pipes
}

@test "set-threads" {
	holds set-threads
}

@test "set-time" {
	holds set-time
}

@test "set-unix-sockets" {
	holds set-unix-sockets
}

@test "every policy has a .test file, which is run here, and refuses what it must" {
	local policy name
	for policy in "$ROOT"/policies/*.policy; do
		name=$(basename "$policy" .policy)
		grep -qx "	holds $name" "$BATS_TEST_FILENAME"
		grep -Eq 'must (deny|trap|errno|kill)' "$ROOT/policies/$name.test"
		grep -q 'must allow' "$ROOT/policies/$name.test"
	done
}

@test "a policy that loses a line fails its test" {
	cp -r "$ROOT/policies" "$BATS_TEST_TMPDIR/"
	cd "$BATS_TEST_TMPDIR/policies" || return
	sed -i '/socket where family != AF_UNIX/d' redis-cache.policy
	run "$SANDBOXCTL" test redis.test
	[[ "$status" -eq 1 ]]
	expect 'failed: serving: must trap EACCES socket(AF_ALG, SOCK_SEQPACKET, 0)'
	expect '  phase serving: trap'
	expect '  as in socket(AF_ALG, SOCK_SEQPACKET, 0)'
	run "$SANDBOXCTL" test --quiet nginx.test
	[[ "$status" -eq 0 && -z "$output" ]]
}

@test "a test names its policy by name, by path, or not at all" {
	cd "$BATS_TEST_TMPDIR" || return
	mkdir -p sub
	printf 'policy 1\nphase a\n  trigger main\n  default trap\n  allow exit_group\n' >sub/own.policy
	printf 'must allow exit_group\n' >sub/own.test
	printf 'policy own\nmust allow exit_group\n' >sub/beside.test
	printf 'policy sub/own.policy\nmust allow exit_group\n' >path.test
	printf 'policy redis\nmust allow exit_group\n' >shipped.test
	run "$SANDBOXCTL" test sub/own.test sub/beside.test path.test shipped.test
	[[ "$status" -eq 0 ]]
	[[ "$(grep -c ': 1 passed, 0 failed' <<<"$output")" -eq 4 ]]
	run "$SANDBOXCTL" test --help
	[[ "$status" -eq 0 ]]
}

@test "optional: a call that one architecture lacks" {
	cd "$BATS_TEST_TMPDIR" || return
	printf 'policy redis\nmust allow optional epoll_wait\n' >try.test
	run "$SANDBOXCTL" test --arch aarch64 try.test
	[[ "$status" -eq 0 ]]
	expect '0 passed, 0 failed'
	printf 'policy redis\nmust allow epoll_wait\n' >try.test
	run "$SANDBOXCTL" test --arch aarch64 try.test
	[[ "$status" -eq 1 ]]
	expect "aarch64 has no system call 'epoll_wait'"
}
