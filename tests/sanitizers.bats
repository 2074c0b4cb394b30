#!/usr/bin/env bats
# Programs that are built with a sanitizer, as docs/ci.md says: locked, and what they find they still find.

load helpers

setup() {
	requires gcc clang
	cd "$BATS_TEST_TMPDIR" || return
	cat >bug.c <<-'EOF'
		#include <poll.h>
		#include <stdio.h>
		#include <stdlib.h>
		#include <sys/stat.h>

		int main(int argc, char **argv)
		{
			char *text = malloc(8);

			poll(NULL, 0, 1);
			printf("mkdir %d\n", mkdir(argv[1], 0700));
			fflush(stdout);
			text[argc > 2 ? 8 : 0] = 'x';
			free(text);
		}
	EOF
	probe_policy poll 'errno EACCES mkdir' >path
	export ASAN_OPTIONS=detect_leaks=0
}

@test "AddressSanitizer of gcc: its runtime need not be the first library" {
	gcc -g -fsanitize=address bug.c -o bug
	run sandboxed "$(<path)" ./bug made # the control: it ends itself before the lock
	expect 'ASan runtime does not come first'
	ASAN_OPTIONS+=:verify_asan_link_order=0
	run sandboxed "$(<path)" ./bug made
	[ "$output" = 'mkdir -1' ]
	run sandboxed "$(<path)" ./bug made bug
	[ "$status" -eq 1 ]
	expect 'AddressSanitizer: heap-buffer-overflow'
	expect 'bug.c:13'
	./bug made
	[ -d made ]
}

@test "AddressSanitizer of clang, whose runtime is in the program, needs nothing" {
	clang -g -fsanitize=address bug.c -o bug
	run sandboxed "$(<path)" ./bug made
	[ "$output" = 'mkdir -1' ]
	run sandboxed "$(<path)" ./bug made bug
	[ "$status" -eq 1 ]
	expect 'AddressSanitizer: heap-buffer-overflow'
}
