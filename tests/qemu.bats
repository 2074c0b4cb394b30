#!/usr/bin/env bats
# Debian's qemu-system-x86_64 under the policy `qemu`, without KVM: the firmware boots a disk image of
# ours that reads and writes sectors, or iPXE, which boots over user networking or a tap device.

load helpers

setup() {
	requires qemu-system-x86_64 as ld python3
	dir=$(public_directory)
	port=$(free_port)
	mkdir "$dir/tftp" "$dir/www"
	build disk 0x7c00
	build netboot 0
	mv "$dir/netboot" "$dir/www/netboot"
	printf '#!ipxe\necho script by tftp\nchain http://10.0.2.2:%s/netboot\n' "$port" >"$dir/tftp/script"
	truncate -s 64K "$dir/disk"
}

teardown() {
	stop_all
	[[ -z "$inner" ]] || ip netns del "$inner"
	[[ -z "$outer" ]] || ip netns del "$outer"
}

# build NAME ADDRESS: the boot program of tests/fixtures/boot as a flat file.
build() {
	as --32 -o "$dir/$1.o" "$ROOT/tests/fixtures/boot/$1.s"
	ld -m elf_i386 -Ttext "$2" --oformat binary -o "$dir/$1" "$dir/$1.o"
}

machine=(qemu-system-x86_64 -nodefaults -M 'pc,graphics=off' -display none -serial stdio -m 64)

says() {
	eventually_long output_has "$1"
}

# eventually_long COMMAND...: emulation is slow.
eventually_long() {
	eventually "$@" || eventually "$@" || eventually "$@"
}

# sound: locked on every thread, and nothing was denied.
sound() {
	is_locked "$pid"
	refute output_has denied
}

@test "control: without the library no thread is filtered" {
	start "${machine[@]}" -drive "file=$dir/disk,format=raw,if=ide"
	says 'third sector written'
	[ "$(seccomp_of "$pid")" = 0 ]
}

@test "the firmware boots, and the guest reads and writes its disk" {
	start_sandboxed qemu "${machine[@]}" -drive "file=$dir/disk,format=raw,if=ide"
	says 'boot sector runs'
	says 'second sector read'
	says 'third sector written'
	sound
	kill -TERM "$pid"
	eventually not_running "$pid"
	wait "$pid" # it ended as ever
	grep -aqF 'second sector read' <(tail -c +1025 "$dir/disk")
	refute output_has denied
}

@test "user networking: DHCP, a script by TFTP, a program by HTTP from the host" {
	(cd "$dir/www" && exec python3 -m http.server "$port" --bind 127.0.0.1) >/dev/null 2>&1 3>&- 4>&- &
	remember "$!"
	start_sandboxed qemu "${machine[@]}" -boot n -device virtio-net-pci,netdev=n0 \
		-netdev "user,id=n0,tftp=$dir/tftp,bootfile=/script"
	says 'script by tftp'
	says 'network boot program runs'
	sound
}

@test "a tap device: made by root, served without capabilities between two networks" {
	requires_root
	requires ip dnsmasq
	inner=libsandbox-in-$$ outer=libsandbox-out-$$
	ip netns add "$inner"
	ip netns add "$outer"
	ip -n "$inner" link add veth0 type veth peer name veth1 netns "$outer"
	ip -n "$inner" link add br0 type bridge
	ip -n "$inner" link set veth0 master br0 up
	ip -n "$inner" link set br0 up
	ip -n "$outer" addr add 192.0.2.1/24 dev veth1
	ip -n "$outer" link set veth1 up
	cp "$dir/www/netboot" "$dir/tftp/netboot"
	chmod -R a+rX "$dir/tftp"
	ip netns exec "$outer" dnsmasq --keep-in-foreground --conf-file=/dev/null --port=0 \
		--interface=veth1 --bind-interfaces --dhcp-range=192.0.2.10,192.0.2.20 \
		--dhcp-boot=netboot --enable-tftp --tftp-root="$dir/tftp" \
		--dhcp-leasefile="$dir/leases" >/dev/null 2>&1 3>&- 4>&- &
	remember "$!"

	start ip netns exec "$inner" env LD_PRELOAD="$LIBRARY" SANDBOX_POLICY=qemu "${machine[@]}" \
		-boot n -device virtio-net-pci,netdev=n0 \
		-netdev tap,id=n0,ifname=tap0,script=no,downscript=no
	eventually_long ip -n "$inner" link set tap0 master br0 up
	says 'network boot program runs'
	sound
	[ "$(cat "/proc/$pid"/task/*/status | grep -E '^Cap(Prm|Eff):' | awk '{ print $2 }' | sort -u)" = \
		0000000000000000 ]
}
