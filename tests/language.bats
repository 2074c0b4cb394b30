# The language and the command: what is said about mistakes, and what is written when.

setup() {
	REPO=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	BUILD=${BUILD:-$REPO/build}
	ctl=$BUILD/sandboxctl
	fixtures=$REPO/tests/fixtures/policies
	export SANDBOX_POLICY_PATH=$fixtures
	cd "$BATS_TEST_TMPDIR" || return
}

# One phase around the given lines, as ./try.policy
policy() {
	printf 'policy 1\nphase a\n  trigger main\n  default trap\n  allow exit_group\n' >try.policy
	printf '%s\n' "$@" >>try.policy
}

# $1: a piece that the output must have
has() {
	[[ $output == *"$1"* ]] || {
		printf 'not found: %s\n--- output:\n%s\n' "$1" "$output"
		return 1
	}
}

# Fails with status 1 and the given pieces; line 6 is the first one given to policy().
refuses() {
	run timeout 20 "$ctl" check try.policy
	[ "$status" -eq 1 ]
	for piece; do
		has "$piece"
	done
}

accepts() {
	run timeout 20 "$ctl" check try.policy
	[ "$status" -eq 0 ]
}

@test "a good policy is ok" {
	run "$ctl" check good
	[ "$status" -eq 0 ]
	has 'good: ok, phase serving:'
	[[ $output != *warning* ]]
}

@test "a mistake is shown with file, line, column, the line and a mark" {
	policy '	allow sokcet'
	refuses "try.policy:6:8: error: no system call is called 'sokcet'" \
		$'\n  \tallow sokcet\n  \t      ^~~~~~\n' "did you mean 'socket'?"
}

@test "every mistake of a text is shown at once, with what was meant" {
	run "$ctl" check "$fixtures/wrong.policy"
	[ "$status" -eq 1 ]
	for line in 3:10 5:8 6:21 7:31 8:8 9:8 10:2 11:7 12:21 13:31 14:28 15:7; do
		has "wrong.policy:$line: error:"
	done
	for word in epoll_wait socket family AF_INET @few EPERM allow; do
		has "did you mean '$word'?"
	done
	has "write '=='"
}

@test "at most twenty errors are shown" {
	policy "$(for i in $(seq 1 60); do echo "allow nosuch$i"; done)"
	run "$ctl" check try.policy
	[ "$status" -eq 1 ]
	[ "$(grep -c ' error: ' <<<"$output")" -eq 20 ]
	has 'more errors not shown'
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

@test "includes and groups that come back to themselves are refused" {
	run "$ctl" check loop-a
	[ "$status" -eq 1 ]
	has 'loop-b.policy:2:9: error: loop-a includes itself'
	has 'loop-a.policy'
	policy 'allow @round'
	refuses 'round.group:2:1: error: @round contains itself'
}

@test "a call of the other architecture needs the word optional" {
	policy 'allow open'
	run "$ctl" check --arch aarch64 try.policy
	[ "$status" -eq 1 ]
	has "try.policy:6:7: error: aarch64 has no system call 'open': write 'optional open'"
	policy 'allow optional open'
	run "$ctl" check --arch aarch64 try.policy
	[ "$status" -eq 0 ]
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
	has "try.policy:7:7: warning: clone3 is allowed"
	policy 'allow read where fd == 0'
	accepts
	has 'try.policy:6:7: warning: a test on read'
	policy 'allow socket' 'allow socket where family == AF_INET'
	accepts
	has "try.policy:7:7: warning: 'allow' decides nothing about socket"
	printf 'policy 1\nphase a\ntrigger main\ndefault trap\n' >try.policy
	accepts
	has 'does not allow exit_group'
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
		run timeout 20 "$ctl" check "$name.policy"
		[ "$status" -eq 1 ]
		has "$name.policy"
		[ "${#output}" -lt 2000 ]
	done
	run timeout 20 "$ctl" check directory.policy
	has 'is a directory'
}

@test "a hundred thousand lines are read" {
	policy "$(yes 'allow read write' | head -n 100000)"
	accepts
}

@test "compile writes a file beside the text, readable by all" {
	cp -r "$fixtures/good.policy" "$fixtures/groups" .
	run "$ctl" compile good.policy
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[ "$(stat -c %a good.policyc)" = 644 ]
	[ "$(head -c 8 good.policyc)" = SBXPLCYC ]
	"$ctl" compile -o - good.policy | cmp - good.policyc
}

@test "compile that fails leaves what was there" {
	policy 'allow sokcet'
	echo before >try.policyc
	run "$ctl" compile try.policy
	[ "$status" -eq 1 ]
	[ "$(cat try.policyc)" = before ]
	[ "$(ls)" = $'try.policy\ntry.policyc' ]
	run "$ctl" compile -o /proc/none/x good
	[ "$status" -eq 1 ]
	has 'cannot be written'
}

@test "compile --trigger replaces the triggers of the last phase" {
	run bash -c "'$ctl' compile --trigger 'call aeMain' -o - good | strings | grep -x 'call aeMain'"
	[ "$status" -eq 0 ]
	run "$ctl" compile --trigger 'epol_wait' -o - good
	[ "$status" -eq 1 ]
	has '<SANDBOX_TRIGGER>:1:1: error:'
	has "did you mean 'epoll_wait'?"
	run "$ctl" compile --trigger 'epoll_wait where maxevents > x' -o - good
	has '<SANDBOX_TRIGGER>:1:30: error:'
	run "$ctl" compile --trigger '' -o - good
	[ "$status" -eq 1 ]
}

@test "show names the deciding line and what is implied" {
	run "$ctl" show good
	[ "$status" -eq 0 ]
	has 'phase serving'
	has 'default trap'
	grep -Eq '^  read +allow +good.policy:9$' <<<"$output"
	grep -Eq '^  socket +allow +good.policy:10 +where family in' <<<"$output"
	grep -Eq '^  rt_sigreturn +allow +implied' <<<"$output"
	run "$ctl" show --phase servin good
	[ "$status" -eq 1 ]
	has "did you mean 'serving'?"
}

@test "show --json and list --json are JSON" {
	"$ctl" show --json good | python3 -c 'import json, sys
policy = json.load(sys.stdin)
rows = policy["phases"][0]["decisions"]
assert any(r["call"] == "socket" and r["line"] == 10 and not r["implied"] for r in rows)'
	"$ctl" list --json | python3 -c 'import json, sys
assert any(p["name"] == "good" and p["program"] == "sample" for p in json.load(sys.stdin))'
}

@test "list shows names, programs and paths, the first of a name only" {
	mkdir first
	cp "$fixtures/good.policy" first/
	SANDBOX_POLICY_PATH=$PWD/first:$fixtures run "$ctl" list
	[ "$status" -eq 0 ]
	has "$PWD/first/good.policy"
	[[ $output != *"$fixtures/good.policy"* ]]
}

@test "a policy that is not there: what was meant" {
	run "$ctl" check goud
	[ "$status" -eq 1 ]
	has "did you mean 'good'?"
}

@test "wrong usage is status 2, help and version are 0" {
	for command in '' nonsense 'check' 'compile' 'compile -o x a b' 'show' 'run' 'check --nonsense' \
		'list x' 'check --arch vax good'; do
		# shellcheck disable=SC2086 # words
		run "$ctl" $command
		[ "$status" -eq 2 ]
	done
	run "$ctl" chek
	has "did you mean 'check'?"
	for command in --help --version 'check --help' 'compile --help' 'show --help' 'list --help' 'run --help'; do
		# shellcheck disable=SC2086 # words
		run "$ctl" $command
		[ "$status" -eq 0 ]
	done
}

@test "run refuses what cannot be sandboxed with status 125" {
	run "$ctl" run -p goud -- /bin/true
	[ "$status" -eq 125 ]
	has "did you mean 'good'?"
	run "$ctl" run -p good -- no-such-program
	[ "$status" -eq 125 ]
	has 'no such program'
	printf 'int main(void) { return 0; }\n' >static.c
	cc -static -o static static.c
	run "$ctl" run -p good -- ./static
	[ "$status" -eq 125 ]
	has 'is linked statically'
	printf '#!%s\n' "$PWD/static" >script
	chmod +x script
	run "$ctl" run -p good -- ./script
	[ "$status" -eq 125 ]
	has 'is linked statically'
	printf '#!%s\n' "$PWD/round" >round
	chmod +x round
	run "$ctl" run -p good -- ./round
	[ "$status" -eq 125 ]
	has 'too many interpreters'
	cp /bin/true setuid
	chmod u+s setuid
	run "$ctl" run -p good -- ./setuid
	[ "$status" -eq 125 ]
	has 'set-user-id'
	printf 'nothing\n' >nothing
	chmod +x nothing
	run "$ctl" run -p good -- ./nothing
	[ "$status" -eq 125 ]
}
