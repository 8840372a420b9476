/* What the files of exhibit share. */
#ifndef ENTENTE_EXHIBIT_IMPL_H
#define ENTENTE_EXHIBIT_IMPL_H

#include "base/buf.h"
#include "base/limits.h"
#include "base/text.h"
#include "desk/exhibit.h"

#define MEDIA_PART "application/octet-stream"
#define PART_SALT 16
#define EXHIBIT_TYPE "entente-exhibit"
/* The extension-definition of case bodies (cases/cases.h, schema/extension-definition.json). */
#define EXHIBIT_EXTENSION "extension-definition--8d3a5e1c-6f0b-4a52-9c3e-27d1b64f0a95"

/* SHA-256 of label, salt and then the bytes. */
void exhibit_salted_start(struct sha256 *h, const uint8_t salt[EXHIBIT_SALT]);
const char *exhibit_hex(struct json_maker *m, const struct hash *h);

/* ---- bodies, read ---- */

/* Custody steps of any exhibit body, added to x; `by` says so. */
bool exhibit_parse_steps(const struct json *body, struct bytes by, struct exhibit *x,
                         struct err *e);

#endif
