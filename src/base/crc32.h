/* crc32: the checksum of ZIP, gzip and PNG (ISO 3309, polynomial 0xEDB88320 reflected). It finds
 * accidents; it protects nothing from anybody. */
#ifndef ENTENTE_CRC32_H
#define ENTENTE_CRC32_H

#include "base/bytes.h"

uint32_t crc32_of(struct bytes in);

#endif
