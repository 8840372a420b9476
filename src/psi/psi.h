/* psi: which items do two lists have in common, and nothing else.
 *
 * Two machines, a receiver and a sender, are fed with each other's bytes; how the bytes travel
 * is the caller's affair. The receiver learns which of its items the sender has too. The sender
 * learns the receiver's (declared) size, and nothing else, even if it cheats; the receiver
 * learns the sender's (declared) size and the matches, even if it cheats. What that does not
 * give (a party may lie about its list) stands in doc/threat-model.md.
 *
 *     struct psi_set *set = psi_set_new(most, e);
 *     psi_set_add(set, item, e) ...                  // canonical bytes: see psi/normalise.h
 *     struct psi *p = psi_open(&options, set, e);    // takes the set
 *     for (;;) {
 *         switch (psi_step(p, e)) {                  // a slice of work, some ms
 *         case PSI_WORK:  continue;
 *         case PSI_SEND:  n = write(fd, psi_output(p)); psi_sent(p, n); continue;
 *         case PSI_READ:  psi_feed(p, what_read, &taken, e); continue;
 *         case PSI_DONE:  use psi_matches(p); ...
 *         case PSI_FAILED: e says why; psi_reason(p) is the class both sides see.
 *         }
 *     }
 *     psi_close(p);                                  // wipes
 *
 * psi_run (psi/stream.h) is that loop over a pair of callbacks. Protocol, parameters, formats:
 * doc/formats/psi.md. Sources: RR22 (ePrint 2022/320), RS21 (2021/266), ExConv (2023/882),
 * Half-Tree (2022/1431), SoftSpoken (2022/192), endemic OT (2019/706), Wolverine (2020/925).
 */
#ifndef ENTENTE_PSI_H
#define ENTENTE_PSI_H

#include "crypto/crypto.h"

/* ---- sets ------------------------------------------------------------------------------- */

struct psi_set;

/* The BLAKE2s-256 of an item's canonical bytes, personalised: what the protocol works on. */
struct psi_digest {
    uint8_t b[32];
};

/* A set of at most `most` items (LIMIT_PSI_ITEMS). NULL: ERR_LIMIT, ERR_NOMEM. */
struct psi_set *psi_set_new(uint64_t most, struct err *e);
void psi_set_free(struct psi_set *s); /* wiped; NULL is fine */
/* One item; its number is the count of those before it. Duplicates are allowed and found later.
 * False: ERR_LIMIT. */
bool psi_set_add(struct psi_set *s, struct bytes item, struct err *e);
/* The same with the digest already at hand. */
bool psi_set_add_digest(struct psi_set *s, const struct psi_digest *d, struct err *e);
uint64_t psi_set_size(const struct psi_set *s);
/* All digests, in order of addition: for commitments. Valid until the set grows or goes. */
const struct psi_digest *psi_set_digests(struct psi_set *s);

/* Which of k shards an item belongs to under a root salt: both parties split alike. */
unsigned psi_shard_of(const uint8_t salt[32], const struct psi_digest *d, unsigned shards);
/* The part of `s` in one shard, and the number in `s` of each of its items. NULL: as above. */
struct psi_set *psi_set_shard(struct psi_set *s, const uint8_t salt[32], unsigned shard,
                              unsigned shards, struct arena *a, const uint32_t **numbers,
                              struct err *e);

/* ---- a run ------------------------------------------------------------------------------ */

enum psi_role { PSI_RECEIVER = 1, PSI_SENDER = 2 };
/* The default is the one that holds against a cheating peer. */
enum psi_mode { PSI_MALICIOUS = 0, PSI_SEMI_HONEST = 1 };
/* The code under the silent VOLE: 7x24 is fast, 21x24 more conservative. */
enum psi_code { PSI_CODE_7X24 = 0, PSI_CODE_21X24 = 1 };

struct psi_options {
    enum psi_role role;
    enum psi_mode mode;
    enum psi_code code;
    uint64_t declared;   /* size shown to the peer, at least the set's; 0: the set's own */
    uint64_t peer_least; /* the peer's declared size must lie between these; */
    uint64_t peer_most;  /* 0: LIMIT_PSI_ITEMS */
    struct hash context; /* what else both must agree on: agreement, purpose, recipe, roots */
    unsigned deadline_s; /* the sender's patience with the masked encoding; 0: by size */
    unsigned stall_s;    /* silence of the peer in any stage; 0: 60 */
    size_t memory_most;  /* bytes; 0: what the two sizes need */
    const struct os *os; /* time and randomness; NULL: os_system() */
    uint32_t cpu;        /* CPU_* bits the kernels may use; see cpu_features() */
    bool cpu_given;      /* false: cpu_features() */
};

struct psi;

/* Takes `set`, also on failure. NULL: ERR_INPUT (options), ERR_LIMIT, ERR_NOMEM. */
struct psi *psi_open(const struct psi_options *o, struct psi_set *set, struct err *e);
void psi_close(struct psi *p); /* wipes; NULL is fine */

enum psi_next {
    PSI_WORK,   /* call psi_step again */
    PSI_SEND,   /* bytes are waiting in psi_output, and it goes on when they are gone */
    PSI_READ,   /* it goes on when the peer's bytes have been fed */
    PSI_DONE,   /* over; results are valid (send what psi_output still holds) */
    PSI_FAILED, /* over; no results (send what psi_output still holds: the reason class) */
};
enum psi_next psi_step(struct psi *p, struct err *e);
/* Give it the peer's bytes; it takes what it has room for (*taken may be less, and is 0 while
 * there is work to do first). False: the run is over, e says why. */
bool psi_feed(struct psi *p, struct bytes in, size_t *taken, struct err *e);
/* The peer closed its end. */
bool psi_feed_end(struct psi *p, struct err *e);
/* Bytes for the peer, in order; valid until the next call. */
struct bytes psi_output(const struct psi *p);
void psi_sent(struct psi *p, size_t n);
/* End it: the peer is told, psi_step fails from now on. */
void psi_cancel(struct psi *p);

/* Why a run ended, as both sides see it. Which check failed goes to our own error text only. */
enum psi_reason {
    PSI_REASON_NONE = 0,
    PSI_REASON_MISMATCH = 1,  /* options or context differ */
    PSI_REASON_SIZE = 2,      /* a size outside the limits of one side */
    PSI_REASON_ENDED = 3,     /* a check failed or the protocol was broken */
    PSI_REASON_TIME = 4,      /* a deadline passed */
    PSI_REASON_CANCELLED = 5, /* somebody stopped it */
    PSI_REASON_TROUBLE = 6,   /* out of memory, overflow of a bin: try again afresh */
    PSI_REASON_CANARY = 7,    /* the run did not find what it must find: a defect, not a result */
    PSI_REASON_CLOSED = 8,    /* the connection ended */
};
enum psi_reason psi_reason(const struct psi *p);
const char *psi_reason_name(enum psi_reason r);

enum psi_stage {
    PSI_STAGE_HELLO,
    PSI_STAGE_SETUP, /* oblivious transfers */
    PSI_STAGE_HASH,  /* salted hashing, sorting into bins */
    PSI_STAGE_BINS,  /* the bulk: correlations, encoding, decoding */
    PSI_STAGE_REPLY, /* masked tags */
    PSI_STAGE_OVER,
};
struct psi_progress {
    enum psi_stage stage;
    uint64_t done, of; /* units of the stage: bins, or tags */
    uint64_t bytes_in, bytes_out;
};
struct psi_progress psi_progress(const struct psi *p);

struct psi_summary {
    uint64_t items, duplicates;       /* ours: added, and of these found twice */
    uint64_t declared, peer_declared; /* as shown to each other */
    uint64_t capacity;                /* the receiver may have tested at most so many items */
    struct hash transcript;           /* the same on both sides */
    uint64_t memory_peak;             /* bytes asked of arenas at most */
};
/* After PSI_DONE. */
struct psi_summary psi_summary(const struct psi *p);
/* The numbers of our items that the peer has too, ascending; the first number of an item that
 * was added more than once. Only the receiver has any. Valid until psi_close. */
const uint32_t *psi_matches(const struct psi *p, uint64_t *n);

#endif
