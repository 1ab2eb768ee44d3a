#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
[ -n "${PYTHON3:-}" ] || { echo "1..0 # SKIP no python3 with jsonschema"; exit 0; }
exec "$PYTHON3" "${top_srcdir:?}/tests/monitor/model.py" svm qemu:EPYC
