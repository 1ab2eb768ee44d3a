/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands in GRUB's menu, and what may stand behind the image's name. */
#include <errno.h>
#include <string.h>

#include "minivmm/image/iso.h"
#include "minivmm/monitor/boot/plan_abi.h"

/* GRUB reads them in single quotes; none of these ends a quote, and the image splits at blanks. */
static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
			      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			      "0123456789=.,_*?[]-+: ";

static const struct {
	const char *title, *words;
} entries[] = {
	{ "Quick look: the seven nanobenchmarks and a few exits", "ops=nano.*,exit.cpuid,exit.hlt,exit.rdmsr" },
	{ "Quick look, on the screen only (no serial port)",
	  "ops=nano.*,exit.cpuid,exit.hlt,exit.rdmsr serial=0 screen=1" },
	{ "Everything, six launches: enough for intervals", "launches=6" },
	{ "Everything, in ring 0 without a monitor", "engine=native" },
	{ "Everything, on the screen only (no serial port)", "serial=0 screen=1" },
	{ "Everything, over the serial port only, then restart", "screen=0 end=reset" },
};

int iso_words_check(const char *words, struct err *e)
{
	const size_t good = strspn(words, allowed);
	char why[300];

	if (strlen(words) > ISO_WORDS_MAX)
		return err_set(e, EINVAL, "the plan is longer than the %d characters that fit", ISO_WORDS_MAX);
	if (words[good])
		return err_set(e, EINVAL, "'%.1s' has no place on the image's command line: '%.40s'", words + good, words + good);
	if (!boot_plan_check(words, why, sizeof(why)))
		return err_set(e, EINVAL, "the image would refuse it: %s", why);
	return 0;
}

static void entry_write(const char *title, const char *words, struct buf *out)
{
	buf_printf(out, "\nmenuentry 'vtscope: %s' {\n\tmultiboot /boot/vtscope.elf", title);
	for (;;) {
		size_t n;

		words += strspn(words, " ");
		n = strcspn(words, " ");
		if (!n)
			break;
		buf_printf(out, " '%.*s'", (int)n, words);
		words += n;
	}
	buf_puts(out, "\n}\n");
}

void iso_grub_cfg(const char *words, unsigned wait, struct buf *out)
{
	buf_printf(out, "set timeout=%u\n", wait);
	buf_puts(out, "set default=0\n"
		      /* EFI has no text screen to hand over: the image draws its letters on a linear frame buffer. */
		      "if [ \"$grub_platform\" = efi ]; then\n"
		      "\tinsmod all_video\n\tset gfxpayload=1024x768,auto\nfi\n");
	if (words && words[strspn(words, " ")])
		entry_write("The plan of this disk", words, out);
	entry_write("Everything", "", out);
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++)
		entry_write(entries[i].title, entries[i].words, out);
	buf_puts(out, "\nmenuentry 'Restart this machine' {\n\treboot\n}\n"
		      "\nmenuentry 'Switch this machine off' {\n\thalt\n}\n");
}
