/* capture: pcap and pcapng to packets. What is in a packet is packet.c's matter. */
#include "watch/packet.h"

#include <stdlib.h>

#define ROOM (LIMIT_WATCH_PACKET + 64)
#define INTERFACES 64

enum { BLOCK_SECTION = 0x0a0d0d0a, BLOCK_INTERFACE = 1, BLOCK_SIMPLE = 3, BLOCK_PACKET = 6 };

struct capture {
    bool ng, big, nanoseconds, begun;
    uint32_t link; /* of a pcap file */
    struct {
        uint16_t link;
        uint64_t per_second;
    } interface[INTERFACES];
    size_t interfaces;
    uint64_t skip; /* bytes of a block that is of no use to us */
    uint64_t at;   /* of the buffer's first byte, for errors */
    struct packets packets;
    size_t n;
    uint8_t room[ROOM];
};

bool capture_begins(const uint8_t magic[4])
{
    static const uint8_t magics[5][4] = {{0xd4, 0xc3, 0xb2, 0xa1},
                                         {0xa1, 0xb2, 0xc3, 0xd4},
                                         {0x4d, 0x3c, 0xb2, 0xa1},
                                         {0xa1, 0xb2, 0x3c, 0x4d},
                                         {0x0a, 0x0d, 0x0d, 0x0a}};

    for (size_t i = 0; i < 5; i++)
        if (memcmp(magic, magics[i], 4) == 0)
            return true;
    return false;
}

struct capture *capture_new(struct err *e)
{
    struct capture *c = calloc(1, sizeof *c);

    if (!c)
        err_fail(e, ERR_NOMEM, "out of memory");
    return c;
}

void capture_free(struct capture *c)
{
    free(c);
}

void capture_counts(const struct capture *c, uint64_t *packets, uint64_t *others)
{
    *packets = c->packets.packets;
    *others = c->packets.others;
}

static uint32_t get32(const struct capture *c, const uint8_t *p)
{
    return c->big ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]
                  : (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static uint32_t get16(const struct capture *c, const uint8_t *p)
{
    return c->big ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
}

static bool damaged(const struct capture *c, const char *what, struct err *e)
{
    return err_fail(e, ERR_INPUT, "damaged capture at byte %llu: %s", (unsigned long long)c->at,
                    what);
}

/* ---- pcap ---------------------------------------------------------------------------------------
 */

static void file_header(struct capture *c)
{
    uint32_t magic;

    c->big = c->room[0] == 0xa1;
    magic = get32(c, c->room);
    c->nanoseconds = magic == 0xa1b23c4d;
    c->link = get32(c, c->room + 20) & 0xffff;
}

/* How many bytes the thing at the buffer's start has; 0: more are needed to tell. */
static bool pcap_size(struct capture *c, size_t *size, struct err *e)
{
    *size = c->begun ? 16 : 24;
    if (!c->begun || c->n < 16)
        return true;
    if (get32(c, c->room + 8) > LIMIT_WATCH_PACKET)
        return damaged(c, "a packet of more than 256 KB", e);
    *size = 16 + get32(c, c->room + 8);
    return true;
}

static bool pcap_take(struct capture *c, size_t size, const struct flow *to, struct err *e)
{
    int64_t us;

    if (!c->begun) {
        file_header(c);
        c->begun = true;
        return true;
    }
    us = (int64_t)get32(c, c->room) * 1000000 + get32(c, c->room + 4) / (c->nanoseconds ? 1000 : 1);
    return packet(&c->packets, c->link, us, bytes_of(c->room + 16, size - 16), to, e);
}

/* ---- pcapng -------------------------------------------------------------------------------------
 */

static bool block_size(struct capture *c, size_t *size, struct err *e)
{
    uint32_t kind, n;

    *size = 12;
    if (c->n < 12)
        return true;
    kind = get32(c, c->room);
    if (kind == BLOCK_SECTION) {
        c->big = c->room[8] == 0x1a;
        if (get32(c, c->room + 8) != 0x1a2b3c4d)
            return damaged(c, "no byte order mark", e);
    }
    n = get32(c, c->room + 4);
    if (n < 12 || n % 4)
        return damaged(c, "a block of impossible size", e);
    *size = n;
    if (n <= ROOM)
        return true;
    if (kind == BLOCK_PACKET || kind == BLOCK_SIMPLE)
        return damaged(c, "a packet of more than 256 KB", e);
    c->skip = n;
    return true;
}

/* Time stamps count microseconds unless option 9 says otherwise. */
static uint64_t per_second(const struct capture *c, size_t size)
{
    size_t at = 16;

    while (size - 4 - at >= 4 && at < size - 4) {
        uint32_t code = get16(c, c->room + at), n = get16(c, c->room + at + 2);
        if (code == 0 || n > size - 4 - at - 4)
            break;
        if (code == 9 && n >= 1) {
            uint8_t v = c->room[at + 4];
            uint64_t units = 1;
            if (v & 0x80)
                return (v & 0x7f) < 63 ? UINT64_C(1) << (v & 0x7f) : 1000000;
            for (; v > 0 && units < UINT64_C(1000000000000000000); v--)
                units *= 10;
            return units;
        }
        at += 4 + ((n + 3) & ~3u);
        if (at > size - 4)
            break;
    }
    return 1000000;
}

static bool block_packet(struct capture *c, size_t size, const struct flow *to, struct err *e)
{
    uint32_t which = get32(c, c->room + 8), n = get32(c, c->room + 20);
    uint64_t t = (uint64_t)get32(c, c->room + 12) << 32 | get32(c, c->room + 16), units;

    if (n > size - 32)
        return damaged(c, "a packet that is longer than its block", e);
    if (which >= c->interfaces) {
        c->packets.others++;
        return true;
    }
    units = c->interface[which].per_second;
    t = t / units * 1000000 +
        (units > 1000000 ? t % units / (units / 1000000) : t % units * 1000000 / units);
    return packet(&c->packets, c->interface[which].link, (int64_t)(t & INT64_MAX),
                  bytes_of(c->room + 28, n), to, e);
}

static bool block_take(struct capture *c, size_t size, const struct flow *to, struct err *e)
{
    uint32_t kind = get32(c, c->room), n;

    switch (kind) {
    case BLOCK_SECTION:
        c->interfaces = 0;
        break;
    case BLOCK_INTERFACE:
        if (size < 20 || c->interfaces == INTERFACES)
            break;
        c->interface[c->interfaces].link = (uint16_t)get16(c, c->room + 8);
        c->interface[c->interfaces++].per_second = per_second(c, size);
        break;
    case BLOCK_PACKET:
        return size < 32 || block_packet(c, size, to, e);
    case BLOCK_SIMPLE:
        if (size < 16 || c->interfaces == 0)
            break;
        n = get32(c, c->room + 8);
        n = n < size - 16 ? n : (uint32_t)(size - 16);
        return packet(&c->packets, c->interface[0].link, 0, bytes_of(c->room + 12, n), to, e);
    default:
        break;
    }
    return true;
}

/* ---- both
 * ------------------------------------------------------------------------------------------ */

/* Fill the buffer up to `size`; true once it is. */
static bool fill(struct capture *c, size_t size, struct bytes *part)
{
    size_t k = size > c->n ? size - c->n : 0;

    k = k < part->n ? k : part->n;
    memcpy(c->room + c->n, part->p, k);
    c->n += k;
    *part = bytes_of(part->p + k, part->n - k);
    return c->n >= size;
}

static bool skip(struct capture *c, struct bytes *part)
{
    uint64_t k;

    if (c->n) { /* what was read of it already */
        c->skip -= c->n < c->skip ? c->n : c->skip;
        c->at += c->n;
        c->n = 0;
    }
    k = c->skip < part->n ? c->skip : part->n;
    c->skip -= k;
    c->at += k;
    *part = bytes_of(part->p + k, part->n - (size_t)k);
    return c->skip == 0;
}

bool capture_part(struct capture *c, struct bytes part, const struct flow *to, struct err *e)
{
    size_t size;

    while (part.n || c->n) {
        if (c->skip && !skip(c, &part))
            return true;
        if (!fill(c, 4, &part))
            return true;
        if (!c->begun)
            c->ng = c->room[0] == 0x0a;
        if (!fill(c, c->ng ? 12 : c->begun ? 16 : 24, &part))
            return true;
        if (!(c->ng ? block_size(c, &size, e) : pcap_size(c, &size, e)))
            return false;
        if (c->skip)
            continue;
        if (!fill(c, size, &part))
            return true;
        c->begun = c->begun || c->ng;
        if (!(c->ng ? block_take(c, size, to, e) : pcap_take(c, size, to, e)))
            return false;
        c->at += size;
        c->n = 0;
    }
    return true;
}

bool capture_end(struct capture *c, const struct flow *to, struct err *e)
{
    if (!packets_end(&c->packets, to, e))
        return false;
    return (c->n == 0 && c->skip == 0) ||
           err_fail(e, ERR_INPUT, "the capture is cut after %llu bytes",
                    (unsigned long long)(c->at + c->n));
}
