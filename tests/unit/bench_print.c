/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints a result document for bench_schema.sh: "sample", or a run of the scripted engine: "run". */
#include <stdio.h>
#include <string.h>

#include "bench/run.h"
#include "tests/unit/bench_fake.h"
#include "tests/unit/bench_sample.h"

static int print_run(struct result_set *r)
{
	struct bench_options o = { .quick = true, .launches = 6, .cpu = -1, .table = fake_table, .n_table = 2 };
	struct snapshot s;
	struct verdict v;
	struct plan p;
	struct err e;
	int rc;

	fake_reset();
	fake.row[OP_NANO_SYSCALL].act = FAKE_FAULT;
	fake.row[OP_NANO_IN].act = FAKE_EXIT;
	fake.row[OP_NANO_PTEMOD].act = FAKE_UNSUPPORTED;
	fake.row[OP_NANO_CALL_RET] = (struct fake_row){ .ticks = 60, .diff = 5 };
	snapshot_init(&s);
	fake_verdict(&v, "kvm.device", ANSWER_YES, "kvm.vm", ANSWER_YES, NULL);
	rc = plan_make(&p, &o, &s, &v, 1000000000, &e);
	if (rc == 0) {
		rc = bench_run(r, &p, &o, &s, &v, 1000000000, NULL, &e);
		plan_free(&p);
	}
	verdict_free(&v);
	snapshot_free(&s);
	return rc;
}

int main(int argc, char **argv)
{
	struct buf b = BUF_INIT;
	struct result_set r;
	int bad = 0;

	if (argc == 2 && !strcmp(argv[1], "run"))
		bad = print_run(&r) < 0;
	else
		bench_sample(&r);
	bad = bad || result_set_write(&r, &b) < 0 || fputs(buf_str(&b), stdout) < 0;
	result_set_free(&r);
	buf_free(&b);
	return bad;
}
