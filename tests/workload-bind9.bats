#!/usr/bin/env bats
# bind9: recorded with one workload, and under another one with the policy as it is shipped, and the
# learned one. named is one process: it has no workers that could die.

load helpers
load workloads

# What `bind9` answers with an error although named asks for it: see the comments in it.
REFUSED=(clock_nanosleep fchmod fstat ftruncate getcwd link mkdir prctl prlimit64 rt_sigaction
	sched_yield set_robust_list uname 'create /etc/bind/own.zone.jnl')

setup() {
	requires named dig rndc nsupdate
	requires_house
	port=$(free_port)
	upstream=$(free_port)
	control=$(free_port)
	dir=$(public_directory)
	mkdir "$dir/etc" "$dir/lib" "$dir/run" "$dir/upstream"
	rndc-confgen -a -c "$dir/etc/rndc.key" -A hmac-sha256 -k key >/dev/null 2>&1
	zone 20 >"$dir/etc/own.zone"
	zone 20 >"$dir/lib/dynamic.zone"
	zone 200 >"$dir/upstream/up.zone"
	configuration >"$dir/etc/named.conf"
	cat >"$dir/upstream/named.conf" <<-END
		options {
			directory "$dir/upstream"; listen-on port $upstream { 127.0.0.1; }; listen-on-v6 { none; };
			pid-file none; session-keyfile none; recursion no; allow-transfer { any; };
		};
		controls { };
		zone "up.test" { type primary; file "up.zone"; };
		zone "second.test" { type primary; file "up.zone"; };
	END
	chmod -R a+rX "$dir"
	chown -R bind "$dir/lib" "$dir/run" "$dir/upstream"
	house=(/etc/bind="$dir/etc" /var/lib/bind="$dir/lib" /run/named="$dir/run" /var/cache/bind=4m)
	named=(named -f -c /etc/bind/named.conf -u bind -n 2)
}

teardown() {
	stop_all
}

upstream_answers() {
	dig +short +time=1 +tries=1 @127.0.0.1 -p "$upstream" www.up.test | grep -q 127.0.0.9
}

# serve_upstream: beside what is tested; once.
serve_upstream() {
	upstream_answers && return
	named -f -c "$dir/upstream/named.conf" -u bind -n 1 >/dev/null 2>&1 3>&- &
	remember "$!"
	eventually upstream_answers
}

# zone NAMES
zone() {
	# shellcheck disable=SC2016  # the zone file's own word
	printf '%s\n' '$TTL 60' '@ IN SOA ns a 1 60 60 600 60' '@ IN NS ns' 'ns IN A 127.0.0.1' \
		'www IN A 127.0.0.9' "big IN TXT $(printf '"%0200d" ' 1 2 3 4 5 6 7 8)" "\$GENERATE 1-$1 h\$ A 10.0.0.\$"
}

configuration() {
	cat <<-END
		include "/etc/bind/rndc.key";
		options {
			directory "/var/cache/bind"; pid-file "/run/named/named.pid"; session-keyfile "/run/named/session.key";
			listen-on port $port { 127.0.0.1; }; listen-on-v6 { none; };
			recursion yes; allow-recursion { any; }; allow-transfer { any; }; dnssec-validation no;
		};
		controls { inet 127.0.0.1 port $control allow { any; } keys { key; }; };
		logging {
			channel file { file "/var/cache/bind/log" versions 3 size 50k; severity info; print-time yes; };
			category default { file; };
			category queries { file; };
		};
		zone "up.test" { type forward; forward only; forwarders { 127.0.0.1 port $upstream; }; };
		zone "own.test" { type primary; file "/etc/bind/own.zone"; };
		zone "dynamic.test" { type primary; file "/var/lib/bind/dynamic.zone"; allow-update { any; }; };
		zone "second.test" { type secondary; file "second.zone"; primaries { 127.0.0.1 port $upstream; }; };
	END
}

# ask NAME [OPTION...]: the answer, its lines joined.
ask() {
	dig +short +time=3 +tries=2 @127.0.0.1 -p "$port" "$@" | xargs
}

control() {
	rndc -s 127.0.0.1 -p "$control" -k "$dir/etc/rndc.key" "$@" 2>&1
}

update() {
	printf 'server 127.0.0.1 %s\nzone dynamic.test\nupdate %s\nsend\n' "$port" "$*" | nsupdate
}

answers() {
	[[ "$(ask www.own.test)" == 127.0.0.9 ]] && [[ "$(ask www.second.test)" == 127.0.0.9 ]]
}

has_address() {
	[[ "$(ask "$1")" == "$2" ]]
}

logged() {
	ask www.own.test >/dev/null
	[[ -s "$1/log" ]]
}

# client_that_goes: asks for a zone over TCP, and does not wait for it.
client_that_goes() {
	exec 9<>"/dev/tcp/127.0.0.1/$port"
	printf '\0\x1d\0\1\0\0\0\1\0\0\0\0\0\0\6second\4test\0\0\xfc\0\1' >&9
	exec 9>&- 9<&-
}

# first_workload: what is recorded.
first_workload() {
	local cache
	# what comes from elsewhere comes after the start: libuv makes its threads for it, then
	eventually has_address www.own.test 127.0.0.9
	serve_upstream
	control retransfer second.test
	eventually answers
	cache=$(inside /var/cache/bind)
	[ "$(ask www.up.test)" = 127.0.0.9 ] # recursion
	[ "$(ask h3.up.test +tcp)" = 10.0.0.3 ]
	[ "$(ask axfr own.test | wc -w)" -gt 20 ]
	ask big.up.test txt +bufsize=512 >/dev/null # truncated, and again over TCP
	client_that_goes
	update add new.dynamic.test 60 A 1.2.3.4
	[ "$(ask new.dynamic.test)" = 1.2.3.4 ]
	control status
	control reload
	control reconfig
	control freeze dynamic.test
	control thaw dynamic.test
	control dumpdb -all
	eventually test -s "$cache/named_dump.db"
	control stats
	control retransfer second.test
	control flush
	seq -f 'n%g.own.test' 800 >"$BATS_TEST_TMPDIR/names"
	dig +short +time=3 +tries=1 @127.0.0.1 -p "$port" -f "$BATS_TEST_TMPDIR/names" >/dev/null
	eventually test -e "$cache/log.0" # more than a log holds
	mv "$cache/log" "$cache/log.old"  # log rotation
	control reconfig
	eventually logged "$cache"
	kill -HUP "$pid"
	eventually answers
	fill "$cache"
	update add full.dynamic.test 60 A 1.2.3.4 || true # it may fail
	control dumpdb -all
	answers
	unfill "$cache"
	control sync -clean
	control stop
}

recorded() {
	[[ -s "$(recording bind9)" ]] && return
	record bind9 "${named[@]}"
	first_workload
	ended
}

@test "bind9: of what was recorded the shipped policy refuses what named can do without, and ends nothing" {
	recorded
	refuses_only bind9 "$(recording bind9)" "${REFUSED[@]}"
	# the control: what answers are sent with is noticed when it is not there
	sed 's/ sendmmsg$//' "$ROOT/policies/bind9.policy" >"$BATS_TEST_TMPDIR/less.policy"
	run refuses_only "$BATS_TEST_TMPDIR/less.policy" "$(recording bind9)" "${REFUSED[@]}"
	[ "$status" -eq 1 ]
	expect sendmmsg
}

# locked POLICY: the server under it; it answers.
locked() {
	serve_upstream
	enforce "$1" "${named[@]}"
	eventually answers
	eventually is_locked "$pid"
}

# second_workload: another one, for a locked server.
second_workload() {
	local cache i
	[ "$(awk '/^CapEff/ { print $2 }' "/proc/$pid/status")" = 0000000000000400 ] # ports below 1024
	cache=$(inside /var/cache/bind)
	for ((i = 1; i < 60; i++)); do
		printf 'h%d.up.test\n' "$i"
	done >"$BATS_TEST_TMPDIR/names"
	dig +short +time=3 @127.0.0.1 -p "$port" -f "$BATS_TEST_TMPDIR/names" | sort -u | wc -l | grep -qx 59
	[ "$(ask nothing.own.test)" = '' ]
	[ "$(ask nothing.up.test any +tcp)" = '' ]
	[ "$(ask big.own.test txt +tcp | wc -c)" -gt 1600 ]
	[ "$(ask axfr second.test | wc -w)" -gt 200 ]
	[ "$(ask h200.second.test +tcp +keepopen)" = 10.0.0.200 ]
	client_that_goes
	for ((i = 0; i < 20; i++)); do
		update add "a$i.dynamic.test" 60 A "10.1.1.$i"
	done
	update delete a3.dynamic.test
	[ "$(ask a3.dynamic.test)" = '' ]
	[ "$(ask a4.dynamic.test)" = 10.1.1.4 ]
	printf 'zone "late.test" { type primary; file "/etc/bind/own.zone"; };\n' >>"$dir/etc/named.conf"
	control reconfig
	eventually has_address www.late.test 127.0.0.9
	sed -i 's/127.0.0.9/127.0.0.8/; s/ a 1 / a 2 /' "$dir/etc/own.zone"
	control reload own.test
	eventually has_address www.own.test 127.0.0.8
	control querylog off
	control trace 2
	control notrace
	control recursing
	control secroots
	control notify own.test
	control refresh second.test
	control sync
	control flushname www.up.test
	control status | grep -q 'server is up and running'
	# more than a log holds: another version
	control querylog on
	seq -f 'n%g.own.test' 3000 >"$BATS_TEST_TMPDIR/names"
	dig +short +time=3 +tries=1 @127.0.0.1 -p "$port" -f "$BATS_TEST_TMPDIR/names" >/dev/null
	eventually test -e "$cache/log.0"
	# a full disk, for logs, the journal of a zone, and a dump
	fill "$cache"
	control dumpdb -all
	update add x.dynamic.test 60 A 1.2.3.4 || true # it may fail
	[ "$(ask www.own.test)" = 127.0.0.8 ]
	unfill "$cache"
	update add y.dynamic.test 60 A 1.2.3.5
	[ "$(ask y.dynamic.test)" = 1.2.3.5 ]
	kill -HUP "$pid"
	eventually has_address www.up.test 127.0.0.9
	is_locked "$pid"
	kill -TERM "$pid"
	eventually not_running "$pid"
	wait "$pid"
	no_violations
	grep -q 'y.dynamic\|^y' "$dir/lib/dynamic.zone" || [ -s "$dir/lib/dynamic.zone.jnl" ]
}

@test "bind9: under the shipped policy another workload meets no violation" {
	locked bind9
	second_workload
}

@test "bind9: what was learned with the one workload is enough for the other" {
	recorded
	locked "$(learned bind9)"
	second_workload
}

@test "bind9: the control: a zone on a path that is not given is refused; a probe that starts a program dies" {
	enforce bind9 "${named[@]}"
	eventually has_address www.own.test 127.0.0.9
	eventually is_locked "$pid"
	cp "$dir/etc/own.zone" "$dir/elsewhere.zone"
	chmod a+r "$dir/elsewhere.zone"
	printf 'zone "late.test" { type primary; file "%s/elsewhere.zone"; };\n' "$dir" >>"$dir/etc/named.conf"
	control reconfig || true # it says that a zone did not load
	eventually grep -q 'late.test.*permission denied' "$(inside /var/cache/bind/log)"
	[ "$(ask www.late.test)" = '' ]
	kill -TERM "$pid"
	eventually not_running "$pid"
	wait "$pid"
	no_violations
	cp "$HOSTS/probe" "$BATS_TEST_TMPDIR/named"
	SANDBOX_TRIGGER='epoll_wait' run sandboxed bind9 "$BATS_TEST_TMPDIR/named" execve
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
	expect 'denied execve('
}
