/* SPDX-License-Identifier: GPL-2.0-or-later */
/* exec_command.c - the user's command and its placeholders. The rest of it is the shell's, and none of our business. */
#include "minivmm/exec/exec.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PLACEHOLDERS	"{image}, {iso} and {serial}"

/* Length of a "{word}" of small letters at (s), 0: there is none. ${word} is the shell's. */
static size_t placeholder(const char *text, const char *s)
{
	size_t n = 1;

	if (*s != '{' || (s > text && s[-1] == '$'))
		return 0;
	while (islower((unsigned char)s[n]))
		n++;
	return n > 1 && s[n] == '}' ? n + 1 : 0;
}

static bool is_word(const char *s, size_t n, const char *word)
{
	return strlen(word) == n && !memcmp(s, word, n);
}

/* The file's name of the first word that is no assignment and not the shell's exec. */
static void program_name(const char *text, char *out, size_t bytes)
{
	size_t n;

	for (;; text += n) {
		text += strspn(text, " \t\n");
		n = strcspn(text, " \t\n");
		if (!is_word(text, n, "exec") && (!memchr(text, '=', n) || !isalpha((unsigned char)*text)))
			break;
	}
	for (size_t i = 0; i < n; i++)
		if (text[i] == '/' && i + 1 < n) {
			text += i + 1;
			n -= i + 1;
			i = (size_t)-1;
		}
	snprintf(out, bytes, "%.*s", (int)(n < bytes ? n : bytes - 1), text);
	for (; *out; out++)
		if (!isalnum((unsigned char)*out) && !strchr("._+-", *out))
			*out = '_';
}

int exec_command_parse(const char *text, struct exec_command *c, struct err *e)
{
	*c = (struct exec_command){ .text = text };
	if (strlen(text) > EXEC_COMMAND_MAX)
		return err_set(e, EINVAL, "--exec: the command is longer than %u characters; put it into a script",
			       EXEC_COMMAND_MAX);
	for (const char *s = text; *s; s++) {
		size_t n = placeholder(text, s);

		if (!n)
			continue;
		c->image |= is_word(s, n, "{image}");
		c->iso |= is_word(s, n, "{iso}");
		c->serial |= is_word(s, n, "{serial}");
		if (!is_word(s, n, "{image}") && !is_word(s, n, "{iso}") && !is_word(s, n, "{serial}"))
			return err_set(e, EINVAL, "--exec: nothing is called %.*s; there are " PLACEHOLDERS,
				       n < 40 ? (int)n : 40, s);
	}
	if (!c->image && !c->iso)
		return err_set(e, EINVAL, "--exec: the command has no {image} (an ELF file) and no {iso} (a disk): it would "
			       "boot something else");
	program_name(text, c->program, sizeof(c->program));
	return 0;
}

void exec_command_fill(const struct exec_command *c, const struct exec_paths *p, struct buf *out)
{
	for (const char *s = c->text; *s;) {
		size_t n = placeholder(c->text, s);

		if (!n)
			buf_append(out, s, 1);
		else
			buf_puts(out, is_word(s, n, "{image}") ? p->image : is_word(s, n, "{iso}") ? p->iso : p->serial);
		s += n ? n : 1;
	}
}
