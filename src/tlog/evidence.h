/* evidence: signatures that cannot both be honest, as a file that convicts a key offline.
 *
 *     entente/tlog-evidence/v1
 *     fork
 *     accused alpha.example/log+6595380e+AQOhB7/...
 *     note 179
 *     alpha.example/log              the first checkpoint note, those 179 bytes verbatim
 *     ...
 *     note 179
 *     ...
 *     path 2                         fork only: the prefix path of tlog/tree.h
 *     0343...
 *
 * What is proved is that the owner of the accused *key* signed both. Whose key that is, a card
 * or an agreement says. An honest signer cannot be convicted unless SHA-256 or Ed25519 breaks;
 * honest cosigners keep their times from going back when their clock does.
 * Silence, refusal and a failed consistency proof are no evidence, and no file can be made of
 * them.
 */
#ifndef ENTENTE_TLOG_EVIDENCE_H
#define ENTENTE_TLOG_EVIDENCE_H

#include "tlog/checkpoint.h"

enum evidence_kind {
    EVIDENCE_SAME_SIZE = 1, /* one origin, one size, two roots */
    EVIDENCE_FORK,          /* one origin, two sizes; the larger does not begin with the smaller */
    EVIDENCE_BACKWARDS,     /* cosigner only: the smaller tree cosigned later than the larger */
};

/* All that a reader must be told. The accused's type tells a log (01) from a cosigner (04). */
struct evidence {
    enum evidence_kind kind;
    struct note_key accused;
    struct checkpoint a, b;  /* a is the smaller where the sizes differ */
    uint64_t time_a, time_b; /* a cosigner's times (for BACKWARDS the pair that convicts); else 0 */
    struct hash prefix;      /* FORK: the true root of b's first a.size leaves */
};

/* Each checks what it is given and, if it convicts, writes the file. ERR_PROOF: no evidence.
 * For a log give its key of type 01 and two notes it signed; for a cosigner its key of type 04
 * and two notes it cosigned (who else signed them does not matter). */
bool evidence_make_same_size(const struct note_key *accused, struct bytes note_a,
                             struct bytes note_b, struct arena *a, struct bytes *out,
                             struct err *e);
/* `source` has the tree of the larger checkpoint. */
bool evidence_make_fork(const struct note_key *accused, struct bytes note_small,
                        struct bytes note_large, const struct tlog_source *source, struct arena *a,
                        struct bytes *out, struct err *e);
bool evidence_make_backwards(const struct note_key *accused, struct bytes note_small,
                             struct bytes note_large, struct arena *a, struct bytes *out,
                             struct err *e);

/* Check a file. `accused`: the key it must convict, or NULL to take the one it names. */
bool evidence_verify(struct bytes file, const struct note_key *accused, struct arena *a,
                     struct evidence *out, struct err *e);

/* The checks themselves, for notes that stand elsewhere. */
bool evidence_check_same_size(const struct note_key *accused, struct bytes note_a,
                              struct bytes note_b, struct arena *a, struct evidence *out,
                              struct err *e);
bool evidence_check_fork(const struct note_key *accused, struct bytes note_small,
                         struct bytes note_large, const struct tlog_proof *path, struct arena *a,
                         struct evidence *out, struct err *e);
bool evidence_check_backwards(const struct note_key *accused, struct bytes note_small,
                              struct bytes note_large, struct arena *a, struct evidence *out,
                              struct err *e);

#endif
