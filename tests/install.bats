#!/usr/bin/env bats
# make install and uninstall, and that what was installed works alone.

load helpers

# Another PREFIX makes another library: in a copy of what is built, for other tests run it now.
setup_file() {
	local part
	mkdir "$BATS_FILE_TMPDIR/build"
	for part in flags places gen preload ctl policies libsandbox.so sandboxctl; do
		cp -a "$BUILD/$part" "$BATS_FILE_TMPDIR/build"
	done
}

setup() {
	destination=$BATS_TEST_TMPDIR/destination
}

make_into() {
	make -s -C "$ROOT" "$1" B="$BATS_FILE_TMPDIR/build" DESTDIR="$destination" PREFIX=/usr
}

@test "an installation works by its absolute path, without anything from the build tree" {
	local text=$BATS_TEST_TMPDIR/own.policy
	make_into install
	cp "$HOSTS/probe" "$BATS_TEST_TMPDIR/probe"
	# hidden while the installed copy runs: the build tree's policies and sandboxctl
	printf 'policy 1\nphase p\n  trigger epoll_wait\n  default allow\n  errno EACCES getppid\n' >"$text"
	run strace -f -o "$BATS_TEST_TMPDIR/trace" -e trace=openat,execve \
		env LD_PRELOAD="$destination/usr/lib/libsandbox.so" SANDBOX_POLICY="$text" \
		"$BATS_TEST_TMPDIR/probe" getppid
	[ "$output" = 'getppid -1 13' ]
	grep -q "execve(\"$destination/usr/lib/../bin/sandboxctl\"" "$BATS_TEST_TMPDIR/trace"
	refute grep -E "\"($BUILD|$BATS_FILE_TMPDIR/build)" "$BATS_TEST_TMPDIR/trace"
	run env LD_PRELOAD="$destination/usr/lib/libsandbox.so" SANDBOX_POLICY=strict \
		"$BATS_TEST_TMPDIR/probe" execve
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
	run env -i PATH="$PATH" "$destination/usr/bin/sandboxctl" list
	expect redis
	run "$destination/usr/bin/sandboxctl" run -p strict -- "$BATS_TEST_TMPDIR/probe" execve
	[ "$status" -eq "$DIED_OF_SIGSYS" ]
}

@test "the installed ci-regress and its files for make work with what is installed beside them" {
	requires jq make cc
	local place=$destination/usr/share verdict=sandbox-ci/verdict.json
	make_into install
	[ -r "$place/doc/libsandbox/ci.md" ]
	[ -r "$place/doc/libsandbox/triggers.md" ]
	[ -r "$place/bash-completion/completions/sandboxctl" ]
	[ -r "$place/doc/libsandbox/ci/github.yml" ]
	[ -r "$place/doc/libsandbox/ci/gitlab.yml" ]
	cd "$BATS_TEST_TMPDIR"
	cp "$HOSTS/probe" probe
	printf 'policy 1\nprogram probe\nphase p\n  trigger epoll_wait\n  default allow\n  trap getppid\n' >sandbox.policy
	env -i PATH=/usr/bin:/bin HOME=/nonexistent SANDBOX_CI_ONCE=1 "$place/libsandbox/ci-regress" ./sandbox.policy -- ./probe getpid
	[ "$(jq .locked "$verdict")" -eq 1 ]
	printf 'all:\n\ncheck:\n\t./probe getppid\ninclude %s\n' "$place/doc/libsandbox/ci/sandbox.mk" >Makefile
	run env -i PATH=/usr/bin:/bin HOME=/nonexistent make sandbox-check CI_REGRESS="$place/libsandbox/ci-regress"
	[ "$status" -eq 2 ]
	[ "$(jq -r '.findings[] | select(.kind == "violations") | .call' "$verdict")" = getppid ]
	# it was the sandboxctl that is installed beside it
	rm "$destination/usr/bin/sandboxctl"
	run env -i PATH=/nonexistent "$BASH" "$place/libsandbox/ci-regress" ./sandbox.policy -- ./probe getpid
	[ "$status" -eq 125 ]
	expect 'no sandboxctl'
}

@test "installed compiled policies are up to date: nothing is compiled at a start" {
	make_into install
	run strace -f -o "$BATS_TEST_TMPDIR/trace" -e trace=execve \
		env LD_PRELOAD="$destination/usr/lib/libsandbox.so" SANDBOX_POLICY=strict \
		"$HOSTS/probe" getppid
	[ "$(grep -c 'execve(' "$BATS_TEST_TMPDIR/trace")" -eq 2 ]
}

@test "uninstall takes away every file that install brought" {
	make_into install
	[ "$(find "$destination" -type f | wc -l)" -gt 20 ]
	make_into uninstall
	[ "$(find "$destination" -type f | wc -l)" -eq 0 ]
	[ ! -e "$destination/usr/share/libsandbox" ]
	[ ! -e "$destination/usr/share/doc/libsandbox" ]
}

# The last one: it makes another sandboxctl of the copy.
@test "sandboxctl finds a library that was installed into a directory of another name" {
	local place=$BATS_TEST_TMPDIR/usr
	make -s -C "$ROOT" B="$BATS_FILE_TMPDIR/build" PREFIX="$place" LIBDIR="$place/lib/of-the-machine" \
		"$BATS_FILE_TMPDIR/build/sandboxctl"
	install -D "$BATS_FILE_TMPDIR/build/sandboxctl" "$place/bin/sandboxctl"
	install -D -m 644 "$LIBRARY" "$place/lib/of-the-machine/libsandbox.so"
	printf 'policy 1\nphase p\n  trigger main\n  default allow\n  errno EACCES getppid\n' >"$BATS_TEST_TMPDIR/own.policy"
	run "$place/bin/sandboxctl" run -p "$BATS_TEST_TMPDIR/own.policy" --require-lock -- "$HOSTS/probe" getppid
	expect 'getppid -1 13'
	[ "$status" -eq 0 ]
}
