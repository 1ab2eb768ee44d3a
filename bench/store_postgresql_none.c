/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Built without libpq: what is said to who asks for a server. */
#include <errno.h>

#include "bench/store_private.h"

bool store_has_postgresql(void)
{
	return false;
}

int sql_open_postgresql(struct sql **out, const char *uri, enum store_mode mode, struct err *e)
{
	(void)out;
	(void)uri;
	(void)mode;
	return err_set(e, ENOTSUP, "this vtscope was built without PostgreSQL: install libpq-dev and configure again");
}
