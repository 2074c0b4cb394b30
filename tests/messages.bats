# Every message of the language and of the commands, word for word.
#
# tests/fixtures/messages/*.cases hold the cases:
#
#   === what it is about
#   --- phase           lines behind the head of try.policy, which is made anew for every case
#   --- file NAME       another file, or the whole of try.policy
#   --- make            shell commands that make the input where it is too long or too odd to print
#   --- run ARGUMENTS   of sandboxctl
#   --- says STATUS     the exit status, and what stands on standard error
#   --- prints          what stands on standard output; without it: anything
#
# shellcheck disable=SC2034 # status: bats' own

load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	# The cases are about what the texts say, not about the day of the test: 2026-01-31.
	export SANDBOX_POLICY_PATH=. SANDBOXCTL SOURCE_DATE_EPOCH=1769817600
	umask 022
}

begin_case() {
	title=$1 command='check try.policy' expected=0 target=/dev/null
	rm -rf case expected
	mkdir -p case/groups expected
	begin_policy
	printf 'allow read\n' >>case/try.policy
}

begin_policy() {
	printf 'policy 1\nphase a\n  trigger main\n  default trap\n  allow exit_group\n' >case/try.policy
}

begin_section() {
	case $1 in
	phase)
		begin_policy
		target=case/try.policy
		;;
	'file '*)
		target=case/${1#file }
		mkdir -p "${target%/*}"
		: >"$target"
		;;
	make) target=expected/make ;;
	'run '*) command=${1#run } ;;
	'says '*)
		expected=${1#says }
		target=expected/says
		: >"$target"
		;;
	prints)
		target=expected/prints
		: >"$target"
		;;
	esac
}

# Everything that is wrong with the cases of a file is shown, not only the first.
end_case() {
	local status=0
	[[ -n "$title" ]] || return 0
	cases=$((cases + 1))
	(
		cd case
		if [[ -e ../expected/make ]]; then bash ../expected/make; fi
		timeout 20 bash -c "\"\$SANDBOXCTL\" $command"
	) >prints 2>says || status=$?
	if [[ "$status" -ne "$expected" || "$(<says)" != "$(<expected/says)" ]] ||
		[[ -e expected/prints && "$(<prints)" != "$(<expected/prints)" ]]; then
		failed=$((failed + 1))
		printf '=== %s\nstatus %d, expected %d\n' "$title" "$status" "$expected"
		diff expected/says says || true # shown, counted above
		if [[ -e expected/prints ]]; then diff expected/prints prints || true; fi
	fi
}

# hold NAME: all cases of NAME.cases
hold() {
	local line title='' command expected target cases=0 failed=0
	while IFS= read -r line; do
		case $line in
		'=== '*)
			end_case
			begin_case "${line#=== }"
			;;
		'--- '*) begin_section "${line#--- }" ;;
		*) printf '%s\n' "$line" >>"$target" ;;
		esac
	done <"$ROOT/tests/fixtures/messages/$1.cases"
	end_case
	[[ "$failed" -eq 0 && "$cases" -gt 0 ]]
}

@test "words: what is no word of the language" {
	hold words
}

@test "statements: what a line lacks or has too much" {
	hold statements
}

@test "steps: paths, ports, root, namespaces, capabilities, limits, descriptors" {
	hold steps
}

@test "steps in check, show, explain, test and diff" {
	hold step-answers
}

@test "triggers" {
	hold triggers
}

@test "conditions: their form, arguments and numbers" {
	hold conditions
}

@test "names: calls, groups, includes, contradictions, limits" {
	hold names
}

@test "phases: what could not stack" {
	hold phases
}

@test "explain: verdicts, lines, and arguments as the kernel reads them" {
	hold explain
}

@test "diff: what differs, with a witness" {
	hold diff
}

@test "warnings" {
	hold warnings
}

@test "calls as explain takes them" {
	hold calls
}

@test "the lines of .test files" {
	hold tests
}

@test "commands: usage and files" {
	hold commands
}

@test "ci: options" {
	hold ci
}

@test "learn: options and recordings" {
	hold learn
}

@test "every message in the sources is in a case" {
	run python3 "$ROOT/tests/messages.py" "$ROOT"
	printf '%s\n' "$output"
	[[ "$status" -eq 0 ]]
}

@test "a text of another user is refused where the library asks for it" {
	requires_root
	printf 'policy 1\n' >other.policy
	chown nobody other.policy
	run "$SANDBOXCTL" compile --check-owner other.policy
	[[ "$status" -eq 1 ]]
	[[ "$output" == 'sandboxctl: other.policy: belongs to another user (chown it to root or to yourself)' ]]
}
