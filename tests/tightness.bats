#!/usr/bin/env bats
# How many calls the shipped policies leave open, as `make tightness` counts them: no more than
# docs/tightness.tsv promises, and never what an attacker wants first.

load helpers

# What no policy of a server leaves open, for any argument.
CLOSED=(execve execveat ptrace setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid
	setgroups)

setup_file() {
	requires jq
	"$ROOT/scripts/tightness" --json >"$BATS_FILE_TMPDIR/rows"
}

setup() {
	requires jq
	rows=$BATS_FILE_TMPDIR/rows
}

# measure STATEMENT...: the row of a policy with these statements, whose goal is 4, and 6 for now.
measure() {
	mkdir -p "$BATS_TEST_TMPDIR/policies"
	{
		printf 'policy 1\nphase serving\n  trigger poll\n  default trap\n'
		printf '  %s\n' "$@"
	} >"$BATS_TEST_TMPDIR/policies/own.policy"
	printf 'own\town\t4+2\t90\t7\t-\t80\t-\n' >"$BATS_TEST_TMPDIR/facts"
	FACTS=$BATS_TEST_TMPDIR/facts POLICIES=$BATS_TEST_TMPDIR/policies "$ROOT/scripts/tightness" --json
}

# too_wide: of the rows on standard input, those with more calls than they may have.
too_wide() {
	jq -r 'select(.most != null and (.open | length) > .most)
		| "\(.policy): \(.open | length) calls, not \(.most): \(.open | join(" "))"'
}

@test "no shipped policy leaves more calls open than docs/tightness.tsv says" {
	[ "$(jq -s length "$rows")" -ge 5 ]
	run too_wide <"$rows"
	[ "$output" = '' ] || {
		echo "$output"
		false
	}
}

@test "control: a policy of more calls is too wide where six may be" {
	run measure 'allow @base' 'allow read write' 'errno EPERM close' 'trap EPERM openat'
	[ "$status" -eq 0 ]
	jq -e '.goal == 4 and .most == 6 and .TSP == 90 and .SysPart == null' <<<"$output"
	run too_wide <<<"$output"
	expect 'own: '
}

@test "control: wholly, partly and not open are told apart; what the compiler adds counts" {
	measure 'allow read write' 'errno EPERM close' 'trap EPERM openat' \
		'allow prctl where option == PR_SET_NAME' >"$BATS_TEST_TMPDIR/row"
	jq -e '(.open | contains(["read", "write", "prctl", "rt_sigreturn"])) and
		(.conditional | contains(["prctl"]))' "$BATS_TEST_TMPDIR/row"
	jq -e '(.open | index("close")) == null and (.open | index("openat")) == null and
		(.conditional | index("read")) == null' "$BATS_TEST_TMPDIR/row"
	# the sensitive calls: socket closed, accept open
	measure 'allow accept' 'allow bind where fd == 3' >"$BATS_TEST_TMPDIR/row"
	jq -e '(.closed | index("socket")) and (.closed | index("accept")) == null and
		(.closed | index("bind")) == null and .partly_closed == ["bind"]' "$BATS_TEST_TMPDIR/row"
}

@test "no shipped policy of a server leaves execve, ptrace or a change of user open" {
	local call
	for call in "${CLOSED[@]}"; do
		run jq -r --arg call "$call" 'select(.open | index($call)) | .policy' "$rows"
		[ "$output" = '' ] || {
			echo "$call: $output"
			false
		}
	done
}

@test "no shipped policy of a server leaves a way to executable memory" {
	run jq -r 'select(.executable != []) | "\(.policy): \(.executable)"' "$rows"
	[ "$output" = '' ] || {
		echo "$output"
		false
	}
}

@test "control: a way to executable memory is found, also one with a condition on something else" {
	[ "$(measure 'allow mmap where flags has MAP_PRIVATE' | jq -c .executable)" = '["mmap"]' ]
	[ "$(measure 'allow mprotect where not prot has PROT_WRITE' | jq -c .executable)" = '["mprotect"]' ]
	[ "$(measure 'allow shmat personality' | jq -c .executable)" = '["personality","shmat"]' ]
	[ "$(measure 'allow mmap where not prot has PROT_EXEC' | jq -c .executable)" = '[]' ]
}

@test "each shipped policy of a server closes more of the 18 sensitive calls than was published" {
	run jq -r 'select((.policy | test("replica|proxy|full|more") | not) and (.closed | length) <= .TSP_closed)
		| "\(.policy): \(.closed)"' "$rows"
	[ "$output" = '' ] || {
		echo "$output"
		false
	}
}

@test "a policy whose default lets calls pass is refused, not counted" {
	mkdir "$BATS_TEST_TMPDIR/policies"
	printf 'policy 1\nphase serving\n  trigger poll\n  default allow\n' \
		>"$BATS_TEST_TMPDIR/policies/own.policy"
	printf 'own\town\t-\t-\t-\t-\t-\t-\n' >"$BATS_TEST_TMPDIR/facts"
	FACTS=$BATS_TEST_TMPDIR/facts POLICIES=$BATS_TEST_TMPDIR/policies run "$ROOT/scripts/tightness"
	[ "$status" -ne 0 ]
	expect 'own is no allow list'
}

@test "make tightness prints a line for each shipped policy, with the published numbers beside it" {
	run "$ROOT/scripts/tightness"
	[ "$status" -eq 0 ]
	[ "$(grep -cE '^[a-z0-9-]+ +[a-z0-9-]+ +[0-9]+ ' <<<"$output")" -eq "$(jq -s length "$rows")" ]
	[[ "$output" =~ redis-server\ +redis\ +[0-9]+\ .*\|\ +82\ +10\ +85\ +82\ +24 ]]
}
