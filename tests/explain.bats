# sandboxctl explain: exit status and JSON. What it prints, word for word: tests/messages.bats.

load helpers
export SANDBOXCTL

# Every shipped policy, and calls of which they look at the arguments.
calls='socket openat open mmap mprotect clone clone3 unshare kill prctl ioctl prlimit64 rt_sigaction
	execve nr:999 nr:0x40000001'

@test "the status says whether the call is allowed, whatever is left open" {
	run "$SANDBOXCTL" explain redis 'mmap(_, _, PROT_READ, ...)'
	[[ "$status" -eq 0 ]]
	run "$SANDBOXCTL" explain redis 'mmap(_, _, PROT_EXEC, ...)'
	[[ "$status" -eq 1 ]]
	run "$SANDBOXCTL" explain redis mmap
	[[ "$status" -eq 1 ]]
	run "$SANDBOXCTL" explain redis 'mmap(1'
	[[ "$status" -eq 2 ]]
	run "$SANDBOXCTL" explain nosuchpolicy mmap
	[[ "$status" -eq 2 ]]
	run "$SANDBOXCTL" explain --phase nosuchphase redis mmap
	[[ "$status" -eq 2 ]]
	run "$SANDBOXCTL" explain redis
	[[ "$status" -eq 2 ]]
	run "$SANDBOXCTL" explain --nonsense redis mmap
	[[ "$status" -eq 2 ]]
	run "$SANDBOXCTL" explain --help
	[[ "$status" -eq 0 ]]
	expect 'usage: sandboxctl explain'
}

@test "AF_ALG is AF_ALG, whatever stands above the 32 bits that the kernel reads" {
	for family in AF_ALG 38 0x26 046 0x100000026 0xffffffff00000026; do
		run "$SANDBOXCTL" explain redis "socket($family, SOCK_SEQPACKET, 0)"
		[[ "$status" -eq 1 ]]
		expect '  family = 38 (AF_ALG)'
		expect 'phase serving: trap EACCES'
		expect 'redis-cache.policy:'
	done
}

@test "an example that explain gives is explained alike, on both architectures" {
	local policy call arch
	for policy in "$ROOT"/policies/*.policy; do
		for call in $calls; do
			for arch in x86_64 aarch64; do
				[[ "$call" != open || "$arch" != aarch64 ]] || continue
				"$SANDBOXCTL" explain --json --arch "$arch" "$policy" "$call" || [[ $? -eq 1 ]]
			done
		done
	done | python3 -c '
import json, os, subprocess, sys
text, decoder, examples = sys.stdin.read(), json.JSONDecoder(), 0
while text.strip():
    answer, end = decoder.raw_decode(text.lstrip())
    text = text.lstrip()[end:]
    for phase in answer["phases"]:
        for outcome in phase["outcomes"]:
            command = [os.environ["SANDBOXCTL"], "explain", "--json", "--arch", answer["arch"],
                       "--phase", phase["name"], answer["policy"], outcome["example"]]
            again = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True).stdout)
            assert [o["verdict"] for o in again["phases"][0]["outcomes"]] == [outcome["verdict"]], \
                (command, outcome, again)
            assert again["allowed"] == outcome["allowed"]
            examples += 1
assert examples > 500, examples'
}

@test "explain agrees with show about every call of every policy" {
	local policy
	for policy in "$ROOT"/policies/*.policy; do
		"$SANDBOXCTL" show --json "$policy"
	done | python3 -c '
import collections, json, os, subprocess, sys
text, decoder = sys.stdin.read(), json.JSONDecoder()
while text.strip():
    policy, end = decoder.raw_decode(text.lstrip())
    text = text.lstrip()[end:]
    for phase in policy["phases"]:
        rows = collections.defaultdict(list)
        for row in phase["decisions"]:
            rows[row["call"]].append(row["action"])
        for call, actions in rows.items():
            command = [os.environ["SANDBOXCTL"], "explain", "--json", "--phase", phase["name"],
                       policy["name"], call]
            answer = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True).stdout)
            assert [o["verdict"] for o in answer["phases"][0]["outcomes"]] == actions, command'
}
