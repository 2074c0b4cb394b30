#!/usr/bin/env bats
# Debian's nginx under the policy `nginx`: the workers lock themselves, the master never does.

load helpers

setup() {
	requires nginx curl
	requires_root
	port=$(free_port)
	dir=$(public_directory)
	mkdir "$dir/www" "$dir/tmp"
	printf 'hello from nginx\n' >"$dir/www/index.html"
	head -c 3000000 /dev/urandom >"$dir/www/large.bin"
	chmod -R a+rX "$dir/www"
	cat >"$dir/nginx.conf" <<-END
		worker_processes 2;
		pid $dir/pid;
		error_log $dir/error.log notice;
		events { worker_connections 64; }
		http {
			access_log $dir/access.log;
			client_body_temp_path $dir/tmp/body;
			proxy_temp_path $dir/tmp/proxy;
			fastcgi_temp_path $dir/tmp/fastcgi;
			uwsgi_temp_path $dir/tmp/uwsgi;
			scgi_temp_path $dir/tmp/scgi;
			sendfile on;
			server { listen 127.0.0.1:$port; root $dir/www; autoindex on; }
		}
	END
}

teardown() {
	stop_all
}

start_nginx() {
	start env LD_PRELOAD="$LIBRARY" SANDBOX_VERBOSE=1 SANDBOX_POLICY=nginx \
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
	[ "$(grep -c 'GET / ' "$dir/access.log")" -ge 2 ]
	refute output_has denied
}

@test "its own start-up probe (epoll_wait with maxevents 1) does not fire" {
	requires strace
	start strace -f -o "$BATS_TEST_TMPDIR/trace" -e trace=epoll_wait,seccomp \
		env LD_PRELOAD="$LIBRARY" SANDBOX_POLICY=nginx nginx -c "$dir/nginx.conf" -p "$dir" \
		-g 'daemon off;'
	eventually two_probed_then_locked
}

# two_probed_then_locked: in the trace, two processes probed first and put the filter on later.
two_probed_then_locked() {
	[[ "$(awk '/epoll_wait\(.*, 1, 5000\)/ && !probe[$1] { probe[$1] = NR }
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

@test "log rotation by reopen, then a graceful quit" {
	start_nginx
	mv "$dir/access.log" "$dir/access.log.1"
	nginx -c "$dir/nginx.conf" -p "$dir" -s reopen
	eventually test -e "$dir/access.log"
	eventually logged
	nginx -c "$dir/nginx.conf" -p "$dir" -s quit
	eventually not_running "$pid"
	wait "$pid"
	refute output_has denied
}

logged() {
	answers && [[ -s "$dir/access.log" ]]
}
