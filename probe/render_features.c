/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The features that the document derives, for the formats that list them. */
#include "probe/render_private.h"

#include <errno.h>
#include <string.h>

#include "probe/json_private.h"

static bool is(json_t *state, const char *word)
{
	return json_is_string(state) && strcmp(json_string_value(state), word) == 0;
}

int render_features(const struct snapshot *s, const struct verdict *v,
		    void (*each)(const char *vt, const char *feature, bool there, void *ctx),
		    void *ctx)
{
	json_t *vmx = json_vmx(s, v), *svm = json_svm(s, v), *state, *row;
	const char *name;
	size_t i;
	int rc = vmx && svm ? 0 : -ENOMEM;

	json_object_foreach(json_object_get(vmx, "features"), name, state)
		if (is(state, "yes") || is(state, "no"))
			each("vmx", name, is(state, "yes"), ctx);
	json_array_foreach(json_object_get(svm, "features"), i, row) {
		json_t *next = json_array_get(json_object_get(svm, "features"), i + 1);

		state = json_object_get(row, "state");
		/* A row a group of CPUs: what one of them lacks the machine lacks. */
		if (next && json_equal(json_object_get(next, "name"), json_object_get(row, "name")))
			continue;
		if (is(state, "yes") || is(state, "no"))
			each("svm", json_string_value(json_object_get(row, "name")),
			     is(state, "yes"), ctx);
	}
	json_decref(vmx);
	json_decref(svm);
	return rc;
}
