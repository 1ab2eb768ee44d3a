/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main.c - from the loader's words to a plan, the run, and the end. */
#include "minivmm/monitor/boot/boot.h"
#include "minivmm/monitor/boot/multiboot.h"

static void put(const char *s)
{
	for (; *s; s++)
		port_out8(GUEST_PORT_CONSOLE, (uint8_t)*s);
}

static void put_hex(uint64_t v)
{
	char text[17];

	for (int i = 15; i >= 0; i--, v >>= 4)
		text[i] = "0123456789abcdef"[v & 15];
	text[16] = 0;
	put(text);
}

static void doorbell(void *ctx, uint32_t what, uint32_t row, const struct ring0_counters *counters)
{
	(void)ctx;
	(void)counters;
	put("doorbell ");
	put_hex(what);
	put(" row ");
	put_hex(row);
	put("\n");
}

void boot_main(uint32_t how, uint32_t info)
{
	static const char shutdown[] = "Shutdown";
	struct guest_ctrl *c = PHYS_TO_VIRT(GUEST_CTRL_PHYS);
	struct ring0_platform p = {
		.ctrl = c,
		.ring = PHYS_TO_VIRT(GUEST_RING_PHYS),
		.engine = RING0_NATIVE,
		.ram_bytes = GUEST_MEM_BYTES,
		.doorbell = doorbell,
	};

	put("how ");
	put_hex(how);
	put(" info ");
	put_hex(info);
	put("\n");
	c->magic = GUEST_CTRL_MAGIC;
	c->version = GUEST_ABI_VERSION;
	c->bytes = sizeof(*c);
	c->mem_bytes = GUEST_MEM_BYTES;
	c->row_count = 1;
	c->rows[0] = (struct guest_row){ .op = 0, .budget = 300000, .max_samples = 64, .min_samples = 8 };
	for (uint32_t op = 0; runner_op_name(op); op++)
		if (runner_op_name(op)[0] == 'e')
			c->rows[0].op = op;
	put(runner_op_name(c->rows[0].op));
	put("\n");
	runner_main(&p);
	put("end\n");
	for (unsigned i = 0; i < sizeof(shutdown) - 1; i++)
		port_out8(0x8900, (uint8_t)shutdown[i]);
	port_out32(GUEST_PORT_EXIT, 0);
}
