/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IOMMUs: DMAR and IVRS to the last structure, units to the last bit, groups. */
#include <stdio.h>
#include <string.h>

#include "probe/iommu.h"
#include "probe/json_private.h"

/* ---- pieces ---- */

/* Every field: one of a bit as true or false, a wider one as its number; and set bits without a name. */
static json_t *fields_json(enum iommu_register reg, uint64_t value)
{
	uint64_t unnamed = iommu_unnamed(reg, value);
	json_t *o = json_object();

	for (unsigned i = 0; i < IOMMU_FIELDS; i++) {
		const struct iommu_field *f = &iommu_fields[i];
		uint64_t part = iommu_field_value(i, value);

		if (f->reg == reg)
			json_put(o, f->name,
				 f->high == f->low ? json_boolean(part) : json_integer(part));
	}
	for (unsigned bit = 0; unnamed && bit < 64; bit++)
		if (unnamed >> bit & 1) {
			char name[16];

			snprintf(name, sizeof(name), "reserved_%u", bit);
			json_put(o, name, json_true());
		}
	return o;
}

/* The names of the bits that are set. */
static json_t *flags_json(enum iommu_register reg, uint64_t value)
{
	uint64_t unnamed = iommu_unnamed(reg, value);
	json_t *a = json_array();

	for (unsigned i = 0; i < IOMMU_FIELDS; i++)
		if (iommu_fields[i].reg == reg && iommu_field_value(i, value))
			json_array_append_new(a, json_string(iommu_fields[i].name));
	for (unsigned bit = 0; unnamed && bit < 64; bit++)
		if (unnamed >> bit & 1)
			json_array_append_new(a, json_sprintf("reserved_%u", bit));
	return a;
}

static void add_notes(const struct acpi_notes *notes, json_t *out)
{
	for (size_t i = 0; i < notes->n; i++)
		json_array_append_new(
			out, json_pack("{s:I, s:b, s:s}", "offset", (json_int_t)notes->note[i].offset,
				       "fault", notes->note[i].fault, "text", notes->note[i].text));
}

static void put_header(const struct acpi_header *h, const struct acpi_notes *notes,
		       const struct acpi_notes *wrong, json_t *o)
{
	json_t *a = json_array();

	add_notes(notes, a);
	add_notes(wrong, a);
	json_put(o, "revision", json_integer(h->revision));
	json_put(o, "length", json_integer(h->length));
	json_put(o, "oem_id", json_text(h->oem_id));
	json_put(o, "oem_table_id", json_text(h->oem_table_id));
	json_put(o, "checksum", json_string(acpi_sum_name(h->checksum)));
	json_put(o, "notes", a);
}

/* (n) bytes as text, up to a zero among them. */
static json_t *bytes_json(const void *bytes, size_t n)
{
	char text[512];

	n = n < sizeof(text) ? n : sizeof(text) - 1;
	acpi_text(bytes, strnlen(bytes, n), text);
	return json_string(text);
}

/* "00:1f.6" */
static json_t *device_json(unsigned id)
{
	return json_sprintf("%02x:%02x.%x", id >> 8, id >> 3 & 31, id & 7);
}

/* ---- DMAR ---- */

static json_t *path_json(const struct dmar_scope *s)
{
	json_t *a = json_array();

	for (size_t i = 0; i < s->n_path; i++)
		json_array_append_new(a, json_sprintf("%02x.%x", s->path[2 * i], s->path[2 * i + 1]));
	return a;
}

static json_t *scopes_json(const struct dmar *d, const struct dmar_structure *st)
{
	json_t *a = json_array();

	for (size_t i = st->first_scope; i < st->first_scope + st->n_scopes; i++) {
		const struct dmar_scope *s = &d->scope[i];

		json_array_append_new(
			a, json_pack("{s:i, s:o, s:I, s:i, s:o, s:i, s:o, s:o}", "type", s->type,
				     "name", json_text(dmar_scope_name(s->type)), "offset",
				     (json_int_t)s->offset, "length", s->length, "flags",
				     json_hex(s->flags), "enumeration_id", s->enumeration_id,
				     "start_bus", json_sprintf("%02x", s->start_bus), "path",
				     path_json(s)));
	}
	return a;
}

static void put_unit(const struct dmar_structure *st, json_t *o)
{
	uint64_t size = iommu_field_value(IOMMU_FIELD_drhd_size_size, st->size);

	json_put(o, "flags", flags_json(IOMMU_drhd_flags, st->flags));
	json_put(o, "size", json_integer((json_int_t)4096 << size));
	if (iommu_unnamed(IOMMU_drhd_size, st->size))
		json_put(o, "size_reserved", json_hex(iommu_unnamed(IOMMU_drhd_size, st->size)));
	json_put(o, "base", json_hex(st->base));
}

static void put_structure(const struct dmar *d, const struct dmar_structure *st, json_t *o)
{
	switch (st->type) {
	case DMAR_DRHD: put_unit(st, o); break;
	case DMAR_RMRR:
		json_put(o, "base", json_hex(st->base));
		json_put(o, "limit", json_hex(st->limit));
		break;
	case DMAR_ATSR: json_put(o, "flags", flags_json(IOMMU_atsr_flags, st->flags)); break;
	case DMAR_SATC: json_put(o, "flags", flags_json(IOMMU_satc_flags, st->flags)); break;
	case DMAR_RHSA:
		json_put(o, "base", json_hex(st->base));
		json_put(o, "proximity_domain", json_integer(st->proximity));
		return;
	case DMAR_ANDD:
		json_put(o, "device_number", json_integer(st->device_number));
		json_put(o, "object", bytes_json(st->name, st->name_len));
		return;
	default: break;
	}
	json_put(o, "segment", json_integer(st->segment));
	json_put(o, "scopes", scopes_json(d, st));
}

static json_t *structure_json(const struct dmar *d, const struct dmar_structure *st)
{
	const struct acpi_type *known = dmar_structure_of(st->type);
	json_t *o = json_pack("{s:i, s:o, s:I, s:i}", "type", st->type, "name",
			      json_text(known ? known->name : NULL), "offset",
			      (json_int_t)st->offset, "length", st->length);

	if (st->whole)
		put_structure(d, st, o);
	return o;
}

static json_t *dmar_json(const struct iommus *u)
{
	const struct dmar *d = &u->dmar;
	json_t *o, *structures;

	if (!u->dmar_record)
		return json_null();
	o = json_object();
	structures = json_array();
	for (size_t i = 0; i < d->n; i++)
		json_array_append_new(structures, structure_json(d, &d->structure[i]));
	json_put(o, "host_address_width",
		 d->whole ? json_integer(d->host_address_width) : json_null());
	json_put(o, "flags", flags_json(IOMMU_dmar_flags, d->flags));
	json_put(o, "structures", structures);
	put_header(&d->header, &d->notes, &u->dmar_wrong, o);
	return o;
}

/* ---- IVRS ---- */

/* The unique id behind an ACPI hardware id. */
static json_t *uid_json(const struct ivrs_entry *e)
{
	if (e->uid_format == 1 && e->uid_len == 8)
		return json_hex(acpi_u64(e->uid));
	return e->uid_format == 2 ? bytes_json(e->uid, e->uid_len) : json_null();
}

static void put_entry(const struct ivrs_entry *e, json_t *o)
{
	switch (e->type) {
	case IVHD_alias_select:
	case IVHD_alias_range_start: json_put(o, "source", device_json(e->source)); break;
	case IVHD_extended_select:
	case IVHD_extended_range_start:
		json_put(o, "extended", flags_json(IOMMU_ivhd_extended, e->extended));
		break;
	case IVHD_special_device:
		json_put(o, "handle", json_integer(e->handle));
		json_put(o, "source", device_json(e->source));
		json_put(o, "variety", json_integer(e->variety));
		json_put(o, "variety_name", json_text(ivhd_variety_name(e->variety)));
		break;
	case IVHD_acpi_hid:
		json_put(o, "hid", json_text(e->hid));
		json_put(o, "cid", json_text(e->cid));
		json_put(o, "uid_format", json_integer(e->uid_format));
		json_put(o, "uid", uid_json(e));
		break;
	default: break;
	}
}

static json_t *entries_json(const struct ivrs *v, const struct ivrs_block *b)
{
	json_t *a = json_array();

	for (size_t i = b->first_entry; i < b->first_entry + b->n_entries; i++) {
		const struct ivrs_entry *e = &v->entry[i];
		json_t *o = json_pack("{s:o, s:o, s:I, s:i}", "type", json_hex(e->type), "name",
				      json_text(ivhd_entry_name(e->type)), "offset",
				      (json_int_t)e->offset, "length", (int)e->length);

		if (e->type != IVHD_pad4 && e->type != IVHD_pad8 && ivhd_entry_name(e->type)) {
			json_put(o, "device", device_json(e->device));
			json_put(o, "settings", fields_json(IOMMU_ivhd_settings, e->settings));
			put_entry(e, o);
		}
		json_array_append_new(a, o);
	}
	return a;
}

static void put_ivhd(const struct ivrs *v, const struct ivrs_block *b, json_t *o)
{
	json_put(o, "flags", flags_json(IOMMU_ivhd_flags, b->flags));
	json_put(o, "capability", json_hex(b->capability));
	json_put(o, "base", json_hex(b->base));
	json_put(o, "segment", json_integer(b->segment));
	json_put(o, "info", fields_json(IOMMU_ivhd_info, b->info));
	if (b->has_efr) {
		json_put(o, "attributes", fields_json(IOMMU_ivhd_attributes, b->features));
		json_put(o, "efr", json_hex(b->efr));
		json_put(o, "efr_fields", fields_json(IOMMU_amdvi_efr, b->efr));
		json_put(o, "efr2", json_hex(b->efr2));
		json_put(o, "efr2_fields", fields_json(IOMMU_amdvi_efr2, b->efr2));
	} else {
		json_put(o, "features", fields_json(IOMMU_ivhd_features, b->features));
	}
	json_put(o, "counts", json_boolean(b->counts));
	json_put(o, "entries", entries_json(v, b));
}

static json_t *block_json(const struct ivrs *v, const struct ivrs_block *b)
{
	const struct acpi_type *known = ivrs_block_of(b->type);
	json_t *o = json_pack("{s:o, s:o, s:I, s:i}", "type", json_hex(b->type), "name",
			      json_text(known ? known->name : NULL), "offset",
			      (json_int_t)b->offset, "length", b->length);

	if (!b->whole)
		return o;
	json_put(o, "device", device_json(b->device));
	if (ivrs_is_ivhd(b)) {
		put_ivhd(v, b, o);
	} else {
		json_put(o, "flags", flags_json(IOMMU_ivmd_flags, b->flags));
		json_put(o, "aux", device_json(b->aux));
		json_put(o, "start", json_hex(b->start));
		json_put(o, "bytes", json_hex(b->bytes));
	}
	return o;
}

static json_t *ivrs_json(const struct iommus *u)
{
	const struct ivrs *v = &u->ivrs;
	json_t *o, *blocks;

	if (!u->ivrs_record)
		return json_null();
	o = json_object();
	blocks = json_array();
	for (size_t i = 0; i < v->n; i++)
		json_array_append_new(blocks, block_json(v, &v->block[i]));
	json_put(o, "ivinfo", v->whole ? json_hex(v->ivinfo) : json_null());
	json_put(o, "ivinfo_fields", fields_json(IOMMU_ivinfo, v->ivinfo));
	json_put(o, "blocks", blocks);
	put_header(&v->header, &v->notes, &u->ivrs_wrong, o);
	return o;
}

/* ---- units and groups ---- */

static json_t *value_json(struct iommu_value v)
{
	return v.known ? json_hex(v.value) : json_null();
}

static json_t *features_json(const struct iommu_unit *u)
{
	json_t *o = json_object();

	if (u->cap.known)
		json_put(o, "cap",
			 fields_json(u->kind == IOMMU_KIND_AMD ? IOMMU_amdvi_cap : IOMMU_vtd_cap,
				     u->cap.value));
	if (u->ecap.known)
		json_put(o, "ecap", fields_json(IOMMU_vtd_ecap, u->ecap.value));
	if (u->gsts.known)
		json_put(o, "gsts", fields_json(IOMMU_vtd_gsts, u->gsts.value));
	if (u->efr.known)
		json_put(o, "efr", fields_json(IOMMU_amdvi_efr, u->efr.value));
	if (u->efr2.known)
		json_put(o, "efr2", fields_json(IOMMU_amdvi_efr2, u->efr2.value));
	return o;
}

/* Domains that fit into a unit: as the kernel counts them, else by the field ND. */
static json_t *domains_json(const struct iommu_unit *u)
{
	uint64_t nd = iommu_field_value(IOMMU_FIELD_vtd_cap_nd, u->cap.value);

	if (u->domains.known)
		return json_integer(u->domains.value);
	return u->kind == IOMMU_KIND_INTEL && u->cap.known ? json_integer((json_int_t)16 << 2 * nd) :
							     json_null();
}

/* Devices behind a unit. */
static json_t *devices_json(const struct snapshot *s, const struct iommu_unit *u)
{
	char path[160];

	snprintf(path, sizeof(path), IOMMU_FOLDER "/%s/devices", u->name);
	return snapshot_text(s, SNAP_DIR, path) ? json_integer(iommu_entries(s, path)) : json_null();
}

static json_t *unit_json(const struct snapshot *s, const struct iommus *all,
			 const struct iommu_unit *u)
{
	static const char *const kinds[] = {
		[IOMMU_KIND_OTHER] = "other", [IOMMU_KIND_INTEL] = "intel-vt-d", [IOMMU_KIND_AMD] = "amd-vi"
	};
	bool joined = u->joined != IOMMU_NOT_JOINED;
	json_t *o = json_object();
	size_t offset = !joined			    ? 0 :
			u->kind == IOMMU_KIND_INTEL ? all->dmar.structure[u->joined].offset :
						      all->ivrs.block[u->joined].offset;

	json_put(o, "name", json_text(u->name));
	json_put(o, "kind", json_string(kinds[u->kind]));
	json_put(o, "version", json_text(u->version[0] ? u->version : NULL));
	json_put(o, "address", value_json(u->address));
	json_put(o, "structure", joined ? json_integer(offset) : json_null());
	json_put(o, "cap", value_json(u->cap));
	json_put(o, "ecap", value_json(u->ecap));
	json_put(o, "efr", value_json(u->efr));
	json_put(o, "efr2", value_json(u->efr2));
	json_put(o, "gsts", value_json(u->gsts));
	json_put(o, "domains", domains_json(u));
	json_put(o, "domains_used",
		 u->domains_used.known ? json_integer(u->domains_used.value) : json_null());
	json_put(o, "devices", devices_json(s, u));
	json_put(o, "features", features_json(u));
	return o;
}

/* How many groups there are of each type; null: no type was read. */
static json_t *types_json(const struct snapshot *s)
{
	const char *list = snapshot_text(s, SNAP_DIR, GROUPS_FOLDER);
	json_t *o = json_object();
	bool any = false;

	while (list && *list) {
		size_t n = strcspn(list, "\n");
		char path[160], type[32];
		json_t *name;

		snprintf(path, sizeof(path), GROUPS_FOLDER "/%.*s/type", (int)(n < 64 ? n : 64),
			 list);
		name = view_line(s, path, type, sizeof(type)) ? json_text(type) : NULL;
		if (name) {
			const char *key = json_string_value(name);

			json_put(o, key,
				 json_integer(json_integer_value(json_object_get(o, key)) + 1));
			any = true;
		}
		json_decref(name);
		list += n + (list[n] == '\n');
	}
	if (any)
		return o;
	json_decref(o);
	return json_null();
}

json_t *json_iommu(const struct snapshot *s)
{
	json_t *o = NULL, *units = json_array();
	struct iommus u;

	if (iommus_read(s, &u) == 0) {
		for (size_t i = 0; i < u.n; i++)
			json_array_append_new(units, unit_json(s, &u, &u.unit[i]));
		o = json_pack("{s:o, s:o, s:O, s:o, s:o, s:o}", "dmar", dmar_json(&u), "ivrs",
			      ivrs_json(&u), "units", units, "groups",
			      snapshot_text(s, SNAP_DIR, GROUPS_FOLDER) ?
				      json_integer(iommu_entries(s, GROUPS_FOLDER)) :
				      json_null(),
			      "group_types", types_json(s), "passthrough", json_passthrough(s));
	}
	json_decref(units);
	iommus_free(&u);
	return o;
}
