/* SPDX-License-Identifier: GPL-2.0-or-later */
/* output.c - where text goes: an emulator's debug port, COM1. */
#include "minivmm/monitor/boot/boot.h"

#define COM1		0x3f8
#define UART_DATA	(COM1 + 0)
#define UART_IER	(COM1 + 1)	/* DLAB: divisor, high */
#define UART_FCR	(COM1 + 2)
#define UART_LCR	(COM1 + 3)
#define UART_MCR	(COM1 + 4)
#define UART_LSR	(COM1 + 5)
#define UART_SCR	(COM1 + 7)	/* scratch: what is written is read back, where there is a UART */

#define LCR_8N1		0x03
#define LCR_DLAB	0x80
#define LSR_THRE	0x20		/* holding register (or FIFO) empty */
#define LSR_TEMT	0x40		/* the last bit is on the wire */
#define DIVISOR_115200	1
#define FIFO_BYTES	16

#define WAIT_READS	200000u		/* of LSR. A read takes 1 us on an ISA bus, a full FIFO 1.4 ms on the wire */

static bool debug_port, serial;
static unsigned fifo_room;

static bool uart_is_there(void)
{
	static const uint8_t patterns[] = { 0x5a, 0xa5, 0x00 };

	for (unsigned i = 0; i < sizeof(patterns); i++) {
		port_out8(UART_SCR, patterns[i]);
		if (port_in8(UART_SCR) != patterns[i])
			return false;
	}
	return port_in8(UART_LSR) != 0xff;
}

static void uart_setup(void)
{
	port_out8(UART_IER, 0);
	port_out8(UART_LCR, LCR_DLAB | LCR_8N1);
	port_out8(UART_DATA, DIVISOR_115200);
	port_out8(UART_IER, 0);
	port_out8(UART_LCR, LCR_8N1);
	port_out8(UART_FCR, 0x07);	/* FIFOs on and empty */
	port_out8(UART_MCR, 0x03);	/* DTR RTS */
}

/* A UART that stays busy is given up: the results are for whoever listens elsewhere. */
static bool uart_wait(uint8_t bits)
{
	for (unsigned i = 0; i < WAIT_READS; i++) {
		if ((port_in8(UART_LSR) & bits) == bits)
			return true;
		__builtin_ia32_pause();
	}
	serial = false;
	return false;
}

static void uart_put(char c)
{
	if (!fifo_room) {
		if (!uart_wait(LSR_THRE))
			return;
		/* A UART without a FIFO (FCR's answer in IIR bits 7:6) takes one. */
		fifo_room = (port_in8(UART_FCR) & 0xc0) == 0xc0 ? FIFO_BYTES : 1;
	}
	port_out8(UART_DATA, (uint8_t)c);
	fifo_room--;
}

void output_open(enum plan_choice want_serial)
{
	debug_port = port_in8(GUEST_PORT_CONSOLE) == GUEST_PORT_CONSOLE;
	serial = false;
	if (want_serial == CHOICE_NO || (want_serial == CHOICE_DEFAULT && debug_port))
		return;
	if (!uart_is_there())
		return;
	uart_setup();
	fifo_room = 0;
	serial = true;
}

bool output_has_debug_port(void)
{
	return debug_port;
}

bool output_has_serial(void)
{
	return serial;
}

void output_write(const char *s, size_t n)
{
	if (debug_port)
		for (size_t i = 0; i < n; i++)
			port_out8(GUEST_PORT_CONSOLE, (uint8_t)s[i]);
	for (size_t i = 0; i < n && serial; i++)
		uart_put(s[i]);
}

void output_flush(void)
{
	if (serial)
		uart_wait(LSR_THRE | LSR_TEMT);
	fifo_room = 0;
}
