/* masks: what a kernel makes of 64 bytes; bit n is byte n. */
#ifndef ENTENTE_WATCH_MASKS_H
#define ENTENTE_WATCH_MASKS_H

#include <stdint.h>

struct masks {
    uint64_t word; /* A-Z a-z 0-9 . _ - */
    uint64_t dot, digit, hex, colon, slash, at, newline;
    uint64_t backslash, hash; /* only looked at in JSON, in Zeek's logs */
};

#endif
