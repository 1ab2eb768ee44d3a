/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "minivmm/via.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/parse.h"

const char *const via_words[] = { "auto", "process", "bochs", "qemu", NULL };

/* Model names go to a configuration file and a command line: nothing with a meaning there passes. */
static bool is_model(const char *s)
{
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("_-.+,=", *s))
			return false;
	return true;
}

static int kind_find(const char *word, size_t n, enum via_kind *kind)
{
	static const enum via_kind kinds[] = { VIA_AUTO, VIA_PROCESS, VIA_BOCHS, VIA_QEMU };

	for (size_t i = 0; via_words[i]; i++)
		if (strlen(via_words[i]) == n && !memcmp(word, via_words[i], n)) {
			*kind = kinds[i];
			return 0;
		}
	return -ENOENT;
}

int via_parse(const char *text, struct via *out, struct err *e)
{
	size_t n = strcspn(text ? text : "auto", ":");
	const char *near, *model;

	*out = (struct via){ .kind = VIA_AUTO };
	if (!text)
		return 0;
	if (!strcmp(text, "image"))
		return err_set(e, EINVAL, "--via image: a real machine is measured in two steps: 'vtscope image' writes "
			       "what it boots, 'vtscope import' reads what it sent");
	if (!strcmp(text, "module"))
		return err_set(e, EINVAL, "--via module: there is no kernel module yet; 'vtscope image' writes what "
			       "measures a real machine");
	if (kind_find(text, n, &out->kind) < 0) {
		near = nearest_name(text, via_words, sizeof(via_words) / sizeof(via_words[0]) - 1);
		return err_set(e, EINVAL, "nothing carries a runner that is called '%s'%s%s%s", text,
			       near ? "; did you mean '" : "; there are: auto, process, bochs[:MODEL], qemu[:CPU]",
			       near ? near : "", near ? "'?" : "");
	}
	if (!text[n])
		return 0;
	model = text + n + 1;
	if (out->kind != VIA_BOCHS && out->kind != VIA_QEMU)
		return err_set(e, EINVAL, "--via %.*s takes no model", (int)n, text);
	if (!*model || strlen(model) >= sizeof(out->model) || !is_model(model))
		return err_set(e, EINVAL, "--via %.*s: '%s' is no name of a processor model", (int)n, text, model);
	snprintf(out->model, sizeof(out->model), "%s", model);
	return 0;
}

int via_process_only(const char *engine, const char *text, struct err *e)
{
	struct via via;
	int rc = via_parse(text, &via, e);

	if (rc == 0 && via.kind != VIA_AUTO && via.kind != VIA_PROCESS)
		rc = err_set(e, ENOTSUP, "%s is a process of this machine, --via %s carries vmx, svm and native only",
			     engine, text);
	return rc;
}
