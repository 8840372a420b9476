/* record: one agreement on this node's disk: the document, one log per party, and what follows.
 *
 * Our own log we write; the others' we mirror. Everything a party says is an act in its log, with
 * its payload beside it; nothing is signed or cosigned before it is durable; and nothing is taken
 * in that does not fit the tree which its owner signed and we have seen grow.
 *
 *     struct record *r = record_open(&options, "node/agreements", id, &e);
 *     record_append(r, &draft, 1, &placed, &e);                 // say something
 *     record_piece_make(r, self, them, from, 0, most, a, &piece, &e);  // what a peer lacks
 *     record_piece_take(r, their_slug, piece, &taken, &e);      // what a peer says
 *     record_cosign(r, their_slug, a, &note, &e);               // "I hold it, at this time"
 *     record_close(r);
 *
 * Threads: one thread at a time writes (append, share, piece_take, cosign, take_cosigned, fence,
 * index, erase); any thread may read meanwhile. After ERR_IO from a writer the record refuses
 * all writing until it is opened anew: the process should end and recover.
 *
 * On disk, below <dir>/<agreement id>/:
 *     agreement.json          the first version's canonical bytes
 *     <slug>/segments/        acts, payloads, heads: the log, the only thing that cannot be rebuilt
 *     <slug>/log/             checkpoint, tile/...: C2SP tlog-tiles, for any web server; derived
 *     index/                  derived
 *     evidence/               proofs of misbehaviour
 *     fence                   which disk this is
 */
#ifndef ENTENTE_RECORD_H
#define ENTENTE_RECORD_H

#include "base/diag.h"
#include "base/workers.h"
#include "record/agreement.h"

struct record;

struct record_options {
    const struct os *os;
    const struct diag *diag;    /* may be NULL */
    struct workers *workers;    /* to verify and sign on several threads; may be NULL */
    const struct keyring *keys; /* NULL: nothing can be said or cosigned */
    struct bytes self;          /* our slug; empty: we are not a party */
    bool memory_index;          /* simulations: no LMDB */
    uint64_t segment_bytes;     /* 0: the store's default */
};

/* Make the folder of an agreement (proposed, signed by nobody). Fine if it is there already. */
bool record_create(const struct record_options *o, const char *dir, const struct agreement *g,
                   struct err *e);
/* Open and recover. NULL: ERR_MISSING, ERR_DENIED (another process has it), ERR_PROOF (damage that
 * is not the torn end of a crash: the text names file and byte), ERR_IO. */
struct record *record_open(const struct record_options *o, const char *dir, const char *id,
                           struct err *e);
void record_close(struct record *r); /* NULL is fine */

/* ---- what is agreed ---- */

enum record_stage {
    STAGE_PROPOSED, /* not every party's log begins with it yet */
    STAGE_IN_FORCE,
    STAGE_WITHDRAWN, /* a withdrawal's notice has passed */
};

struct record_state {
    enum record_stage stage;
    const struct agreement *agreement; /* the version in force (the first, while proposed) */
    bool signed_by[LIMIT_PARTIES];     /* which parties' logs begin with it */
    struct bytes suspended[32];        /* clauses */
    size_t suspended_n;
    struct bytes withdrawing;          /* slug of who announced it, or empty */
    int64_t withdrawn_from;            /* seconds; 0: not cosigned yet, so no time is known */
    const struct agreement *amendment; /* proposed and not yet signed by all, or NULL */
    bool amended_by[LIMIT_PARTIES];
};
/* `now` decides only about a withdrawal's notice. Views last until the next write. */
void record_state(const struct record *r, int64_t now, struct record_state *out);
const struct agreement *record_agreement(const struct record *r);
const char *record_id(const struct record *r);
struct bytes record_self(const struct record *r);
/* The key of a party and role that counts at an index of its log (rotations, revocations).
 * NULL: no such party. SIZE: UINT64_MAX is "now". */
const struct sign_public *record_key(const struct record *r, struct bytes slug, enum key_role role,
                                     uint64_t index);

/* ---- heads ---- */

struct record_head {
    uint64_t size;     /* entries we hold */
    struct hash root;  /* of these */
    uint64_t seen;     /* size of the newest head of its owner that we know; at least `size` */
    struct bytes note; /* that head as its owner signed it; empty: none */
    uint64_t cosigned; /* the largest size that another party has cosigned as mirror */
    int64_t cosigned_at;
    uint32_t parts; /* of the act at `size`, how many lists are here already */
    bool stopped;   /* the owner has been convicted: nothing more is taken from it */
};
bool record_head(const struct record *r, struct bytes slug, struct arena *a,
                 struct record_head *out, struct err *e);

/* ---- saying something ---- */

struct record_draft {
    struct bytes kind;
    struct bytes tlp; /* or empty */
    struct bytes to[LIMIT_PARTIES];
    size_t to_n; /* 0: all */
    struct hash refs[ACT_REFS];
    size_t refs_n;
    struct bytes media_type; /* empty: no payload */
    struct bytes payload;
    bool salted; /* hide the digest of a payload that could be guessed */
};

struct record_placed {
    uint64_t index;
    struct hash text_hash; /* how other acts refer to it */
};

/* Gate, sign, commit: durable when it returns true. One sync, however many drafts. ERR_DENIED: the
 * clause; or the fence (see below). */
bool record_append(struct record *r, const struct record_draft *drafts, size_t n,
                   struct record_placed *placed, struct err *e);
/* Open our log with the agreement: our signature under it. */
bool record_sign(struct record *r, struct err *e);
/* Propose or accept an amendment (a document whose `amends` fits): our signature under it. */
bool record_amend(struct record *r, struct bytes canonical, struct err *e);
/* Change a key of ours in this log: signed by both. From the next index on only the new one
 * counts. `fresh` takes over as soon as it has returned true. */
bool record_rotate(struct record *r, enum key_role role, const struct sign_key *old,
                   const struct sign_key *fresh, struct err *e);
/* Revoke a key by the recovery key: acts from `first_bad` on that it signed are in doubt, and
 * from here on `fresh` counts. */
bool record_revoke(struct record *r, enum key_role role, uint64_t first_bad,
                   const struct sign_key *recovery, const struct sign_key *fresh, struct err *e);

/* Share many objects with one act: one digest per object, lists of at most RECORD_PART_OBJECTS or
 * RECORD_PART_BYTES. Memory stays flat. */
#define RECORD_PART_OBJECTS 4096
#define RECORD_PART_BYTES ((size_t)1 << 20)
struct record_share;
struct record_share *record_share_open(struct record *r, struct err *e);
/* One canonical object that the gate has passed. tlp: a tlp_rank, at least as strict as the
 * object's own marking; the list carries it, so that an object keeps its bytes. */
bool record_share_add(struct record_share *s, struct bytes object, struct bytes id, int tlp,
                      struct err *e);
/* The act. `draft` gives kind, tlp, to, refs. */
bool record_share_commit(struct record_share *s, const struct record_draft *draft,
                         struct record_placed *placed, struct err *e);
void record_share_close(struct record_share *s); /* without commit: nothing was said */

/* ---- fence: a restored backup must not sign ---- */

enum record_fence {
    FENCE_OK,     /* the disk we left, or a counterparty has confirmed that nothing is missing */
    FENCE_UNSURE, /* a copied or restored folder: a counterparty must confirm first */
    FENCE_BEHIND, /* a counterparty holds more of our log than we do: we must not sign */
};
enum record_fence record_fence(const struct record *r);
/* What a counterparty (or witness) holds of our log: the note it has last cosigned or mirrored, or
 * empty if it holds nothing. Decides the fence. ERR_PROOF: the note is not ours, or proves a fork.
 */
bool record_fence_confirm(struct record *r, struct bytes note, struct err *e);
/* The owner insists that this disk is right though nobody can confirm it. What follows is proof
 * against the owner if it is wrong. */
bool record_fence_force(struct record *r, struct err *e);

/* ---- pieces: what passes between nodes ---- */

#define RECORD_PIECE_BYTES ((size_t)8 << 20) /* what we aim at */
#define RECORD_PIECE_MOST                                                                          \
    ((size_t)48 << 20) /* what we take: one object of the largest size fits                        \
                        */

/* Acts of `slug`'s log from index `from` on as `reader` may see them, with the proof that they are
 * the beginning of the head that follows. parts: lists of the first act that the reader has. */
bool record_piece_make(struct record *r, struct bytes slug, struct bytes reader, uint64_t from,
                       uint32_t parts, size_t most, struct arena *a, struct bytes *out,
                       struct err *e);

struct record_taken {
    uint64_t size;  /* held afterwards */
    uint32_t parts; /* of the next act */
    uint64_t seen;  /* the owner's head */
    uint64_t acts, objects;
    bool complete;      /* size == seen */
    char evidence[256]; /* file name of a proof of misbehaviour that this piece made, or empty */
};
/* Verify and store a piece of another's log (or of our own, to recover from a counterparty what
 * a lost disk held). ERR_PEER, ERR_PROOF: nothing was stored. ERR_LIMIT: quota. */
bool record_piece_take(struct record *r, struct bytes slug, struct bytes piece,
                       struct record_taken *out, struct err *e);
/* A checkpoint seen elsewhere (a witness, gossip): compared with what we hold. False with ERR_PROOF
 * and evidence if it convicts. */
bool record_compare(struct record *r, struct bytes slug, struct bytes note, char evidence[256],
                    struct err *e);
/* Acts of `slug` that we hold against those of a piece from elsewhere, from an index below ours:
 * the first that differs under one sequence number is evidence. ERR_MISSING: none differs. */
bool record_convict_piece(struct record *r, struct bytes slug, struct bytes piece,
                          char evidence[256], struct err *e);
/* A file of evidence made elsewhere: two acts with one sequence number (record/evidence.h), or
 * heads that contradict each other (tlog/evidence.h). */
bool record_convict(struct record *r, struct bytes slug, struct bytes file, char evidence[256],
                    struct err *e);

/* ---- cosignatures ---- */

/* Our mirror and witness cosignatures on the head of another's log that we hold whole: the note
 * with these lines. Stored before it is returned. ERR_MISSING: we do not hold all of a head. */
bool record_cosign(struct record *r, struct bytes slug, struct arena *a, struct bytes *note,
                   struct err *e);
/* A note of our own log's head with others' cosignatures: checked and kept. *news: they tell us
 * something new. ERR_PROOF: a signature is wrong; ERR_PEER: not our log. */
bool record_take_cosigned(struct record *r, struct bytes note, bool *news, struct err *e);
/* The last note that we cosigned of this log, or that others cosigned of ours; empty: none. */
bool record_cosigned(struct record *r, struct bytes slug, struct arena *a, struct bytes *note,
                     struct err *e);

/* ---- dates: all cosignatures that we ever learned of ----
 *
 * Others' dated signatures over a log are what dates its acts, so every node keeps all of them, of
 * every log, and nodes give each other what they hold. Of one signer and size the first and the
 * last in time decide; what lies between is not kept.
 */

struct record_cosignature {
    uint16_t
        signer;  /* a party by its place in the agreement; from parties_n on outside witnesses, in
                  * the order in which its versions name them: the same number at every node */
    bool mirror; /* "I hold it" */
    uint64_t size;
    int64_t time; /* seconds */
};

struct record_dated {  /* a note as kept: a checkpoint of the log with one cosignature or more */
    uint64_t place;    /* ask from here for what came after it */
    struct bytes note; /* its owner's signature is not in it */
    const struct record_cosignature *line; /* in the order of the note's lines */
    size_t n;
};
/* All that was kept of a log's cosignatures, in the order in which we learned of them, from a place
 * on (0: all). `each` says whether to go on; no lock is held while it runs. */
bool record_cosignatures(struct record *r, struct bytes slug, uint64_t from,
                         bool (*each)(void *self, const struct record_dated *d), void *self,
                         struct err *e);
/* Notes of a log's checkpoints with cosignatures: every line is verified, and the root is compared
 * with the tree that we hold. What is new is kept, in one commit; *news: how many lines. A note
 * that is wrong, or of another log, is passed over. *done: how many notes were looked at; less than
 * n if one is of a head beyond what we hold. */
bool record_take_dates(struct record *r, struct bytes slug, const struct bytes *notes, size_t n,
                       size_t *done, unsigned *news, struct err *e);
/* Cosign again a head that has not changed, so that time passes for what is in it. The note has our
 * two new lines. ERR_MISSING: we do not hold all of a head. */
bool record_cosign_again(struct record *r, struct bytes slug, struct arena *a, struct bytes *note,
                         struct err *e);
/* Cosigned notes of another's log as somebody shows them: what we signed there ourselves, which a
 * restored disk may have forgotten, is the time before which we sign nothing more. On disk when it
 * returns. Notes that are wrong, or of another log, are passed over. */
bool record_remember_times(struct record *r, struct bytes slug, const struct bytes *notes, size_t n,
                           struct err *e);
/* The newest time of our own cosignatures on a log; 0: none. */
int64_t record_last_cosign(struct record *r, struct bytes slug);

/* The newest time at which anybody else has signed any of these logs: no right clock is earlier. */
bool record_newest_time(struct record *r, int64_t *seconds, struct err *e);

/* The versions of the agreement that all have signed, in order. */
struct record_version {
    struct bytes bytes; /* canonical JSON */
    struct hash digest;
    int64_t from; /* seconds: when the last of the signatures under it was cosigned. The first: 0;
                   * INT64_MAX: not dated yet */
};
bool record_versions(struct record *r, struct arena *a, struct record_version **out, size_t *n,
                     struct err *e);

/* ---- reading ---- */

/* Acts that are neither shares nor about the agreement itself (requests, claims, what is said on
 * them), in the log's order from an index on, with their payloads; empty: none, withheld, or
 * erased. `each` says whether to go on; no lock is held while it runs. */
bool record_said(struct record *r, struct bytes slug, uint64_t from,
                 bool (*each)(void *self, const struct act *act, struct bytes payload), void *self,
                 struct err *e);

/* Where the acts about the agreement itself and about keys stand in a log, ascending. */
bool record_changes(struct record *r, struct bytes slug, struct arena *a, uint64_t **out, size_t *n,
                    struct err *e);
/* The act at an index; ERR_MISSING: not addressed to us, or not there. */
bool record_act(struct record *r, struct bytes slug, uint64_t index, struct arena *a,
                struct act *out, struct err *e);
/* The act of a text hash (or of a unique prefix of it in hex). */
bool record_find(struct record *r, struct bytes hex_prefix, struct arena *a, struct act *out,
                 struct err *e);
/* The payload of an act. ERR_MISSING: withheld or erased. */
bool record_payload(struct record *r, const struct act *act, struct arena *a, struct bytes *out,
                    struct err *e);

struct record_object {
    struct bytes slug;  /* who shared it */
    uint64_t act;       /* index of the act */
    struct bytes id;    /* STIX id */
    struct bytes bytes; /* canonical JSON; empty if erased or withheld */
    struct hash sha256;
    int tlp;
    bool revoked; /* by an act of its sharer */
};
/* All objects of one act (also of a single-object act), in order; `each` says whether to go on. */
bool record_objects_of(struct record *r, struct bytes slug, uint64_t act,
                       bool (*each)(void *self, const struct record_object *o), void *self,
                       struct err *e);
/* All versions of an id that anybody shared, oldest first. */
bool record_object(struct record *r, struct bytes id,
                   bool (*each)(void *self, const struct record_object *o), void *self,
                   struct err *e);
/* Bring the index and the static files up to date (after large writes; reading does it too). */
bool record_index(struct record *r, struct err *e);
/* Drop all that is derived and make it again from the segments. */
bool record_rebuild(struct record *r, struct err *e);
/* Erase the bytes of an object or payload by digest; its hash stays for ever. */
bool record_erase(struct record *r, const struct hash *sha256, struct err *e);

/* ---- proving ---- */

/* A `.tlog-proof` that the act at `index` is in the log, under the smallest head that others have
 * cosigned and that has it (or the newest head of all, if nobody has). */
bool record_prove(struct record *r, struct bytes slug, uint64_t index, struct arena *a,
                  struct bytes *file, struct err *e);
/* That the log of `size` entries begins with that of `old_size` (0 < old_size < size, both held):
 * the hashes of RFC 9162 section 2.1.4. */
bool record_prove_growth(struct record *r, struct bytes slug, uint64_t old_size, uint64_t size,
                         struct arena *a, struct tlog_proof *out, struct err *e);
/* The tlog-policy that a stranger needs: the log's key, and a quorum of all other parties' mirrors.
 */
bool record_policy(const struct record *r, struct bytes slug, struct arena *a, struct bytes *out,
                   struct err *e);
/* The interval in which an act was appended, from cosignatures: *after 0 and *before INT64_MAX
 * where nothing is known. */
bool record_bracket(struct record *r, struct bytes slug, uint64_t index, int64_t *after,
                    int64_t *before, struct err *e);
/* Write one whole log as a file that `entente verify` reads: the pieces' own format. */
bool record_export(struct record *r, struct bytes slug, const char *path, struct err *e);

/* What the disk was asked for since opening: for tests that count syncs. */
struct record_counts {
    uint64_t commits, syncs;
};
struct record_counts record_counts(const struct record *r);

#endif
