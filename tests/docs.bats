#!/usr/bin/env bats
# The documentation says what is there: words, names and limits of the sources are in it, and its
# examples do what it says.
# shellcheck disable=SC2016 # the backquotes are Markdown's

load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# words_are_in FILE: each line of standard input is a word there; at least one was read.
words_are_in() {
	local word missing=0 count=0
	while read -r word; do
		count=$((count + 1))
		grep -qwF -- "$word" "$1" || {
			echo "'$word' is not in $1"
			missing=1
		}
	done
	[[ "$missing" -eq 0 && "$count" -gt 0 ]]
}

# value_of CONSTANT: as the sources say it, with commas between thousands.
value_of() {
	grep -rhoE "\b$1( =)? [0-9]+u?\b" "$ROOT/sandboxctl/policy" "$ROOT/preload/policyc.h" |
		grep -oE '[0-9]+' | head -n 1 | sed -E 's/([0-9])([0-9]{3})$/\1,\2/'
}

# constant_is CONSTANT FILE TEXT: TEXT, with the value in place of "N", is in the file.
constant_is() {
	local value
	value=$(value_of "$1")
	tr '\n' ' ' <"$2" | grep -qF -- "${3//N/$value}" || {
		echo "$1 is $value, but ${2##*/} does not say '${3//N/$value}'"
		return 1
	}
}

# policies_of FILE: each example in a page or a README that begins with "policy 1", as 1.policy,
# 2.policy and so on. Of a page these are displays, of a README indented blocks.
policies_of() {
	rm -f ./[0-9]*.policy
	sed -e 's/\\&//g' -e 's/^    //' "$1" | awk '
		/^policy 1$/ { file = ++count ".policy" }
		/^(\.Ed|[A-Z#|`-].*)$/ { file = "" }
		file { print > file }'
}

@test "the man pages have no faults" {
	requires mandoc
	run mandoc -T lint -W warning "$ROOT"/docs/*.[1-8]
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "each man page is installed, and named after what it is about" {
	local page
	for page in sandboxctl.1 sandbox-policy.5 sandbox-recording.5 libsandbox.7; do
		grep -q "^\.Nm ${page%.*}$" "$ROOT/docs/$page"
	done
	[ "$(basename -a "$ROOT"/docs/*.[1-8] | wc -l)" -eq 4 ]
}

@test "every subcommand and every option of it is in sandboxctl.1" {
	local page=$ROOT/docs/sandboxctl.1 command short long
	"$SANDBOXCTL" --help | sed -nE 's/^  ([a-z]+) .*/\1/p' >commands
	[ -s commands ]
	while read -r command; do
		grep -qxF ".It Cm $command" "$page"
		grep -qxF ".Cm $command" "$page"
		"$SANDBOXCTL" "$command" --help |
			sed -nE 's/^  (-[a-zA-Z]), (--[a-z-]+).*/\1 \2/p' | while read -r short long; do
			grep -qE "^\.It Fl ${short#-} , Fl ${long#-}( |$)" "$page" || {
				echo "$command: $short, $long"
				exit 1
			}
		done
	done <commands
	# And no other.
	diff <(sed -nE 's/^\.It Cm ([a-z]+)$/\1/p' "$page" | sed '/^allow$/,$d' | sort) \
		<(sort commands)
}

# synopsis_of COMMAND: the letters of its options there, one a line.
synopsis_of() {
	sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESCRIPTION/p' "$ROOT/docs/sandboxctl.1" |
		sed -n "/^\.Cm $1\$/,/^\.Nm/p" | sed -nE 's/^(\.Op)? ?\.?Fl ([a-zA-Z]+).*/\2/p' | grep -o . | sort
}

@test "the synopsis has the options of every subcommand, and no other" {
	local command
	"$SANDBOXCTL" help | sed -nE 's/^  ([a-z]+) .*/\1/p' >commands
	[ "$(synopsis_of run | tr -d '\n')" = FLPlprt ] # they are found
	while read -r command; do
		diff <(synopsis_of "$command") \
			<("$SANDBOXCTL" "$command" --help | sed -nE 's/^  -([a-zA-Z]), .*/\1/p' | sort) || {
			echo "$command"
			false
		}
	done <commands
}

@test "help COMMAND is COMMAND --help, and no line of it is wider than 92" {
	local command
	"$SANDBOXCTL" help | sed -nE 's/^  ([a-z]+) .*/\1/p' >commands
	[ "$(wc -l <commands)" -gt 10 ]
	while read -r command; do
		"$SANDBOXCTL" help "$command" >text
		"$SANDBOXCTL" "$command" --help | diff text -
		refute grep -nE '.{93}' text
		grep -q "^usage: sandboxctl $command" text
	done <commands
	refute "$SANDBOXCTL" help nonesuch
}

@test "make help names every target that is meant for people" {
	local target
	make -s -C "$ROOT" help >targets
	for target in demo test lint aarch64 install bench tightness fuzz clean; do
		grep -q "^  make $target  " targets
	done
	refute grep -q '^#' targets
}

# completed WORD...: what bash offers for the last of these words.
completed() {
	bash -c 'PATH=${SANDBOXCTL%/*}:$PATH; . "$0/scripts/completion.bash"
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _sandboxctl; echo "${COMPREPLY[*]}"' "$ROOT" "$@"
}

@test "bash completes commands, options and policies" {
	export SANDBOXCTL
	[ "$(completed sandboxctl le)" = learn ]
	[ "$(completed sandboxctl help expl)" = explain ]
	[ "$(completed sandboxctl run --requ)" = --require-lock ]
	[ "$(completed sandboxctl check -a aar)" = aarch64 ]
	[ "$(completed sandboxctl run -p redis-f)" = redis-full ]
	[ "$(completed sandboxctl show memcached-f)" = memcached-full ]
	[ -z "$(completed sandboxctl run -p redis -- redis-f)" ] # the program's
}

@test "bash completes the name of a file, and does not run what it says" {
	export SANDBOXCTL SANDBOX_POLICY_PATH=.
	# shellcheck disable=SC2016 # that is the name
	printf 'policy 1\nphase a\n  trigger main\n  default allow\n' | tee own.policy >'a$(touch${IFS}run).policy'
	[ "$(completed sandboxctl show ow)" = own ]
	# as it has to be typed
	[ "$(eval "printf '%s\n' $(completed sandboxctl show a | tr ' ' '\n' | grep touch)")" = 'a$(touch${IFS}run)' ]
	[ ! -e run ]
}

@test "every word of the language is in sandbox-policy.5" {
	local parser=("$ROOT"/sandboxctl/policy/parse*.c)
	{
		sed -nE 's/^\t\{ "([a-z]+)", SCOPE_.*/\1/p' "${parser[@]}"
		grep -ohE '\{ "[a-z]+", (ACTION|TRIGGER)_[A-Z]+ \}' "${parser[@]}" | cut -d '"' -f 2
		grep -ohE '\{ TOKEN_WORD, "[a-z]+"' "${parser[@]}" | cut -d '"' -f 2
		grep -ohE '\{ "[a-z]+", parse_[a-z_]+ \}' "${parser[@]}" | cut -d '"' -f 2
		grep -ohE '(skip|at)_word\(parser, "[a-z]+"\)' "${parser[@]}" | cut -d '"' -f 2
	} | sort -u >words
	# The tables were found: one word of each.
	printf '%s\n' include descriptors kill wait within ready count optional where >sample
	comm -13 <(sort words) <(sort sample) | tee missing
	[ ! -s missing ]
	words_are_in "$ROOT/docs/sandbox-policy.5" <words
}

@test "every trigger and what its condition may look at is in sandbox-policy.5 and policies/README.md" {
	local table=$ROOT/preload/trigger/waits.def
	grep -oE '^WAIT\([a-z_0-9]+' "$table" | cut -d '(' -f 2 | grep -v '^__' >calls
	words_are_in "$ROOT/docs/sandbox-policy.5" <calls
	grep '^WAIT(' "$table" | grep -oE '"[a-z]+"' | tr -d '"' | sort -u >slots
	words_are_in "$ROOT/docs/sandbox-policy.5" <slots
	words_are_in "$ROOT/policies/README.md" <slots
	sed -nE 's/^WAIT\([a-z_0-9]+, ([a-z_]+),.*/\1/p' "$table" | sort -u |
		words_are_in "$ROOT/policies/README.md"
}

@test "every variable that the library reads is in libsandbox.7 and README.md" {
	sed -nE 's/.*"((SANDBOX|XDG)_[A-Z_]+|HOME)".*/\1/p; s/.*variable\("([A-Z_]+)"\).*/\1/p' \
		"$ROOT/preload/config.c" | sort -u >variables
	[ "$(grep -c '^SANDBOX_' variables)" -ge 6 ]
	words_are_in "$ROOT/docs/libsandbox.7" <variables
	grep _ variables | words_are_in "$ROOT/README.md"
}

@test "every policy is in README.md or policies/README.md" {
	cat "$ROOT/README.md" "$ROOT/policies/README.md" >both
	basename -a -s .policy "$ROOT"/policies/*.policy | sed 's/.*/`&`/' | words_are_in both
}

# message_of: of each line the longest piece between what stands for something: X, N, (NAME), CALL.
message_of() {
	sed -E "s/\b(X|N|NAME|PATH|WHAT|CALL|OBJECT|OFFSET|iou-)\b|\.\.\.|'/\t/g" | awk -F '\t' '{
		longest = ""
		for (i = 1; i <= NF; i++) {
			gsub(/^[^a-z]+|[^a-z]+$/, "", $i)
			if (length($i) > length(longest))
				longest = $i
		}
		print longest }'
}

@test "every message that libsandbox.7 explains is one of the library's" {
	local message
	sed -n '/^\.Sh DIAGNOSTICS/,/^\.Sh SEE/s/^\.It //p' "$ROOT/docs/libsandbox.7" | message_of >messages
	[ "$(wc -l <messages)" -ge 20 ]
	while read -r message; do
		[ "${#message}" -ge 8 ]
		grep -rqF --include='*.c' -- "$message" "$ROOT/preload" || {
			echo "no source says '$message'"
			false
		}
	done <messages
}

@test "every page and file that README.md, docs/ and policies/README.md point to is there" {
	local text link
	for text in README.md docs/*.md policies/README.md; do
		while read -r link; do
			[ -e "$ROOT/$(dirname "$text")/$link" ] || {
				echo "$text: $link"
				false
			}
		done < <(grep -oE '\]\([^)#:]+\)' "$ROOT/$text" | sed -E 's/^\]\(|\)$//g')
	done
	grep -q '](docs/triggers.md)' "$ROOT/README.md" # links are found so
}

@test "README.md has every subcommand of sandboxctl" {
	"$SANDBOXCTL" help | sed -nE 's/^  ([a-z]+) .*/\1/p' >commands
	[ "$(wc -l <commands)" -gt 10 ]
	sed -n '/^## sandboxctl/,/^## /p' "$ROOT/README.md" >section
	words_are_in section <commands
}

@test "the examples of policies are compiled without a word" {
	local text path
	for text in docs/sandbox-policy.5 policies/README.md README.md; do
		policies_of "$ROOT/$text"
		[ -e 1.policy ]
		for path in ./[0-9]*.policy; do
			run "$SANDBOXCTL" check "$path"
			[ "$status" -eq 0 ] && [[ "$output" != *warning* ]] || {
				printf '%s\n' "$text:" "$(cat "$path")" "$output"
				false
			}
		done
	done
	policies_of "$ROOT/docs/sandbox-policy.5"
	[ "$(find . -name '[0-9]*.policy' | wc -l)" -eq 6 ]
}

@test "the worked example does what the page says of it" {
	policies_of "$ROOT/docs/sandbox-policy.5"
	cat >mailfilter.test <<-EOF
		policy ./1.policy
		must allow accept4
		must allow read
		must allow openat(_, _, O_RDONLY|O_CLOEXEC)
		must trap openat(_, _, O_WRONLY)
		must errno EACCES socket(AF_UNIX, ...)
		must trap EACCES socket(AF_INET, ...)
		must kill ptrace
		must trap execve
		must errno ENOSYS nr:999
	EOF
	run "$SANDBOXCTL" test mailfilter.test
	[ "$status" -eq 0 ]
}

@test "the examples of conditions are conditions" {
	local text line call found
	for text in docs/sandbox-policy.5 policies/README.md; do
		sed -nE 's/^( {4})?where /where /p' "$ROOT/$text" >lines
		[ "$(wc -l <lines)" -ge 5 ]
		while read -r line; do
			found=
			for call in socket openat mmap clone kill; do
				printf '%s\n' 'policy 1' 'phase a' 'trigger main' 'default trap' \
					"allow $call $line" >try.policy
				if "$SANDBOXCTL" check ./try.policy >/dev/null 2>&1; then
					found=$call
				fi
			done
			[ -n "$found" ] || {
				echo "$text: $line"
				false
			}
		done <lines
	done
}

@test "the mistake that is shown is shown like that" {
	printf '%s\n' 'policy 1' 'phase a' 'trigger main' 'default trap' '  allow @base reed' >typo.policy
	run "$SANDBOXCTL" check ./typo.policy
	sed -n '/typo\.policy/,/did you mean/p' "$ROOT/docs/sandbox-policy.5" | sed 's/\\&//' >page
	diff page - <<<"$output"
	sed -n '/^\.\/typo\.policy/,/did you mean/p' "$ROOT/README.md" | diff - page
}

@test "the explanation that is shown is given" {
	sed -n '/^\$ sandboxctl explain/,/^\.Ed/p' "$ROOT/docs/sandboxctl.1" | sed '1d; $d' >page
	local status=0
	"$SANDBOXCTL" explain redis 'socket(AF_ALG, SOCK_SEQPACKET, 0)' >given || status=$?
	[ "$status" -eq 1 ] # denied
	[ -s page ]
	diff <(sed -E 's/:[0-9]+:/:/' page) <(sed -E 's,/[^ ]*/,,; s/:[0-9]+:/:/' given)
}

@test "the questions of sandboxctl.1 are taken, by explain and by test" {
	local question
	sed -n '/^\.Sh QUESTIONS/,/^\.Ed/p' "$ROOT/docs/sandboxctl.1" | sed '1,/^\.Bd/d; $d' >questions
	[ "$(wc -l <questions)" -eq 6 ]
	while read -r question; do
		run "$SANDBOXCTL" explain no-exec "$question"
		[ "$status" -eq 0 ]
		expect allowed
		expect 'the phase says nothing of'
	done <questions
	{
		echo 'policy no-exec'
		sed 's/^/must allow /' questions
	} >page.test
	run "$SANDBOXCTL" test page.test
	[ "$status" -eq 0 ]
	expect '6 passed, 0 failed'
}

@test "the calls and the test file of sandboxctl.1 are taken" {
	local call
	sed -n '/^\.Sh CALLS/,/^\.Ed/p' "$ROOT/docs/sandboxctl.1" | sed -n '/^\.Bd/,/^\.Ed/p' |
		sed '1d; $d' >calls
	[ "$(wc -l <calls)" -eq 5 ]
	while read -r call; do
		run "$SANDBOXCTL" explain redis "$call"
		[ "$status" -le 1 ]
		expect 'phase serving: '
		[[ "$output" != *error* ]]
	done <calls
	sed -n '/^\.Sh TEST FILES/,/^\.Ed/p' "$ROOT/docs/sandboxctl.1" | sed -n '/^policy/,/^\.Ed/p' |
		sed '$d' >page.test
	run "$SANDBOXCTL" test page.test
	[ "$status" -eq 0 ]
	expect '3 passed, 0 failed'
}

@test "the limits that are named are those of the sources" {
	local page=$ROOT/docs/sandbox-policy.5 proof=$ROOT/docs/proof.md
	constant_is POLICYC_PHASES_MAX "$page" 'N phases,'
	constant_is POLICYC_TRIGGERS_MAX "$page" ' N triggers a phase'
	constant_is TRIGGER_TESTS_MAX "$page" ' N comparisons a trigger'
	constant_is TESTS_MAX "$page" ' N tests a line'
	constant_is NESTING_MAX "$page" 'parentheses N deep'
	constant_is NUMBERS_MAX "$page" ' N calls by number'
	constant_is DEPTH_MAX "$page" 'deeper than N,'
	constant_is ERRORS_SHOWN "$page" ' N at most'
	constant_is PROOF_MAX "$proof" 'up to N for a number'
	constant_is PAIRS_MAX "$proof" '(N pairs at most'
	constant_is SAMPLES "$proof" 'N combinations of edges. '
	constant_is EDGES "$proof" 'N combinations of edges for'
	constant_is COMPARISONS_MAX "$proof" 'more than N comparisons'
	constant_is CLASSES_MAX "$proof" 'or N classes'
	[ "$(value_of NUMBERS_TRIED)" -eq 600 ]
	grep -q 'from 0 to 599' "$proof"
}

@test "control: a word, a message or a limit that is not there is noticed" {
	refute words_are_in "$ROOT/docs/libsandbox.7" <<<SANDBOX_NONSENSE
	refute words_are_in "$ROOT/docs/libsandbox.7" </dev/null
	refute constant_is PROOF_MAX "$ROOT/docs/proof.md" 'up to N for nobody'
}
