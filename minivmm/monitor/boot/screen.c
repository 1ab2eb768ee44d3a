/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * screen.c - 25 lines of 80 characters, on what screen there is: VGA text, or a linear frame buffer that the loader
 * told of. Lines are drawn whole; nothing scrolls.
 */
#include "minivmm/monitor/boot/boot.h"

#define VGA_TEXT	0xb8000u
#define VGA_ATTRIBUTE	0x07
#define VGA_CRTC	0x3d4
#define CRTC_CURSOR	0x0a
#define CURSOR_OFF	0x20

#define SCREEN_RGB	1	/* multiboot's framebuffer_type */
#define SCREEN_TEXT	2

#define CELL_WIDTH	6	/* dots, with the gap */
#define CELL_HEIGHT	9
#define SCALE_MAX	8u
#define LINE_BYTES	(SCREEN_COLUMNS * CELL_WIDTH * SCALE_MAX * 4)

static enum { NO_SCREEN, TEXT_SCREEN, PIXEL_SCREEN } kind;
static volatile uint16_t *cells;

static struct {
	unsigned char *base;		/* in the boot's address space */
	uint32_t pitch, pixel_bytes, scale_x, scale_y, left, top, width, height;
} fb;

/* Memory that answers, and is not the bus's ones. */
static bool vga_text_answers(void)
{
	volatile uint16_t *cell = PHYS_TO_VIRT(VGA_TEXT);
	uint16_t before = *cell;
	bool answers;

	*cell = 0x0741;
	answers = *cell == 0x0741;
	*cell = 0x0742;
	answers &= *cell == 0x0742;
	*cell = before;
	return answers;
}

static bool text_open(void)
{
	if (!vga_text_answers())
		return false;
	cells = PHYS_TO_VIRT(VGA_TEXT);
	port_out8(VGA_CRTC, CRTC_CURSOR);
	port_out8(VGA_CRTC + 1, CURSOR_OFF);
	kind = TEXT_SCREEN;
	return true;
}

/* Any depth of whole bytes will do: all ones is white and all zeros black in each. */
static bool pixels_open(const struct loader_screen *s)
{
	const uint32_t columns = SCREEN_COLUMNS * CELL_WIDTH, lines = SCREEN_LINES * CELL_HEIGHT;

	fb.pixel_bytes = (s->bpp + 7u) / 8;
	if (fb.pixel_bytes < 2 || fb.pixel_bytes > 4 || s->width < columns || s->height < lines ||
	    s->width > 1u << 16 || s->height > 1u << 16 || s->pitch < s->width * fb.pixel_bytes || s->pitch > 1u << 20)
		return false;
	fb.base = space_map(s->addr, (uint64_t)s->pitch * s->height);
	if (!fb.base)
		return false;
	fb.pitch = s->pitch;
	fb.width = s->width;
	fb.height = s->height;
	fb.scale_x = s->width / columns < SCALE_MAX ? s->width / columns : SCALE_MAX;
	fb.scale_y = s->height / lines;
	/* Letters that are up to twice as high as wide are read best. */
	if (fb.scale_y > 2 * fb.scale_x)
		fb.scale_y = 2 * fb.scale_x;
	fb.left = (s->width - columns * fb.scale_x) / 2;
	fb.top = (s->height - lines * fb.scale_y) / 2;
	kind = PIXEL_SCREEN;
	return true;
}

bool screen_open(const struct loader_screen *s)
{
	kind = NO_SCREEN;
	if (s->told && s->type == SCREEN_RGB)
		return pixels_open(s);
	if (s->told && s->type != SCREEN_TEXT)
		return false;
	return text_open();
}

/* One row of dots of (line) as pixels in (out). */
static void dots_fill(const char *line, unsigned dot_row, unsigned char *out)
{
	for (unsigned c = 0; c < SCREEN_COLUMNS; c++) {
		unsigned glyph = (unsigned char)line[c] - FONT_FIRST;
		unsigned dots = dot_row < FONT_ROWS && glyph < FONT_GLYPHS ? font[glyph][dot_row] : 0;

		for (unsigned x = 0; x < CELL_WIDTH; x++) {
			unsigned char value = x < 5 && dots & 0x10u >> x ? 0xff : 0;

			for (unsigned i = 0; i < fb.scale_x * fb.pixel_bytes; i++)
				*out++ = value;
		}
	}
}

static void pixels_line(unsigned at, const char *line)
{
	static unsigned char buffer[LINE_BYTES] __attribute__((aligned(8)));
	const size_t bytes = (size_t)SCREEN_COLUMNS * CELL_WIDTH * fb.scale_x * fb.pixel_bytes;
	unsigned char *to = fb.base + (size_t)(fb.top + at * CELL_HEIGHT * fb.scale_y) * fb.pitch +
			    (size_t)fb.left * fb.pixel_bytes;

	for (unsigned row = 0; row < CELL_HEIGHT; row++) {
		dots_fill(line, row, buffer);
		for (unsigned y = 0; y < fb.scale_y; y++, to += fb.pitch)
			__builtin_memcpy(to, buffer, bytes);
	}
}

void screen_line(unsigned at, const char *text)
{
	char line[SCREEN_COLUMNS];
	size_t n = text_length(text);
	uint64_t space;

	if (kind == NO_SCREEN || at >= SCREEN_LINES)
		return;
	for (unsigned c = 0; c < SCREEN_COLUMNS; c++)
		line[c] = c < n ? text[c] : ' ';
	if (kind == TEXT_SCREEN) {
		for (unsigned c = 0; c < SCREEN_COLUMNS; c++)
			cells[at * SCREEN_COLUMNS + c] = (uint16_t)(VGA_ATTRIBUTE << 8 | (unsigned char)line[c]);
		return;
	}
	space = space_enter();
	pixels_line(at, line);
	space_leave(space);
}

void screen_clear(void)
{
	uint64_t space;

	if (kind == TEXT_SCREEN)
		for (unsigned i = 0; i < SCREEN_LINES; i++)
			screen_line(i, "");
	if (kind != PIXEL_SCREEN)
		return;
	space = space_enter();
	for (uint32_t y = 0; y < fb.height; y++)
		__builtin_memset(fb.base + (size_t)y * fb.pitch, 0, (size_t)fb.width * fb.pixel_bytes);
	space_leave(space);
}
