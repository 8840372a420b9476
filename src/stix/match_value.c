/* One value against one comparison's constants. */
#include "base/limits.h"
#include "base/text.h"
#include "stix/match_impl.h"
#include "stix/stix.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <uninorm.h>

/* ---- texts ------------------------------------------------------------------------------------
 */

static bool is_ascii(struct bytes t)
{
    for (size_t i = 0; i < t.n; i++)
        if (t.p[i] >= 0x80)
            return false;
    return true;
}

struct bytes match_nfc(struct bytes text, uint8_t **made)
{
    size_t n = 0;

    *made = NULL;
    if (is_ascii(text))
        return text;
    *made = u8_normalize(UNINORM_NFC, text.p, text.n, NULL, &n); /* NULL: not UTF-8 */
    return *made ? bytes_of(*made, n) : text;
}

bool match_latin(struct bytes text, uint8_t *out, size_t *n)
{
    size_t at = 0;

    for (*n = 0; at < text.n;) {
        int32_t code = utf8_next(text, &at);
        if (code < 0 || code > 0xff)
            return false;
        out[(*n)++] = (uint8_t)code;
    }
    return true;
}

static uint8_t low(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static int fold_compare(struct bytes a, struct bytes b)
{
    for (size_t i = 0; i < a.n && i < b.n; i++)
        if (low(a.p[i]) != low(b.p[i]))
            return low(a.p[i]) < low(b.p[i]) ? -1 : 1;
    return (a.n > b.n) - (a.n < b.n);
}

/* ---- networks ---------------------------------------------------------------------------------
 */

bool match_net(struct bytes text, struct match_constant *out)
{
    size_t slash = bytes_find_byte(text, '/');
    char address[64];
    uint64_t bits;

    if (slash >= sizeof address)
        return false;
    memcpy(address, text.p, slash);
    address[slash] = '\0';
    if (strlen(address) != slash)
        return false;
    out->net_size = inet_pton(AF_INET, address, out->net) == 1    ? 4
                    : inet_pton(AF_INET6, address, out->net) == 1 ? 16
                                                                  : 0;
    bits = out->net_size * 8U;
    if (!out->net_size ||
        (slash < text.n && (!decimal_parse(bytes_part(text, slash + 1, SIZE_MAX), &bits) ||
                            bits > out->net_size * 8U)))
        return false;
    out->net_bits = (uint8_t)bits;
    return true;
}

/* Is a inside of b, or b itself? */
static bool inside(const struct match_constant *a, const struct match_constant *b)
{
    size_t whole = b->net_bits / 8U, rest = b->net_bits % 8U;

    if (a->net_size != b->net_size || a->net_bits < b->net_bits ||
        memcmp(a->net, b->net, whole) != 0)
        return false;
    return rest == 0 || ((a->net[whole] ^ b->net[whole]) >> (8 - rest)) == 0;
}

/* ---- what a value is when it is compared --------------------------------------------------------
 */

struct side {
    enum { SIDE_TEXT, SIDE_BYTES, SIDE_NUMBER, SIDE_BOOLEAN, SIDE_TIME, SIDE_OTHER } kind;
    const struct match_value *v;
    struct bytes b; /* TEXT, BYTES, TIME */
    uint8_t *made;  /* to be freed */
    char time[TIME_TEXT_MAX];
};

static bool decode(struct side *s, bool hex)
{
    struct bytes t = s->v->text;
    size_t n = t.n;

    s->made = malloc(t.n + 1);
    if (!s->made)
        return false;
    if (hex) {
        for (size_t i = 0; i < t.n; i++)
            s->made[i] = low(t.p[i]);
        n = t.n / 2;
        if (t.n % 2 || !hex_decode(s->made, n, bytes_of(s->made, t.n)))
            return false;
    } else if (!base64_decode(s->made, &n, t)) {
        return false;
    }
    s->kind = SIDE_BYTES;
    s->b = bytes_of(s->made, n);
    return true;
}

static void side_text(struct side *s, const struct match_compare *t)
{
    s->kind = SIDE_TEXT;
    if (t->binary && decode(s, t->hex))
        return;
    s->b = s->v->text;
}

static void side_of(struct side *s, const struct match_value *v, const struct match_compare *t)
{
    *s = (struct side){.kind = SIDE_OTHER, .v = v};
    switch (v->kind) {
    case MATCH_STRING:
    case MATCH_NAME:
    case MATCH_ADDRESS:
        side_text(s, t);
        break;
    case MATCH_REF:
        if (v->text.n)
            side_text(s, t);
        break;
    case MATCH_INTEGER:
    case MATCH_FLOAT:
        s->kind = SIDE_NUMBER;
        break;
    case MATCH_BOOLEAN:
        s->kind = SIDE_BOOLEAN;
        break;
    case MATCH_TIME:
        s->kind = SIDE_TIME;
        time_print_us(s->time, v->integer);
        s->b = bytes_text(s->time);
        break;
    case MATCH_LIST:
    case MATCH_MEMBERS:
        break;
    }
}

/* ---- order --------------------------------------------------------------------------------------
 */

enum order { LESS, EQUAL, GREATER, UNLIKE };

static enum order of_int(int c)
{
    return c < 0 ? LESS : c > 0 ? GREATER : EQUAL;
}

#define ORDER(a, b) ((a) < (b) ? LESS : (a) > (b) ? GREATER : EQUAL)

static enum order order_number(const struct match_value *v, const struct pattern_constant *c)
{
    double a;

    if (v->kind == MATCH_INTEGER && c->kind == PATTERN_INTEGER)
        return ORDER(v->integer, c->integer);
    a = v->kind == MATCH_INTEGER ? (double)v->integer : v->number;
    return ORDER(a, c->number);
}

/* The digits of a fraction behind the sixth, without zeros at the end. */
static struct bytes fine(struct bytes time)
{
    size_t dot = bytes_find_byte(time, '.');
    struct bytes t = bytes_part(time, dot + 7 < time.n ? dot + 7 : time.n, SIZE_MAX);

    while (t.n && (t.p[t.n - 1] == '0' || t.p[t.n - 1] == 'Z'))
        t.n--;
    return t;
}

static enum order order_time(const struct side *s, const struct pattern_constant *c,
                             struct match_room *room)
{
    int64_t us = s->v->integer;

    if (s->kind == SIDE_TEXT && !stix_time_parse(s->b, &us)) {
        room->odd.not_times++;
        return UNLIKE;
    }
    if (us != c->integer || s->kind == SIDE_TIME)
        return ORDER(us, c->integer);
    return of_int(bytes_compare(fine(s->b), fine(c->text)));
}

static enum order order_string(const struct side *s, const struct match_constant *c)
{
    struct match_constant mine = {0};

    if (s->kind == SIDE_BYTES)
        return c->has_latin ? of_int(bytes_compare(s->b, c->latin)) : UNLIKE;
    if (s->v->kind == MATCH_NAME)
        return of_int(fold_compare(s->b, c->c->text));
    if (s->v->kind == MATCH_ADDRESS && c->is_net && match_net(s->b, &mine) &&
        mine.net_size == c->net_size && mine.net_bits == c->net_bits)
        return of_int(memcmp(mine.net, c->net, c->net_size));
    return of_int(bytes_compare(s->b, c->c->text));
}

static enum order order_binary(const struct side *s, const struct match_constant *c)
{
    enum order o = UNLIKE;
    uint8_t *latin;
    size_t n;

    if (s->kind == SIDE_BYTES)
        return of_int(bytes_compare(s->b, c->latin));
    latin = malloc(s->b.n + 1);
    if (latin && match_latin(s->b, latin, &n))
        o = of_int(bytes_compare(bytes_of(latin, n), c->latin));
    free(latin);
    return o;
}

static enum order order(const struct side *s, const struct match_constant *c,
                        struct match_room *room)
{
    bool text = s->kind == SIDE_TEXT || s->kind == SIDE_BYTES;

    switch (c->c->kind) {
    case PATTERN_STRING:
        return text || s->kind == SIDE_TIME ? order_string(s, c) : UNLIKE;
    case PATTERN_INTEGER:
    case PATTERN_FLOAT:
        return s->kind == SIDE_NUMBER ? order_number(s->v, c->c) : UNLIKE;
    case PATTERN_BOOLEAN:
        return s->kind == SIDE_BOOLEAN ? ORDER(s->v->integer, c->c->integer) : UNLIKE;
    case PATTERN_TIME:
        return s->kind == SIDE_TEXT || s->kind == SIDE_TIME ? order_time(s, c->c, room) : UNLIKE;
    case PATTERN_HEX:
    case PATTERN_BINARY:
        return text ? order_binary(s, c) : UNLIKE;
    }
    return UNLIKE;
}

/* ---- LIKE ---------------------------------------------------------------------------------------
 */

/* One character: of text, all bytes of a code point. */
static size_t character(struct bytes t, size_t at, bool text)
{
    size_t n = 1;

    while (text && at + n < t.n && (t.p[at + n] & 0xc0) == 0x80)
        n++;
    return n;
}

/* % any characters, _ one. Going back goes to the last % alone. */
static bool like(struct bytes t, struct bytes p, bool text, struct match_room *room)
{
    size_t at = 0, pat = 0, star = SIZE_MAX, mark = 0, steps = 0;

    while (at < t.n) {
        if (++steps > LIMIT_MATCH_LIKE_STEPS) {
            room->odd.costly++;
            return false;
        }
        if (pat < p.n && p.p[pat] == '%') {
            star = ++pat;
            mark = at;
        } else if (pat < p.n && p.p[pat] == '_') {
            pat++;
            at += character(t, at, text);
        } else if (pat < p.n && p.p[pat] == t.p[at]) {
            pat++;
            at++;
        } else if (star != SIZE_MAX) {
            pat = star;
            mark += character(t, mark, text);
            at = mark;
        } else {
            return false;
        }
    }
    while (pat < p.n && p.p[pat] == '%')
        pat++;
    return pat == p.n;
}

static bool like_side(const struct side *s, const struct match_constant *c, struct match_room *room)
{
    uint8_t *folded;
    bool yes;

    if (s->kind == SIDE_BYTES)
        return c->has_latin && like(s->b, c->latin, false, room);
    if (s->kind != SIDE_TEXT && s->kind != SIDE_TIME)
        return false;
    if (s->v->kind != MATCH_NAME)
        return like(s->b, c->nfc, true, room);
    folded = malloc(c->nfc.n + 1); /* the value is in lower case already */
    for (size_t i = 0; folded && i < c->nfc.n; i++)
        folded[i] = low(c->nfc.p[i]);
    yes = folded && like(s->b, bytes_of(folded, c->nfc.n), true, room);
    free(folded);
    return yes;
}

/* LIKE and MATCHES see text after NFC, other operators as it stands. */
static void normalise(struct side *s)
{
    if (s->kind != SIDE_TEXT)
        return;
    free(s->made);
    s->b = match_nfc(s->b, &s->made);
}

/* ---- the comparison -----------------------------------------------------------------------------
 */

static bool regex_side(const struct side *s, const struct match_constant *c,
                       struct match_room *room)
{
    if (s->kind == SIDE_BYTES)
        return c->byte_re && match_regex_finds(c->byte_re, s->b, room);
    return (s->kind == SIDE_TEXT || s->kind == SIDE_TIME) &&
           match_regex_finds(c->text_re, s->b, room);
}

static bool net_side(const struct side *s, const struct match_constant *c, bool within)
{
    struct match_constant mine = {0};

    if (s->kind != SIDE_TEXT || !c->is_net || !match_net(s->b, &mine))
        return false;
    return within ? inside(&mine, c) : inside(c, &mine);
}

static bool in_set(const struct side *s, const struct match_compare *t, struct match_room *room)
{
    for (size_t i = 0; i < t->tree->constant_count; i++)
        if (order(s, &t->constants[i], room) == EQUAL)
            return true;
    return false;
}

static bool satisfies(const struct side *s, const struct match_compare *t, struct match_room *room)
{
    static const uint8_t orders[] = {
        [PATTERN_EQ] = 1 << EQUAL,   [PATTERN_NE] = 1 << LESS | 1 << GREATER | 1 << UNLIKE,
        [PATTERN_LT] = 1 << LESS,    [PATTERN_LE] = 1 << LESS | 1 << EQUAL,
        [PATTERN_GT] = 1 << GREATER, [PATTERN_GE] = 1 << GREATER | 1 << EQUAL,
    };
    const struct match_constant *c = t->constants;

    switch (t->tree->op) {
    case PATTERN_EXISTS:
        return true;
    case PATTERN_IN:
        return in_set(s, t, room);
    case PATTERN_LIKE:
        return like_side(s, c, room);
    case PATTERN_MATCHES:
        return regex_side(s, c, room);
    case PATTERN_ISSUBSET:
    case PATTERN_ISSUPERSET:
        return net_side(s, c, t->tree->op == PATTERN_ISSUBSET);
    case PATTERN_EQ:
    case PATTERN_NE:
    case PATTERN_LT:
    case PATTERN_LE:
    case PATTERN_GT:
    case PATTERN_GE:
        break;
    }
    return orders[t->tree->op] >> order(s, c, room) & 1;
}

bool match_holds(const struct match_compare *t, const struct match_value *v,
                 struct match_room *room)
{
    struct side s;
    bool yes;

    if (t->tree->op == PATTERN_EXISTS)
        return true;
    side_of(&s, v, t);
    if (s.kind == SIDE_OTHER)
        return false;
    if (t->tree->op == PATTERN_LIKE || t->tree->op == PATTERN_MATCHES)
        normalise(&s);
    yes = satisfies(&s, t, room) != t->tree->negated;
    free(s.made);
    return yes;
}
