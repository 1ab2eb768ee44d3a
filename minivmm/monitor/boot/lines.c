/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lines.c - lines of the protocol: framed, numbered, summed (doc/protocol.md). */
#include "minivmm/monitor/boot/boot.h"

#define GOES_ON		"\\"	/* at the end of a text whose rest is in the next line */
#define GOES_ON_LENGTH	1

static uint32_t boot_id, next_seq;
static unsigned sections;	/* that this BOOT has begun */

/* IEEE 802.3, reflected, half a byte at a time: this is never in a measured piece. */
uint32_t crc32_go_on(uint32_t crc, const char *s, size_t n)
{
	static const uint32_t table[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
		0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};

	crc = ~crc;
	for (size_t i = 0; i < n; i++) {
		crc ^= (uint8_t)s[i];
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return ~crc;
}

void lines_open(uint32_t boot)
{
	boot_id = boot;
	next_seq = 0;
	sections = 0;
}

void lines_begin_section(void)
{
	sections++;
}

void lines_put_end(struct text *to, unsigned count, bool more)
{
	text_number(to, count);
	text_put(to, more ? " 1" : " 0");
}

void lines_close(bool more)
{
	char payload[24];
	struct text t = text_in(payload, sizeof(payload));

	lines_put_end(&t, sections, more);
	line_send('A', payload);
}

uint32_t lines_boot(void)
{
	return boot_id;
}

void line_format(struct text *to, uint32_t boot, unsigned section, uint32_t seq, char type, const char *payload)
{
	text_put(to, "VT1 ");
	text_hex_bare(to, boot, 8);
	text_put(to, ".");
	text_number(to, section);
	text_put(to, " ");
	text_number(to, seq);
	text_put(to, " ");
	text_put_n(to, &type, 1);
	text_put(to, " ");
	text_put(to, payload);
	text_put(to, " ");
	text_hex_bare(to, crc32_go_on(0, to->at, to->used - 1), 8);
}

uint32_t line_next_seq(void)
{
	return next_seq;
}

void line_send(char type, const char *payload)
{
	char buffer[LINE_MAX];
	struct text line = text_in(buffer, sizeof(buffer));

	line_format(&line, boot_id, sections ? sections - 1 : 0, next_seq++, type, payload);
	output_write(line.at, line.used);
	output_write("\r\n", 2);
}

/* How much goes on a line that has room for (n) characters: words are kept whole where that is possible. */
static size_t break_at(const char *text, size_t n)
{
	for (size_t i = n; i > 0; i--)
		if (text[i - 1] == ' ')
			return i;
	return n;
}

void line_split(const char *head, const char *text, size_t max, void (*say)(char type, const char *payload), char type)
{
	char payload[LINE_PAYLOAD_MAX + 1];
	size_t left = text_length(text);

	while (left && text[left - 1] == ' ')
		left--;
	do {
		struct text t = text_in(payload, max + 1 < sizeof(payload) ? max + 1 : sizeof(payload));
		size_t n;

		text_put(&t, head);
		text_put(&t, " ");
		n = t.size - 1 - t.used;
		n = n < left && n > GOES_ON_LENGTH ? break_at(text, n - GOES_ON_LENGTH) : left;
		text_put_n(&t, text, n);
		if (n < left)
			text_put(&t, GOES_ON);
		say(type, payload);
		text += n;
		left -= n;
	} while (left);
}

void line_say(char type, const char *head, const char *text)
{
	line_split(head, text[0] ? text : "-", LINE_PAYLOAD_MAX, line_send, type);
}

void line_fact(const char *key, const char *value)
{
	line_say('H', key, value);
}
