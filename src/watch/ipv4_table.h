/* ipv4_table: where the digits of an address lie, for each combination of label lengths, in the
 * sixteen bytes before its end in reverse order (byte 0 is the last digit). */
#ifndef ENTENTE_WATCH_IPV4_TABLE_H
#define ENTENTE_WATCH_IPV4_TABLE_H

#include <stdint.h>

/* Digit k (0: ones) of a label of n digits whose last one is at `at`. */
#define DIGIT_AT(at, n, k) ((k) < (n) ? (at) + (k) : 0x80)
#define LABEL_AT(at, n) DIGIT_AT(at, n, 0), DIGIT_AT(at, n, 1), DIGIT_AT(at, n, 2), 0x80
#define LEAST(n) ((n) == 3 ? 100 : (n) == 2 ? 10 : 0)

/* Labels a.b.c.d by their lengths; lane 0 is d, so that the bytes are the address as a number. */
#define ROW_SHUFFLE(a, b, c, d)                                                                    \
    {                                                                                              \
        LABEL_AT(0, d), LABEL_AT((d) + 1, c), LABEL_AT((d) + (c) + 2, b),                          \
            LABEL_AT((d) + (c) + (b) + 3, a)                                                       \
    }
#define ROW_LEAST(a, b, c, d)                                                                      \
    {                                                                                              \
        LEAST(d), LEAST(c), LEAST(b), LEAST(a)                                                     \
    }

#define ROWS_4(ROW, b, c, d) ROW(1, b, c, d), ROW(2, b, c, d), ROW(3, b, c, d)
#define ROWS_3(ROW, c, d) ROWS_4(ROW, 1, c, d), ROWS_4(ROW, 2, c, d), ROWS_4(ROW, 3, c, d)
#define ROWS_2(ROW, d) ROWS_3(ROW, 1, d), ROWS_3(ROW, 2, d), ROWS_3(ROW, 3, d)
#define ROWS(ROW) ROWS_2(ROW, 1), ROWS_2(ROW, 2), ROWS_2(ROW, 3)

/* Row (l1 - 1) + 3 (l2 - 1) + 9 (l3 - 1) + 27 (l4 - 1). */
static const uint8_t ipv4_shuffle[81][16] __attribute__((aligned(16))) = {ROWS(ROW_SHUFFLE)};
static const uint8_t ipv4_least[81][4] = {ROWS(ROW_LEAST)};

/* From the three dots' bits (bit n: n bytes before the last digit), halved, to 1 + the row of
 * l1 = 1; 0: no such address. */
#define DOTS(b, c, d) ((1 << (d) | 1 << ((d) + (c) + 1) | 1 << ((d) + (c) + (b) + 2)) >> 1)
#define CELL(b, c, d) [DOTS(b, c, d)] = 1 + 3 * ((b)-1) + 9 * ((c)-1) + 27 * ((d)-1)
#define CELLS_3(c, d) CELL(1, c, d), CELL(2, c, d), CELL(3, c, d)
#define CELLS_2(d) CELLS_3(1, d), CELLS_3(2, d), CELLS_3(3, d)
static const uint8_t ipv4_row[2048] = {CELLS_2(1), CELLS_2(2), CELLS_2(3)};

#endif
