/* evidence: two acts with one sequence number convict their author without any log.
 *
 *     entente/act-evidence/v1
 *     double-sequence
 *     accused north/acts+...
 *     act 612
 *     <those 612 bytes>
 *     act 598
 *     <those 598 bytes>
 *
 * (Heads that contradict each other: tlog/evidence.h.) doc/formats/evidence.md has both.
 */
#ifndef ENTENTE_RECORD_EVIDENCE_H
#define ENTENTE_RECORD_EVIDENCE_H

#include "record/act.h"
#include "tlog/note.h"

struct act_evidence {
    struct note_key accused; /* type 01, named <slug>/acts */
    struct act a, b;         /* one author, agreement and sequence number; two texts */
};

/* ERR_PROOF: they do not contradict each other, or the accused did not sign both. */
bool act_evidence_make(const struct note_key *accused, struct bytes note_a, struct bytes note_b,
                       struct arena *a, struct bytes *out, struct err *e);
/* `accused`: the key it must convict, or NULL to take the one it names. */
bool act_evidence_verify(struct bytes file, const struct note_key *accused, struct arena *a,
                         struct act_evidence *out, struct err *e);

#endif
