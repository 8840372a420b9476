/* input_impl: stages between a file and the scanner. Each takes parts of any size. */
#ifndef ENTENTE_WATCH_INPUT_IMPL_H
#define ENTENTE_WATCH_INPUT_IMPL_H

#include "base/limits.h"
#include "watch/input.h"

/* Where a stage's bytes go. */
struct flow {
    bool (*part)(void *self, struct bytes part, struct err *e);
    void *self;
};

/* ---- unpack_*.c: gzip and zstd ---- */
struct unpack;
struct unpack *unpack_gzip(struct err *e); /* with ISA-L if it was found, with zlib otherwise */
struct unpack *unpack_zstd(struct err *e);
/* Unpack a part into the flow; false: damaged (ERR_INPUT), a bomb (ERR_LIMIT), or the flow's. */
bool unpack_part(struct unpack *u, struct bytes part, const struct flow *to, struct err *e);
/* False: the stream ends in the middle. */
bool unpack_end(struct unpack *u, struct err *e);
void unpack_free(struct unpack *u);

#define UNPACK_ROOM ((size_t)256 << 10)

/* What an unpacker is made of. */
struct unpack {
    uint64_t in, out;
    uint8_t *room; /* UNPACK_ROOM bytes to unpack into; the flow may put another one here */
    bool middle;   /* inside a member or frame */
    const char *name;
    bool (*part)(struct unpack *u, struct bytes part, const struct flow *to, struct err *e);
    void (*free)(struct unpack *u);
};
/* For them: count what came out, and hand it on. */
bool unpack_give(struct unpack *u, struct bytes plain, const struct flow *to, struct err *e);

/* ---- pump.c: unpacking on a second thread ---- */
struct pump_job {
    const struct os *os;
    struct os_file *file;
    uint64_t at;        /* where to read on in the file */
    struct bytes first; /* what was read before there */
    struct unpack *unpack;
};
/* Give all that unpacks to the flow, which is called on this thread. *read: bytes of the file.
 * False: as unpack_part, or the flow's. */
bool pump(const struct pump_job *job, const struct flow *to, uint64_t *read, struct err *e);

/* ---- utf16.c ---- */
struct utf16 {
    bool big;
    uint8_t half;  /* the first byte of a unit, */
    bool has_half; /* if it came alone */
    uint32_t high; /* the first half of a pair, or 0 */
};
bool utf16_part(struct utf16 *u, struct bytes part, const struct flow *to, struct err *e);

/* ---- capture.c ---- */
struct capture;
/* Is this the beginning of a capture? Needs four bytes. */
bool capture_begins(const uint8_t magic[4]);
struct capture *capture_new(struct err *e);
void capture_free(struct capture *c);
bool capture_part(struct capture *c, struct bytes part, const struct flow *to, struct err *e);
bool capture_end(struct capture *c, const struct flow *to, struct err *e);
void capture_counts(const struct capture *c, uint64_t *packets, uint64_t *others);

#endif
