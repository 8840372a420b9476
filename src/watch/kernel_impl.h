/* kernel_impl: the search, spelled once. Each kernel's file says how 64 bytes become masks, how
 * wide the masks are worked on and how an address is read, includes this, and is compiled for its
 * processor.
 *
 * Before the include: KERNEL(name) to make names, INLINE functions
 *   void masks_of(const uint8_t *p, enum mode mode, struct rows *r, size_t block);
 *   uint64_t equal(const uint8_t *p, uint8_t c);
 *   void word_window(const uint8_t *end, uint64_t *word, uint64_t *dot);
 *   unsigned read_ipv4(const uint8_t *end, uint32_t *ip); // its length, or 0
 *   uint32_t *put_positions(uint32_t *to, uint64_t m, size_t at); // of the bits; may write up to
 *                                                                 // PUT_SLACK more
 * and `lanes`, an integer or a vector of them: masks of LANES blocks, with
 *   lanes later(lanes m, lanes *carry);  // each bit one byte later
 *   lanes add_carry(lanes start, lanes run, uint64_t *carry);
 *   lanes lanes_of(uint64_t carry); uint64_t lanes_last(lanes m); // between chunks */

/* ---- first: bytes to masks ---------------------------------------------------------------- */

/* The chunk's masks; returns how many blocks there are, a multiple of LANES. The last chunk gets
 * at least one bit behind its end, so that what ends there is seen. */
static INLINE size_t classify_chunk(struct finder *f, size_t end, enum mode mode)
{
    struct rows *r = f->rows;
    size_t blocks = (end - f->at) / 64, rest = (end - f->at) % 64;
    const uint8_t *p = f->p + f->at;

    for (size_t b = 0; b < blocks; b++) {
        __builtin_prefetch(p + CHUNK + 64 * b); /* the next chunk, while we work on this one */
        masks_of(p + 64 * b, mode, r, b);
    }
    if (end < f->n)
        return blocks;
    masks_of(p + 64 * blocks, mode, r, blocks);
    rows_cut(r, blocks, rest);
    for (blocks++; blocks % LANES; blocks++)
        rows_cut(r, blocks, 0);
    return blocks;
}

/* ---- second: masks to masks of what they mean ------------------------------------------------ */

struct lane_carry {
    lanes word, dot, colon, slash, newline, point[3], escape;
    uint64_t lead, number[4], label, run[2];
};

static INLINE lanes load(const uint64_t *row)
{
    lanes m;
    memcpy(&m, row, sizeof m);
    return m;
}

static INLINE void save(uint64_t *row, lanes m)
{
    memcpy(row, &m, sizeof m);
}

/* Where words end that are four numbers with dots between: from each start of a number at the
 * start of a word, an add runs through the digits to the byte behind them. Dots at the start of a
 * word are not counted. */
static INLINE lanes ipv4_ends(lanes word, lanes digit, lanes dot, lanes after_word,
                              struct lane_carry *c)
{
    lanes start = digit & ~after_word, point, gap = ~digit & dot;

    start |= add_carry(dot & ~after_word, dot, &c->lead) & ~dot & digit;
#pragma GCC unroll 3
    for (int i = 0; i < 3; i++) {
        point = add_carry(start, digit, &c->number[i]) & gap;
        start = later(point, &c->point[i]) & digit;
    }
    return add_carry(start, digit, &c->number[3]) & ~digit & ~word;
}

/* Where words with a dot end whose last label does not begin with a digit, and where words end
 * in a dot. */
static INLINE lanes name_ends(lanes word, lanes digit, lanes dot, uint64_t digit_labels,
                              struct lane_carry *c)
{
    lanes label = word & ~dot, after_dot = later(dot, &c->dot);
    lanes start = after_dot & label & (~digit | digit_labels);

    return (add_carry(start, label, &c->label) | after_dot) & ~word;
}

/* Colons that may belong to an IPv6 address: the second of a pair, or the third with at most hex
 * digits between. An address without a pair has at least six, so that one block sees three. */
static INLINE lanes ipv6_colons(lanes colon, lanes hex, struct lane_carry *c)
{
    lanes pair = colon & later(colon, &c->colon), behind = ~hex & colon;
    lanes second = (((colon << 1) & hex) + hex) & behind;

    return pair | ((((second << 1) & hex) + hex) & behind);
}

/* Sixteen hex digits in one of four places: each run of 32 has such. */
static INLINE lanes hex_lanes(lanes hex)
{
    hex &= hex >> 1;
    hex &= hex >> 2;
    hex &= hex >> 4;
    hex &= hex >> 8;
    return hex & UINT64_C(0x0001000100010001);
}

/* Bytes behind an odd number of backslashes. A run that begins at an even place and has an odd
 * length ends before an odd place, and the other way round. */
static INLINE lanes escaped_by(lanes slash, struct lane_carry *c)
{
    const uint64_t even = UINT64_C(0x5555555555555555);
    lanes start = slash & ~later(slash, &c->escape);

    return ((add_carry(start & even, slash, &c->run[0]) & ~even) |
            (add_carry(start & ~even, slash, &c->run[1]) & even)) &
           ~slash;
}

static INLINE void combine_lanes(struct rows *r, size_t b, enum mode mode, uint64_t digit_labels,
                                 struct lane_carry *c)
{
    lanes word = load(r->word + b), digit = load(r->digit + b), hex = load(r->hex + b);
    lanes dot = load(r->dot + b), slash = load(r->slash + b), after_word;

    if (mode == MODE_JSON) {
        lanes escaped = escaped_by(load(r->backslash + b), c);
        word &= ~escaped;
        hex &= ~escaped;
        save(r->look + b, escaped & (slash | load(r->letter_u + b)));
    }
    if (mode == MODE_ZEEK)
        save(r->header + b, later(load(r->newline + b), &c->newline) & load(r->hash + b));
    after_word = later(word, &c->word);
    save(r->ipv4_ends + b, ipv4_ends(word, digit, dot, after_word, c));
    save(r->name_ends + b, name_ends(word, digit, dot, digit_labels, c));
    save(r->url + b, slash & later(slash, &c->slash));
    save(r->ipv6 + b, ipv6_colons(load(r->colon + b), hex, c));
    save(r->digest + b, hex_lanes(hex));
}

static INLINE void combine(struct finder *f, size_t blocks, enum mode mode)
{
    uint64_t digit_labels = f->ix->flags & FLAG_DIGIT_LABEL ? ~UINT64_C(0) : 0;
    struct carry *k = &f->carry;
    struct lane_carry c = {
        .word = lanes_of(k->word),
        .dot = lanes_of(k->dot),
        .colon = lanes_of(k->colon),
        .slash = lanes_of(k->slash),
        .newline = lanes_of(k->newline),
        .point = {lanes_of(k->point[0]), lanes_of(k->point[1]), lanes_of(k->point[2])},
        .escape = lanes_of(k->escape),
        .number = {k->number[0], k->number[1], k->number[2], k->number[3]},
        .run = {k->run[0], k->run[1]},
        .lead = k->lead,
        .label = k->label};

    for (size_t b = 0; b < blocks; b += LANES)
        combine_lanes(f->rows, b, mode, digit_labels, &c);
    *k = (struct carry){
        .word = lanes_last(c.word),
        .dot = lanes_last(c.dot),
        .colon = lanes_last(c.colon),
        .slash = lanes_last(c.slash),
        .newline = lanes_last(c.newline),
        .point = {lanes_last(c.point[0]), lanes_last(c.point[1]), lanes_last(c.point[2])},
        .escape = lanes_last(c.escape),
        .number = {c.number[0], c.number[1], c.number[2], c.number[3]},
        .run = {c.run[0], c.run[1]},
        .lead = c.lead,
        .label = c.label};
}

/* ---- third: masks to positions, and those to tokens -------------------------------------------
 */

static INLINE void gather(struct finder *f, size_t at, size_t blocks, uint32_t **ipv4,
                          uint32_t **name)
{
    const struct rows *r = f->rows;

    for (size_t b = 0; b < blocks; b++) {
        *ipv4 = put_positions(*ipv4, r->ipv4_ends[b], at + 64 * b);
        *name = put_positions(*name, r->name_ends[b], at + 64 * b);
        f->newlines += (uint64_t)__builtin_popcountll(r->newline[b]);
    }
}

static INLINE void search_rare(struct finder *f, size_t at, size_t blocks, enum mode mode)
{
    const struct rows *r = f->rows;

    for (size_t b = 0; b < blocks; b++) {
        uint64_t any = r->url[b] | r->at[b] | r->ipv6[b] | r->digest[b];
        if (mode == MODE_JSON)
            any |= r->look[b];
        if (mode == MODE_ZEEK)
            any |= r->header[b];
        if (__builtin_expect(any != 0, 0))
            rare_block(f, at + 64 * b, b);
    }
}

/* First read all, then ask the filter of all: a question waits for memory, and meanwhile others can
 * be asked only if little work lies between. */
static void search_ipv4(struct finder *f, const uint32_t *end)
{
    const struct watch_index *ix = f->ix;
    const struct hash_key key = ix->key;
    size_t n = (size_t)(end - f->ends);

    for (size_t i = 0; i < n; i++)
        f->ip_sizes[i] = (uint8_t)read_ipv4(f->p + f->ends[i], &f->ips[i]);
    for (size_t i = 0; i < n; i++) {
        uint32_t ip = f->ips[i], at = f->ends[i];
        bool here = filter4_has(ix, hash_ipv4(&key, ip));
        if (__builtin_expect((here | nets4_near(ix, ip)) & (f->ip_sizes[i] != 0), 0) &&
            (here || nets4_touch(ix, ip)))
            check_ipv4(f, at - f->ip_sizes[i], at, ip);
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

/* Questions for all suffixes of the word before `end`, the shortest first. `dots` are its dots,
 * bit 63 the byte before the end; the word has n bytes, at most 63. */
static INLINE struct probe *put_probes(struct probe *to, const struct hash_key *key,
                                       const struct finder *f, size_t end, uint64_t dots, size_t n)
{
    const uint8_t *stop = f->p + end, *at = stop - 8;
    uint64_t state = key->k[0], group = load64(at) | FOLD_CASE;

    dots &= ~(UINT64_C(1) << 63 >> __builtin_clzll(dots)); /* a last label alone is not asked */
    for (;;) {
        bool last = dots == 0;
        size_t size = last ? n : (size_t)__builtin_clzll(dots);
        uint64_t rest;
        for (; (size_t)(stop - at) <= size; at -= 8) {
            state = hash_name_step(key, state, group);
            group = load64(at - 8) | FOLD_CASE;
        }
        rest = group >> 1 >> (63 - 8 * (size & 7));
        *to++ = (struct probe){hash_name_end(key, state, rest, size), (uint32_t)end, (uint32_t)n};
        if (last)
            return to;
        dots &= ~(UINT64_C(1) << 63 >> size);
    }
}

static INLINE struct probe *probe_names(struct finder *f, size_t n, enum mode mode)
{
    const struct hash_key key = f->ix->key;
    struct probe *to = f->probes;

    for (size_t i = 0; i < n; i++) {
        size_t end = f->name_ends[i];
        uint64_t word, dot;
        unsigned run;
        const uint8_t *start;

        word_window(f->p + end, &word, &dot);
        run = ~word ? (unsigned)__builtin_clzll(~word) : 64;
        start = f->p + end - run;
        if (__builtin_expect(run == 64 || !run || dot >> 63 || *start == '.' ||
                                 (mode == MODE_JSON && start[-1] == '\\'),
                             0))
            slow_name(f, end);
        else
            to = put_probes(to, &key, f, end, dot & ~(~UINT64_C(0) >> run), run);
    }
    return to;
}

static void search_names(struct finder *f, size_t n, enum mode mode)
{
    const struct probe *end = probe_names(f, n, mode);
    size_t done = SIZE_MAX;

    for (const struct probe *p = f->probes; p < end; p++)
        if (__builtin_expect(filter_has(f->ix, p->hash), 0) && p->end != done) {
            check_name(f, p->end - p->size, p->end);
            done = p->end;
        }
}

static INLINE void search(struct finder *f, enum mode mode)
{
    size_t end = f->n - f->at > CHUNK ? f->at + CHUNK : f->n, at = f->at;
    size_t blocks = classify_chunk(f, end, mode);
    uint32_t *ipv4 = f->ends, *name = f->name_ends;

    f->at = end;
    combine(f, blocks, mode);
    gather(f, at, blocks, &ipv4, &name);
    search_rare(f, at, blocks, mode);
    search_ipv4(f, ipv4);
    search_names(f, search_labels(f, name), mode);
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

/* The first step alone. */
static uint64_t KERNEL(classify)(struct rows *r, const uint8_t *p, size_t n)
{
    uint64_t all = 0;

    for (size_t i = 0; n - i >= CHUNK; i += CHUNK) {
        for (size_t b = 0; b < CHUNK / 64; b++)
            masks_of(p + i + 64 * b, MODE_TEXT, r, b);
        all += r->word[0] ^ r->dot[1] ^ r->at[2];
    }
    return all;
}

static size_t KERNEL(count)(const uint8_t *p, size_t n, uint8_t c)
{
    size_t lines = 0, i = 0;

    for (; n - i >= 64; i += 64)
        lines += (size_t)__builtin_popcountll(equal(p + i, c));
    for (; i < n; i++)
        lines += p[i] == c;
    return lines;
}
