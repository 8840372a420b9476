/* sightings_impl: rows that the spool and the queue have in common. */
#ifndef ENTENTE_LOOKOUT_SIGHTINGS_IMPL_H
#define ENTENTE_LOOKOUT_SIGHTINGS_IMPL_H

#include "base/buf.h"
#include "lookout/lookout_impl.h"
#include "lookout/sightings.h"

#define SPOOL_MOST ((size_t)512 << 20) /* a tally of LIMIT_WATCH_TALLY rows, and as text */

/* "agreement slug act id count first last\n" and back. */
void sighting_print(struct buf *b, const struct sighting *s);
bool sighting_read(struct bytes line, struct sighting *out);

/* ---- release.c ---- */

/* sighting--UUID of one indicator in one release. */
void sighting_id(const struct sightings_how *how, const uint8_t release[16],
                 const struct sighting *s, char out[STIX_ID_MAX]);
/* Say these, all of one party, with one act; `release` names it for good. */
bool release_say(struct record *r, const struct sightings_how *how, const uint8_t release[16],
                 const struct sighting *const *rows, size_t n, struct record_placed *placed,
                 struct err *e);
/* Has that been said already? */
bool release_was_said(struct record *r, const struct sightings_how *how, const uint8_t release[16],
                      const struct sighting *first, bool *said, struct err *e);

#endif
