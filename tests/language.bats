#!/usr/bin/env bats
# The language and the command: what is said about mistakes, and what is written when.

load helpers

setup() {
	fixtures=$ROOT/tests/fixtures/policies
	export SANDBOX_POLICY_PATH=$fixtures
	cd "$BATS_TEST_TMPDIR" || return
}

# One phase around the given lines, as ./try.policy
policy() {
	printf 'policy 1\nphase a\n  trigger main\n  default trap\n  allow exit_group\n' >try.policy
	printf '%s\n' "$@" >>try.policy
}

# Fails with status 1 and the given pieces; line 6 is the first one given to policy().
refuses() {
	run timeout 20 "$SANDBOXCTL" check try.policy
	[ "$status" -eq 1 ]
	for piece; do
		expect "$piece"
	done
}

accepts() {
	run timeout 20 "$SANDBOXCTL" check try.policy
	[ "$status" -eq 0 ]
}

@test "a good policy is ok" {
	run "$SANDBOXCTL" check good
	[ "$status" -eq 0 ]
	expect 'good: ok, phase serving:'
	[[ $output != *warning* ]]
}

@test "a count, a time and an error that begin with 0 are decimal, as ports are" {
	printf '%s\n' 'policy 1' 'phase a' 'trigger poll count 010' 'deadline 010s kill' 'default allow' \
		'errno 011 getppid' 'errno 0x11 getpgrp' 'errno EPERM umask where mask == 010' >try.policy
	chmod go-w try.policy
	run "$SANDBOXCTL" explain try.policy getppid
	expect 'errno EAGAIN'
	run "$SANDBOXCTL" explain try.policy getpgrp
	expect 'errno EEXIST'
	run "$SANDBOXCTL" explain try.policy 'umask(8)' # a mode, as C has it
	expect 'errno EPERM'
	# shellcheck disable=SC2046 # words
	run sandboxed "$PWD/try.policy" "$HOSTS/order" $(printf 'poll %.0s' {1..11})
	[ "$(uniq -c <<<"$output" | xargs)" = '9 poll free 2 poll locked' ]
}

@test "a mistake is shown with file, line, column, the line and a mark" {
	policy '	allow sokcet'
	refuses "try.policy:6:8: error: no system call is called 'sokcet'" \
		$'\n  \tallow sokcet\n  \t      ^~~~~~\n' "did you mean 'socket'?"
}

@test "every mistake of a text is shown at once, with what was meant" {
	run "$SANDBOXCTL" check "$fixtures/wrong.policy"
	[ "$status" -eq 1 ]
	for line in 3:10 5:8 6:21 7:31 8:8 9:8 10:2 11:7 12:21 13:31 14:28 15:7; do
		expect "wrong.policy:$line: error:"
	done
	for word in epoll_wait socket family AF_INET @few EPERM allow; do
		expect "did you mean '$word'?"
	done
	expect "write '=='"
}

@test "at most twenty errors are shown" {
	policy "$(for i in $(seq 1 60); do echo "allow nosuch$i"; done)"
	run "$SANDBOXCTL" check try.policy
	[ "$status" -eq 1 ]
	[ "$(grep -c ' error: ' <<<"$output")" -eq 20 ]
	expect 'more errors not shown'
}

# Every line that there is about steps, with all words of each.
STEPS=('read /etc -/srv' 'write /var' 'create none' 'execute /usr' 'bind tcp 80 0' 'connect tcp none'
	'scope abstract-unix-socket signal' 'root /srv' 'detach mount ipc uts net pid user cgroup'
	'capabilities net_bind_service CAP_NET_RAW' 'limit nofile 10:1K' 'dumpable no'
	'descriptors close 3-' 'descriptors expect 0-2 tcp:*' 'descriptors report'
	'optional landlock files bind connect scope truncate ioctl-dev'
	'optional root detach mount ipc uts net pid user cgroup capabilities limit')

@test "each statement about steps stands in a phase only, and its words are words of it" {
	local line
	for line in "${STEPS[@]}"; do
		policy "$line"
		accepts
		policy "$line nonsense="
		refuses 'try.policy:6:'
		printf 'policy 1\n%s\nphase a\n  trigger main\n  default trap\n' "$line" >try.policy
		refuses "try.policy:2:1: error: '${line%% *}' belongs into a phase: write 'phase NAME' before it"
	done
	# What belongs into the ports' lines is against `detach net`: all others go together.
	printf -v line '%s\n' "${STEPS[@]/#bind */}"
	policy "$line"
	accepts
}

@test "every capability and every resource of the kernel's headers has its name" {
	local name
	{
		sed -nE 's/^#define (CAP_[A-Z_]+)[ \t]+[0-9]+$/\1/p' /usr/include/linux/capability.h
		sed -nE 's/^#define CAP_([A-Z_]+)[ \t]+[0-9]+$/\L\1/p' /usr/include/linux/capability.h
	} >names
	[ "$(wc -l <names)" -ge 82 ]
	policy "capabilities $(tr '\n' ' ' <names)"
	accepts
	sed -nE 's/^# ?define RLIMIT_([A-Z]+)[ \t]+[0-9]+.*/\L\1/p' /usr/include/asm-generic/resource.h >names
	[ "$(wc -l <names)" -eq 16 ]
	policy "$(sed 's/.*/limit & 10/' names)"
	accepts
	policy 'limit RLIMIT_CORE 0'
	accepts
}

# steps POLICY...: its steps without their lines, sorted
steps() {
	"$SANDBOXCTL" show "$@" | sed -nE '/^  unknown/,/ allow| trap| calls named/s/^  ([a-z]+ .*[^ ]) +(implied|[^ ]+:[0-9]+)$/\1/p' |
		grep -vE ' (allow|trap) ' | sed 's/ *$//' | sort
}

@test "what is included adds up; of limits and capabilities the stricter counts, whoever says it" {
	printf 'policy 1\nphase a\n  %s\n' 'trigger main
  default allow
  read /srv
  bind tcp 80
  scope signal
  capabilities net_raw net_admin
  limit nofile 100:200
  limit core 0
  descriptors expect 0-2
  optional scope' >base.policy
	printf 'policy 1\ninclude base\nphase a\n  %s\n' 'read /etc
  write /srv
  bind tcp 443
  capabilities net_raw
  limit nofile 200:300
  limit core 10
  descriptors expect tcp' >own.policy
	SANDBOX_POLICY_PATH=. steps ./own.policy >found
	diff found - <<-'end'
		bind tcp 443
		bind tcp 80
		capabilities net_raw
		descriptors expect 0-2
		descriptors expect tcp
		limit core 0
		limit nofile 100:200
		optional scope
		read /etc
		read /srv
		scope signal
		write /srv
	end
}

@test "phases that are apart may take and give what they like" {
	local apart
	for apart in '' '  apart b'; do
		printf '%s\n' 'policy 1' 'phase a' '  trigger main' '  default allow' '  read /srv' \
			'  capabilities none' "$apart" 'phase b' '  trigger listen' '  default allow' \
			'  read /etc' '  detach net' >try.policy
		[ -z "$apart" ] || accepts
		[ -n "$apart" ] || refuses "'read /etc' cannot be had any more" "'detach net' cannot be had"
	done
}

@test "a phase that another one may follow implies the calls of the other's steps, and no others" {
	local line call
	while read -r call line; do
		printf '%s\n' 'policy 1' 'phase a' '  trigger main' '  default trap' '  allow exit_group' \
			'phase b' '  trigger listen' '  default trap' '  allow exit_group' "$line" >try.policy
		run "$SANDBOXCTL" show -p a ./try.policy
		[ "$status" -eq 0 ]
		grep -qE "^  $call +allow +implied( |\$)" <<<"$output"
		sed -i '$d' try.policy
		run "$SANDBOXCTL" show -p a ./try.policy
		refute grep -qE "^  $call +allow +implied\$" <<<"$output"
		printf '%s\n' "$line" >>try.policy
		run "$SANDBOXCTL" show -p b ./try.policy
		refute grep -qE "^  $call " <<<"$output"
	done <<-'end'
		landlock_restrict_self read /etc
		landlock_add_rule bind tcp 80
		landlock_create_ruleset scope signal
		pivot_root root empty
		setns detach net
		unshare detach net
		capset capabilities none
		prlimit64 limit core 0
		close_range descriptors close 3-
	end
}

@test "a path cannot be tested, and the message says what can be done" {
	policy 'allow openat where filename == 0'
	refuses "try.policy:6:20: error: 'filename' of openat is a pointer" "'read', 'write' and 'create' lines"
	policy 'allow clone3 where uargs == 0'
	refuses "'errno ENOSYS clone3'"
	policy 'allow bind where umyaddr == 0'
	refuses "'bind' and 'connect' lines"
}

@test "a constant that does not fit the argument is an error" {
	policy 'allow socket where family == 0x100000000'
	refuses 'try.policy:6:30: error:' '32 bits (int)'
	policy 'allow fchmod where mode == 0x10000'
	refuses '16 bits (umode_t)'
	policy 'allow close where fd > -1'
	refuses 'never negative'
	policy 'allow lseek where offset == 0xffffffffffffffff'
	accepts
}

@test "conditions that are always or never true are errors" {
	policy 'allow mmap where prot has 0'
	refuses 'every value has'
	policy 'allow socket where type & 0xf == 0x10'
	refuses 'never equal'
}

@test "phases and statements that are said twice name both places" {
	policy 'default kill'
	refuses "try.policy:6:1: error: 'default' is said already at try.policy:4:3"
	policy 'phase a'
	refuses "phase 'a' is said already at try.policy:2:7"
	policy 'errno EPERM read' 'errno ENOSYS read'
	refuses "try.policy:7:14: error: read: 'errno ENOSYS' contradicts 'errno EPERM' at try.policy:6:13"
}

@test "a text that is included on two ways is as near as on the shorter one, whichever comes first" {
	local order
	printf 'policy 1\nphase a\n  trigger listen\n  default trap\n  unknown kill\n' >far.policy
	printf 'policy 1\ninclude far\n' >between.policy
	printf 'policy 1\ninclude between\nphase a\n  trigger main\n  default allow\n  unknown allow\n' >next.policy
	printf 'policy 1\ninclude next\n' >first.policy
	export SANDBOX_POLICY_PATH=.
	run "$SANDBOXCTL" show ./first.policy # control: here it is the farthest
	[ "$status" -eq 0 ]
	expect $'\n  trigger main\n  default allow\n  unknown allow\n'
	for order in 'first between' 'between first'; do
		# shellcheck disable=SC2086 # two words
		{
			echo 'policy 1'
			printf 'include %s\n' $order
		} >try.policy
		run "$SANDBOXCTL" show ./try.policy
		[ "$status" -eq 1 ] # both are two away
		expect "'default' is said differently at"
		# shellcheck disable=SC2086
		{
			echo 'policy 1'
			printf 'include %s\n' ${order/between/far}
		} >try.policy
		run "$SANDBOXCTL" show ./try.policy
		[ "$status" -eq 0 ]
		expect $'\n  trigger listen\n  default trap\n  unknown kill\n'
		[[ "$output" != *'trigger main'* ]]
	done
}

@test "includes and groups that come back to themselves are refused" {
	run "$SANDBOXCTL" check loop-a
	[ "$status" -eq 1 ]
	expect 'loop-b.policy:2:9: error: loop-a includes itself'
	expect 'loop-a.policy'
	policy 'allow @round'
	refuses 'round.group:2:1: error: @round contains itself'
}

@test "a call of the other architecture needs the word optional" {
	policy 'allow open'
	run "$SANDBOXCTL" check --arch aarch64 try.policy
	[ "$status" -eq 1 ]
	expect "try.policy:6:7: error: aarch64 has no system call 'open': write 'optional open'"
	policy 'allow optional open'
	run "$SANDBOXCTL" check --arch aarch64 try.policy
	[ "$status" -eq 0 ]
}

@test "'A else B' is A, and B only where the architecture lacks A" {
	policy 'allow dup2 else dup3 where newfd == 2'
	run "$SANDBOXCTL" show try.policy
	expect 'dup2 '
	[[ "$output" != *dup3* ]]
	run "$SANDBOXCTL" show --arch aarch64 try.policy
	expect 'dup3 '
	[[ "$output" != *dup2* ]]
	run "$SANDBOXCTL" explain --arch aarch64 try.policy 'dup3(1, 2, 0)'
	[ "$status" -eq 0 ]
	run "$SANDBOXCTL" explain --arch aarch64 try.policy 'dup3(1, 3, 0)'
	[ "$status" -eq 1 ]
	policy 'allow epoll_wait else fork'
	run "$SANDBOXCTL" check --arch aarch64 try.policy
	expect "try.policy:6:23: error: aarch64 has no system call 'fork'"
	policy 'allow optional epoll_wait else fork'
	run "$SANDBOXCTL" check --arch aarch64 try.policy
	[ "$status" -eq 0 ]
	policy 'override allow epoll_wait else epoll_pwait'
	run "$SANDBOXCTL" show --arch aarch64 try.policy
	expect 'epoll_pwait '
	policy 'allow @base else read'
	refuses "'@base' needs no 'else': it is never missing"
	policy 'allow nr:5 else read'
	refuses "'nr:5' needs no 'else': it is never missing"
	policy 'allow nosuchcall else read'
	refuses "no system call is called 'nosuchcall'"
}

@test "the library's own needs cannot be denied" {
	policy 'kill rt_sigreturn'
	refuses 'rt_sigreturn cannot be denied'
	policy 'errno EPERM futex where op == 0'
	refuses 'futex cannot be denied'
}

@test "a phase needs a trigger and a default" {
	printf 'policy 1\nphase a\n' >try.policy
	refuses 'has no trigger' "add 'default trap'"
	printf 'policy 1\n' >try.policy
	refuses 'the policy has no phase'
}

@test "check warns of tests that can be walked around, that are slow, or that decide nothing" {
	policy 'allow clone where clone_flags has CLONE_THREAD' 'allow clone3'
	accepts
	expect "try.policy:7:7: warning: clone3 is allowed"
	policy 'allow read where fd == 0'
	accepts
	expect 'try.policy:6:7: warning: a test on read'
	policy 'allow socket' 'allow socket where family == AF_INET'
	accepts
	expect "try.policy:7:7: warning: 'allow' decides nothing about socket"
	printf 'policy 1\nphase a\ntrigger main\ndefault trap\n' >try.policy
	accepts
	expect 'does not allow exit_group'
}

@test "parentheses nest to a limit" {
	policy "allow socket where $(printf '(%.0s' $(seq 60))family == 1$(printf ')%.0s' $(seq 60))"
	accepts
	policy "allow socket where $(printf '(%.0s' $(seq 5000))family == 1"
	refuses 'nested deeper than 64'
	policy "allow socket where $(printf 'not %.0s' $(seq 5000))family == 1"
	refuses 'nested deeper than 64'
}

@test "where on a trigger: only names that all its calls have" {
	policy 'trigger epoll_wait where maxevent > 1'
	refuses 'try.policy:6:26: error:' "did you mean 'maxevents'?"
	policy 'trigger wait where nfds > 1'
	refuses "can look at 'timeout' only"
	policy 'trigger load where timeout > 1'
	refuses 'only hooked library calls have arguments here'
	policy 'trigger wait where timeout > 1000' 'trigger ppoll' 'trigger call aeMain'
	accepts
}

@test "odd files are refused, quickly and in words" {
	mkfifo fifo.policy
	mkdir directory.policy
	ln -s /dev/zero device.policy
	ln -s nowhere.policy gone.policy
	printf 'policy 1\0\n' >nul.policy
	: >empty.policy
	head -c 17000000 /dev/zero | tr '\0' 'a' >huge.policy
	{
		printf 'policy 1\n'
		head -c 10000000 /dev/zero | tr '\0' 'a'
	} >wide.policy
	for name in fifo directory device gone nul empty huge wide; do
		run timeout 20 "$SANDBOXCTL" check "$name.policy"
		[ "$status" -eq 1 ]
		expect "$name.policy"
		[ "${#output}" -lt 2000 ]
	done
	run timeout 20 "$SANDBOXCTL" check directory.policy
	expect 'is a directory'
}

@test "a hundred thousand lines are read" {
	policy "$(yes 'allow read write' | head -n 100000)"
	accepts
}

@test "compile writes a file beside the text, readable by all" {
	cp -r "$fixtures/good.policy" "$fixtures/groups" .
	run "$SANDBOXCTL" compile good.policy
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[ "$(stat -c %a good.policyc)" = 644 ]
	[ "$(head -c 8 good.policyc)" = SBXPLCYC ]
	"$SANDBOXCTL" compile -o - good.policy | cmp - good.policyc
}

@test "compile that fails leaves what was there" {
	policy 'allow sokcet'
	echo before >try.policyc
	run "$SANDBOXCTL" compile try.policy
	[ "$status" -eq 1 ]
	[ "$(cat try.policyc)" = before ]
	[ "$(ls)" = $'try.policy\ntry.policyc' ]
	run "$SANDBOXCTL" compile -o /proc/none/x good
	[ "$status" -eq 1 ]
	expect 'cannot be written'
}

@test "compile --trigger replaces the triggers of the last phase" {
	run bash -c "'$SANDBOXCTL' compile --trigger 'call aeMain' -o - good | strings | grep -x 'call aeMain'"
	[ "$status" -eq 0 ]
	run "$SANDBOXCTL" compile --trigger 'epol_wait' -o - good
	[ "$status" -eq 1 ]
	expect '<SANDBOX_TRIGGER>:1:1: error:'
	expect "did you mean 'epoll_wait'?"
	run "$SANDBOXCTL" compile --trigger 'epoll_wait where maxevents > x' -o - good
	expect '<SANDBOX_TRIGGER>:1:30: error:'
	run "$SANDBOXCTL" compile --trigger '' -o - good
	[ "$status" -eq 1 ]
}

@test "show names the deciding line and what is implied" {
	run "$SANDBOXCTL" show good
	[ "$status" -eq 0 ]
	expect 'phase serving'
	expect 'default trap'
	grep -Eq '^  read +allow +good.policy:9$' <<<"$output"
	grep -Eq '^  socket +allow +good.policy:10 +where family in' <<<"$output"
	grep -Eq '^  rt_sigreturn +allow +implied' <<<"$output"
	run "$SANDBOXCTL" show --phase servin good
	[ "$status" -eq 1 ]
	expect "did you mean 'serving'?"
}

@test "show --json and list --json are JSON" {
	"$SANDBOXCTL" show --json good | python3 -c 'import json, sys
policy = json.load(sys.stdin)
rows = policy["phases"][0]["decisions"]
assert any(r["call"] == "socket" and r["line"] == 10 and not r["implied"] for r in rows)'
	"$SANDBOXCTL" list --json | python3 -c 'import json, sys
assert any(p["name"] == "good" and p["program"] == "sample" for p in json.load(sys.stdin))'
}

@test "list shows names, programs and paths, the first of a name only" {
	mkdir first
	cp "$fixtures/good.policy" first/
	SANDBOX_POLICY_PATH=$PWD/first:$fixtures run "$SANDBOXCTL" list
	[ "$status" -eq 0 ]
	expect "$PWD/first/good.policy"
	[[ $output != *"$fixtures/good.policy"* ]]
}

@test "a policy that is not there: what was meant" {
	run "$SANDBOXCTL" check goud
	[ "$status" -eq 1 ]
	expect "did you mean 'good'?"
}

@test "wrong usage is status 2, help and version are 0" {
	for command in '' nonsense 'check' 'compile' 'compile -o x a b' 'show' 'run' 'check --nonsense' \
		'list x' 'check --arch vax good'; do
		# shellcheck disable=SC2086 # words
		run "$SANDBOXCTL" $command
		[ "$status" -eq 2 ]
	done
	run "$SANDBOXCTL" chek
	expect "did you mean 'check'?"
	for command in --help --version 'check --help' 'compile --help' 'show --help' 'list --help' 'run --help'; do
		# shellcheck disable=SC2086 # words
		run "$SANDBOXCTL" $command
		[ "$status" -eq 0 ]
	done
}

@test "run refuses what cannot be sandboxed with status 125" {
	run "$SANDBOXCTL" run -p goud -- /bin/true
	[ "$status" -eq 125 ]
	expect "did you mean 'good'?"
	run "$SANDBOXCTL" run -p good -- no-such-program
	[ "$status" -eq 125 ]
	expect 'no such program'
	printf 'int main(void) { return 0; }\n' >static.c
	cc -static -o static static.c
	run "$SANDBOXCTL" run -p good -- ./static
	[ "$status" -eq 125 ]
	expect 'is linked statically'
	printf '#!%s\n' "$PWD/static" >script
	chmod +x script
	run "$SANDBOXCTL" run -p good -- ./script
	[ "$status" -eq 125 ]
	expect 'is linked statically'
	printf '#!%s\n' "$PWD/round" >round
	chmod +x round
	run "$SANDBOXCTL" run -p good -- ./round
	[ "$status" -eq 125 ]
	expect 'too many interpreters'
	cp /bin/true setuid
	chmod u+s setuid
	run "$SANDBOXCTL" run -p good -- ./setuid
	[ "$status" -eq 125 ]
	expect 'set-user-id'
	printf 'nothing\n' >nothing
	chmod +x nothing
	run "$SANDBOXCTL" run -p good -- ./nothing
	[ "$status" -eq 125 ]
}
