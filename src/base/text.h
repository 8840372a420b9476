/* text: numbers, hex, base64, UTF-8, times and escapes. Every parser is strict: it takes the
 * canonical form and nothing else, so that one meaning has one spelling. */
#ifndef ENTENTE_TEXT_H
#define ENTENTE_TEXT_H

#include "base/bytes.h"

#define BASE64_LEN(n) (((n) + 2) / 3 * 4) /* characters for n bytes, with padding */

/* Lower-case hex, 2n characters, no final zero. */
void hex_encode(char *out, const uint8_t *in, size_t n);
/* Exactly 2n lower-case digits. */
bool hex_decode(uint8_t *out, size_t n, struct bytes text);

/* Standard alphabet with padding (RFC 4648 section 4); writes BASE64_LEN(n) characters. */
void base64_encode(char *out, const uint8_t *in, size_t n);
/* Strict: padded, no blanks, unused bits zero. *n: in, room at out; out, bytes written. */
bool base64_decode(uint8_t *out, size_t *n, struct bytes text);

/* Decimal without sign or leading zeros. */
bool decimal_parse(struct bytes text, uint64_t *out);
/* Writes at most 20 digits, no final zero; returns how many. */
size_t decimal_print(char *out, uint64_t value);

/* Well-formed UTF-8 (Unicode 15 table 3-7: no overlongs, no surrogates, at most U+10FFFF). */
bool utf8_valid(struct bytes text);
/* The code point at *at, which moves behind it; -1 if malformed or at the end. */
int32_t utf8_next(struct bytes text, size_t *at);
/* 1 to 4 bytes for a code point that is no surrogate. */
size_t utf8_put(uint8_t out[4], uint32_t code);

/* RFC 3339 in UTC with `Z`. Seconds since 1970; years 1970 to 9999. */
#define TIME_TEXT_MAX 32
#define US_PER_S INT64_C(1000000)
/* "2026-01-31T12:00:00Z" and, with its microseconds, "2026-01-31T12:00:00.123456Z". */
void time_print(char out[TIME_TEXT_MAX], int64_t seconds);
void time_print_us(char out[TIME_TEXT_MAX], int64_t us);
/* Zero to nine fraction digits; beyond microseconds they are cut. Leap second 60 is refused. */
bool time_parse_us(struct bytes text, int64_t *us);
/* No fraction at all. */
bool time_parse(struct bytes text, int64_t *seconds);

/* Copy for a terminal or a log: control bytes, DEL, C1 controls, bidirectional overrides and
 * malformed UTF-8 become \xNN or \u{NN}; always ends in zero; cut at cap, never inside a
 * character. Returns the length. */
size_t text_escape(char *out, size_t cap, struct bytes in);

/* Columns of a terminal that text takes: 0 for combining marks, 2 for the wide characters of East
 * Asia (Unicode UAX 11, classes W and F, by block), else 1. */
size_t text_width(struct bytes text);
/* As many bytes of it as fit into so many columns, never inside a character. */
size_t text_fit(struct bytes text, size_t columns);

/* Letters a-z, digits, '-' and '_', 1 to 63 of them, beginning with a letter: a party's slug. */
bool slug_valid(struct bytes text);

#endif
