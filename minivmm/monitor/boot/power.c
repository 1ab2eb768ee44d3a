/* SPDX-License-Identifier: GPL-2.0-or-later */
/* power.c - how a boot ends, the keyboard of the old kind, the clock with the battery. */
#include "minivmm/monitor/boot/boot.h"

#define KBD_DATA	0x60
#define KBD_STATUS	0x64
#define KBD_FULL	0x01
#define KBD_BUSY	0x02
#define KBD_RESET	0xfe
#define KBD_BYTES	64	/* more than any controller keeps */
#define KEY_RELEASED	0x80
#define KEY_ESC		0x01
#define KEY_Q		0x10
#define KEY_PAGE_UP	0x49
#define KEY_LEFT	0x4b

#define RESET_CONTROL	0xcf9
#define BOCHS_SHUTDOWN	0x8900
#define ACPI_PM1A_QEMU	0x604	/* QEMU's pc and q35: PM1a_CNT */
#define SLEEP_ENABLE	0x2000u	/* with sleep type 0, which is S5 there */

#define RTC_INDEX	0x70
#define RTC_DATA	0x71
#define RTC_REGISTERS	10

#define HZ_ASSUMED	2000000000ull

static void wait_ticks(uint64_t ticks)
{
	uint64_t start = tsc_read();

	while (tsc_read() - start < ticks)
		__builtin_ia32_pause();
}

/* Nothing of this exists on a real machine, where these ports may be somebody's: asked only where an emulator is. */
static void emulator_off(uint32_t status)
{
	static const char shutdown[] = "Shutdown";

	for (unsigned i = 0; i < sizeof(shutdown) - 1; i++)
		port_out8(BOCHS_SHUTDOWN, (uint8_t)shutdown[i]);
	port_out32(GUEST_PORT_EXIT, status);
	port_out16(ACPI_PM1A_QEMU, SLEEP_ENABLE);
}

static void reset(void)
{
	const struct { uint16_t limit; uint64_t base; } __attribute__((packed)) none = { 0, 0 };

	for (unsigned i = 0; i < 100000 && port_in8(KBD_STATUS) & KBD_BUSY; i++)
		__builtin_ia32_pause();
	port_out8(KBD_STATUS, KBD_RESET);
	wait_ticks(HZ_ASSUMED / 20);
	port_out8(RESET_CONTROL, 0x02);
	port_out8(RESET_CONTROL, 0x06);
	wait_ticks(HZ_ASSUMED / 20);
	/* No interrupt table: an exception is a triple fault. */
	__asm__ volatile("lidt %0; int3" : : "m"(none));
}

void power_end(enum plan_end end, bool emulator, uint32_t status)
{
	output_flush();
	if (end == END_OFF && emulator)
		emulator_off(status);
	if (end == END_RESET)
		reset();
	for (;;)
		__asm__ volatile("cli; hlt");
}

void key_forget(void)
{
	for (unsigned i = 0; i < KBD_BYTES && port_in8(KBD_STATUS) != 0xff && port_in8(KBD_STATUS) & KBD_FULL; i++)
		port_in8(KBD_DATA);
}

enum key key_wait(uint64_t ticks)
{
	const uint64_t start = tsc_read();

	while (tsc_read() - start < ticks) {
		uint8_t status = port_in8(KBD_STATUS), code;

		__builtin_ia32_pause();
		if (status == 0xff || !(status & KBD_FULL))
			continue;
		code = port_in8(KBD_DATA);
		if (code & KEY_RELEASED || !code)
			continue;
		if (code == KEY_ESC || code == KEY_Q)
			return KEY_END;
		if (code == KEY_PAGE_UP || code == KEY_LEFT)
			return KEY_BACK;
		return KEY_NEXT;
	}
	return KEY_NONE;
}

uint64_t rtc_bits(void)
{
	uint64_t bits = 0;

	for (uint8_t i = 0; i < RTC_REGISTERS; i++) {
		port_out8(RTC_INDEX, i);
		bits = bits * 251 + port_in8(RTC_DATA);
	}
	return bits;
}
