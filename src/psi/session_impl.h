/* What the two roles of a run share. */
#ifndef ENTENTE_PSI_SESSION_IMPL_H
#define ENTENTE_PSI_SESSION_IMPL_H

#include "psi/cot.h"
#include "psi/okvs.h"
#include "psi/plan.h"
#include "psi/psi.h"
#include "psi/tags.h"
#include "psi/vole.h"

#include <assert.h>

/* Frames: type, three zero bytes, length (big endian), body. doc/formats/psi.md, section 3. */
#define FRAME_HEADER 8
enum frame {
    FRAME_HELLO = 1,
    FRAME_OFFER,       /* S: base OT points */
    FRAME_POINT,       /* R: its base OT point; crosses the offer */
    FRAME_NONCE,       /* S: opens its nonce */
    FRAME_TREES,       /* R: opens its nonce; trees of the transfers */
    FRAME_CORRECTIONS, /* R: blocks of transfers */
    FRAME_CHECK,       /* R: their check; opens its coin */
    FRAME_COIN,        /* S: opens its coin */
    FRAME_CHUNK,       /* S: a bin's VOLE message */
    FRAME_COLUMNS,     /* R: a bin's answer and masked columns */
    FRAME_SHARE,       /* R: its share of the last mask */
    FRAME_PROOF,       /* S: opens its share; proves its VOLE checks */
    FRAME_HIGH,        /* S: the reply's unary part */
    FRAME_TAGS,        /* S: the reply's low bits */
    FRAME_VERDICT,     /* R: it has its result */
    FRAME_ABORT = 127, /* either: a reason class */
};

#define HELLO_BYTES 156
#define BLOCKS_PER_FRAME 128               /* corrections: 30 KB, so that both work at once */
#define HIGH_PER_FRAME ((size_t)1 << 19)   /* bytes of the unary part */
#define OUT_BYTES ((size_t)3 << 20)        /* two frames of columns, and room */
#define CHUNKS_AHEAD 2                     /* bins the sender prepares before columns come */
#define ITEMS_PER_STEP ((uint64_t)1 << 16) /* of hashing and sorting */

struct items {                                  /* a set under a session's salt, sorted by bins */
    struct aes_key first, second, dense, value; /* salted: digest, row key, value */
    uint64_t n, bins;
    struct gf128 *hash; /* by bins, and within by number */
    uint32_t *number;   /* in the caller's set */
    uint64_t *start;    /* per bin, and the end; while placing, how many are there */
    uint64_t slot;      /* room for one bin: until a bin is used, number b begins at b * slot */
    uint64_t done;      /* items placed */
    bool dropped;
    uint32_t *kept; /* numbers that remain if doubles had to go first */
    uint64_t set_n;
};

/* A phase of a role: what may arrive, and what to do. */
struct psi;
struct phase {
    enum psi_stage stage;
    uint8_t expects;                     /* a frame type; 0: nothing yet */
    size_t (*size)(const struct psi *p); /* the one length it may have */
    bool (*take)(struct psi *p, struct bytes body, struct err *e);
    /* Room in the output that `take` wants; NULL: none to speak of. */
    size_t (*answers)(const struct psi *p);
    /* Work to do before (or instead of) reading. *busy: there is more of it. */
    bool (*work)(struct psi *p, bool *busy, struct err *e);
};

enum { COMMIT_NONCE, COMMIT_COIN, COMMIT_SHARE, COMMITS };

struct psi {
    struct psi_options o;
    const struct os *os;
    struct psi_kernels k;
    struct psi_plan plan;
    const struct phase *phase, *last;
    struct psi_set *set;
    struct err failure;
    enum psi_reason reason;
    bool over, done;
    uint64_t peer_declared;

    /* wire */
    struct arena *wire;
    uint8_t header[FRAME_HEADER];
    size_t header_n, body_n, body_at;
    uint8_t *body; /* room for the largest frame of the run, and 32 bytes behind */
    size_t body_room;
    bool body_ready;
    uint8_t *out;
    size_t out_at, out_n;
    struct transcript said[2]; /* frames of receiver and sender */
    uint64_t bytes_in, bytes_out;
    int64_t moved_us, coin_us; /* last progress of the peer; when the salt was known */

    /* coins */
    uint8_t secret[COMMITS][32], peer_commit[COMMITS][32], peer_secret[COMMITS][32];
    uint8_t sid[32], salt[32], mask[32];

    /* both roles */
    struct arena *keys;  /* secret: transfers, VOLE, scratch of bins */
    struct arena *lists; /* secret: hashed items, decoded values */
    struct arena *reply; /* secret: sorted tags, the peer's reply */
    struct cot *cot;
    struct vole vole;
    struct items items;
    struct gf128 *transfers, *bits; /* q, or t and b */
    size_t blocks;                  /* of transfers, done */
    struct gf128 *values;           /* decoded, then tags; in the order of items */
    void *room;                     /* secret: that of the digests; values, then sorted tags */
    size_t room_size;
    uint64_t bin, bins_sent;
    struct transcript proofs; /* VOLE check values in order */
    struct tags tags;
    uint64_t sorted;           /* buckets */
    uint64_t replied, high_at; /* tags, bytes of the unary part */
    uint8_t *high;
    uint64_t duplicates;
    uint64_t peak;
    struct gf128 *scratch[3]; /* per bin: row keys, values, sums */
    okvs_row *rows;

    /* receiver */
    struct ot_offerer offerer;
    uint8_t (*pairs)[2][32];
    struct okvs_encoder *encoder;
    struct gf128 *a, *c, *table;
    struct aes_key noise; /* free columns */
    struct tags_reader reader;
    uint64_t merge_at, merge_bucket;
    struct gf128 *part;
    uint64_t *found; /* a bit per number of our set */
    uint32_t *matches;
    uint64_t matches_n, canaries, foreign;

    /* sender */
    struct ot_chooser *chooser;
    uint8_t delta[16];
    struct gf128 *ahead[CHUNKS_AHEAD], half[CHUNKS_AHEAD];
    uint8_t seed[16];
};

extern const struct phase psi_receiver_phases[], psi_sender_phases[];

/* Room for a frame in the output, or NULL: then wait until some is sent. psi_frame_end hashes
 * what was put there and queues it. */
uint8_t *psi_frame(struct psi *p, enum frame type, size_t body);
void psi_frame_end(struct psi *p, enum frame type, size_t body);
bool psi_frame_room(const struct psi *p, size_t body);
/* A small frame at once; the output must have room (it always has for the handshake's). */
void psi_say(struct psi *p, enum frame type, struct bytes body);
void psi_next_phase(struct psi *p);
/* The hash of all frames of both so far. */
void psi_messages(const struct psi *p, struct hash *out);

/* session_common.c */
size_t psi_hello_size(const struct psi *p);
bool psi_take_hello(struct psi *p, struct bytes body, struct err *e);
void psi_put_hello(struct psi *p);
bool psi_open_commit(struct psi *p, unsigned which, const uint8_t value[32], struct err *e);
void psi_make_salt(struct psi *p);
void psi_make_mask(struct psi *p);
/* What a role needs beyond the wire; taken while the peer computes. */
bool psi_prepare(struct psi *p, struct err *e);
void psi_key_of(const uint8_t secret[32], const char *label, const char *what, uint64_t n,
                uint8_t *out, size_t size);
bool psi_fail(struct psi *p, enum psi_reason reason, struct err *e);
/* Tags of all values, in place. Slices: from, to. */
void psi_make_tags(struct psi *p, uint64_t from, uint64_t to);
void psi_cut_tag(const struct psi_plan *plan, struct gf128 *tag);
void psi_note_memory(struct psi *p);

/* set.c: room for a few more items of our own; and the digests' memory when the set has
 * served (values overwrite it, and it is wiped in the end): fresh pages cost more than all else
 * that is done with them. */
void psi_set_widen(struct psi_set *s);
void *psi_set_take(struct psi_set *s, size_t *size);

/* items.c */
bool psi_items_room(struct psi *p, struct err *e); /* for the set as it is, and canaries */
bool psi_items_init(struct psi *p, struct err *e);
uint64_t psi_items_slot(const struct psi *p);
bool psi_items_work(struct psi *p, bool *busy, struct err *e);
/* Rows, keys and values of a bin's items into p->rows, scratch[0], scratch[1]; how many. Bins in
 * order, each once. */
size_t psi_items_bin(struct psi *p, uint64_t bin, uint64_t *first);
bool psi_items_scratch(struct psi *p, struct err *e);

#endif
