/* CRC32C (Castagnoli): the checksum of iSCSI (RFC 3720 appendix B.4), with the processor's
 * instruction where it has one. Private to store. */
#ifndef ENTENTE_STORE_CRC32C_H
#define ENTENTE_STORE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

struct crc32c_ops {
    const char *name;
    uint32_t needs; /* CPU_* bits, all of them */
    /* Continue `crc` (0 at the start) over n bytes. */
    uint32_t (*add)(uint32_t crc, const uint8_t *p, size_t n);
};

/* Fastest first; portable last, and always there. */
extern const struct crc32c_ops crc32c_variants[];
const struct crc32c_ops *crc32c_best(uint32_t cpu);

#if defined(__x86_64__)
uint32_t crc32c_add_sse42(uint32_t crc, const uint8_t *p, size_t n);
#endif
uint32_t crc32c_add_portable(uint32_t crc, const uint8_t *p, size_t n);

#endif
