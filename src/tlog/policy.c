/* C2SP tlog-policy. Names are octets without meaning; references only go backwards, so that a
 * policy can hold no circle, and each name is a member of at most one group, so that each witness
 * counts once. */
#include "tlog/tlog_impl.h"

#include <assert.h>

#define TOKENS_MAX (LIMIT_POLICY_ITEMS * 2 + 3) /* a group of all witnesses and groups */

struct parser {
    struct policy *p;
    struct arena *a;
    bool *witness_taken, *group_taken; /* is a member somewhere */
    bool quorum_seen;
    struct bytes token[TOKENS_MAX];
    size_t n;
};

static bool name_find(const struct policy *p, struct bytes name, struct policy_ref *out)
{
    for (size_t i = 0; i < p->n_witnesses; i++)
        if (bytes_equal(p->witness_names[i], name)) {
            *out = (struct policy_ref){false, i};
            return true;
        }
    for (size_t i = 0; i < p->n_groups; i++)
        if (bytes_equal(p->groups[i].name, name)) {
            *out = (struct policy_ref){true, i};
            return true;
        }
    return false;
}

static bool name_free(const struct policy *p, struct bytes name, struct err *e)
{
    struct policy_ref there;

    if (bytes_are(name, "none"))
        return err_fail(e, ERR_INPUT, "\"none\" cannot be a name");
    if (name_find(p, name, &there))
        return err_fail(e, ERR_INPUT, "the name \"%.*s\" is taken", BYTES_FMT(name));
    return true;
}

static bool key_fresh(const struct note_key *keys, size_t n, const struct note_key *k,
                      struct err *e)
{
    if (n == LIMIT_POLICY_ITEMS)
        return err_fail(e, ERR_LIMIT, "more than %d keys", LIMIT_POLICY_ITEMS);
    for (size_t i = 0; i < n; i++)
        if (note_key_same(&keys[i], k))
            return err_fail(e, ERR_INPUT, "the key of %s stands there twice", k->name);
    return true;
}

static bool parse_log(struct parser *s, struct err *e)
{
    struct policy *p = s->p;
    struct note_key k;

    if (s->n < 2 || s->n > 3)
        return err_fail(e, ERR_INPUT, "expected: log KEY [URL]");
    if (!note_key_parse(s->token[1], &k, e) || !key_fresh(p->log_keys, p->n_logs, &k, e))
        return false;
    if (k.type == NOTE_COSIGNATURE)
        return err_fail(e, ERR_INPUT, "%s is a witness's key (type 04), not a log's", k.name);
    p->log_keys[p->n_logs] = k;
    p->log_urls[p->n_logs++] = s->n == 3 ? s->token[2] : bytes_of(NULL, 0);
    return true;
}

static bool parse_witness(struct parser *s, struct err *e)
{
    struct policy *p = s->p;
    struct note_key k;

    if (s->n < 3 || s->n > 4)
        return err_fail(e, ERR_INPUT, "expected: witness NAME KEY [URL]");
    if (!name_free(p, s->token[1], e) || !note_key_parse(s->token[2], &k, e) ||
        !key_fresh(p->witness_keys, p->n_witnesses, &k, e))
        return false;
    if (k.type == NOTE_ED25519)
        return err_fail(e, ERR_INPUT, "%s is a log's key (type 01), not a witness's", k.name);
    p->witness_keys[p->n_witnesses] = k;
    p->witness_names[p->n_witnesses] = s->token[1];
    p->witness_urls[p->n_witnesses++] = s->n == 4 ? s->token[3] : bytes_of(NULL, 0);
    return true;
}

static bool parse_least(struct bytes word, size_t members, size_t *out, struct err *e)
{
    uint64_t k;

    if (bytes_are(word, "any"))
        *out = 1;
    else if (bytes_are(word, "all"))
        *out = members;
    else if (decimal_parse(word, &k) && k >= 1 && k <= members)
        *out = (size_t)k;
    else
        return err_fail(e, ERR_INPUT, "expected all, any or a number from 1 to %zu, not \"%.*s\"",
                        members, BYTES_FMT(word));
    return true;
}

static bool take_member(struct parser *s, struct bytes name, struct policy_ref *out, struct err *e)
{
    bool *taken;

    if (!name_find(s->p, name, out))
        return err_fail(e, ERR_INPUT, "no witness or group \"%.*s\" before this line",
                        BYTES_FMT(name));
    taken = out->group ? &s->group_taken[out->index] : &s->witness_taken[out->index];
    if (*taken)
        return err_fail(e, ERR_INPUT, "\"%.*s\" is a member twice", BYTES_FMT(name));
    *taken = true;
    return true;
}

static bool parse_group(struct parser *s, struct err *e)
{
    struct policy *p = s->p;
    struct policy_group g;

    if (s->n < 4)
        return err_fail(e, ERR_INPUT, "expected: group NAME all|any|NUMBER MEMBER...");
    if (p->n_groups == LIMIT_POLICY_ITEMS)
        return err_fail(e, ERR_LIMIT, "more than %d groups", LIMIT_POLICY_ITEMS);
    g = (struct policy_group){.name = s->token[1], .n = s->n - 3};
    if (!name_free(p, g.name, e) || !parse_least(s->token[2], g.n, &g.least, e))
        return false;
    g.members = arena_get_array(s->a, g.n, sizeof *g.members, e);
    for (size_t i = 0; i < g.n; i++)
        if (!g.members || !take_member(s, s->token[3 + i], &g.members[i], e))
            return false;
    p->groups[p->n_groups++] = g;
    return true;
}

static bool parse_quorum(struct parser *s, struct err *e)
{
    struct policy *p = s->p;

    if (s->n != 2)
        return err_fail(e, ERR_INPUT, "expected: quorum NAME|none");
    if (s->quorum_seen)
        return err_fail(e, ERR_INPUT, "a second quorum");
    s->quorum_seen = true;
    p->has_quorum = !bytes_are(s->token[1], "none");
    if (p->has_quorum && !name_find(p, s->token[1], &p->quorum))
        return err_fail(e, ERR_INPUT, "no witness or group \"%.*s\" before this line",
                        BYTES_FMT(s->token[1]));
    return true;
}

static bool split(struct parser *s, struct bytes line, struct err *e)
{
    s->n = 0;
    for (size_t at = 0; at < line.n; at++) {
        size_t from = at;
        if (line.p[at] == ' ' || line.p[at] == '\t')
            continue;
        while (at < line.n && line.p[at] != ' ' && line.p[at] != '\t')
            at++;
        if (s->n == TOKENS_MAX)
            return err_fail(e, ERR_LIMIT, "more than %d words", TOKENS_MAX);
        s->token[s->n++] = bytes_part(line, from, at - from);
    }
    return true;
}

/* The standard's octets: tab, printable ASCII, and everything from 0x80 on. */
static bool octets_valid(struct bytes line)
{
    for (size_t i = 0; i < line.n; i++)
        if ((line.p[i] < 0x20 && line.p[i] != '\t') || line.p[i] == 0x7f)
            return false;
    return true;
}

static bool parse_line(struct parser *s, struct bytes line, struct err *e)
{
    static const struct {
        const char *word;
        bool (*parse)(struct parser *s, struct err *e);
    } kinds[] = {{"log", parse_log},
                 {"witness", parse_witness},
                 {"group", parse_group},
                 {"quorum", parse_quorum}};

    if (!octets_valid(line))
        return err_fail(e, ERR_INPUT, "a control character");
    line = bytes_trim(line);
    if (line.n == 0 || line.p[0] == '#')
        return true;
    if (!split(s, line, e))
        return false;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (bytes_are(s->token[0], kinds[i].word))
            return kinds[i].parse(s, e);
    return err_fail(e, ERR_INPUT, "expected log, witness, group or quorum, not \"%.*s\"",
                    BYTES_FMT(s->token[0]));
}

/* Arrays for as many items as there can be lines. */
static bool make_room(struct parser *s, struct bytes text, struct err *e)
{
    struct policy *p = arena_get(s->a, sizeof *p, e);
    size_t n = 1;

    for (size_t i = 0; i < text.n && n < LIMIT_POLICY_ITEMS; i++)
        n += text.p[i] == '\n';
    s->p = p;
    return p && (p->log_keys = arena_get_array(s->a, n, sizeof *p->log_keys, e)) &&
           (p->log_urls = arena_get_array(s->a, n, sizeof *p->log_urls, e)) &&
           (p->witness_keys = arena_get_array(s->a, n, sizeof *p->witness_keys, e)) &&
           (p->witness_names = arena_get_array(s->a, n, sizeof *p->witness_names, e)) &&
           (p->witness_urls = arena_get_array(s->a, n, sizeof *p->witness_urls, e)) &&
           (p->groups = arena_get_array(s->a, n, sizeof *p->groups, e)) &&
           (s->witness_taken = arena_get_array(s->a, n, sizeof *s->witness_taken, e)) &&
           (s->group_taken = arena_get_array(s->a, n, sizeof *s->group_taken, e));
}

bool policy_parse(struct bytes text, struct arena *a, struct policy **out, struct err *e)
{
    struct reader r = reader_of(text);
    struct parser s = {.a = a};

    if (text.n > LIMIT_POLICY_BYTES)
        return err_fail(e, ERR_LIMIT, "a policy of more than %zu bytes", LIMIT_POLICY_BYTES);
    if (!make_room(&s, text, e))
        return false;
    while (reader_left(&r)) {
        struct bytes line = reader_line(&r);
        if (!reader_failed(&r) && !parse_line(&s, line, e))
            return err_within(e, "policy, line %zu", r.line);
    }
    if (!reader_ok(&r, e))
        return err_within(e, "policy");
    if (!s.quorum_seen)
        return err_fail(e, ERR_INPUT, "policy, line %zu: the end, and no quorum so far", r.line);
    *out = s.p;
    return true;
}

/* ---- using it ------------------------------------------------------------------------------- */

bool policy_quorum(const struct policy *p, const bool *cosigned)
{
    bool met[LIMIT_POLICY_ITEMS];

    if (!p->has_quorum)
        return true;
    for (size_t i = 0; i < p->n_groups; i++) {
        const struct policy_group *g = &p->groups[i];
        size_t n = 0;
        for (size_t j = 0; j < g->n; j++) {
            struct policy_ref m = g->members[j];
            assert(!m.group || m.index < i);
            n += m.group ? met[m.index] : cosigned[m.index];
        }
        met[i] = n >= g->least;
    }
    return p->quorum.group ? met[p->quorum.index] : cosigned[p->quorum.index];
}

bool policy_verify(const struct policy *p, struct bytes note, struct arena *a,
                   struct policy_verdict *out, struct err *e)
{
    bool cosigned[LIMIT_POLICY_ITEMS] = {false};
    struct policy_verdict v;
    struct note parsed;

    if (!note_parse(note, a, &parsed, e) ||
        !checkpoint_match(&parsed, p->log_keys, p->n_logs, &v.checkpoint, &v.log, e) ||
        !cosignature_find_all(&parsed, p->witness_keys, p->n_witnesses, a, &v.cosignatures, &v.n,
                              e))
        return false;
    for (size_t i = 0; i < v.n; i++)
        cosigned[v.cosignatures[i].key] = true;
    if (!policy_quorum(p, cosigned))
        return err_fail(e, ERR_PROOF,
                        "checkpoint %llu of %s: the %zu known cosignatures are no quorum",
                        (unsigned long long)v.checkpoint.size, v.checkpoint.origin, v.n);
    *out = v;
    return true;
}
