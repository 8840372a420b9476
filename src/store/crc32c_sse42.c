#include "store/crc32c.h"

#include <nmmintrin.h>
#include <string.h>

/* Eight bytes per instruction, one chain: the instruction takes three cycles, so this makes about
 * 8 GB/s at 3 GHz, several times what any disk gives. Three interleaved chains would need tables
 * to join them, and nothing here would be faster for it. */
uint32_t crc32c_add_sse42(uint32_t crc, const uint8_t *p, size_t n)
{
    uint64_t c = (uint32_t)~crc;
    uint32_t d;

    for (; n >= 8; p += 8, n -= 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        c = _mm_crc32_u64(c, word);
    }
    d = (uint32_t)c;
    for (; n; p++, n--)
        d = _mm_crc32_u8(d, *p);
    return ~d;
}
