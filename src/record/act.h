/* act: one signed thing said. A C2SP signed note of two lines and one signature:
 *
 *     entente/act/v1
 *     {"agreement":"...","body":{...},"from":"north","kind":"share",...}
 *
 *     — north/acts <base64>
 *
 * The log's entry is the SHA-256 of the whole note; references and deduplication use the SHA-256
 * of the text (the two lines), which the signature covers. The payload stands beside it and is
 * named by its digest, so that it can be withheld or erased. doc/formats/act.md has the details.
 */
#ifndef ENTENTE_ACT_H
#define ENTENTE_ACT_H

#include "record/party.h"
#include "tlog/note.h"

#define ACT_REFS 64      /* acts one act may answer */
#define ACT_AGREEMENT 32 /* hex digits of an agreement's id */
#define ACT_KIND_MAX 64

/* Media types of payloads. */
#define MEDIA_STIX "application/stix+json;version=2.1"
#define MEDIA_AGREEMENT "application/vnd.entente.agreement+json"
#define MEDIA_LIST "application/vnd.entente.list"   /* lines: sha256 size id */
#define MEDIA_LISTS "application/vnd.entente.lists" /* lines: sha256 size count of lists */
#define MEDIA_JSON "application/json"

struct act_body {
    struct bytes media_type; /* empty: the act has no payload */
    struct hash sha256;      /* of the payload, or of salt || payload where there is a salt */
    uint64_t size;
    bool salted;
    uint8_t salt[16];
};

struct act {
    struct bytes agreement; /* ACT_AGREEMENT hex digits */
    struct bytes from;      /* the speaker's slug */
    struct bytes kind;      /* "agreement.sign", "share", "revoke", ... */
    struct bytes clause;    /* the clause that allows it, or empty */
    struct bytes tlp;       /* "clear" ... "red", or empty: the payload says */
    struct bytes time;      /* claimed, RFC 3339 */
    uint64_t seq;           /* its index in the speaker's log */
    struct hash prev;       /* text hash of the speaker's act before; all zero at seq 0 */
    uint8_t nonce[16];
    struct bytes to[LIMIT_PARTIES]; /* slugs; none: every party */
    size_t to_n;
    struct hash refs[ACT_REFS]; /* text hashes of acts answered */
    size_t refs_n;
    struct act_body body;

    /* Filled by act_parse and act_sign. */
    struct bytes note; /* the whole */
    struct bytes text; /* what is signed */
    struct hash text_hash;
    struct hash entry; /* SHA-256 of note */
};

/* The two lines to be signed. Serial: the next act's prev is this one's text hash. */
bool act_print(struct act *act, struct arena *a, struct err *e);
/* The key named `<from>/acts`, or `<from>/recovery` for revocations: made once, for many acts, for
 * it checks the point, which costs as much as a signature. */
bool act_signer(struct bytes from, enum key_role role, const struct sign_key *secret,
                struct act_key *out, struct err *e);
bool act_verifier(struct bytes from, enum key_role role, const struct sign_public *public,
                  struct note_key *out, struct err *e);
/* Sign what act_print made; fills note and entry. Acts may be signed on several threads. */
bool act_sign(struct act *act, const struct act_key *key, struct arena *a, struct err *e);
/* Read a note without checking the signature: grammar, canonical JSON, caps. */
bool act_parse(struct bytes note, struct arena *a, struct act *out, struct err *e);
/* The signature. ERR_PROOF. */
bool act_verify_by(const struct act *act, const struct note_key *key, struct err *e);
/* The same for one act and a bare key. */
bool act_verify(const struct act *act, const struct sign_public *key, enum key_role role,
                struct err *e);
/* Does the payload match the body? ERR_PROOF. */
bool act_body_matches(const struct act_body *body, struct bytes payload, struct err *e);
/* Is this party among those addressed? The speaker is always. */
bool act_is_for(const struct act *act, struct bytes slug);

#endif
