#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# make check-all-models: a line a processor model, what the monitor proved on it. Status 1 when one does not hold.
set -uo pipefail
[ -n "${PYTHON3:-}" ] || { echo "skipped: no python3 with jsonschema"; exit 77; }
status=0
while read -r engine via; do
	"$PYTHON3" "${top_srcdir:?}/tests/monitor/model.py" "$engine" "$via" --table || [ $? -eq 77 ] || status=1
done <<'MODELS'
vmx bochs:core2_penryn_t9600
vmx bochs:corei5_lynnfield_750
vmx bochs:corei5_arrandale_m520
vmx bochs:corei7_sandy_bridge_2600k
vmx bochs:corei7_ivy_bridge_3770k
vmx bochs:corei7_haswell_4770
vmx bochs:broadwell_ult
vmx bochs:corei7_skylake_x
vmx bochs:corei3_cnl
vmx bochs:corei7_icelake_u
vmx bochs:tigerlake
svm bochs:turion64_tyler
svm bochs:phenom_8650_toliman
svm bochs:zambezi
svm bochs:trinity_apu
svm bochs:ryzen
svm qemu:EPYC
svm qemu:max
MODELS
exit $status
