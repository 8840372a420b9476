/* lists: one table of keys; a key says how it matches, and is followed by the number of the list.
 */
#include "watch/lists.h"

#include "watch/scan_impl.h"

#include <stdlib.h>

#define LISTS_ARENA ((size_t)1 << 30)
#define LISTS_MOST 4096
#define SUBSTRINGS_MOST 65536

enum match { MATCH_STRING, MATCH_HOST, MATCH_NET4, MATCH_NET6, MATCH_SUBSTRING, MATCH_NONE };

struct list_info {
    struct bytes name;
    uint32_t kinds; /* a bit for each kind of indicator it speaks of */
};

struct key {
    struct bytes text;
    uint16_t list;
    uint8_t match;
    uint32_t next; /* with the same hash; 0: none */
};

struct watch_lists {
    struct arena *arena;
    struct list_info *list;
    size_t n_lists;
    struct key *keys; /* the first one is not used */
    size_t n_keys, cap_keys;
    uint32_t *heads;
    size_t n_heads; /* a power of two */
    uint32_t *substrings;
    size_t n_substrings;
    uint64_t lengths4, lengths6[3];
    uint64_t left_out;
};

struct watch_lists *watch_lists_new(struct err *e)
{
    struct watch_lists *l = calloc(1, sizeof *l);

    if (l) {
        l->arena = arena_new(LISTS_ARENA);
        l->list = calloc(LISTS_MOST, sizeof *l->list);
        l->substrings = calloc(SUBSTRINGS_MOST, sizeof *l->substrings);
        l->n_keys = 1;
    }
    if (l && l->arena && l->list && l->substrings)
        return l;
    watch_lists_free(l);
    err_fail(e, ERR_NOMEM, "out of memory");
    return NULL;
}

void watch_lists_free(struct watch_lists *l)
{
    if (!l)
        return;
    arena_free(l->arena);
    free(l->list);
    free(l->keys);
    free(l->heads);
    free(l->substrings);
    free(l);
}

/* ---- the table ------------------------------------------------------------------------------- */

static uint64_t hash_key(uint8_t match, struct bytes text)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325) + match;

    for (size_t i = 0; i < text.n; i++)
        h = (h ^ text.p[i]) * UINT64_C(0x100000001b3);
    return h ^ h >> 32;
}

static void link_key(struct watch_lists *l, uint32_t k)
{
    uint32_t *head = &l->heads[hash_key(l->keys[k].match, l->keys[k].text) & (l->n_heads - 1)];

    l->keys[k].next = *head;
    *head = k;
}

static bool table_grow(struct watch_lists *l, struct err *e)
{
    size_t cap = l->cap_keys ? 2 * l->cap_keys : 4096;
    struct key *keys = realloc(l->keys, cap * sizeof *keys);
    uint32_t *heads;

    if (!keys)
        return err_fail(e, ERR_NOMEM, "out of memory");
    l->keys = keys;
    heads = calloc(cap, sizeof *heads);
    if (!heads)
        return err_fail(e, ERR_NOMEM, "out of memory");
    free(l->heads);
    l->heads = heads;
    l->n_heads = l->cap_keys = cap;
    for (uint32_t k = 1; k < l->n_keys; k++)
        link_key(l, k);
    return true;
}

static bool add_key(struct watch_lists *l, enum match match, struct bytes text, struct err *e)
{
    struct key *k;

    if (l->n_keys >= l->cap_keys && !table_grow(l, e))
        return false;
    k = &l->keys[l->n_keys];
    *k = (struct key){.list = (uint16_t)(l->n_lists - 1), .match = (uint8_t)match};
    if (!arena_copy(l->arena, text, &k->text, e))
        return false;
    if (match == MATCH_SUBSTRING) {
        if (l->n_substrings == SUBSTRINGS_MOST)
            return err_fail(e, ERR_LIMIT, "more than %d substrings", SUBSTRINGS_MOST);
        l->substrings[l->n_substrings++] = (uint32_t)l->n_keys;
    }
    link_key(l, (uint32_t)l->n_keys++);
    return true;
}

static size_t lower(struct bytes text, uint8_t *out, size_t cap)
{
    size_t n = text.n < cap ? text.n : cap;

    for (size_t i = 0; i < n; i++)
        out[i] = text.p[i] >= 'A' && text.p[i] <= 'Z' ? text.p[i] | 0x20 : text.p[i];
    return n;
}

/* A prefix or an address as one of full length: the canonical form of watch_impl.h. */
static bool add_net(struct watch_lists *l, struct bytes text, struct err *e)
{
    uint8_t canon[CANON_MAX];
    const char *why;
    size_t n;

    if (canon_value(WATCH_IPV4, text, canon, &n, &why) ||
        canon_value(WATCH_IPV6, text, canon, &n, &why)) {
        canon[n] = (uint8_t)(8 * n);
        n++;
    } else if (!canon_value(WATCH_CIDR4, text, canon, &n, &why) &&
               !canon_value(WATCH_CIDR6, text, canon, &n, &why)) {
        return true; /* lists hold slips of the pen */
    }
    if (n == 5)
        l->lengths4 |= UINT64_C(1) << canon[4];
    else
        l->lengths6[canon[16] / 64] |= UINT64_C(1) << canon[16] % 64;
    return add_key(l, n == 5 ? MATCH_NET4 : MATCH_NET6, bytes_of(canon, n), e);
}

static bool add_entry(struct watch_lists *l, enum match match, struct bytes text, struct err *e)
{
    uint8_t low[2048];

    if (text.n == 0 || text.n > sizeof low)
        return true;
    if (match == MATCH_NET4)
        return add_net(l, text, e);
    if (match == MATCH_HOST) {
        while (text.n && text.p[text.n - 1] == '.')
            text.n--;
        if (text.n && text.p[0] == '.')
            text = bytes_part(text, 1, SIZE_MAX);
        if (!text.n)
            return true;
    }
    return add_key(l, match, bytes_of(low, lower(text, low, sizeof low)), e);
}

static bool new_list(struct watch_lists *l, struct bytes name, uint32_t kinds, struct err *e)
{
    if (l->n_lists == LISTS_MOST)
        return err_fail(e, ERR_LIMIT, "more than %d lists", LISTS_MOST);
    if (!arena_copy(l->arena, bytes_part(name, 0, 200), &l->list[l->n_lists].name, e))
        return false;
    l->list[l->n_lists++].kinds = kinds;
    return true;
}

/* ---- MISP's format
 * ------------------------------------------------------------------------------- */

#define BIT(kind) (1u << (kind))
#define ADDRESSES (BIT(WATCH_IPV4) | BIT(WATCH_CIDR4) | BIT(WATCH_IPV6) | BIT(WATCH_CIDR6))

struct misp {
    struct watch_lists *l;
    uint8_t name[200], type[16];
    size_t name_n, type_n;
    uint32_t kinds;
    bool entries; /* the second reading */
    enum match match;
    struct err *e;
};

/* The kinds of an attribute's type, such as "ip-dst|port" or "filename|sha256". */
static uint32_t kinds_of(struct bytes type)
{
    static const struct {
        const char *part;
        uint32_t kinds;
    } parts[] = {{"ip-", ADDRESSES},
                 {"|ip", ADDRESSES},
                 {"domain", BIT(WATCH_DOMAIN)},
                 {"hostname", BIT(WATCH_DOMAIN)},
                 {"url", BIT(WATCH_URL)},
                 {"uri", BIT(WATCH_URL)},
                 {"link", BIT(WATCH_URL)},
                 {"email", BIT(WATCH_EMAIL)},
                 {"md5", BIT(WATCH_MD5)},
                 {"sha1", BIT(WATCH_SHA1)},
                 {"sha256", BIT(WATCH_SHA256)},
                 {"sha512", BIT(WATCH_SHA512)}};
    uint32_t kinds = 0;

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (bytes_find(type, bytes_text(parts[i].part)) != SIZE_MAX)
            kinds |= parts[i].kinds;
    return kinds;
}

static bool misp_string(struct json_walk *w, size_t from, size_t to)
{
    struct misp *m = w->self;
    struct bytes raw = bytes_part(w->line, from, to - from);
    struct bytes key = bytes_part(w->line, w->level[1].key, w->level[1].key_n);
    uint8_t text[4096];
    struct bytes value;

    if (raw.n > sizeof text || !w->level[1].object)
        return true;
    value = bytes_of(text, json_decode(raw, text, false));
    if (m->entries)
        return w->depth != 2 || !bytes_are(key, "list") || add_entry(m->l, m->match, value, m->e);
    if (w->depth == 1 && bytes_are(key, "name")) {
        m->name_n = value.n < sizeof m->name ? value.n : sizeof m->name;
        memcpy(m->name, text, m->name_n);
    } else if (w->depth == 1 && bytes_are(key, "type")) {
        m->type_n = value.n < sizeof m->type ? value.n : sizeof m->type;
        memcpy(m->type, text, m->type_n);
    } else if (w->depth == 2 && bytes_are(key, "matching_attributes")) {
        m->kinds |= kinds_of(value);
    }
    return true;
}

static enum match match_of(struct bytes type)
{
    static const char *const names[] = {[MATCH_STRING] = "string",
                                        [MATCH_HOST] = "hostname",
                                        [MATCH_NET4] = "cidr",
                                        [MATCH_NET6] = "",
                                        [MATCH_SUBSTRING] = "substring"};

    for (int i = 0; i < MATCH_NONE; i++)
        if (type.n && bytes_are(type, names[i]))
            return (enum match)i;
    return MATCH_NONE;
}

bool watch_lists_add_misp(struct watch_lists *l, struct bytes json, struct err *e)
{
    struct misp m = {.l = l, .e = e};
    struct json_walk w = {.line = json, .string = misp_string, .self = &m};

    if (json.n > UINT32_MAX || !json_walk(&w))
        return err_fail(e, ERR_INPUT, "a warning list that is not JSON");
    if (!m.name_n || !m.type_n)
        return err_fail(e, ERR_INPUT, "a warning list without \"name\" or \"type\"");
    m.match = match_of(bytes_of(m.type, m.type_n));
    if (m.match == MATCH_NONE) {
        l->left_out++;
        return true;
    }
    if (!new_list(l, bytes_of(m.name, m.name_n), m.kinds ? m.kinds : UINT32_MAX, e))
        return false;
    m.entries = true;
    return json_walk(&w);
}

bool watch_lists_add_plain(struct watch_lists *l, const char *name, struct bytes text,
                           struct err *e)
{
    struct bytes line;

    if (!new_list(l, bytes_text(name), UINT32_MAX, e))
        return false;
    while (bytes_next_line(&text, &line)) {
        uint8_t canon[CANON_MAX];
        const char *why;
        enum watch_kind kind;
        enum match match = MATCH_STRING;
        size_t n;
        line = bytes_trim(bytes_part(line, 0, bytes_find_byte(line, '#')));
        if (watch_kind_guess(line, &kind) && kind <= WATCH_CIDR6)
            match = MATCH_NET4;
        else if (canon_value(WATCH_DOMAIN, line, canon, &n, &why))
            match = MATCH_HOST;
        if (line.n && !add_entry(l, match, line, e))
            return false;
    }
    return true;
}

/* ---- checking
 * ------------------------------------------------------------------------------------ */

static bool find(const struct watch_lists *l, enum match match, enum watch_kind kind,
                 struct bytes text, struct bytes *name)
{
    if (!l->n_heads)
        return false;
    for (uint32_t k = l->heads[hash_key((uint8_t)match, text) & (l->n_heads - 1)]; k;
         k = l->keys[k].next)
        if (l->keys[k].match == match && bytes_equal(l->keys[k].text, text) &&
            l->list[l->keys[k].list].kinds >> kind & 1) {
            *name = l->list[l->keys[k].list].name;
            return true;
        }
    return false;
}

/* The name or one above it. */
static bool find_host(const struct watch_lists *l, enum watch_kind kind, struct bytes host,
                      struct bytes *name)
{
    for (;;) {
        size_t dot;
        if (find(l, MATCH_HOST, kind, host, name))
            return true;
        dot = bytes_find_byte(host, '.');
        if (dot == host.n)
            return false;
        host = bytes_part(host, dot + 1, SIZE_MAX);
    }
}

/* Networks that hold all of this one: `size` bytes of address, `length` bits of it given. */
static bool find_net(const struct watch_lists *l, enum watch_kind kind, const uint8_t *address,
                     size_t size, unsigned length, struct bytes *name)
{
    const uint64_t *lengths = size == 4 ? &l->lengths4 : l->lengths6;

    for (int n = (int)length; n >= 0; n--) {
        uint8_t net[17] = {0};
        if (!(lengths[n / 64] >> n % 64 & 1))
            continue;
        memcpy(net, address, (size_t)n / 8);
        if (n % 8)
            net[n / 8] = address[n / 8] & (uint8_t)(0xff00 >> n % 8);
        net[size] = (uint8_t)n;
        if (find(l, size == 4 ? MATCH_NET4 : MATCH_NET6, kind, bytes_of(net, size + 1), name))
            return true;
    }
    return false;
}

static bool find_substring(const struct watch_lists *l, enum watch_kind kind, struct bytes text,
                           struct bytes *name)
{
    for (size_t i = 0; i < l->n_substrings; i++) {
        const struct key *k = &l->keys[l->substrings[i]];
        if (l->list[k->list].kinds >> kind & 1 && bytes_find(text, k->text) != SIZE_MAX) {
            *name = l->list[k->list].name;
            return true;
        }
    }
    return false;
}

/* The host of a URL, without user, port and brackets. */
static struct bytes host_of(struct bytes url)
{
    size_t scheme = bytes_find(url, BYTES("://")), n = 0, at;
    struct bytes host = scheme == SIZE_MAX ? url : bytes_part(url, scheme + 3, SIZE_MAX);

    while (n < host.n && !memchr("/?#", host.p[n], 3))
        n++;
    host = bytes_part(host, 0, n);
    at = bytes_find_last(host, BYTES("@"));
    if (at != SIZE_MAX)
        host = bytes_part(host, at + 1, SIZE_MAX);
    if (host.n && host.p[0] == '[')
        return bytes_part(host, 1, bytes_find_byte(host, ']') - 1);
    return bytes_part(host, 0, bytes_find_byte(host, ':'));
}

/* A name or an address, by what it is. */
static bool find_any_host(const struct watch_lists *l, enum watch_kind kind, struct bytes host,
                          struct bytes *name)
{
    uint8_t address[16];

    if (parse_ipv4(host, address))
        return find_net(l, kind, address, 4, 32, name);
    if (parse_ipv6(host, address))
        return find_net(l, kind, address, 16, 128, name);
    return find_host(l, kind, host, name);
}

bool watch_lists_check(const struct watch_lists *l, enum watch_kind kind, struct bytes value,
                       struct bytes *name)
{
    uint8_t canon[CANON_MAX], low[2048];
    struct bytes text = bytes_of(low, lower(value, low, sizeof low));
    const char *why;
    size_t n;

    if (!canon_value(kind, value, canon, &n, &why))
        return false;
    if (find(l, MATCH_STRING, kind, text, name) || find_substring(l, kind, text, name))
        return true;
    switch (kind) {
    case WATCH_IPV4:
    case WATCH_CIDR4:
        return find_net(l, kind, canon, 4, n == 5 ? canon[4] : 32, name);
    case WATCH_IPV6:
    case WATCH_CIDR6:
        return find_net(l, kind, canon, 16, n == 17 ? canon[16] : 128, name);
    case WATCH_DOMAIN:
        return find_host(l, kind, bytes_of(canon, n), name);
    case WATCH_URL:
        return find_any_host(l, kind, host_of(text), name);
    case WATCH_EMAIL:
    case WATCH_MD5:
    case WATCH_SHA1:
    case WATCH_SHA256:
    case WATCH_SHA512:
        break;
    }
    return false;
}

void watch_lists_counts(const struct watch_lists *l, struct watch_lists_counts *out)
{
    *out = (struct watch_lists_counts){
        .lists = l->n_lists, .entries = l->n_keys - 1, .left_out = l->left_out};
}
