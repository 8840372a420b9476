/* Patterns that are a list of plain values. */
#include "stix/pattern_impl.h"

/* Hash names differ by hyphens and case only: "SHA-256", SHA256, sha256. */
static bool same_hash(struct bytes key, const char *plain)
{
    for (size_t i = 0; i < key.n; i++) {
        uint8_t c = key.p[i] >= 'a' && key.p[i] <= 'z' ? key.p[i] & 0xdf : key.p[i];
        if (c == '-' || c == '_')
            continue;
        if (!*plain || c != (uint8_t)*plain)
            return false;
        plain++;
    }
    return *plain == '\0';
}

static enum indicator_type hash_type(const struct pattern *n)
{
    static const struct {
        const char *name;
        enum indicator_type type;
    } hashes[] = {{"MD5", INDICATOR_MD5},
                  {"SHA1", INDICATOR_SHA1},
                  {"SHA256", INDICATOR_SHA256},
                  {"SHA512", INDICATOR_SHA512}};

    if (n->steps != 2 || n->path[1].kind != PATTERN_KEY || !bytes_are(n->path[0].key, "hashes"))
        return INDICATOR_ANY;
    for (size_t i = 0; i < sizeof hashes / sizeof *hashes; i++)
        if (same_hash(n->path[1].key, hashes[i].name))
            return hashes[i].type;
    return INDICATOR_ANY;
}

/* What the path of a comparison names; ANY: nothing plain. */
static enum indicator_type path_type(const struct pattern *n)
{
    static const struct {
        const char *object;
        enum indicator_type type;
    } values[] = {{"ipv4-addr", INDICATOR_IPV4},
                  {"ipv6-addr", INDICATOR_IPV6},
                  {"domain-name", INDICATOR_DOMAIN},
                  {"url", INDICATOR_URL},
                  {"email-addr", INDICATOR_EMAIL}};

    if (bytes_are(n->object_type, "file"))
        return hash_type(n);
    if (n->steps != 1 || !bytes_are(n->path[0].key, "value"))
        return INDICATOR_ANY;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if (bytes_are(n->object_type, values[i].object))
            return values[i].type;
    return INDICATOR_ANY;
}

static bool is_address(enum indicator_type t)
{
    return t == INDICATOR_IPV4 || t == INDICATOR_IPV6;
}

static bool is_plain(const struct pattern *n)
{
    if (n->negated || path_type(n) == INDICATOR_ANY)
        return false;
    if (n->op != PATTERN_EQ && n->op != PATTERN_IN &&
        !(n->op == PATTERN_ISSUBSET && is_address(path_type(n))))
        return false;
    for (size_t i = 0; i < n->constant_count; i++)
        if (n->constants[i].kind != PATTERN_STRING)
            return false;
    return n->constant_count > 0;
}

/* How many values the tree is a list of; 0: it is more than that. */
static size_t count(const struct pattern *n)
{
    size_t total = 0;

    if (n->kind == PATTERN_COMPARE)
        return is_plain(n) ? n->constant_count : 0;
    if (n->kind != PATTERN_OBSERVED && n->kind != PATTERN_OR && n->kind != PATTERN_ANY_OF)
        return 0;
    for (const struct pattern *c = n->child; c; c = c->next) {
        size_t more = count(c);
        if (more == 0)
            return 0;
        total += more;
    }
    return total;
}

struct gather {
    struct arena *arena;
    struct indicator *out;
    size_t n;
    bool odd; /* a value is not of its type: the list would not be all */
    struct err *e;
};

static bool take_value(struct gather *g, enum indicator_type type, struct bytes text)
{
    struct indicator_room room;
    struct indicator i;
    unsigned odd;

    if (indicator_read(text, type, &room, &i, &odd) || (odd & INDICATOR_PORT_DROPPED)) {
        g->odd = true;
        return true;
    }
    g->out[g->n].type = i.type;
    return arena_copy(g->arena, i.value, &g->out[g->n++].value, g->e);
}

static bool take_values(struct gather *g, const struct pattern *n)
{
    for (size_t i = 0; i < n->constant_count && n->kind == PATTERN_COMPARE; i++)
        if (!take_value(g, path_type(n), n->constants[i].text))
            return false;
    for (const struct pattern *c = n->child; c; c = c->next)
        if (!take_values(g, c))
            return false;
    return true;
}

bool pattern_indicators(const struct pattern *p, struct arena *a, struct indicator **out, size_t *n,
                        struct err *e)
{
    size_t most = count(p);
    struct gather g = {a, arena_get_array(a, most, sizeof *g.out, e), 0, false, e};

    if (!g.out)
        return false;
    if (most && !take_values(&g, p))
        return false;
    *out = g.out;
    *n = g.odd ? 0 : g.n;
    return true;
}
