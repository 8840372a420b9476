/* store/segments: any bytes as a store's only file. Opening decides; what it accepts can be read,
 * checked, appended to and opened again.
 *
 * An input that ends in an odd byte is taken as it is. One that ends in an even byte is a sketch:
 * the checksums are set right first, by a second implementation after doc/formats/store.md, so that
 * the rest of the reader is reached. */
#include "store/store.h"
#include "support/simdisk.h"

#include <assert.h>
#include <stdlib.h>

#define SECTOR ((size_t)512)
#define MOST ((size_t)1 << 16)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* ---- a sketch made whole
 * ------------------------------------------------------------------------- */

static const uint8_t id[16] = "sixteen  bytes..";

static uint32_t crc(uint32_t c, const uint8_t *p, size_t n)
{
    c = ~c;
    while (n--) {
        c ^= *p++;
        for (int i = 0; i < 8; i++)
            c = c & 1 ? c >> 1 ^ 0x82f63b78u : c >> 1;
    }
    return ~c;
}

static void put(uint8_t *p, size_t n, uint64_t v)
{
    while (n--) {
        p[n] = (uint8_t)v;
        v >>= 8;
    }
}

static uint64_t get(const uint8_t *p, size_t n)
{
    uint64_t v = 0;

    while (n--)
        v = v << 8 | *p++;
    return v;
}

static uint32_t placed(uint64_t position, const uint8_t *p, size_t n)
{
    uint8_t at[8];

    put(at, 8, position);
    return crc(crc(crc(0, id, 16), at, 8), p, n);
}

/* A record at p, at most `room` bytes; how many it takes, 0 if it does not fit. */
static size_t mend_record(uint8_t *p, size_t room, uint64_t position, bool note)
{
    size_t size, span;

    if (room < 24)
        return 0;
    size = (size_t)get(p + 2, 2) % 700;
    span = 24 + ((size + 7) & ~(size_t)7);
    if (span > room)
        return 0;
    put(p, 4, size);
    p[4] = note ? 0 : p[4] | 1;
    memset(p + 5, 0, 3);
    put(p + 8, 4, crc(0, p + 24, size));
    put(p + 12, 4, placed(position, p, 12));
    memset(p + 16, 0, p[16] % 4 ? 8 : 0); /* sometimes a mark of nobody's */
    memset(p + 24 + size, 0, span - 24 - size);
    return span;
}

static size_t mend_batch(uint8_t *p, size_t room, uint64_t position, uint32_t *prev)
{
    size_t size = SECTOR * (1 + p[22] % 8), count = p[27] % 6, at = 40, span, note = 0;
    uint32_t sum;

    size = size > room ? room & ~(SECTOR - 1) : size;
    memcpy(p, id, 8);
    put(p + 8, 8, position);
    put(p + 16, 8, size);
    put(p + 24, 4, count);
    put(p + 28, 4, *prev);
    put(p + 32, 4, 0);
    put(p + 36, 4, placed(position, p, 36));
    sum = crc(0, p, 40);
    for (size_t i = 0; i <= count; i++) {
        span = mend_record(p + at, size - 32 - at, position + at, i == count);
        if (!span)
            return size; /* this one stays as broken as it is */
        sum = crc(sum, p + at, 16);
        note = at;
        at += span;
    }
    memset(p + at, 0, size - 32 - at);
    p += size - 32;
    for (size_t i = 0; i < 8; i++)
        p[i] = (uint8_t)~id[i];
    put(p + 8, 8, position);
    put(p + 16, 8, position + note);
    put(p + 24, 4, sum);
    *prev = placed(position + size, p, 28);
    put(p + 28, 4, *prev);
    return size;
}

static void mend(uint8_t *file, size_t n)
{
    uint32_t prev = 0;

    if (n < SECTOR)
        return;
    memset(file, 0, SECTOR);
    memcpy(file, "entseg1\n", 8);
    memcpy(file + 8, id, 16);
    put(file + 32, 4, crc(0, file, 32));
    for (size_t at = SECTOR; n - at >= SECTOR;)
        at += mend_batch(file + at, n - at, at - SECTOR, &prev);
}

/* Little is written ahead, to be quick. */
static const struct segments_options small = {.segment_bytes = 4096};

/* ---- what must hold
 * -------------------------------------------------------------------------------- */

static void place(struct simdisk *d, const uint8_t *file, size_t n)
{
    const struct os *os = simdisk_os(d);

    assert(os_make_dirs(os, "log", NULL));
    assert(os_write_file(os, "log/0000000000000000.seg", bytes_of(file, n), 0, NULL));
}

/* Every record that is iterated can be read, and is the same. */
static bool read_all(struct segments *s, struct arena *a)
{
    struct segments_iter *it = segments_iter_open(s, 0, NULL);
    const struct segments_batch *b = NULL;
    struct segments_report report;
    bool ok = true;

    assert(it);
    while ((ok = segments_next(it, &b, NULL)) && b)
        for (size_t i = 0; i < b->n; i++) {
            struct arena_mark m = arena_mark(a);
            struct segments_record r;
            assert(segments_read(s, b->records[i].position, a, &r, NULL));
            assert(r.kind == b->records[i].kind && r.erased == b->records[i].erased);
            assert(bytes_equal(r.payload, b->records[i].payload));
            arena_reset(a, m);
        }
    segments_iter_close(it);
    assert(segments_check(s, &report, NULL) == ok);
    return ok;
}

static void go_on(struct simdisk *d, struct segments *s)
{
    struct bytes b = BYTES("one more");
    uint64_t p, end;

    assert(segments_append(s, 9, &b, 1, &p, NULL) && segments_commit(s, b, &end, NULL));
    segments_close(s);
    s = segments_open(simdisk_os(d), "log", &small, NULL);
    assert(s && segments_end(s) == end && segments_dropped(s) == 0);
    segments_close(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new((size_t)1 << 20);
    struct simdisk *d = simdisk_new(1);
    uint8_t *file = malloc(n + 1);
    struct segments *s;
    struct bytes note;
    struct err e = {0};

    assert(a && file);
    if (n && n <= MOST) {
        memcpy(file, data, n);
        if (data[n - 1] % 2 == 0)
            mend(file, n);
        place(d, file, n);
        s = segments_open(simdisk_os(d), "log", &small, &e);
        assert(s || e.text[0]);
        if (s) {
            assert(segments_last_note(s, a, &note, NULL));
            assert(read_all(s, a)); /* one file: recovery has seen all of it */
            go_on(d, s);
        }
    }
    simdisk_free(d);
    free(file);
    arena_free(a);
    return 0;
}
