#ifndef ENTENTE_VERIFY_IMPL_H
#define ENTENTE_VERIFY_IMPL_H

#include "base/buf.h"
#include "base/catalogue.h"
#include "base/reader.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "stix/json.h"
#include "verify/verify.h"

/* ---- what was handed in ---- */

enum item_kind {
    ITEM_PAYLOAD, /* whatever is nothing else: bytes that an act or a list may name */
    ITEM_CARD,
    ITEM_ACT,
    ITEM_PROOF,
    ITEM_HEADS, /* evidence: two heads */
    ITEM_ACTS,  /* evidence: two acts */
    ITEM_LOG,
    ITEM_TEXT, /* README, manifest: not evidence */
};

struct item {
    const char *path;
    struct bytes name, bytes;
    enum item_kind kind;
    struct hash sha256;
    bool used;
};

/* Keys of one party, from its card or from an agreement. */
struct holder {
    struct bytes slug, name;
    struct sign_public acts, checkpoints, witness, mirror, recovery;
    bool from_card;
};

struct verifying {
    const struct os *os;
    struct arena *a;
    const struct catalogue *words; /* of the lines */
    struct item *items;
    size_t items_n;
    struct holder *holders;
    size_t holders_n, holders_cap;
    struct verify_report *out;
    size_t lines_cap;
    bool proved, failed;
};

void verify_say(struct verifying *v, enum verify_verdict verdict, struct bytes about,
                const char *format, ...) __attribute__((format(printf, 4, 5)));
const struct holder *holder_of(const struct verifying *v, struct bytes slug);
bool add_holder(struct verifying *v, const struct holder *h, struct err *e);

/* ---- notes.c: signed notes, heads, cosignatures, trees ---- */

struct signed_text {
    struct bytes text;  /* what is signed */
    struct bytes block; /* the signature lines */
};
bool split_note(struct bytes note, struct signed_text *out);
/* What of a line by the key of this name and type? For type 4 *time is the cosignature's. */
enum line_state { LINE_ABSENT, LINE_WRONG, LINE_GOOD };
enum line_state line_by(const struct signed_text *s, const char *name, uint8_t type,
                        const struct sign_public *key, uint64_t *time);
bool signed_by(const struct signed_text *s, const char *name, uint8_t type,
               const struct sign_public *key, uint64_t *time);
/* As line_by, for a key whose point has been checked already: that costs as much as a signature. */
enum line_state line_by_valid(const struct signed_text *s, const char *name, uint8_t type,
                              const struct sign_public *key, uint64_t *time);
/* The same for one line after the other, for a head that one key has dated more than once: `rest`
 * begins as the block, and LINE_ABSENT is the end. `id` is key_id's. */
enum line_state line_next(const struct signed_text *s, struct bytes *rest, const char *name,
                          uint8_t type, const uint8_t id[4], const struct sign_public *key,
                          uint64_t *time);
void key_id(const char *name, uint8_t type, const struct sign_public *key, uint8_t id[4]);
/* The same for the vkey text `name+id+base64`. */
bool read_vkey(struct bytes vkey, char name[256], uint8_t *type, struct sign_public *key);

struct head {
    struct bytes origin;
    uint64_t size;
    struct hash root;
};
bool read_head(struct bytes text, struct head *out);

struct frontier {
    uint64_t size;
    struct hash h[64];
};
void frontier_add(struct frontier *f, const struct hash *leaf);
void frontier_root(const struct frontier *f, struct hash *out);
void leaf_of(struct bytes entry, struct hash *out);
bool included(const struct hash *leaf, uint64_t index, uint64_t size, const struct hash *proof,
              size_t n, const struct hash *root);
/* RFC 9162 section 2.1.4.2: is the tree of `large` entries one that grew from that of `small`? */
bool grew(uint64_t small, const struct hash *old_root, uint64_t large, const struct hash *root,
          const struct hash *path, size_t n);
/* Both roots to which a prefix path leads (seed first). */
bool prefix_roots(uint64_t small, uint64_t large, const struct hash *path, size_t n,
                  struct hash *old_root, struct hash *root);

/* ---- acts.c ---- */

struct said {
    struct bytes agreement, from, kind, time, media_type;
    struct bytes tlp, clause; /* or empty */
    const struct json *to;    /* NULL: everybody */
    const struct json *refs;  /* NULL: none */
    const struct json *line;  /* all members */
    uint64_t seq;
    struct hash prev, text_hash, body;
    uint64_t body_size;
    bool has_body, salted;
    uint8_t salt[16];
    struct signed_text note;
};
/* Slug, name and five keys of a card or of an agreement's party. */
bool read_keys(const struct json *o, struct holder *h);
bool signed_by_all(const struct signed_text *s, const struct json *keys, struct bytes slug);
bool read_card(struct bytes card, struct arena *a, struct holder *out);
bool read_said(struct bytes note, struct arena *a, struct said *out, struct err *e);
/* By `<slug>/acts`, or `<slug>/recovery` for a revocation. */
bool said_signed(const struct said *s, const struct sign_public *acts,
                 const struct sign_public *recovery);
bool body_is(const struct said *s, struct bytes payload);

/* Who cosigned a head, what that means, and which lines are wrong; true if a mirror did. */
bool say_cosigners(struct verifying *v, struct bytes about, const struct signed_text *note,
                   const struct holder *holders, size_t n, struct bytes author);
/* A `.tlog-proof`. */
struct offered {
    uint64_t index;
    struct hash hash[64];
    size_t n;
    struct bytes whole; /* the note */
    struct signed_text note;
    struct head head;
};
bool read_proof(struct bytes in, struct offered *out);
/* All but the note, which stays as it is in `whole`. */
bool read_path_of(struct bytes in, struct offered *out);
void verify_act(struct verifying *v, struct item *act);
void verify_heads(struct verifying *v, struct item *evidence);
void verify_two_acts(struct verifying *v, struct item *evidence);
void verify_log(struct verifying *v, struct item *log);
bool read_agreement(struct verifying *v, struct bytes json, struct holder *holders, size_t *n,
                    struct err *e);

#endif
