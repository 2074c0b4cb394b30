#!/usr/bin/env bats
# `prewarm`: what libc puts off until the lock would refuse it is done at load.

load helpers

# late_policy LINE...: for hosts/late, with these lines at its top.
late_policy() {
	{
		printf 'policy 1\n'
		[[ $# -eq 0 ]] || printf '%s\n' "$@"
		cat <<-END
			phase serving
			  trigger wait
			  default trap
			  unknown errno ENOSYS
			  allow @base poll else ppoll brk write exit rt_sigprocmask madvise munmap
			  allow fstat newfstatat
			  allow mmap mprotect where not prot has PROT_EXEC
		END
	} | policy late
}

@test "the end of a thread under a lock without executable memory takes 'prewarm unwinder'" {
	run sandboxed "$(late_policy 'prewarm unwinder')" "$HOSTS/late" exit
	[ "$status" -eq 0 ]
	[ "$output" = 'done' ]
	# the control: libc opens the library then, which is denied
	run sandboxed "$(late_policy)" "$HOSTS/late" exit
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
	expect 'denied openat('
	run "$HOSTS/late" exit
	[ "$status" -eq 0 ]
}

@test "the first local time under a lock that opens no file takes 'prewarm time-zone'" {
	run sandboxed "$(late_policy 'prewarm time-zone')" env -u TZ "$HOSTS/late" time
	[ "$status" -eq 0 ]
	[ "$output" = 'done' ]
	run sandboxed "$(late_policy)" "$HOSTS/late" time
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
	expect 'denied openat('
}

@test "what an included policy prewarms is prewarmed too, and shown" {
	late_policy 'prewarm unwinder' >/dev/null
	cd "$BATS_TEST_TMPDIR" || return
	printf 'policy 1\ninclude late\nprewarm time-zone\n' >both.policy
	run "$SANDBOXCTL" show ./both.policy
	[ "$status" -eq 0 ]
	expect 'prewarm unwinder'
	expect 'prewarm time-zone'
	"$SANDBOXCTL" show --json ./both.policy | grep -q '"prewarm": \['
	"$SANDBOXCTL" compile ./both.policy
	run sandboxed ./both.policy "$HOSTS/late" exit
	[ "$status" -eq 0 ]
	run sandboxed ./both.policy "$HOSTS/late" time
	[ "$status" -eq 0 ]
}

@test "a library that cannot be loaded at the start ends the program before main, and says so" {
	# A directory stands where libgcc_s.so.1 is looked for first.
	mkdir -p "$BATS_TEST_TMPDIR/none/libgcc_s.so.1"
	run sandboxed "$(late_policy 'prewarm unwinder')" env LD_LIBRARY_PATH="$BATS_TEST_TMPDIR/none" "$HOSTS/late" exit
	[ "$status" -eq 125 ]
	expect 'cannot load libgcc_s.so.1'
	refute grep -q 'done' <<<"$output"
	run sandboxed "$(late_policy)" env LD_LIBRARY_PATH="$BATS_TEST_TMPDIR/none" "$HOSTS/late" time
	refute grep -q 'cannot load' <<<"$output"
}
