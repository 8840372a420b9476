/* index: open a compiled file, refuse what is not one, look values up. */
#include "crypto/crypto.h"
#include "watch/watch_impl.h"

#include <stdlib.h>
#include <sys/mman.h>

uint64_t hash_value(const struct hash_key *k, enum watch_kind kind, struct bytes v)
{
    uint64_t state = k->k[0], group = 0;
    size_t n = v.n;

    if (kind == WATCH_IPV4)
        return hash_ipv4(k, (uint32_t)v.p[0] << 24 | (uint32_t)v.p[1] << 16 |
                                (uint32_t)v.p[2] << 8 | v.p[3]);
    if (kind == WATCH_DOMAIN) {
        for (; n >= 8; n -= 8)
            state = hash_name_step(k, state, load64(v.p + n - 8) | FOLD_CASE);
        for (size_t i = 0; i < n; i++)
            group |= (uint64_t)(v.p[i] | 0x20) << 8 * i;
        return hash_name_end(k, state, group, v.n);
    }
    state ^= k->k[3] * (2 * (uint64_t)kind + 1);
    for (; n >= 8; n -= 8)
        state = fold(state ^ load64(v.p + n - 8), k->k[1]);
    for (size_t i = 0; i < n; i++)
        group |= (uint64_t)v.p[i] << 8 * i;
    return fold(fold(state ^ group, k->k[2]) ^ v.n, k->k[1]);
}

/* ---- opening ------------------------------------------------------------------------------ */

static uint64_t take64(const uint8_t **p)
{
    uint64_t v = load64(*p);
    *p += 8;
    return v;
}

static uint32_t take32(const uint8_t **p)
{
    uint32_t v = load32(*p);
    *p += 4;
    return v;
}

static bool read_header(struct watch_index *ix, struct err *e)
{
    const uint8_t *p = ix->file.p + 16;
    uint64_t total;

    if (ix->file.n < INDEX_HEADER || memcmp(ix->file.p, INDEX_MAGIC, 14) != 0)
        return err_fail(e, ERR_INPUT, "not a compiled index");
    if (memcmp(ix->file.p, INDEX_MAGIC, 16) != 0)
        return err_fail(e, ERR_INPUT, "a compiled index of another version; compile it again");
    total = take64(&p);
    if (total != ix->file.n)
        return err_fail(e, ERR_INPUT, "the index is cut or has grown: %zu bytes, not %llu",
                        ix->file.n, (unsigned long long)total);
    ix->time = (int64_t)take64(&p);
    for (int i = 0; i < 4; i++)
        ix->key.k[i] = take64(&p);
    ix->flags = take32(&p);
    ix->url_longest = take32(&p);
    ix->lengths4 = take64(&p);
    for (int i = 0; i < 3; i++)
        ix->lengths6[i] = take64(&p);
    ix->filter_words = take64(&p);
    ix->filter4_words = take64(&p);
    ix->buckets = take64(&p);
    ix->warned = take64(&p);
    for (int i = 0; i < WATCH_KINDS; i++)
        ix->total += ix->counts[i] = take64(&p);
    for (int i = 0; i < SECTIONS; i++) {
        uint64_t at = take64(&p), n = take64(&p);
        if (at > total || n > total - at || at % 64)
            return err_fail(e, ERR_INPUT, "the index is damaged: section %d lies outside", i);
        ix->section[i] = bytes_of(ix->file.p + at, (size_t)n);
    }
    return true;
}

static bool check_digest(struct watch_index *ix, struct err *e)
{
    static const uint8_t zeros[32];
    struct sha256 s;
    struct hash h;

    sha256_start(&s);
    sha256_add(&s, bytes_of(ix->file.p, INDEX_HEADER - 32));
    sha256_add(&s, bytes_of(zeros, 32));
    sha256_add(&s, bytes_part(ix->file, INDEX_HEADER, SIZE_MAX));
    sha256_end(&s, &h);
    memcpy(ix->digest, ix->file.p + INDEX_HEADER - 32, 32);
    return memcmp(h.b, ix->digest, 32) == 0 ||
           err_fail(e, ERR_INPUT, "the index is damaged: its SHA-256 is another one");
}

static bool check_names(struct watch_index *ix)
{
    struct bytes s = ix->section[SECTION_NAMES];
    size_t at = 4;

    if (s.n < 4)
        return false;
    ix->names = load32(s.p);
    if (ix->names > LIMIT_WATCH_ORIGINS)
        return false;
    ix->name_at = calloc(ix->names + 1, sizeof *ix->name_at);
    if (!ix->name_at)
        return false;
    for (uint32_t i = 0; i < ix->names; i++) {
        if (s.n - at < 2 || s.n - at - 2 < load16(s.p + at))
            return false;
        ix->name_at[i] = (uint32_t)at;
        at += 2 + (size_t)load16(s.p + at);
    }
    return true;
}

static bool check_nets(const struct watch_index *ix)
{
    struct bytes s = ix->section[SECTION_NETS4];
    uint32_t used = 0;

    if (s.n < NETS4_LEAVES)
        return false;
    for (size_t i = 0; i < 1024; i++) {
        if (load32(s.p + NETS4_RANKS + 4 * i) != used)
            return false;
        used += (uint32_t)__builtin_popcountll(load64(s.p + 8 * i));
    }
    return s.n == NETS4_LEAVES + 32 * (size_t)used;
}

/* Buckets in order, each made of whole entries of sound sizes. */
static bool check_entries(const struct watch_index *ix)
{
    struct bytes starts = ix->section[SECTION_BUCKETS], entries = ix->section[SECTION_ENTRIES];
    uint64_t at = 0, n = 0;
    struct entry en;

    for (uint64_t b = 0; b < ix->buckets; b++) {
        uint64_t end = load32(starts.p + 4 * (b + 1));
        if (load32(starts.p + 4 * b) != at || end < at || end > entries.n)
            return false;
        while (at < end) {
            if (!entry_decode(bytes_of(entries.p, (size_t)end), at, &en, &at) ||
                en.origin >= ix->names || (en.flags & ENTRY_WARNED && en.warned >= ix->names))
                return false;
            n += !(en.flags & ENTRY_HOST);
        }
    }
    return at == entries.n && n == ix->total;
}

/* The digest says that we wrote it; these say that reading it is safe even if not. */
static bool check_shape(struct watch_index *ix, struct err *e)
{
    const struct bytes *s = ix->section;
    uint64_t most = ix->file.n;
    bool sizes = ix->filter_words > 0 && ix->filter_words <= most / 8 && ix->filter4_words > 0 &&
                 ix->filter4_words <= most / 8 && ix->buckets > 0 && ix->buckets <= most / 4 &&
                 s[SECTION_LABELS].n == LABEL_BITS / 8 &&
                 s[SECTION_FILTER].n == 8 * ix->filter_words &&
                 s[SECTION_FILTER4].n == 8 * ix->filter4_words &&
                 s[SECTION_BUCKETS].n == 4 * (ix->buckets + 1);

    return (sizes && ix->lengths4 >> 33 == 0 && ix->lengths6[2] <= 1 &&
            ix->url_longest <= LIMIT_WATCH_URL && check_names(ix) && check_nets(ix) &&
            check_entries(ix)) ||
           err_fail(e, ERR_INPUT, "the index is damaged: its parts do not fit together");
}

static struct watch_index *open_bytes(struct bytes file, struct err *e)
{
    struct watch_index *ix = calloc(1, sizeof *ix);

    if (!ix) {
        err_fail(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    ix->file = file;
    ix->holders = 1;
    if (read_header(ix, e) && check_digest(ix, e) && check_shape(ix, e))
        return ix;
    free(ix->name_at);
    free(ix);
    return NULL;
}

struct watch_index *watch_index_of(struct bytes file, struct err *e)
{
    return open_bytes(file, e);
}

struct watch_index *watch_index_open(const struct os *os, const char *path, struct err *e)
{
    struct os_file *f = NULL;
    struct bytes file = {0};
    struct watch_index *ix = NULL;
    uint64_t id[2];

    if (!os_open(os, path, OS_READ, &f, e))
        return NULL;
    if (os_file_id(os, f, id, e) && os_map(os, f, &file, e)) {
        ix = open_bytes(file, e);
        if (!ix) {
            err_within(e, "%s", path);
            os_unmap(os, file);
        }
    }
    os_close(os, f);
    if (!ix)
        return NULL;
    /* It was read whole to be checked; a search touches a fifth of it, and only that stays. */
    if (os == os_system()) {
        madvise((void *)(uintptr_t)file.p, file.n, MADV_DONTNEED);
        madvise((void *)(uintptr_t)file.p, file.n, MADV_RANDOM);
    }
    ix->os = os;
    memcpy(ix->file_id, id, sizeof id);
    return ix;
}

void index_hold(struct watch_index *ix)
{
    __atomic_add_fetch(&ix->holders, 1, __ATOMIC_RELAXED);
}

void watch_index_close(struct watch_index *ix)
{
    if (!ix || __atomic_sub_fetch(&ix->holders, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    if (ix->os)
        os_unmap(ix->os, ix->file);
    free(ix->name_at);
    free(ix);
}

bool watch_index_stale(const struct watch_index *ix, const char *path)
{
    struct os_file *f;
    uint64_t id[2];
    bool other;

    if (!ix->os || !os_open(ix->os, path, OS_READ, &f, NULL))
        return false; /* none is there: the one we have is the last good one */
    other = os_file_id(ix->os, f, id, NULL) && memcmp(id, ix->file_id, sizeof id) != 0;
    os_close(ix->os, f);
    return other;
}

void watch_index_built(const struct watch_index *ix, struct watch_built *out)
{
    *out = (struct watch_built){
        .indicators = ix->total, .warned = ix->warned, .size_bytes = ix->file.n};
    memcpy(out->by_kind, ix->counts, sizeof out->by_kind);
    memcpy(out->digest, ix->digest, sizeof out->digest);
}

int64_t watch_index_time(const struct watch_index *ix)
{
    return ix->time;
}

/* ---- entries -------------------------------------------------------------------------------- */

static bool size_fits(enum watch_kind kind, size_t n)
{
    switch (kind) {
    case WATCH_IPV4:
        return n == 4;
    case WATCH_CIDR4:
        return n == 5;
    case WATCH_IPV6:
        return n == 16;
    case WATCH_CIDR6:
        return n == 17;
    case WATCH_DOMAIN:
        return n >= 3 && n <= LIMIT_WATCH_NAME;
    case WATCH_URL:
        return n >= 3 && n <= LIMIT_WATCH_URL;
    case WATCH_EMAIL:
        return n >= 3 && n <= LIMIT_WATCH_EMAIL;
    case WATCH_MD5:
    case WATCH_SHA1:
    case WATCH_SHA256:
    case WATCH_SHA512:
        return n == digest_size(kind);
    }
    return false;
}

bool entry_decode(struct bytes all, uint64_t at, struct entry *out, uint64_t *next)
{
    const uint8_t *p = all.p + at, *end = all.p + all.n;
    struct entry en = {.until = UINT32_MAX};
    size_t n;

    if (at >= all.n || end - p < 9)
        return false;
    en.kind = (enum watch_kind)(*p & ENTRY_KIND);
    en.flags = *p++ & (uint8_t)~ENTRY_KIND;
    n = *p++;
    if (en.flags & ENTRY_LONG)
        n |= (size_t)*p++ << 8;
    if ((unsigned)en.kind >= WATCH_KINDS || !size_fits(en.kind, n) ||
        (en.flags & ENTRY_HOST && en.kind != WATCH_DOMAIN && en.kind != WATCH_IPV4 &&
         en.kind != WATCH_IPV6) ||
        end - p < 6)
        return false;
    en.origin = load16(p);
    en.ref = load32(p + 2);
    p += 6;
    if (en.flags & ENTRY_TIMED) {
        if (end - p < 8)
            return false;
        en.from = load32(p);
        en.until = load32(p + 4);
        p += 8;
    }
    if (en.flags & ENTRY_WARNED) {
        if (end - p < 2)
            return false;
        en.warned = load16(p);
        p += 2;
    }
    if ((size_t)(end - p) < n)
        return false;
    if (en.kind == WATCH_CIDR4 ? p[4] > 32 : en.kind == WATCH_CIDR6 && p[16] > 128)
        return false;
    en.value = bytes_of(p, n);
    *out = en;
    *next = (uint64_t)(p + n - all.p);
    return true;
}

struct bytes index_name(const struct watch_index *ix, uint16_t n)
{
    const uint8_t *p = ix->section[SECTION_NAMES].p + ix->name_at[n];

    return bytes_of(p + 2, load16(p));
}

struct cursor index_seek(const struct watch_index *ix, enum watch_kind kind, struct bytes canon,
                         uint64_t h)
{
    const uint8_t *starts = ix->section[SECTION_BUCKETS].p + 4 * scale(h, ix->buckets);

    return (struct cursor){ix, kind, canon, load32(starts), load32(starts + 4)};
}

/* Kind and length are enough to pass over most entries; opening has checked that all of them lie
 * inside their buckets. */
bool index_same(struct cursor *c, struct entry *out, uint64_t *id)
{
    const uint8_t *all = c->ix->section[SECTION_ENTRIES].p;

    while (c->at < c->end) {
        const uint8_t *p = all + c->at;
        size_t n = p[1] | (*p & ENTRY_LONG ? (size_t)p[2] << 8 : 0);
        size_t head =
            8 + ((*p & ENTRY_LONG) != 0) + (*p & ENTRY_TIMED ? 8 : 0) + (*p & ENTRY_WARNED ? 2 : 0);
        uint64_t next;
        *id = c->at;
        c->at += head + n;
        if ((*p & ENTRY_KIND) == (unsigned)c->kind && n == c->value.n &&
            memcmp(p + head, c->value.p, n) == 0)
            return entry_decode(bytes_of(all, (size_t)c->end), *id, out, &next);
    }
    return false;
}

bool index_has(const struct watch_index *ix, enum watch_kind kind, struct bytes canon, uint64_t h)
{
    struct cursor c = index_seek(ix, kind, canon, h);
    struct entry en;
    uint64_t id;

    return index_same(&c, &en, &id);
}

bool nets4_touch(const struct watch_index *ix, uint32_t ip)
{
    const uint8_t *s = ix->section[SECTION_NETS4].p, *leaf;
    uint32_t net = ip >> 16;
    uint64_t word = load64(s + 8 * (net >> 6)), bit = UINT64_C(1) << (net & 63);

    if (!(word & bit))
        return false;
    leaf = s + NETS4_LEAVES +
           32 * ((size_t)load32(s + NETS4_RANKS + 4 * (net >> 6)) +
                 (size_t)__builtin_popcountll(word & (bit - 1)));
    return leaf[ip >> 11 & 31] >> (ip >> 8 & 7) & 1;
}

void entry_indicator(const struct watch_index *ix, const struct entry *en, struct bytes text,
                     struct watch_indicator *out)
{
    *out = (struct watch_indicator){.kind = en->kind,
                                    .value = text,
                                    .origin = index_name(ix, en->origin),
                                    .ref = en->ref,
                                    .from = en->from};
    if (en->flags & ENTRY_TIMED && en->until != UINT32_MAX)
        out->until = en->until;
    if (en->flags & ENTRY_WARNED)
        out->warned = index_name(ix, en->warned);
}

bool watch_index_next(const struct watch_index *ix, uint64_t *at, struct watch_indicator *out,
                      uint8_t text[WATCH_VALUE_MAX])
{
    struct entry en;

    do {
        if (!entry_decode(ix->section[SECTION_ENTRIES], *at, &en, at))
            return false;
    } while (en.flags & ENTRY_HOST);
    entry_indicator(ix, &en, bytes_of(text, canon_print(en.kind, en.value, text)), out);
    return true;
}
