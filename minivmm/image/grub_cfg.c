/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands in GRUB's menu, and what may stand behind the image's name. */
#include <errno.h>
#include <string.h>

#include "minivmm/image/iso.h"

/* GRUB reads them in single quotes; none of these ends a quote, and the image splits at blanks. */
static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
			      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			      "0123456789=.,_*?[]-+:";

/* What minivmm/monitor/boot/ reads from its command line. */
static const char *const keys[] = { "engine", "rows",  "ops",	 "budget", "max", "min", "seed",
				    "tsc_hz", "fence", "serial", "screen", "end", "exclude", "launches" };

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

static int word_check(const char *word, size_t n, struct err *e)
{
	size_t key = strcspn(word, "= ");

	if (strspn(word, allowed) < n)
		return err_set(e, EINVAL, "'%.*s' holds a character that has no place on the image's command line",
			       (int)n, word);
	if (key >= n || word[key] != '=' || key + 1 == n)
		return err_set(e, EINVAL, "'%.*s' is no KEY=VALUE", (int)n, word);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strlen(keys[i]) == key && !memcmp(keys[i], word, key))
			return 0;
	return err_set(e, EINVAL,
		       "the image knows no '%.*s'; it knows engine, ops, rows, exclude, budget, max, min, launches, seed, "
		       "tsc_hz, fence, serial, screen and end",
		       (int)key, word);
}

int iso_words_check(const char *words, struct err *e)
{
	if (strlen(words) > ISO_WORDS_MAX)
		return err_set(e, EINVAL, "the plan is longer than the %d characters that fit", ISO_WORDS_MAX);
	for (;;) {
		size_t n;
		int rc;

		words += strspn(words, " ");
		n = strcspn(words, " ");
		if (!n)
			return 0;
		rc = word_check(words, n, e);
		if (rc)
			return rc;
		words += n;
	}
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

void iso_grub_cfg(const char *words, struct buf *out)
{
	buf_puts(out, "set timeout=5\nset default=0\n"
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
