#!/usr/bin/env bats
# docs/services.md: the command of its unit, and a root directory made as its image says.

load helpers

PAGE=$ROOT/docs/services.md

setup() {
	requires redis-server redis-cli jq
	dir=$(public_directory)
	port=$(free_port)
}

teardown() {
	stop_all
}

# begin: the page's command, with the build's sandboxctl and redis on a port of the test.
begin() {
	local command
	command=$(sed -n 's,^ExecStart=/usr/local/bin/sandboxctl ,,p' "$PAGE")
	[[ "$command" == 'run -p redis --require-lock -- '* ]]
	command=${command/\/etc\/redis\/redis.conf/--port $port --bind 127.0.0.1 --dir $dir}
	# shellcheck disable=SC2086 # words, as systemd takes them
	start env NOTIFY_SOCKET="$dir/notify" "$@" "$SANDBOXCTL" $command
}

server_answers() {
	[[ "$(redis-cli -p "$port" ping 2>/dev/null)" == PONG ]]
}

@test "the unit's command: the manager is told READY=1, the server is locked, SIGTERM ends both" {
	local server
	listen_at "$dir/notify" "$dir/told"
	begin
	eventually grep -q READY=1 "$dir/told"
	eventually server_answers
	server=$(pgrep -P "$pid" -x redis-server)
	eventually is_locked "$server"
	kill -TERM "$pid"
	wait "$pid"
	not_running "$server"
}

@test "the unit's two statuses: 125 and 124 are what sandboxctl ends with" {
	grep -qx 'RestartPreventExitStatus=124 125' "$PAGE"
	run "$SANDBOXCTL" run -p no-such-policy --require-lock -- redis-server --port "$port"
	[ "$status" -eq 125 ]
	begin SANDBOX_TRIGGER='epoll_wait where timeout == 12345' # which never comes
	eventually server_answers
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 124 ]
}

@test "the unit's environment: what runs is the program itself" {
	local words
	mapfile -t words < <(sed -n 's/^Environment=//p' "$PAGE")
	[ "${#words[@]}" -eq 2 ]
	words[0]=${words[0]/\/usr\/local\/lib\/libsandbox.so/$LIBRARY}
	start env "${words[@]}" redis-server --port "$port" --bind 127.0.0.1 --dir "$dir"
	eventually server_answers
	eventually is_locked "$pid"
}

@test "an image has only the library and the compiled policy" {
	local image=$dir/image library
	requires_root
	requires ldd chroot
	mkdir -p "$image/usr/lib" "$image/etc/libsandbox/policies" "$image/usr/bin" "$image/proc"
	for library in $(ldd /usr/bin/env "$HOSTS/probe" | grep -oE '/[^ ]+\.so[^ ]*' | sort -u); do
		install -D "$library" "$image$library"
	done
	install /usr/bin/env "$HOSTS/probe" "$image/usr/bin"
	install -m 644 "$LIBRARY" "$image/usr/lib/libsandbox.so"
	install -m 644 "$BUILD/policies/strict.policyc" "$image/etc/libsandbox/policies/redis.policyc"
	# the entry point of the page, but for the program
	mapfile -t words < <(sed -n 's/^ENTRYPOINT //p' "$PAGE" | jq -r '.[]')
	[ "${words[3]}" = redis-server ]
	run env -u LD_PRELOAD chroot "$image" "${words[@]:0:3}" probe execve
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
	expect 'policy strict'
	run env -u LD_PRELOAD chroot "$image" env probe execve # control
	[ "$status" -ne "$DIED_OF_SIGSYS" ]
}
