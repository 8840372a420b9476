/* record/piece and record/take: any bytes as a piece of a counterparty's log, for a record that is
 * opened once. Nothing that is made without the owner's keys gets in or convicts.
 *
 * Bytes behind a magic of "sketch" are a piece without its beginning: a whole header is put
 * before them, with the head that the owner did sign, so that acts and frames are reached. */
#include "record/record_impl.h"
#include "support/simdisk.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define SKETCH "sketch"

static struct record *r;
static struct arena *always;
static struct simdisk *disk;
static struct keyring *keys[2];

/* ---- once: two parties on a simulated disk, one agreement, south's first act ---- */

static void make_card(int i, const char *slug, struct card *c)
{
    *c = (struct card){.slug = bytes_text(slug),
                       .name = bytes_text(slug),
                       .issued = BYTES("2026-01-31T12:00:00Z"),
                       .serial = 1};
    keys[i] = keyring_new(simdisk_os(disk), NULL);
    assert(keys[i] && card_sign(c, keys[i], always, NULL));
}

static struct record *open_as(int i, const char *slug, const char *dir, const struct agreement *g)
{
    struct record_options o = {.os = simdisk_os(disk),
                               .keys = keys[i],
                               .self = bytes_text(slug),
                               .memory_index = true,
                               .segment_bytes = 1 << 16};
    struct record *made;

    assert(record_create(&o, dir, g, NULL));
    made = record_open(&o, dir, g->id, NULL);
    assert(made && record_sign(made, NULL));
    return made;
}

static void start(void)
{
    struct card c[2];
    const struct card *both[2] = {&c[0], &c[1]};
    struct record_taken taken;
    struct agreement *g;
    struct record *south;
    struct bytes json, piece;

    if (!crypto_init() || !(always = arena_new((size_t)64 << 20)))
        abort();
    disk = simdisk_new(1);
    make_card(0, "north", &c[0]);
    make_card(1, "south", &c[1]);
    g = arena_get(always, sizeof *g, NULL);
    assert(g && agreement_template("bilateral", both, 2, simdisk_os(disk), always, &json, NULL));
    assert(agreement_parse(json, always, g, NULL));
    r = open_as(0, "north", "a", g);
    south = open_as(1, "south", "b", g);
    assert(record_piece_make(south, BYTES("south"), BYTES("north"), 0, 0, 1 << 20, always, &piece,
                             NULL));
    assert(record_piece_take(r, BYTES("south"), piece, &taken, NULL) && taken.size == 1);
    record_close(south);
}

/* ---- each input ---- */

static struct bytes sketched(struct bytes frames, struct arena *a)
{
    struct log *l = log_of(r, BYTES("south"));
    struct buf b = buf_in(a);
    struct bytes out;

    buf_puts(&b, "entente-piece/1\n");
    buf_u64(&b, 1);
    buf_u32(&b, 0);
    buf_u64(&b, 0);
    buf_u32(&b, (uint32_t)l->note_n);
    buf_put(&b, bytes_of(l->note, l->note_n));
    buf_byte(&b, 0);
    buf_put(&b, frames);
    return buf_end(&b, &out, NULL) ? out : bytes_of(NULL, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new((size_t)16 << 20);
    struct bytes in = bytes_of(data, n);
    struct record_taken taken;
    struct err e = {0};
    char name[256];

    if (!r)
        start();
    if (!a)
        abort();
    if (bytes_start_with(in, SKETCH))
        in = sketched(bytes_part(in, sizeof SKETCH - 1, SIZE_MAX), a);
    if (record_piece_take(r, BYTES("south"), in, &taken, &e))
        assert(taken.acts == 0 && taken.objects == 0);
    else
        assert(e.text[0]);
    assert(taken.size == 1 && !taken.evidence[0]);
    assert(!record_convict_piece(r, BYTES("south"), in, name, &e) && !name[0]);
    assert(!record_convict(r, BYTES("south"), in, name, NULL) && !name[0]);
    arena_free(a);
    return 0;
}
