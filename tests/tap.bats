#!/usr/bin/env bats
# A privileged program that makes a TAP device: Debian's openvpn under the policy `openvpn`, between
# two networks that the test makes.

load helpers

setup() {
	requires_root
	requires openvpn ip ping jq
	[[ -c /dev/net/tun ]] || skip 'no /dev/net/tun here'
	left=libsandbox-$$-left right=libsandbox-$$-right
	ip netns add "$left"
	ip netns add "$right"
	ip -n "$left" link add wire type veth peer name wire netns "$right"
	ip -n "$left" addr add 10.99.0.1/24 dev wire
	ip -n "$right" addr add 10.99.0.2/24 dev wire
	ip -n "$left" link set wire up
	ip -n "$right" link set wire up
	openvpn --genkey secret "$BATS_TEST_TMPDIR/key"
}

teardown() {
	stop_all
	ip netns del "$left"
	ip netns del "$right"
}

# tunnel_words REMOTE ADDRESS
tunnel_words() {
	printf '%s\n' --dev tap0 --proto udp --remote "$1" --secret "$BATS_TEST_TMPDIR/key" \
		--ifconfig "$2" 255.255.255.0 --cipher AES-256-CBC --keepalive 1 60
}

# start_tunnel: the right end without the library, the left end with it; $pid is the left one's.
start_tunnel() {
	local words
	mapfile -t words < <(tunnel_words 10.99.0.1 10.98.0.2)
	start ip netns exec "$right" openvpn "${words[@]}" --log /dev/null
	mapfile -t words < <(tunnel_words 10.99.0.2 10.98.0.1)
	start ip netns exec "$left" env "$@" openvpn "${words[@]}"
	eventually frames_flow
}

frames_flow() {
	ip netns exec "$left" ping -c 1 -W 1 10.98.0.2 >/dev/null
}

@test "control: without the library frames flow, and openvpn has root's capabilities" {
	start_tunnel
	[ "$(seccomp_of "$pid")" = 0 ]
	[ "$(awk '/^CapEff/ { print $2 }' "/proc/$pid/status")" != 0000000000000000 ]
}

@test "the device was made as root; locked, without capabilities and with an empty root, frames flow" {
	local kind
	start_tunnel LD_PRELOAD="$LIBRARY" SANDBOX_VERBOSE=1 SANDBOX_POLICY=openvpn \
		SANDBOX_REPORT="$BATS_TEST_TMPDIR/report"
	eventually is_locked "$pid"
	run jq -c 'select(.event == "locked") | .steps' "$BATS_TEST_TMPDIR/report"
	[ "$output" = '["detach ipc","detach uts","detach net","detach mount","root","capabilities"]' ]
	[ "$(grep -h '^Cap' /proc/"$pid"/task/*/status | awk '{ print $2 }' | sort -u)" = 0000000000000000 ]
	[ "$(find "/proc/$pid/root/" -mindepth 1 | wc -l)" -eq 0 ]
	for kind in mnt ipc uts net; do
		[ "$(readlink "/proc/$pid/ns/$kind")" != "$(readlink "/proc/self/ns/$kind")" ]
	done
	# its network is a new one, not the one where the device is
	[ "$(stat -Lc %i "/proc/$pid/ns/net")" != "$(stat -c %i "/run/netns/$left")" ]
	ip netns exec "$left" ping -c 20 -i 0.05 -W 2 10.98.0.2 | grep -q ' 0% packet loss'
	ip netns exec "$right" ping -c 20 -i 0.05 -W 2 10.98.0.1 | grep -q ' 0% packet loss'
	# large frames, in fragments
	ip netns exec "$left" ping -c 3 -s 8000 -W 2 10.98.0.2 | grep -q ' 0% packet loss'
	refute output_has denied
}

@test "another device cannot be opened: the node is not there, nor the call, nor the right" {
	local path
	run "$SANDBOXCTL" explain openvpn 'openat(_, _, O_RDWR)'
	expect 'errno EACCES'
	run "$SANDBOXCTL" explain openvpn 'ioctl(3, 0x400454ca, _)' # TUNSETIFF
	expect 'errno EPERM'
	# the same steps without the filter: the kernel itself refuses
	path=$(
		policy bare <<-EOF
			policy 1
			phase serving
			  trigger poll
			  default allow
			  root empty
			  detach net
			  capabilities none
		EOF
	)
	run sandboxed "$path" "$HOSTS/inside" tun
	expect 'main tun ENOENT'
	expect 'thread tun ENOENT'
	run "$HOSTS/inside" unfired tun # control
	expect 'main tun ok'
}

@test "it ends with status 0 when it is told to" {
	local ended=0
	start_tunnel LD_PRELOAD="$LIBRARY" SANDBOX_POLICY=openvpn
	eventually is_locked "$pid"
	kill -TERM "$pid"
	wait "$pid" || ended=$?
	[ "$ended" -eq 0 ]
	refute output_has denied
}
