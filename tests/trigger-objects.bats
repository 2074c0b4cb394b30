#!/usr/bin/env bats
# `call NAME`: where names come from. Debug files of stripped objects, code chosen at load, C++.

load helpers

# fires PROGRAM: its function static_function is found and locks before its body.
fires() {
	run sandboxed "$(call_policy static_function)" "$1" static_function
	[[ "$output" = "before free
locked
locked
locked
ok" ]] || {
		printf 'status %s: %s\n' "$status" "$output"
		return 1
	}
}

# is_refused PROGRAM TEXT...: with status 125, and the line has each TEXT.
is_refused() {
	local text
	run sandboxed "$(call_policy static_function)" "$1" static_function
	[[ "$status" -eq 125 && "$output" != *before* ]] || {
		printf 'status %s: %s\n' "$status" "$output"
		return 1
	}
	for text in "${@:2}"; do
		expect "$text"
	done
}

# --- separate debug files ---------------------------------------------------------------------

# strip_program DIRECTORY [FLAG...]: DIRECTORY/program, stripped, and DIRECTORY/program.debug.
strip_program() {
	mkdir -p "$1"
	gcc -D_GNU_SOURCE -O1 -g "${@:2}" -o "$1/whole" "$ROOT/tests/hosts/functions.c"
	objcopy --only-keep-debug "$1/whole" "$1/program.debug"
	objcopy --strip-all "$1/whole" "$1/program"
}

# link_debug DIRECTORY: as strip_program, with a .gnu_debuglink in the program and no build-id.
link_debug() {
	strip_program "$1" -Wl,--build-id=none
	(cd "$1" && objcopy --add-gnu-debuglink=program.debug program)
}

build_id() {
	readelf -n "$1" | sed -n 's/.*Build ID: //p'
}

# with_debug_root FILE COMMAND...: FILE (where it goes under /usr/lib/debug stands in $place) is all
# there is in /usr/lib/debug, which is replaced in a mount namespace of the command's own.
with_debug_root() {
	local file=$1
	shift
	# shellcheck disable=SC2016 # the inner shell's
	unshare --mount sh -ec '
		file=$1 place=$2; shift 2
		cp "$file" "${TMPDIR:-/tmp}/debug.$$"
		mkdir -p /usr/lib/debug
		mount -t tmpfs none /usr/lib/debug
		mkdir -p "/usr/lib/debug/${place%/*}"
		mv "${TMPDIR:-/tmp}/debug.$$" "/usr/lib/debug/$place"
		exec "$@"' sh "$file" "$place" "$@"
}

@test "control: a stripped program without a debug file is refused, and the line says where was looked" {
	requires gcc objcopy readelf
	local id
	strip_program "$BATS_TEST_TMPDIR/a"
	id=$(build_id "$BATS_TEST_TMPDIR/a/program")
	is_refused "$BATS_TEST_TMPDIR/a/program" 'no loaded object has a function of that name' \
		"looked in $BATS_TEST_TMPDIR/a/program" \
		"for its debug file: /usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug" \
		'in other objects: '
	fires "$BATS_TEST_TMPDIR/a/whole"
	strip_program "$BATS_TEST_TMPDIR/b" -Wl,--build-id=none
	is_refused "$BATS_TEST_TMPDIR/b/program" 'it names no debug file'
}

@test "a debug file is found by .gnu_debuglink beside the program, and in .debug" {
	requires gcc objcopy
	local dir=$BATS_TEST_TMPDIR/a
	link_debug "$dir"
	fires "$dir/program"
	mkdir "$dir/.debug"
	mv "$dir/program.debug" "$dir/.debug/"
	fires "$dir/program"
	rm "$dir/.debug/program.debug"
	is_refused "$dir/program" "for its debug file: $dir/program.debug, $dir/.debug/program.debug, /usr/lib/debug$dir/program.debug"
}

@test "a debug file is found by its directory's name under /usr/lib/debug" {
	requires_root
	requires gcc objcopy unshare
	local dir=$BATS_TEST_TMPDIR/a place
	link_debug "$dir"
	mv "$dir/program.debug" "$dir/elsewhere"
	place=${dir#/}/program.debug
	run with_debug_root "$dir/elsewhere" env LD_PRELOAD="$LIBRARY" \
		SANDBOX_POLICY="$(call_policy static_function)" "$dir/program" static_function
	[ "${lines[1]}" = locked ]
}

@test "a debug file with another checksum than the link says is not used" {
	requires gcc objcopy
	local dir=$BATS_TEST_TMPDIR/a
	link_debug "$dir"
	printf 'x' >>"$dir/program.debug"
	is_refused "$dir/program" "$dir/program.debug (it has another checksum)"
}

@test "a debug file is found by build-id, and one with another build-id is not used" {
	requires_root
	requires gcc objcopy readelf unshare
	local a=$BATS_TEST_TMPDIR/a b=$BATS_TEST_TMPDIR/b id place path
	path=$(call_policy static_function)
	strip_program "$a"
	strip_program "$b" -DOTHER_BUILD -O0
	id=$(build_id "$a/program")
	[ "$id" != "$(build_id "$b/program")" ]
	place=.build-id/${id:0:2}/${id:2}.debug
	run with_debug_root "$a/program.debug" env LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$path" \
		"$a/program" static_function
	[ "${lines[1]}" = locked ]
	run with_debug_root "$b/program.debug" env LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$path" \
		"$a/program" static_function
	[ "$status" -eq 125 ]
	expect "/usr/lib/debug/$place (it has another build-id)"
}

@test "a link leads to no file of another build, whatever its checksum" {
	requires gcc objcopy
	local a=$BATS_TEST_TMPDIR/a b=$BATS_TEST_TMPDIR/b
	strip_program "$a"
	strip_program "$b" -O0
	cp "$b/program.debug" "$a/program.debug"
	(cd "$a" && objcopy --add-gnu-debuglink=program.debug program)
	is_refused "$a/program" "$a/program.debug (it has another build-id)"
}

@test "a stripped library's debug file is found, too" {
	requires gcc objcopy
	local dir=$BATS_TEST_TMPDIR
	gcc -D_GNU_SOURCE -O1 -g -fPIC -shared -o "$dir/libmatrix.so" "$ROOT/tests/matrix/library.c"
	gcc -D_GNU_SOURCE -O1 -rdynamic -o "$dir/matrix" "$ROOT/tests/matrix/main.c" \
		"$dir/libmatrix.so" -Wl,-rpath,"$dir"
	# The library's own name of it, which nothing exports.
	objcopy --redefine-sym inner_function=inner_name "$dir/libmatrix.so" "$dir/other.so"
	objcopy --only-keep-debug "$dir/other.so" "$dir/libmatrix.debug"
	objcopy --strip-all "$dir/libmatrix.so"
	(cd "$dir" && objcopy --add-gnu-debuglink=libmatrix.debug libmatrix.so)
	run sandboxed "$(call_policy 'libmatrix.so!inner_name')" "$dir/matrix" inner_function
	[ "$output" = 'locked 3 free 0 ok' ]
	rm "$dir/libmatrix.debug"
	run sandboxed "$(call_policy 'libmatrix.so!inner_name')" "$dir/matrix" inner_function
	[ "$status" -eq 125 ]
	expect "looked in $dir/libmatrix.so"
}

@test "a program whose file cannot be read is refused, whatever its libraries have" {
	requires_root
	requires setpriv
	local dir
	dir=$(public_directory)
	publish_library
	install -m 711 "$HOSTS/functions" "$dir/program"
	install -m 644 "$(call_policy usleep)" "$dir/call.policy"
	run setpriv --reuid=65534 --regid=65534 --clear-groups env LD_PRELOAD="$LIBRARY" \
		SANDBOX_POLICY="$dir/call.policy" "$dir/program" static_function
	[ "$status" -eq 125 ]
	expect "cannot read the symbols of $dir/program"
	chmod 755 "$dir/program"
	run setpriv --reuid=65534 --regid=65534 --clear-groups env LD_PRELOAD="$LIBRARY" \
		SANDBOX_POLICY="$dir/call.policy" "$dir/program" static_function
	[ "${lines[4]}" = ok ]
}

# --- what is no code ----------------------------------------------------------------------------

@test "a name whose address is not executable code is refused" {
	requires gcc
	local dir=$BATS_TEST_TMPDIR
	printf '%s\n' '.data' '.globl static_function' '.type static_function, @function' \
		'static_function: .quad 1, 2' '.size static_function, 16' >"$dir/data.s"
	sed 's/static int static_function/int other_function/; s/return static_function/return other_function/' \
		"$ROOT/tests/hosts/functions.c" >"$dir/main.c"
	gcc -D_GNU_SOURCE -w -o "$dir/program" "$dir/main.c" "$dir/data.s"
	is_refused "$dir/program" 'it is not in a segment of code'
}

# --- code that is chosen at load (IFUNC) --------------------------------------------------------

@test "a function whose code is chosen at load: the chosen code is patched" {
	run "$HOSTS/ifunc"
	[ "$output" = "second free ok
second free ok
second free ok" ] # control: it is free without us
	run sandboxed "$(call_policy chosen_function)" "$HOSTS/ifunc"
	[ "$status" -eq 0 ]
	[ "$output" = "second locked ok
second locked ok
second locked ok" ]
	# The other code and the resolver are left alone.
	run sandboxed "$(call_policy first)" "$HOSTS/ifunc"
	[ "${lines[2]}" = 'second free ok' ]
}

@test "libc's own: strlen, by whatever name the processor gives it" {
	run sandboxed "$(call_policy 'libc.so.6!strlen')" "$HOSTS/ifunc"
	[ "$status" -eq 0 ]
	[ "${lines[2]}" = 'second locked ok' ]
}

@test "a choice outside the object is refused" {
	run "$HOSTS/ifunc" elsewhere
	[ "$output" = 3 ]
	run sandboxed "$(call_policy elsewhere_function)" "$HOSTS/ifunc" elsewhere
	[ "$status" -eq 125 ]
	expect 'it is not in a segment of code of its object'
}

# --- C++ names, and those of other languages ----------------------------------------------------

build_server() {
	requires g++
	server=$BATS_TEST_TMPDIR/server
	g++ -O2 -g -o "$server" "$ROOT/tests/names/server.cc"
}

# locks_at NAME ACT [OUTPUT]
locks_at() {
	run sandboxed "$(call_policy "$1")" "$server" "$2"
	[[ "$output" = "${3:-locked 3 free 0}" ]] || {
		printf '%s: status %s: %s\n' "$1" "$status" "$output"
		return 1
	}
}

@test "a C++ name: without its parameters, with them as nm -C prints them, or mangled" {
	build_server
	run "$server" run
	[ "$output" = 'locked 0 free 3' ] # control
	locks_at ns::Server::run run
	locks_at '"ns::Server::run(int, std::string const&)"' run
	locks_at "\"$(nm -C "$server" | sed -n 's/^[^ ]* T \(ns::Server::run.*\)/\1/p')\"" run
	locks_at "$(nm "$server" | sed -n 's/^[^ ]* T \(_Z.*Server3run.*\)/\1/p')" run
	locks_at ns::Server::only only
	locks_at '"ns::Server::only() const"' only
	locks_at 'server!ns::Server::only' only
	locks_at 'server!"ns::Server::only() const"' only
}

@test "C++ operators, templates, lambdas, static and global functions" {
	build_server
	locks_at '"ns::Server::operator!=(ns::Server const&) const"' differs
	locks_at '"ns::twice<int>"' twice
	locks_at '"int ns::twice<int>(int)"' twice
	locks_at '"call(char const*, ns::Server&)::{lambda(int)#1}::operator()"' lambda
	locks_at ::global_function global
}

@test "constructors and destructors: whichever of their symbols is called" {
	build_server
	locks_at ns::Server::Server made 'locked 6 free 0'
	locks_at ns::Server::~Server deleted 'locked 5 free 1' # the first constructor ran before
	locks_at ns::Server::~Server made 'locked 5 free 1'
}

@test "a symbol goes before a C++ name that ends like it" {
	build_server
	locks_at plain plain
	locks_at plain other 'locked 0 free 3'
	locks_at other::plain other
	locks_at other::plain plain 'locked 0 free 3'
}

@test "a C++ name that several functions have is refused, with their names" {
	build_server
	run sandboxed "$(call_policy ::overloaded)" "$server" overloaded
	[ "$status" -eq 125 ]
	expect 'several functions have that name; give one of "overloaded(int)", "overloaded(double)"'
	locks_at '"overloaded(int)"' overloaded 'locked 6 free 0'
	locks_at '"overloaded(double)"' overloaded 'locked 5 free 1'
}

@test "a C++ name that nothing has is refused" {
	build_server
	run sandboxed "$(call_policy ns::Server::rum)" "$server" run
	[ "$status" -eq 125 ]
	expect 'no loaded object has a function of that name'
}

@test "C++ names of a stripped program come from its debug file, those of a library from its own" {
	build_server
	requires objcopy
	local dir=$BATS_TEST_TMPDIR
	objcopy --only-keep-debug "$server" "$dir/server.debug"
	objcopy --strip-all "$server"
	(cd "$dir" && objcopy --add-gnu-debuglink=server.debug server)
	locks_at ns::Server::only only
	rm "$dir/server.debug"
	run sandboxed "$(call_policy ns::Server::only)" "$server" only
	[ "$status" -eq 125 ]
	run sandboxed "$(call_policy 'libstdc++.so.6!"std::vector<int>::nothing()"')" "$server" run
	[ "$status" -eq 125 ]
	locks_at 'libstdc++.so.6!"std::random_device::_M_getval()"' run 'locked 0 free 3'
}

@test "without sandboxctl a C++ name is refused and the mangled one asked for" {
	build_server
	local alone
	alone=$(public_directory)
	cp "$LIBRARY" "$alone/"
	run env LD_PRELOAD="$alone/libsandbox.so" SANDBOX_POLICY="$(call_policy ns::Server::run)c" \
		"$server" run
	if [[ "$output" = 'locked 3 free 0' ]]; then skip 'sandboxctl is installed'; fi
	[ "$status" -eq 125 ]
	expect 'no sandboxctl beside the library to find a C++ name; give the mangled name'
	run env LD_PRELOAD="$alone/libsandbox.so" \
		SANDBOX_POLICY="$(call_policy _ZNK2ns6Server4onlyEv)c" "$server" only
	[ "$output" = 'locked 3 free 0' ]
}

@test "a C++ name is found where SIGCHLD is ignored, and nothing is left of the search" {
	requires objcopy g++
	local host=$BATS_TEST_TMPDIR/state how
	objcopy --redefine-sym idle=_ZN1a4idleEv "$HOSTS/state" "$host"
	for how in - "''"; do
		env -i A=1 bash -c "trap $how CHLD; exec \"\$@\"" bash "$host" >"$BATS_TEST_TMPDIR/without"
		env -i A=1 bash -c "trap $how CHLD; exec \"\$@\"" bash env LD_PRELOAD="$LIBRARY" \
			SANDBOX_POLICY="$(call_policy a::idle)" "$host" >"$BATS_TEST_TMPDIR/with"
		run diff "$BATS_TEST_TMPDIR/without" "$BATS_TEST_TMPDIR/with"
		printf '%s\n' "$output"
		[ "$(grep -c '^[<>] environment' <<<"$output")" -eq 2 ]
		[ "$(grep -c '^[<>]' <<<"$output")" -eq 2 ]
	done
	run sandboxed "$(call_policy a::none)" "$host"
	[ "$status" -eq 125 ] # control: the name was looked for
}

@test "names of Go and of Rust" {
	requires objcopy
	local dir=$BATS_TEST_TMPDIR name
	for name in main.serve 'main.(*Server).Serve'; do
		objcopy --redefine-sym "static_function=$name" "$HOSTS/functions" "$dir/program"
		run sandboxed "$(call_policy "\"$name\"")" "$dir/program" static_function
		[ "${lines[1]} ${lines[4]}" = 'locked ok' ]
	done
	objcopy --redefine-sym static_function=_ZN6server5serve17h0123456789abcdefE \
		"$HOSTS/functions" "$dir/program"
	run sandboxed "$(call_policy server::serve)" "$dir/program" static_function
	[ "${lines[1]} ${lines[4]}" = 'locked ok' ]
}

# --- sandboxctl functions -----------------------------------------------------------------------

@test "sandboxctl functions lists what call could name, and nothing else" {
	requires nm jq
	local name
	"$SANDBOXCTL" functions "$HOSTS/functions" >"$BATS_TEST_TMPDIR/listed"
	nm "$HOSTS/functions" | awk '$2 ~ /^[tT]$/ { print $3 }' | sort >"$BATS_TEST_TMPDIR/nm"
	awk '{ print $4 }' "$BATS_TEST_TMPDIR/listed" | sort | diff - "$BATS_TEST_TMPDIR/nm"
	run jq -r '.[] | select(.symbol == "static_function") | "\(.kind) \(.offset) \(.size)"' \
		<("$SANDBOXCTL" functions --json "$HOSTS/functions")
	[ "$output" = "function $(nm -S "$HOSTS/functions" |
		awk '$4 == "static_function" { print "0x" $1, "0x" $2 }' | xargs printf '%d %d')" ]
	# What it says of a name is what the library finds.
	name=$("$SANDBOXCTL" functions "$HOSTS/functions" static_function | cut -d' ' -f1)
	fires "$HOSTS/functions"
	run sandboxed "$(call_policy "functions+$name")" "$HOSTS/functions" static_function
	[ "${lines[1]} ${lines[4]}" = 'locked ok' ]
}

@test "sandboxctl functions knows kinds, copies, C++ names and debug files" {
	build_server
	requires objcopy
	run "$SANDBOXCTL" functions "$HOSTS/ifunc" chosen_function
	[ "$status" -eq 0 ]
	expect ' chosen '
	objcopy --redefine-sym exported_function=static_function.constprop.0 "$HOSTS/functions" \
		"$BATS_TEST_TMPDIR/copy"
	run "$SANDBOXCTL" functions "$BATS_TEST_TMPDIR/copy" static_function
	[ "$status" -eq 0 ]
	[ "$(awk '{ print $3, $4 }' <<<"$output" | sort)" = "copy static_function.constprop.0
function static_function" ]
	run "$SANDBOXCTL" functions "$server" ns::Server::Server
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 2 ]
	run "$SANDBOXCTL" functions "$server" ::overloaded
	[ "$status" -eq 1 ]
	[ "${#lines[@]}" -eq 3 ]
	strip_program "$BATS_TEST_TMPDIR/a" -Wl,--build-id=none
	run "$SANDBOXCTL" functions "$BATS_TEST_TMPDIR/a/program" static_function
	[ "$status" -eq 1 ]
	(cd "$BATS_TEST_TMPDIR/a" && objcopy --add-gnu-debuglink=program.debug program)
	run "$SANDBOXCTL" functions "$BATS_TEST_TMPDIR/a/program" static_function
	[ "$status" -eq 0 ]
	expect 'static_function'
}

@test "a piece of a function is not the function" {
	requires g++
	local symbol
	for symbol in _ZN1a1fEi.cold _ZN1a1fEi.part.0 _ZThn8_N1a1fEi; do
		printf '%s\n' '.text' ".globl $symbol" ".type $symbol, @function" "$symbol: ret" \
			>"$BATS_TEST_TMPDIR/piece.s"
		gcc -shared -o "$BATS_TEST_TMPDIR/piece.so" "$BATS_TEST_TMPDIR/piece.s"
		run "$SANDBOXCTL" functions --symbols "$BATS_TEST_TMPDIR/piece.so" a::f
		[ "$status" -eq 1 ]
		[ -z "$output" ]
	done
}
