/* rare: tokens that masks alone do not find: a mask says where to look, these look. Each walks
 * over its token once, and over nothing twice that a hostile log could repeat. */
#include "watch/finder.h"

static bool class_at(const struct finder *f, size_t at, uint8_t which)
{
    return at < f->n && byte_class[f->p[at]] & which;
}

/* A token to the list, unless it was given before or goes on behind the piece. */
static void give(struct finder *f, struct list *l, size_t start, size_t end, enum token_kind kind,
                 bool cut)
{
    if (end < f->fresh || (f->open_right && end == f->n))
        return;
    l->at[l->n++] = (struct token){(uint32_t)start, (uint32_t)end, (uint32_t)kind, cut, 0};
}

/* Is the token the value of a member "host" or "hostname"? */
static bool is_host_member(const struct finder *f, size_t start)
{
    static const char host[] = "host", hostname[] = "hostname";
    const uint8_t *p = f->p;
    size_t at = start;

    if (at == 0 || p[--at] != '"')
        return false;
    while (at > 0 && p[at - 1] == ' ')
        at--;
    if (at == 0 || p[--at] != ':')
        return false;
    while (at > 0 && p[at - 1] == ' ')
        at--;
    if (at == 0 || p[--at] != '"')
        return false;
    return (at >= 4 && memcmp(p + at - 4, host, 4) == 0) ||
           (at >= 8 && memcmp(p + at - 8, hostname, 8) == 0);
}

/* A token that hits, or, where hosts and paths are put together, that may be the host. */
static void give_there(struct finder *f, struct list *l, size_t start, size_t end,
                       enum token_kind kind, bool cut, enum there there)
{
    size_t n = l->n;

    if (there == NOT_THERE ||
        (there == THERE_AS_HOST && (!f->hosts || (f->json && !is_host_member(f, start)))))
        return;
    give(f, l, start, end, kind, cut);
    if (l->n > n)
        l->at[n].as_host = there == THERE_AS_HOST;
}

static void look(struct finder *f, size_t at)
{
    give(f, &f->rare, at, at, TOKEN_LOOK, false);
}

/* Is the byte at `start` escaped? Then the escape's size up to `end`: the letter, or u and four
 * digits. */
size_t escape_size(const struct finder *f, size_t start, size_t end)
{
    size_t slashes = 0, n;

    if (!f->json)
        return 0;
    while (slashes < start && f->p[start - 1 - slashes] == '\\')
        slashes++;
    if (slashes % 2 == 0)
        return 0;
    n = f->p[start] == 'u' ? 5 : 1;
    return n < end - start ? n : end - start;
}

static enum there hits(const struct finder *f, enum token_kind kind, size_t start, size_t end,
                       bool cut)
{
    struct bytes text = bytes_of(f->p + start, end - start);

    return start < end ? memo_there(f->memo, f->ix, kind, text, cut) : NOT_THERE;
}

/* Give a token that may begin behind an escape. If the line turns out not to be JSON the escape
 * is part of it, so both readings count; the second one is for whoever takes the line apart. */
static void give_either(struct finder *f, struct list *l, size_t start, size_t end,
                        enum token_kind kind)
{
    size_t escape = escape_size(f, start, end);
    bool cut = f->open_left && start == 0;

    give_there(f, l, start + escape, end, kind, cut, hits(f, kind, start + escape, end, cut));
    if (escape && hits(f, kind, start, end, cut) == THERE)
        look(f, start);
}

void check_ipv4(struct finder *f, size_t start, size_t end, uint32_t ip)
{
    (void)ip;
    if (!(f->open_left && start == 0))
        give_there(f, &f->ipv4, start, end, TOKEN_IPV4, false,
                   hits(f, TOKEN_IPV4, start, end, false));
}

void check_name(struct finder *f, size_t start, size_t end)
{
    bool cut = f->open_left && start == 0;

    give_there(f, &f->name, start, end, TOKEN_NAME, cut, hits(f, TOKEN_NAME, start, end, cut));
}

void slow_name(struct finder *f, size_t end)
{
    size_t start = end;

    while (end > 0 && f->p[end - 1] == '.')
        end--;
    start = end;
    while (start > 0 && class_at(f, start - 1, IS_WORD)) /* a word has one end: no byte twice */
        start--;
    if (start < end)
        give_either(f, &f->name, start, end, TOKEN_NAME);
}

static void rare_email(struct finder *f, size_t at)
{
    size_t start = at, end = at + 1;

    while (start > 0 && at - start <= 256 && class_at(f, start - 1, IS_LOCAL))
        start--;
    if (start == at || at - start > 256)
        return;
    while (end - at <= LIMIT_WATCH_NAME + 1 && class_at(f, end, IS_WORD))
        end++;
    if (end > at + 1 && end - at <= LIMIT_WATCH_NAME + 1)
        give_either(f, &f->rare, start, end, TOKEN_EMAIL);
}

/* Where the scheme begins whose "//" ends at `at`; SIZE_MAX: none of ours. */
static size_t scheme_start(const struct finder *f, size_t at)
{
    static const struct {
        const char *text;
        size_t n;
    } schemes[] = {{"https:/", 7}, {"http:/", 6}, {"ftp:/", 5}};

    for (size_t i = 0; i < 3; i++) {
        size_t n = schemes[i].n, j = 0;
        while (at >= n && j < n) {
            uint8_t c = f->p[at - n + j];
            if ((c >= 'A' && c <= 'Z' ? c | 0x20 : c) != (uint8_t)schemes[i].text[j])
                break;
            j++;
        }
        if (at >= n && j == n)
            return at - n;
    }
    return SIZE_MAX;
}

static void rare_url(struct finder *f, size_t at)
{
    size_t start = at < 3 || f->p[at - 2] != ':' ? SIZE_MAX : scheme_start(f, at), end = at + 1;

    if (start == SIZE_MAX || start < f->url_done)
        return;
    while (class_at(f, end, IS_URL))
        end++;
    f->url_done = end;
    f->url_open = f->open_right && end == f->n;
    f->url_start = start;
    if (end - start <= f->ix->url_longest)
        give_either(f, &f->rare, start, end, TOKEN_URL);
}

#define IPV6_LONGEST 45

static void rare_ipv6(struct finder *f, size_t at)
{
    size_t start = at, end = at + 1;

    if (at < f->ipv6_done)
        return;
    while (start > 0 && at - start <= IPV6_LONGEST + 1 && class_at(f, start - 1, IS_RUN6))
        start--;
    while (end - start <= IPV6_LONGEST + 1 && class_at(f, end, IS_RUN6))
        end++;
    f->ipv6_done = end;
    if (end - start <= IPV6_LONGEST + 1)
        give_either(f, &f->rare, start, end, TOKEN_IPV6);
}

#define DIGEST_LONGEST 128

/* Word bytes other than dots. */
static bool plain_at(const struct finder *f, size_t at)
{
    return class_at(f, at, IS_WORD) && f->p[at] != '.';
}

/* With outer dots cut off it is a whole word. */
static bool stands_alone(const struct finder *f, size_t start, size_t end)
{
    while (end < f->n && f->p[end] == '.')
        end++;
    while (start > 0 && f->p[start - 1] == '.')
        start--;
    if (plain_at(f, end) || (f->open_right && end == f->n))
        return false;
    return start == 0 || !plain_at(f, start - 1) || escape_size(f, start - 1, start) > 0;
}

static bool may_be_digest(size_t n)
{
    return n == 32 || n == 40 || n == 64 || n == 128;
}

/* All eight bytes are hex digits. */
static bool eight_hex(const uint8_t *p)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), high = 0x80 * ones;
    uint64_t v = load64(p), low = v | 0x20 * ones;
    /* no byte has its top bit; then adds and subtractions below do not leave their bytes */
    uint64_t digit = (v + (0x80 - '0') * ones) & ~(v + (0x7f - '9') * ones);
    uint64_t letter = (low + (0x80 - 'a') * ones) & ~(low + (0x7f - 'f') * ones);

    return (v & high) == 0 && ((digit | letter) & high) == high;
}

static void rare_digest(struct finder *f, size_t at)
{
    size_t start = at, end = at + 16;

    if (at < f->digest_done)
        return;
    while (start >= 8 && end - start <= DIGEST_LONGEST + 2 && eight_hex(f->p + start - 8))
        start -= 8;
    while (start > 0 && end - start <= DIGEST_LONGEST + 2 && class_at(f, start - 1, IS_HEX))
        start--;
    while (end + 8 <= f->n && end - start <= DIGEST_LONGEST + 2 && eight_hex(f->p + end))
        end += 8;
    while (end - start <= DIGEST_LONGEST + 2 && class_at(f, end, IS_HEX))
        end++;
    f->digest_done = end;
    /* one byte more if it may be an escape's */
    if ((may_be_digest(end - start) ||
         (f->json && start > 0 && f->p[start - 1] == '\\' && may_be_digest(end - start - 1))) &&
        stands_alone(f, start, end))
        give_either(f, &f->rare, start, end, TOKEN_DIGEST);
}

static bool is_hex4(const struct finder *f, size_t at)
{
    return class_at(f, at, IS_HEX) && class_at(f, at + 1, IS_HEX) && class_at(f, at + 2, IS_HEX) &&
           class_at(f, at + 3, IS_HEX);
}

/* An escaped 'u' or '/'. Tokens that it may be part of, or that begin right behind it, can only
 * be seen when the string is decoded. */
static void rare_look(struct finder *f, size_t at)
{
    unsigned code = 0;

    if (at >= f->n)
        return;
    if (f->p[at] == '/') {
        if (at >= 2 && f->p[at - 2] == ':')
            look(f, at);
        return;
    }
    if (!is_hex4(f, at + 1))
        return;
    for (size_t i = 1; i <= 4; i++)
        code = code << 4 | hex_value(f->p[at + i]);
    if ((code < 0x80 && byte_class[code]) || class_at(f, at + 5, 0xff))
        look(f, at);
}

static void rare_header(struct finder *f, size_t at)
{
    if (at < f->n && at >= f->fresh)
        f->rare.at[f->rare.n++] = (struct token){(uint32_t)at, (uint32_t)at, TOKEN_HEADER, 0, 0};
}

static void each(struct finder *f, size_t at, uint64_t bits, void (*rare)(struct finder *, size_t))
{
    for (; bits; bits &= bits - 1)
        rare(f, at + (size_t)__builtin_ctzll(bits));
}

void rare_block(struct finder *f, size_t at, size_t block)
{
    const struct rows *r = f->rows;

    if (f->zeek)
        each(f, at, r->header[block], rare_header);
    if (f->json)
        each(f, at, r->look[block], rare_look);
    each(f, at, r->url[block], rare_url);
    each(f, at, r->at[block], rare_email);
    each(f, at, r->ipv6[block], rare_ipv6);
    each(f, at, r->digest[block], rare_digest);
}
