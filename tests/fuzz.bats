#!/usr/bin/env bats
# libFuzzer for some seconds on each target, from the committed corpus on. `make fuzz` does more.

load helpers

setup() {
	requires clang
}

# fuzz_briefly TARGET
fuzz_briefly() {
	run env TIME=5 SEED=1 "$ROOT/scripts/fuzz" "$1"
	[[ "$status" -eq 0 ]] || {
		printf '%s\n' "$output"
		return 1
	}
	expect 'no finding'
	printf '# %s\n' "$output" >&3
}

@test "any bytes as a policy, a group or a trigger" {
	fuzz_briefly policy
}

@test "any bytes as the lines of a phase: what compiles is proven" {
	fuzz_briefly build
}

@test "any bytes as a compiled policy" {
	fuzz_briefly policyc
}

@test "any bytes as an ELF file" {
	fuzz_briefly elf
}

@test "any bytes as x86-64 code: the length decoder and the copier of instructions" {
	[ "$(uname -m)" = x86_64 ] || skip 'the decoder is for x86-64'
	fuzz_briefly insn-x86_64
}

@test "control: a target that crashes is a finding" {
	local place=$BATS_TEST_TMPDIR/build
	mkdir -p "$place/fuzz"
	printf '#!/bin/sh\nkill -ABRT $$\n' >"$place/fuzz/policy"
	chmod +x "$place/fuzz/policy"
	run env BUILD="$place" TIME=1 "$ROOT/scripts/fuzz" policy
	[ "$status" -eq 1 ]
	expect 'a finding'
}

@test "the corpus is small" {
	[ "$(find "$ROOT/tests/fuzz/corpus" -type f | wc -l)" -le 220 ]
	[ "$(du -s --apparent-size -B1 "$ROOT/tests/fuzz/corpus" | cut -f1)" -lt 500000 ]
}
