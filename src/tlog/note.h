/* note: text with signatures under it (C2SP signed-note), and the keys that make them.
 *
 *     text
 *     <empty line>
 *     — alpha.example/log ZZU4DoQq...
 *
 * The text ends in a line feed and may hold empty lines; the last empty line ends it. Nothing in
 * the signature block is itself signed: never hash it, never tell notes apart by it.
 *
 *     note_parse(bytes, arena, &note, &e);
 *     note_verify(&note, keys, n, NULL, &e);     // only now look at note.text
 */
#ifndef ENTENTE_TLOG_NOTE_H
#define ENTENTE_TLOG_NOTE_H

#include "base/arena.h"
#include "base/limits.h"
#include "crypto/crypto.h"

/* ---- keys ----------------------------------------------------------------------------------- */

enum note_type {
    NOTE_ED25519 = 0x01,     /* Ed25519 over the text */
    NOTE_COSIGNATURE = 0x04, /* Ed25519 over a time and a checkpoint (tlog/checkpoint.h) */
    NOTE_MLDSA44 = 0x06,     /* read and ignored: nothing on this platform can check it */
};

/* What a verifier knows of a key. Plain data, made by the three functions below. */
struct note_key {
    char name[LIMIT_NOTE_NAME + 1];
    uint32_t id;  /* picks the key for a signature line; proves nothing */
    uint8_t type; /* an enum note_type, or one that we do not know */
    /* Types 01 and 04: the key, checked to be a point of prime order. Other types: the SHA-256
     * of the key, good only for telling keys apart. */
    struct sign_public public;
};

/* Printable ASCII, no space, no '+', 1 to LIMIT_NOTE_NAME bytes (C2SP allows all of Unicode). */
bool note_name_valid(struct bytes name);
/* ERR_INPUT: a bad name, a type other than 01 and 04, or not a valid point. */
bool note_key_make(struct bytes name, enum note_type type, const struct sign_public *public,
                   struct note_key *out, struct err *e);
/* The same of a key whose point was checked before, when its card was read or from its secret: the
 * check costs as much as a signature's, and keys are named far more often than they are enrolled.
 */
bool note_key_of_checked(struct bytes name, enum note_type type, const struct sign_public *public,
                         struct note_key *out, struct err *e);
/* A vkey: `name+hex8(id)+base64(type || key)`. The id must be right for types 01, 04 and 06. */
bool note_key_parse(struct bytes vkey, struct note_key *out, struct err *e);
#define NOTE_VKEY_MAX (LIMIT_NOTE_NAME + 1 + 8 + 1 + 44 + 1) /* with the final zero */
/* Types 01 and 04 only (asserted): of others we keep too little. */
void note_key_print(const struct note_key *k, char out[NOTE_VKEY_MAX]);
/* The same key material, whatever the name and the type. */
bool note_key_same(const struct note_key *a, const struct note_key *b);

/* ---- notes ---------------------------------------------------------------------------------- */

struct note_line {
    struct bytes whole; /* as it stands, with its line feed */
    struct bytes name;
    uint32_t id;
    struct bytes signature; /* behind the id */
};

struct note {
    struct bytes whole;
    struct bytes text; /* with its final line feed; untrusted until verified */
    struct note_line *lines;
    size_t n;
};

/* The views in *out point into `in` and the arena. */
bool note_parse(struct bytes in, struct arena *a, struct note *out, struct err *e);

/* True if at least one of the keys signed and no line that names one of the keys is wrong.
 * Lines by unknown keys are ignored. signed_by: n flags, or NULL. */
bool note_verify(const struct note *note, const struct note_key *keys, size_t n, bool *signed_by,
                 struct err *e);

/* The note with one more signature line; a line that stands there already is not repeated. */
bool note_append(struct bytes note, struct bytes line, struct arena *a, struct bytes *out,
                 struct err *e);
/* Signature lines alone, as a witness answers: one or more. */
bool note_lines_parse(struct bytes in, struct arena *a, struct note_line **out, size_t *n,
                      struct err *e);

/* ---- signing statements --------------------------------------------------------------------- */

/* A key that signs statements (acts, cards, manifests), and never a checkpoint or cosignature.
 * It borrows the secret key. */
struct act_key {
    const struct sign_key *secret;
    struct note_key public;
};
bool act_key_init(struct act_key *k, struct bytes name, const struct sign_key *secret,
                  struct err *e);
/* A note of this text with one signature of type 01. ERR_INPUT: text that no note may hold, or
 * that could be read as a checkpoint or as the message of a cosignature. */
bool note_sign(const struct act_key *k, struct bytes text, struct arena *a, struct bytes *out,
               struct err *e);

#endif
