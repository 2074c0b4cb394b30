#!/usr/bin/env bats
# sandboxctl report: the page and the short text say what the recording says; the page is looked at
# in headless Chromium (browser.py).
# shellcheck disable=SC2016,SC2030,SC2031 # the dollars are jq's; variables of one test are that test's

load helpers

# One recording, one page and one look at it for all tests: a browser takes its time.
setup_file() {
	requires chromium python3 jq
	cd "$BATS_FILE_TMPDIR" || return
	record "$(free_port)" a.recording
	"$SANDBOXCTL" report a.recording --html page.html
	hostile >hostile.recording
	"$SANDBOXCTL" report hostile.recording --html hostile.html
	browse page.html >facts
	browse hostile.html >hostile-facts
}

setup() {
	cd "$BATS_FILE_TMPDIR" || return
}

teardown() {
	stop_all
}

# record PORT FILE: a server's life, before its trigger (poll) and after it.
record() {
	timeout --foreground 60 "$SANDBOXCTL" learn -q -t poll -o learned.policy -r "$2" -- "$HOSTS/learner" \
		read /etc/passwd listen "$1" sockets wait read /etc/hostname read /nowhere \
		write "$BATS_FILE_TMPDIR/written" thread fork exec
}

browse() {
	timeout --foreground 60 python3 "$BATS_TEST_DIRNAME/browser.py" "$@"
}

# fact FILTER [JQ-OPTIONS...]: of the page, must be true.
fact() {
	jq -e "$@" facts >/dev/null || {
		echo "not so: $*" >&2
		jq -c 'del(.text, .tables)' facts >&2
		return 1
	}
}

# What is written in each text of it is markup where it is not escaped.
hostile() {
	jq -cn --arg evil '<script>alert(1)</script>' '
		{recording: 1, program: ["/tmp/" + $evil, "\"><img src=x onerror=alert(2)>"], arch: "x86_64",
			kernel: $evil, started: $evil, sandboxctl: $evil, policy: $evil,
			triggers: [{phase: $evil, trigger: $evil}]},
		{process: 1, who: $evil, after: [], pid: 1, at: 0},
		{call: "read", who: $evil, after: [], count: 3, first: 1, last: 9,
			by: [$evil + "+0x1", "</code><svg onload=alert(3)>+0x2", "&lt;b&gt;"]},
		{fired: $evil, trigger: $evil, who: $evil, after: [$evil], pid: 1, at: 10, threads: 1},
		{call: "read", who: $evil, after: [$evil], count: -5, first: 11, last: 99999999999999999},
		{call: "nr:999", who: ($evil + "/7"), after: [$evil], count: 1, first: 12, last: 12},
		{call: "read", who: "x", foreign: true, after: [$evil], count: 1, first: 12, last: 12},
		{file: ("/a/\u202egnp.exe\u200b/" + $evil), use: $evil, who: $evil, after: [$evil], count: 1, found: true},
		{file: ("/x\u0027onmouseover=\u0027alert(1)/" + "y" * 4000), use: "read", who: $evil, after: [],
			count: 1, missing: true},
		{address: "tcp <style>*{display:none}</style>:80", use: "bind", who: $evil, after: [], count: 1},
		{seconds: 1e300, calls: 5}, {seconds: "x", calls: -1},
		{end: "exit </title><script>", calls: 100, processes: 1, seconds: 1.5}'
}

# of RECORDING FILTER: the lines of it, in a list.
of() {
	jq -s "$2" "$1"
}

# counted KIND: [what, ..., not locked, locked] of the recording, as the page has them.
counted() {
	of a.recording "map(select(.$1)) | group_by($2) | map([(.[0] | $2 | if type == \"array\" then .[] else . end),
		(map(select(.after == []) | .count) | add // 0 | tostring),
		(map(select(.after != []) | .count) | add // 0 | tostring)]) | sort"
}

NAME='.call | sub("\\(.*"; "")'

@test "every call, with its counts before and after the trigger, is that of the recording" {
	diff <(counted call "($NAME)") \
		<(jq '[.tables.Calls.rows[] | [(.[0] | sub(" .*"; "")), (.[2], .[3] | gsub(","; ""))]] | sort' facts)
	fact '.tables.Calls.heads[2:4] == ["Not locked", "Locked: serving"]'
	fact '.tables.Calls.rows | length > 10'
}

@test "every file and address, what was done with it, and whether it was there" {
	diff <(counted file '[.file, .use]') \
		<(jq '[.tables["Files under the lock", "Files outside the lock only"].rows[][:4]] | sort' facts)
	diff <(counted address '[.address, .use]') \
		<(jq '[.tables["Addresses outside the lock only"].rows[][:4]] | sort' facts)
	fact '.tables["Files under the lock"].rows | map(select(.[0] == "/nowhere")) == [["/nowhere", "read", "0", "1", "missing"]]'
	fact '.tables["Files under the lock"].rows | map(select(.[0] == "/etc/passwd")) == []'
}

@test "what the lock closes: the sensitive calls, and those that stay open are marked" {
	diff <(of a.recording "map(select(.call and .after != []) | $NAME) | unique") \
		<(jq '.chips[1] | sort' facts)
	diff <(of a.recording "(map(select(.call and .after != []) | $NAME) | unique) as \$left |
			map(select(.call) | $NAME) | unique - \$left") \
		<(jq '.chips[0] | sort' facts)
	fact '.tables["Sensitive and dangerous calls"].rows | map({(.[0]): .[1]}) | add |
		.listen == "✓ closed" and .socket == "✓ closed" and .ptrace == "✓ closed, never used" and
		.clone == "● stays open" and .execve == "● stays open"'
	fact '.tables["Sensitive and dangerous calls"].rows | length == 18'
	fact '.cards["Sensitive calls closed"] == ((.tables["Sensitive and dangerous calls"].rows |
		map(select(.[1] | startswith("✓"))) | length | tostring) + " of 18")'
	fact --argjson left "$(jq '.chips[1] | length' facts)" '.cards["System calls left"] | startswith("\($left) of ")'
}

@test "the time line: where the trigger was, what was set up before it, and who did how much" {
	local at
	at=$(of a.recording 'map(select(.fired))[0].at')
	fact --arg at "$at" '.tables["What happened when"].rows | map(select(.[3] == "▼ poll")) |
		length == 1 and .[0][0] == $at and .[0][2] == "learner"'
	fact --argjson at "$at" '[.tables["What happened when"].rows[] | select(.[3] | test("▲ (bind|listen)")) |
		.[0] | tonumber < $at] == [true, true]'
	fact '.tables["What happened when"].rows | map(select(.[2] == "learner/1" and .[3] == "● new process")) | length == 1'
	fact --arg free "$(of a.recording 'map(select(.call and .who == "learner" and .after == []) | .count) | add')" \
		--arg locked "$(of a.recording 'map(select(.call and .who == "learner" and .after != []) | .count) | add')" \
		'.lanes[0] == "learner, calls not locked: \($free), calls under the lock: \($locked)"'
	fact --argjson who "$(of a.recording 'map(select(.call).who) | unique | length')" '.lanes | length == $who'
}

@test "whose code called: the objects of the recording" {
	diff <(of a.recording 'map(select(.by).by[] | sub("\\+0x[0-9a-f]*$"; "")) | unique') \
		<(jq '[.tables["Whose code called"].rows[][0]] | sort' facts)
	fact '.tables["Whose code called"].rows | map(.[0]) | index("learner") != null'
}

@test "it loads nothing, runs nothing, and nothing is wrong with it" {
	fact '.requests == [] and .loaded == 1 and .console == []'
	fact '.scripts == 0 and .foreign == 0 and .handlers == 0 and .broken == 0 and .twice == []'
	fact '.links | length > 5 and all(startswith("#"))'
	fact '.title == "learner: what its lock leaves"'
	# controls: a request and a script are noticed, and the page's own policy forbids them
	sed 's|</h1>|&<img src="http://127.0.0.1:9/x"><script>console.log("ran")</script>|' page.html >tampered.html
	sed 's|<meta http-equiv="Content-Security-Policy"[^>]*>||' tampered.html >free.html
	browse free.html >free
	jq -e '.requests == ["http://127.0.0.1:9/x"] and any(.console[]; .args[0].value? == "ran")' free
	browse tampered.html >tampered
	jq -e '(.console | length > 1) and all(.console[]; .entry.text? | test("Content Security Policy"))' tampered
}

@test "360 pixels: the page does not scroll sideways; wide tables do, by keyboard too" {
	fact '.at360.page == [360, 360] and .at360.outside == []'
	fact '.at360.scrolling | length > 3 and all(.[1] == 0)'
	fact '.at1280.page == [1280, 1280] and .at1280.outside == []'
	jq -e '.at360.page == [360, 360] and .at360.outside == []' hostile-facts
}

@test "light and dark differ, and every text stands out from what is behind it" {
	fact '.light.ground != .dark.ground and .light.ink != .dark.ink'
	fact '.light.count > 200 and .light.least.ratio >= 4.5 and .dark.least.ratio >= 4.5'
	# control: a text that does not is noticed
	sed 's|--quiet: #4b5768|--quiet: #9aa4b2|' page.html >pale.html
	browse pale.html >pale
	jq -e '.light.least.ratio < 4.5' pale
}

@test "Tab reaches everything that can be opened or scrolled, in order, and shows where it is" {
	fact '.focusable == [.tabs[].name] and (.tabs | length > 30)'
	fact '.tabs[0].name == "Skip to the report"'
	fact '.tabs | all(.outline == "solid" and .seen)'
}

@test "headings: one for the page, and none skips a level" {
	fact '[.headings[][0]] | .[0] == 1 and (map(select(. == 1)) | length == 1) and
		([.[:-1], .[1:]] | transpose | all(.[1] - .[0] <= 1))'
}

@test "a program called <script> is a text" {
	jq -e '.requests == [] and .console == [] and .scripts == 0 and .foreign == 0 and .handlers == 0' hostile-facts
	jq -e '.headings[0] == [1, "<script>alert(1)</script>"]' hostile-facts
	jq -e '.title == "<script>alert(1)</script>: what its lock leaves"' hostile-facts
	jq -e '.text | contains("<svg onload=alert(3)>") or contains("&lt;b&gt;")' hostile-facts
	jq -e '.tables["Files under the lock"].rows[0][0] == "/a/U+202Egnp.exeU+200B/<script>alert(1)</script>"' hostile-facts
	jq -e '.tables["Addresses outside the lock only"].rows[0][0] == "tcp <style>*{display:none}</style>:80"' hostile-facts
	# and on a terminal nothing turns the text around
	run "$SANDBOXCTL" report hostile.recording
	[ "$status" -eq 0 ]
	expect '/a/<U+202E>gnp.exe<U+200B>/'
}

@test "the short text says the same" {
	run "$SANDBOXCTL" report a.recording
	[ "$status" -eq 0 ]
	expect "calls: $(jq '.tables.Calls.rows | length' facts) different ones of"
	expect ", $(jq '.chips[1] | length' facts) under the lock"
	expect "closed: $(jq -r '.cards["Sensitive calls closed"]' facts) sensitive calls, $(jq -r '.cards["Dangerous calls closed"]' facts) dangerous ones"
	expect "trigger poll, met by 1 process, first at call $(of a.recording 'map(select(.fired))[0].at')"
	expect '  read /etc/hostname'
	[[ "$output" != *'  read /etc/passwd'* ]] # before the trigger
	expect 'dangerous or sensitive, and left:'
}

@test "several recordings are put together; the same one twice is one" {
	record "$(free_port)" b.recording
	"$SANDBOXCTL" report --html both.html a.recording b.recording a.recording
	browse both.html >both
	jq -e --slurpfile one facts '(.cards["Calls recorded"] | endswith("in 2 runs")) and
		(.tables.Runs.rows | length == 2) and
		((.tables.Calls.rows | map(select(.[0] | startswith("listen")))[0][2]) == "2")' both
}

@test "of two programs with locks of their own the first is shown, and the other named" {
	{
		echo '{"recording":1,"program":["x"],"arch":"x86_64","triggers":[]}'
		for who in x y; do
			echo '{"fired":"a","trigger":"poll","who":"'$who'","after":["a"],"at":1}'
		done
		echo '{"call":"read","who":"x","after":["a"],"count":1}'
		echo '{"call":"ptrace","who":"y","after":["a"],"count":1}'
	} >two.recording
	run "$SANDBOXCTL" report two.recording
	expect 'what follows is the lock of x; others have their own: y'
	expect 'dangerous or sensitive, and left: none'
	"$SANDBOXCTL" report two.recording --html two.html
	grep -qF 'have locks of their own: <code>y</code>' two.html
}

@test "of several phases each is shown: what is left under it, and what it closes" {
	{
		echo '{"recording":1,"program":["x"],"arch":"x86_64","triggers":[]}'
		echo '{"call":"bind","who":"x","after":[],"count":1}'
		echo '{"fired":"master","trigger":"poll","who":"x","after":["master"],"at":1}'
		echo '{"call":"clone","who":"x","after":["master"],"count":2}'
		echo '{"call":"setuid","who":"x/1","after":["master"],"count":3}'
		echo '{"fired":"worker","trigger":"epoll_wait","who":"x/1","after":["master","worker"],"at":4}'
		echo '{"call":"accept4","who":"x/1","after":["master","worker"],"count":4}'
	} >phases.recording
	run "$SANDBOXCTL" report phases.recording
	expect 'phase master: trigger poll, met by 1 process, first at call 1; leaves 3'
	expect 'phase worker: trigger epoll_wait, met by 1 process, first at call 4; leaves 1'
	"$SANDBOXCTL" report phases.recording --html phases.html
	browse phases.html >phases
	jq -e '.chips == [["bind"], ["accept4", "setuid", "clone"], ["setuid", "clone", "bind"], ["accept4"]] and
		(.tables.Calls.heads[1:6] == ["Under master", "Under worker", "Not locked", "Locked: master", "Locked: worker"]) and
		([.tables.Calls.rows[] | [(.[0] | sub(" .*"; "")), .[1:6][]]] == [
			["accept4", "● stays open", "● stays open", "0", "0", "4"],
			["setuid", "● stays open", "✓ closed", "0", "3", "0"],
			["clone", "● stays open", "✓ closed", "0", "2", "0"],
			["bind", "✓ closed", "✓ closed", "1", "0", "0"]])' phases || {
		jq -c '.chips, .tables.Calls' phases >&2
		return 1
	}
}

@test "no trigger was met: the page says so, and promises nothing" {
	"$SANDBOXCTL" learn -q -t sigsuspend -o none.policy -r none.recording -- "$HOSTS/learner" wait || true
	"$SANDBOXCTL" report none.recording --html none.html
	grep -q 'No trigger was met, so nothing would be locked' none.html
	refute grep -qE 'stays open|✓|&#10003;' none.html
	run "$SANDBOXCTL" report none.recording
	expect 'no trigger was met: nothing would be locked'
}

@test "a damaged recording: the line is named, and nothing is written" {
	mkdir place
	sed '4s/.*/{"call":/' a.recording >damaged.recording
	run "$SANDBOXCTL" report damaged.recording --html place/page.html
	[ "$status" -eq 125 ]
	expect 'damaged.recording:4:1: error: this line of a recording is damaged'
	echo before >place/page.html
	run "$SANDBOXCTL" report a.recording damaged.recording --html place/page.html
	[ "$status" -eq 125 ]
	[ "$(cat place/page.html)" = before ]
	[ "$(ls place)" = page.html ]
}

@test "a recording that was cut off: what is whole is shown, and that something is missing" {
	head -c -30 a.recording >short.recording
	run "$SANDBOXCTL" report short.recording --html short.html
	[ "$status" -eq 0 ]
	expect "short.recording:$(wc -l <a.recording): the last line is not whole and left out"
	grep -q '1 of 1 runs were cut off' short.html
	refute grep -q 'runs were cut off' page.html
	# what was made until then is known, too
	run "$SANDBOXCTL" report short.recording
	expect ": $(of a.recording 'map(select(.seconds and (has("end") | not)).calls) | max') calls of $(of a.recording 'map(select(has("process"))) | length') process"
	expect 'cut off'
}

@test "the page is not written over a recording, nor half" {
	cp a.recording copy.recording
	ln -s copy.recording link
	run "$SANDBOXCTL" report copy.recording --html link
	[ "$status" -eq 125 ]
	expect 'link is one of the recordings'
	cmp a.recording copy.recording
	run "$SANDBOXCTL" report a.recording --html nowhere/page.html
	[ "$status" -eq 125 ]
	expect 'nowhere/page.html: cannot be written: No such file or directory'
}

@test "without the groups nothing could be called dangerous: it says so, and ends" {
	mkdir alone
	cp "$SANDBOXCTL" alone/
	SANDBOXCTL=$PWD/alone/sandboxctl
	if "$SANDBOXCTL" list | grep -q .; then skip 'policies are installed on this machine'; fi
	run "$SANDBOXCTL" report a.recording --html alone/page.html
	[ "$status" -eq 125 ]
	expect 'the group @dangerous is not found'
	[ ! -e alone/page.html ]
}

@test "no input makes it crash" {
	export SANDBOX_POLICY_PATH=$BUILD/policies
	python3 - <<-'END'
		import pathlib, random
		random.seed(1)
		for source in ('a.recording', 'hostile.recording'):
		    text = pathlib.Path(source).read_bytes()
		    for number in range(30):
		        broken = bytearray(text)
		        for _ in range(random.choice((1, 3, 30))):
		            at = random.randrange(len(broken))
		            broken[at:at + random.randrange(3)] = random.choice((b'"', b'9', b'-', b'\xff', b'\n', b'[', b'0x', b''))
		        if number % 3 == 0:
		            del broken[random.randrange(len(broken)):]
		        pathlib.Path(f'fuzz-{source[0]}{number}').write_bytes(broken)
	END
	for file in fuzz-*; do
		run timeout 20 "$BUILD/sanitized/sandboxctl" report "$file" --html fuzz.html
		[[ "$status" -eq 0 || "$status" -eq 125 ]]
		[[ "$output" != *Sanitizer* && "$output" != *'runtime error'* ]]
	done
	[ -e fuzz.html ] # some were whole enough
}
