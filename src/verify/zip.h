/* zip: reads the one kind of ZIP that a dossier is. Private to verify, and to its fuzz target.
 *
 * Stored entries, plain names, fixed dates, nothing between and nothing behind: of a list of files
 * there is exactly one archive, so a byte that differs is an error and never a matter of taste.
 * What other ZIPs may have (compression, encryption, 64-bit sizes, comments, extra fields, links,
 * two directories that disagree) is refused. doc/formats/dossier.md has the layout. */
#ifndef ENTENTE_VERIFY_ZIP_H
#define ENTENTE_VERIFY_ZIP_H

#include "base/arena.h"
#include "base/limits.h"

struct zip_file {
    struct bytes name, bytes; /* views into the archive */
    uint32_t crc;             /* as the archive says it; zip_intact compares */
};

/* ERR_INPUT names the entry and the byte at which it stops being such an archive; ERR_LIMIT. */
bool zip_read(struct bytes in, struct arena *a, struct zip_file **files, size_t *n, struct err *e);
/* Are the bytes those whose checksum stands in the archive? */
bool zip_intact(const struct zip_file *f);

#endif
