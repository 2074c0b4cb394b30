#!/usr/bin/env bats
# Rule sets: each gives its right and no other, and policies are mixed out of them by name.

load helpers

teardown() {
	stop_all
}

# The rights that tests/hosts/rights.c can try, but "name": which files libc asks differs.
RIGHTS='memory code read write connect listen accept unix netlink sleep timer pipe thread fork spawn'

sets() {
	basename -a -s .policy "$ROOT"/policies/set-*.policy
}

# rights_of POLICY: those that the host has under it. Each in a process of its own, for libc blocks
# all signals around new threads and programs: a trap there kills.
rights_of() {
	local right
	for right in $RIGHTS; do
		sandboxed "$1" "$HOSTS/rights" "$right" 2>/dev/null
	done | sed -n 's/ ok$//p' | xargs
}

# mix NAME LINE...: the lines as a policy of that name; prints its path.
mix() {
	printf '%s\n' 'policy 1' "${@:2}" | policy "$1"
}

# refused LINE...: the same for a mix that must not compile; sets $output.
refused() {
	printf '%s\n' 'policy 1' "$@" >"$BATS_TEST_TMPDIR/refused.policy"
	run "$SANDBOXCTL" check "$BATS_TEST_TMPDIR/refused.policy"
	[ "$status" -eq 1 ]
}

@test "control: without the library, and before the trigger, the host has every right" {
	local right path
	path=$(mix never 'include set-base' 'phase serving' 'trigger pause')
	for right in $RIGHTS name; do
		run "$HOSTS/rights" "$right"
		[ "$output" = "$right ok" ]
		run sandboxed "$path" "$HOSTS/rights" "$right"
		[ "$output" = "$right ok" ]
	done
}

@test "each set gives what it says and nothing else" {
	local name rights
	while read -r name rights; do
		run rights_of "$name"
		[ "$output" = "$rights" ] || {
			printf '%s gives: %s\nmeant: %s\n' "$name" "$output" "$rights"
			false
		}
		echo "$name" >>"$BATS_TEST_TMPDIR/tried"
	done <<-EOF
		set-base memory
		set-files memory read write
		set-files-read memory read
		set-fork memory fork
		set-fork-exec memory code read pipe fork spawn
		set-names memory read connect
		set-network-client memory connect
		set-network-listen memory listen accept
		set-network-server memory accept
		set-network-sockets memory
		set-pipes memory pipe
		set-threads memory thread
		set-time memory sleep timer
		set-unix-sockets memory accept unix
	EOF
	diff <(sort "$BATS_TEST_TMPDIR/tried") <(sets | sort)
}

@test "a mix has the rights of its sets" {
	local path
	path=$(mix three 'include set-files-read' 'include set-network-client' 'include set-threads')
	run rights_of "$path"
	[ "$output" = 'memory read connect thread' ]
}

@test "a mix of all sets has all rights but those that no set gives" {
	local lines path
	mapfile -t lines < <(sets | sed 's/^/include /')
	path=$(mix all "${lines[@]}" 'phase serving' 'default trap EPERM')
	run rights_of "$path"
	[ "$output" = 'memory code read write connect listen accept unix sleep timer pipe thread fork spawn' ]
}

@test "any two sets mix without an error" {
	local one two
	for one in $(sets); do
		for two in $(sets); do
			[[ "$one" < "$two" ]] || continue
			[[ "$one $two" != 'set-base set-fork-exec' ]] || continue
			mix "$one-$two" "include $one" "include $two" >/dev/null
		done
	done
}

@test "the order in which sets are included does not matter" {
	local path
	for path in "$(mix forth 'include set-threads' 'include set-files' 'include set-fork')" \
		"$(mix back 'include set-fork' 'include set-files' 'include set-threads')"; do
		# Without the places: the first of two equal lines is shown.
		"$SANDBOXCTL" show "$path" | sed -E '1d; s/ +[a-z-]+\.policy:[0-9]+//' | sort >"$path.shown"
	done
	grep -q ' clone3 ' "$BATS_TEST_TMPDIR/forth.policy.shown"
	diff "$BATS_TEST_TMPDIR/forth.policy.shown" "$BATS_TEST_TMPDIR/back.policy.shown"
}

@test "what the mix takes back is gone, whatever its sets give" {
	local path
	path=$(mix less 'include set-files' 'phase serving' \
		'errno EROFS openat optional open where not flags & O_ACCMODE == O_RDONLY')
	run rights_of "$path"
	[ "$output" = 'memory read' ]
}

@test "the mix says its own trigger and default" {
	local path
	path=$(mix own 'include set-files-read' 'phase serving' 'trigger main' 'default kill')
	run sandboxed "$path" "$HOSTS/probe" unfired openat
	[ "$output" = 'openat 0 0' ]
	run sandboxed "$path" "$HOSTS/probe" unfired socket
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
	run sandboxed set-files-read "$HOSTS/rights" sleep
	[ "$status" -eq 0 ]
	expect 'denied clock_nanosleep'
	expect 'sleep 1'
}

@test "sets that answer one call differently are an error that names both places" {
	printf '%s\n' 'policy 1' 'phase serving' '  errno EPERM clone3' >"$BATS_TEST_TMPDIR/house.policy"
	refused 'include set-threads' 'include house'
	expect "house.policy:3:15: error: clone3: 'errno EPERM' contradicts 'errno ENOSYS' at "
	[[ "$output" =~ set-threads.policy:[0-9]+:[0-9]+ ]]
}

@test "sets with different defaults are an error that names both places, until the mix decides" {
	refused 'include set-base' 'include set-fork-exec'
	[[ "$output" =~ set-fork-exec.policy:[0-9]+:3:\ error:\ \'default\' ]]
	[[ "$output" =~ is\ said\ differently\ at\ [^\ ]*set-base.policy:[0-9]+:3 ]]
	mix decided 'include set-base' 'include set-fork-exec' 'phase serving' 'default trap'
}

@test "a line that a wider set makes useless is warned of" {
	local path
	path=$(mix both 'include set-files' 'include set-files-read')
	run "$SANDBOXCTL" check "$path"
	[ "$status" -eq 0 ]
	[[ "$output" =~ set-files-read.policy:[0-9]+:[0-9]+:\ warning:\ \'allow\'\ decides\ nothing\ about\ openat ]]
}

@test "the sets themselves are checked without a word, for both architectures" {
	local arch
	for arch in x86_64 aarch64; do
		# shellcheck disable=SC2046 # names without blanks
		run "$SANDBOXCTL" check --arch "$arch" $(sets)
		[ "$status" -eq 0 ]
		[[ "$output" != *warning* ]]
	done
}

@test "every phase of a set is called serving" {
	run grep -hE '^phase' "$ROOT"/policies/set-*.policy
	[ "$(sort -u <<<"$output")" = 'phase serving' ]
}

@test "only set-base and set-fork-exec say a default, and only set-base a trigger" {
	run grep -lE '^ *default' "$ROOT"/policies/set-*.policy
	[ "$output" = "$ROOT/policies/set-base.policy
$ROOT/policies/set-fork-exec.policy" ]
	run grep -lE '^ *(trigger|unknown)' "$ROOT"/policies/set-*.policy
	[ "$output" = "$ROOT/policies/set-base.policy" ]
}

@test "set-names looks up a name" {
	grep -q localhost /etc/hosts || skip 'no localhost in /etc/hosts'
	run sandboxed set-names "$HOSTS/rights" name
	expect 'name ok'
}

@test "under set-fork-exec a shell starts others, and what they start has the lock" {
	local path
	path=$(mix starter 'program sh dash bash' 'include set-fork-exec' 'phase serving' 'trigger main')
	run sandboxed "$path" sh -c "head -n 1 /etc/passwd | wc -l; sleep 0.01; grep Seccomp: /proc/self/status"
	expect '1'
	expect 'Operation not permitted'
	expect $'Seccomp:\t2'
}
