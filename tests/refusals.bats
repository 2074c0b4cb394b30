#!/usr/bin/env bats
# What cannot be done as the policy says stops the program before its main: exit 125, one line.

load helpers

GOOD='policy 1
phase serving
  trigger epoll_wait
  default allow
  errno EPERM getppid'

# refused TEXT...: the last run ended with 125 before main, and its message has every TEXT.
refused() {
	local text
	[ "$status" -eq 125 ] || {
		printf 'status %s: %s\n' "$status" "$output"
		return 1
	}
	[[ "$output" != *'getppid 0'* && "$output" != *'getppid -1'* ]]
	for text in "$@"; do
		expect "$text"
	done
}

@test "control: the policy that the refusals are variations of works" {
	run sandboxed "$(policy good <<<"$GOOD")" "$HOSTS/probe" getppid
	[ "$output" = 'getppid -1 1' ]
}

@test "a variable that is ours but for one letter, or in small letters" {
	local good name
	good=$(policy good <<<"$GOOD")
	for name in SANDBOX_POLCY SANDBOX_POLICIY SANDBOX_PLOICY SANDBOX_POLIZY SANBOX_POLICY sandbox_policy \
		SANDBOX_POLICY_ SANDBOX_POLICYPATH SANDBOX_POLICY_PATHS SANDBOX_TRIGER SANDBOX_REPROT SANDBOX_PROBE; do
		run env "$name=x" LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$good" "$HOSTS/probe" getppid
		refused "the environment has $name, which means nothing: say SANDBOX_"
	done
	run env SANDBOX_PLOICY="$good" LD_PRELOAD="$LIBRARY" "$HOSTS/probe" getppid
	refused 'say SANDBOX_POLICY, or'
	run env SANDBOX_VERBOS=1 "$SANDBOXCTL" run -p "$good" -- "$HOSTS/probe" getppid
	refused 'say SANDBOX_VERBOSE, or'
}

@test "control: other programs' variables are left alone" {
	local good
	good=$(policy good <<<"$GOOD")
	# Gentoo's sandbox has its own; SANDBOX_TEST is the caller's word for sandboxctl ci
	run env SANDBOX_ON=1 SANDBOX_LIB=x SANDBOX_LOG=x SANDBOX_DENY=x SANDBOX_WRITE=x SANDBOX_PREDICT=x \
		SANDBOX_NODE=x SANDBOX_TEST=x SANDBOX=x SANDBOX_=x S=x s=x SANDBOX_POLICY_PATH_OF_MINE=x MYSANDBOX_POLICY=x \
		LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$good" "$HOSTS/probe" getppid
	[ "$output" = 'getppid -1 1' ]
}

@test "an unknown policy name" {
	run sandboxed no-such-policy "$HOSTS/probe" getppid
	refused 'there is no policy named no-such-policy' 'a path has a / in it' 'sandboxctl list'
}

@test "a path where there is no policy" {
	run sandboxed "$BATS_TEST_TMPDIR/none.policy" "$HOSTS/probe" getppid
	refused "there is no policy file $BATS_TEST_TMPDIR/none.policy"
}

@test "a syntax error: file, line, column, the line, a caret" {
	printf 'policy 1\nphase serving\n  trigger epoll_wait\n  default allow\n  errno EPERM getppid where\n' \
		>"$BATS_TEST_TMPDIR/bad.policy"
	run sandboxed "$BATS_TEST_TMPDIR/bad.policy" "$HOSTS/probe" getppid
	refused 'bad.policy:5:' 'errno EPERM getppid where' '^' 'does not compile, so the program was not started'
}

@test "a misspelt call and a misspelt group: did you mean" {
	printf '%s\n' "${GOOD/getppid/getpidd}" >"$BATS_TEST_TMPDIR/call.policy"
	run sandboxed "$BATS_TEST_TMPDIR/call.policy" "$HOSTS/probe" getppid
	refused 'call.policy:5:15' "did you mean 'getpid'"
	printf '%s\n' "${GOOD/getppid/@bse}" >"$BATS_TEST_TMPDIR/group.policy"
	XDG_CONFIG_HOME="$BATS_TEST_TMPDIR" run sandboxed "$BATS_TEST_TMPDIR/group.policy" "$HOSTS/probe" getppid
	refused 'group.policy:5:15' "did you mean '@base'"
}

@test "a compiled policy that is truncated, at every kind of place" {
	local path size
	path=$(policy good <<<"$GOOD")
	rm "$path"
	size=$(stat -c %s "${path}c")
	cp "${path}c" "$BATS_TEST_TMPDIR/whole"
	for keep in 0 1 7 64 103 104 200 $((size / 2)) $((size - 8)) $((size - 1)); do
		head -c "$keep" "$BATS_TEST_TMPDIR/whole" >"${path}c"
		run sandboxed "${path}c" "$HOSTS/probe" getppid
		refused 'compiled policy' 'compile it again'
	done
}

@test "a compiled policy with one bit flipped" {
	local path size at
	path=$(policy good <<<"$GOOD")
	rm "$path"
	size=$(stat -c %s "${path}c")
	cp "${path}c" "$BATS_TEST_TMPDIR/whole"
	for at in 0 8 16 30 60 100 $((size / 3)) $((size / 2)) $((size - 2)); do
		cp "$BATS_TEST_TMPDIR/whole" "${path}c"
		printf '%b' "\\x$(printf %x $((0x$(od -An -tx1 -j "$at" -N 1 "${path}c" | tr -d " ") ^ 4)))" |
			dd of="${path}c" bs=1 seek="$at" conv=notrunc status=none
		refute cmp -s "$BATS_TEST_TMPDIR/whole" "${path}c"
		run sandboxed "${path}c" "$HOSTS/probe" getppid
		refused 'compiled policy' 'compile it again'
	done
}

@test "a policy, compiled or text, that belongs to someone else or can be written by others" {
	requires_root
	local path
	path=$(policy good <<<"$GOOD")
	chmod o+w "${path}c"
	run sandboxed "$path" "$HOSTS/probe" getppid
	refused 'can be written by others (chmod go-w)'
	chmod o-w "${path}c"
	chown nobody "${path}c"
	run sandboxed "$path" "$HOSTS/probe" getppid
	refused 'belongs to another user'
	chown root "${path}c"
	chmod g+w "$path"
	run sandboxed "$path" "$HOSTS/probe" getppid
	refused 'can be written by others (chmod go-w)'
}

@test "a policy in a directory where others could put another one under its name" {
	requires_root
	local place=$BATS_TEST_TMPDIR/place
	mkdir "$place"
	cp "$(policy good <<<"$GOOD")" "$place/good.policy"
	"$SANDBOXCTL" compile "$place/good.policy"
	run sandboxed "$place/good.policyc" "$HOSTS/probe" getppid
	[ "$status" -eq 0 ]
	chmod g+w "$place"
	run sandboxed "$place/good.policyc" "$HOSTS/probe" getppid
	refused 'is in a directory that others can write (chmod go-w)'
	SANDBOX_POLICY_PATH=$place run sandboxed good "$HOSTS/probe" getppid
	refused 'is in a directory that others can write (chmod go-w)'
	chmod +t "$place"
	run sandboxed "$place/good.policyc" "$HOSTS/probe" getppid
	[ "$status" -eq 0 ]
	ln -s "$BUILD/policies/minimal.policyc" "$place/better.policyc"
	run sandboxed "$place/better.policyc" "$HOSTS/probe" getppid
	[ "$status" -eq 0 ]
	chown -h nobody "$place/better.policyc"
	chmod 755 "$place" # the kernel's own protection of links would come first
	run sandboxed "$place/better.policyc" "$HOSTS/probe" getppid
	refused 'is a link that belongs to another user'
	chown nobody "$place"
	run sandboxed "$place/good.policyc" "$HOSTS/probe" getppid
	refused 'is in a directory of another user'
}

@test "a directory of policies that cannot be read, or is one too many, might have had the policy" {
	requires setpriv
	requires_root
	local place list
	publish_library
	place=$(public_directory)
	mkdir -p "$place/libsandbox/policies"
	printf '%s\n' 'policy 1' 'program probe' 'phase serving' 'trigger main' 'default allow' \
		'errno EACCES getppid' >"$place/libsandbox/policies/mine.policy"
	unset SANDBOX_POLICY
	run env XDG_CONFIG_HOME="$place" LD_PRELOAD="$LIBRARY" "$HOSTS/probe" getppid
	[ "$output" = 'getppid -1 13' ]
	# another user has that directory in the environment, and cannot look into it
	chmod 700 "$place/libsandbox/policies"
	cp "$HOSTS/probe" "$place/probe"
	run setpriv --reuid=nobody --clear-groups env XDG_CONFIG_HOME="$place" \
		LD_PRELOAD="$LIBRARY" "$place/probe" getppid
	refused "cannot look for policies in $place/libsandbox/policies: EACCES"
	list=$(printf ':/nonexistent%.0s' {1..32})
	run env SANDBOX_POLICY_PATH="$list" LD_PRELOAD="$LIBRARY" "$HOSTS/probe" getppid
	refused 'SANDBOX_POLICY_PATH has too many directories'
}

@test "a text policy without a sandboxctl beside the library" {
	local alone=$BATS_TEST_TMPDIR/alone
	mkdir "$alone"
	cp "$LIBRARY" "$alone/"
	printf '%s\n' "$GOOD" >"$alone/good.policy"
	run env LD_PRELOAD="$alone/libsandbox.so" SANDBOX_POLICY="$alone/good.policy" "$HOSTS/probe" getppid
	refused 'there is no sandboxctl' 'sandboxctl compile'
}

@test "the compiled form alone needs neither text nor sandboxctl" {
	local alone=$BATS_TEST_TMPDIR/alone path
	path=$(policy good <<<"$GOOD")
	mkdir "$alone"
	cp "$LIBRARY" "${path}c" "$alone/"
	rm "$path"
	run env LD_PRELOAD="$alone/libsandbox.so" SANDBOX_POLICY="$alone/good.policyc" "$HOSTS/probe" getppid
	[ "$output" = 'getppid -1 1' ]
}

@test "a text newer than its compiled form is what counts" {
	local path
	path=$(policy good <<<"$GOOD")
	printf '%s\n' "${GOOD/EPERM/EACCES}" >"$path"
	touch -d '+1 minute' "$path"
	run sandboxed "$path" "$HOSTS/probe" getppid
	[ "$output" = 'getppid -1 13' ]
}

@test "a text of the same size and an older time is what counts, too" {
	local path
	path=$(policy good <<<"$GOOD")
	touch -d '2020-01-01' "$path"
	run sandboxed "$path" "$HOSTS/probe" getppid
	[ "$output" = 'getppid -1 1' ]
	# EPERM and ENOSR have as many letters; a copy of an older file keeps its time
	printf '%s\n' "${GOOD/EPERM/ENOSR}" >"$path"
	touch -d '2020-01-01' "$path"
	run sandboxed "$path" "$HOSTS/probe" getppid
	[ "$output" = 'getppid -1 63' ]
}

@test "an outer sandbox that forbids seccomp" {
	run sandboxed "$(policy good <<<"$GOOD")" env -u LD_PRELOAD "$HOSTS/outer" seccomp \
		env LD_PRELOAD="$LIBRARY" "$HOSTS/probe" getppid
	refused 'seccomp is not available here' 'EPERM'
	run sandboxed "$(policy good <<<"$GOOD")" env -u LD_PRELOAD SANDBOX_MODE=dry-run \
		"$HOSTS/outer" seccomp env LD_PRELOAD="$LIBRARY" "$HOSTS/probe" getppid
	[ "$status" -eq 0 ]
	expect 'seccomp is not available here, so only a dry run goes on'
	expect 'getppid 0 0'
}

@test "an outer sandbox that forbids unshare does not matter to a filter" {
	run sandboxed "$(policy good <<<"$GOOD")" env -u LD_PRELOAD "$HOSTS/outer" unshare \
		env LD_PRELOAD="$LIBRARY" "$HOSTS/probe" getppid
	[ "$output" = 'getppid -1 1' ]
}

@test "values of SANDBOX_MODE, SANDBOX_VERBOSE and SANDBOX_REPORT that mean nothing" {
	local path
	path=$(policy good <<<"$GOOD")
	run env SANDBOX_MODE=enfroce LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$path" "$HOSTS/probe" getppid
	refused 'SANDBOX_MODE=enfroce is not known'
	run env SANDBOX_VERBOSE=yes LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$path" "$HOSTS/probe" getppid
	refused 'SANDBOX_VERBOSE=yes is not known'
	run env SANDBOX_REPORT=/nonexistent/x LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$path" "$HOSTS/probe" getppid
	refused 'cannot open the report file /nonexistent/x' 'ENOENT'
	run env SANDBOX_REPORT=fd:77 LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$path" "$HOSTS/probe" getppid
	refused 'SANDBOX_REPORT=fd:77 does not name an open descriptor'
}

@test "SANDBOX_TRIGGER replaces the trigger, and its errors show as such" {
	local path
	path=$(policy good <<<"$GOOD")
	run env SANDBOX_TRIGGER=main LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$path" \
		"$HOSTS/probe" unfired getppid
	[ "$output" = 'getppid -1 1' ]
	run env SANDBOX_TRIGGER=epol_wait LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$path" \
		"$HOSTS/probe" getppid
	refused 'SANDBOX_TRIGGER' "did you mean 'epoll_wait'"
}

@test "a policy that names other programs leaves this one alone" {
	local path
	path=$(policy other <<<"${GOOD/phase/program another-program
phase}")
	run sandboxed "$path" "$HOSTS/probe" getppid
	[ "$output" = 'getppid 0 0' ]
	SANDBOX_VERBOSE=1 run sandboxed "$path" "$HOSTS/probe" getppid
	expect 'not armed in this program: policy other'
	cp "$HOSTS/probe" "$BATS_TEST_TMPDIR/another-program"
	run sandboxed "$path" "$BATS_TEST_TMPDIR/another-program" getppid
	[ "$output" = 'getppid -1 1' ]
}

@test "a program whose file was removed is still the one that its policy names" {
	local path
	path=$(policy upgraded <<<'policy 1
program daemon
phase serving
  trigger poll
  default allow
  errno EPERM getppid')
	cp "$HOSTS/again" "$BATS_TEST_TMPDIR/daemon"
	run sandboxed "$path" "$BATS_TEST_TMPDIR/daemon"
	[ "$output" = 'getppid -1 1' ]
	# control: another program that does the same is left alone
	cp "$HOSTS/again" "$BATS_TEST_TMPDIR/other"
	run sandboxed "$path" "$BATS_TEST_TMPDIR/other"
	[ "$output" = 'getppid 0 0' ]
}

@test "a program that is named by a path is found through links to it" {
	local path place=$BATS_TEST_TMPDIR
	mkdir "$place/v1"
	ln -s v1 "$place/current"
	cp "$HOSTS/probe" "$place/v1/probe"
	ln "$place/v1/probe" "$place/v1/tool"
	path=$(policy linked <<<"${GOOD/phase/program $place/current/probe
phase}")
	run sandboxed "$path" "$place/current/probe" getppid
	[ "$output" = 'getppid -1 1' ]
	run sandboxed "$path" "$place/v1/probe" getppid
	[ "$output" = 'getppid -1 1' ]
	# controls: the same file is another program by another name, and so is another file
	run sandboxed "$path" "$place/v1/tool" getppid
	[ "$output" = 'getppid 0 0' ]
	run sandboxed "$path" "$HOSTS/probe" getppid
	[ "$output" = 'getppid 0 0' ]
}

@test "a thread with a filter of its own is named" {
	run sandboxed "$(policy good <<<"$GOOD")" "$HOSTS/own-filter"
	refused 'has a seccomp filter of its own'
}
