/* reader: a cursor over bytes from outside. It fails once and stays failed, so that a parser
 * runs straight down and asks at the end. After a failure every read gives zeros.
 *
 *     struct reader r = reader_of(text);
 *     size = reader_decimal_line(&r);
 *     if (!reader_end(&r, e))
 *         return err_within(e, "checkpoint");
 */
#ifndef ENTENTE_READER_H
#define ENTENTE_READER_H

#include "base/bytes.h"
#include "base/err.h"

struct reader {
    struct bytes in;
    size_t at;            /* next byte */
    size_t line;          /* 1-based, counted by the line readers */
    const char *expected; /* why it failed: "expected ..."; NULL while it has not */
    size_t failed_at;
    size_t failed_line; /* 0 for binary input */
};

struct reader reader_of(struct bytes in);

/* Text: lines end in LF (a final line without one is an error). The line without its LF. */
struct bytes reader_line(struct reader *r);
uint64_t reader_decimal_line(struct reader *r);
/* A line that is strict base64 of exactly n bytes. */
void reader_base64_line(struct reader *r, uint8_t *out, size_t n);
/* A line that is exactly this. */
void reader_expect_line(struct reader *r, const char *text);

/* Binary, big endian. */
uint8_t reader_u8(struct reader *r);
uint16_t reader_u16(struct reader *r);
uint32_t reader_u32(struct reader *r);
uint64_t reader_u64(struct reader *r);
struct bytes reader_bytes(struct reader *r, size_t n);
void reader_copy(struct reader *r, void *out, size_t n);

size_t reader_left(const struct reader *r);
bool reader_failed(const struct reader *r);
/* Fail here; `expected` is a literal: "expected " is put before it. */
void reader_fail(struct reader *r, const char *expected);
/* True if nothing failed and nothing is left over; else ERR_INPUT with line or offset. */
bool reader_end(const struct reader *r, struct err *e);
/* The same, but leftovers are fine. */
bool reader_ok(const struct reader *r, struct err *e);

#endif
