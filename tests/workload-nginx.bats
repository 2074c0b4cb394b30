#!/usr/bin/env bats
# nginx: recorded with one workload, and under another one with the policy as it is shipped, and the
# learned one.

load helpers
load workloads
load webservers

setup() {
	requires nginx curl openssl
	requires_house
	port=$(free_port)
	dir=$(public_directory)
	mkdir "$dir/www" "$dir/www/sub" "$dir/etc" "$dir/lib" "$dir/run"
	printf 'hello from nginx\n' >"$dir/www/index.html"
	seq 200 >"$dir/www/numbers.txt"
	head -c 3000000 /dev/urandom >"$dir/www/large.bin"
	printf 'user:{PLAIN}secret\n' >"$dir/etc/htpasswd"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
		-keyout "$dir/etc/key" -out "$dir/etc/cert" 2>/dev/null
	chmod -R a+rX "$dir"
	configuration >"$dir/etc/nginx.conf"
	house=(/etc/nginx="$dir/etc" /var/www="$dir/www" /var/lib/nginx="$dir/lib" /var/log/nginx=1m)
	nginx=(nginx -g 'daemon off;')
}

teardown() {
	[[ -n "${BATS_TEST_COMPLETED:-}" ]] || tail -n 30 "$(inside /var/log/nginx/error.log)" || true # it may be gone
	stop_all
}

configuration() {
	cat <<-END
		user www-data;
		worker_processes 2;
		pid $dir/run/pid;
		error_log /var/log/nginx/error.log notice;
		events { worker_connections 64; }
		http {
			access_log /var/log/nginx/access.log;
			sendfile on;
			tcp_nopush on;
			gzip on;
			gzip_types text/plain;
			ssl_certificate cert;
			ssl_certificate_key key;
			ssl_session_cache shared:tls:1m;
			limit_req_zone \$binary_remote_addr zone=slow:1m rate=20r/s;
			root /var/www;
			error_page 404 /index.html;
			server {
				listen 127.0.0.1:$port;
				listen unix:$dir/run/tls ssl http2;
				location / { try_files \$uri \$uri/ =404; }
				location /private/ { auth_basic x; auth_basic_user_file htpasswd; alias /var/www/; }
				location /limited/ { limit_req zone=slow burst=5; limit_rate 100k; alias /var/www/; }
				location /plain/ { sendfile off; alias /var/www/; }
				location /list/ { autoindex on; index none; alias /var/www/; }
				location /log/ { access_log /var/log/nginx/\$arg_to.log; return 204; }
				location /up/ { proxy_pass http://127.0.0.1:1/; }
			}
		}
	END
}

# secure PATH [OPTION...]: the same over TLS.
secure() {
	curl -sk --max-time 10 --unix-socket "$dir/run/tls" "https://localhost$1" "${@:2}"
}

# talk TEXT: sends it in one piece, escapes and all, and prints the answer.
talk() {
	exec 9<>"/dev/tcp/127.0.0.1/$port"
	printf '%b' "$1" | dd bs=64k iflag=fullblock >&9 2>/dev/null
	timeout 10 cat <&9
	exec 9>&-
}

answers() {
	[[ "$(get /)" == 'hello from nginx' ]]
}

workers() {
	pgrep -P "$pid" -f 'nginx: worker process$'
}

# first_workload: what is recorded.
first_workload() {
	local logs
	logs=$(inside /var/log/nginx)
	eventually answers
	eventually two_workers
	get /large.bin | cmp - "$dir/www/large.bin"
	[ "$(status_of /missing)" = 404 ]
	get /numbers.txt --compressed | cmp - "$dir/www/numbers.txt"
	get /plain/numbers.txt -r 10-19 >/dev/null
	[ "$(status_of /private/)" = 401 ]
	[ "$(status_of /private/ -u user:secret)" = 200 ]
	[ "$(status_of /sub)" = 301 ]
	[ "$(status_of / -H "X: $(printf '%02000d' 0)")" = 200 ]
	[ "$(status_of / -X GET -d body -H 'Expect: 100-continue')" = 200 ]
	abort_client get / -T "$dir/www/large.bin"
	talk 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\nmore than was asked for' | grep -q hello
	secure /numbers.txt --http2 | cmp - "$dir/www/numbers.txt"
	abort_client get /large.bin
	abort_client get /limited/large.bin

	change_workers HUP "$pid" # reload
	mv "$logs/access.log" "$logs/access.log.1"
	kill -USR1 "$pid" # log rotation
	eventually logged "$logs"
	change_workers KILL "$(workers | head -n 1)"
	fill "$logs"
	answers
	[ "$(status_of /missing)" = 404 ]
	unfill "$logs"
	answers
	kill -QUIT "$pid" # graceful
}

# recorded: the first workload's recording; made once.
recorded() {
	[[ -s "$(recording nginx)" ]] && return
	record nginx "${nginx[@]}"
	first_workload
	ended
}

@test "nginx: nothing that was recorded with one workload would be denied by the shipped policy" {
	recorded
	run covers nginx "$(recording nginx)"
	[ "$status" -eq 0 ] || {
		echo "$output"
		false
	}
	expect 'would have denied nothing'
	# the control: the workers took memory
	sed '/^  allow brk/d' "$ROOT/policies/nginx.policy" >"$BATS_TEST_TMPDIR/less.policy"
	run covers "$BATS_TEST_TMPDIR/less.policy" "$(recording nginx)"
	[ "$status" -eq 1 ]
	expect 'brk'
}

@test "nginx: what was learned is about the workers, not the master" {
	local call learned
	learned=$(learned nginx)
	recorded
	"$SANDBOXCTL" check "$learned"
	for call in execve setuid 'clone(_)' listen bind socket 'mmap(prot=PROT_EXEC)'; do
		run "$SANDBOXCTL" explain "$learned" "$call"
		[ "$status" -eq 1 ]
	done
}

# locked POLICY: the server under it; it answers.
locked() {
	enforce "$1" "${nginx[@]}"
	eventually answers
	eventually workers_locked
}

# second_workload: another one, for a locked server.
second_workload() {
	local logs
	logs=$(inside /var/log/nginx)
	# many at once, on connections that stay
	get '/numbers.txt?[1-60]' -Z --parallel-max 20 -o /dev/null 2>/dev/null
	get /large.bin -r 0-9,2999990- | grep -aci '^content-range' | grep -qx 2
	get / --http1.0 | grep -q hello
	get / -I | grep -q '200 OK'
	[ "$(status_of / -z "$dir/www/index.html")" = 304 ]
	[ "$(status_of '/%2e%2e/%2e%2e/etc/passwd')" = 400 ]
	[ "$(status_of / -X BREW)" = 405 ]
	[ "$(status_of / -H "X: $(printf '%040000d' 0)")" = 400 ]
	talk 'nonsense\r\n\r\n' | grep -q '400 Bad Request'
	get '/limited/?[1-8]' -Z -o /dev/null 2>/dev/null
	# TLS: resumed sessions, an old version, a client that hangs up
	openssl s_client -unix "$dir/run/tls" -reconnect -tls1_2 </dev/null 2>/dev/null | grep -q '^Reused'
	secure /large.bin --http1.1 | cmp - "$dir/www/large.bin"
	abort_client secure /large.bin
	abort_client get /large.bin -T "$dir/www/large.bin"
	[ "$(status_of '/log/?to=a')" = 204 ]
	eventually test -s "$logs/a.log"

	# a full disk when logs are rotated, and a new log's name
	fill "$logs"
	mv "$logs/access.log" "$logs/access.log.1"
	kill -USR1 "$pid"
	eventually test -e "$logs/access.log"
	[ "$(status_of '/log/?to=b')" = 204 ]
	answers
	rm "$logs/access.log.1"
	unfill "$logs"
	eventually logged "$logs"

	change_workers SEGV "$(workers | tail -n 1)"
	change_workers HUP "$pid"
	change_workers TERM "$(workers | head -n 1)"
	eventually workers_locked
	[ "$(seccomp_of "$pid")" = 0 ]
	cp "$logs/error.log" "$BATS_TEST_TMPDIR/error.log"
	kill -TERM "$pid" # fast
	eventually not_running "$pid"
	wait "$pid"
	no_violations "$BATS_TEST_TMPDIR/error.log"
}

@test "nginx: under the shipped policy another workload meets no violation" {
	locked nginx
	second_workload
}

@test "nginx: what was learned with the one workload is enough for the other" {
	recorded
	locked "$(learned nginx)"
	second_workload
}

@test "nginx: what only nginx-more gives is reported and fails; the worker lives" {
	local before
	enforce nginx "${nginx[@]}"
	eventually answers
	eventually workers_locked
	before=$(workers | xargs)
	get /list/ | refute grep -q numbers.txt
	eventually grep -q '"event":"denied".*"syscall":"getdents64"' "$events"
	answers
	[ "$(workers | xargs)" = "$before" ]
}

@test "nginx-more: lists of files, threads, read-ahead, several addresses; two workloads in one" {
	sed -i -e "s/listen 127.0.0.1:$port;/listen $port; listen 127.0.0.2:$port;/" \
		-e 's/alias .*; }/& # more/' -e 's/sendfile on;/aio threads; read_ahead 64k; directio 2m;/' \
		-e 's/arg_to/server_addr/' "$dir/etc/nginx.conf"
	enforce nginx-more "${nginx[@]}"
	eventually answers
	eventually workers_locked
	[ "$(thread_count "$(workers | head -n 1)")" -eq 33 ]
	get /list/ | grep -q numbers.txt
	get /large.bin | cmp - "$dir/www/large.bin"
	get '/numbers.txt?[1-60]' -Z --parallel-max 20 -o /dev/null 2>/dev/null
	[ "$(status_of '/log/?to=a')" = 204 ]
	eventually test -e "$(inside /var/log/nginx/127.0.0.1.log)"
	change_workers HUP "$pid"
	eventually workers_locked
	kill -QUIT "$pid"
	eventually not_running "$pid"
	wait "$pid"
	no_violations
}

@test "nginx-proxy: files that clients put, move and delete, and answers that are stored" {
	local dav stored
	mkdir "$dir/lib/dav" "$dir/lib/stored"
	chown www-data "$dir/lib/dav" "$dir/lib/stored"
	dav='location /dav/ { root /var/lib/nginx; dav_methods PUT DELETE MKCOL COPY MOVE;'
	dav+=' create_full_put_path on; client_max_body_size 4m; dav_access user:rw group:rw all:r; }'
	stored='location /stored/ { root /var/lib/nginx; proxy_store on; proxy_store_access user:rw group:r;'
	stored+=" proxy_pass http://127.0.0.1:$port/; }"
	sed -i "s|location /up/.*|$dav $stored|" "$dir/etc/nginx.conf"
	enforce nginx-proxy "${nginx[@]}"
	eventually answers
	eventually workers_locked
	[ "$(status_of /dav/new/ -X MKCOL)" = 201 ]
	[ "$(status_of /dav/a/b/file -T "$dir/www/large.bin" -H 'Date: Sun, 22 Nov 2026 10:00:00 GMT')" = 201 ]
	[ "$(status_of /dav/a/b/file -X COPY -H 'Destination: /dav/new/copy')" = 204 ]
	[ "$(status_of /dav/a/b/file -X MOVE -H 'Destination: /dav/new/file')" = 204 ]
	cmp "$dir/lib/dav/new/file" "$dir/www/large.bin"
	cmp "$dir/lib/dav/new/copy" "$dir/www/large.bin"
	[ "$(stat -c %a "$dir/lib/dav/new/file")" = 664 ]
	[ "$(status_of /dav/new/file -X DELETE)" = 204 ]
	[ "$(status_of /dav/new/ -X DELETE)" = 204 ]
	[ ! -e "$dir/lib/dav/new" ]
	get /stored/numbers.txt | cmp - "$dir/www/numbers.txt"
	eventually test -s "$dir/lib/stored/numbers.txt"
	[ "$(stat -c %a "$dir/lib/stored/numbers.txt")" = 640 ]
	kill -QUIT "$pid"
	eventually not_running "$pid"
	wait "$pid"
	no_violations
	# the control: nginx writes nothing for clients
	rm "$events"
	enforce nginx-more "${nginx[@]}"
	eventually answers
	[ "$(status_of /dav/new/ -X MKCOL)" != 201 ]
	[ ! -e "$dir/lib/dav/new" ]
}

@test "nginx: the control: a request that needs a socket ends its worker, with a report" {
	enforce nginx "${nginx[@]}"
	eventually answers
	eventually workers_locked
	refute get /up/
	eventually grep -q '"event":"denied".*"syscall":"socket"' "$events"
	eventually grep -q 'exited on signal 31' "$(inside /var/log/nginx/error.log)"
	refute no_violations
	eventually workers_locked
	answers
}
