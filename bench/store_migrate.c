/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of the store, one migration after the other. What was released is never changed: a change is a new one. */
#include <errno.h>
#include <string.h>

#include "bench/store_private.h"

static const char tables[] =
	/* Texts are "" where the document has none, so that SQL need not ask for NULL. Times are RFC 3339. */
	"CREATE TABLE run (run_id TEXT NOT NULL PRIMARY KEY, started TEXT NOT NULL, finished TEXT NOT NULL,"
	" interrupted BIGINT NOT NULL, fingerprint TEXT NOT NULL, vendor TEXT NOT NULL, brand TEXT NOT NULL,"
	" signature TEXT NOT NULL, microcode TEXT NOT NULL, cpus BIGINT, virtualized_by TEXT NOT NULL, tsc_hz BIGINT,"
	" kernel TEXT NOT NULL, qemu TEXT NOT NULL, version TEXT NOT NULL, snapshot TEXT NOT NULL,"
	" results BIGINT NOT NULL, skipped BIGINT NOT NULL, failed BIGINT NOT NULL,"
	" digest TEXT NOT NULL, saved TEXT NOT NULL);\n"
	"CREATE INDEX run_newest ON run (fingerprint, started);\n"
	"CREATE TABLE document (run_id TEXT NOT NULL PRIMARY KEY REFERENCES run (run_id), body TEXT NOT NULL);\n"
	"CREATE TABLE result (run_id TEXT NOT NULL REFERENCES run (run_id), number BIGINT NOT NULL,"
	" op TEXT NOT NULL, engine TEXT NOT NULL, via TEXT NOT NULL, backend TEXT NOT NULL, provenance TEXT NOT NULL,"
	" unit TEXT NOT NULL, estimator TEXT NOT NULL, launches BIGINT NOT NULL, n BIGINT NOT NULL,"
	" median DOUBLE PRECISION, ci_lo DOUBLE PRECISION, ci_hi DOUBLE PRECISION, min DOUBLE PRECISION,"
	" p99 DOUBLE PRECISION, p999 DOUBLE PRECISION, max DOUBLE PRECISION, mean DOUBLE PRECISION,"
	" mad DOUBLE PRECISION, exits DOUBLE PRECISION, PRIMARY KEY (run_id, number));\n"
	/* The fingerprint is the run's: a name has runs of its own on each kind of machine. */
	"CREATE TABLE baseline (name TEXT NOT NULL, fingerprint TEXT NOT NULL,"
	" run_id TEXT NOT NULL REFERENCES run (run_id), saved TEXT NOT NULL, PRIMARY KEY (name, fingerprint, run_id));\n";

/*
 * One row a result that has a time and a value, for tools that look for change points: Apache Otava asks for a
 * timestamp with a zone, attributes and metrics that are never NULL.
 */
#define OTAVA(time) \
	"CREATE VIEW v_otava AS SELECT " time " AS time, r.run_id, r.fingerprint, r.brand, r.kernel, r.version," \
	" s.op, s.engine, s.via, s.backend, s.provenance, s.unit, s.median," \
	" COALESCE(s.ci_lo, s.median) AS ci_lo, COALESCE(s.ci_hi, s.median) AS ci_hi, COALESCE(s.min, s.median) AS min," \
	" COALESCE(s.p99, s.median) AS p99, COALESCE(s.mean, s.median) AS mean, s.exits, s.launches, r.interrupted" \
	" FROM run r JOIN result s ON s.run_id = r.run_id WHERE r.started <> '' AND s.median IS NOT NULL;\n"

static const struct { const char *sqlite, *postgresql; } migrations[STORE_VERSION] = {
	{ tables, tables },
	{ OTAVA("r.started"), OTAVA("r.started::timestamptz") },
};

static int version_of(struct sql *d, int *version, struct err *e)
{
	int rc = d->ops->version(d, version, e);

	if (rc == 0 && *version < 0)
		return err_set(e, EINVAL, "%s: the tables of the store are damaged, their version is missing or no version: restore the "
			       "database from a copy; nothing was changed", d->name);
	return rc;
}

static int migrate_from(struct sql *d, int version, struct err *e)
{
	int rc = 0;

	for (int i = version; rc == 0 && i < STORE_VERSION; i++)
		rc = d->ops->script(d, strcmp(d->ops->dialect, "sqlite") ? migrations[i].postgresql : migrations[i].sqlite, e);
	if (rc == 0)
		rc = d->ops->version_set(d, STORE_VERSION, e);
	return rc;
}

/* Another process may have been first: the version is asked for again with the lock in hand. */
static int migrate(struct sql *d, int *version, struct err *e)
{
	int rc = d->ops->begin(d, e);

	if (rc < 0)
		return rc;
	rc = d->ops->lock_tables(d, e);
	if (rc == 0)
		rc = version_of(d, version, e);
	if (rc == 0 && *version < STORE_VERSION)
		rc = migrate_from(d, *version, e);
	if (rc == 0)
		rc = d->ops->commit(d, e);
	if (rc < 0)
		d->ops->rollback(d);
	return rc;
}

int store_migrate(struct sql *d, enum store_mode mode, struct err *e)
{
	int version, rc = version_of(d, &version, e);

	if (rc == 0 && !version && mode == STORE_READ)
		return err_set(e, ENOENT, "%s: " STORE_NONE_YET, d->name);
	if (rc == 0 && version < STORE_VERSION && d->read_only)
		return err_set(e, EROFS, "%s: the store is of version %d and cannot be brought up to version %d: it may only be read",
			       d->name, version, STORE_VERSION);
	if (rc == 0 && version < STORE_VERSION)
		rc = migrate(d, &version, e);
	if (rc == 0 && version > STORE_VERSION)
		return err_set(e, EINVAL, "%s: the store is of version %d, this vtscope knows up to %d: use the newer vtscope that "
			       "made it; nothing was changed", d->name, version, STORE_VERSION);
	return rc;
}
