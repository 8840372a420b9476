/* kernel_impl: the search, spelled once; each kernel's file says how 64 bytes become masks and
 * how an address is read, includes this, and is compiled for its processor.
 *
 * Before the include: KERNEL(name) to make names, and the functions
 *   static inline void masks_of(const uint8_t *p, struct masks *m);   // all but `letter_u`
 *   static inline uint64_t equal(const uint8_t *p, uint8_t c);
 *   static inline void word_window(const uint8_t *end, uint64_t *word, uint64_t *dot);
 *   static inline unsigned read_ipv4(const uint8_t *end, uint32_t *ip);  // its length, or 0
 */
enum mode { MODE_TEXT, MODE_JSON, MODE_ZEEK };

static inline uint64_t add_carry(uint64_t a, uint64_t b, uint64_t *carry)
{
    uint64_t sum;
    bool over = __builtin_add_overflow(a, b, &sum), again;

    again = __builtin_add_overflow(sum, *carry, &sum);
    *carry = over | again;
    return sum;
}

/* Each bit one byte later. */
static inline uint64_t later(uint64_t m, uint64_t *carry)
{
    uint64_t r = m << 1 | *carry;
    *carry = m >> 63;
    return r;
}

/* Positions of the bits; almost always there are at most four. */
static inline uint32_t *put_positions(uint32_t *to, uint64_t m, size_t at)
{
    uint32_t *end = to + __builtin_popcountll(m);

    for (;;) {
        for (int i = 0; i < 4; i++) {
            to[i] = (uint32_t)(at + (m ? (unsigned)__builtin_ctzll(m) : 0));
            m &= m - 1;
        }
        if (__builtin_expect(m == 0, 1))
            return end;
        to += 4;
    }
}

/* Where words end that are four numbers with dots between: from each start of a number at the
 * start of a word, an add runs through the digits to the byte behind them. */
static inline uint64_t ipv4_ends(const struct masks *m, uint64_t after_word, struct carry *c)
{
    uint64_t digit = m->digit, dot = m->dot, start = digit & ~after_word;
    uint64_t lead = dot & ~after_word;

    if (__builtin_expect((lead | c->lead) != 0, 0))
        start |= add_carry(lead, dot, &c->lead) & ~dot & digit;
    for (int i = 0; i < 3; i++) {
        uint64_t point = add_carry(start, digit, &c->number[i]) & ~digit & dot;
        start = later(point, &c->point[i]) & digit;
    }
    return add_carry(start, digit, &c->number[3]) & ~digit & ~m->word;
}

/* Where words with a dot end whose last label does not begin with a digit, and where words end
 * in a dot. */
static inline uint64_t name_ends(const struct masks *m, uint64_t digit_labels, struct carry *c)
{
    uint64_t label = m->word & ~m->dot, after_dot = later(m->dot, &c->dot);
    uint64_t start = after_dot & label & (~m->digit | digit_labels);

    return (add_carry(start, label, &c->label) | after_dot) & ~m->word;
}

/* Colons that may belong to an IPv6 address: the second of a pair, or the third with at most hex
 * digits between. An address without a pair has at least six, so that one block sees three. */
static inline uint64_t ipv6_colons(const struct masks *m, struct carry *c)
{
    uint64_t after = later(m->colon, &c->colon), pair = m->colon & after;
    uint64_t second = (((m->colon << 1) & m->hex) + m->hex) & ~m->hex & m->colon;

    if (__builtin_expect(second != 0, 0))
        pair |= (((second << 1) & m->hex) + m->hex) & ~m->hex & m->colon;
    return pair;
}

static inline uint64_t hex_lanes(uint64_t hex)
{
    hex &= hex >> 1;
    hex &= hex >> 2;
    hex &= hex >> 4;
    hex &= hex >> 8;
    return hex & UINT64_C(0x0001000100010001);
}

#define EACH_BIT(m, call)                                                                          \
    for (uint64_t left_ = (m); left_; left_ &= left_ - 1) {                                        \
        size_t bit_ = at + (size_t)__builtin_ctzll(left_);                                         \
        call;                                                                                      \
    }

/* Bytes behind an odd number of backslashes (after simdjson's method: Langdale and Lemire,
 * "Parsing gigabytes of JSON per second", 2019, section 3.1.1). */
static inline uint64_t escaped_by(uint64_t backslash, uint64_t *carry)
{
    const uint64_t even = UINT64_C(0x5555555555555555);
    uint64_t follows, odd_starts, sequences;
    bool over;

    backslash &= ~*carry;
    follows = backslash << 1 | *carry;
    odd_starts = backslash & ~even & ~follows;
    over = __builtin_add_overflow(odd_starts, backslash, &sequences);
    *carry = over;
    return (even ^ sequences << 1) & follows;
}

static inline void unescape(struct finder *f, size_t at, struct masks *m)
{
    uint64_t escaped;

    if (__builtin_expect((m->backslash | f->carry.escape) == 0, 1))
        return;
    escaped = escaped_by(m->backslash, &f->carry.escape);
    m->word &= ~escaped;
    m->hex &= ~escaped;
    EACH_BIT(escaped & equal(f->p + at, 'u'), rare_look(f, bit_))
    EACH_BIT(escaped & m->slash, rare_look(f, bit_))
}

struct found {
    uint32_t *ipv4, *name;
};

static inline void search_block(struct finder *f, size_t at, struct masks *m, enum mode mode,
                                uint64_t digit_labels, struct found *to)
{
    struct carry *c = &f->carry;
    uint64_t after_word, after_slash, second, pair, lanes;

    if (mode == MODE_JSON)
        unescape(f, at, m);
    if (mode == MODE_ZEEK) {
        uint64_t begin = later(m->newline, &c->newline) & m->hash;
        EACH_BIT(begin, rare_header(f, bit_))
    }
    f->newlines += (uint64_t)__builtin_popcountll(m->newline);
    after_word = later(m->word, &c->word);
    to->ipv4 = put_positions(to->ipv4, ipv4_ends(m, after_word, c), at);
    to->name = put_positions(to->name, name_ends(m, digit_labels, c), at);
    after_slash = later(m->slash, &c->slash);
    second = m->slash & after_slash;
    pair = ipv6_colons(m, c);
    lanes = hex_lanes(m->hex);
    if (__builtin_expect((second | pair | lanes | m->at) != 0, 0)) {
        EACH_BIT(second, rare_url(f, bit_))
        EACH_BIT(m->at, rare_email(f, bit_))
        EACH_BIT(pair, rare_ipv6(f, bit_))
        EACH_BIT(lanes, rare_digest(f, bit_))
    }
}

static inline void keep_below(struct masks *m, size_t n)
{
    uint64_t keep = (UINT64_C(1) << n) - 1;

    m->word &= keep;
    m->dot &= keep;
    m->digit &= keep;
    m->hex &= keep;
    m->colon &= keep;
    m->slash &= keep;
    m->at &= keep;
    m->newline &= keep;
    m->backslash &= keep;
    m->hash &= keep;
}

static inline struct found search_blocks(struct finder *f, enum mode mode)
{
    size_t end = f->n - f->at > CHUNK ? f->at + CHUNK : f->n, at = f->at;
    uint64_t digit_labels = f->ix->flags & FLAG_DIGIT_LABEL ? ~UINT64_C(0) : 0;
    struct found to = {f->ends, f->name_ends};
    struct masks m = {0};

    for (; end - at >= 64; at += 64) {
        masks_of(f->p + at, &m);
        search_block(f, at, &m, mode, digit_labels, &to);
    }
    f->at = end;
    if (end < f->n)
        return to; /* a chunk is whole blocks */
    if (at < end || !f->open_right) {
        masks_of(f->p + at, &m);
        keep_below(&m, end - at);
        search_block(f, at, &m, mode, digit_labels, &to);
    }
    return to;
}

static void search_ipv4(struct finder *f, const uint32_t *end)
{
    const struct watch_index *ix = f->ix;
    const struct hash_key key = ix->key;

    for (const uint32_t *e = f->ends; e < end; e++) {
        uint32_t ip = 0;
        unsigned n = read_ipv4(f->p + *e, &ip);
        bool near = filter4_has(ix, hash_ipv4(&key, ip)) | nets4_near(ix, ip);
        if (__builtin_expect(near & (n != 0), 0))
            check_ipv4(f, *e - n, *e, ip);
    }
}

/* Keep those names whose last label is one of the index's. Returns how many. */
static size_t search_labels(struct finder *f, const uint32_t *end)
{
    const uint8_t *map = f->ix->section[SECTION_LABELS].p;
    uint32_t *keep = f->name_ends;

    for (const uint32_t *e = f->name_ends; e < end; e++) {
        uint64_t last = load64(f->p + *e - 8) | FOLD_CASE;
        uint64_t x = last ^ UINT64_C(0x2e2e2e2e2e2e2e2e), low = UINT64_C(0x7f7f7f7f7f7f7f7f);
        uint64_t dots = ~(((x & low) + low) | x | low);
        unsigned size = dots ? (unsigned)__builtin_clzll(dots) : 64;
        uint32_t h = hash_last_label(last >> ((64 - size) & 63));
        *keep = *e;
        keep += (map[h >> 3] >> (h & 7) & 1) | (size == 0);
    }
    return (size_t)(keep - f->name_ends);
}

/* All suffixes of the word before `end`, the shortest first. `dots` are its dots, bit 63 the
 * byte before the end; the word has n bytes, at most 63. */
static inline bool probe_suffixes(const struct watch_index *ix, const uint8_t *end, uint64_t dots,
                                  size_t n, bool cut)
{
    const struct hash_key *key = &ix->key;
    uint64_t state = key->k[0], group = load64(end - 8) | FOLD_CASE;
    const uint8_t *at = end - 8;

    dots &= ~(UINT64_C(1) << 63 >> __builtin_clzll(dots)); /* a last label alone is not asked */
    for (;;) {
        bool last = dots == 0;
        size_t size = last ? n : (size_t)__builtin_clzll(dots);
        uint64_t rest, h;
        for (; (size_t)(end - at) <= size; at -= 8) {
            state = hash_name_step(key, state, group);
            group = load64(at - 8) | FOLD_CASE;
        }
        rest = group >> 1 >> (63 - 8 * (size & 7));
        h = hash_name_end(key, state, rest, size);
        if (__builtin_expect(filter_has(ix, h), 0) && name_is_there(ix, end - n, end, cut))
            return true;
        if (last)
            return false;
        dots &= ~(UINT64_C(1) << 63 >> size);
    }
}

static void search_names(struct finder *f, size_t n, enum mode mode)
{
    for (size_t i = 0; i < n; i++) {
        size_t end = f->name_ends[i], start;
        uint64_t word, dot;
        unsigned run;
        bool cut;

        word_window(f->p + end, &word, &dot);
        run = ~word ? (unsigned)__builtin_clzll(~word) : 64;
        if (__builtin_expect(run == 64 || !run || dot >> 63, 0)) {
            slow_name(f, end);
            continue;
        }
        start = end - run;
        if (mode == MODE_JSON && __builtin_expect(f->p[(ptrdiff_t)start - 1] == '\\', 0)) {
            slow_name(f, end);
            continue;
        }
        if (__builtin_expect(f->p[start] == '.', 0)) {
            slow_name(f, end);
            continue;
        }
        cut = f->open_left && start == 0;
        if (__builtin_expect(
                !probe_suffixes(f->ix, f->p + end, dot & ~(~UINT64_C(0) >> run), run, cut), 1))
            continue;
        if (end >= f->fresh && !(f->open_right && end == f->n))
            f->name.at[f->name.n++] =
                (struct token){(uint32_t)start, (uint32_t)end, TOKEN_NAME, cut};
    }
}

static inline void search(struct finder *f, enum mode mode)
{
    struct found to = search_blocks(f, mode);

    search_ipv4(f, to.ipv4);
    search_names(f, search_labels(f, to.name), mode);
}

static void KERNEL(text)(struct finder *f)
{
    search(f, MODE_TEXT);
}

static void KERNEL(json)(struct finder *f)
{
    search(f, MODE_JSON);
}

static void KERNEL(zeek)(struct finder *f)
{
    search(f, MODE_ZEEK);
}

static uint64_t KERNEL(classify)(const uint8_t *p, size_t n)
{
    uint64_t all = 0;

    for (size_t i = 0; i < n; i += 64) {
        struct masks m;
        masks_of(p + i, &m);
        all += m.word ^ m.dot ^ m.digit ^ m.hex ^ m.colon ^ m.slash ^ m.at ^ m.newline;
    }
    return all;
}

static size_t KERNEL(count_lines)(const uint8_t *p, size_t n)
{
    size_t lines = 0, i = 0;

    for (; n - i >= 64; i += 64)
        lines += (size_t)__builtin_popcountll(equal(p + i, '\n'));
    for (; i < n; i++)
        lines += p[i] == '\n';
    return lines;
}
