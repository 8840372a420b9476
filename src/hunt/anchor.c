/* anchor: the values without which a leaf cannot hold. If each way to make it true goes through
 * an equality with a string, the leaf is only asked of events that hold one of those strings; and
 * if each of those is an address, a name, a digest or the like as it stands in logs, the scanner's
 * index finds the lines, and no other line is looked at. */
#include "hunt/hunt_impl.h"

#include <arpa/inet.h>
#include <stdlib.h>

struct gathered {
    struct anchor *at;
    size_t n;
    bool all;     /* it cannot hold without one of these */
    bool indexed; /* each is indexed */
};

/* ---- one comparison
 * ------------------------------------------------------------------------------ */

static struct bytes last_key(const struct pattern *p)
{
    for (size_t i = p->steps; i-- > 0;)
        if (p->path[i].kind == PATTERN_KEY)
            return p->path[i].key;
    return (struct bytes){0};
}

/* Equality of text with text: no instants, no encodings. */
static bool is_anchor(const struct pattern *p)
{
    static const char *const not_text[] = {"start", "end", "validity_not_before",
                                           "validity_not_after"};
    struct bytes key = last_key(p);

    if ((p->op != PATTERN_EQ && p->op != PATTERN_IN) || p->negated || bytes_end_with(key, "_hex") ||
        bytes_end_with(key, "_bin"))
        return false;
    for (size_t i = 0; i < sizeof not_text / sizeof *not_text; i++)
        if (bytes_are(key, not_text[i]))
            return false;
    for (size_t i = 0; i < p->constant_count; i++)
        if (p->constants[i].kind != PATTERN_STRING)
            return false;
    return true;
}

/* IPv6 addresses have one spelling in events. */
static bool spelled(struct hunt *h, struct bytes text, struct bytes *out, struct err *e)
{
    char from[64], to[INET6_ADDRSTRLEN];
    uint8_t b[16];

    *out = text;
    if (text.n >= sizeof from || bytes_find_byte(text, ':') == text.n)
        return true;
    memcpy(from, text.p, text.n);
    from[text.n] = '\0';
    if (inet_pton(AF_INET6, from, b) != 1 || !inet_ntop(AF_INET6, b, to, sizeof to))
        return true;
    return arena_copy(h->arena, bytes_text(to), out, e);
}

static bool plain_ascii(struct bytes t)
{
    for (size_t i = 0; i < t.n; i++)
        if (t.p[i] <= ' ' || t.p[i] >= 0x7f || strchr("\"'\\<>,;", t.p[i]))
            return false;
    return t.n > 0;
}

/* The host of a URL: logs of requests have host and path apart. */
static struct bytes host_of(struct bytes url)
{
    size_t at = bytes_find(url, BYTES("://")), end;
    struct bytes host;

    if (at == SIZE_MAX)
        return (struct bytes){0};
    host = bytes_part(url, at + 3, SIZE_MAX);
    for (end = 0; end < host.n && !strchr("/?#", host.p[end]);)
        end++;
    host.n = end;
    at = bytes_find_last(host, BYTES("@"));
    if (at != SIZE_MAX)
        host = bytes_part(host, at + 1, SIZE_MAX);
    if (host.n && host.p[0] == '[')
        return bytes_part(host, 1, bytes_find_byte(host, ']') - 1);
    return bytes_part(host, 0, bytes_find_byte(host, ':'));
}

/* Does a scan for some key find each line that has this value? */
static void index_key(const struct pattern *p, struct anchor *a)
{
    bool value = bytes_are(last_key(p), "value");
    bool hash =
        bytes_are(p->object_type, "file") && p->steps == 2 && bytes_are(p->path[0].key, "hashes");

    a->key = a->value;
    if ((!value && !hash) || !plain_ascii(a->value) || !watch_kind_guess(a->value, &a->kind))
        return;
    if (a->kind == WATCH_URL) {
        a->key = host_of(a->value);
        if (!a->key.n || !watch_kind_guess(a->key, &a->kind) || a->kind == WATCH_URL)
            return;
    }
    a->indexed = (hash ? a->kind >= WATCH_MD5 : a->kind < WATCH_MD5) && a->kind != WATCH_CIDR4 &&
                 a->kind != WATCH_CIDR6;
}

static bool gather_compare(struct hunt *h, const struct pattern *p, struct gathered *g,
                           struct err *e)
{
    *g = (struct gathered){.all = is_anchor(p), .indexed = true};
    if (!g->all)
        return true;
    g->at = arena_get_array(h->arena, p->constant_count, sizeof *g->at, e);
    if (!g->at)
        return false;
    for (size_t i = 0; i < p->constant_count; i++, g->n++) {
        if (!spelled(h, p->constants[i].text, &g->at[i].value, e))
            return false;
        index_key(p, &g->at[i]);
        g->indexed &= g->at[i].indexed;
    }
    return true;
}

/* ---- expressions
 * --------------------------------------------------------------------------------- */

static bool gather(struct hunt *h, const struct pattern *p, struct gathered *g, struct err *e);

static bool join(struct hunt *h, struct gathered *g, const struct gathered *more, struct err *e)
{
    struct anchor *all = arena_get_array(h->arena, g->n + more->n, sizeof *all, e);

    if (!all)
        return false;
    memcpy(all, g->at ? g->at : all, g->n * sizeof *all);
    memcpy(all + g->n, more->at ? more->at : all, more->n * sizeof *all);
    *g = (struct gathered){all, g->n + more->n, g->all && more->all, g->indexed && more->indexed};
    return true;
}

/* Of parts that all have to hold, one is enough: an indexed one, else the one of fewest values. */
static bool better(const struct gathered *a, const struct gathered *b)
{
    if (a->all != b->all)
        return a->all;
    if (a->indexed != b->indexed)
        return a->indexed;
    return a->n < b->n;
}

static bool gather(struct hunt *h, const struct pattern *p, struct gathered *g, struct err *e)
{
    if (p->kind == PATTERN_COMPARE)
        return gather_compare(h, p, g, e);
    if (!gather(h, p->child, g, e))
        return false;
    for (const struct pattern *c = p->child->next; c; c = c->next) {
        struct gathered more;
        if (!gather(h, c, &more, e))
            return false;
        if (p->kind == PATTERN_AND)
            *g = better(&more, g) ? more : *g;
        else if (!join(h, g, &more, e))
            return false;
    }
    return true;
}

/* ---- lists
 * --------------------------------------------------------------------------------------- */

uint64_t anchor_hash(struct bytes v)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < v.n; i++) {
        uint8_t c = v.p[i] >= 'A' && v.p[i] <= 'Z' ? v.p[i] | 0x20 : v.p[i];
        h = (h ^ c) * UINT64_C(0x100000001b3);
    }
    return h ^ h >> 29;
}

static bool ask(struct question_list *l, const struct question *q, struct err *e)
{
    if (l->n == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 64;
        struct question *more = realloc(l->at, cap * sizeof *more);
        if (!more)
            return err_fail(e, ERR_NOMEM, "out of memory");
        l->at = more;
        l->cap = cap;
    }
    l->at[l->n++] = *q;
    return true;
}

static bool add_keys(struct hunt *h, const struct gathered *g, struct err *e)
{
    for (size_t i = 0; i < g->n; i++) {
        struct watch_indicator in = {.kind = g->at[i].kind, .value = g->at[i].key};
        struct err why = {0};
        if (watch_builder_add(h->keys, &in, &why))
            continue;
        if (why.code == ERR_NOMEM)
            return err_fail(e, ERR_NOMEM, "out of memory");
        h->counts.every_line = true; /* no value the index knows */
    }
    return true;
}

/* The one type of object without which an expression cannot hold; empty: more than one. */
static struct bytes one_type(const struct pattern *p)
{
    struct bytes type;

    if (p->kind == PATTERN_COMPARE)
        return p->object_type;
    type = one_type(p->child);
    for (const struct pattern *c = p->child->next; c; c = c->next)
        if (!bytes_equal(one_type(c), type))
            return (struct bytes){0};
    return type;
}

static bool anchor_leaf(struct hunt *h, uint32_t number, uint32_t leaf, struct err *e)
{
    const struct pattern *tree = match_leaf_tree(h->patterns[number].match, leaf);
    struct question q = {.pattern = number, .leaf = leaf, .type = one_type(tree)};
    struct gathered g;

    if (!gather(h, tree, &g, e))
        return false;
    if (!g.all || !g.indexed)
        h->counts.every_line = true;
    else if (!add_keys(h, &g, e))
        return false;
    for (size_t i = 0; g.all && i < g.n; i++) {
        q.hash = anchor_hash(g.at[i].value);
        if (!ask(&h->anchored, &q, e))
            return false;
    }
    return g.all || ask(&h->others, &q, e);
}

bool anchor_pattern(struct hunt *h, uint32_t number, struct err *e)
{
    for (size_t i = 0; i < match_leaves(h->patterns[number].match); i++)
        if (!anchor_leaf(h, number, (uint32_t)i, e))
            return false;
    return true;
}

bool anchor_table(struct hunt *h, struct err *e)
{
    h->table_size = 64;
    while (h->table_size < 2 * h->anchored.n)
        h->table_size *= 2;
    h->table = calloc(h->table_size, sizeof *h->table);
    if (!h->table)
        return err_fail(e, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < h->anchored.n; i++) {
        size_t at = h->anchored.at[i].hash & (h->table_size - 1);
        while (h->table[at])
            at = (at + 1) & (h->table_size - 1);
        h->table[at] = (uint32_t)(i + 1);
    }
    return true;
}
