/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iso.h - the boot image as a disk that machines boot from, BIOS and EFI, CD or USB stick. cli/ and tests include this.
 *
 * GRUB does the booting: grub-mkrescue is run as a process, with xorriso and mtools behind it.
 */
#ifndef VTSCOPE_MINIVMM_IMAGE_ISO_H
#define VTSCOPE_MINIVMM_IMAGE_ISO_H

#include <stddef.h>

#include "common/buf.h"
#include "common/err.h"

#define ISO_WORDS_MAX	400	/* of a plan, in bytes: what fits a GRUB line and the image's command line */

/*
 * Could (words) stand on the image's command line: characters that GRUB leaves alone, a plan that the image's own parser
 * takes and that leaves it something to measure? 0, or -EINVAL with what is wrong.
 */
int iso_words_check(const char *words, struct err *e);

/* GRUB's menu; (words) is the first entry's, NULL: everything. It starts after (wait) seconds. Same words, same bytes. */
void iso_grub_cfg(const char *words, unsigned wait, struct buf *out);

/*
 * Appends the ISO to (out): (image) as /boot/vtscope.elf, the menu, GRUB for each firmware it is installed for. What
 * firmware the ISO will not boot from goes to (warning) as one line with the package to install. The same image, words
 * and GRUB give the same bytes; SOURCE_DATE_EPOCH sets its files' time.
 *
 * 0 or -errno: -ENOENT when a program or all of GRUB's parts are missing, named in (e) with their package; -EINTR when
 * the user asked to stop. Its temporary folder is gone in any case.
 */
int iso_make(const void *image, size_t bytes, const char *words, unsigned wait, struct buf *out, struct buf *warning,
	     struct err *e);

#define ISO_WAIT 5	/* seconds: for a person */

#endif
