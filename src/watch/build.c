/* build: indicators to a compiled index (doc/formats/watch-index.md).
 *
 * Entries are encoded as they come. Saving sorts them by hash, which is one counting pass,
 * because only the bucket matters; then filters, buckets and entries are written in one sweep. */
#include "base/text.h"
#include "crypto/crypto.h"
#include "watch/scan_impl.h"

#include <stdlib.h>
#include <sys/mman.h>

#define PER_BUCKET 4
#define BUCKET_MOST 64 /* distinct values; more means the key is known or unlucky: take another */
#define REKEYS 8
#define FILTER_BITS_PER_KEY 16

struct item {
    uint64_t hash;
    uint32_t at;   /* in the entries as they came */
    uint16_t size; /* of the whole entry */
    uint16_t kind;
};

struct name {
    uint8_t *text;
    size_t n;
};

struct watch_builder {
    const struct os *os;
    struct hash_key key;
    uint8_t *entries;
    size_t n_entries, cap_entries;
    struct item *items;
    size_t n_items, cap_items;
    struct name *names;
    size_t n_names, cap_names;
    size_t last_origin, last_warned; /* feeds come in one piece: look there first */
    uint8_t canon[CANON_MAX];
    uint64_t given;                 /* indicators; items are more */
    uint8_t host[LIMIT_WATCH_NAME]; /* of the last URL */
    size_t host_n;
};

static void draw_key(struct watch_builder *b)
{
    os_random(b->os, &b->key, sizeof b->key);
    for (int i = 0; i < 4; i++)
        b->key.k[i] |= 1; /* never zero */
}

struct watch_builder *watch_builder_new(const struct os *os, struct err *e)
{
    struct watch_builder *b = calloc(1, sizeof *b);

    if (!b) {
        err_fail(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    b->os = os;
    draw_key(b);
    return b;
}

void watch_builder_free(struct watch_builder *b)
{
    if (!b)
        return;
    for (size_t i = 0; i < b->n_names; i++)
        free(b->names[i].text);
    free(b->names);
    free(b->items);
    free(b->entries);
    free(b);
}

#define HUGE_PAGE ((size_t)2 << 20)

/* n bytes, not zeroed. Large ones in huge pages: a first touch costs more than filling it, and a
 * million indicators touch a hundred megabytes. What is never touched costs nothing. */
static void *pages(size_t n, struct err *e)
{
    size_t whole = (n + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
    void *p = n < HUGE_PAGE ? malloc(n) : aligned_alloc(HUGE_PAGE, whole);

    if (!p)
        err_fail(e, ERR_NOMEM, "out of memory");
    else if (n >= HUGE_PAGE)
        madvise(p, whole, MADV_HUGEPAGE); /* a wish */
    return p;
}

/* Room for n more of `size` bytes in *p. */
static bool room(void **p, size_t used, size_t *cap, size_t n, size_t size, struct err *e)
{
    size_t want = *cap ? *cap : 64;
    void *more;

    if (want - used >= n && *cap)
        return true;
    while (want - used < n)
        want *= 8;
    more = pages(want * size, e);
    if (!more)
        return false;
    if (used)
        memcpy(more, *p, used * size);
    free(*p);
    *p = more;
    *cap = want;
    return true;
}

/* The number of a name; the same text has one number. */
static bool intern(struct watch_builder *b, struct bytes text, size_t *last, struct err *e)
{
    void *p = b->names;

    if (text.n > LIMIT_WATCH_ORIGIN_BYTES)
        return err_fail(e, ERR_LIMIT, "an origin's name has %zu bytes, more than %d", text.n,
                        LIMIT_WATCH_ORIGIN_BYTES);
    if (*last < b->n_names && bytes_equal(bytes_of(b->names[*last].text, b->names[*last].n), text))
        return true;
    for (size_t i = 0; i < b->n_names; i++)
        if (bytes_equal(bytes_of(b->names[i].text, b->names[i].n), text)) {
            *last = i;
            return true;
        }
    if (b->n_names == LIMIT_WATCH_ORIGINS)
        return err_fail(e, ERR_LIMIT, "more than %d origins and warning lists",
                        LIMIT_WATCH_ORIGINS);
    if (!room(&p, b->n_names, &b->cap_names, 1, sizeof *b->names, e))
        return false;
    b->names = p;
    b->names[b->n_names].text = malloc(text.n + 1);
    if (!b->names[b->n_names].text)
        return err_fail(e, ERR_NOMEM, "out of memory");
    if (text.n)
        memcpy(b->names[b->n_names].text, text.p, text.n);
    b->names[b->n_names].n = text.n;
    *last = b->n_names++;
    return true;
}

static uint8_t *put16(uint8_t *p, size_t v)
{
    *p++ = (uint8_t)v;
    *p++ = (uint8_t)(v >> 8);
    return p;
}

static uint8_t *put32(uint8_t *p, uint64_t v)
{
    return put16(put16(p, v & 0xffff), v >> 16 & 0xffff);
}

static uint8_t *put64(uint8_t *p, uint64_t v)
{
    return put32(put32(p, v), v >> 32);
}

/* Seconds as 32 bits: before 1970 is 0, after 2106 is the last second. */
static uint32_t time32(int64_t t)
{
    return t <= 0 ? 0 : t >= UINT32_MAX ? UINT32_MAX : (uint32_t)t;
}

static uint8_t *put_head(const struct watch_builder *b, const struct watch_indicator *in, size_t n,
                         uint8_t *p)
{
    bool timed = in->from > 0 || in->until > 0;

    *p++ = (uint8_t)((unsigned)in->kind | (timed ? ENTRY_TIMED : 0u) |
                     (in->warned.n ? ENTRY_WARNED : 0u) | (n > 255 ? ENTRY_LONG : 0u));
    if (n > 255)
        p = put16(p, n);
    else
        *p++ = (uint8_t)n;
    p = put16(p, b->last_origin);
    p = put32(p, in->ref);
    if (timed) {
        p = put32(p, time32(in->from));
        p = put32(p, in->until > 0 ? time32(in->until) : UINT32_MAX);
    }
    return in->warned.n ? put16(p, b->last_warned) : p;
}

/* One entry; `flags` beyond those that the indicator has by itself. */
static bool put_item(struct watch_builder *b, const struct watch_indicator *in, struct bytes canon,
                     uint8_t flags, struct err *e)
{
    void *entries = b->entries, *items = b->items;
    uint8_t *p;

    if (b->n_items >= LIMIT_WATCH_INDICATORS ||
        b->n_entries > UINT32_MAX - (CANON_MAX + ENTRY_FIXED_MAX))
        return err_fail(e, ERR_LIMIT, "the index is full: %zu indicators", b->n_items);
    if (!room(&entries, b->n_entries, &b->cap_entries, canon.n + ENTRY_FIXED_MAX, 1, e))
        return false;
    b->entries = entries;
    if (!room(&items, b->n_items, &b->cap_items, 1, sizeof *b->items, e))
        return false;
    b->items = items;
    p = put_head(b, in, canon.n, b->entries + b->n_entries);
    b->entries[b->n_entries] |= flags;
    memcpy(p, canon.p, canon.n);
    b->items[b->n_items++] =
        (struct item){hash_value(&b->key, in->kind, canon), (uint32_t)b->n_entries,
                      (uint16_t)((size_t)(p - b->entries) + canon.n - b->n_entries),
                      (uint16_t)(in->kind | flags)};
    b->n_entries = (size_t)(p - b->entries) + canon.n;
    return true;
}

/* The host of a URL, so that lines that have host and path apart are looked at. Feeds name one host
 * many times in a row; others are found to be there twice when the file is drawn. */
static bool put_host(struct watch_builder *b, struct bytes url, struct err *e)
{
    static const enum watch_kind kinds[] = {WATCH_IPV4, WATCH_DOMAIN, WATCH_IPV6};
    struct watch_indicator in = {0};
    struct bytes host;
    const char *why;
    size_t origin = b->last_origin, n;
    bool ok = true;

    if (!url_host(url, &host) || host.n > sizeof b->host ||
        bytes_equal(host, bytes_of(b->host, b->host_n)))
        return true;
    memcpy(b->host, host.p, host.n);
    b->host_n = host.n;
    for (size_t i = 0; i < 3; i++)
        if (canon_value(kinds[i], host, b->canon, &n, &why)) {
            in.kind = kinds[i];
            b->last_origin = 0;
            ok = put_item(b, &in, bytes_of(b->canon, n), ENTRY_HOST, e);
            b->last_origin = origin;
            break;
        }
    return ok;
}

bool watch_builder_add(struct watch_builder *b, const struct watch_indicator *in, struct err *e)
{
    uint8_t *canon = b->canon;
    const char *why;
    char shown[128];
    size_t n;

    if ((unsigned)in->kind >= WATCH_KINDS)
        return err_fail(e, ERR_INPUT, "no such kind of indicator: %d", (int)in->kind);
    if (!canon_value(in->kind, in->value, canon, &n, &why)) {
        text_escape(shown, sizeof shown, in->value);
        return err_fail(e, ERR_INPUT, "\"%s\" is not %s", shown, why);
    }
    if (!intern(b, in->origin, &b->last_origin, e) ||
        (in->warned.n && !intern(b, in->warned, &b->last_warned, e)) ||
        !put_item(b, in, bytes_of(canon, n), 0, e))
        return false;
    b->given++;
    return in->kind != WATCH_URL || put_host(b, in->value, e);
}

/* ---- the image --------------------------------------------------------------------------- */

struct image {
    struct watch_builder *b;
    struct item *sorted;
    uint32_t *starts; /* of buckets, in sorted */
    size_t buckets, words, words4, unique;
    uint64_t counts[WATCH_KINDS], warned, lengths4, lengths6[3];
    uint32_t flags, url_longest;
    uint64_t offset[SECTIONS], size[SECTIONS], total;
    uint8_t *out;
};

static struct entry entry_of(const struct image *m, const struct item *it)
{
    struct entry en;
    uint64_t next;

    if (!entry_decode(bytes_of(m->b->entries, m->b->n_entries), it->at, &en, &next))
        abort(); /* we wrote it */
    return en;
}

/* Items by bucket: count, place, done. */
static bool sort_items(struct image *m, struct err *e)
{
    size_t n = m->b->n_items;
    uint32_t *at;

    m->buckets = n / PER_BUCKET + 1;
    m->starts = calloc(m->buckets + 2, sizeof *m->starts);
    m->sorted = pages((n + 1) * sizeof *m->sorted, e);
    if (!m->starts || !m->sorted)
        return err_fail(e, ERR_NOMEM, "out of memory");
    at = m->starts + 1; /* ends up one bucket ahead of where it began */
    for (size_t i = 0; i < n; i++)
        at[scale(m->b->items[i].hash, m->buckets) + 1]++;
    for (size_t i = 1; i <= m->buckets; i++)
        at[i] += at[i - 1];
    for (size_t i = 0; i < n; i++)
        m->sorted[at[scale(m->b->items[i].hash, m->buckets)]++] = m->b->items[i];
    return true;
}

/* Within one bucket: drop what was given twice. False: too many distinct values. */
static bool thin_bucket(struct image *m, size_t from, size_t to, size_t *kept)
{
    size_t at = *kept, begin = *kept, distinct = 0;
    const uint8_t *all = m->b->entries;

    for (size_t i = from; i < to; i++) {
        struct item it = m->sorted[i];
        bool twice = false, same_hash = false;
        for (size_t j = begin; j < at && !twice; j++) {
            if (m->sorted[j].hash != it.hash)
                continue;
            same_hash = true;
            twice = m->sorted[j].size == it.size &&
                    memcmp(all + m->sorted[j].at, all + it.at, it.size) == 0;
        }
        distinct += !same_hash;
        if (!twice)
            m->sorted[at++] = it;
    }
    *kept = at;
    return distinct <= BUCKET_MOST;
}

static bool thin(struct image *m)
{
    size_t kept = 0, from = 0;

    for (size_t i = 0; i < m->buckets; i++) {
        size_t to = m->starts[i + 1];
        m->starts[i] = (uint32_t)kept;
        if (!thin_bucket(m, from, to, &kept))
            return false;
        from = to;
    }
    m->starts[m->buckets] = (uint32_t)kept;
    m->unique = kept;
    return true;
}

static void rehash(struct watch_builder *b)
{
    struct entry en;
    uint64_t next;

    draw_key(b);
    for (size_t i = 0; i < b->n_items; i++)
        if (entry_decode(bytes_of(b->entries, b->n_entries), b->items[i].at, &en, &next))
            b->items[i].hash = hash_value(&b->key, en.kind, en.value);
}

static void image_free(struct image *m)
{
    free(m->sorted);
    free(m->starts);
    m->sorted = NULL;
    m->starts = NULL;
}

static bool arrange(struct image *m, struct err *e)
{
    for (int tries = 0; tries < REKEYS; tries++) {
        if (!sort_items(m, e))
            return false;
        if (thin(m))
            return true;
        image_free(m);
        rehash(m->b);
    }
    return err_fail(e, ERR_LIMIT, "the indicators fall into the same places under %d keys", REKEYS);
}

/* ---- nets: which /16 and /24 some IPv4 prefix touches ------------------------------------- */

/* All /24 from `first` on, `count` of them, in the bitmap of 2^24 bits. */
static void mark_nets(uint8_t *bits, uint32_t first, uint32_t count)
{
    for (uint32_t i = first; i < first + count; i++)
        bits[i >> 3] |= (uint8_t)(1u << (i & 7));
}

static bool mark_all_nets(struct image *m, uint8_t **bits, struct err *e)
{
    *bits = calloc(1, (size_t)1 << 21);
    if (!*bits)
        return err_fail(e, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < m->unique; i++) {
        struct entry en;
        if (m->sorted[i].kind != WATCH_CIDR4)
            continue;
        en = entry_of(m, &m->sorted[i]);
        mark_nets(*bits,
                  (uint32_t)en.value.p[0] << 16 | (uint32_t)en.value.p[1] << 8 | en.value.p[2],
                  en.value.p[4] < 24 ? 1u << (24 - en.value.p[4]) : 1);
    }
    return true;
}

static size_t count_used16(const uint8_t *bits)
{
    static const uint8_t none[32];
    size_t n = 0;

    for (size_t i = 0; i < 65536; i++)
        n += memcmp(bits + 32 * i, none, 32) != 0;
    return n;
}

static void put_nets(const uint8_t *bits, uint8_t *out)
{
    static const uint8_t none[32];
    uint32_t used = 0;

    for (size_t i = 0; i < 65536; i++) {
        if (i % 64 == 0)
            put32(out + NETS4_RANKS + i / 64 * 4, used);
        if (memcmp(bits + 32 * i, none, 32) == 0)
            continue;
        out[i >> 3] |= (uint8_t)(1u << (i & 7));
        memcpy(out + NETS4_LEAVES + 32 * (size_t)used++, bits + 32 * i, 32);
    }
}

/* ---- filling ------------------------------------------------------------------------------- */

static void or64(uint8_t *p, uint64_t bits)
{
    put64(p, load64(p) | bits);
}

static void put_last_label(struct image *m, struct bytes name)
{
    uint8_t *map = m->out + m->offset[SECTION_LABELS];
    size_t dot = name.n;
    uint64_t label = 0;
    uint32_t h;

    while (name.p[dot - 1] != '.')
        dot--;
    m->flags |= byte_class[name.p[dot]] & IS_DIGIT ? FLAG_DIGIT_LABEL : 0;
    for (size_t i = name.n - dot > 8 ? name.n - 8 : dot; i < name.n; i++)
        label |= (uint64_t)(name.p[i] | 0x20) << (56 - 8 * (name.n - 1 - i));
    if (name.n - dot < 8)
        label >>= 64 - 8 * (name.n - dot);
    h = hash_last_label(label);
    map[h >> 3] |= (uint8_t)(1u << (h & 7));
}

static void put_entry(struct image *m, const struct item *it)
{
    struct entry en;
    unsigned length;

    if (!(it->kind & ENTRY_HOST))
        m->counts[it->kind]++;
    if (it->kind == WATCH_IPV4 && !(m->b->entries[it->at] & ENTRY_WARNED)) {
        or64(m->out + m->offset[SECTION_FILTER4] + 8 * scale(it->hash, m->words4),
             filter_bits(it->hash));
        return;
    }
    en = entry_of(m, it);
    m->warned += (en.flags & ENTRY_WARNED) != 0;
    if (en.kind == WATCH_IPV4)
        or64(m->out + m->offset[SECTION_FILTER4] + 8 * scale(it->hash, m->words4),
             filter_bits(it->hash));
    else
        or64(m->out + m->offset[SECTION_FILTER] + 8 * scale(it->hash, m->words),
             filter_bits(it->hash));
    if (en.kind == WATCH_DOMAIN)
        put_last_label(m, en.value);
    if (en.kind == WATCH_URL && en.value.n > m->url_longest)
        m->url_longest = (uint32_t)en.value.n;
    if (en.kind == WATCH_CIDR4)
        m->lengths4 |= UINT64_C(1) << en.value.p[4];
    if (en.kind == WATCH_CIDR6) {
        length = en.value.p[16];
        m->lengths6[length / 64] |= UINT64_C(1) << length % 64;
    }
}

static void put_entries(struct image *m)
{
    const uint8_t *from = m->b->entries;
    uint8_t *entries = m->out + m->offset[SECTION_ENTRIES];
    uint8_t *buckets = m->out + m->offset[SECTION_BUCKETS];
    size_t at = 0, bucket = 0;

    for (size_t i = 0; i < m->unique; i++) {
        if (i + 16 < m->unique)
            __builtin_prefetch(from + m->sorted[i + 16].at);
        for (; bucket < m->buckets && m->starts[bucket] <= i; bucket++)
            put32(buckets + 4 * bucket, at);
        memcpy(entries + at, from + m->sorted[i].at, m->sorted[i].size);
        put_entry(m, &m->sorted[i]);
        at += m->sorted[i].size;
    }
    for (; bucket <= m->buckets; bucket++)
        put32(buckets + 4 * bucket, at);
}

static void put_names(struct image *m)
{
    uint8_t *p = m->out + m->offset[SECTION_NAMES];

    p = put32(p, m->b->n_names);
    for (size_t i = 0; i < m->b->n_names; i++) {
        p = put16(p, m->b->names[i].n);
        memcpy(p, m->b->names[i].text, m->b->names[i].n);
        p += m->b->names[i].n;
    }
}

static void put_header(struct image *m, uint8_t digest[32])
{
    uint8_t *p = m->out;
    struct hash h;

    memcpy(p, INDEX_MAGIC, 16);
    p = put64(p + 16, m->total);
    p = put64(p, (uint64_t)os_now(m->b->os));
    for (int i = 0; i < 4; i++)
        p = put64(p, m->b->key.k[i]);
    p = put32(p, m->flags);
    p = put32(p, m->url_longest);
    p = put64(p, m->lengths4);
    for (int i = 0; i < 3; i++)
        p = put64(p, m->lengths6[i]);
    p = put64(p, m->words);
    p = put64(p, m->words4);
    p = put64(p, m->buckets);
    p = put64(p, m->warned);
    for (int i = 0; i < WATCH_KINDS; i++)
        p = put64(p, m->counts[i]);
    for (int i = 0; i < SECTIONS; i++) {
        p = put64(p, m->offset[i]);
        p = put64(p, m->size[i]);
    }
    sha256(bytes_of(m->out, m->total), &h); /* with zeros in its own place */
    memcpy(m->out + INDEX_HEADER - 32, h.b, 32);
    memcpy(digest, h.b, 32);
}

static size_t words_for(size_t keys)
{
    return keys * FILTER_BITS_PER_KEY / 64 + 1;
}

static void lay_out(struct image *m, size_t used16)
{
    uint64_t at = INDEX_HEADER, names = 4, entries = 0, ipv4 = 0;

    for (size_t i = 0; i < m->b->n_names; i++)
        names += 2 + m->b->names[i].n;
    for (size_t i = 0; i < m->unique; i++) {
        entries += m->sorted[i].size;
        ipv4 += (m->sorted[i].kind & ENTRY_KIND) == WATCH_IPV4;
    }
    m->words4 = words_for(ipv4);
    m->words = words_for(m->unique - ipv4);
    m->size[SECTION_NAMES] = names;
    m->size[SECTION_LABELS] = LABEL_BITS / 8;
    m->size[SECTION_FILTER4] = 8 * m->words4;
    m->size[SECTION_NETS4] = NETS4_LEAVES + 32 * used16;
    m->size[SECTION_FILTER] = 8 * m->words;
    m->size[SECTION_BUCKETS] = 4 * (m->buckets + 1);
    m->size[SECTION_ENTRIES] = entries;
    for (int i = 0; i < SECTIONS; i++) {
        m->offset[i] = at;
        at = (at + m->size[i] + 63) & ~UINT64_C(63);
    }
    m->total = at;
}

/* All but buckets and entries is bits that are set one by one; those two are written whole. */
static void clear_gaps(struct image *m)
{
    uint64_t end = m->offset[SECTION_BUCKETS] + m->size[SECTION_BUCKETS];

    memset(m->out, 0, (size_t)m->offset[SECTION_BUCKETS]);
    memset(m->out + end, 0, (size_t)(m->offset[SECTION_ENTRIES] - end));
    end = m->offset[SECTION_ENTRIES] + m->size[SECTION_ENTRIES];
    memset(m->out + end, 0, (size_t)(m->total - end));
}

/* The whole file into memory that the caller frees. */
static bool draw(struct image *m, uint8_t digest[32], struct err *e)
{
    uint8_t *nets = NULL;
    bool ok = false;

    if (!arrange(m, e) || !mark_all_nets(m, &nets, e))
        goto done;
    lay_out(m, count_used16(nets));
    m->out = pages((size_t)m->total, e);
    if (!m->out)
        goto done;
    clear_gaps(m);
    put_names(m);
    put_nets(nets, m->out + m->offset[SECTION_NETS4]);
    put_entries(m);
    put_header(m, digest);
    ok = true;
done:
    free(nets);
    image_free(m);
    return ok;
}

static void report(const struct image *m, const uint8_t digest[32], struct watch_built *out)
{
    uint64_t total = 0;

    if (!out)
        return;
    for (int i = 0; i < WATCH_KINDS; i++)
        total += m->counts[i];
    *out = (struct watch_built){.indicators = total,
                                .duplicates = m->b->given - total,
                                .warned = m->warned,
                                .size_bytes = m->total};
    memcpy(out->by_kind, m->counts, sizeof out->by_kind);
    memcpy(out->digest, digest, 32);
}

bool watch_builder_save(struct watch_builder *b, const char *path, struct watch_built *built,
                        struct err *e)
{
    struct image m = {.b = b};
    uint8_t digest[32];
    bool ok =
        draw(&m, digest, e) && os_write_file(b->os, path, bytes_of(m.out, (size_t)m.total), 0, e);

    if (ok)
        report(&m, digest, built);
    free(m.out);
    return ok;
}

bool watch_builder_encode(struct watch_builder *b, struct arena *a, struct bytes *out,
                          struct watch_built *built, struct err *e)
{
    struct image m = {.b = b};
    uint8_t digest[32];
    bool ok = draw(&m, digest, e) && arena_copy(a, bytes_of(m.out, (size_t)m.total), out, e);

    if (ok)
        report(&m, digest, built);
    free(m.out);
    return ok;
}
