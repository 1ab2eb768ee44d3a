/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/explain.h"

#include "bench/result.h"

/* The bit's index from its value, so that a flag that moves takes its sentence along. */
#define AT(flag) [__builtin_ctz(flag)]

const char *explain_flag(unsigned i)
{
	static const char *const text[RESULT_FLAGS] = {
		AT(RESULT_FEW_LAUNCHES) =
			"fewer than 6 launches: no 95 % interval of a median exists, the range of "
			"launch medians is shown instead",
		AT(RESULT_EXIT_MISMATCH) =
			"the engine counted another number of VM exits than the operation causes: "
			"this is not an exit latency (under a software KVM it is an instruction "
			"emulator's)",
		AT(RESULT_TSC_TRAPPED) =
			"reading the clock itself costs over 200 ticks here, it seems to be "
			"intercepted",
		AT(RESULT_UNSETTLED) =
			"the warm-up ended by its time box while the median still moved",
		AT(RESULT_NO_RDTSCP) = "there is no RDTSCP here: brackets end with LFENCE and "
				       "RDTSC",
		AT(RESULT_FEW_SAMPLES) =
			"a launch gave few samples or none: the operation is too slow for its time "
			"box, or could not always be executed; weak percentiles",
		AT(RESULT_LFENCE_ASSUMED) =
			"AMD: LFENCE was taken to serialise, the MSR that says so could not be "
			"read",
		AT(RESULT_BRACKET_BOUND) =
			"under 10 empty brackets, yet single shots: there is no differenced pass, "
			"so the bracket is part of the number",
		AT(RESULT_SPLIT_STAMPS) =
			"the clock reads that split the round trip cost over 10 % of it: its parts are "
			"longer than they are without them, the round trip itself is measured unsplit",
		AT(RESULT_DISTURBED) =
			"in most launches other tasks, interrupts or the outer hypervisor took more "
			"than their share of the time, also where they were repeated",
		AT(RESULT_IMPRECISE) =
			"its interval did not get as narrow as --precision asked for, within the launches or the "
			"time that there were",
	};

	return i < RESULT_FLAGS && text[i] ? text[i] : "not explained by this version";
}

const char *explain_reading(size_t i)
{
	static const char *const text[] = {
		"A cycle is a tick of the time stamp counter. It runs at a fixed rate: a "
		"processor that boosts executes more core cycles than ticks.",
		"An engine is named with what served it and where its numbers come from. "
		"hardware: VT on bare metal, or a process. nested: VT under another hypervisor. "
		"software: a translator, or a KVM that runs guests without VT (kvm_pvm). "
		"emulated: the processor itself is simulated, which proves function and never "
		"speed.",
		"Single shots have a distribution: every execution has its own bracket of clock "
		"reads. Operations shorter than ten empty brackets are differenced instead, "
		"(T(2n) - T(n)) / n over n copies: a median and an interval, no percentiles. The "
		"empty bracket is shown and never subtracted.",
		"The unit of independence is the launch, a fresh process or virtual machine: the "
		"median is the median of the launches' medians, a percentile the median of their "
		"percentiles, and the interval is over launches.",
		"A ratio to native stands only where native was measured on this machine. "
		"Unprivileged instructions cost the same at every level, so the native .u row "
		"serves the .k row of cpu.* and mem.* too.",
		"exits are VM exits per operation, counted by the engine outside of the brackets; "
		"a row without a count comes from an engine that cannot count.",
	};

	return i < sizeof(text) / sizeof(text[0]) ? text[i] : NULL;
}
