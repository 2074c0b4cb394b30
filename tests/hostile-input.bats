#!/usr/bin/env bats
# No input makes `sandboxctl check` crash, hang or write a file. Each is given to the command as it
# is installed and to one with sanitizers, in an empty directory, with a limit of time.

load helpers

SECONDS_ALLOWED=30

setup() {
	INPUTS=$BATS_TEST_TMPDIR/inputs
	PLACE=$BATS_TEST_TMPDIR/place
	mkdir "$INPUTS" "$PLACE"
	export SANDBOX_POLICY_PATH=$INPUTS
	cd "$PLACE" || return 1
}

teardown() {
	stop_all
}

# head_of_policy: the lines that make what follows a policy.
head_of_policy() {
	printf 'policy 1\nphase a\ntrigger main\ndefault trap\n'
}

# check COMMAND POLICY: runs `check` with a limit, and fails when it did anything but answer.
check() {
	run timeout -k 1 "$SECONDS_ALLOWED" "$1" check "$2"
	[[ "$status" -le 1 ]] || {
		printf '%s check %s: exit status %s\n%.2000s\n' "$1" "$2" "$status" "$output"
		return 1
	}
	refute grep -qE 'Sanitizer|runtime error' <<<"$output"
	[ "$(find "$PLACE" -mindepth 1)" = '' ]
}

# refused POLICY TEXT: by both commands, in few words that end in a newline and say TEXT.
refused() {
	local command
	for command in "$SANDBOXCTL" "$BUILD/sanitized/sandboxctl"; do
		check "$command" "$1"
		[ "$status" -eq 1 ]
		[ "${#output}" -lt 20000 ]
		expect "$2"
		# Control characters of the text are not passed on to the terminal.
		refute grep -qP '[\x00-\x08\x0b-\x1f\x7f]' <<<"$output"
	done
}

# accepted POLICY
accepted() {
	local command
	for command in "$SANDBOXCTL" "$BUILD/sanitized/sandboxctl"; do
		check "$command" "$1"
		[ "$status" -eq 0 ]
	done
}

# repeat COUNT TEXT: on one line, without a newline.
repeat() {
	awk -v count="$1" -v text="$2" 'BEGIN { while (count--) printf "%s", text }'
}

@test "control: a good policy passes both commands" {
	{
		head_of_policy
		echo 'allow exit_group read'
	} >"$INPUTS/a.policy"
	accepted "$INPUTS/a.policy"
}

@test "control: a command that writes a file or crashes is noticed" {
	printf '#!/bin/sh\ntouch written\n' >"$BATS_TEST_TMPDIR/writes"
	printf '#!/bin/sh\nkill -SEGV $$\n' >"$BATS_TEST_TMPDIR/crashes"
	chmod +x "$BATS_TEST_TMPDIR"/{writes,crashes}
	refute check "$BATS_TEST_TMPDIR/crashes" x
	refute check "$BATS_TEST_TMPDIR/writes" x
}

@test "deep parentheses and long chains of not, and, or" {
	local path=$INPUTS/deep.policy text
	for text in '(' 'not ' '((not(' ')' 'arg0 == 1 and (' 'arg0 == 1 or ' '{'; do
		{
			head_of_policy
			printf 'allow lseek where '
			repeat 100000 "$text"
			echo
		} >"$path"
		refused "$path" 'error: '
	done
}

@test "a NUL byte, only NUL bytes, control characters, bytes that are no text" {
	local path=$INPUTS/bytes.policy
	printf 'policy 1\nallow re\0ad\n' >"$path"
	refused "$path" 'it has a byte 0'
	head -c 100000 /dev/zero >"$path"
	refused "$path" 'it has a byte 0'
	{
		head_of_policy
		printf 'allow \033]0;title\007 \033[31mred\r\b\177\n'
	} >"$path"
	refused "$path" 'error: '
	{
		head_of_policy
		printf 'allow \xff\xfe\xc3\x28 \x80\n'
	} >"$path"
	refused "$path" 'error: '
	# The same bytes in every run.
	seq 1 20000 | gzip -9n | tr -d '\0' >"$path"
	refused "$path" 'error: '
}

@test "bytes that show a comment or a sentence as a line of its own" {
	local path=$INPUTS/disguise.policy bytes
	for bytes in $'\r' $'\v' $'\033[2K' $'\177' $'\302\205' $'\342\200\250' $'\342\200\256' \
		$'\342\201\246'; do
		{
			head_of_policy
			printf '  allow read # %s  kill ptrace\n' "$bytes"
		} >"$path"
		refused "$path" 'may look like a line of its own'
		printf 'policy 1\nabout x %s  program y\nphase a\n  trigger main\n  default allow\n' \
			"$bytes" >"$path"
		refused "$path" 'may look like a line of its own'
	done
	# Lines that end as Windows' do, tabs, and letters of other languages are none of these.
	printf 'policy 1\r\nabout \303\244\r\nphase a # \342\202\254\tx\r\n  trigger main\r\n  default allow\r\n' >"$path"
	run "$SANDBOXCTL" check "$path"
	[[ "$status" -eq 0 ]]
}

@test "an empty file, only blanks, no newline at the end, no statement" {
	local path=$INPUTS/empty.policy
	: >"$path"
	refused "$path" 'error: '
	printf '\n\n \t \n' >"$path"
	refused "$path" 'error: '
	printf 'policy 1' >"$path"
	refused "$path" 'error: '
	printf '# only a comment' >"$path"
	refused "$path" 'error: '
}

@test "a line of 10 MB, and the longest that is read: one word, many words, a list, a comment" {
	local path=$INPUTS/long.policy text size
	for size in 10000000 65000; do
		for text in a 'a ' 'allow ' 'read|' '0,' '"'; do
			{
				head_of_policy
				printf 'allow lseek where whence in {'
				repeat $((size / ${#text})) "$text"
				printf '\nallow '
				repeat $((size / 2 / ${#text})) "$text"
				echo
			} >"$path"
			refused "$path" 'error: '
		done
		{
			head_of_policy
			printf 'allow read exit_group # '
			repeat "$size" x
			echo
		} >"$path"
		if [[ "$size" -gt 65536 ]]; then
			refused "$path" 'this line is longer than 65536 bytes'
		else
			accepted "$path"
		fi
	done
}

@test "more than a text can be" {
	head -c 20000000 /dev/zero | tr '\0' '\n' >"$INPUTS/large.policy"
	refused "$INPUTS/large.policy" 'is larger than 16 MiB'
}

@test "100,000 lines: wrong ones, the same one, different ones" {
	local path=$INPUTS/lines.policy
	{
		head_of_policy
		seq -f 'allow nonsense%.0f' 100000
	} >"$path"
	refused "$path" 'more errors not shown'
	{
		head_of_policy
		seq -f 'allow lseek where offset == %.0f' 100000
	} >"$path"
	refused "$path" 'lines decide the same call'
	{
		head_of_policy
		seq -f 'allow nr:%.0f' 100000
	} >"$path"
	refused "$path" 'calls by number'
	{
		head_of_policy
		echo 'allow exit_group'
		yes 'allow read' | head -n 100000
	} >"$path"
	accepted "$path"
}

@test "a filter that would be larger than the kernel takes" {
	{
		head_of_policy
		seq -f 'allow lseek where offset == %.0f and whence == 0 or offset has 6' 1000
	} >"$INPUTS/large.policy"
	refused "$INPUTS/large.policy" 'larger than the kernel takes'
}

@test "tests that multiply: every argument against many values" {
	local i bit
	{
		head_of_policy
		echo 'allow exit_group'
		for i in $(seq 3 2 400); do
			printf 'errno EPERM sync_file_range where offset & %d == 1 or nbytes & %d != 1 and flags < %d\n' \
				"$i" "$i" "$i"
		done
	} >"$INPUTS/tangled.policy"
	accepted "$INPUTS/tangled.policy"
	{
		head_of_policy
		echo 'allow exit_group'
		for bit in $(seq 0 24); do
			printf 'allow sync_file_range where offset has %d and nbytes has %d and flags has %d\n' \
				$((1 << bit)) $((1 << (24 - bit))) $((1 << ((bit * 7) % 25)))
		done
	} >"$INPUTS/tangled.policy"
	accepted "$INPUTS/tangled.policy"
}

@test "includes: oneself, in a ring, a long chain, twice along two ways" {
	local i
	printf 'policy 1\ninclude self\n' >"$INPUTS/self.policy"
	refused "$INPUTS/self.policy" 'includes itself'
	printf 'policy 1\ninclude ring2\n' >"$INPUTS/ring1.policy"
	printf 'policy 1\ninclude ring1\n' >"$INPUTS/ring2.policy"
	refused "$INPUTS/ring1.policy" 'includes itself'
	for i in $(seq 100); do
		printf 'policy 1\ninclude chain%d\n' $((i + 1)) >"$INPUTS/chain$i.policy"
	done
	refused "$INPUTS/chain1.policy" 'nested deeper than'
	# Without care this is 2^8 times the last one.
	for i in $(seq 7); do
		printf 'policy 1\ninclude fan%d\ninclude fan%d\n' \
			$((i + 1)) $((i + 1)) >"$INPUTS/fan$i.policy"
	done
	{
		head_of_policy
		echo 'allow exit_group'
	} >"$INPUTS/fan8.policy"
	accepted "$INPUTS/fan1.policy"
}

@test "groups: oneself, in a ring, a long chain" {
	local i
	mkdir "$INPUTS/groups"
	{
		head_of_policy
		echo 'allow @ring1'
	} >"$INPUTS/ring.policy"
	printf 'group 2026-01-31\nread @ring2\n' >"$INPUTS/groups/ring1.group"
	printf 'group 2026-01-31\n@ring1 write\n' >"$INPUTS/groups/ring2.group"
	refused "$INPUTS/ring.policy" 'contains itself'
	{
		head_of_policy
		echo 'allow @chain1'
	} >"$INPUTS/chain.policy"
	for i in $(seq 100); do
		printf 'group 2026-01-31\n@chain%d\n' $((i + 1)) >"$INPUTS/groups/chain$i.group"
	done
	refused "$INPUTS/chain.policy" 'nested deeper than'
}

@test "what is no file: a directory, a FIFO, a device, a socket, links to nowhere" {
	mkdir "$INPUTS/directory.policy"
	refused "$INPUTS/directory.policy" 'is a directory'
	mkfifo "$INPUTS/fifo.policy"
	refused "$INPUTS/fifo.policy" 'is not a regular file'
	refused /dev/zero 'is not a regular file'
	refused /dev/null 'is not a regular file'
	ln -s nowhere "$INPUTS/dangling.policy"
	refused "$INPUTS/dangling.policy" 'No such file or directory'
	ln -s loop.policy "$INPUTS/loop.policy"
	refused "$INPUTS/loop.policy" 'Too many levels of symbolic links'
	refused "$INPUTS/$(repeat 5000 x)" 'File name too long'
	# By an include, too.
	printf 'policy 1\ninclude fifo\ninclude directory\n' >"$INPUTS/a.policy"
	refused "$INPUTS/a.policy" 'is not a regular file'
}

@test "a file that may not be read" {
	local place command
	{
		head_of_policy
		echo 'allow exit_group'
	} >"$INPUTS/secret.policy"
	chmod 000 "$INPUTS/secret.policy"
	place=$(public_directory)
	cp "$SANDBOXCTL" "$place/sandboxctl"
	cp "$BUILD/sanitized/sandboxctl" "$place/asan"
	mv "$INPUTS/secret.policy" "$place/"
	for command in "$place/sandboxctl" "$place/asan"; do
		if [[ "$(id -u)" -eq 0 ]]; then
			run timeout 30 setpriv --reuid 65534 --regid 65534 --clear-groups \
				"$command" check "$place/secret.policy"
		else
			run timeout 30 "$command" check "$place/secret.policy"
		fi
		[ "$status" -eq 1 ]
		expect 'Permission denied'
	done
}

@test "a text that is cut off anywhere" {
	local path=$INPUTS/cut.policy whole size
	whole=$(
		head_of_policy
		echo "allow openat where flags & (O_ACCMODE|O_CREAT) == O_RDONLY and dfd in {-100, 3}"
		echo 'override errno EPERM @x optional unlink nr:470'
	)
	for ((size = 0; size < ${#whole}; size += 3)); do
		printf '%s' "${whole:0:size}" >"$path"
		check "$BUILD/sanitized/sandboxctl" "$path"
	done
}
