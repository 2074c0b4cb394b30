#!/usr/bin/env bats
# apache2: recorded with one workload, and under another one with the policy as it is shipped, and the
# learned one. Debian's own configuration with the event MPM, and TLS.

load helpers
load workloads
load webservers

setup() {
	requires apache2 curl openssl htpasswd
	[[ -d /etc/apache2/mods-enabled ]] || skip 'the configuration of Debian is not installed'
	requires_house
	port=$(free_port)
	dir=$(public_directory)
	mkdir "$dir/www" "$dir/www/sub" "$dir/www/private" "$dir/run"
	printf 'hello from apache\n' >"$dir/www/index.html"
	seq 20000 >"$dir/www/numbers.txt"
	head -c 3000000 /dev/urandom >"$dir/www/large.bin"
	printf 'hallo\n' >"$dir/www/page.html.de"
	printf 'hello\n' >"$dir/www/page.html.en"
	printf '%s\n' 'AuthType Basic' 'AuthName x' 'AuthUserFile /etc/apache2/passwords' \
		'Require valid-user' >"$dir/www/private/.htaccess"
	configuration
	chmod -R a+rX "$dir"
	house=(/etc/apache2="$dir/etc" /var/www="$dir/www" /var/log/apache2=1m)
	export APACHE_RUN_USER=www-data APACHE_RUN_GROUP=www-data APACHE_PID_FILE=$dir/run/pid \
		APACHE_RUN_DIR=$dir/run APACHE_LOCK_DIR=$dir/run APACHE_LOG_DIR=/var/log/apache2
	apache2=(apache2 -DFOREGROUND)
}

teardown() {
	stop_all
}

# configuration: Debian's with TLS, on ports of the test's.
configuration() {
	local module
	cp -r /etc/apache2 "$dir/etc"
	for module in ssl.load ssl.conf socache_shmcb.load; do
		ln -s "../mods-available/$module" "$dir/etc/mods-enabled/$module"
	done
	rm -f "$dir"/etc/sites-enabled/*
	secure_port=$(free_port)
	htpasswd -bcB "$dir/etc/passwords" user secret 2>/dev/null
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
		-keyout "$dir/etc/key" -out "$dir/etc/cert" 2>/dev/null
	printf 'Listen %s\n' "$port" "127.0.0.1:$secure_port" >"$dir/etc/ports.conf"
	cat >"$dir/etc/sites-enabled/test.conf" <<-END
		ServerName localhost
		LogLevel notice
		DocumentRoot /var/www
		CustomLog \${APACHE_LOG_DIR}/access.log combined
		<Directory /var/www/>
			Options Indexes FollowSymLinks MultiViews
			AllowOverride AuthConfig
		</Directory>
		<Location /large.bin>
			EnableSendfile On
		</Location>
		<VirtualHost 127.0.0.1:$secure_port>
			SSLEngine on
			SSLCertificateFile /etc/apache2/cert
			SSLCertificateKeyFile /etc/apache2/key
		</VirtualHost>
	END
}

# other_configuration: what the recording had not.
other_configuration() {
	printf '%s\n' 'MaxConnectionsPerChild 40' 'SSLSessionCacheTimeout 5' >>"$dir/etc/sites-enabled/test.conf"
}

# secure PATH [OPTION...]: the same over TLS.
secure() {
	curl -sk --max-time 10 "https://127.0.0.1:$secure_port$1" "${@:2}"
}

answers() {
	[[ "$(get /)" == 'hello from apache' ]]
}

children() {
	pgrep -r DRS -P "$pid" -x apache2 # the dead are buried later
}

two_children() {
	[[ "$(children | wc -l)" -ge 2 ]]
}

children_locked() {
	# shellcheck disable=SC2046  # a list
	two_children && all_locked $(children)
}

# no_child_of PID...: all of these have gone, and there are others.
others_than() {
	local child
	for child; do
		not_running "$child" || return 1
	done
	two_children
}

# change_children SIGNAL PID [PID...]: and those children have gone.
change_children() {
	kill "-$1" "$2"
	eventually others_than "${@:3}"
	eventually answers
}

# locked POLICY: the server under it; it answers.
locked() {
	enforce "$1" "${apache2[@]}"
	eventually answers
	eventually children_locked
	[ "$(seccomp_of "$pid")" = 0 ]
}

# first_workload: what is recorded.
first_workload() {
	local logs
	logs=$(inside /var/log/apache2)
	eventually answers
	eventually two_children
	get /large.bin | cmp - "$dir/www/large.bin"
	[ "$(status_of /missing)" = 404 ]
	[ "$(status_of /sub)" = 301 ]
	get /sub/ | grep -q 'Index of'
	get /numbers.txt --compressed | cmp - "$dir/www/numbers.txt"
	get /numbers.txt -r 10-19,30-39 >/dev/null
	get /page -H 'Accept-Language: de' | grep -q hallo
	[ "$(status_of /private/)" = 401 ]
	[ "$(status_of /private/ -u user:secret)" = 200 ]
	get /server-status | grep -q 'Apache Status'
	secure /numbers.txt | cmp - "$dir/www/numbers.txt"
	[ "$(status_of / -d "$(seq 2000)" -H 'Expect: 100-continue')" = 200 ]
	abort_client get / -T "$dir/www/large.bin"
	abort_client get /large.bin
	abort_client secure /large.bin

	mv "$logs/access.log" "$logs/access.log.1"
	get /large.bin --limit-rate 2M -o /dev/null 3>&- & # its child waits for it
	sleep 0.3
	# shellcheck disable=SC2046  # a list
	change_children USR1 "$pid" $(children) # log rotation, and reload
	eventually logged "$logs"
	change_children KILL "$(children | head -n 1)" "$(children | head -n 1)"
	change_children SEGV "$(children | head -n 1)" "$(children | head -n 1)"
	fill "$logs"
	answers
	[ "$(status_of /missing)" = 404 ]
	unfill "$logs"
	answers
	kill -WINCH "$pid" # graceful
}

# recorded: the first workload's recording; made once.
recorded() {
	[[ -s "$(recording apache2)" ]] && return
	record apache2 "${apache2[@]}"
	first_workload
	ended
}

@test "apache2: nothing that was recorded with one workload would be denied by the shipped policy" {
	recorded
	# whom kill is for was not recorded: it is the child itself, at its end, or when it crashed (and may
	# abort over it); what qsort asks is refused on purpose
	run covers apache2 "$(recording apache2)" \
		'^  (sysinfo:|kill\\(_, SIG(TERM|SEGV|ABRT)\\): .* for some values of what was not recorded)'
	[ "$status" -eq 0 ] || {
		echo "$output"
		false
	}
	# the control: it read directories
	sed 's/ getdents64$//' "$ROOT/policies/apache2.policy" >"$BATS_TEST_TMPDIR/less.policy"
	run covers "$BATS_TEST_TMPDIR/less.policy" "$(recording apache2)" kill
	[ "$status" -eq 1 ]
	expect 'getdents64'
}

# second_workload: another one, for a locked server.
second_workload() {
	local logs
	logs=$(inside /var/log/apache2)
	get '/numbers.txt?[1-200]' -Z --parallel-max 60 -o /dev/null 2>/dev/null # children come and go
	get /large.bin | cmp - "$dir/www/large.bin"
	get / --http1.0 | grep -q hello
	get / -I | grep -q '200 OK'
	[ "$(status_of / -z "$dir/www/index.html")" = 304 ]
	[ "$(status_of /numbers.txt -r 200000-)" = 416 ]
	[ "$(status_of /../../etc/passwd --path-as-is)" = 400 ]
	[[ "$(status_of / -X BREW)" == [45]0? ]]
	[ "$(status_of / -H "X: $(printf '%040000d' 0)")" = 400 ]
	[ "$(status_of /private/ -u user:wrong)" = 401 ]
	[ "$(status_of /icons/folder.png)" = 200 ]
	get '/?C=S;O=D' | grep -q hello
	get '/sub/?C=M;O=D' --compressed | grep -q 'Index of'
	get /page -H 'Accept-Language: fr;q=0.1, en' | grep -q hello
	get /server-status?auto | grep -q '^Total Accesses'
	openssl s_client -connect "127.0.0.1:$secure_port" -reconnect -tls1_2 </dev/null 2>/dev/null |
		grep -q '^Reused'
	secure '/large.bin?[1-5]' -Z -o /dev/null 2>/dev/null
	abort_client secure / -T "$dir/www/large.bin"
	abort_client get /numbers.txt --compressed
	# a client that takes nothing for a while
	exec 9<>"/dev/tcp/127.0.0.1/$port"
	printf 'GET /large.bin HTTP/1.0\r\n\r\n' >&9
	sleep 1
	[ "$(cat <&9 | wc -c)" -gt 3000000 ]
	exec 9>&-

	# a full disk when logs are rotated
	fill "$logs"
	mv "$logs/access.log" "$logs/access.log.1"
	# shellcheck disable=SC2046  # a list
	change_children USR1 "$pid" $(children)
	rm "$logs/access.log.1"
	unfill "$logs"
	eventually logged "$logs"
	change_children BUS "$(children | tail -n 1)" "$(children | tail -n 1)"
	# shellcheck disable=SC2046
	change_children HUP "$pid" $(children) # restart
	eventually children_locked
	cp "$logs/error.log" "$BATS_TEST_TMPDIR/error.log"
	kill -WINCH "$pid" # graceful
	eventually not_running "$pid"
	wait "$pid"
	no_violations "$BATS_TEST_TMPDIR/error.log"
}

@test "apache2: under the shipped policy another workload meets no violation" {
	other_configuration
	locked apache2
	second_workload
}

@test "apache2: what was learned with the one workload is enough for the other" {
	local policy=$BATS_TEST_TMPDIR/apache2.policy
	recorded
	other_configuration
	# A child that ends sleeps when its listener is not the faster one: that is chance, also in a recording.
	{
		cat "$(learned apache2)"
		echo '  allow pselect6'
	} >"$policy"
	locked "$policy"
	second_workload
}

@test "apache2: a sudden stop is no violation either" {
	locked apache2
	abort_client get /large.bin &
	kill -TERM "$pid"
	eventually not_running "$pid"
	wait "$pid"
	no_violations
}

@test "apache2: what clients ask for in vain is reported and fails; the child lives" {
	local module before
	for module in proxy.load proxy_http.load; do
		ln -s "../mods-available/$module" "$dir/etc/mods-enabled/$module"
	done
	printf '%s\n' "ProxyPass /up/ http://127.0.0.1:$port/" >>"$dir/etc/sites-enabled/test.conf"
	locked apache2
	before=$(children | xargs)
	[[ "$(status_of /up/)" == 50? ]]
	eventually grep -q '"event":"denied".*"syscall":"socket"' "$events"
	refute no_violations
	ln -s /etc/passwd "$dir/www/passwd"
	[ "$(status_of /passwd)" = 403 ]
	answers
	[ "$(children | xargs)" = "$before" ]
	children_locked
	kill -TERM "$pid"
	eventually not_running "$pid"
	# the control: both work without a lock
	start at_home "${apache2[@]}"
	eventually answers
	[ "$(status_of /up/)" = 200 ]
	[ "$(status_of /passwd)" = 200 ]
}
