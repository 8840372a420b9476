/* The bytes of a segment file. Pure: no I/O, total over any input. */
#include "base/cpu.h"
#include "store/crc32c.h"
#include "store/store_impl.h"

static const uint8_t file_magic[8] = "entseg1\n";

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint64_t get64(const uint8_t *p)
{
    return (uint64_t)get32(p) << 32 | get32(p + 4);
}

static void put32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

static void put64(uint8_t *p, uint64_t v)
{
    put32(p, (uint32_t)(v >> 32));
    put32(p + 4, (uint32_t)v);
}

bool all_zero(const uint8_t *p, size_t n)
{
    return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

void store_key_init(struct store_key *k, const uint8_t id[16])
{
    k->crc = crc32c_best(cpu_features())->add;
    memcpy(k->id, id, sizeof k->id);
    memcpy(k->tag, id, sizeof k->tag);
    k->seed = k->crc(0, id, 16);
}

/* A checksum that holds in this store at this position alone. */
static uint32_t placed_crc(const struct store_key *k, uint64_t position, const uint8_t *p, size_t n)
{
    uint8_t place[8];

    put64(place, position);
    return k->crc(k->crc(k->seed, place, sizeof place), p, n);
}

void file_header_encode(const struct store_key *k, uint64_t base, uint8_t out[FILE_HEADER])
{
    memset(out, 0, FILE_HEADER);
    memcpy(out, file_magic, sizeof file_magic);
    memcpy(out + 8, k->id, sizeof k->id);
    put64(out + 24, base);
    put32(out + 32, k->crc(0, out, 32));
}

bool file_header_decode(const uint8_t in[FILE_HEADER], uint8_t id[16], uint64_t *base)
{
    uint32_t (*crc)(uint32_t, const uint8_t *, size_t) = crc32c_best(cpu_features())->add;

    if (memcmp(in, file_magic, sizeof file_magic) != 0 || get32(in + 32) != crc(0, in, 32) ||
        !all_zero(in + 36, FILE_HEADER - 36))
        return false;
    memcpy(id, in + 8, 16);
    *base = get64(in + 24);
    return true;
}

void batch_header_encode(const struct store_key *k, const struct batch_header *h,
                         uint8_t out[BATCH_HEADER])
{
    memcpy(out, k->tag, sizeof k->tag);
    put64(out + 8, h->position);
    put64(out + 16, h->size);
    put32(out + 24, h->count);
    put32(out + 28, h->prev);
    put32(out + 32, 0);
    put32(out + 36, placed_crc(k, h->position, out, 36));
}

bool batch_header_decode(const struct store_key *k, const uint8_t in[BATCH_HEADER],
                         uint64_t position, struct batch_header *h)
{
    if (memcmp(in, k->tag, sizeof k->tag) != 0 || get64(in + 8) != position ||
        get32(in + 32) != 0 || get32(in + 36) != placed_crc(k, position, in, 36))
        return false;
    *h = (struct batch_header){position, get64(in + 16), get32(in + 24), get32(in + 28)};
    /* The checksum holds, so we wrote this; the bounds make the rest safe whatever it says. */
    return h->size % SECTOR == 0 && h->size >= SECTOR && h->size <= BATCH_MOST &&
           h->count <= h->size / RECORD_HEADER && position <= UINT64_MAX - h->size;
}

void batch_footer_encode(const struct store_key *k, struct batch_footer *f, uint64_t end,
                         uint8_t out[BATCH_FOOTER])
{
    for (size_t i = 0; i < sizeof k->tag; i++)
        out[i] = (uint8_t)~k->tag[i];
    put64(out + 8, f->start);
    put64(out + 16, f->note);
    put32(out + 24, f->sum);
    f->crc = placed_crc(k, end, out, 28);
    put32(out + 28, f->crc);
}

bool batch_footer_decode(const struct store_key *k, const uint8_t in[BATCH_FOOTER], uint64_t end,
                         struct batch_footer *f)
{
    for (size_t i = 0; i < sizeof k->tag; i++)
        if ((in[i] ^ k->tag[i]) != 0xff)
            return false;
    *f = (struct batch_footer){get64(in + 8), get64(in + 16), get32(in + 24), get32(in + 28)};
    return f->crc == placed_crc(k, end, in, 28) && f->start < end && f->note > f->start &&
           f->note < end;
}

void record_header_encode(const struct store_key *k, uint64_t position, uint8_t kind, uint32_t size,
                          uint32_t payload_crc, uint8_t out[RECORD_HEADER])
{
    memset(out, 0, RECORD_HEADER);
    put32(out, size);
    out[4] = kind;
    put32(out + 8, payload_crc);
    put32(out + 12, placed_crc(k, position, out, 12));
}

void record_mark(const struct store_key *k, const uint8_t header[RECORD_HEADER], uint64_t position,
                 uint8_t mark[MARK_BYTES])
{
    memcpy(mark, "ERAS", 4);
    put32(mark + 4, k->crc(placed_crc(k, position, header, RECORD_FIXED), mark, 4) | 0x81818181);
}

/* An erasure writes eight bytes over zeros, and a crash may leave any of them. No byte of a mark
 * has a single bit set, so that one flipped bit is never taken for a part of one. */
static enum mark mark_read(const struct store_key *k, const uint8_t *header, uint64_t position)
{
    const uint8_t *is = header + RECORD_FIXED;
    uint8_t want[MARK_BYTES];

    if (all_zero(is, MARK_BYTES))
        return MARK_PRESENT;
    record_mark(k, header, position, want);
    if (!memcmp(is, want, MARK_BYTES))
        return MARK_ERASED;
    for (size_t i = 0; i < MARK_BYTES; i++)
        if (is[i] != 0 && is[i] != want[i])
            return MARK_BAD;
    return MARK_CUT;
}

bool record_header_decode(const struct store_key *k, const uint8_t in[RECORD_HEADER],
                          uint64_t position, struct record_header *h)
{
    if (!all_zero(in + 5, 3) || get32(in + 12) != placed_crc(k, position, in, 12))
        return false;
    *h = (struct record_header){get32(in), get32(in + 8), in[4], mark_read(k, in, position)};
    return h->size <= LIMIT_STORE_RECORD_BYTES;
}

uint64_t record_span(uint32_t size)
{
    return RECORD_HEADER + (((uint64_t)size + 7) & ~(uint64_t)7);
}

static bool wrong(struct damage *bad, size_t at, const char *what)
{
    *bad = (struct damage){at, what};
    return false;
}

/* One record of a batch at offset `at`; the bytes from `limit` on are the footer's. */
static bool record_verify(const struct store_key *k, struct bytes batch, uint64_t position,
                          size_t at, size_t limit, struct segments_record *out,
                          struct batch_found *found, struct damage *bad)
{
    const uint8_t *payload = batch.p + at + RECORD_HEADER;
    struct record_header h;
    bool intact;

    if (limit - at < RECORD_HEADER || !record_header_decode(k, batch.p + at, position + at, &h))
        return wrong(bad, at, "a record's header does not match its checksum");
    if (record_span(h.size) > limit - at)
        return wrong(bad, at, "a record reaches beyond its batch");
    if (h.mark == MARK_BAD)
        return wrong(bad, at + RECORD_FIXED,
                     "a record's mark is neither empty nor that of erasure");
    if (!all_zero(payload + h.size, (size_t)(record_span(h.size) - RECORD_HEADER - h.size)))
        return wrong(bad, at + RECORD_HEADER + h.size, "padding is not zero");
    intact = h.mark != MARK_ERASED;
    if (intact && k->crc(0, payload, h.size) != h.payload_crc)
        return wrong(bad, at + RECORD_HEADER, "a record's payload does not match its checksum");
    found->erased += !intact;
    found->unfinished += !intact && !all_zero(payload, h.size);
    *out = (struct segments_record){
        .position = position + at,
        .payload = intact ? bytes_of(payload, h.size) : bytes_of(payload, 0),
        .size = h.size,
        .kind = h.kind,
        .erased = !intact,
    };
    return true;
}

bool batch_verify(const struct store_key *k, struct bytes batch, const struct batch_header *h,
                  struct segments_record *records, struct batch_found *found, struct damage *bad)
{
    size_t at = BATCH_HEADER, limit = batch.n - BATCH_FOOTER;
    uint32_t sum = k->crc(0, batch.p, BATCH_HEADER);
    struct segments_record note;
    struct batch_footer f;

    *found = (struct batch_found){0};
    if (!batch_footer_decode(k, batch.p + limit, h->position + h->size, &f) ||
        f.start != h->position)
        return wrong(bad, limit, "a batch's footer does not match its checksum");
    for (uint32_t i = 0; i <= h->count; i++) {
        struct segments_record *r = i < h->count ? &records[i] : &note;
        if (!record_verify(k, batch, h->position, at, limit, r, found, bad))
            return false;
        if ((r->kind == KIND_NOTE) != (i == h->count) || (i == h->count && r->erased))
            return wrong(bad, at, "a record is not of the kind its place asks for");
        sum = k->crc(sum, batch.p + at, RECORD_FIXED);
        at += (size_t)record_span(r->size);
    }
    if (f.note != note.position || f.sum != sum)
        return wrong(bad, limit, "a batch does not match its checksum");
    if (!all_zero(batch.p + at, limit - at))
        return wrong(bad, at, "padding is not zero");
    found->note = note.payload;
    found->footer_crc = f.crc;
    return true;
}
