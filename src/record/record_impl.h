/* What the files of record share; nobody else includes it. */
#ifndef ENTENTE_RECORD_IMPL_H
#define ENTENTE_RECORD_IMPL_H

#include "base/buf.h"
#include "base/reader.h"
#include "base/text.h"
#include "record/record.h"
#include "store/store.h"
#include "tlog/tlog.h"

#include <pthread.h>

/* Kinds of records in a log's segments. Objects stand before the list that names them, and lists
 * and payloads before their act. */
enum {
    SEG_ACT = 1,  /* an act note */
    SEG_ENTRY,    /* the 32-byte entry of an act that is not for us */
    SEG_PAYLOAD,  /* an act's payload, if it is not a list of objects */
    SEG_PART,     /* a list of objects; its objects stand directly before it */
    SEG_OBJECT,   /* a canonical STIX object */
    SEG_WITHHELD, /* in an object's place: the 32-byte digest of bytes we were not given */
    SEG_COSIGNED, /* a checkpoint note of this log with cosignatures */
    SEG_DATED,    /* a checkpoint of this log with cosignatures that were news when they came */
};

/* Tables of the index. `tag` is 4 bytes of SHA-256(slug); numbers are big endian. */
enum {
    T_ACT,      /* tag index -> position */
    T_TEXT,     /* first 16 bytes of the text hash -> tag index */
    T_PAYLOAD,  /* tag, first 16 bytes of the digest -> kind, position, positions of its objects */
    T_OBJECT,   /* first 8 bytes of SHA-256(id), tag, position -> position of its list, or 0 */
    T_SPECIAL,  /* tag index -> position: acts that the state is a fold of */
    T_COSIGNED, /* tag size position -> nothing */
    T_REVOKED,  /* first 8 bytes of SHA-256(id), tag, index -> nothing */
    T_SAID,     /* tag index -> position, position of its payload or 0: acts of cases */
    T_DATED,    /* tag position -> nothing */
    TABLES
};

/* One key of a role: from which index (acts) or size (checkpoints) on. */
struct key_span {
    uint64_t from;
    struct sign_public key;
};
#define KEY_SPANS 64
struct key_history {
    struct key_span span[KEY_ROLES][KEY_SPANS];
    size_t n[KEY_ROLES];
    /* Revocations: acts from `first_bad` up to the revocation are in doubt. */
    struct {
        enum key_role role;
        uint64_t first_bad, at;
    } revoked[KEY_SPANS];
    size_t revoked_n;
};

/* What one signer signed at one size of a log, first and last. */
struct dated_size {
    uint64_t size;
    int64_t first, last;
    uint32_t n;
};

struct dated_signer {
    struct dated_size *list; /* by size; times do not go back */
    size_t n, cap;
    uint16_t who;
    bool mirror;
};

struct dates {
    bool loaded;
    struct dated_signer *signers;
    size_t n;
};

struct log {
    struct bytes slug;
    char origin[ORIGIN_MAX];
    char *dir; /* .../<slug> */
    uint8_t tag[4];
    struct segments *seg;
    /* What the last batch's note says. */
    struct tlog_tree tree;  /* what we hold */
    bool prev_known;        /* false: the last act is not for us */
    struct hash prev;       /* its text hash */
    uint32_t parts;         /* lists of the next act that are here already ... */
    struct hash pending;    /* ... of the act with this text hash */
    struct checkpoint head; /* the owner's newest; size 0: none */
    uint8_t *note;          /* as it signed it */
    size_t note_n;
    uint64_t cosigned; /* largest size that another party's mirror has cosigned */
    int64_t cosigned_at;
    int64_t last_cosign; /* our own newest cosignature's time: they never go back */
    bool stopped;        /* its owner is convicted */
    size_t changes;      /* acts in it that the state is a fold of */
    /* Derived. */
    struct key_history keys;
    struct arena *tiles_arena, *stage_arena, *read_arena;
    struct staged *staged; /* tiles that wait for a commit */
    bool unpublished;      /* the files are behind */
    int64_t published_at;  /* ticks */
    struct tlog_builder *builder;
    uint8_t bundle[TLOG_TILE_WIDTH * 34]; /* the entries of the unfinished bundle */
    uint64_t taken_day, taken_bytes;      /* quota */
    struct dates dates;
};

/* A version that all have signed, and by which acts. */
struct version_place {
    const struct agreement *g;
    uint64_t seq[LIMIT_PARTIES];
};

struct record {
    struct record_options o;
    char *dir, *evidence_dir;
    struct arena *arena; /* lives as long as the record */
    struct agreement first;
    const struct agreement *now;       /* the version in force */
    const struct agreement *amendment; /* proposed */
    bool amended_by[LIMIT_PARTIES];
    struct arena *state_arena;
    struct version_place *versions; /* in the state's arena, like what follows; the first first */
    size_t versions_n;
    const struct agreement_witness **outsiders; /* of all versions */
    size_t outsiders_n;
    struct record_state state;
    struct log *logs;
    size_t logs_n;
    struct log *own; /* NULL: we are not a party */
    struct index *index;
    uint64_t unindexed; /* bytes committed since the index was brought up to date */
    enum record_fence fence;
    const struct sign_key *head_key; /* signs heads while the key itself is being changed */
    bool poisoned;
    struct record_counts counts;
    pthread_mutex_t lock; /* recursive; guards all of the above */
};

void record_lock(const struct record *r);
void record_unlock(const struct record *r);

/* ---- log.c: one party's log on disk ---- */

struct log *log_of(const struct record *r, struct bytes slug);
bool log_open(struct record *r, struct log *l, struct err *e);
void log_close(struct log *l);
/* Leaves that a batch adds, with the entries for their bundle. */
bool log_add_entry(struct log *l, const struct hash *entry, struct err *e);
/* End the batch: note, one write, one sync. Poisons the record on failure. */
bool log_commit(struct record *r, struct log *l, struct err *e);
/* Give up what was appended since the last commit; the tree goes back to `tree`. */
void log_discard(struct log *l, const struct tlog_tree *tree);
bool log_set_head(struct log *l, const struct checkpoint *c, struct bytes note, struct err *e);
/* Append a cosigned note (without committing). */
bool log_keep_cosigned(struct record *r, struct log *l, struct bytes note, struct err *e);
/* Sign the tree as it is: its root computed a second time, from the entries. */
bool log_sign_head(struct record *r, struct log *l, struct arena *a, struct err *e);
/* The tree's hashes, from the tiles on disk. */
bool log_source(struct record *r, struct log *l, uint64_t size, struct arena *a,
                struct tlog_source *out, struct err *e);
bool log_keys_for(const struct log *l, enum key_role role, uint64_t at, struct note_key *out,
                  struct err *e);

/* ---- tiles.c: the derived files ---- */

bool tiles_open(struct record *r, struct log *l, struct err *e);
/* Before a commit: grow the second tree by these entries; what it writes waits. After a failure the
 * record must be opened anew. */
bool tiles_stage(struct log *l, const struct hash *entries, size_t n, struct err *e);
/* After the commit: write what waits, and the head, unless that was done a moment ago. Failures are
 * only said. */
void tiles_publish(struct record *r, struct log *l);
/* Write it now. */
void tiles_settle(struct record *r, struct log *l);
bool tiles_rebuild(struct record *r, struct log *l, struct err *e);

/* ---- keys.c ---- */

void keys_start(struct key_history *h, const struct agreement_party *p);
const struct sign_public *keys_at(const struct key_history *h, enum key_role role, uint64_t at);
/* Apply a key.rotate or key.revoke act. False: it is not valid and changes nothing. */
bool keys_apply(struct key_history *h, const char *origin, const struct act *act,
                struct bytes payload, struct arena *a, struct err *e);
/* Is the act's signer in doubt because its key was revoked? */
bool keys_statement(const char *origin, enum key_role role, const struct sign_public *old,
                    const struct sign_public *fresh, struct arena *a, struct bytes *out,
                    struct err *e);
bool keys_in_doubt(const struct key_history *h, uint64_t index);
/* Which role signs an act of this kind. */
enum key_role keys_signer(struct bytes kind);

/* ---- state.c: the fold ---- */

bool state_fold(struct record *r, struct err *e);
/* Again, if a withdrawal waits for a cosignature to tell its time. */
bool state_fold_if_waiting(struct record *r, struct err *e);
bool state_is_special(struct bytes kind);

/* ---- fence.c ---- */

bool fence_start(struct record *r, struct err *e);
bool fence_keep(struct record *r, struct err *e);
bool fence_allows(const struct record *r, struct err *e);
/* Somebody has shown that they hold what we do not. */
bool fence_behind(struct record *r, struct err *e);

/* ---- append.c ---- */

bool append_commit(struct record *r, const struct act *acts, const struct bytes *payloads, size_t n,
                   struct arena *a, struct err *e);
bool append_as(struct record *r, const struct record_draft *drafts, size_t n,
               const struct sign_key *key, enum key_role role, struct record_placed *placed,
               struct err *e);

/* ---- lists.c
 * ------------------------------------------------------------------------------------------------
 */

struct list_line {
    struct hash sha256;
    uint64_t size;
    int tlp;         /* lists of objects */
    struct bytes id; /* lists of objects */
    uint64_t count;  /* lists of lists: objects in the list */
};
/* The next line of a list of objects / of lists. False at the end or, with *e set, if malformed. */
bool list_next(struct bytes *rest, bool of_lists, struct list_line *out, struct err *e);
/* As what a payload of this type is stored. */
uint8_t media_segment(struct bytes media_type);

/* ---- peek.c ---- */

/* The id, type and TLP (a tlp_rank) of a canonical STIX object: what json_parse_canonical and
 * stix_read say, mostly without the work. Views into `object`. ERR_INPUT if it is none. */
bool object_peek(struct bytes object, struct bytes *id, struct bytes *type, int *tlp,
                 struct err *e);

/* ---- reading
 * -------------------------------------------------------------------------------------------------
 */

bool index_attach(struct record *r, struct err *e); /* open it, as far as it was applied */
bool index_start(struct record *r, struct err *e);
bool index_fresh(struct record *r, struct err *e); /* index what is committed */
bool index_again(struct record *r, struct err *e); /* from nothing */
bool find_act(struct record *r, struct log *l, uint64_t index, uint64_t *position, struct err *e);
/* ERR_MISSING: not here. positions: views into the index, valid until the snapshot closes. */
struct payload_place {
    uint8_t kind;
    uint64_t position;
    size_t objects;
    uint64_t *object; /* positions, in the arena */
};
bool find_payload(struct record *r, struct log *l, const struct hash *sha256, struct arena *a,
                  struct payload_place *out, struct err *e);
bool find_payload_in(struct index_snapshot *v, struct log *l, const struct hash *sha256,
                     struct arena *a, struct payload_place *out, struct err *e);
bool read_at(struct log *l, uint64_t position, uint8_t kind, struct arena *a, struct bytes *out,
             struct err *e);
bool read_act(struct record *r, struct log *l, uint64_t index, struct arena *a, struct act *out,
              struct err *e);

/* ---- piece.c ---- */

/* What one piece says, as views into it. */
struct piece {
    uint64_t from;
    uint32_t parts;    /* lists of the first act that the reader has */
    uint64_t acts;     /* whole acts */
    struct bytes head; /* checkpoint note; empty: the log is empty */
    struct tlog_proof proof;
    struct bytes frames;
};
enum {
    FRAME_ACT = 1,
    FRAME_ENTRY, /* 32 bytes: an act that is not for the reader */
    FRAME_PAYLOAD,
    FRAME_LIST,
    FRAME_OBJECT,
    FRAME_WITHHELD, /* no bytes: in the place of a payload, list or object */
};
struct frame {
    uint8_t kind;
    struct bytes bytes;
};
bool piece_parse(struct bytes in, struct piece *out, struct err *e);
/* Lists of the unfinished act at the end of a piece that a reader has when it has taken it, who had
 * `parts` of the first act; 0 if there is no unfinished act. */
uint32_t piece_parts(const struct piece *p, uint32_t parts);
bool frame_next(struct reader *r, struct frame *out); /* false at the end or when malformed */
void frame_put(struct buf *b, uint8_t kind, struct bytes bytes);

/* ---- cosign.c ---- */

/* A kept note of exactly this size; of the smallest from there; of the largest up to there.
 * ERR_MISSING: none. */
bool cosigned_at(struct record *r, struct log *l, uint64_t size, struct arena *a,
                 struct bytes *note, struct err *e);
bool cosigned_from(struct record *r, struct log *l, uint64_t least, struct arena *a,
                   struct bytes *note, struct err *e);
bool cosigned_until(struct record *r, struct log *l, uint64_t most, struct arena *a,
                    struct bytes *note, struct err *e);
/* The largest head of which we hold all; size 0 and an empty note if there is none. */
bool newest_whole_head(struct record *r, struct log *l, struct arena *a, struct checkpoint *c,
                       struct bytes *note, struct err *e);
/* Whose key: the numbers of struct record_cosignature. */
struct cosigner {
    uint16_t who;
    bool mirror;
};
/* who: NULL, or where as many places go. */
bool cosigner_keys(const struct record *r, struct bytes but, struct arena *a, struct note_key **out,
                   struct cosigner **who, size_t *n, size_t *mirrors, struct err *e);

/* ---- dates.c ---- */

struct dated_line {
    struct cosigner by;
    int64_t time;
    struct bytes line;
};
/* Append those lines that are news (without committing). text: the checkpoint's. ERR_PEER: a
 * signer's times go back. */
bool dates_keep(struct record *r, struct log *l, struct bytes text, uint64_t size,
                const struct dated_line *lines, size_t n, unsigned *news, struct arena *a,
                struct err *e);
/* When others first had signed for the act at an index, and last had not; INT64_MAX, 0. */
bool dates_bracket(struct record *r, struct log *l, uint64_t index, int64_t *after, int64_t *before,
                   struct err *e);
void dates_free(struct dates *d);

/* ---- evidence.c ---- */

struct seen_head {
    struct checkpoint c;
    struct bytes note;
};
/* Keep a file under evidence/, stop the log's owner, and say its name. */
bool evidence_keep(struct record *r, struct log *l, struct bytes file, char name[256],
                   struct err *e);
/* Make and keep the proof that this head (signed by the log's owner) and one that we hold
 * contradict each other. Always false: ERR_PROOF; `name` stays empty if there is no proof. */
bool evidence_of_heads(struct record *r, struct log *l, const struct checkpoint *c,
                       struct bytes note, struct arena *a, char name[256], struct err *e);

/* ---- small things ---- */

static inline void put_be64(uint8_t *p, uint64_t v)
{
    for (int i = 8; i-- > 0; v >>= 8)
        p[i] = (uint8_t)v;
}

static inline uint64_t get_be64(const uint8_t *p)
{
    uint64_t v = 0;

    for (int i = 0; i < 8; i++)
        v = v << 8 | p[i];
    return v;
}

bool record_writable(const struct record *r, struct err *e);
char *record_path(const struct record *r, struct arena *a, struct err *e, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
