#!/usr/bin/env bats
# Debian's servers and their triggers. The policies here only forbid what belongs to a start: binding,
# listening, changing user, so a trigger that fires early shows as a server that does not come up.

load helpers

setup() {
	requires curl
	port=$(free_port)
	dir=$(public_directory)
	mkdir "$dir/www"
	printf 'hello\n' >"$dir/www/index.html"
	chmod 777 "$dir"
}

teardown() {
	stop_all
}

# start_policy TRIGGER: no start-up after it.
start_policy() {
	policy start <<-EOF
		policy 1
		phase serving
		  trigger $1
		  default allow
		  errno EPERM bind listen setuid setgid setgroups getppid
	EOF
}

serves() {
	[[ "$(curl -sf "http://127.0.0.1:$port/")" == hello ]]
}

# resolves NAME ADDRESS
resolves() {
	[[ "$(dig +short +time=1 +tries=1 @127.0.0.1 -p "$port" "$1")" == "$2" ]]
}

# child_locked: some child of $pid is, in every thread.
child_locked() {
	local child
	for child in $(pgrep -P "$pid"); do
		is_locked "$child" && return 0
	done
	return 1
}

@test "lighttpd: its loop waits a second at a time" {
	requires lighttpd
	requires_root
	cat >"$dir/conf" <<-EOF
		server.document-root = "$dir/www"
		server.port = $port
		server.bind = "127.0.0.1"
		server.username = "nobody"
		server.groupname = "nogroup"
		index-file.names = ( "index.html" )
	EOF
	start_sandboxed "$(start_policy 'epoll_wait where timeout > 0')" lighttpd -D -f "$dir/conf"
	eventually serves
	eventually is_locked "$pid"
	serves
}

@test "apache2, event MPM: each child locks at its listener thread's first wait, the parent never" {
	requires apache2
	requires_root
	local modules=/usr/lib/apache2/modules
	cat >"$dir/conf" <<-EOF
		ServerRoot $dir
		ServerName localhost
		Listen 127.0.0.1:$port
		PidFile $dir/pid
		ErrorLog $dir/error
		DefaultRuntimeDir $dir
		Mutex pthread
		LoadModule mpm_event_module $modules/mod_mpm_event.so
		LoadModule authz_core_module $modules/mod_authz_core.so
		LoadModule dir_module $modules/mod_dir.so
		DocumentRoot $dir/www
		DirectoryIndex index.html
		User nobody
		Group nogroup
		StartServers 2
		ServerLimit 2
		ThreadsPerChild 4
		MaxRequestWorkers 8
	EOF
	start_sandboxed "$(start_policy epoll_wait)" apache2 -DFOREGROUND -f "$dir/conf"
	eventually serves
	eventually child_locked
	[ "$(seccomp_of "$pid")" = 0 ]
	serves
}

@test "dnsmasq: poll, after it has bound and dropped its user" {
	requires dnsmasq dig
	requires_root
	start_sandboxed "$(start_policy poll)" dnsmasq -k -p "$port" --listen-address=127.0.0.1 \
		--bind-interfaces --no-resolv --address=/x.test/127.0.0.7 --user=nobody --pid-file=
	eventually resolves x.test 127.0.0.7
	eventually is_locked "$pid"
	resolves x.test 127.0.0.7
}

@test "bind9: its threads wait long before it listens, so: epoll_wait after listen" {
	requires named dig
	requires_root
	cat >"$dir/conf" <<-EOF
		options {
			directory "$dir"; listen-on port $port { 127.0.0.1; }; listen-on-v6 { none; };
			pid-file "$dir/pid"; session-keyfile "$dir/key"; recursion no;
			dnssec-validation no;
		};
		controls { };
		zone "test" { type primary; file "$dir/zone"; };
	EOF
	# shellcheck disable=SC2016  # the zone file's own word
	printf '%s\n' '$TTL 60' '@ IN SOA ns.test. a.test. 1 60 60 60 60' '@ IN NS ns.test.' \
		'ns IN A 127.0.0.1' 'www IN A 127.0.0.9' >"$dir/zone"
	chmod a+r "$dir/conf" "$dir/zone"
	start_sandboxed "$(start_policy 'epoll_wait after listen')" named -f -c "$dir/conf" -u nobody -n 1
	eventually resolves www.test 127.0.0.9
	eventually is_locked "$pid"
	resolves www.test 127.0.0.9
	stop_all
	# and the trap: with the first epoll_wait alone it never comes to listen
	export SANDBOX_VERBOSE=1
	start_sandboxed "$(start_policy epoll_wait)" named -f -c "$dir/conf" -u nobody -n 1
	eventually output_has ': locked:'
	refute resolves www.test 127.0.0.9
}

@test "python3 asyncio: epoll_wait" {
	requires python3
	cat >"$dir/server.py" <<-'EOF'
		import asyncio, sys
		async def answer(reader, writer):
		    await reader.readline()
		    writer.write(b"HTTP/1.0 200 OK\r\n\r\nhello\n")
		    await writer.drain()
		    writer.close()
		async def main():
		    server = await asyncio.start_server(answer, "127.0.0.1", int(sys.argv[1]))
		    await server.serve_forever()
		asyncio.run(main())
	EOF
	# asyncio polls with timeout 0 while it has work of its own
	start_sandboxed "$(start_policy 'epoll_wait where timeout != 0')" python3 "$dir/server.py" "$port"
	eventually serves
	eventually is_locked "$pid"
	serves
}

@test "node: epoll_wait, which libuv calls as epoll_pwait, in the main thread after listen" {
	requires node
	start_sandboxed "$(start_policy 'epoll_wait on main thread after listen')" node -e \
		"require('http').createServer((q, s) => s.end('hello\n')).listen($port, '127.0.0.1')"
	eventually serves
	eventually is_locked "$pid"
	serves
}
