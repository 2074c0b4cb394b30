#!/usr/bin/env bats
# The library is a guest: what it exports, calls, touches and leaves behind.

load helpers

state_policy() {
	policy state <<-EOF
		policy 1
		phase serving
		  trigger poll
		  default trap
		  allow @base write fstat newfstatat exit_group poll fcntl rt_sigprocmask brk mmap clock_nanosleep
		  allow rt_sigaction
	EOF
}

@test "the exported symbols equal the committed list" {
	local listed
	listed=$(sed -n 's/^\t\t\([a-z_0-9]*\);$/\1/p' "$ROOT/preload/libsandbox.map" | sort)
	run bash -c "nm -D --defined-only '$LIBRARY' | awk '{ print \$3 }' | sort"
	[ -n "$listed" ]
	[ "$output" = "$listed" ]
}

@test "the committed list is the hook table and libc's start function" {
	local hooks
	hooks=$(grep -o '^WAIT([a-z_0-9]*' "$ROOT/preload/trigger/waits.def" | cut -d'(' -f2)
	run sed -n 's/^\t\t\([a-z_0-9]*\);$/\1/p' "$ROOT/preload/libsandbox.map"
	[ "$(sort <<<"$output")" = "$(printf '%s\n' "$hooks" __libc_start_main | sort)" ]
}

@test "the library needs libc alone" {
	run bash -c "readelf -d '$LIBRARY' | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' | grep -v '^ld-linux'"
	[ "$output" = libc.so.6 ]
}

@test "hook and signal code calls nothing outside the library but what the loader answers at load" {
	local object
	for object in "$BUILD"/preload/{lockdown,report,trigger}/*.o; do
		nm -u "$object" | awk '{ print $2 }'
	done | sort -u >"$BATS_TEST_TMPDIR/needed"
	for object in "$BUILD"/preload/*.o "$BUILD"/preload/*/*.o; do
		nm --defined-only "$object" | awk '$2 ~ /[TDBR]/ { print $3 }'
	done | sort -u >"$BATS_TEST_TMPDIR/own"
	grep -qx getauxval "$BATS_TEST_TMPDIR/needed" # they were read
	run comm -23 "$BATS_TEST_TMPDIR/needed" "$BATS_TEST_TMPDIR/own"
	[ "$(grep -vE '^(_GLOBAL_OFFSET_TABLE_|__ehdr_start|etext|_r_debug|dlsym|getauxval|pthread_atfork|__register_atfork|secure_getenv)$' <<<"$output")" = '' ]
}

@test "clang compiles what stands in for libc, and it needs nothing from outside" {
	requires clang
	make -s -C "$ROOT" CC=clang B="$BATS_TEST_TMPDIR/build" "$BATS_TEST_TMPDIR/build/preload/bytes.c.o"
	nm --defined-only "$BATS_TEST_TMPDIR/build/preload/bytes.c.o" | grep -q ' T memset$'
	[ -z "$(nm -u "$BATS_TEST_TMPDIR/build/preload/bytes.c.o")" ]
}

@test "no vector, x87 or mask register is used anywhere in the library" {
	run bash -c "objdump -d --no-show-raw-insn '$LIBRARY' | grep -cE '%(x|y|z)mm[0-9]|%st|%k[0-7]|%mm[0-7]'"
	[ "$output" = 0 ]
	run bash -c "objdump -d --no-show-raw-insn '$LIBRARY' | grep -c 'syscall'"
	[ "$output" -gt 10 ] # control: the disassembly is not empty
}

@test "errno, descriptors, mask, dispositions and environment are what they are without us" {
	local path
	path=$(state_policy)
	env -i A=1 "$HOSTS/state" >"$BATS_TEST_TMPDIR/without"
	env -i A=1 LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$path" "$HOSTS/state" >"$BATS_TEST_TMPDIR/with"
	run diff "$BATS_TEST_TMPDIR/without" "$BATS_TEST_TMPDIR/with"
	[ "$(grep -c '^[<>]' <<<"$output")" -eq 4 ] || {
		echo "$output"
		false
	}
	expect "> environment LD_PRELOAD=$LIBRARY"
	expect "> environment SANDBOX_POLICY=$path"
	expect '< after: signal 31 default flags 0 mask 0'
	expect '> after: signal 31 foreign'
}

@test "with a second thread, signal 33 is libc's again after the barrier" {
	local path
	path=$(state_policy)
	"$HOSTS/state" thread | grep -v ^environment >"$BATS_TEST_TMPDIR/without"
	sandboxed "$path" "$HOSTS/state" thread | grep -v ^environment >"$BATS_TEST_TMPDIR/with"
	grep -q 'signal 33 foreign' "$BATS_TEST_TMPDIR/without" # control: libc has it
	run diff "$BATS_TEST_TMPDIR/without" "$BATS_TEST_TMPDIR/with"
	[ "$(grep -c '^[<>]' <<<"$output")" -eq 2 ] || {
		echo "$output"
		false
	}
}

@test "a text compiled on the way leaves no descriptor, child or file behind" {
	local path
	path=$(state_policy)
	rm "${path}c"
	env -i A=1 "$HOSTS/state" >"$BATS_TEST_TMPDIR/without"
	env -i A=1 LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$path" "$HOSTS/state" >"$BATS_TEST_TMPDIR/with"
	run diff <(grep -v ^environment "$BATS_TEST_TMPDIR/without") \
		<(grep -v ^environment "$BATS_TEST_TMPDIR/with")
	[ "$(grep -c '^[<>]' <<<"$output")" -eq 2 ]
	[ ! -e "${path}c" ]
}

@test "after the lock a waiting program makes no system call that it does not make without us" {
	requires strace
	local path
	path=$(
		policy quiet <<-EOF
			policy 1
			phase serving
			  trigger poll
			  default allow
		EOF
	)
	strace -f -e signal=none -o "$BATS_TEST_TMPDIR/trace" env LD_PRELOAD="$LIBRARY" \
		SANDBOX_POLICY="$path" "$HOSTS/many-polls" 50
	run awk '/seccomp\(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, \{/ { on = 1; next }
		on { sub(/^[0-9]+ +/, ""); sub(/\(.*/, ""); print }' "$BATS_TEST_TMPDIR/trace"
	[ "$(sort <<<"$output" | uniq -c | awk '{ print $2 "=" $1 }' | xargs)" = \
		'+++=1 exit_group=1 futex=1 poll=50 rt_sigprocmask=1' ]
}
