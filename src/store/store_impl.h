/* Private to store: the bytes of a segment file (doc/formats/store.md), and the open store. */
#ifndef ENTENTE_STORE_IMPL_H
#define ENTENTE_STORE_IMPL_H

#include "store/store.h"

#include <pthread.h>
#include <stdatomic.h>

/* ---- format: batch.c ------------------------------------------------------------------- */

#define SECTOR ((uint64_t)512) /* batches begin on one: the least that a disk writes */
#define FILE_HEADER SECTOR     /* before the first batch of a file */
#define BATCH_HEADER ((size_t)40)
#define BATCH_FOOTER ((size_t)32)
#define RECORD_HEADER ((size_t)24)
#define RECORD_FIXED ((size_t)16) /* the part of it that erasing does not touch */
#define MARK_BYTES ((size_t)8)    /* the part that it does */
#define KIND_NOTE 0
#define BATCH_MOST                                                                                 \
    (LIMIT_STORE_BATCH_BYTES + LIMIT_STORE_NOTE_BYTES + 2 * RECORD_HEADER + BATCH_FOOTER + SECTOR)
#define FILE_NAME_MAX 32

/* What makes a store's bytes its own: checksums begin with the id, headers with the tag. */
struct store_key {
    uint8_t id[16];
    uint8_t tag[8]; /* the first half of the id */
    uint32_t seed;  /* checksum of the id */
    uint32_t (*crc)(uint32_t crc, const uint8_t *p, size_t n);
};

struct batch_header {
    uint64_t position, size; /* size: up to the next batch */
    uint32_t count;          /* records, the note not among them */
    uint32_t prev;           /* checksum of the footer before it; 0 at the beginning */
};

struct batch_footer {
    uint64_t start; /* position of the batch */
    uint64_t note;  /* position of its note's record */
    uint32_t sum;   /* over the batch header and all records' fixed parts */
    uint32_t crc;   /* its own; filled by decode */
};

enum mark { MARK_PRESENT, MARK_ERASED, MARK_CUT, MARK_BAD };

struct record_header {
    uint32_t size, payload_crc;
    uint8_t kind;
    enum mark mark; /* CUT: an erasure that a crash stopped before it began */
};

/* What is wrong and where, as an offset into what was looked at. */
struct damage {
    size_t at;
    const char *what;
};

void store_key_init(struct store_key *k, const uint8_t id[16]);
void file_header_encode(const struct store_key *k, uint64_t base, uint8_t out[FILE_HEADER]);
/* False: not a whole header. The id may be any. */
bool file_header_decode(const uint8_t in[FILE_HEADER], uint8_t id[16], uint64_t *base);
void batch_header_encode(const struct store_key *k, const struct batch_header *h,
                         uint8_t out[BATCH_HEADER]);
/* False unless these bytes are this store's batch header at `position`. */
bool batch_header_decode(const struct store_key *k, const uint8_t in[BATCH_HEADER],
                         uint64_t position, struct batch_header *h);
/* `end` is the position behind the footer. encode fills f->crc. */
void batch_footer_encode(const struct store_key *k, struct batch_footer *f, uint64_t end,
                         uint8_t out[BATCH_FOOTER]);
bool batch_footer_decode(const struct store_key *k, const uint8_t in[BATCH_FOOTER], uint64_t end,
                         struct batch_footer *f);
void record_header_encode(const struct store_key *k, uint64_t position, uint8_t kind, uint32_t size,
                          uint32_t payload_crc, uint8_t out[RECORD_HEADER]);
bool record_header_decode(const struct store_key *k, const uint8_t in[RECORD_HEADER],
                          uint64_t position, struct record_header *h);
/* The mark of an erased record, from its header. */
void record_mark(const struct store_key *k, const uint8_t header[RECORD_HEADER], uint64_t position,
                 uint8_t mark[MARK_BYTES]);
uint64_t record_span(uint32_t size); /* header, payload and padding */

struct batch_found {
    struct bytes note;
    uint32_t footer_crc;
    uint64_t erased, unfinished;
};
/* Verify all of a batch whose header has been decoded; `records` has room for h->count. */
bool batch_verify(const struct store_key *k, struct bytes batch, const struct batch_header *h,
                  struct segments_record *records, struct batch_found *found, struct damage *bad);
bool all_zero(const uint8_t *p, size_t n);

/* ---- files.c: the list of files, and a few of them open for reading ------------------------ */

#define FILES_OPEN 32

struct open_file {
    struct os_file *file;
    uint64_t base, used; /* used: by the clock of the cache */
    unsigned pins;
};

struct files {
    pthread_mutex_t lock; /* guards all of this; no I/O of long duration under it */
    uint64_t *base;       /* ascending; the name of a file is its first position */
    size_t n, cap;
    struct open_file open[FILES_OPEN];
    uint64_t clock;
    bool prepared; /* the next file is ready */
};

struct segments {
    const struct os *os;
    char *dir;
    struct store_key key;
    struct os_file *lock;
    bool read_only;
    uint64_t segment_bytes;
    struct files files;
    _Atomic uint64_t end; /* what readers may see; published after the sync */
    uint64_t dropped;

    /* the writer's own */
    struct os_file *file;   /* the last one */
    uint64_t base, written; /* its first position; its size in bytes */
    uint32_t prev;          /* checksum of the last footer */
    uint8_t *batch;
    size_t batch_n, batch_cap;
    uint32_t batch_count, batch_sum_seed;
    uint8_t *zeros;
    bool poisoned;
    struct err poison;
    struct segments_counts counts;
};

void files_init(struct files *f);
void files_wipe(struct segments *s);
bool files_add(struct segments *s, uint64_t base, struct err *e);
void files_drop_last(struct segments *s);
/* "dir/name" of the file that begins at base; the caller frees. */
char *file_path(const struct segments *s, uint64_t base, struct err *e);
char *file_path_named(const struct segments *s, const char *name, struct err *e);
/* The file of a position, and where the next one begins (UINT64_MAX: it is the last). */
void files_find(struct segments *s, uint64_t position, uint64_t *base, uint64_t *next);
/* Committed bytes from `position`, within one file; ERR_PROOF if the file is too short. */
bool files_read(struct segments *s, uint64_t base, uint64_t position, void *out, size_t n,
                struct err *e);
/* ERR_PROOF that names file and byte of a position. */
bool store_damaged(struct segments *s, uint64_t position, const char *what, struct err *e);

/* ---- scan.c: batches out of a file ---------------------------------------------------------- */

#define SCAN_STEP ((size_t)1 << 20)

struct scan {
    struct segments *s;
    struct os_file *file; /* NULL: through files_read */
    uint64_t base;        /* of the file the buffer is from */
    uint8_t *buf;
    size_t cap, have;
    uint64_t at; /* position of buf[0] */
    struct segments_record *records;
    size_t records_cap;
    struct batch_found found;
    struct batch_header header;
    uint64_t bad; /* position of the damage, after ERR_PROOF */
};

void scan_init(struct scan *c, struct segments *s);
void scan_wipe(struct scan *c);
/* Bytes [position, position + n) into the buffer, more if it is cheap, none from limit on. */
bool scan_need(struct scan *c, uint64_t base, uint64_t position, uint64_t limit, size_t n,
               const uint8_t **p, struct err *e);
/* Load and verify the batch at `position`; its file holds bytes up to limit. */
bool scan_batch(struct scan *c, uint64_t base, uint64_t position, uint64_t limit,
                struct segments_batch *out, struct err *e);
/* The footer that ends at `end`, if there is one: *found. */
bool scan_footer(struct scan *c, uint64_t base, uint64_t end, struct batch_footer *f, bool *found,
                 struct err *e);

/* ---- recover.c --------------------------------------------------------------------------------
 */

bool store_recover(struct segments *s, uint64_t hint, struct err *e);
bool store_create(struct segments *s, struct err *e);

#endif
