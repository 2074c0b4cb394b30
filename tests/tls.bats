#!/usr/bin/env bats
# TLS under the shipped policies: handshakes, resumed sessions, clients that go away, the kernel's TLS
# asked for, and an hour later, when OpenSSL wants fresh random numbers from the kernel. Files and other
# requests over TLS: workload-*.bats. The kernel of the tests may have no TLS of its own (CONFIG_TLS);
# what a policy answers to a server that asks for it is tested, its records in the kernel are not.

load helpers
load workloads

setup() {
	requires openssl
	requires_house
	port=$(free_port)
	dir=$(public_directory)
	mkdir "$dir/etc" "$dir/www" "$dir/run"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 -subj /CN=localhost \
		-keyout "$dir/etc/key" -out "$dir/etc/cert" 2>/dev/null
	cat "$dir/etc/key" "$dir/etc/cert" >"$dir/etc/both"
	head -c 3000000 /dev/urandom >"$dir/www/large.bin"
	chmod -R a+rX "$dir"
	house=()
	hasten
}

teardown() {
	stop_all
}

# hasten: what starts from here on lives an hour in three seconds, as far as OpenSSL is concerned.
hasten() {
	LIBRARY="$BUILD/libsandbox.so $HOSTS/hours.so"
}

# session [OPTION...]: TLS with the server; standard input goes there, what comes is printed.
session() {
	timeout 10 openssl s_client -quiet -no_ign_eof -connect "127.0.0.1:$port" "$@" 2>/dev/null
}

# ask LINE [OPTION...]: one line, and what comes within a moment.
ask() {
	{
		printf '%b\r\n' "$1"
		sleep 0.5
	} | session "${@:2}"
}

asks() {
	ask "$1" | grep -q "$2"
}

# handshakes: new sessions, old ones, what is refused, and clients that go away.
handshakes() {
	local i
	openssl s_client -connect "127.0.0.1:$port" -tls1_2 -reconnect </dev/null 2>/dev/null | grep -q '^Reused'
	refute openssl s_client -connect "127.0.0.1:$port" -tls1_1 </dev/null 2>/dev/null
	for ((i = 0; i < 5; i++)); do
		exec 9<>"/dev/tcp/127.0.0.1/$port"
		printf '\x16\x03\x01\x02\x00\x01' >&9 || true # a hello that ends
		exec 9>&-
	done
	exec 9<>"/dev/tcp/127.0.0.1/$port"
	printf 'GET / HTTP/1.0\r\n\r\n' >&9 || true # no TLS at all
	timeout 1 cat <&9 >/dev/null || true
	exec 9>&-
}

# hours_pass COMMAND...: again and again, for an hour and more. One answer may come too late to be
# read on a busy machine; a server that stopped gives none at all.
hours_pass() {
	local deadline=$((SECONDS + 5))
	while [[ "$SECONDS" -lt "$deadline" ]]; do
		eventually "$@"
		sleep 0.1
	done
}

# ended_of CALL: the server died of it, an hour later at most.
ended_of() {
	local status=0
	eventually not_running "$pid"
	wait "$pid" || status=$?
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
	grep -q "\"event\":\"denied\".*\"syscall\":\"$1\"" "$events"
}

stops() {
	kill -TERM "$1"
	eventually not_running "$1"
	wait "$1"
}

# --- redis -----------------------------------------------------------------------------------------

cli() {
	redis-cli --tls --insecure -p "$port" "$@"
}

redis_answers() {
	[[ "$(cli ping 2>/dev/null)" == PONG ]]
}

start_redis() {
	requires redis-server redis-cli
	enforce "$1" redis-server --port 0 --tls-port "$port" --tls-cert-file "$dir/etc/cert" \
		--tls-key-file "$dir/etc/key" --tls-ca-cert-file "$dir/etc/cert" --tls-auth-clients optional \
		--save '' --jemalloc-bg-thread no --dir "$dir/run"
	eventually redis_answers
	eventually is_locked "$pid"
}

@test "redis over TLS: sessions, new certificates, and an hour later, without a violation" {
	start_redis redis
	handshakes
	[ "$(cli --cert "$dir/etc/cert" --key "$dir/etc/key" set a 1)" = OK ]
	cli setrange big 2000000 x >/dev/null
	[ "$(cli get big | wc -c)" -eq 2000002 ]
	[ "$(cli config set tls-cert-file "$dir/etc/cert" tls-session-caching no)" = OK ]
	hours_pass redis_answers
	is_locked "$pid"
	stops "$pid"
	no_violations
}

@test "redis-cache over TLS serves, and ends when OpenSSL wants random numbers, with a report" {
	start_redis redis-cache
	eventually refute redis_answers
	ended_of getrandom
}

# --- memcached -------------------------------------------------------------------------------------

memcached_answers() {
	asks version '^VERSION'
}

# start_memcached POLICY: with TLS, its sessions, and the kernel's TLS.
start_memcached() {
	requires memcached
	enforce "$1" memcached -u nobody -l 127.0.0.1 -p "$port" -t 2 -Z \
		-o "ssl_chain_cert=$dir/etc/cert,ssl_key=$dir/etc/key,ssl_session_cache,ssl_kernel_tls"
	eventually memcached_answers
	eventually is_locked "$pid"
}

@test "memcached-full over TLS: sessions, the kernel's TLS, and an hour later, without a violation" {
	start_memcached memcached-full
	handshakes
	eventually asks 'set a 0 0 5\r\nvalue\r\nget a' '^value'
	eventually asks refresh_certs '^Error loading' # no file is there
	hours_pass memcached_answers
	is_locked "$pid"
	stops "$pid"
	no_violations
}

@test "memcached over TLS serves, and ends when OpenSSL wants random numbers, with a report" {
	start_memcached memcached
	eventually refute memcached_answers
	ended_of getrandom
}

# --- web servers -----------------------------------------------------------------------------------

get() {
	curl -sk --max-time 10 "https://127.0.0.1:$port$1" "${@:2}"
}

web_answers() {
	get /large.bin --no-sessionid | cmp -s - "$dir/www/large.bin"
}

# children: of a master; their locks are looked at.
children() {
	pgrep -r DRS -P "$pid"
}

children_locked() {
	# shellcheck disable=SC2046  # a list
	all_locked $(children)
}

# web_workload POLICY LOCKED...: TLS for a web server. LOCKED: what says that it is.
web_workload() {
	local policy=$1
	shift
	eventually web_answers
	eventually "$@"
	handshakes
	web_answers
	get /large.bin --limit-rate 200k --max-time 0.3 -o /dev/null || true # goes away
	get '/large.bin?[1-5]' -Z -o /dev/null 2>/dev/null
	get /large.bin --http1.1 --tls-max 1.2 | cmp - "$dir/www/large.bin"
	[[ "$policy" == *-more ]] || hours_pass web_answers # it includes the other one
	"$@"
	stops "$pid"
	no_violations
}

@test "nginx over TLS, the kernel's asked for: sessions, and an hour later, without a violation" {
	local policy
	requires nginx curl
	house=(/etc/nginx="$dir/etc" /var/www="$dir/www" /var/log/nginx=1m)
	cat >"$dir/etc/nginx.conf" <<-END
		user www-data;
		worker_processes 1;
		daemon off;
		pid $dir/run/pid;
		error_log /var/log/nginx/error.log;
		events { }
		http {
			access_log off;
			sendfile on;
			server {
				listen 127.0.0.1:$port ssl http2;
				ssl_certificate cert;
				ssl_certificate_key key;
				ssl_conf_command Options KTLS;
				root /var/www;
			}
		}
	END
	for policy in nginx nginx-more; do
		enforce "$policy" nginx
		web_workload "$policy" children_locked
		rm "$events"
	done
}

@test "lighttpd with mod_openssl: sessions, and an hour later, without a violation" {
	local policy
	requires lighttpd curl
	house=(/etc/lighttpd="$dir/etc" /var/www="$dir/www" /var/log/lighttpd=1m)
	cat >"$dir/etc/lighttpd.conf" <<-END
		server.modules = ("mod_openssl")
		server.document-root = "/var/www"
		server.errorlog = "/var/log/lighttpd/error.log"
		server.username = "www-data"
		server.groupname = "www-data"
		server.port = $port
		server.bind = "127.0.0.1"
		ssl.engine = "enable"
		ssl.pemfile = "/etc/lighttpd/both"
		ssl.openssl.ssl-conf-cmd = ("Options" => "KTLS")
	END
	for policy in lighttpd lighttpd-more; do
		enforce "$policy" lighttpd -D -f /etc/lighttpd/lighttpd.conf
		web_workload "$policy" is_locked "$pid"
		rm "$events"
	done
}

@test "apache2 with mod_ssl, the kernel's TLS asked for: sessions, and an hour later, without a violation" {
	requires apache2 curl
	house=(/etc/apache2="$dir/etc" /var/www="$dir/www")
	cat >"$dir/etc/apache2.conf" <<-END
		ServerRoot /etc/apache2
		ServerName localhost
		PidFile $dir/run/pid
		DefaultRuntimeDir $dir/run
		ErrorLog $dir/run/error.log
		User www-data
		Group www-data
		Listen 127.0.0.1:$port
		LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
		LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
		LoadModule socache_shmcb_module /usr/lib/apache2/modules/mod_socache_shmcb.so
		LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
		StartServers 1
		EnableSendfile On
		DocumentRoot /var/www
		SSLEngine on
		SSLSessionCache shmcb:$dir/run/sessions(512000)
		SSLCertificateFile /etc/apache2/cert
		SSLCertificateKeyFile /etc/apache2/key
		SSLOpenSSLConfCmd Options KTLS
	END
	enforce apache2 apache2 -DFOREGROUND -f /etc/apache2/apache2.conf
	web_workload apache2 children_locked
}
