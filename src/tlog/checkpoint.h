/* checkpoint: the signed head of a log (C2SP tlog-checkpoint), and cosignatures by those who saw
 * that it only grew (C2SP tlog-cosignature, type 04).
 *
 *     alpha.example/log                                origin: the log's name and its key's
 *     8                                                size
 *     XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=     root
 *
 *     — alpha.example/log ZZU4DoQq...
 *     — bravo.example/witness Yi0PdwAAAABlU/EA...      "at this time it was the largest I had seen"
 *
 * We write and take no extension lines. A log's key has its origin for a name.
 *
 * Signing a checkpoint is a promise about all earlier ones, and so is cosigning: the functions
 * here make the signature and cannot know the past. Their callers look first (record).
 */
#ifndef ENTENTE_TLOG_CHECKPOINT_H
#define ENTENTE_TLOG_CHECKPOINT_H

#include "tlog/note.h"
#include "tlog/tree.h"

struct checkpoint {
    char origin[LIMIT_NOTE_NAME + 1];
    uint64_t size;
    struct hash root;
};

bool checkpoint_of_tree(const struct tlog_tree *t, struct bytes origin, struct checkpoint *out,
                        struct err *e);
/* The three lines of a note's text, in the only spelling there is. */
bool checkpoint_parse(struct bytes text, struct checkpoint *out, struct err *e);
#define CHECKPOINT_TEXT_MAX (LIMIT_NOTE_NAME + 1 + 19 + 1 + 44 + 1)
size_t checkpoint_print(const struct checkpoint *c, char out[CHECKPOINT_TEXT_MAX]);
bool checkpoint_equal(const struct checkpoint *a, const struct checkpoint *b);
/* Lower-case hex of SHA-256(origin): under this name a witness serves its latest checkpoint. */
void checkpoint_origin_hex(struct bytes origin, char out[65]);

/* ---- the log's own signature ---------------------------------------------------------------- */

/* Signs checkpoints of one origin and nothing else; borrows the secret key. */
struct checkpoint_key {
    const struct sign_key *secret;
    struct note_key public;
};
bool checkpoint_key_init(struct checkpoint_key *k, struct bytes origin,
                         const struct sign_key *secret, struct err *e);
/* The whole note. ERR_INPUT: another log's checkpoint. */
bool checkpoint_sign(const struct checkpoint_key *k, const struct checkpoint *c, struct arena *a,
                     struct bytes *note, struct err *e);
/* Parse a note and check that one of the log's keys (type 01, named as the origin) signed it. */
bool checkpoint_verify(struct bytes note, const struct note_key *keys, size_t n, struct arena *a,
                       struct checkpoint *out, struct err *e);
/* The same for a note that is parsed already. */
bool checkpoint_verify_note(const struct note *note, const struct note_key *keys, size_t n,
                            struct checkpoint *out, struct err *e);

/* ---- cosignatures --------------------------------------------------------------------------- */

/* Cosigns checkpoints of any log and nothing else; borrows the secret key. One key for one
 * cosigner name: the signed bytes do not say which name it was. */
struct cosign_key {
    const struct sign_key *secret;
    struct note_key public;
};
bool cosign_key_init(struct cosign_key *k, struct bytes name, const struct sign_key *secret,
                     struct err *e);
/* One signature line with its line feed. `time` in seconds since 1970, below 2^63; 0,
 * which would say nothing of the time (C2SP tlog-witness), is refused. */
bool cosignature_sign(const struct cosign_key *k, const struct checkpoint *c, uint64_t time,
                      struct arena *a, struct bytes *line, struct err *e);

struct cosignature {
    size_t key;    /* which of the keys given */
    uint64_t time; /* seconds since 1970, as the cosigner claims and signed */
    struct bytes line;
};
/* All cosignatures by the keys given (those not of type 04 are passed over), in the order of
 * their lines; none is fine. ERR_PROOF: a line that names one of the keys is wrong. ERR_INPUT:
 * the note's text is no checkpoint. */
bool cosignature_find_all(const struct note *note, const struct note_key *keys, size_t n,
                          struct arena *a, struct cosignature **out, size_t *count, struct err *e);

#endif
