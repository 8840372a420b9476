/* buf: bytes being written, in an arena. Fails once and stays failed, so code runs straight
 * down and asks at the end.
 *
 *     struct buf b = buf_in(arena);
 *     buf_puts(&b, "size ");
 *     buf_decimal(&b, 7);
 *     if (!buf_end(&b, &out, e)) ...
 */
#ifndef ENTENTE_BUF_H
#define ENTENTE_BUF_H

#include "base/arena.h"

struct catalogue; /* base/catalogue.h */

struct buf {
    struct arena *arena;
    uint8_t *p;
    size_t n, cap;
    struct err e; /* why it failed; ERR_NONE while it has not */
};

struct buf buf_in(struct arena *a);
void buf_put(struct buf *b, struct bytes what);
void buf_puts(struct buf *b, const char *text);
void buf_byte(struct buf *b, uint8_t byte);
void buf_format(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same in the reader's language: the format is looked up first. */
void buf_say(struct buf *b, const struct catalogue *words, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Text, looked up, and blanks up to so many columns: at least one. */
void buf_label(struct buf *b, const struct catalogue *words, const char *text, size_t columns);
void buf_decimal(struct buf *b, uint64_t value);
void buf_hex(struct buf *b, const uint8_t *p, size_t n);
void buf_base64(struct buf *b, const uint8_t *p, size_t n);
/* Big endian. */
void buf_u16(struct buf *b, uint16_t v);
void buf_u32(struct buf *b, uint32_t v);
void buf_u64(struct buf *b, uint64_t v);
/* Text as text_escape makes it: for terminals and logs. */
void buf_escaped(struct buf *b, struct bytes text);
/* What has been written so far (valid until the next write). */
struct bytes buf_view(const struct buf *b);
/* The whole; false if any write failed. */
bool buf_end(struct buf *b, struct bytes *out, struct err *e);
/* The whole as a C string (a zero is added behind it). NULL if any write failed. */
char *buf_string(struct buf *b, struct err *e);

#endif
