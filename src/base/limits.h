/* Every limit, with its reason. A parser that needs a new one puts it here. */
#ifndef ENTENTE_LIMITS_H
#define ENTENTE_LIMITS_H

/* JSON: deep enough for any STIX object; a stack that small costs nothing. (tlog.md 4.2) */
#define LIMIT_JSON_DEPTH 64
/* One payload: ATT&CK's largest object is 33 KB, MISP attachments are megabytes. */
#define LIMIT_PAYLOAD_BYTES ((size_t)16 << 20)
/* An act note travels and is hashed whole. (tlog.md 4.2) */
#define LIMIT_ACT_BYTES ((size_t)60000)
/* A signed note with many cosignatures. (C2SP signed-note; tlog.md 1.2) */
#define LIMIT_NOTE_BYTES ((size_t)1 << 20)
#define LIMIT_NOTE_SIGNATURES 100
/* Hashes in an inclusion or consistency proof: the height of a tree of 2^63 leaves. */
#define LIMIT_PROOF_HASHES 63
/* Parties of one agreement: a region's CERTs, with room. */
#define LIMIT_PARTIES 64
/* A card or an agreement is read by people. */
#define LIMIT_CARD_BYTES ((size_t)256 << 10)
#define LIMIT_AGREEMENT_BYTES ((size_t)1 << 20)
/* Objects named by one list document: 10 million lines of about 120 bytes would be 1.2 GB;
 * a million keeps one act's list in memory on both sides. */
#define LIMIT_LIST_OBJECTS 1000000

/* Keys sealed under a passphrase: a handful of seeds. */
#define LIMIT_SEALED_BYTES ((size_t)64 << 10)

#endif
