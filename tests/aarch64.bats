#!/usr/bin/env bats
# The library for aarch64, cross-compiled, in programs that qemu-user emulates. qemu-user has no
# seccomp, so all of this is dry run: when it would lock, and that nothing is lost on the way.

load helpers

ARM=$BUILD/aarch64
ARM_LIBRARY=$ARM/libsandbox.so
SYSROOT=/usr/aarch64-linux-gnu

# Everything here needs these.
arm_tools() {
	requires qemu-aarch64 aarch64-linux-gnu-gcc
}

setup_file() {
	command -v aarch64-linux-gnu-gcc >/dev/null || return 0 # the tests skip
	make -s -C "$ROOT" B="${BUILD#"$ROOT"/}" aarch64 >&2
}

setup() {
	arm_tools
}

# arm COMMAND...: an emulated program, as it is. emulator.so hides qemu's own thread from it.
arm() {
	timeout --foreground 60 env LD_PRELOAD="$HOSTS/emulator.so" \
		qemu-aarch64 -L "$SYSROOT" -E LD_PRELOAD= "$@"
}

# arm_sandboxed POLICY COMMAND...: the same under the library, in a dry run.
arm_sandboxed() {
	local policy=$1
	shift
	arm -E LD_PRELOAD="$ARM_LIBRARY" -E SANDBOX_POLICY="$policy" -E SANDBOX_MODE=dry-run \
		-E SANDBOX_VERBOSE=1 "$@"
}

# arm_policy TRIGGER [ARCH]: compiled for aarch64; prints the path.
arm_policy() {
	local path=$BATS_TEST_TMPDIR/arm.policyc
	cat >"$BATS_TEST_TMPDIR/arm.policy" <<-EOF
		policy 1
		phase serving
		  trigger $1
		  default allow
		  errno EPERM getppid
	EOF
	"$SANDBOXCTL" compile --arch "${2:-aarch64}" -o "$path" "$BATS_TEST_TMPDIR/arm.policy" >&2
	printf '%s\n' "$path"
}

# build NAME FLAGS...: $BATS_FILE_TMPDIR/NAME and its library, of the matrix.
build() {
	local name=$1 place=$BATS_FILE_TMPDIR flags=(-D_GNU_SOURCE -g)
	shift
	aarch64-linux-gnu-gcc "${flags[@]}" "$@" -fPIC -shared -o "$place/lib$name.so" \
		"$ROOT/tests/matrix/library.c"
	aarch64-linux-gnu-gcc "${flags[@]}" "$@" -rdynamic -o "$place/$name" "$ROOT/tests/matrix/main.c" \
		"$place/lib$name.so" -Wl,-rpath,"$place"
}

# fires NAME FUNCTION: once, before the first of three calls, and all arguments arrive.
fires() {
	run arm -strace -E LD_PRELOAD="$ARM_LIBRARY" -E SANDBOX_POLICY="$(arm_policy "call $2")" \
		-E SANDBOX_MODE=dry-run "$BATS_FILE_TMPDIR/$1" "$2"
	[ "$(grep -oE 'would lock: policy|^[0-9]+ getppid|locked 0 free 3 ok' <<<"$output" |
		sed 's/^[0-9]* //' | xargs)" = \
		'would lock: policy getppid getppid getppid locked 0 free 3 ok' ] || {
		printf '%s, %s: status %s\n%s\n' "$1" "$2" "$status" "$(grep -v '^[0-9]* ' <<<"$output")"
		return 1
	}
}

# times TEXT: how many lines of $output have it.
times() {
	grep -cF -- "$1" <<<"$output" || true # none is an answer
}

# said: $output without the process ids, and without that there is no seccomp.
said() {
	sed -E 's/\[[0-9]+\]//; / seccomp is not available here/d; s/: policy arm, phase serving.*//' <<<"$output"
}

@test "the library arms, says when it would lock, and the program goes on" {
	run arm_sandboxed "$(arm_policy poll)" "$ARM/hosts/waits" poll
	[ "$status" -eq 0 ]
	[ "$(said)" = 'libsandbox: waits: armed
libsandbox: waits: would lock
poll free' ]
	expect 'seccomp is not available here, so only a dry run goes on'
	expect 'trigger poll, threads 1'
}

@test "control: without the library the same program says nothing" {
	run arm "$ARM/hosts/waits" poll
	[ "$output" = 'poll free' ]
}

@test "every hooked call fires its own trigger, and no other's" {
	local call family
	while read -r call family; do
		run arm_sandboxed "$(arm_policy "$family")" "$ARM/hosts/waits" "$call"
		[ "$(times 'would lock')" -eq 1 ]
		expect "$call free"
		run arm_sandboxed "$(arm_policy listen)" "$ARM/hosts/waits" "$call"
		[ "$(times 'would lock')" -eq 0 ]
		expect "$call free"
	done <<-EOF
		epoll_wait epoll_wait
		epoll_pwait epoll_wait
		epoll_pwait2 epoll_wait
		poll poll
		__poll_chk poll
		ppoll poll
		__ppoll_chk poll
		select select
		pselect select
		accept accept
		accept4 accept
		sigwait sigwait
		sigwaitinfo sigwait
		sigtimedwait sigwait
		sigsuspend sigsuspend
		pause pause
	EOF
}

@test "epoll_wait, poll and accept fire before the call is made" {
	local call made
	while read -r call made; do
		run arm -strace -E LD_PRELOAD="$ARM_LIBRARY" -E SANDBOX_POLICY="$(arm_policy "$call")" \
			-E SANDBOX_MODE=dry-run "$ARM/hosts/waits" "$call"
		[ "$(grep -oE "would lock: policy|^[0-9]+ $made\(" <<<"$output" | sed 's/^[0-9]* //' | xargs)" = \
			"would lock: policy $made(" ] || {
			printf '%s\n' "$output"
			false
		}
	done <<-EOF
		epoll_wait epoll_pwait
		poll ppoll
		accept accept
	EOF
}

@test "a function fires once, before its body, and sees all its arguments" {
	local function
	for function in static_function exported_function variadic_function; do
		run arm_sandboxed "$(arm_policy "call $function")" "$ARM/hosts/functions" "$function"
		[ "$(said)" = 'libsandbox: functions: armed
before free
libsandbox: functions: would lock
free
free
free
ok' ] || {
			printf '%s\n' "$output"
			false
		}
	done
}

@test "the build matrix: PIE or not, protected returns and landing pads, -O0, -O2, -O3 with LTO" {
	local place protection level name function flags
	for place in pie no-pie; do
		for protection in none standard; do
			for level in O0 O2 O3-lto; do
				name=$place-$protection-$level
				flags=("-${level%-lto}" "-mbranch-protection=$protection")
				[[ "$place" = pie ]] || flags+=(-fno-pie -no-pie)
				[[ "$level" != *lto ]] || flags+=(-flto)
				build "$name" "${flags[@]}"
				for function in static_function exported_function variadic_function \
					library_function inner_function; do
					fires "$name" "$function"
				done
			done
		done
	done
}

@test "eight vectors of 128 bits arrive" {
	build vectors -O2 -DVECTOR_BYTES=16
	fires vectors vectors
}

@test "the function's bytes are the original ones again after the lock" {
	local bytes=$BATS_TEST_TMPDIR/bytes original
	aarch64-linux-gnu-gcc -O1 -o "$bytes" "$ROOT/tests/aarch64/bytes.c"
	run arm "$bytes"
	original=${lines[0]}
	[ "$output" = "$original"$'\n'"$original" ] # control: nothing else writes there
	run arm_sandboxed "$(arm_policy 'call watched')" "$bytes"
	run said
	[ "${lines[0]} ${lines[1]} ${lines[3]}" = \
		"libsandbox: bytes: armed libsandbox: bytes: would lock $original" ]
	# a branch, and the others as they were
	[[ "${lines[2]}" = 1[4-7]*"${original#* }" ]]
}

@test "guarded code (BTI): landing pads and signed returns hold before, at and after the trigger" {
	local place=$BATS_TEST_TMPDIR function
	aarch64-linux-gnu-gcc -O1 -mbranch-protection=standard -nostdlib -shared -fPIC \
		-o "$place/libguarded.so" "$ROOT/tests/aarch64/guarded.c"
	aarch64-linux-gnu-gcc -O1 -o "$place/caller" "$ROOT/tests/aarch64/caller.c" \
		"$place/libguarded.so" -Wl,-rpath,"$place"
	aarch64-linux-gnu-objdump -d "$place/libguarded.so" >"$place/code"
	grep -A 1 '<guarded_leaf>:' "$place/code" | grep -q 'bti.*c'
	grep -A 1 '<guarded_caller>:' "$place/code" | grep -q paciasp
	run arm "$place/caller" no_pad
	[ "$status" -eq $((128 + $(kill -l ILL))) ] # control: the code is guarded
	[ "$(head -3 <<<"$output" | xargs)" = '2 3 4 6 6 9' ]
	for function in guarded_leaf guarded_caller; do
		run arm_sandboxed "$(arm_policy "call $function")" "$place/caller"
		[ "$status" -eq 0 ]
		[ "$(said | xargs)" = 'libsandbox: caller: armed libsandbox: caller: would lock 2 3 4 6 6 9' ]
		run arm_sandboxed "$(arm_policy "call $function count 2")" "$place/caller" no_pad
		[ "$(times 'would lock')" -eq 1 ]
		expect '6 9'
		[ "$status" -eq $((128 + $(kill -l ILL))) ] # and it still is
	done
}

@test "a function with scalable vectors for arguments is refused: system calls cut them" {
	local program=$BATS_TEST_TMPDIR/scalable
	aarch64-linux-gnu-gcc -march=armv8-a+sve -O1 -o "$program" "$ROOT/tests/aarch64/scalable.c"
	run arm "$program"
	[ "$output" = 1 ]
	run arm_sandboxed "$(arm_policy 'call sum')" "$program"
	[ "$status" -eq 125 ]
	expect 'it takes arguments in scalable vector registers'
	run arm_sandboxed "$(arm_policy 'call main')" "$program" # control: another one of it is taken
	[ "$status" -eq 0 ]
	[ "$(times 'would lock')" -eq 1 ]
}

# counted TRIGGER SHAPE: what was said by the host's four calls and the library, on one line.
counted() {
	run arm_sandboxed "$(arm_policy "call $1")" "$ARM/hosts/shapes" "$2"
	[ "$status" -eq 0 ]
	said | sed 's/libsandbox: shapes: //' | xargs
}

@test "count: the calls before run the function through a copy of its first instruction" {
	local shape
	for shape in frame landing_pad memory vector_memory address page condition bit tail_call; do
		[ "$(counted "$shape count 3" "$shape")" = 'armed free free would lock free free' ]
	done
	[ "$(counted 'called count 3' calls)" = 'armed free free would lock free free' ]
	[ "$(counted 'called_through count 3' calls_through)" = 'armed free free would lock free free' ]
}

@test "a function whose loop begins with its first instruction fires, but its calls cannot be counted" {
	[ "$(counted loop_from_start loop_from_start)" = 'armed would lock free free free free' ]
	run arm_sandboxed "$(arm_policy 'call loop_from_start count 2')" "$ARM/hosts/shapes" loop_from_start
	[ "$status" -eq 125 ]
	expect 'branches back to its first instruction, so that one call would count as several'
}

@test "control: a trigger on another function does not fire" {
	run arm_sandboxed "$(arm_policy 'call exported_function')" "$ARM/hosts/functions" static_function
	[ "$(times 'would lock')" -eq 0 ]
	expect 'ends without having locked'
	expect ok
}

@test "16 threads race into the function: all are held, one of them would lock" {
	local round
	for round in $(seq 10); do
		run arm_sandboxed "$(arm_policy 'call start_serving')" "$ARM/hosts/racer" 16 call
		[ "$status" -eq 0 ]
		[ "$(times 'would lock')" -eq 1 ]
		expect 'threads 17'
		expect 'answered 16' || {
			echo "round $round: $output"
			false
		}
	done
}

@test "a policy that was compiled for x86-64 is refused, exit 125" {
	local path
	path=$(arm_policy poll x86_64)
	run arm_sandboxed "$path" "$ARM/hosts/waits" poll
	[ "$status" -eq 125 ]
	[ "$output" = "libsandbox: waits: compiled policy $path: was compiled for another architecture; \
compile it again (sandboxctl compile --arch aarch64)" ]
}

@test "a text is compiled on the way for the architecture of the library, not of sandboxctl" {
	local place=$BATS_TEST_TMPDIR/place
	mkdir "$place"
	cp "$ARM_LIBRARY" "$place/"
	ln -s "$SANDBOXCTL" "$place/sandboxctl"
	rm "$(arm_policy poll x86_64)"
	ARM_LIBRARY=$place/libsandbox.so
	run arm_sandboxed "$BATS_TEST_TMPDIR/arm.policy" "$ARM/hosts/waits" poll
	[ "$status" -eq 0 ]
	[ "$(times 'would lock')" -eq 1 ]
}

@test "what cannot be done is refused, exit 125" {
	run arm_sandboxed "$(arm_policy 'call no_such_function')" "$ARM/hosts/waits" poll
	[ "$status" -eq 125 ]
	expect 'no loaded object has a function of that name'
	run arm -E LD_PRELOAD="$ARM_LIBRARY" -E SANDBOX_POLICY="$(arm_policy poll)" "$ARM/hosts/waits" poll
	[ "$status" -eq 125 ]
	expect 'seccomp is not available here'
	refute grep -q '^poll' <<<"$output"
}

@test "the library calls nothing in libc from a hook, and touches no vector register" {
	local object
	for object in "$ARM"/preload/{lockdown,report,trigger}/*.o; do
		nm -u "$object" | awk '{ print $2 }'
	done | sort -u >"$BATS_TEST_TMPDIR/needed"
	for object in "$ARM"/preload/*.o "$ARM"/preload/*/*.o; do
		nm --defined-only "$object" | awk '$2 ~ /[TDBR]/ { print $3 }'
	done | sort -u >"$BATS_TEST_TMPDIR/own"
	grep -qx getauxval "$BATS_TEST_TMPDIR/needed" # they were read
	run comm -23 "$BATS_TEST_TMPDIR/needed" "$BATS_TEST_TMPDIR/own"
	[ "$(grep -vE '^(_GLOBAL_OFFSET_TABLE_|__ehdr_start|etext|_r_debug|dlsym|dl_iterate_phdr|getauxval|pthread_atfork|__register_atfork|secure_getenv)$' <<<"$output")" = '' ] || {
		printf '%s\n' "$output"
		false
	}
	aarch64-linux-gnu-objdump -d --no-show-raw-insn "$ARM_LIBRARY" | cut -s -f 2- >"$BATS_TEST_TMPDIR/code"
	run grep -E '(^|[ ,{\[])[vqdshbzp][0-9]+([],.}/ ]|$)' <(cut -d'<' -f1 "$BATS_TEST_TMPDIR/code" | grep -v '^\(adrp\?\|b\|bl\|b\.[a-z]*\|cbn\?z\|tbn\?z\)')
	[ "$output" = '' ] || {
		printf '%s\n' "$output"
		false
	}
	[ "$(grep -c '^svc' "$BATS_TEST_TMPDIR/code")" -gt 10 ] # control: the disassembly is not empty
	aarch64-linux-gnu-objdump -d --no-show-raw-insn "$SYSROOT/lib/libc.so.6" | cut -s -f 2- | cut -d'<' -f1 |
		grep -m 1 -qE '(^|[ ,{\[])[vqdshbzp][0-9]+([],.}/ ]|$)' # and libc's has them
}

# Each line: a call that only x86-64 has, and what does its work on aarch64.
stand_ins() {
	tr ' ' '\n' <<-EOF | tr '=' ' '
		open=openat creat=openat epoll_wait=epoll_pwait poll=ppoll select=pselect6 stat=newfstatat
		lstat=newfstatat access=faccessat dup2=dup3 pipe=pipe2 fork=clone vfork=clone unlink=unlinkat
		rmdir=unlinkat rename=renameat mkdir=mkdirat readlink=readlinkat chmod=fchmodat chown=fchownat
		lchown=fchownat alarm=setitimer pause=ppoll time=clock_gettime getdents=getdents64 link=linkat
		symlink=symlinkat mknod=mknodat utime=utimensat utimes=utimensat futimesat=utimensat
		eventfd=eventfd2 signalfd=signalfd4 inotify_init=inotify_init1 epoll_create=epoll_create1
		getpgrp=getpgid
	EOF
}

# allowed ARCH POLICY: "PHASE CALL" for each call that is allowed in some case.
allowed() {
	"$SANDBOXCTL" show --json --arch "$1" "$2" |
		jq -r '.phases[] | .name as $phase | .decisions[] | select(.allowed) | "\($phase) \(.call)"' |
		sort -u
}

@test "what a shipped policy allows under an old name, it allows on aarch64 under the new one" {
	requires jq
	local policy
	stand_ins >"$BATS_TEST_TMPDIR/names"
	for policy in "$ROOT"/policies/*.policy; do
		allowed x86_64 "$policy" >"$BATS_TEST_TMPDIR/x86_64"
		allowed aarch64 "$policy" >"$BATS_TEST_TMPDIR/aarch64"
		awk -v policy="$policy" 'FILENAME ~ /names$/ { new[$1] = $2; next }
			FILENAME ~ /aarch64$/ { there[$0] = 1; next }
			$2 in new { print $2; if (!($1 " " new[$2] in there)) {
				print policy ": " $2 " is allowed, but not " new[$2] > "/dev/stderr"
				missing = 1
			} }
			END { exit missing }' "$BATS_TEST_TMPDIR"/{names,aarch64,x86_64} >>"$BATS_TEST_TMPDIR/seen"
	done
	[ "$(wc -l <"$BATS_TEST_TMPDIR/seen")" -gt 100 ]
}

@test "every shipped policy, compiled for aarch64, is taken by the library there" {
	local policy name
	for policy in "$ROOT"/policies/*.policy; do
		name=$(basename "$policy" .policy)
		"$SANDBOXCTL" compile --arch aarch64 -o "$BATS_TEST_TMPDIR/$name.policyc" "$policy"
		run arm_sandboxed "$BATS_TEST_TMPDIR/$name.policyc" "$ARM/hosts/waits" pause
		[ "$status" -eq 0 ]
		[[ "$output" == *': armed: policy '"$name"* || "$output" == *': not armed in this program: policy '"$name"* ]] || {
			echo "$name: $output"
			false
		}
	done
}
