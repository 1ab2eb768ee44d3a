/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vtscope image: the measurement image for machines that are booted from it. */
#include <errno.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/words.h"
#include "minivmm/engine.h"
#include "minivmm/image/iso.h"

static const char *const formats[] = { "iso", "elf", NULL };

/* What to do with it, for a person who looks on. */
static void next_say(struct cli *cli, const char *file, bool iso)
{
	if (!strcmp(file, "-") || !cli->err_tty || cli->quiet)
		return;
	if (iso)
		cli_warn(cli, "%s is written; 'dd if=%s of=/dev/sdX bs=4M conv=fsync' puts it on the stick sdX; vtscope import "
			 "reads what it sends", file, file);
	else
		cli_warn(cli, "%s is written; GRUB's multiboot command or an emulator's -kernel boots it; vtscope import reads "
			 "what it sends", file);
}

static int run(struct cli *cli, const struct args *a)
{
	const char *file = args_value(a, "output"), *words = args_value(a, "plan");
	const char *format = args_format(a);
	struct buf out = BUF_INIT, warning = BUF_INIT;
	struct err e = { 0 };
	int rc;

	if (!file)
		return cli_usage(cli, "image", "name a file: -o vtscope.iso");
	if (!strcmp(file, "-") && cli->out_tty)
		return cli_usage(cli, "image", "an image would be written to the terminal: name a file with -o");
	rc = cli_extension_check(cli, a, formats, OTHERS_BY_FORMAT);
	if (rc)
		return rc;
	if (words && !strcmp(format, "elf"))
		return cli_usage(cli, "image", "--plan is for the ISO's menu; an ELF file gets its words from its loader");
	if (words && iso_words_check(words, &e))
		return cli_usage(cli, "image", "--plan: %s", e.text);
	if (!strcmp(format, "elf")) {
		rc = cli_write(cli, file, boot_image, (size_t)(boot_image_end - boot_image));
	} else {
		rc = iso_make(boot_image, (size_t)(boot_image_end - boot_image), words, ISO_WAIT, &out, &warning,
			      &e);
		if (rc)
			cli_error(cli, &e);
		else if (warning.len)
			cli_warn(cli, "%s: %s", file, buf_str(&warning));
		rc = rc ? cli_status(rc) : cli_write_buf(cli, file, &out);
	}
	if (rc == EXIT_OK)
		next_say(cli, file, strcmp(format, "elf"));
	buf_free(&out);
	buf_free(&warning);
	return rc;
}

static const struct opt opts[] = {
	{ .name = "format", .arg = "FORMAT", .choices = formats, .help = "what to write",
	  .more = "Without it the extension of -o decides; without either it is iso." },
	{ .name = "plan", .arg = "WORDS", .help = "what the menu's first entry measures",
	  .more = "WORDS as PLAN above lists them. Without this option the first entry measures everything." },
	{ 0 }
};

const struct cmd cmd_image = {
	.name = "image",
	.operands = "",
	.summary = "write the boot image that measures a machine with nothing below it",
	.description =
		"Writes a disk image that boots on BIOS and EFI machines, from a CD or a USB stick, and measures there in ring 0, "
		"with no operating system and no other hypervisor: what VM entries and exits cost, the instructions of VMX or "
		"SVM, and the operations of 'vtscope bench' natively and in a guest of its own monitor. It writes to no disk. An "
		".elf file is the image alone, for GRUB's multiboot command, PXE or an emulator's -kernel.\n\n"
		"On the machine: copy the ISO to a USB stick with 'dd if=vtscope.iso of=/dev/sdX bs=4M conv=fsync', where "
		"/dev/sdX is the whole stick. Everything on it is lost, and dd asks nothing: look with lsblk which device it is. "
		"Switch Secure Boot off in the firmware's setup (and VT on), and pick the stick in the firmware's boot menu. "
		"The menu's first entry starts after 5 seconds. The screen says what is at work, then that it is done, and "
		"shows the result in pages; a key turns them. Then switch the machine off or restart it.\n\n"
		"The result by a serial port: COM1, 115200 8N1, over a null-modem or USB-serial cable to a second machine, or "
		"the serial-over-LAN of a server's management (ipmitool sol activate). Before the image boots, start "
		"'stty -F /dev/ttyUSB0 115200 raw; cat /dev/ttyUSB0 >capture.txt' or picocom with a log file there. It is "
		"complete when its last line has the type A and ends with 0.\n\n"
		"The result without one: photograph the pages. Their lines have at most 79 columns, and a checksum each: "
		"typed, or read by a program, a line with a mistake is left out and told.\n\n"
		"Then 'vtscope import capture.txt -o result.json' makes a result of it, and 'vtscope report result.json -o "
		"report.html' shows it. Several boots are several launches: import all captures in one call.\n\n"
		"PLAN is words KEY=VALUE: engine (auto, or of native, vmx and svm a list with commas), ops and exclude (lists of "
		"patterns: 'vtscope list ops'), launches (of each engine), budget (TSC ticks a row), min and max (samples a row), "
		"seed, tsc_hz, fence (rdtscp or lfence), rows (numbers of operations, like 5,7-9: what 'vtscope bench' asks an "
		"emulator's image for), serial and screen (0 or 1), end (off, reset or halt). The same words can be typed behind "
		"the image's name: 'e' in GRUB's menu edits an entry.\n\n"
		"Without those words a real machine sends by COM1 where there is one, shows the pages and halts: serial=1 "
		"screen=1 end=halt (off ends nothing but an emulator). An emulator switches itself off and shows no pages: screen=0 end=off. Where its debug port "
		"answers (port 0xe9 of Bochs, QEMU's -device isa-debugcon) the lines go there instead of COM1, serial=0; "
		"serial=1 sends them to both.\n\n"
		"The ISO needs grub-mkrescue (package grub-common), grub-pc-bin for BIOS, grub-efi-amd64-bin for EFI, "
		"xorriso and mtools.",
	.examples =
		"vtscope image -o vtscope.iso\n  a disk that measures everything\n"
		"vtscope image -o vtscope.iso --plan \"engine=vmx ops=vmx.* launches=3\"\n  one that measures the instructions of "
		"VMX three times\n"
		"vtscope image -o vtscope.elf\n  the bare image\n",
	.opts = opts,
	.run = run,
};
