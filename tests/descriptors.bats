#!/usr/bin/env bats
# descriptors report, close and expect: what is open when the lock happens.
#
# The host `open` has one descriptor of every type open, from 10 on.

load helpers

setup() {
	dir=$BATS_TEST_TMPDIR/files
	mkdir "$dir"
	mkfifo "$dir/fifo"
	port=$(free_port)
	mkdir "$BATS_TEST_TMPDIR/bin"
}

teardown() {
	stop_all
}

# lines LINE...: a policy with these lines in its phase; prints its path.
lines() {
	local line
	{
		printf 'policy 1\nprogram open order redis-server\nphase serving\n  trigger poll\n  trigger epoll_wait where timeout != 0\n  default allow\n'
		for line in "$@"; do
			printf '  %s\n' "$line"
		done
	} | policy steps
}

# "${bare[@]}" COMMAND...: with nothing open but 0, 1 and 2, whatever ran the tests.
# shellcheck disable=SC2016 # the inner shell's
bare=(bash -c 'for fd in /proc/$$/fd/*; do
		fd=${fd##*/}
		[[ "$fd" -lt 3 || ! -e /proc/$$/fd/$fd ]] || eval "exec $fd>&-"
	done
	exec "$@" </dev/null' -)

# opens POLICY WORD...: runs the host under it.
opens() {
	[[ -e "$1" ]] || return 1
	rm -f "$dir/socket"
	run "${bare[@]}" timeout 60 env LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$1" "$HOSTS/open" "$dir" "$port" \
		"${@:2}"
}

every='10 11 12 13 14 15 16 17 18 19 20 21 22 23 30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46'
every+=' 50 51 52 53 54 55'

# still_open NUMBER...: what the host says in its end.
still_open() {
	[[ "$status" -eq 0 && "${lines[-1]}" == "open: $*" ]] || {
		printf 'status %s, expected open: %s\nin:\n%s\n' "$status" "$*" "$output" >&2
		return 1
	}
}

# what_each_is: what the host opens, in the words of a report.
what_each_is() {
	cat <<-EOF
		0 device r - open /dev/null
		10 file w cloexec append open $dir/log file
		11 file r - open /etc/passwd
		12 directory r cloexec open $dir
		13 device rw nonblock open /dev/null
		14 tty rw - open /dev/ptmx
		15 file rw - open $dir/gone (deleted)
		16 file rw cloexec open /memfd:secret (deleted)
		17 any path - open /etc/passwd
		18 pipe rw - open $dir/fifo
		19 anon r - open net:[N]
		20 pipe r cloexec nonblock open pipe:[N]
		21 pipe w cloexec nonblock open pipe:[N]
		22 unix rw - open
		23 unix rw - open
		30 unix rw - open $dir/socket
		31 unix rw - open $dir/socket
		32 unix rw cloexec open $dir/socket
		33 unix rw - open @abstract@name
		34 tcp rw - open 127.0.0.1:$port
		35 tcp rw - open 127.0.0.1:$((port + 1))/127.0.0.1:$port
		36 tcp rw cloexec nonblock open 127.0.0.1:$port/127.0.0.1:$((port + 1))
		37 udp rw - open 127.0.0.1:$port
		38 udp rw - open 127.0.0.1:$((port + 1))/127.0.0.1:$port
		39 tcp rw - open [::1]:$port
		40 udp rw - open [::]:$((port + 2))
		41 tcp rw - open [::ffff:127.0.0.1]:$((port + 3))
		42 udp rw - open [2001:db8:0:0:1::]:$((port + 4))
		43 netlink rw - open 16:3:15
		44 tcp rw - open 0.0.0.0:0
		45 unix rw - open
		46 socket rw - open 17:3:0
		50 epoll rw cloexec open anon_inode:[eventpoll]
		51 eventfd rw - open anon_inode:[eventfd]
		52 signalfd rw nonblock open anon_inode:[signalfd]
		53 timerfd rw nonblock open anon_inode:[timerfd]
		54 inotify r cloexec open anon_inode:inotify
		55 anon rw cloexec open anon_inode:[pidfd]
	EOF
}

@test "report: one event for each descriptor, with its type, name, access and flags" {
	SANDBOX_REPORT=$BATS_TEST_TMPDIR/report opens "$(lines 'descriptors report')"
	still_open "0 1 2 $every"
	run jq -r 'select(.event == "descriptor" and .fd != 1 and .fd != 2) | [.fd, .type, .access,
		(if .flags == "" then "-" else .flags end), .then,
		(.name | select(. != "") | gsub(":\\[[0-9]+\\]$"; ":[N]"))] | map(tostring) | join(" ")' \
		"$BATS_TEST_TMPDIR/report"
	[ "$(jq -r 'select(.event == "descriptor") | .phase' "$BATS_TEST_TMPDIR/report" | sort -u)" = serving ]
	diff <(what_each_is) <(printf '%s\n' "$output")
}

@test "report: lines for people too; other lines about descriptors only say so when asked" {
	opens "$(lines 'descriptors report')"
	expect "]: descriptor 10: file $dir/log file (w cloexec append)"
	expect "]: descriptor 36: tcp 127.0.0.1:$port/127.0.0.1:$((port + 1)) (rw cloexec nonblock)"
	expect ']: descriptor 22: unix (rw)'
	opens "$(lines 'descriptors close 50-')"
	[[ "$output" != *descriptor* ]]
	SANDBOX_VERBOSE=1 opens "$(lines 'descriptors close 50-')"
	expect ']: descriptor 50, to be closed: epoll anon_inode:[eventpoll] (rw cloexec)'
	expect ']: descriptor 11: file /etc/passwd (r)'
	expect 'steps descriptors'
	opens "$(lines 'descriptors close 50-' 'descriptors report')"
	expect ']: descriptor 11: file /etc/passwd (r)'
}

@test "a name of any bytes and any length makes a line of JSON" {
	local long odd path name
	long=$dir/$(printf 'x%.0s' {1..200})/$(printf '"%.0s' {1..200})/$(printf '\001%.0s' {1..200})
	odd=$dir/$'a"b\\c\nd\303\244'
	mkdir -p "$long" "$odd"
	path=$(lines 'descriptors report')
	for name in "$long" "$odd"; do
		touch "$name/file"
		rm -f "$BATS_TEST_TMPDIR/report"
		SANDBOX_REPORT=$BATS_TEST_TMPDIR/report run sandboxed "$path" "$HOSTS/order" poll \
			9<"$name/file"
		[ "$status" -eq 0 ]
		[ "$(jq -r 'select(.fd == 9) | .type' "$BATS_TEST_TMPDIR/report")" = file ]
		jq -r 'select(.fd == 9) | .name' "$BATS_TEST_TMPDIR/report" | grep -qF "$dir/"
	done
	[ "$(jq -c 'select(.fd == 9) | .name' "$BATS_TEST_TMPDIR/report")" = \
		"\"$dir/a\\\"b\\\\c\\ndÃ¤/file\"" ]
}

@test "control: without lines about descriptors all stay open, and nothing is said" {
	opens "$(lines)"
	still_open "0 1 2 $every"
	[ "${#lines[@]}" -eq 1 ]
}

@test "close: ranges, single ones, up to the end" {
	opens "$(lines 'descriptors close 10-36 50 52-')"
	still_open 0 1 2 37 38 39 40 41 42 43 44 45 46 51
	opens "$(lines 'descriptors close 3-')"
	still_open 0 1 2
}

@test "close: standard error too; the report goes on where it went" {
	SANDBOX_VERBOSE=1 SANDBOX_REPORT=$BATS_TEST_TMPDIR/report opens "$(lines 'descriptors close 2-')"
	still_open 0 1
	[ "$(jq -r .event "$BATS_TEST_TMPDIR/report" | tail -n 1)" = locked ]
	[[ "$output" != *locked* ]]
}

@test "close: spares the report's own descriptor, wherever it is" {
	SANDBOX_REPORT=fd:7 SANDBOX_VERBOSE=1 run sandboxed "$(lines 'descriptors close 3-')" \
		"$HOSTS/open" "$dir" "$port" 7>"$BATS_TEST_TMPDIR/report" 0</dev/null
	still_open 0 1 2
	[ "$(jq -r .event "$BATS_TEST_TMPDIR/report" | tail -n 1)" = locked ]
}

@test "expect: what matches nothing is refused, with what it is and the line that allows it" {
	opens "$(lines 'descriptors expect 0-2')"
	[ "$status" -eq 125 ]
	expect "descriptor 10 (file w cloexec append) is open, and the policy does not expect it; this line would allow it: descriptors expect file:$dir/log\\040file"
	opens "$(lines 'descriptors expect 0-2 file directory')"
	[ "$status" -eq 125 ]
	expect 'descriptor 13 (device rw nonblock) is open'
}

@test "expect: the lines that the refusals ask for are enough" {
	local expected=('descriptors expect 0-2') count=0
	while :; do
		opens "$(lines "${expected[@]}")"
		[ "$status" -eq 125 ] || break
		expected+=("$(sed -n 's/.*this line would allow it: //p' <<<"$output")")
		count=$((count + 1))
		[ "$count" -lt 50 ]
	done
	still_open "0 1 2 $every"
	[ "$count" -gt 20 ]
}

@test "expect: by number, by kind, by name" {
	local others='descriptors expect 0-33 37-'
	opens "$(lines "$others" "descriptors expect tcp:127.0.0.1:$port tcp:*/*")"
	[ "$status" -eq 0 ]
	opens "$(lines "$others" "descriptors expect tcp:127.0.0.1:$port")" # a listener is no client
	[ "$status" -eq 125 ]
	expect "descriptor 35 (tcp rw) is open"
	opens "$(lines "$others" "descriptors expect tcp:*:$port 36")"
	[ "$status" -eq 125 ]
	expect "tcp:127.0.0.1:$((port + 1))/127.0.0.1:$port"
	opens "$(lines "$others" 'descriptors expect socket')"
	[ "$status" -eq 0 ]
	opens "$(lines "$others" 'descriptors expect udp')"
	[ "$status" -eq 125 ]
	opens "$(lines "$others" 'descriptors expect 34-36:tcp')"
	[ "$status" -eq 0 ]
	opens "$(lines "$others" 'descriptors expect 34-35:tcp')"
	[ "$status" -eq 125 ]
	expect 'descriptor 36 '
	opens "$(lines "descriptors expect 0-9 13-" "descriptors expect file:$dir/* directory:$dir file:/etc/passwd")"
	[ "$status" -eq 0 ]
	opens "$(lines "descriptors expect 0-13 15-" 'descriptors expect device')" # a terminal is one
	[ "$status" -eq 0 ]
	opens "$(lines "descriptors expect 0-12 14-" 'descriptors expect tty')"
	[ "$status" -eq 125 ]
}

@test "expect: what is closed need not be expected" {
	opens "$(lines 'descriptors close 10-' 'descriptors expect 0-2')"
	still_open 0 1 2
}

@test "a dry run says what is open and each descriptor that would refuse the lock, and closes nothing" {
	requires jq
	local path
	path=$(lines 'descriptors close 10-19' 'descriptors expect 0-2 epoll eventfd' 'descriptors report')
	opens "$path"
	[ "$status" -eq 125 ] # control
	SANDBOX_MODE=dry-run SANDBOX_REPORT="$dir/report" opens "$path"
	# shellcheck disable=SC2086 # words
	still_open 0 1 2 $every
	expect 'descriptor 10, to be closed: '
	refute grep -q 'descriptor 10 .*would refuse the lock' <<<"$output"
	expect 'descriptor 20 ('
	expect ' would refuse the lock: the policy does not expect it; this line would allow it: descriptors expect '
	jq -r 'select(.event == "unexpected") | .fd' "$dir/report" | sort -n >"$dir/unexpected"
	[ "$(head -1 "$dir/unexpected")" -ge 20 ]
	[ "$(wc -l <"$dir/unexpected")" -gt 5 ]
	# With the lines that it gives, nothing is left to refuse.
	mapfile -t allowing < <(jq -r 'select(.event == "unexpected") | .allow' "$dir/report")
	path=$(lines 'descriptors close 10-19' 'descriptors expect 0-2 epoll eventfd' "${allowing[@]}")
	SANDBOX_MODE=dry-run opens "$path"
	refute grep -q 'would refuse' <<<"$output"
}

@test "a thread with a table of its own is named" {
	opens "$(lines 'descriptors close 10-')" own-table
	[ "$status" -eq 125 ]
	[[ "$output" =~ 'thread '[0-9]+' (open) has a table of descriptors of its own' ]]
	opens "$(lines)" own-table
	[ "$status" -eq 0 ]
}

@test "where close_range is forbidden the lock is refused" {
	rm -f "$dir/socket"
	run sandboxed "$(lines 'descriptors close 10-')" env -u LD_PRELOAD "$HOSTS/outer" close_range \
		env LD_PRELOAD="$LIBRARY" "$HOSTS/open" "$dir" "$port"
	[ "$status" -eq 125 ]
	expect 'cannot close the descriptors that the policy names: EPERM'
}

@test "redis: what a server has open when it serves, and nothing else" {
	requires redis-server redis-cli
	local path
	path=$(lines 'descriptors expect 0-2 epoll pipe' "descriptors expect tcp:127.0.0.1:$port")
	start "${bare[@]}" env LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$path" redis-server \
		--bind 127.0.0.1 --port "$port" --save '' --dir "$dir"
	eventually is_locked "$pid" # a client that came before would be open, and not expected
	[ "$(redis-cli -p "$port" ping)" = PONG ]

	path=$(lines 'descriptors expect 0-2 epoll pipe')
	run "${bare[@]}" timeout 60 env LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$path" redis-server \
		--bind 127.0.0.1 --port $((port + 1)) --save '' --dir "$dir"
	[ "$status" -eq 125 ]
	expect "this line would allow it: descriptors expect tcp:127.0.0.1:$((port + 1))"
}
