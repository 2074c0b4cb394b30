#!/usr/bin/env bats
# Debian's nginx under the policy `nginx`: the workers lock themselves, the master never does.

load helpers

setup() {
	requires nginx curl
	requires_root
	port=$(free_port)
	dir=$(public_directory)
	mkdir "$dir/www" "$dir/tmp" "$dir/logs" "$dir/private"
	printf 'for nobody\n' >"$dir/private/secret"
	ln -s ../private "$dir/www/link"
	# What the policy gives is where Debian's package has it; the rest is a user's to add.
	printf '%s\n' 'policy 1' 'include nginx' 'phase serving' "  read $dir/www" \
		"  write $dir/logs" "  create $dir/logs" >"$dir/here.policy"
	printf 'hello from nginx\n' >"$dir/www/index.html"
	head -c 3000000 /dev/urandom >"$dir/www/large.bin"
	chmod -R a+rX "$dir/www" "$dir/private"
	chmod 777 "$dir/logs" "$dir/private"
	cat >"$dir/nginx.conf" <<-END
		worker_processes 2;
		pid $dir/pid;
		error_log $dir/logs/error.log notice;
		events { worker_connections 64; }
		http {
			access_log $dir/logs/access.log;
			client_body_temp_path $dir/tmp/body;
			proxy_temp_path $dir/tmp/proxy;
			fastcgi_temp_path $dir/tmp/fastcgi;
			uwsgi_temp_path $dir/tmp/uwsgi;
			scgi_temp_path $dir/tmp/scgi;
			sendfile on;
			server {
				listen 127.0.0.1:$port;
				root $dir/www;
				autoindex on;
				location /logs/ { access_log $dir/logs/\$arg_to.log; return 204; }
				location /private/ { access_log $dir/private/\$arg_to.log; return 204; }
			}
		}
	END
}

teardown() {
	stop_all
}

start_nginx() {
	start env LD_PRELOAD="$LIBRARY" SANDBOX_VERBOSE=1 SANDBOX_POLICY="$dir/here.policy" \
		nginx -c "$dir/nginx.conf" -p "$dir" -g 'daemon off;'
	eventually answers
	eventually workers_locked
}

answers() {
	[[ "$(curl -sf "http://127.0.0.1:$port/")" == 'hello from nginx' ]]
}

workers() {
	pgrep -P "$pid" -f 'nginx: worker process$'
}

# workers_locked: two workers, every thread of each under the filter.
workers_locked() {
	local worker count=0
	for worker in $(workers); do
		is_locked "$worker" || return 1
		count=$((count + 1))
	done
	[[ "$count" -eq 2 ]]
}

workers_changed() {
	[[ "$(workers | sort | xargs)" != "$1" ]] && workers_locked
}

@test "control: without the library no worker is filtered" {
	start nginx -c "$dir/nginx.conf" -p "$dir" -g 'daemon off;'
	eventually answers
	[ "$(seccomp_of "$(workers | head -1)")" = 0 ]
}

@test "two workers are locked and serve, the master is not locked" {
	start_nginx
	[ "$(seccomp_of "$pid")" = 0 ]
	answers
	curl -sf "http://127.0.0.1:$port/large.bin" | cmp - "$dir/www/large.bin"
	[ "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/none")" = 404 ]
	curl -sf -H 'Range: bytes=5-9' "http://127.0.0.1:$port/index.html" >/dev/null
	[ "$(grep -c 'GET / ' "$dir/logs/access.log")" -ge 2 ]
	refute output_has denied
}

@test "its own start-up probe (epoll_wait with maxevents 1) does not fire" {
	requires strace
	start strace -f -o "$BATS_TEST_TMPDIR/trace" -e trace=epoll_wait,seccomp \
		env LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$dir/here.policy" nginx -c "$dir/nginx.conf" -p "$dir" \
		-g 'daemon off;'
	eventually two_probed_then_locked
}

# two_probed_then_locked: in the trace, two processes probed first and put the filter on later.
two_probed_then_locked() {
	[[ "$(awk '/epoll_wait.*, 1, 5000\)/ && !probe[$1] { probe[$1] = NR }
		/TSYNC, \{/ && !lock[$1] { lock[$1] = NR }
		END { for (p in lock) if (probe[p] && probe[p] < lock[p]) n++; print n + 0 }' \
		"$BATS_TEST_TMPDIR/trace")" -eq 2 ]]
}

@test "reload: new workers take over and lock themselves" {
	local before
	start_nginx
	before=$(workers | sort | xargs)
	nginx -c "$dir/nginx.conf" -p "$dir" -s reload
	eventually workers_changed "$before"
	answers
	refute output_has denied
}

@test "a killed worker is replaced, and the new one locks itself" {
	local before
	start_nginx
	before=$(workers | sort | xargs)
	kill -KILL "${before%% *}"
	eventually workers_changed "$before"
	answers
}

# status_of PATH: what nginx answers
status_of() {
	curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port$1"
}

@test "control: without the library a link leads out of the root, and logs go anywhere" {
	start nginx -c "$dir/nginx.conf" -p "$dir" -g 'daemon off;'
	eventually answers
	[ "$(status_of /link/secret)" = 200 ]
	[ "$(status_of '/private/?to=a')" = 204 ]
	eventually test -s "$dir/private/a.log"
}

@test "a worker reads its document root only and writes its logs only" {
	start_nginx
	[ "$(status_of /index.html)" = 200 ]
	[ "$(status_of /link/secret)" = 403 ]
	grep -q 'link/secret" failed (13: Permission denied)' "$dir/logs/error.log"
	[ "$(status_of '/logs/?to=a')" = 204 ]
	eventually test -s "$dir/logs/a.log"
	[ "$(status_of '/private/?to=a')" = 204 ]
	eventually grep -q 'private/a.log" failed (13: Permission denied)' "$dir/logs/error.log"
	[ ! -e "$dir/private/a.log" ]
	refute output_has denied
}

@test "the policy as it is shipped gives no file of another place" {
	sed -i '/^  [rwc]/d' "$dir/here.policy"
	start env LD_PRELOAD="$LIBRARY" SANDBOX_VERBOSE=1 SANDBOX_POLICY="$dir/here.policy" \
		nginx -c "$dir/nginx.conf" -p "$dir" -g 'daemon off;'
	eventually workers_locked
	[ "$(status_of /index.html)" = 403 ]
}

@test "nginx-proxy: answers are cached where a line gives it" {
	local cache proxied
	mkdir "$dir/cache" "$dir/tmp/proxy"
	chmod 777 "$dir/cache" "$dir/tmp/proxy"
	cache="proxy_cache_path $dir/cache levels=1:2 keys_zone=z:1m use_temp_path=on;"
	proxied="location /proxied/ { proxy_cache z; proxy_cache_valid 1m; proxy_pass http://127.0.0.1:$port/; }"
	sed -i "s,server {,$cache server { $proxied," "$dir/nginx.conf"
	sed -i -e 's/include nginx/&-proxy/' -e "/^  [wc]/s,\$, $dir/cache $dir/tmp," \
		-e "/^  read/s,\$, $dir/cache $dir/tmp," "$dir/here.policy"
	start_nginx
	curl -sf "http://127.0.0.1:$port/proxied/large.bin" | cmp - "$dir/www/large.bin"
	[ "$(find "$dir/cache" -type f -size +2M | wc -l)" -eq 1 ]
	curl -sf "http://127.0.0.1:$port/proxied/large.bin" | cmp - "$dir/www/large.bin"
	[ "$(grep -c 'GET /large.bin' "$dir/logs/access.log")" -eq 1 ] # the second is from the cache
	refute output_has denied
}

@test "log rotation by reopen, then a graceful quit" {
	start_nginx
	mv "$dir/logs/access.log" "$dir/logs/access.log.1"
	nginx -c "$dir/nginx.conf" -p "$dir" -s reopen
	eventually test -e "$dir/logs/access.log"
	eventually logged
	nginx -c "$dir/nginx.conf" -p "$dir" -s quit
	eventually not_running "$pid"
	wait "$pid"
	refute output_has denied
}

logged() {
	answers && [[ -s "$dir/logs/access.log" ]]
}

# --- with a phase for the master ------------------------------------------------------------------

# start_two_phases: nginx under the lines of the policy `nginx`, behind a phase for the master. A
# worker that the locked master starts begins its life under that one.
start_two_phases() {
	{
		printf '%s\n' 'policy 1' 'program nginx' 'phase master' '  trigger sigsuspend' \
			'  default allow' '  errno EPERM ptrace @mount @module @keyring @reboot bpf' \
			'  unknown errno ENOSYS'
		sed -n '/^phase serving/,$p' "$ROOT/policies/nginx.policy"
		sed -n '/^  /p' "$dir/here.policy"
	} >"$dir/two.policy"
	sed -i 's|autoindex on;|& location /out/ { proxy_pass http://127.0.0.1:1/; }|' "$dir/nginx.conf"
	"$SANDBOXCTL" compile "$dir/two.policy"
	start env LD_PRELOAD="$LIBRARY" SANDBOX_VERBOSE=1 SANDBOX_POLICY="$dir/two.policy" \
		nginx -c "$dir/nginx.conf" -p "$dir" -g 'daemon off;'
	eventually answers
	eventually filters_are 1 1 1
}

# filters_are MASTER WORKER WORKER: how many filters each has, the workers in ascending order.
filters_are() {
	local process list=()
	is_locked "$pid" && workers_locked || return 1
	for process in $(workers); do
		list+=("$(awk '/^Seccomp_filters:/ { print $2 }' "/proc/$process/status")")
	done
	[[ "$(awk '/^Seccomp_filters:/ { print $2 }' "/proc/$pid/status")" == "$1" ]] &&
		[[ "$(printf '%s\n' "${list[@]}" | sort | xargs)" == "$2 $3" ]]
}

@test "two phases: a worker that is killed is replaced from the locked master, and serves under both" {
	start_two_phases
	kill -KILL "$(workers | head -n 1)"
	eventually filters_are 1 1 2
	answers
	kill -KILL "$(workers | head -n 1)"
	kill -KILL "$(workers | tail -n 1)"
	eventually filters_are 1 2 2
	answers
	curl -sf "http://127.0.0.1:$port/large.bin" | cmp - "$dir/www/large.bin"
	refute grep -q denied "$dir/logs/error.log"
}

@test "two phases: reload by the locked master, new workers serve under both" {
	local before
	start_two_phases
	before=$(workers | sort | xargs)
	kill -HUP "$pid"
	eventually workers_changed "$before"
	eventually filters_are 1 2 2
	answers
	refute grep -q denied "$dir/logs/error.log"
}

@test "two phases: a denied call ends a replaced worker of SIGSYS, and the next one serves" {
	local worker
	start_two_phases
	kill -HUP "$pid"
	eventually filters_are 1 2 2
	curl -s "http://127.0.0.1:$port/out/" >/dev/null || true # nobody answers
	eventually grep -q 'worker process [0-9]* exited on signal 31' "$dir/logs/error.log"
	grep -q 'phase serving: denied socket(' "$dir/logs/error.log" # standard error of a worker
	eventually filters_are 1 2 2
	answers
}
