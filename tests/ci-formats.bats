#!/usr/bin/env bats
# sandboxctl ci: what it writes for Jenkins, GitLab, GitHub, TAP consumers and SARIF viewers is what
# their formats say, also when tests and programs have the worst of names.

load helpers
load ci

SCHEMAS=$ROOT/tests/fixtures/schemas
# What XML, JSON, TAP, YAML, GitHub's commands and terminals would choke on.
HOSTILE=$'<a>&"b"\'c\' ]]> %0A::error::x,y:z # skip \\ \e[31m \x01 \xff\xc3\x28 \xe2\x80\xae \xef\xbf\xbe\nnot ok 1 - \xc3\xa9'

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export TMPDIR=$BATS_TEST_TMPDIR
	unset SANDBOX_TEST BATS_TEST_NAME PYTEST_CURRENT_TEST
	worker_files
}

teardown() {
	stop_all
}

# both_verdicts OPTION...: green.* and red.* of a suite, and of one with hostile names.
both_verdicts() {
	ci -qp ./worker.policy -O --junit green.xml --sarif green.sarif --json green.json "$@" -- ./worker
	cp worker "$(printf 'work"er <%%s>: #1,\n2')"
	# shellcheck disable=SC2016 # the inner shell's
	run ci -qp ./worker.policy -O --program '*' --junit red.xml --sarif red.sarif --json verdict.json "$@" -- \
		env SANDBOX_TEST="$HOSTILE" sh -c './work*2 ask 2; ./worker socket version; ./worker version "$0"; exit 3' "$HOSTILE"
	[ "$status" -eq 1 ]
}

@test "a device, a pipe and our own output are written to, not replaced" {
	requires jq
	mkfifo pipe
	start cat pipe
	ln -s /dev/null null
	ln -s /dev/stdout out
	run --separate-stderr ci -qp ./worker.policy --json pipe --sarif null --summary out -- ./worker
	[ "$status" -eq 0 ]
	[[ "$output" == *GREEN* ]]
	[ -p pipe ]
	[ "$(readlink null) $(readlink out)" = '/dev/null /dev/stdout' ]
	eventually not_running "$pid"
	jq -e .green "$BATS_TEST_TMPDIR/output"
	[ -c /dev/null ]
}

@test "JUnit validates against its schema, and a parser finds each failure once" {
	requires xmllint python3
	both_verdicts
	xmllint --noout --schema "$SCHEMAS/jenkins-junit.xsd" green.xml
	xmllint --noout --schema "$SCHEMAS/jenkins-junit.xsd" red.xml
	[ "$(xmllint --xpath 'count(//failure)' green.xml)" -eq 0 ]
	[ "$(xmllint --xpath 'count(//failure)' red.xml)" -eq "$(jq '[.findings[] | select(.fails)] | length' verdict.json)" ]
	[ "$(xmllint --xpath 'string(/testsuites/testsuite/@failures)' red.xml)" -eq "$(xmllint --xpath 'count(//failure)' red.xml)" ]
	[ "$(xmllint --xpath 'string(/testsuites/testsuite/@tests)' red.xml)" -eq "$(xmllint --xpath 'count(//testcase)' red.xml)" ]
	# The words came through: those of XML as they were, the others in a form that can be read.
	xmllint --xpath 'string(//testcase[contains(@name, "getppid")]/failure)' red.xml >text
	grep -qF "<a>&\"b\"'c' ]]> %0A::error::x,y:z # skip \\ \\x1b[31m \\x01 \\xff\\xc3(" text
	grep -qF 'é' text
	# control: the schema notices a slip
	sed 's/<failure /<failures /; s,</failure>,</failures>,' red.xml >broken.xml
	refute xmllint --noout --schema "$SCHEMAS/jenkins-junit.xsd" broken.xml
}

@test "SARIF validates against its schema, and each result is at a line of the policy" {
	requires jq python3
	python3 -c 'import jsonschema' 2>/dev/null || skip 'python3-jsonschema is not installed'
	both_verdicts
	cat >validate.py <<'PYTHON'
import json, jsonschema, sys
schema = json.load(open(sys.argv[1]))
for path in sys.argv[2:]:
    errors = list(jsonschema.Draft202012Validator(schema).iter_errors(json.load(open(path))))
    for error in errors:
        print(path, list(error.absolute_path), error.message)
    if errors:
        sys.exit(1)
PYTHON
	python3 validate.py "$SCHEMAS/sarif-2.1.0.json" green.sarif red.sarif
	[ "$(jq '[.runs[0].results[] | select(.level == "error")] | length' red.sarif)" -eq \
		"$(jq '[.findings[] | select(.fails)] | length' verdict.json)" ]
	[ "$(jq -r '.runs[0].results[] | select(.properties.call == "getppid") | .locations[0].physicalLocation
		| "\(.artifactLocation.uri):\(.region.startLine)"' red.sarif)" = worker.policy:7 ]
	# A rule for each result, by its index, too:
	[ "$(jq '.runs[0] as $run | [$run.results[] | select($run.tool.driver.rules[.ruleIndex].id != .ruleId)] | length' red.sarif)" -eq 0 ]
	# The same finding has the same fingerprint when lines have moved:
	sed -i '2i # a comment' worker.policy
	run ci -qp ./worker.policy -O --program '*' --sarif again.sarif -- ./worker ask 2
	cp worker other
	ci -qp ./worker.policy -O -f none --sarif first.sarif -- ./worker ask 2
	sed -i '2i # another' worker.policy
	ci -qp ./worker.policy -O -f none --sarif second.sarif -- ./worker ask 5
	[ "$(jq -c '[.runs[0].results[] | select(.ruleId == "denied-call") | .partialFingerprints]' first.sarif)" = \
		"$(jq -c '[.runs[0].results[] | select(.ruleId == "denied-call") | .partialFingerprints]' second.sarif)" ]
	# control: the schema notices a slip
	sed 's/"ruleId"/"ruleID"/' red.sarif >broken.sarif
	run python3 validate.py "$SCHEMAS/sarif-2.1.0.json" broken.sarif
	[ "$status" -eq 1 ]
}

@test "TAP is read by perl's own parser without an error, and prove fails where the run fails" {
	requires prove perl jq
	both_verdicts --tap >green.tap
	printf '%s\n' "$output" >red.tap
	cat >read.pl <<'PERL'
use TAP::Parser;
my $parser = TAP::Parser->new({ source => $ARGV[0] });
$parser->run;
die join("; ", $parser->parse_errors) if $parser->parse_errors;
print scalar($parser->actual_failed), " of ", $parser->tests_run, ", skipped ", scalar($parser->skipped), "\n";
PERL
	[[ "$(perl read.pl green.tap)" == '0 of '*', skipped 0' ]]
	[[ "$(perl read.pl red.tap)" == "$(jq '[.findings[] | select(.fails)] | length' verdict.json) of "*', skipped 0' ]]
	prove --exec cat green.tap
	refute prove --exec cat red.tap
}

@test "with --tap the suite's own output goes to standard error, and the TAP is alone on the other" {
	ci -qp ./worker.policy -O --tap -- sh -c 'echo "1..99"; ./worker' >out.tap 2>err
	[ "$(head -n 1 out.tap)" = 'TAP version 13' ]
	refute grep -q 1..99 out.tap
	grep -qx 1..99 err
}

@test "GitHub's annotations are escaped as documented, one per failure, at the policy's line" {
	requires jq python3
	both_verdicts --github
	printf '%s\n' "$output" >commands
	cat >read.py <<'PYTHON'
import re, sys
# https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
def unescape(text, more):
    for code, character in more + [('%0D', '\r'), ('%0A', '\n'), ('%25', '%')]:
        text = text.replace(code, character)
    return text
for line in open(sys.argv[1], encoding='utf-8'):
    match = re.match(r'::(\w+) ([^:]*)::(.*)$', line)
    if not match:
        continue
    properties = dict(pair.split('=', 1) for pair in match[2].split(','))
    assert set(properties) == {'file', 'line', 'col', 'title'}, properties
    properties = {key: unescape(value, [('%3A', ':'), ('%2C', ',')]) for key, value in properties.items()}
    print(match[1], properties['file'], properties['line'], properties['title'], unescape(match[3], []).split('\n')[0], sep='|')
PYTHON
	PYTHONIOENCODING=utf-8 python3 read.py commands >seen
	[ "$(wc -l <seen)" -eq "$(jq '[.findings[] | select(.fails)] | length' verdict.json)" ]
	[ "$(grep -c '^error|worker.policy|7|The policy denies a call|work"er <%s>: #1,\\x0a2: getppid is denied (trap)$' seen)" -eq 1 ]
	# Nothing that a program is called can begin a command of its own:
	[ "$(grep -c '^::' commands)" -eq "$(wc -l <seen)" ]
	ci -qp ./worker.policy -O --github -- ./worker >commands
	[ ! -s commands ]
}

@test "the summary shows no control character of any program or test" {
	both_verdicts
	run ci -p ./worker.policy -O -- env SANDBOX_TEST="$HOSTILE" ./worker ask 1
	[ "$status" -eq 1 ]
	expect 'in the test <a>&"b"'
	refute grep -qP '[\x00-\x09\x0b-\x1f\x7f]' <<<"$output"
}

@test "an output that cannot be written is a failure of the set-up, and all others are written" {
	requires jq
	run ci -qp ./worker.policy -O --junit worker.policy/x.xml --json verdict.json -- ./worker
	[ "$status" -eq 125 ]
	expect 'sandboxctl: worker.policy/x.xml'
	jq -e .green verdict.json
}
