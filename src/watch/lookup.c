/* lookup: one token's bytes to the indicators it hits. Everything is compared whole; the filters
 * only say where comparing is in vain. */
#include "watch/finder.h"

struct query {
    const struct watch_index *ix;
    token_hit *hit; /* NULL: the first one is enough */
    void *self;
    bool found, stop;
};

static void ask(struct query *q, enum watch_kind kind, struct bytes canon, enum watch_how how)
{
    uint64_t h = hash_value(&q->ix->key, kind, canon), id;
    struct cursor c;
    struct entry en;

    if (q->stop || !(kind == WATCH_IPV4 ? filter4_has(q->ix, h) : filter_has(q->ix, h)))
        return;
    c = index_seek(q->ix, kind, canon, h);
    while (!q->stop && index_same(&c, &en, &id)) {
        if (en.flags & ENTRY_HOST && how != WATCH_EXACT)
            continue; /* of that host alone */
        q->found = true;
        q->stop = !q->hit || !q->hit(q->self, &en, id, how);
    }
}

/* The network of n bits around an address. */
static void ask_prefix(struct query *q, enum watch_kind kind, const uint8_t *address, size_t size,
                       unsigned n)
{
    uint8_t prefix[17] = {0};

    memcpy(prefix, address, n / 8);
    if (n % 8)
        prefix[n / 8] = address[n / 8] & (uint8_t)(0xff00 >> n % 8);
    prefix[size] = (uint8_t)n;
    ask(q, kind, bytes_of(prefix, size + 1), WATCH_PREFIX);
}

/* All of the lengths that are there, the narrowest network first. */
static void ask_prefixes(struct query *q, enum watch_kind kind, const uint8_t *address, size_t size,
                         const uint64_t *lengths, unsigned words)
{
    for (unsigned w = words; w-- > 0;)
        for (uint64_t left = lengths[w]; left && !q->stop;) {
            unsigned bit = 63 - (unsigned)__builtin_clzll(left);
            left &= ~(UINT64_C(1) << bit);
            ask_prefix(q, kind, address, size, 64 * w + bit);
        }
}

static void ask_ipv4(struct query *q, const uint8_t b[4])
{
    ask(q, WATCH_IPV4, bytes_of(b, 4), WATCH_EXACT);
    if (nets4_touch(q->ix,
                    (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3]))
        ask_prefixes(q, WATCH_CIDR4, b, 4, &q->ix->lengths4, 1);
}

static void ask_ipv6(struct query *q, struct bytes text)
{
    uint8_t b[16];

    if (!parse_ipv6(text, b))
        return;
    ask(q, WATCH_IPV6, bytes_of(b, 16), WATCH_EXACT);
    ask_prefixes(q, WATCH_CIDR6, b, 16, q->ix->lengths6, 3);
}

static struct bytes trim_dots(struct bytes t)
{
    while (t.n && t.p[t.n - 1] == '.')
        t.n--;
    while (t.n && t.p[0] == '.')
        t = bytes_of(t.p + 1, t.n - 1);
    return t;
}

static void lower_copy(uint8_t *out, struct bytes t)
{
    for (size_t i = 0; i < t.n; i++)
        out[i] = t.p[i] >= 'A' && t.p[i] <= 'Z' ? t.p[i] | 0x20 : t.p[i];
}

/* The name, and each of its suffixes behind a dot that still hold a dot. */
static void ask_name(struct query *q, struct bytes name, bool cut)
{
    uint8_t low[LIMIT_WATCH_NAME], address[4];
    size_t dots = 0;

    name = trim_dots(name);
    if (!cut && parse_ipv4(name, address)) {
        ask_ipv4(q, address);
        return;
    }
    if (name.n > sizeof low) {
        name = bytes_of(name.p + name.n - sizeof low, sizeof low);
        cut = true;
    }
    lower_copy(low, name);
    for (size_t i = 0; i < name.n; i++)
        dots += low[i] == '.';
    if (dots && !cut)
        ask(q, WATCH_DOMAIN, bytes_of(low, name.n), WATCH_EXACT);
    for (size_t i = 0; i < name.n && dots > 1; i++)
        if (low[i] == '.') {
            dots--;
            ask(q, WATCH_DOMAIN, bytes_of(low + i + 1, name.n - i - 1), WATCH_PARENT);
        }
}

/* Eight hex digits, the first one lowest, to four bytes. */
static uint32_t unhex8(uint64_t v)
{
    uint64_t letter = v >> 6 & UINT64_C(0x0101010101010101);

    v = (v & UINT64_C(0x0f0f0f0f0f0f0f0f)) + 9 * letter;
    v = (v << 4 | v >> 8) & UINT64_C(0x00ff00ff00ff00ff);
    v = (v | v >> 8) & UINT64_C(0x0000ffff0000ffff);
    return (uint32_t)(v | v >> 16);
}

static void ask_digest(struct query *q, struct bytes text)
{
    uint8_t canon[64];

    for (size_t i = 0; i < text.n; i++)
        if (!(byte_class[text.p[i]] & IS_HEX))
            return;
    for (enum watch_kind k = WATCH_MD5; k <= WATCH_SHA512; k++) {
        if (text.n != 2 * digest_size(k))
            continue;
        for (size_t i = 0; i < text.n; i += 8) {
            uint32_t four = unhex8(load64(text.p + i));
            for (size_t b = 0; b < 4; b++)
                canon[i / 2 + b] = (uint8_t)(four >> 8 * b);
        }
        ask(q, k, bytes_of(canon, text.n / 2), WATCH_EXACT);
    }
}

static void ask_email(struct query *q, struct bytes text)
{
    uint8_t low[LIMIT_WATCH_EMAIL];

    text = trim_dots(text);
    if (text.n > sizeof low)
        return;
    lower_copy(low, text);
    ask(q, WATCH_EMAIL, bytes_of(low, text.n), WATCH_EXACT);
}

static void ask_token(struct query *q, enum token_kind kind, struct bytes text, bool cut)
{
    uint8_t address[4];

    switch (kind) {
    case TOKEN_IPV4:
        if (parse_ipv4(text, address))
            ask_ipv4(q, address);
        break;
    case TOKEN_NAME:
        ask_name(q, text, cut);
        break;
    case TOKEN_DIGEST:
        if (!cut)
            ask_digest(q, text);
        break;
    case TOKEN_IPV6:
        if (!cut)
            ask_ipv6(q, text);
        break;
    case TOKEN_URL:
        if (text.n <= q->ix->url_longest)
            ask(q, WATCH_URL, text, WATCH_EXACT);
        break;
    case TOKEN_EMAIL:
        if (!cut)
            ask_email(q, text);
        break;
    case TOKEN_LOOK:
    case TOKEN_HEADER:
        break;
    }
}

bool token_hits(const struct watch_index *ix, enum token_kind kind, struct bytes text, bool cut,
                token_hit *hit, void *self)
{
    struct query q = {.ix = ix, .hit = hit, .self = self};

    ask_token(&q, kind, text, cut);
    return !q.stop;
}

bool token_is_there(const struct watch_index *ix, enum token_kind kind, struct bytes text, bool cut)
{
    struct query q = {.ix = ix};

    ask_token(&q, kind, text, cut);
    return q.found;
}

/* ---- one bare value, for people ------------------------------------------------------------ */

struct each {
    const struct watch_index *ix;
    watch_each *each;
    void *self;
};

static bool show_one(void *self, const struct entry *en, uint64_t id, enum watch_how how)
{
    struct each *s = self;
    struct watch_indicator in;
    uint8_t text[WATCH_VALUE_MAX];

    (void)how;
    if (en->flags & ENTRY_HOST)
        return true;
    entry_indicator(s->ix, en, bytes_of(text, canon_print(en->kind, en->value, text)), &in);
    return s->each(s->self, &in, id);
}

bool watch_index_look_up(const struct watch_index *ix, struct bytes value, watch_each *each,
                         void *self, struct err *e)
{
    static const enum token_kind tokens[WATCH_KINDS] = {
        [WATCH_IPV4] = TOKEN_IPV4,    [WATCH_IPV6] = TOKEN_IPV6,     [WATCH_DOMAIN] = TOKEN_NAME,
        [WATCH_URL] = TOKEN_URL,      [WATCH_EMAIL] = TOKEN_EMAIL,   [WATCH_MD5] = TOKEN_DIGEST,
        [WATCH_SHA1] = TOKEN_DIGEST,  [WATCH_SHA256] = TOKEN_DIGEST, [WATCH_SHA512] = TOKEN_DIGEST,
        [WATCH_CIDR4] = TOKEN_HEADER, [WATCH_CIDR6] = TOKEN_HEADER};
    struct each s = {ix, each, self};
    uint8_t canon[CANON_MAX], text[WATCH_VALUE_MAX];
    enum watch_kind kind;
    const char *why;
    size_t n;

    if (!watch_kind_guess(value, &kind) || !canon_value(kind, value, canon, &n, &why))
        return err_fail(e, ERR_INPUT, "this is no address, name, URL, e-mail address or digest");
    if (tokens[kind] == TOKEN_HEADER) {
        struct query q = {.ix = ix, .hit = show_one, .self = &s};
        ask(&q, kind, bytes_of(canon, n), WATCH_EXACT);
        return true;
    }
    n = canon_print(kind, bytes_of(canon, n), text);
    token_hits(ix, tokens[kind], bytes_of(text, n), false, show_one, &s);
    return true;
}
