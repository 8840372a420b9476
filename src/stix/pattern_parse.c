/* The grammar of patterns: recursive descent, one node for each chain of one operator. */
#include "base/limits.h"
#include "base/text.h"
#include "stix/pattern_impl.h"

struct pattern *pattern_fail_at(struct pattern_parser *p, size_t at, enum err_code code,
                                const char *what)
{
    size_t column = 1;

    for (size_t i = 0; i < at && i < p->in.n; i++)
        column += (p->in.p[i] & 0xc0) != 0x80;
    err_fail(p->e, code, "column %zu: %s", column, what);
    return NULL;
}

struct pattern *pattern_fail(struct pattern_parser *p, const char *expected)
{
    return pattern_fail_at(p, p->now.at, ERR_INPUT,
                           p->now.kind == TOKEN_BAD ? p->now.why : expected);
}

void pattern_advance(struct pattern_parser *p)
{
    p->now = pattern_token(p->in, &p->at);
}

static bool take(struct pattern_parser *p, enum token_kind kind)
{
    if (p->now.kind != kind)
        return false;
    pattern_advance(p);
    return true;
}

bool pattern_at_word(const struct pattern_parser *p, const char *word)
{
    return p->now.kind == TOKEN_WORD && bytes_are(p->now.text, word);
}

static bool take_word(struct pattern_parser *p, const char *word)
{
    if (!pattern_at_word(p, word))
        return false;
    pattern_advance(p);
    return true;
}

static struct pattern *node(struct pattern_parser *p, enum pattern_kind kind, size_t at)
{
    struct pattern *n = arena_get(p->arena, sizeof *n, p->e);

    if (n) {
        n->kind = kind;
        n->at = (uint32_t)at;
    }
    return n;
}

static bool enter(struct pattern_parser *p)
{
    if (p->depth == LIMIT_PATTERN_DEPTH)
        return pattern_fail_at(p, p->now.at, ERR_LIMIT, "nested too deeply") != NULL;
    p->depth++;
    return true;
}

/* ---- lists of constants ------------------------------------------------------------ */

static bool is_number(enum pattern_constant_kind kind)
{
    return kind == PATTERN_INTEGER || kind == PATTERN_FLOAT;
}

static bool alike(const struct pattern_constant *a, const struct pattern_constant *b)
{
    return a->kind == b->kind || (is_number(a->kind) && is_number(b->kind));
}

/* A list of n elements with place for one more: the old one, or one twice as long. */
static void *grown(struct pattern_parser *p, const void *list, size_t n, size_t size)
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
static bool set(struct pattern_parser *p, struct pattern *n)
{
    struct pattern_constant *all = NULL;

    if (!take(p, TOKEN_LPAREN))
        return pattern_fail(p, "expected ( and a list of constants") != NULL;
    while (!take(p, TOKEN_RPAREN)) {
        size_t at, i = n->constant_count;
        if (i && !take(p, TOKEN_COMMA))
            return pattern_fail(p, "expected , or ) in a list of constants") != NULL;
        at = p->now.at;
        n->constants = all = grown(p, all, i, sizeof *all);
        if (!all || !pattern_constant_next(p, &all[i]))
            return false;
        if (!alike(&all[0], &all[i]))
            return pattern_fail_at(p, at, ERR_INPUT, "a list of constants of unlike types") != NULL;
        n->constant_count++;
    }
    return true;
}

/* ---- paths ----------------------------------------------------------------------------------- */

static bool key_step(struct pattern_parser *p, struct pattern_step *s)
{
    s->kind = PATTERN_KEY;
    if (p->now.kind == TOKEN_STRING) {
        if (!pattern_unescape(p, &p->now, &s->key))
            return false;
    } else if (p->now.kind == TOKEN_WORD && !pattern_is_reserved(p->now.text)) {
        s->key = p->now.text;
    } else {
        return pattern_fail(p, "expected a property's name") != NULL;
    }
    if (p->now.kind == TOKEN_WORD && bytes_find_byte(s->key, '-') < s->key.n)
        return pattern_fail(p, "a name with a hyphen, which must stand in quotes") != NULL;
    pattern_advance(p);
    return true;
}

static bool index_step(struct pattern_parser *p, struct pattern_step *s)
{
    s->kind = PATTERN_ANY_INDEX;
    if (p->now.kind == TOKEN_INTEGER) {
        s->kind = PATTERN_INDEX;
        if (!pattern_integer(p->now.text, &s->index))
            return pattern_fail(p, "an index beyond 64 bits") != NULL;
        pattern_advance(p);
    } else if (!take(p, TOKEN_STAR)) {
        return pattern_fail(p, "expected an index or *") != NULL;
    }
    return take(p, TOKEN_RBRACK) || pattern_fail(p, "expected ] behind an index");
}

static bool step(struct pattern_parser *p, struct pattern *n, struct pattern_step **steps,
                 bool index)
{
    struct pattern_step *all = grown(p, *steps, n->steps, sizeof *all);

    if (!all || !(index ? index_step(p, &all[n->steps]) : key_step(p, &all[n->steps])))
        return false;
    *steps = all;
    n->steps++;
    return true;
}

/* type:key.key[3].'quoted-key' */
static bool path(struct pattern_parser *p, struct pattern *n)
{
    struct pattern_step *steps = NULL;
    bool index;

    if (p->now.kind != TOKEN_WORD || pattern_is_reserved(p->now.text))
        return pattern_fail(p, "expected an object path such as ipv4-addr:value") != NULL;
    n->object_type = p->now.text;
    pattern_advance(p);
    if (!take(p, TOKEN_COLON))
        return pattern_fail(p, "expected : behind an object type") != NULL;
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
static uint64_t type_bit(struct pattern_parser *p, struct bytes type, size_t at)
{
    unsigned i = 0;

    while (i < p->type_count && !bytes_equal(p->types[i], type))
        i++;
    if (i == TYPES_MOST)
        return pattern_fail_at(p, at, ERR_LIMIT, "too many object types in one observation"), 0;
    if (i == p->type_count)
        p->types[p->type_count++] = type;
    return UINT64_C(1) << i;
}

static bool word_operator(struct pattern_parser *p, enum pattern_operator *op)
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

static bool one_constant(struct pattern_parser *p, struct pattern *n, bool text_only)
{
    struct pattern_constant *c = arena_get(p->arena, sizeof *c, p->e);

    if (!c)
        return false;
    if (text_only && p->now.kind != TOKEN_STRING)
        return pattern_fail(p, "expected 'text'") != NULL;
    if (n->op >= PATTERN_LT && n->op <= PATTERN_GE &&
        (pattern_at_word(p, "true") || pattern_at_word(p, "false")))
        return pattern_fail(p, "true and false have no order") != NULL;
    n->constants = c;
    n->constant_count = 1;
    return pattern_constant_next(p, c);
}

static bool operator_and_constants(struct pattern_parser *p, struct pattern *n)
{
    n->negated = take_word(p, "NOT");
    if (p->now.kind == TOKEN_COMPARE) {
        n->op = p->now.op;
        pattern_advance(p);
        return one_constant(p, n, false);
    }
    if (take_word(p, "IN")) {
        n->op = PATTERN_IN;
        return set(p, n);
    }
    if (word_operator(p, &n->op))
        return one_constant(p, n, true);
    return pattern_fail(p, "expected = != < <= > >= IN LIKE MATCHES ISSUBSET ISSUPERSET") != NULL;
}

static struct pattern *comparison_or(struct pattern_parser *p, uint64_t *types);

static struct pattern *comparison_test(struct pattern_parser *p, uint64_t *types)
{
    size_t at = p->now.at;
    struct pattern *n;
    bool negated;

    if (take(p, TOKEN_LPAREN)) {
        if (!enter(p) || !(n = comparison_or(p, types)))
            return NULL;
        p->depth--;
        return take(p, TOKEN_RPAREN) ? n : pattern_fail(p, "expected )");
    }
    if (!(n = node(p, PATTERN_COMPARE, at)))
        return NULL;
    negated = take_word(p, "NOT");
    if (negated && !pattern_at_word(p, "EXISTS"))
        return pattern_fail(p, "NOT stands before an operator or EXISTS");
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
static bool add_child(struct pattern_parser *p, enum pattern_kind kind, struct pattern **chain,
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

static struct pattern *comparison_and(struct pattern_parser *p, uint64_t *types)
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
            return pattern_fail_at(p, at, ERR_INPUT,
                                   "the parts of an AND inside [ ] fit no common object type");
    } while (take_word(p, "AND"));
    return chain;
}

static struct pattern *comparison_or(struct pattern_parser *p, uint64_t *types)
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

static struct pattern *followed_by(struct pattern_parser *p);

static struct pattern *observed(struct pattern_parser *p)
{
    size_t at = p->now.at;
    struct pattern *n;
    uint64_t types;

    if (take(p, TOKEN_LPAREN)) {
        if (!enter(p) || !(n = followed_by(p)))
            return NULL;
        p->depth--;
        return take(p, TOKEN_RPAREN) ? n : pattern_fail(p, "expected )");
    }
    if (!take(p, TOKEN_LBRACK))
        return pattern_fail(p, "expected [ or (");
    p->type_count = 0;
    n = node(p, PATTERN_OBSERVED, at);
    if (!n || !(n->child = comparison_or(p, &types)))
        return NULL;
    return take(p, TOKEN_RBRACK) ? n : pattern_fail(p, "expected AND, OR or ]");
}

static bool positive(struct pattern_parser *p, struct pattern_constant *c, bool whole)
{
    bool number = p->now.kind == TOKEN_INTEGER || (!whole && p->now.kind == TOKEN_FLOAT);
    size_t at = p->now.at;

    if (!number)
        return pattern_fail(p, whole ? "expected a whole number" : "expected a number") != NULL;
    if (!pattern_constant_next(p, c))
        return false;
    return c->number > 0 || pattern_fail_at(p, at, ERR_INPUT, "this must be greater than zero");
}

static bool time_limit(struct pattern_parser *p, struct pattern_constant *c)
{
    /* STIX 2.0 wrote a plain string here. */
    if (p->now.kind == TOKEN_STRING && !p->now.escapes)
        p->now.kind = TOKEN_TIME;
    if (p->now.kind != TOKEN_TIME)
        return pattern_fail(p, "expected t'2026-01-31T12:00:00Z'") != NULL;
    return pattern_constant_next(p, c);
}

static bool start_stop(struct pattern_parser *p, struct pattern_constant *c)
{
    size_t at = p->now.at;

    if (!time_limit(p, &c[0]))
        return false;
    if (!take_word(p, "STOP"))
        return pattern_fail(p, "expected STOP") != NULL;
    if (!time_limit(p, &c[1]))
        return false;
    return c[0].integer < c[1].integer ||
           pattern_fail_at(p, at, ERR_INPUT, "START is not before STOP");
}

static bool qualifier(struct pattern_parser *p, struct pattern *n, struct pattern_constant *c)
{
    n->constants = c;
    n->constant_count = 1;
    if (take_word(p, "WITHIN")) {
        n->qualifier = PATTERN_WITHIN;
        return positive(p, c, false) &&
               (take_word(p, "SECONDS") || pattern_fail(p, "expected SECONDS") != NULL);
    }
    if (take_word(p, "REPEATS")) {
        n->qualifier = PATTERN_REPEATS;
        return positive(p, c, true) &&
               (take_word(p, "TIMES") || pattern_fail(p, "expected TIMES") != NULL);
    }
    pattern_advance(p); /* START */
    n->qualifier = PATTERN_START_STOP;
    n->constant_count = 2;
    return start_stop(p, c);
}

static struct pattern *qualified(struct pattern_parser *p)
{
    struct pattern *n = observed(p);
    unsigned depth = p->depth;

    while (n && (pattern_at_word(p, "WITHIN") || pattern_at_word(p, "REPEATS") ||
                 pattern_at_word(p, "START"))) {
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

static struct pattern *chain_of(struct pattern_parser *p, enum pattern_kind kind, const char *word,
                                struct pattern *(*part)(struct pattern_parser *))
{
    struct pattern *chain = NULL, *last = NULL;

    do {
        if (!add_child(p, kind, &chain, &last, part(p)))
            return NULL;
    } while (take_word(p, word));
    return chain;
}

static struct pattern *all_of(struct pattern_parser *p)
{
    return chain_of(p, PATTERN_ALL_OF, "AND", qualified);
}

static struct pattern *any_of(struct pattern_parser *p)
{
    return chain_of(p, PATTERN_ANY_OF, "OR", all_of);
}

static struct pattern *followed_by(struct pattern_parser *p)
{
    return chain_of(p, PATTERN_FOLLOWEDBY, "FOLLOWEDBY", any_of);
}

const struct pattern *pattern_parse(struct bytes text, struct arena *a, struct err *e)
{
    struct pattern_parser p = {.in = text, .arena = a, .e = e};
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
    pattern_advance(&p);
    n = followed_by(&p);
    if (n && p.now.kind != TOKEN_END)
        return pattern_fail(&p, "expected AND, OR, FOLLOWEDBY, a qualifier, or the end");
    return n;
}
