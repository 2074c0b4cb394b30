#!/usr/bin/env bats
# limit RESOURCE SOFT:HARD, and dumpable no.

load helpers

teardown() {
	stop_all
}

# lines LINE...: a policy with these lines in its phase; prints its path.
lines() {
	local line
	{
		printf 'policy 1\nprogram limits reach\nphase serving\n  trigger poll\n  default allow\n'
		for line in "$@"; do
			printf '  %s\n' "$line"
		done
	} | policy steps
}

# Another user, who may reach the library and the host beside it.
unprivileged=(setpriv --reuid 65534 --regid 65534 --clear-groups)

# publish HOST: also for the other user.
publish() {
	publish_library
	public=${LIBRARY%/*}
	cp "$HOSTS/$1" "$public/$1"
}

@test "all sixteen resources, soft and hard" {
	requires_root
	run sandboxed "$(lines 'limit cpu 1000:2000' 'limit fsize 3G:4G' 'limit data 4T' \
		'limit stack 8M:16M' 'limit core 0' 'limit rss 5G:6G' 'limit nproc 3000' \
		'limit nofile 100:200' 'limit memlock 1M' 'limit as 5T' 'limit locks 7' \
		'limit sigpending 1000' 'limit msgqueue 4096' 'limit nice 0' 'limit rtprio 0' \
		'limit rttime 1000000:unlimited')" "$HOSTS/limits"
	[ "$status" -eq 0 ]
	local line
	for line in '0 1000 2000' '1 3221225472 4294967296' '2 4398046511104 4398046511104' \
		'3 8388608 16777216' '4 0 0' '5 5368709120 6442450944' '6 3000 3000' '7 100 200' \
		'8 1048576 1048576' '9 5497558138880 5497558138880' '10 7 7' '11 1000 1000' \
		'12 4096 4096' '13 0 0' '14 0 0' '15 1000000 -1'; do
		grep -qxF -- "$line" <<<"$output" || {
			printf 'expected %s in:\n%s\n' "$line" "$output" >&2
			return 1
		}
	done
	[ "$(grep -c '^open' <<<"$output")" -eq 1 ]
}

@test "control: without the policy the limits are what they were" {
	local before
	before=$(prlimit --pid $$ --nofile --output SOFT,HARD --noheadings --raw)
	run "$HOSTS/limits"
	expect "7 $before"
	expect 'map ok'
}

@test "what is in use already stays; the limit stops what comes" {
	run sandboxed "$(lines 'limit nofile 20' 'limit as 128M')" "$HOSTS/limits" 50
	[ "$status" -eq 0 ]
	expect '7 20 20'
	expect 'open 0'
	expect 'map ENOMEM'
	expect 'old ok'
}

@test "the soft limit may rise up to the hard one, by everybody" {
	requires setpriv prlimit
	requires_root
	publish limits
	local path
	path=$(lines 'limit nofile 512:1024')
	cp "$path" "${path}c" "$public/"
	run "${unprivileged[@]}" prlimit --nofile=256:1024 env LD_PRELOAD="$LIBRARY" \
		SANDBOX_POLICY="$public/steps.policy" "$public/limits"
	[ "$status" -eq 0 ]
	expect '7 512 1024'
}

@test "above the hard limit is for the privileged: others are refused, with both values" {
	requires setpriv prlimit
	requires_root
	publish limits
	local path
	path=$(lines 'limit nofile 2K:4K')
	cp "$path" "${path}c" "$public/"
	run "${unprivileged[@]}" prlimit --nofile=1024:1024 env LD_PRELOAD="$LIBRARY" \
		SANDBOX_POLICY="$public/steps.policy" "$public/limits"
	[ "$status" -eq 125 ]
	expect "'limit nofile 2048:4096' is above the hard limit of 'limit nofile 1024:1024', and this program may not raise it"
}

@test "root raises the hard limit where it holds CAP_SYS_RESOURCE, and only there" {
	requires_root
	run prlimit --nofile=1024:1024 timeout 60 env LD_PRELOAD="$LIBRARY" \
		SANDBOX_POLICY="$(lines 'limit nofile 2K:4K')" "$HOSTS/limits"
	if (($(awk '/^CapEff/ { print "0x" $2 }' /proc/self/status) >> 24 & 1)); then
		[ "$status" -eq 0 ]
		expect '7 2048 4096'
	else
		[ "$status" -eq 125 ]
		expect 'this program may not raise it'
	fi
}

@test "more descriptors than the kernel allows anybody (fs.nr_open) are refused" {
	requires_root
	run sandboxed "$(lines 'limit nofile 2G')" "$HOSTS/limits"
	[ "$status" -eq 125 ]
	expect "limit nofile 2147483648:2147483648"
	expect EPERM
}

@test "the report says what took effect" {
	local report=$BATS_TEST_TMPDIR/report
	SANDBOX_VERBOSE=1 run sandboxed "$(lines 'limit nofile 100:200' 'limit core unlimited')" \
		prlimit --nofile=300:400 "$HOSTS/limits"
	expect 'limit nofile 100:200 (was 300:400)'
	expect 'limit core unlimited:unlimited'
	expect 'steps limits'
	SANDBOX_REPORT=$report run sandboxed "$(lines 'limit nofile 100:200')" prlimit --nofile=300:400 \
		"$HOSTS/limits"
	[ "$(jq -c 'select(.event == "limit") | [.limit, .soft, .hard, .old_soft, .old_hard]' "$report")" = \
		'["nofile",100,200,300,400]' ]
}

@test "a report must not grow over the limit of files" {
	local report=$BATS_TEST_TMPDIR/report
	SANDBOX_REPORT=$report run sandboxed "$(lines 'limit fsize 1K')" "$HOSTS/limits"
	[ "$status" -eq 125 ]
	expect 'send them elsewhere (SANDBOX_REPORT)'
	SANDBOX_REPORT=$report run sandboxed "$(lines 'limit fsize 10M')" "$HOSTS/limits"
	[ "$status" -eq 0 ]
	SANDBOX_REPORT=none run sandboxed "$(lines 'limit fsize 0')" "$HOSTS/limits"
	[ "$status" -eq 0 ]
	expect '1 0 0'
}

@test "where prlimit is forbidden or missing, the limit is named, or left out when it is optional" {
	local error
	for error in EPERM ENOSYS; do
		run sandboxed "$(lines 'limit core 0')" env -u LD_PRELOAD "$HOSTS/outer" \
			"prlimit64=$error" env LD_PRELOAD="$LIBRARY" "$HOSTS/limits"
		[ "$status" -eq 125 ]
		expect "the kernel refuses 'limit core 0:0'"
		expect "$error"
		run sandboxed "$(lines 'limit core 0' 'optional limit')" env -u LD_PRELOAD \
			"$HOSTS/outer" "prlimit64=$error" env LD_PRELOAD="$LIBRARY" "$HOSTS/limits"
		[ "$status" -eq 0 ]
		expect "left out limit core ($error)"
	done
}

@test "dumpable no: the process is closed to others of its user" {
	requires setpriv
	requires_root
	publish reach
	local path
	path=$(lines 'dumpable no')
	cp "$path" "${path}c" "$public/"

	start "${unprivileged[@]}" "$public/reach" 2 own: wait:
	eventually output_has 'own: ok'
	[ "$(stat -c %u "/proc/$pid/environ")" = 65534 ]
	run "${unprivileged[@]}" "$public/reach" 1 "peek:$pid"
	expect "peek:$pid ok 2"

	start "${unprivileged[@]}" env LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$public/steps.policy" \
		"$public/reach" 2 own: wait:
	eventually output_has 'own: ok'
	[ "$(stat -c %u "/proc/$pid/environ")" = 0 ]
	run "${unprivileged[@]}" "$public/reach" 1 "peek:$pid"
	expect "peek:$pid EPERM 2"
}
