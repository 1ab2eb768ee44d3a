#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The verb probe: recorded machines, and this one as root, as nobody and without its devices.

load ../cli/lib

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	machines=${top_srcdir:?}/tests/machines
}

# The value of a key in indented JSON, the first there is.
value() {
	sed -n "s/^ *\"$1\": \"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}$/\1/p" "$2" | head -n 1
}

# The state of /dev/kvm: a "device" of KVM's part, chipsets have theirs.
device() {
	sed -n '/^  "kvm": {/,/^  }/p' "$1" >kvm.json
	value device kvm.json
}

need_root() {
	[ "$(id -u)" -eq 0 ] || skip "only root can take privileges and devices away"
}

@test "one recorded machine exits by its verdict, and says so in JSON" {
	for name in intel-usable intel-unsupported intel-firmware-off guest-hidden no-driver-unloaded no-permission busy-virtualbox \
		guest-unknown no-device-container; do
		status=0
		"$VTSCOPE" probe --from "$machines/$name.snap" --format json >out.json || status=$?
		[ "$(value exit out.json)" -eq "$status" ]
		[ "$status" -eq "$(sed -n 's/^status \([0-9]*\),.*/\1/p' "$machines/$name.txt")" ]
	done
}

@test "several recorded machines: a document a line, 0 when all could be read" {
	run --separate-stderr "$VTSCOPE" probe --format json --from "$machines/intel-usable.snap" "$machines/guest-hidden.snap" \
		--from "$machines/intel-unsupported.snap"
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 3 ]
	[ -z "$stderr" ]
}

@test "an answer is there before the next machine is" {
	mkfifo next
	for to in "" "-o -"; do
		rm -f out.json
		# shellcheck disable=SC2086
		"$VTSCOPE" probe $to --format json --from "$machines/intel-usable.snap" next >out.json &
		probe=$!
		for _ in {1..100}; do
			[ -s out.json ] && break
			sleep 0.1
		done
		early=$(wc -l <out.json)
		cat "$machines/guest-hidden.snap" >next
		wait $probe
		[ "$early" -eq 1 ]
		[ "$(wc -l <out.json)" -eq 2 ]
	done
}

@test "TAP: what keeps guests from running fails, nothing else does" {
	command -v prove >/dev/null || skip "prove is missing"
	for name in intel-usable amd-usable kvm-pvm intel-capable; do
		"$VTSCOPE" probe --from "$machines/$name.snap" -o ok.tap
		prove -e cat ok.tap
	done
	for name in intel-firmware-off no-permission guest-hidden busy-virtualbox; do
		"$VTSCOPE" probe --from "$machines/$name.snap" -o bad.tap || true
		run prove -e cat bad.tap
		[ "$status" -ne 0 ]
		[[ $output == *"Failed test"* && $output != *"Parse errors"* ]]
	done
}

@test "metrics: each family once, with HELP and TYPE before it, no timestamps" {
	for snap in "$machines"/*.snap; do
		"$VTSCOPE" probe --from "$snap" -o vtscope.prom || [ $? -ge 10 ]
		[ "$(stat -c %a vtscope.prom)" = "$(printf %o $((0666 & ~$(umask))))" ]
		awk '/^# HELP / { if (seen[$3]++) exit 1; next }
			/^# TYPE / { name = $3; if ($4 != "gauge" || !seen[name]) exit 1; next }
			$0 !~ "^" name "([{]([a-z_]+=\"([^\"\\\\]|\\\\.)*\",?)*[}])? -?[0-9]+$" { print; exit 1 }' vtscope.prom
		if command -v promtool >/dev/null; then
			promtool check metrics <vtscope.prom
		fi
	done
}

@test "a feature file holds what Kubernetes takes for labels" {
	for snap in "$machines"/*.snap; do
		"$VTSCOPE" probe --from "$snap" -o vtscope.nfd || [ $? -ge 10 ]
		run ! grep -vE '^[a-z]([-a-z0-9_.]{0,61}[a-z0-9])?=[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$' vtscope.nfd
		[ -z "$(cut -d= -f1 vtscope.nfd | sort | uniq -d)" ]
	done
	"$VTSCOPE" probe --from "$machines/intel-usable.snap" --format nfd | grep -qx vtscope-vmx.ept=true
}

@test "one line is the same on machines that are the same, and tells others apart" {
	run --separate-stderr "$VTSCOPE" probe --format oneline --from "$machines/intel-usable.snap"
	[ "${#lines[@]}" -eq 1 ]
	sed 's/^cpuid 1 .*//; s/^msr 1 .*//; /^$/d; /iommu_groups/d' "$machines/intel-usable.snap" |
		sed "s/6\.1\.0-18/6.1.0-25/" >fewer.snap
	bash "$machines/seal.sh" fewer.snap
	[ "$("$VTSCOPE" probe --format oneline --from fewer.snap)" = "$output" ]
	[ "$("$VTSCOPE" probe --format oneline --from "$machines"/*.snap | sort -u | wc -l)" -gt 20 ]
}

@test "a format for one machine is refused for several" {
	for format in tap prom nfd; do
		run --separate-stderr "$VTSCOPE" probe --format $format --from "$machines/intel-usable.snap" "$machines/kvm-pvm.snap"
		says 2 "takes one machine"
	done
}

@test "text fits the terminal, narrow and wide, with a glyph beside every colour" {
	for columns in 40 80 200; do
		COLUMNS=$columns "$VTSCOPE" probe --from "$machines/intel-firmware-off.snap" >out.txt || true
		[ "$(wc -L <out.txt)" -le "$columns" ]
	done
	run --separate-stderr "$VTSCOPE" probe --color always --from "$machines/intel-firmware-off.snap"
	[[ $output == *$'\e[31mx firmware'* ]] || [[ $output == *$'\e[31m✗ firmware'* ]]
	[[ $output == *$'\e[32m'* ]]
}

@test "a bad one among several is told, does not stop the rest, and gives 1" {
	head -c 300 "$machines/intel-usable.snap" >cut.snap
	run --separate-stderr "$VTSCOPE" probe --format json --from "$machines/guest-hidden.snap" cut.snap nowhere.snap \
		"$machines/intel-usable.snap"
	[ "$status" -eq 1 ]
	[ "${#lines[@]}" -eq 2 ]
	[[ $stderr == *"cut.snap:"*"cut short"* ]]
	[[ $stderr == *"nowhere.snap"* ]]
}

@test "a damaged machine: one line, status 1, no file" {
	for size in 0 1 17 30 1000; do
		head -c "$size" "$machines/amd-usable.snap" >cut.snap
		run --separate-stderr "$VTSCOPE" probe --from cut.snap -o out.json --save again.snap
		says 1 "cut.snap:"
		[ -z "$output" ]
		[ ! -e out.json ] && [ ! -e again.snap ]
	done
}

@test "dumps of every kind: a document a line, the bad ones told, the kinds named" {
	printf 'CPUID 00000000: 00000002-756E6547\n' >cut.txt
	printf 'hello\n' >other.txt
	run --separate-stderr "$VTSCOPE" probe --format json --from "$machines"/{dump-conroe,libcpuid-penryn,cpuid-r-haswell}.dump \
		cut.txt "$machines"/{acpi-dmar.dat,acpidump-ivrs.dump} other.txt "$machines/sysroot-cometlake.root" nowhere
	[ "$status" -eq 1 ]
	[ "${#lines[@]}" -eq 6 ]
	i=0
	for kind in instlatx64 libcpuid cpuid-r acpi acpi sysroot; do
		[[ ${lines[i++]} == *"\"kind\":\"$kind\""* ]]
	done
	[ "$(wc -l <<<"$stderr")" -eq 3 ]
	[[ $stderr == *"cut.txt:1: "*"other.txt:1: "*"nowhere: "* ]]
}

@test "a dump exits by its verdict" {
	while read -r name expected; do
		run "$VTSCOPE" probe --from "$machines/$name"
		[ "$status" -eq "$expected" ]
	done <<-END
		dump-nehalem.dump 0
		cpuid-r-willamette.dump 10
		dump-skylake-locked-off.dump 11
		dump-k10-svmdis.dump 11
		sysroot-cometlake.root 11
		dump-hyperv.dump 12
		acpi-dmar.dat 16
	END
}

@test "a dump that was saved as a snapshot is judged the same" {
	for name in dump-future-hybrid.dump acpidump-ivrs.dump sysroot-cometlake.root; do
		"$VTSCOPE" probe --from "$machines/$name" --save saved.snap >first.txt || true
		"$VTSCOPE" probe --from saved.snap >second.txt || true
		diff first.txt second.txt
	done
}

@test "what decides over handing devices to guests: groups, drivers, virtual functions, ACS" {
	devices=m/sys/bus/pci/devices
	mkdir -p m/proc "$devices"/0000:0{0:1c,1:00,2:00,3:00}.0/power m/sys/kernel/iommu_groups/7/devices/0000:01:00.0
	printf 'processor\t: 0\nflags\t\t: vmx\n' >m/proc/cpuinfo
	printf '0xfee00000 0xfeefffff msi\n' >m/sys/kernel/iommu_groups/7/reserved_regions
	ln -s ../../drivers/vfio-pci "$devices/0000:01:00.0/driver"
	ln -s ../../../../kernel/iommu_groups/7 "$devices/0000:01:00.0/iommu_group"
	echo 64 >"$devices/0000:01:00.0/sriov_totalvfs"
	# An error capability, behind it ACS; a list that leads back to itself; one that ends; a device that sleeps.
	truncate -s 4096 "$devices"/0000:0{0:1c,1:00,3:00}.0/config
	printf '\x01\x00\x81\x14' | dd of="$devices/0000:00:1c.0/config" bs=1 seek=256 conv=notrunc status=none
	printf '\x0d\x00\x01\x20\x5f\x00\x1d\x00' | dd of="$devices/0000:00:1c.0/config" bs=1 seek=328 conv=notrunc status=none
	printf '\x01\x00\x01\x10' | dd of="$devices/0000:01:00.0/config" bs=1 seek=256 conv=notrunc status=none
	truncate -s 256 "$devices/0000:02:00.0/config"
	cp "$devices/0000:00:1c.0/config" "$devices/0000:03:00.0/config"
	echo suspended >"$devices/0000:03:00.0/power/runtime_status"
	"$VTSCOPE" probe --from m --format json --all >out.json
	tr -d ' \n' <out.json >flat.json
	grep -q '"group":"7".*"devices":\["0000:01:00.0"\].*"first":"0xfee00000","last":"0xfeefffff","type":"msi"' flat.json
	grep -q '"driver":"vfio-pci","iommu_group":"7","sriov_totalvfs":64,"sriov_numvfs":null,"acs":null' flat.json
	grep -q '"name":"acs.0000:00:1c.0","text":"0x005f0x001d"' flat.json
	grep -q '"name":"acs.0000:01:00.0","error":"ENODATA"' flat.json
	grep -q '"name":"acs.0000:02:00.0","error":"ENODATA"' flat.json
	grep -q '"name":"acs.0000:03:00.0","error":"EAGAIN"' flat.json
}

@test "a copy's log is read as the kernel, its device and the journal write it, without the host's name" {
	mkdir -p m/proc m/dev
	printf 'processor\t: 0\nflags\t\t: vmx\n' >m/proc/cpuinfo
	for line in '<3>[    0.3] x86/cpu: VMX (outside TXT) disabled by BIOS' \
		'3,339,5140900,-;x86/cpu: VMX (outside TXT) disabled by BIOS' \
		'Nov 22 10:00:00 dolores kernel: x86/cpu: VMX (outside TXT) disabled by BIOS'; do
		echo "$line" >m/dev/kmsg
		run --separate-stderr "$VTSCOPE" probe --from m --format json --all
		[[ $output == *'"meaning": "firmware locked VMX off"'* && $output != *dolores* ]]
	done
	echo '<3>[    0.3] [Firmware Bug]: AMD-Vi: IOAPIC[32] not in IVRS table' >m/dev/kmsg
	"$VTSCOPE" probe --from m --format json | grep -q '"meaning": "firmware left an interrupt controller out"'
}

@test "a machine comes from standard input" {
	run --separate-stderr "$VTSCOPE" probe --from - <"$machines/no-permission.snap"
	[ "$status" -eq 14 ]
	[[ $output == "KVM is there, but you may not open /dev/kvm."* ]]
}

@test "an unknown check is refused with the nearest one, a known one explained" {
	run --separate-stderr "$VTSCOPE" probe --explain kvm.trail
	says 2 "unknown check 'kvm.trail'; did you mean 'kvm.trial'?"
	run --separate-stderr "$VTSCOPE" probe --explain firmware.vmx --from "$machines/intel-firmware-off.snap"
	[ "$status" -eq 0 ]
	[[ $output == *"IA32_FEATURE_CONTROL"*"Here: no, proved"*"0x1"* ]]
}

@test "every check is explained" {
	for id in $("$VTSCOPE" list checks --format json | sed -n 's/.*"\(id\|name\)": *"\([a-z]*\.[a-z_]*\)".*/\2/p'); do
		run --separate-stderr "$VTSCOPE" probe --explain "$id" --from "$machines/intel-usable.snap"
		[ "$status" -eq 0 ]
		[[ $output == "$id  "*"?"*"Here: "* ]]
		echo "$id"
	done >explained
	[ "$(wc -l <explained)" -ge 28 ]
}

@test "a file without --from is refused" {
	run --separate-stderr "$VTSCOPE" probe "$machines/intel-usable.snap"
	says 2 "comes behind --from"
}

@test "a full disk is an error" {
	[ -e /dev/full ] || skip "no /dev/full"
	run --separate-stderr "$VTSCOPE" probe --from "$machines/intel-usable.snap" --save /dev/full
	says 1 "/dev/full"
}

@test "a recorded machine is judged without a look at this one" {
	command -v strace >/dev/null || skip "strace is missing"
	strace -f -o trace "$VTSCOPE" probe --from "$machines/intel-usable.snap" >/dev/null || skip "strace may not trace here"
	run ! grep -E '"/(dev/(kvm|cpu)|sys|proc)|sched_setaffinity' trace
	for name in dump-nehalem.dump libcpuid-zen4.dump cpuid-r-haswell.dump; do
		strace -f -o trace "$VTSCOPE" probe --from "$machines/$name" >/dev/null
		run ! grep -E '"/(dev/(kvm|cpu)|sys|proc)|sched_setaffinity' trace
	done
	strace -f -o trace "$VTSCOPE" probe --from "$machines/sysroot-cometlake.root" >/dev/null || true
	grep -q sysroot-cometlake.root/proc/cpuinfo trace
	run ! grep -E '"/(dev/(kvm|cpu)|etc/modprobe|lib/modules|run/|\.dockerenv|sys|proc)|sched_setaffinity|syslog' trace
}

@test "what was saved is judged the same" {
	live=0
	"$VTSCOPE" probe --no-run --save saved.snap --redact --format json >live.json || live=$?
	run --separate-stderr "$VTSCOPE" probe --from saved.snap --format json -o again.json
	[ "$status" -eq "$live" ]
	# All but where it came from.
	diff <(sed 1,5d live.json) <(sed 1,5d again.json)
}

@test "formats without records read less, and say the same" {
	"$VTSCOPE" probe --no-run --save saved.snap >/dev/null || [ $? -ge 10 ]
	for format in text tap prom nfd oneline; do
		"$VTSCOPE" probe --no-run --format "$format" | grep -v 'More: vtscope' >live.txt
		"$VTSCOPE" probe --from saved.snap --format "$format" >recorded.txt || [ $? -ge 10 ]
		diff live.txt recorded.txt
	done
}

@test "nobody: what may not be read is said to be denied, never to be missing" {
	need_root
	command -v setpriv >/dev/null || skip "setpriv is missing"
	[ -e /dev/kvm ] || skip "no /dev/kvm"
	as_nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all)
	"${as_nobody[@]}" test ! -w /dev/kvm || skip "everybody may open /dev/kvm here"
	# The build tree, and the tests' own folder, may be closed to nobody.
	open_dir=$(mktemp -d /tmp/vtscope-nobody.XXXXXX)
	chmod 755 "$open_dir"
	cp "$VTSCOPE" "$open_dir/vtscope"
	run --separate-stderr "${as_nobody[@]}" "$open_dir/vtscope" probe --format json
	rm -rf "$open_dir"
	[ -z "$stderr" ]
	echo "$output" >out.json
	[ "$(device out.json)" = denied ]
	[ "$(value exit out.json)" -eq "$status" ]
	[ "$status" -ne 0 ]
}

# This machine with an empty /dev: unshare gives the command a mount namespace of its own.
without_dev() {
	unshare -m sh -c 'mount -t tmpfs none /dev && exec "$@"' sh "$@"
}

@test "no /dev/kvm: the node is missing, not the driver" {
	need_root
	unshare -m true 2>/dev/null || skip "unshare is not allowed here"
	without_dev true 2>/dev/null || skip "no mounts here"
	grep -qw kvm /proc/misc 2>/dev/null || skip "no KVM driver here"
	run --separate-stderr without_dev "$VTSCOPE" probe --format json
	echo "$output" >out.json
	[ "$(device out.json)" = no-node ]
	[ "$(value exit out.json)" -eq "$status" ]
	[ "$status" -ne 0 ]
}

@test "the trial guest runs where KVM does" {
	{ : <>/dev/kvm; } 2>/dev/null || skip "no /dev/kvm that may be opened"
	run --separate-stderr "$VTSCOPE" probe --format json
	echo "$output" >out.json
	# Creating a VM can fail for a reason of its own; then it is told.
	if [ "$(value result out.json)" != guest-ran ]; then
		[ "$status" -ne 0 ]
		[ -n "$(value errno out.json)" ]
		skip "KVM does not run guests here: $(value errno out.json)"
	fi
	[ "$status" -eq 0 ]
}
