/* party: who speaks. A party is a set of keys with separate purposes, published as a card.
 *
 * A card is a signed note: line 1 `entente/card/v1`, line 2 one canonical JSON object (slug, name,
 * keys, addresses, contacts, issued, serial), signed by every key it names, so that nobody can
 * publish a key that is not theirs. The party's id is the SHA-256 of its recovery key: it stays
 * when the others are rotated. doc/formats/card.md has the details.
 *
 * A key counts (is *enrolled*) only after the point check and a challenge: the owner signs 32 fresh
 * bytes of ours with every operating key (tlog.md 4.3). The recovery key stays offline and
 * proves itself by its signature on the card.
 */
#ifndef ENTENTE_PARTY_H
#define ENTENTE_PARTY_H

#include "base/limits.h"
#include "crypto/crypto.h"

enum key_role {
    KEY_ACTS,        /* signs acts */
    KEY_CHECKPOINTS, /* signs the heads of one's own logs */
    KEY_WITNESS,     /* cosigns others' heads: order and time */
    KEY_MIRROR,      /* cosigns others' heads: "I hold every act addressed to me up to here" */
    KEY_TLS,         /* the connection; pinned by the card */
    KEY_RECOVERY,    /* kept offline: revokes, and names successors */
    KEY_ROLES
};
#define KEY_OPERATING KEY_RECOVERY /* the roles below this one answer challenges */

/* "acts", "checkpoints", "witness", "mirror", "tls", "recovery". */
const char *key_role_name(enum key_role role);
bool key_role_parse(struct bytes text, enum key_role *out);

/* ---- secret keys of this node ---- */

struct keyring; /* some or all of a party's secret keys, in guarded memory */

/* Six fresh keys. NULL: ERR_NOMEM. */
struct keyring *keyring_new(const struct os *os, struct err *e);
void keyring_free(struct keyring *k); /* wiped; NULL is fine */
/* Write `dir`/<role>.key, mode 0600; with a passphrase, encrypted (Argon2id once, in
 * `dir`/passphrase, seals the key that seals the others). */
bool keyring_save(const struct keyring *k, const struct os *os, const char *dir,
                  struct bytes passphrase, struct err *e);
/* Read the keys of the roles in `roles` (bit 1 << role). ERR_DENIED: encrypted and no passphrase
 * given; ERR_PROOF: wrong passphrase; ERR_MISSING: no such key file. NULL on failure. */
struct keyring *keyring_open(const struct os *os, const char *dir, unsigned roles,
                             struct bytes passphrase, struct err *e);
/* True if opening needs a passphrase. */
bool keyring_locked(const struct os *os, const char *dir);
/* The key of a role, or NULL if it was not opened. */
const struct sign_key *keyring_key(const struct keyring *k, enum key_role role);
/* Put a fresh key in place of the role's (rotation); the old one is returned for its last
 * signature and belongs to the caller. NULL: ERR_NOMEM. */
struct sign_key *keyring_rotate(struct keyring *k, const struct os *os, enum key_role role,
                                struct err *e);

/* ---- cards ---- */

#define CARD_ADDRESSES 8
#define CARD_CONTACTS 16

enum contact_role { CONTACT_TECHNICAL, CONTACT_LEGAL, CONTACT_DIPLOMATIC, CONTACT_ROLES };
const char *contact_role_name(enum contact_role role);

struct contact {
    enum contact_role role;
    struct bytes name, email, phone, hours, languages; /* name is required, others may be empty */
};

struct card {
    struct bytes slug;   /* slug_valid() */
    struct bytes name;   /* UTF-8, 1 to 200 bytes, no control characters */
    struct hash id;      /* SHA-256 of the recovery key */
    struct bytes issued; /* RFC 3339 */
    uint64_t serial;     /* 1, 2, ...: a later card replaces an earlier one */
    struct sign_public keys[KEY_ROLES];
    struct bytes addresses[CARD_ADDRESSES]; /* https://host:port */
    size_t addresses_n;
    struct contact contacts[CARD_CONTACTS];
    size_t contacts_n;
    struct bytes note; /* the signed bytes themselves */
};

/* Make and sign a card from the fields of *c (slug, name, issued, serial, addresses, contacts) and
 * a whole keyring; fills in keys, id and note. */
bool card_sign(struct card *c, const struct keyring *k, struct arena *a, struct err *e);
/* Read a card and verify all six signatures and points. ERR_INPUT with line, ERR_PROOF. */
bool card_parse(struct bytes note, struct arena *a, struct card *out, struct err *e);
/* Keys of one card that may replace another's: same id, higher serial. */
bool card_succeeds(const struct card *older, const struct card *newer, struct err *e);
/* "SHA256:..." of the party id, for people to compare over the phone: eight groups of four hex. */
#define CARD_FINGERPRINT_MAX 48
void card_fingerprint(const struct hash *id, char out[CARD_FINGERPRINT_MAX]);

/* Enrolment: `nonce` is 32 fresh bytes of the verifier. The answer is five lines
 * `<role> <base64 signature>`. */
bool challenge_answer(const struct keyring *k, const uint8_t nonce[32], struct arena *a,
                      struct bytes *answer, struct err *e);
bool challenge_verify(const struct card *c, const uint8_t nonce[32], struct bytes answer,
                      struct err *e);

#endif
