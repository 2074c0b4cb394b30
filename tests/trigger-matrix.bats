#!/usr/bin/env bats
# `call NAME` however the program was built: the function fires once, before its body, and sees all
# its arguments. The matrix is built here: its point is the compilers' and linkers' variety.

load helpers

setup_file() {
	export MATRIX=$BATS_FILE_TMPDIR/matrix
	mkdir -p "$MATRIX"
}

FUNCTIONS='static_function exported_function variadic_function library_function inner_function plugin_function'

# build NAME COMPILER pie|no-pie FLAGS...: $MATRIX/NAME and its library. A name with "symbolic" in it
# gets a library that binds its own calls itself.
build() {
	local name=$1 compiler=$2 place=(-fPIE -pie) symbolic=()
	[[ "$3" = pie ]] || place=(-fno-pie -no-pie)
	[[ "$name" != *symbolic* ]] || symbolic=("-Wl,-Bsymbolic")
	shift 3
	"$compiler" -D_GNU_SOURCE -g "$@" -fPIC -shared "${symbolic[@]}" -o "$MATRIX/lib$name.so" \
		"$ROOT/tests/matrix/library.c"
	"$compiler" -D_GNU_SOURCE -g "$@" "${place[@]}" -rdynamic -o "$MATRIX/$name" \
		"$ROOT/tests/matrix/main.c" "$MATRIX/lib$name.so" -Wl,-rpath,"$MATRIX"
	"$compiler" -D_GNU_SOURCE -g "$@" -fPIC -shared -o "$MATRIX/plugin-$name.so" \
		"$ROOT/tests/matrix/plugin.c"
}

# fires NAME FUNCTION
fires() {
	local path function=$2
	[[ "$2" != plugin_function ]] || function=plugin-$1.so!$2
	path=$(
		policy "call-$2" <<-EOF
			policy 1
			phase serving
			  trigger call $function
			  default allow
			  errno EPERM getppid
		EOF
	)
	run sandboxed "$path" "$MATRIX/$1" "$2" "$MATRIX/plugin-$1.so"
	[ "$output" = 'locked 3 free 0 ok' ] || {
		printf '%s %s: status %s: %s\n' "$1" "$2" "$status" "$output"
		return 1
	}
}

# row COMPILER: every linking and optimisation with this compiler.
row() {
	local compiler=$1 name place linking level function flags
	for place in pie no-pie; do
		for linking in lazy now relro noplt; do
			for level in O0 O2 O3-lto; do
				name=$compiler-$place-$linking-$level
				flags=(-"${level%-lto}")
				[[ "$level" != *lto ]] || flags+=(-flto)
				case $linking in
				lazy) flags+=("-Wl,-z,lazy") ;;
				now) flags+=("-Wl,-z,now") ;;
				relro) flags+=("-Wl,-z,relro,-z,now") ;;
				noplt) flags+=(-fno-plt) ;;
				esac
				build "$name" "$compiler" "$place" "${flags[@]}"
				for function in $FUNCTIONS; do
					fires "$name" "$function"
				done
			done
		done
	done
}

@test "gcc: PIE or not, lazy, now, full RELRO, -fno-plt, -O0, -O2, -O3 with LTO" {
	requires gcc
	row gcc
}

@test "clang: the same" {
	requires clang ld.lld
	row clang
}

@test "a library with -Bsymbolic, whose own call no interposition sees" {
	build symbolic-gcc gcc pie -O2
	fires symbolic-gcc inner_function
	fires symbolic-gcc library_function
}

@test "eight vectors of 128, 256 and 512 bits arrive, where the CPU has them" {
	local bits feature flag
	while read -r bits feature flag; do
		grep -qw "$feature" /proc/cpuinfo || continue
		build "vectors$bits" gcc pie -O2 "$flag" -DVECTOR_BYTES=$((bits / 8)) -Wno-psabi
		run env LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$(
			policy vectors <<-EOF
				policy 1
				phase serving
				  trigger call vectors
				  default allow
				  errno EPERM getppid
			EOF
		)" "$MATRIX/vectors$bits" vectors
		[ "$output" = 'locked 3 free 0 ok' ] || {
			echo "$bits: $output"
			false
		}
	done <<-EOF
		128 sse2 -msse2
		256 avx -mavx
		512 avx512f -mavx512f
	EOF
}

@test "control: without the library every body runs free" {
	build control gcc pie -O2
	run "$MATRIX/control" static_function
	[ "$output" = 'locked 0 free 3 ok' ]
	run "$MATRIX/control" plugin_function "$MATRIX/plugin-control.so"
	[ "$output" = 'locked 0 free 3 ok' ]
}
