/* audit: leaves of a commitment opened to an arbiter. Which ones follows from fresh bytes that the
 * other side put into its log after the commitment, so whoever is audited cannot choose; and
 * whoever checks needs nothing but the file and what it knows of the agreement.
 *
 * The file is one canonical JSON object (doc/formats/match.md): the agreement, the signed act of
 * the commitment, the signed act that asks, and the leaves with their paths.
 */
#ifndef ENTENTE_MATCH_AUDIT_H
#define ENTENTE_MATCH_AUDIT_H

#include "match/acts.h"
#include "match/store.h"

#define MATCH_AUDIT_MOST 256 /* leaves of one file */

/* Which leaves an ask opens: ascending; returns how many (not more than there are). */
size_t match_audit_indices(const struct match_session *s, const uint8_t nonce[32], unsigned leaves,
                           uint64_t size, uint64_t out[MATCH_AUDIT_MOST]);

struct match_audit_making {
    struct record *record;
    const struct match_session *session;
    enum match_side side; /* whose list it is: ours */
    const struct match_store *store;
    const struct match_audit_ask *ask; /* NULL: only the items named */
    const struct bytes *items;         /* as people spell them: shown to be there, or not */
    size_t items_n;
};
bool match_audit_make(const struct match_audit_making *m, struct arena *a, struct bytes *file,
                      struct err *e);

struct match_audit_finding {
    struct bytes item; /* as its owner spells it */
    uint64_t index;    /* of the leaf */
    bool asked;        /* it is one that the other side's bytes chose */
    bool absent;       /* shown not to be on the list */
    const char *wrong; /* NULL: as committed */
};
struct match_audit_check {
    char agreement[ACT_AGREEMENT + 1];
    struct bytes party, purpose, session;
    const struct match_type *type;
    uint64_t size;
    unsigned asked; /* leaves that were asked for; 0: nobody asked */
    struct bytes asker;
    struct match_audit_finding finding[MATCH_AUDIT_MOST + MATCH_AUDIT_MOST];
    size_t n;
    bool holds;      /* all as committed, and all that were asked for */
    const char *why; /* if not: what, for people */
};
/* ERR_INPUT: no such file; ERR_PROOF: a signature or hash does not hold. What is well signed and
 * not as committed is no error: `holds` is false. */
bool match_audit_read(struct bytes file, struct arena *a, struct match_audit_check *out,
                      struct err *e);

#endif
