# SPDX-License-Identifier: GPL-2.0-or-later
# Reads "FILE:LINE:#include "HEADER"" lines, prints those that break the dependency rule of doc/architecture.md.

BEGIN {
	n = split("common arch probe minivmm bench report cli", order, " ")
	for (i = 1; i <= n; i++)
		rank[order[i]] = i
}

function folder(path) { return substr(path, 1, index(path, "/") - 1) }
function wrong(why) { print place ": " why ": " header; bad = 1 }
function starts(path, prefix) { return index(path, prefix) == 1 }

# Freestanding code: what is in it runs where there is no C library.
function freestanding(path) {
	return starts(path, "bench/guest/") || starts(path, "bench/root/") || starts(path, "minivmm/monitor/")
}

function freestanding_may(from, to) {
	if (to ~ /^arch\/x86\/[a-z0-9_]+\.def$/)
		return 1
	if (to == "minivmm/guest_abi.h" || to == "minivmm/long_mode.h" || to == "minivmm/cpu.h")
		return 1
	if (to ~ /^bench\/ops(_[a-z]+)?\.def$/ || to == "bench/op_flags.h")
		return starts(from, "bench/")
	if (to == "bench/exit_reasons.def")
		return starts(from, "bench/root/")
	# Of the monitor only what it offers: not its vendors' insides, not the host beside it.
	if (starts(from, "bench/root/") && starts(to, "minivmm/monitor/"))
		return to !~ /^minivmm\/monitor\/.*\// && to !~ /_private\.h$/
	if (starts(from, "bench/root/") && (starts(to, "bench/root/") || starts(to, "bench/guest/")))
		return 1
	if (starts(from, "bench/guest/") && starts(to, "bench/guest/"))
		return 1
	return starts(from, "minivmm/monitor/") && starts(to, "minivmm/monitor/")
}

{
	split($0, part, ":")
	file = part[1]
	place = part[1] ":" part[2]
	match($0, /"[^"]+"/)
	header = substr($0, RSTART + 1, RLENGTH - 2)
	from = folder(file)
	to = folder(header)

	if (header == "config.h")
		next
	if (to == "") {
		wrong("not named from the top of the tree")
		next
	}
	if (!(to in rank)) {
		wrong("not a folder that code may use")
		next
	}
	if (freestanding(file)) {
		if (!freestanding_may(file, header))
			wrong("freestanding code may not use")
		next
	}
	if (rank[to] > rank[from]) {
		wrong(from " may not use " to)
		next
	}
	if (from == to)
		next
	if (header ~ /_private\.h$/)
		wrong("private to its folder")
	else if (header == "probe/collect.h" && from != "cli")
		wrong("only cli may collect")
	else if (from == "minivmm" && to == "probe" && header !~ /^probe\/(snapshot|check|verdict)\.h$/)
		wrong("of probe, minivmm sees snapshot, check and verdict only")
	else if (from == "report" && to == "bench" && header !~ /^bench\/(result|stats|histogram|modes|store|compare|op|op_flags)\.h$/ && header != "bench/ops.def")
		wrong("of bench, report sees results, statistics and the operation table only")
	else if (freestanding(header) && header !~ /_abi\.h$/)
		wrong("hosted code may not use freestanding code")
}

END { exit bad }
