#!/usr/bin/env bats
# lighttpd: recorded with one workload, and under another one with the policy as it is shipped, and the
# learned one.

load helpers
load workloads
load webservers

setup() {
	requires lighttpd curl openssl
	requires_house
	port=$(free_port)
	dir=$(public_directory)
	mkdir "$dir/www" "$dir/www/sub" "$dir/etc" "$dir/run" "$dir/cache" "$dir/cache/uploads" "$dir/cache/compress"
	printf 'hello from lighttpd\n' >"$dir/www/index.html"
	printf 'size: <!--#fsize file="numbers.txt" --> <!--#include file="numbers.txt" -->\n' >"$dir/www/page.shtml"
	seq 20000 >"$dir/www/numbers.txt"
	head -c 3000000 /dev/urandom >"$dir/www/large.bin"
	printf 'user:secret\n' >"$dir/etc/passwords"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
		-keyout "$dir/etc/key" -out "$dir/etc/cert" 2>/dev/null
	cat "$dir/etc/key" "$dir/etc/cert" >"$dir/etc/server.pem"
	chmod -R a+rX "$dir"
	chown -R www-data "$dir/cache" "$dir/run"
	configuration >"$dir/etc/lighttpd.conf"
	house=(/etc/lighttpd="$dir/etc" /var/www="$dir/www" /var/cache/lighttpd="$dir/cache" /var/log/lighttpd=1m)
	lighttpd=(lighttpd -D -f /etc/lighttpd/lighttpd.conf)
}

teardown() {
	stop_all
}

configuration() {
	cat <<-END
		server.modules = ("mod_indexfile", "mod_access", "mod_alias", "mod_redirect", "mod_rewrite",
			"mod_auth", "mod_authn_file", "mod_status", "mod_ssi", "mod_accesslog", "mod_deflate",
			"mod_openssl", "mod_dirlisting", "mod_staticfile")
		server.document-root = "/var/www"
		server.upload-dirs = ("/var/cache/lighttpd/uploads")
		server.errorlog = "/var/log/lighttpd/error.log"
		accesslog.filename = "/var/log/lighttpd/access.log"
		server.pid-file = "$dir/run/pid"
		server.username = "www-data"
		server.groupname = "www-data"
		server.port = $port
		server.bind = "127.0.0.1"
		server.feature-flags = ("server.h2proto" => "enable", "server.h2c" => "enable",
			"server.graceful-shutdown-timeout" => 5)
		index-file.names = ("index.html")
		url.access-deny = ("~", ".inc")
		alias.url = ("/limited/" => "/var/www/", "/private/" => "/var/www/", "/list/" => "/var/www/")
		url.redirect = ("^/old" => "/index.html")
		ssi.extension = (".shtml")
		status.status-url = "/server-status"
		deflate.mimetypes = ("text/plain", "text/html")
		deflate.allowed-encodings = ("gzip", "deflate", "br", "zstd")
		mimetype.assign = (".html" => "text/html", ".txt" => "text/plain", ".shtml" => "text/html")
		auth.backend = "plain"
		auth.backend.plain.userfile = "/etc/lighttpd/passwords"
		auth.require = ("/private/" => ("method" => "basic", "realm" => "x", "require" => "valid-user"))
		\$HTTP["url"] =~ "^/limited/" { connection.kbytes-per-second = 100 }
		\$HTTP["url"] =~ "^/list/" { index-file.names = () dir-listing.activate = "enable" }
		\$SERVER["socket"] == "$dir/run/tls" { ssl.engine = "enable" ssl.pemfile = "/etc/lighttpd/server.pem" }
		$*
	END
}

# secure PATH [OPTION...]: the same over TLS.
secure() {
	curl -sk --max-time 10 --unix-socket "$dir/run/tls" "https://localhost$1" "${@:2}"
}

answers() {
	[[ "$(get /)" == 'hello from lighttpd' ]]
}

# first_workload: what is recorded.
first_workload() {
	local logs
	logs=$(inside /var/log/lighttpd)
	eventually answers
	get /large.bin | cmp - "$dir/www/large.bin"
	[ "$(status_of /missing)" = 404 ]
	[ "$(status_of /secret.inc)" = 403 ]
	[ "$(status_of /sub)" = 301 ]
	[ "$(status_of /old)" = 301 ]
	[ "$(status_of / -H "X: $(printf '%060000d' 0)")" = 431 ]
	get /numbers.txt --compressed | cmp - "$dir/www/numbers.txt"
	get /numbers.txt --compressed | cmp - "$dir/www/numbers.txt"
	get /numbers.txt -r 10-19,30-39 >/dev/null
	get /page.shtml | grep -q 'size: 108894 1$'
	get /server-status | grep -q Uptime
	[ "$(status_of /private/)" = 401 ]
	[ "$(status_of /private/ -u user:secret)" = 200 ]
	secure /numbers.txt --http2 | cmp - "$dir/www/numbers.txt"
	get /numbers.txt --http2-prior-knowledge | cmp - "$dir/www/numbers.txt"
	[ "$(status_of / -T "$dir/www/large.bin")" = 501 ]
	abort_client get / -T "$dir/www/large.bin"
	abort_client get /large.bin
	abort_client get /limited/large.bin

	mv "$logs/access.log" "$logs/access.log.1"
	kill -HUP "$pid" # log rotation
	eventually logged "$logs"
	fill "$logs"
	answers
	[ "$(status_of /missing)" = 404 ]
	sleep 2
	unfill "$logs"
	answers
	kill -INT "$pid" # graceful
}

# workers: those of server.max-worker.
workers() {
	pgrep -P "$pid" -x lighttpd
}

# first_workers: what is recorded of a parent with two workers.
first_workers() {
	eventually answers
	eventually two_workers
	change_workers KILL "$(workers | tail -n 1)"
	change_workers USR1 "$pid" # reload
	kill -INT "$pid"
}

# second_workers POLICY: another one, for a parent whose workers are locked.
second_workers() {
	configuration 'server.max-worker = 2' >"$dir/etc/lighttpd.conf"
	enforce "$1" "${lighttpd[@]}"
	eventually answers
	eventually workers_locked
	[ "$(seccomp_of "$pid")" = 0 ]
	change_workers SEGV "$(workers | head -n 1)"
	eventually workers_locked
	get /numbers.txt | cmp - "$dir/www/numbers.txt"
	change_workers USR1 "$pid" # graceful restart
	eventually workers_locked
	kill -HUP "$pid"
	get '/numbers.txt?[1-60]' -Z --parallel-max 20 -o /dev/null 2>/dev/null
	kill -INT "$pid"
	eventually not_running "$pid"
	no_violations
}

# recorded: the first workload's recording, of one server and of one with workers; made once.
recorded() {
	[[ -s "$(recording lighttpd)" ]] && return
	record lighttpd "${lighttpd[@]}"
	first_workload
	ended
	configuration 'server.max-worker = 2' >"$dir/etc/lighttpd.conf"
	record lighttpd "${lighttpd[@]}"
	first_workers
	ended
	configuration >"$dir/etc/lighttpd.conf"
}

@test "lighttpd: nothing that was recorded with one workload would be denied by the shipped policy" {
	recorded
	# the kernel's TLS, and what qsort asks, are refused on purpose; the PID file is in nobody's directory
	run covers lighttpd "$(recording lighttpd)" "^  (setsockopt\\(_, (IPPROTO_TCP, 31|SOL_TLS, 1)\\)|sysinfo|create $dir/run/pid):"
	[ "$status" -eq 0 ] || {
		echo "$output"
		false
	}
	# the control: it took memory
	sed '/^  allow brk/d' "$ROOT/policies/lighttpd.policy" >"$BATS_TEST_TMPDIR/less.policy"
	run covers "$BATS_TEST_TMPDIR/less.policy" "$(recording lighttpd)" setsockopt
	[ "$status" -eq 1 ]
	expect 'munmap'
}

# locked POLICY: the server under it; it answers.
locked() {
	enforce "$1" "${lighttpd[@]}"
	eventually answers
	eventually is_locked "$pid"
}

# second_workload: another one, for a locked server.
second_workload() {
	local logs status=0
	logs=$(inside /var/log/lighttpd)
	get '/numbers.txt?[1-60]' -Z --parallel-max 20 -o /dev/null 2>/dev/null
	get '/limited/index.html?[1-9]' -Z -o /dev/null 2>/dev/null
	get / --http1.0 | grep -q hello
	get / -I | grep -q '200 OK'
	[ "$(status_of / -z "$dir/www/index.html")" = 304 ]
	[ "$(status_of /numbers.txt -r 200000-)" = 416 ]
	[ "$(status_of /../../etc/passwd --path-as-is)" = 404 ]
	[ "$(status_of / -X BREW)" = 501 ]
	[ "$(status_of / -H "X: $(printf '%040000d' 0)")" = 431 ]
	[ "$(status_of /private/ -u user:wrong)" = 401 ]
	get /page.shtml --compressed | grep -q '^20000'
	get /server-status?json | grep -q RequestsTotal
	openssl s_client -unix "$dir/run/tls" -tls1_2 </dev/null 2>/dev/null | grep -q 'Cipher is'
	secure /large.bin --http1.1 | cmp - "$dir/www/large.bin"
	secure '/large.bin?[1-5]' --http2 -Z -o /dev/null 2>/dev/null
	abort_client secure /large.bin
	abort_client get /numbers.txt --compressed
	[ "$(status_of / -d "@$dir/www/large.bin" -H 'Expect: 100-continue')" != 000 ]

	# a full disk when logs are rotated, and when a body has to wait in a file
	fill "$logs"
	mv "$logs/access.log" "$logs/access.log.1"
	kill -HUP "$pid"
	eventually test -e "$logs/access.log"
	answers
	rm "$logs/access.log.1"
	unfill "$logs"
	eventually logged "$logs"
	kill -TERM "$pid"
	eventually not_running "$pid"
	wait "$pid" || status=$?
	[ "$status" -le 1 ] # 1 at times, without a lock too
	no_violations
}

@test "lighttpd: under the shipped policy another workload meets no violation" {
	locked lighttpd
	second_workload
}

@test "lighttpd: what was learned with the one workload is enough for the other" {
	recorded
	locked "$(learned lighttpd)"
	second_workload
	rm "$events"
	second_workers "$(learned lighttpd)"
}

@test "lighttpd: a graceful restart without a parent ends the locked server, with a report" {
	enforce lighttpd "${lighttpd[@]}"
	eventually answers
	eventually is_locked "$pid"
	kill -USR1 "$pid"
	eventually not_running "$pid"
	local status=0
	wait "$pid" || status=$?
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
	refute no_violations
}

@test "lighttpd: what clients ask for in vain is reported and fails; the server lives" {
	# shellcheck disable=SC2016  # lighttpd's words
	configuration '$HTTP["url"] =~ "^/up/" { proxy.server = ("" => (("host" => "127.0.0.1", "port" => 1))) }' \
		'$HTTP["url"] =~ "^/run/" { cgi.assign = ("" => "") }' |
		sed 's/"mod_dirlisting"/"mod_proxy", "mod_cgi", &/' >"$dir/etc/lighttpd.conf"
	mkdir "$dir/www/run"
	printf '#!/bin/sh\necho; echo ran\n' >"$dir/www/run/program"
	chmod 755 "$dir/www/run/program"
	enforce lighttpd "${lighttpd[@]}"
	eventually answers
	eventually is_locked "$pid"
	[[ "$(status_of /up/)" == 50? ]]
	eventually grep -q '"event":"denied".*"syscall":"socket"' "$events"
	[ "$(get /run/program)" != ran ]
	[[ "$(get /list/)" != *numbers.txt* ]]
	eventually grep -q '"event":"denied".*"syscall":"fcntl"' "$events"
	refute no_violations
	answers
	is_locked "$pid"
	kill -TERM "$pid"
	eventually not_running "$pid"
	# the control: all three work without a lock
	start at_home "${lighttpd[@]}"
	eventually answers
	[ "$(get /run/program)" = ran ]
	get /list/ | grep -q numbers.txt
}

@test "lighttpd: a parent with workers reloads, and replaces the dead; each worker locks itself" {
	second_workers lighttpd
}

@test "lighttpd-more: lists of directories, caches, types from attributes" {
	configuration 'dir-listing.cache = ("max-age" => 60, "path" => "/var/cache/lighttpd")' \
		'deflate.cache-dir = "/var/cache/lighttpd/compress/"' 'mimetype.use-xattr = "enable"' >"$dir/etc/lighttpd.conf"
	enforce lighttpd-more "${lighttpd[@]}"
	eventually answers
	eventually is_locked "$pid"
	get /list/ | grep -q numbers.txt
	get /list/ | grep -q large.bin
	get /numbers.txt --compressed | cmp - "$dir/www/numbers.txt"
	get /numbers.txt --compressed -D - -o /dev/null | grep -q 'Content-Encoding: '
	find "$dir/cache" -path "$dir/cache/compress" -prune -o -type f -print | grep -q . # of lists
	find "$dir/cache/compress" -type f | grep -q .
	kill -INT "$pid"
	eventually not_running "$pid"
	wait "$pid"
	no_violations
}
