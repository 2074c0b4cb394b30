# sandboxctl diff: exit status, JSON, and that nothing is missed. What it prints, word for word:
# tests/messages.bats.

load helpers
export SANDBOXCTL

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# phase LINES...: a policy with one phase, as the file $1.
phase() {
	printf 'policy 1\nphase a\n  trigger main\n  default trap\n  allow exit_group\n' >"$1"
	printf '%s\n' "${@:2}" >>"$1"
}

@test "the status says whether they differ" {
	run "$SANDBOXCTL" diff redis redis
	[[ "$status" -eq 0 ]]
	run "$SANDBOXCTL" diff redis redis-replica
	[[ "$status" -eq 1 ]]
	expect 'socket(AF_INET, SOCK_STREAM, _)'
	expect 'redis-cache.policy:'
	expect 'redis-replica.policy:'
	run "$SANDBOXCTL" diff redis nosuchpolicy
	[[ "$status" -eq 2 ]]
	run "$SANDBOXCTL" diff --phase nosuchphase redis redis
	[[ "$status" -eq 2 ]]
	run "$SANDBOXCTL" diff redis
	[[ "$status" -eq 2 ]]
	run "$SANDBOXCTL" diff --help
	[[ "$status" -eq 0 ]]
	expect 'usage: sandboxctl diff'
}

@test "no policy differs from itself, on either architecture" {
	local policy
	for policy in "$ROOT"/policies/*.policy; do
		"$SANDBOXCTL" diff "$policy" "$policy"
		"$SANDBOXCTL" diff --arch aarch64 "$policy" "$policy"
	done
}

@test "what diff shows is what explain says of both" {
	"$SANDBOXCTL" diff --json strict redis-replica >found.json || [[ $? -eq 1 ]]
	python3 -c '
import json, os, subprocess, sys
found = json.load(open("found.json"))
rows = found["phases"][0]["differences"]
assert len(rows) > 50
for row in rows:
    for side in "ab":
        command = [os.environ["SANDBOXCTL"], "explain", "--json", found[side], row["call"]]
        answer = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True).stdout)
        outcomes = answer["phases"][0]["outcomes"]
        assert [o["verdict"] for o in outcomes] == [row[side]["verdict"]], (command, outcomes)'
}

@test "one value out of 2^64 is found, in ranges, masks and sets" {
	local condition
	while read -r condition; do
		phase a.policy "allow lseek where $condition"
		phase b.policy "allow lseek where $condition" 'errno EPERM lseek where offset == 0x123456789abcdef0'
		run "$SANDBOXCTL" diff a.policy b.policy
		[[ "$status" -eq 1 ]]
		expect 'lseek(_, 1311768467463790320, _)'
		phase b.policy "allow lseek where $condition" 'errno EPERM lseek where offset == 0x123456789abcdef1'
		run "$SANDBOXCTL" diff a.policy b.policy
		expect 'errno EPERM'
	done <<-'END'
		offset > 0x1234567800000000 and offset <= 0x123456789abcdef1
		offset & 0xff00000000000000 == 0x1200000000000000
		offset has 0x1000000000000000
		offset != 0x123456789abcdeef
		not offset in {0x123456789abcdeef, 0x123456789abcdef2}
		offset within 0x7fffffffffffffff
	END
}

@test "conditions that mean the same are the same" {
	local one other
	while IFS=';' read -r one other; do
		phase a.policy "allow lseek where $one"
		phase b.policy "allow lseek where $other"
		"$SANDBOXCTL" diff a.policy b.policy
	done <<-'END'
		offset > 5;not offset <= 5
		offset >= 0;offset & 0x8000000000000000 == 0
		offset < 0x100000000;offset & 0x8000000000000000 != 0 or offset within 0xffffffff
		whence in {0, 1, 2};whence < 3
		fd == 1 and whence == 2;not (fd != 1 or whence != 2)
		offset has 6;offset & 6 == 6
		fd & 0xf in {1, 3};fd & 0xd == 1
	END
}

@test "hundreds of conditions are compared in a moment" {
	local lines=() i
	for i in $(seq 300); do
		lines+=("allow lseek where offset > $((i * 1000)) and offset < $((i * 1000 + i)) and fd == $i")
	done
	phase a.policy "${lines[@]}"
	phase b.policy "${lines[@]}" 'errno EPERM lseek where offset == 250100 and fd == 250'
	run timeout 20 "$SANDBOXCTL" diff a.policy b.policy
	[[ "$status" -eq 1 ]]
	expect 'lseek(250, 250100, _)'
}
