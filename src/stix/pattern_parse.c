/* The grammar of patterns: recursive descent, one node for each chain of one operator. */
#include "base/limits.h"
#include "base/text.h"
#include "stix/json_impl.h"
#include "stix/pattern_impl.h"
#include "stix/stix.h"

#define TYPES_MOST                                                                                 \
    64 /* distinct object types inside one pair of brackets: a bit of a word each                  \
        */

struct parser {
    struct bytes in;
    size_t at;        /* behind `now` */
    struct token now; /* the next token, not yet taken */
    struct arena *arena;
    unsigned depth;
    struct bytes types[TYPES_MOST]; /* of the observation we are in */
    unsigned type_count;
    struct err *e;
};

static struct pattern *fail_at(struct parser *p, size_t at, enum err_code code, const char *what)
{
    size_t column = 1;

    for (size_t i = 0; i < at && i < p->in.n; i++)
        column += (p->in.p[i] & 0xc0) != 0x80;
    err_fail(p->e, code, "column %zu: %s", column, what);
    return NULL;
}

static struct pattern *fail(struct parser *p, const char *expected)
{
    return fail_at(p, p->now.at, ERR_INPUT, p->now.kind == TOKEN_BAD ? p->now.why : expected);
}

static void advance(struct parser *p)
{
    p->now = pattern_token(p->in, &p->at);
}

static bool take(struct parser *p, enum token_kind kind)
{
    if (p->now.kind != kind)
        return false;
    advance(p);
    return true;
}

static bool is_key_word(const struct parser *p, const char *word)
{
    return p->now.kind == TOKEN_WORD && bytes_are(p->now.text, word);
}

static bool take_word(struct parser *p, const char *word)
{
    if (!is_key_word(p, word))
        return false;
    advance(p);
    return true;
}

static struct pattern *node(struct parser *p, enum pattern_kind kind, size_t at)
{
    struct pattern *n = arena_get(p->arena, sizeof *n, p->e);

    if (n) {
        n->kind = kind;
        n->at = (uint32_t)at;
    }
    return n;
}

static bool enter(struct parser *p)
{
    if (p->depth == LIMIT_PATTERN_DEPTH)
        return fail_at(p, p->now.at, ERR_LIMIT, "nested too deeply") != NULL;
    p->depth++;
    return true;
}

/* ---- constants ---------------------------------------------------------------------------- */

static bool unescape(struct parser *p, const struct token *t, struct bytes *out)
{
    uint8_t *to;
    size_t n = 0;

    if (!t->escapes) {
        *out = t->text;
        return true;
    }
    to = arena_get(p->arena, t->text.n, p->e);
    if (!to)
        return false;
    for (size_t i = 0; i < t->text.n; i++) {
        i += t->text.p[i] == '\\';
        to[n++] = t->text.p[i];
    }
    *out = bytes_of(to, n);
    return true;
}

static bool integer(struct bytes text, int64_t *out)
{
    bool negative = text.p[0] == '-';
    uint64_t v;

    if (!decimal_parse(bytes_part(text, negative || text.p[0] == '+', SIZE_MAX), &v) ||
        v > (uint64_t)INT64_MAX)
        return false;
    *out = negative ? -(int64_t)v : (int64_t)v;
    return true;
}

static bool integer_constant(struct parser *p, struct pattern_constant *c)
{
    c->kind = PATTERN_INTEGER;
    c->text = bytes_part(p->now.text, p->now.text.p[0] == '+', SIZE_MAX);
    if (!integer(c->text, &c->integer))
        return fail(p, "an integer beyond 64 bits") != NULL;
    c->number = (double)c->integer;
    return true;
}

/* The grammar's ".5" becomes a literal that JSON knows, which has a double. */
static bool float_constant(struct parser *p, struct pattern_constant *c)
{
    struct bytes t = bytes_part(p->now.text, p->now.text.p[0] == '+', SIZE_MAX);
    bool negative = t.p[0] == '-';
    char text[LIMIT_JSON_NUMBER + 4] = "0";

    c->kind = PATTERN_FLOAT;
    c->text = t;
    t = bytes_part(t, negative, SIZE_MAX);
    while (t.n > 1 && t.p[0] == '0' && t.p[1] != '.')
        t = bytes_part(t, 1, SIZE_MAX);
    if (t.n > LIMIT_JSON_NUMBER)
        return fail(p, "a number of too many characters") != NULL;
    memcpy(text + (t.p[0] == '.'), t.p, t.n);
    if (json_number_of(bytes_of(text, t.n + (t.p[0] == '.')), &c->number) != NUMBER_FINE)
        return fail(p, "a number that no double can hold") != NULL;
    c->number = negative ? -c->number : c->number;
    return true;
}

static bool time_constant(struct parser *p, struct pattern_constant *c)
{
    c->kind = PATTERN_TIME;
    c->text = p->now.text;
    if (!stix_time_parse(c->text, &c->integer))
        return fail(p, "not a timestamp: write it as t'2026-01-31T12:00:00Z'") != NULL;
    return true;
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool hex_constant(struct parser *p, struct pattern_constant *c)
{
    struct bytes t = p->now.text;
    uint8_t *to = arena_get(p->arena, t.n / 2, p->e);

    c->kind = PATTERN_HEX;
    if (!to)
        return false;
    for (size_t i = 0; i + 1 < t.n + t.n % 2; i += 2) {
        int hi = hex_value(t.p[i]), lo = i + 1 < t.n ? hex_value(t.p[i + 1]) : -1;
        if (hi < 0 || lo < 0)
            return fail(p, "not pairs of hexadecimal digits") != NULL;
        to[i / 2] = (uint8_t)(hi << 4 | lo);
    }
    c->text = bytes_of(to, t.n / 2);
    return true;
}

static bool binary_constant(struct parser *p, struct pattern_constant *c)
{
    size_t n = p->now.text.n / 4 * 3;
    uint8_t *to = arena_get(p->arena, n, p->e);

    c->kind = PATTERN_BINARY;
    if (!to)
        return false;
    if (!base64_decode(to, &n, p->now.text))
        return fail(p, "not base64") != NULL;
    c->text = bytes_of(to, n);
    return true;
}

static bool string_constant(struct parser *p, struct pattern_constant *c)
{
    c->kind = PATTERN_STRING;
    return unescape(p, &p->now, &c->text);
}

static bool boolean_constant(struct parser *p, struct pattern_constant *c)
{
    c->kind = PATTERN_BOOLEAN;
    c->integer = is_key_word(p, "true");
    return c->integer || is_key_word(p, "false") ||
           fail(p, "expected a constant: 'text', a number, true, false, t'...', h'...' or b'...'");
}

static bool read_constant(struct parser *p, struct pattern_constant *c)
{
    static const struct {
        enum token_kind token;
        bool (*read)(struct parser *p, struct pattern_constant *c);
    } kinds[] = {{TOKEN_STRING, string_constant}, {TOKEN_INTEGER, integer_constant},
                 {TOKEN_FLOAT, float_constant},   {TOKEN_TIME, time_constant},
                 {TOKEN_HEX, hex_constant},       {TOKEN_BINARY, binary_constant}};

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (p->now.kind == kinds[i].token)
            return kinds[i].read(p, c);
    return boolean_constant(p, c);
}

static bool constant(struct parser *p, struct pattern_constant *c)
{
    memset(c, 0, sizeof *c);
    if (!read_constant(p, c))
        return false;
    advance(p);
    return true;
}

static bool is_number(enum pattern_constant_kind kind)
{
    return kind == PATTERN_INTEGER || kind == PATTERN_FLOAT;
}

static bool alike(const struct pattern_constant *a, const struct pattern_constant *b)
{
    return a->kind == b->kind || (is_number(a->kind) && is_number(b->kind));
}

/* A list of n elements with place for one more: the old one, or one twice as long. */
static void *grown(struct parser *p, const void *list, size_t n, size_t size)
{
    void *more;

    if (n & (n - 1) || n == 1)
        return (void *)(uintptr_t)list; /* lists grow at 0, 2, 4, 8 ... elements */
    more = arena_get_array(p->arena, n ? n * 2 : 2, size, p->e);
    if (more && n)
        memcpy(more, list, n * size);
    return more;
}

/* ( constant, constant ... ), perhaps empty */
static bool set(struct parser *p, struct pattern *n)
{
    struct pattern_constant *all = NULL;

    if (!take(p, TOKEN_LPAREN))
        return fail(p, "expected ( and a list of constants") != NULL;
    while (!take(p, TOKEN_RPAREN)) {
        size_t at, i = n->constant_count;
        if (i && !take(p, TOKEN_COMMA))
            return fail(p, "expected , or ) in a list of constants") != NULL;
        at = p->now.at;
        n->constants = all = grown(p, all, i, sizeof *all);
        if (!all || !constant(p, &all[i]))
            return false;
        if (!alike(&all[0], &all[i]))
            return fail_at(p, at, ERR_INPUT, "a list of constants of unlike types") != NULL;
        n->constant_count++;
    }
    return true;
}

/* ---- paths ----------------------------------------------------------------------------------- */

static bool key_step(struct parser *p, struct pattern_step *s)
{
    s->kind = PATTERN_KEY;
    if (p->now.kind == TOKEN_STRING) {
        if (!unescape(p, &p->now, &s->key))
            return false;
    } else if (p->now.kind == TOKEN_WORD && !pattern_is_reserved(p->now.text)) {
        s->key = p->now.text;
    } else {
        return fail(p, "expected a property's name") != NULL;
    }
    if (p->now.kind == TOKEN_WORD && bytes_find_byte(s->key, '-') < s->key.n)
        return fail(p, "a name with a hyphen, which must stand in quotes") != NULL;
    advance(p);
    return true;
}

static bool index_step(struct parser *p, struct pattern_step *s)
{
    s->kind = PATTERN_ANY_INDEX;
    if (p->now.kind == TOKEN_INTEGER) {
        s->kind = PATTERN_INDEX;
        if (!integer(p->now.text, &s->index))
            return fail(p, "an index beyond 64 bits") != NULL;
        advance(p);
    } else if (!take(p, TOKEN_STAR)) {
        return fail(p, "expected an index or *") != NULL;
    }
    return take(p, TOKEN_RBRACK) || fail(p, "expected ] behind an index");
}

static bool step(struct parser *p, struct pattern *n, struct pattern_step **steps, bool index)
{
    struct pattern_step *all = grown(p, *steps, n->steps, sizeof *all);

    if (!all || !(index ? index_step(p, &all[n->steps]) : key_step(p, &all[n->steps])))
        return false;
    *steps = all;
    n->steps++;
    return true;
}

/* type:key.key[3].'quoted-key' */
static bool path(struct parser *p, struct pattern *n)
{
    struct pattern_step *steps = NULL;
    bool index;

    if (p->now.kind != TOKEN_WORD || pattern_is_reserved(p->now.text))
        return fail(p, "expected an object path such as ipv4-addr:value") != NULL;
    n->object_type = p->now.text;
    advance(p);
    if (!take(p, TOKEN_COLON))
        return fail(p, "expected : behind an object type") != NULL;
    if (!step(p, n, &steps, false))
        return false;
    while ((index = take(p, TOKEN_LBRACK)) || take(p, TOKEN_DOT))
        if (!step(p, n, &steps, index))
            return false;
    n->path = steps;
    return true;
}

/* ---- comparisons ----------------------------------------------------------------------------- */

/* The bit of an object type among those of this observation; 0 after a failure. */
static uint64_t type_bit(struct parser *p, struct bytes type, size_t at)
{
    unsigned i = 0;

    while (i < p->type_count && !bytes_equal(p->types[i], type))
        i++;
    if (i == TYPES_MOST)
        return fail_at(p, at, ERR_LIMIT, "too many object types in one observation"), 0;
    if (i == p->type_count)
        p->types[p->type_count++] = type;
    return UINT64_C(1) << i;
}

static bool word_operator(struct parser *p, enum pattern_operator *op)
{
    static const struct {
        const char *word;
        enum pattern_operator op;
    } words[] = {{"LIKE", PATTERN_LIKE},
                 {"MATCHES", PATTERN_MATCHES},
                 {"ISSUBSET", PATTERN_ISSUBSET},
                 {"ISSUPERSET", PATTERN_ISSUPERSET}};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (take_word(p, words[i].word)) {
            *op = words[i].op;
            return true;
        }
    return false;
}

static bool one_constant(struct parser *p, struct pattern *n, bool text_only)
{
    struct pattern_constant *c = arena_get(p->arena, sizeof *c, p->e);

    if (!c)
        return false;
    if (text_only && p->now.kind != TOKEN_STRING)
        return fail(p, "expected 'text'") != NULL;
    if (n->op >= PATTERN_LT && n->op <= PATTERN_GE &&
        (is_key_word(p, "true") || is_key_word(p, "false")))
        return fail(p, "true and false have no order") != NULL;
    n->constants = c;
    n->constant_count = 1;
    return constant(p, c);
}

static bool operator_and_constants(struct parser *p, struct pattern *n)
{
    n->negated = take_word(p, "NOT");
    if (p->now.kind == TOKEN_COMPARE) {
        n->op = p->now.op;
        advance(p);
        return one_constant(p, n, false);
    }
    if (take_word(p, "IN")) {
        n->op = PATTERN_IN;
        return set(p, n);
    }
    if (word_operator(p, &n->op))
        return one_constant(p, n, true);
    return fail(p, "expected = != < <= > >= IN LIKE MATCHES ISSUBSET ISSUPERSET") != NULL;
}

static struct pattern *comparison_or(struct parser *p, uint64_t *types);

static struct pattern *comparison_test(struct parser *p, uint64_t *types)
{
    size_t at = p->now.at;
    struct pattern *n;
    bool negated;

    if (take(p, TOKEN_LPAREN)) {
        if (!enter(p) || !(n = comparison_or(p, types)))
            return NULL;
        p->depth--;
        return take(p, TOKEN_RPAREN) ? n : fail(p, "expected )");
    }
    if (!(n = node(p, PATTERN_COMPARE, at)))
        return NULL;
    negated = take_word(p, "NOT");
    if (negated && !is_key_word(p, "EXISTS"))
        return fail(p, "NOT stands before an operator or EXISTS");
    if (take_word(p, "EXISTS")) {
        n->op = PATTERN_EXISTS;
        n->negated = negated;
        if (!path(p, n))
            return NULL;
    } else if (!path(p, n) || !operator_and_constants(p, n)) {
        return NULL;
    }
    *types = type_bit(p, n->object_type, at);
    return *types ? n : NULL;
}

/* Put n behind the last child of *chain, making the chain when there is a second. */
static bool add_child(struct parser *p, enum pattern_kind kind, struct pattern **chain,
                      struct pattern **last, struct pattern *n)
{
    struct pattern *parent;

    if (!n)
        return false;
    if (!*chain) {
        *chain = *last = n;
        return true;
    }
    if (*chain == *last) {
        parent = node(p, kind, (*chain)->at);
        if (!parent)
            return false;
        parent->child = *chain;
        *chain = parent;
    }
    (*last)->next = n;
    *last = n;
    return true;
}

static struct pattern *comparison_and(struct parser *p, uint64_t *types)
{
    struct pattern *chain = NULL, *last = NULL;
    uint64_t more;

    *types = UINT64_MAX;
    do {
        size_t at = p->now.at;
        if (!add_child(p, PATTERN_AND, &chain, &last, comparison_test(p, &more)))
            return NULL;
        *types &= more;
        if (!*types)
            return fail_at(p, at, ERR_INPUT,
                           "the parts of an AND inside [ ] fit no common object type");
    } while (take_word(p, "AND"));
    return chain;
}

static struct pattern *comparison_or(struct parser *p, uint64_t *types)
{
    struct pattern *chain = NULL, *last = NULL;
    uint64_t more;

    *types = 0;
    do {
        if (!add_child(p, PATTERN_OR, &chain, &last, comparison_and(p, &more)))
            return NULL;
        *types |= more;
    } while (take_word(p, "OR"));
    return chain;
}

/* ---- observations ------------------------------------------------------------------------------
 */

static struct pattern *followed_by(struct parser *p);

static struct pattern *observed(struct parser *p)
{
    size_t at = p->now.at;
    struct pattern *n;
    uint64_t types;

    if (take(p, TOKEN_LPAREN)) {
        if (!enter(p) || !(n = followed_by(p)))
            return NULL;
        p->depth--;
        return take(p, TOKEN_RPAREN) ? n : fail(p, "expected )");
    }
    if (!take(p, TOKEN_LBRACK))
        return fail(p, "expected [ or (");
    p->type_count = 0;
    n = node(p, PATTERN_OBSERVED, at);
    if (!n || !(n->child = comparison_or(p, &types)))
        return NULL;
    return take(p, TOKEN_RBRACK) ? n : fail(p, "expected AND, OR or ]");
}

static bool positive(struct parser *p, struct pattern_constant *c, bool whole)
{
    bool number = p->now.kind == TOKEN_INTEGER || (!whole && p->now.kind == TOKEN_FLOAT);
    size_t at = p->now.at;

    if (!number)
        return fail(p, whole ? "expected a whole number" : "expected a number") != NULL;
    if (!constant(p, c))
        return false;
    return c->number > 0 || fail_at(p, at, ERR_INPUT, "this must be greater than zero");
}

static bool time_limit(struct parser *p, struct pattern_constant *c)
{
    /* STIX 2.0 wrote a plain string here. */
    if (p->now.kind == TOKEN_STRING && !p->now.escapes)
        p->now.kind = TOKEN_TIME;
    if (p->now.kind != TOKEN_TIME)
        return fail(p, "expected t'2026-01-31T12:00:00Z'") != NULL;
    return constant(p, c);
}

static bool start_stop(struct parser *p, struct pattern_constant *c)
{
    size_t at = p->now.at;

    if (!time_limit(p, &c[0]))
        return false;
    if (!take_word(p, "STOP"))
        return fail(p, "expected STOP") != NULL;
    if (!time_limit(p, &c[1]))
        return false;
    return c[0].integer < c[1].integer || fail_at(p, at, ERR_INPUT, "START is not before STOP");
}

static bool qualifier(struct parser *p, struct pattern *n, struct pattern_constant *c)
{
    n->constants = c;
    n->constant_count = 1;
    if (take_word(p, "WITHIN")) {
        n->qualifier = PATTERN_WITHIN;
        return positive(p, c, false) &&
               (take_word(p, "SECONDS") || fail(p, "expected SECONDS") != NULL);
    }
    if (take_word(p, "REPEATS")) {
        n->qualifier = PATTERN_REPEATS;
        return positive(p, c, true) && (take_word(p, "TIMES") || fail(p, "expected TIMES") != NULL);
    }
    advance(p); /* START */
    n->qualifier = PATTERN_START_STOP;
    n->constant_count = 2;
    return start_stop(p, c);
}

static struct pattern *qualified(struct parser *p)
{
    struct pattern *n = observed(p);
    unsigned depth = p->depth;

    while (n &&
           (is_key_word(p, "WITHIN") || is_key_word(p, "REPEATS") || is_key_word(p, "START"))) {
        struct pattern *q = node(p, PATTERN_QUALIFIED, n->at);
        struct pattern_constant *c = arena_get_array(p->arena, 2, sizeof *c, p->e);
        if (!q || !c || !enter(p) || !qualifier(p, q, c))
            return NULL;
        q->child = n;
        n = q;
    }
    p->depth = depth;
    return n;
}

static struct pattern *chain_of(struct parser *p, enum pattern_kind kind, const char *word,
                                struct pattern *(*part)(struct parser *))
{
    struct pattern *chain = NULL, *last = NULL;

    do {
        if (!add_child(p, kind, &chain, &last, part(p)))
            return NULL;
    } while (take_word(p, word));
    return chain;
}

static struct pattern *all_of(struct parser *p)
{
    return chain_of(p, PATTERN_ALL_OF, "AND", qualified);
}

static struct pattern *any_of(struct parser *p)
{
    return chain_of(p, PATTERN_ANY_OF, "OR", all_of);
}

static struct pattern *followed_by(struct parser *p)
{
    return chain_of(p, PATTERN_FOLLOWEDBY, "FOLLOWEDBY", any_of);
}

const struct pattern *pattern_parse(struct bytes text, struct arena *a, struct err *e)
{
    struct parser p = {.in = text, .arena = a, .e = e};
    const struct pattern *n;

    if (text.n > LIMIT_PATTERN_BYTES) {
        err_fail(e, ERR_LIMIT, "a pattern of %zu bytes, more than %zu", text.n,
                 LIMIT_PATTERN_BYTES);
        return NULL;
    }
    if (!utf8_valid(text)) {
        err_fail(e, ERR_INPUT, "a pattern that is not UTF-8");
        return NULL;
    }
    advance(&p);
    n = followed_by(&p);
    if (n && p.now.kind != TOKEN_END)
        return fail(&p, "expected AND, OR, FOLLOWEDBY, a qualifier, or the end");
    return n;
}
