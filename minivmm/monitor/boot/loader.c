/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * loader.c - what the loader left behind, copied before anything is written to memory that it may lie in: the command
 * line, the memory map, the screen. Physical memory below 4 GiB is at linear 0 here.
 */
#include "minivmm/monitor/boot/boot.h"
#include "minivmm/monitor/boot/multiboot.h"

#define MMAP_RAM	1u
#define MMAP_ENTRIES	4096u	/* that a map is believed to have */
#define MAPPED_BYTES	(1ull << 32)
#define E820_BYTES	24	/* of an entry of PVH's map: address, size, type, reserved */

/* At a physical address that a loader told; NULL: none, or not where we can look. */
static const void *told(uint64_t at, uint64_t bytes)
{
	if (!at || bytes > MAPPED_BYTES || at > MAPPED_BYTES - bytes)
		return NULL;
	return (const void *)(uintptr_t)at;
}

/* False: there is more of it than fits. */
static bool copy_string(char *to, size_t size, uint64_t at)
{
	const char *from = told(at, size);
	size_t n = 0;

	to[0] = 0;
	if (!from)
		return true;
	for (; n < size - 1 && from[n]; n++)
		to[n] = from[n] >= ' ' && from[n] <= '~' ? from[n] : ' ';
	to[n] = 0;
	return !from[n];
}

static void name_loader(struct loader *l, const char *name)
{
	struct text t = text_in(l->name, sizeof(l->name));

	text_put(&t, name);
}

static void add_range(struct loader *l, uint64_t start, uint64_t bytes, bool ram)
{
	if (!bytes || l->ranges == LOADER_RANGES)
		return;
	if (bytes > UINT64_MAX - start)
		bytes = UINT64_MAX - start;
	/* Where only the first gigabytes count, what is far above is not worth a place in the table. */
	if (start >= MAPPED_BYTES)
		return;
	l->range[l->ranges++] = (struct loader_range){ start, start + bytes, ram };
}

static void read_mmap(struct loader *l, const struct multiboot_info *info)
{
	const unsigned char *at = told(info->mmap_addr, info->mmap_length);
	uint32_t left = info->mmap_length;

	for (unsigned i = 0; at && i < MMAP_ENTRIES && left >= sizeof(struct multiboot_mmap); i++) {
		const struct multiboot_mmap *e = (const void *)at;
		uint64_t step = (uint64_t)e->size + sizeof(e->size);

		add_range(l, e->addr, e->len, e->type == MMAP_RAM);
		if (step < sizeof(*e) || step > left)
			break;
		at += step;
		left -= (uint32_t)step;
	}
}

static void read_screen(struct loader *l, const struct multiboot_info *info)
{
	l->screen = (struct loader_screen){
		.told = true,
		.type = info->framebuffer_type,
		.addr = info->framebuffer_addr,
		.pitch = info->framebuffer_pitch,
		.width = info->framebuffer_width,
		.height = info->framebuffer_height,
		.bpp = info->framebuffer_bpp,
	};
}

static void read_multiboot(struct loader *l, uint64_t at)
{
	const struct multiboot_info *info = told(at, sizeof(*info));

	if (!info)
		return;
	if (info->flags & MULTIBOOT_INFO_CMDLINE)
		l->command_line_cut = !copy_string(l->command_line, sizeof(l->command_line), info->cmdline);
	if (info->flags & MULTIBOOT_INFO_LOADER)
		copy_string(l->name, sizeof(l->name), info->boot_loader_name);
	if (info->flags & MULTIBOOT_INFO_MMAP)
		read_mmap(l, info);
	else if (info->flags & MULTIBOOT_INFO_MEMORY)
		add_range(l, 0x100000, (uint64_t)info->mem_upper << 10, true);
	if (info->flags & MULTIBOOT_INFO_FB)
		read_screen(l, info);
	if (!l->name[0])
		name_loader(l, "multiboot");
}

static void read_pvh(struct loader *l, uint64_t at)
{
	const struct pvh_start_info *info = told(at, sizeof(*info));
	const unsigned char *map;

	name_loader(l, "PVH");
	if (!info || info->magic != PVH_START_MAGIC)
		return;
	l->command_line_cut = !copy_string(l->command_line, sizeof(l->command_line), info->cmdline_paddr);
	l->rsdp = info->rsdp_paddr;
	if (info->version < 1 || info->memmap_entries > MMAP_ENTRIES)
		return;
	map = told(info->memmap_paddr, (uint64_t)info->memmap_entries * E820_BYTES);
	for (uint32_t i = 0; map && i < info->memmap_entries; i++, map += E820_BYTES)
		add_range(l, *(const uint64_t *)map, *(const uint64_t *)(map + 8),
			  *(const uint32_t *)(map + 16) == MMAP_RAM);
}

static void read_linux(struct loader *l, uint64_t at)
{
	const unsigned char *page = told(at, LINUX_PAGE_BYTES), *map;
	unsigned entries;

	name_loader(l, "Linux's protocol");
	if (!page || *(const uint32_t *)(page + LINUX_HEADER) != 0x53726448)	/* HdrS */
		return;
	l->command_line_cut = !copy_string(l->command_line, sizeof(l->command_line),
					   *(const uint32_t *)(page + LINUX_CMD_LINE));
	l->rsdp = *(const uint64_t *)(page + LINUX_ACPI_RSDP);
	entries = page[LINUX_E820_ENTRIES];
	map = page + LINUX_E820;
	for (unsigned i = 0; i < entries && i < LINUX_E820_MAX; i++, map += LINUX_E820_BYTES)
		add_range(l, *(const uint64_t *)map, *(const uint64_t *)(map + 8),
			  *(const uint32_t *)(map + 16) == MMAP_RAM);
}

/* In the file, so that it is there before anything runs; who loads it changed it, which no compiler knows. */
static volatile struct guest_given given = { .magic = GUEST_GIVEN_MAGIC };

static void read_given(struct loader *l)
{
	size_t n = 0;

	for (; n < sizeof(given.line) - 1 && given.line[n]; n++)
		l->command_line[n] = given.line[n];
	l->command_line[n] = 0;
	l->command_line_cut = false;
	l->given = true;
}

void loader_read(struct loader *l, uint32_t how, uint32_t info)
{
	*l = (struct loader){ .ranges = 0 };
	if (how == BOOT_MULTIBOOT)
		read_multiboot(l, info);
	else if (how == BOOT_LINUX)
		read_linux(l, info);
	else
		read_pvh(l, info);
	if (given.line[0])
		read_given(l);
}

/* ---- memory ---- */

/* The first byte from (from) on that is not RAM. */
static uint64_t ram_end(const struct loader *l, uint64_t from)
{
	uint64_t end = from, before;

	do {
		before = end;
		for (unsigned i = 0; i < l->ranges; i++)
			if (l->range[i].ram && l->range[i].start <= end && l->range[i].end > end)
				end = l->range[i].end;
	} while (end != before);
	/* Maps may overlap: what somebody else claims is not ours. */
	for (unsigned i = 0; i < l->ranges; i++)
		if (!l->range[i].ram && l->range[i].end > from && l->range[i].start < end)
			end = l->range[i].start > from ? l->range[i].start : from;
	return end;
}

static bool piece_is_ram(const struct loader *l, const struct loader_range *piece, const char *what, struct text *why)
{
	uint64_t end = ram_end(l, piece->start);

	if (end >= piece->end)
		return true;
	text_put(why, "the ");
	text_put(why, what);
	text_put(why, " needs memory from ");
	text_hex(why, piece->start, 1);
	text_put(why, " to ");
	text_hex(why, piece->end, 1);
	text_put(why, ", but there is none to use at ");
	text_hex(why, end, 1);
	text_put(why, l->ranges ? " on this machine" : ": the loader gave no memory map");
	return false;
}

bool loader_check_memory(const struct loader *l, uint64_t *ram_bytes, struct text *why)
{
	extern const char image_end[] __attribute__((visibility("hidden")));
	const struct loader_range pieces[] = {
		{ GUEST_CTRL_PHYS, GUEST_IMAGE_PHYS, true },
		{ GUEST_IMAGE_PHYS, (uintptr_t)image_end - GUEST_VIRT_BASE, true },
		{ GUEST_ARENA_PHYS, GUEST_ARENA_PHYS + GUEST_ARENA_BYTES, true },
	};
	static const char *const names[] = { "control page and the record ring", "image", "operations' arena" };

	for (unsigned i = 0; i < 3; i++)
		if (!piece_is_ram(l, &pieces[i], names[i], why))
			return false;
	/*
	 * What lies between the pieces is mapped and not touched: firmware may keep tables there. Behind the arena
	 * memory goes on to the first hole.
	 */
	*ram_bytes = ram_end(l, GUEST_ARENA_PHYS);
	if (*ram_bytes < GUEST_MEM_BYTES) {
		text_put(why, "the runner needs 128 MiB of memory; here it ends at ");
		text_hex(why, *ram_bytes, 1);
		return false;
	}
	return true;
}
