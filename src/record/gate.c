/* The policy gate: nothing leaves, and nothing is taken in, that no clause permits. */
#include "record/agreement.h"

#include <stdio.h>

static const char *const tlp_words[] = {"clear", "green", "amber", "amber+strict", "red"};

int tlp_rank(struct bytes label)
{
    for (int i = 0; i < 5; i++)
        if (bytes_are(label, tlp_words[i]))
            return i;
    return -1;
}

const char *tlp_word(int rank)
{
    return rank >= 0 && rank < 5 ? tlp_words[rank] : "unmarked";
}

/* The clause for a type: its own, or `other`. */
static const struct json *share_clause(const struct agreement *g, struct bytes type,
                                       char name[GATE_CLAUSE_MAX])
{
    const struct json *share = json_point(g->root, "/clauses/share");
    const struct json *own = json_find_bytes(share, type);

    if (own)
        snprintf(name, GATE_CLAUSE_MAX, "share.%.*s", BYTES_FMT(bytes_part(type, 0, 64)));
    else
        snprintf(name, GATE_CLAUSE_MAX, "share.other");
    return own ? own : json_find(share, "other");
}

static bool carries_forbidden(const struct json *clause, const struct json *object,
                              struct bytes *which)
{
    const struct json *without = json_find(clause, "without");

    for (size_t i = 0; i < json_count(without); i++)
        if (json_as_string(json_at(without, i), which) && json_find_bytes(object, *which))
            return true;
    return false;
}

bool gate_share(const struct agreement *g, struct bytes type, int tlp, const struct json *object,
                char clause[GATE_CLAUSE_MAX], struct err *e)
{
    const struct json *c = share_clause(g, type, clause);
    struct bytes most, least, which;

    if (!c)
        return err_fail(e, ERR_DENIED,
                        "clauses.share: objects of type %.*s are not agreed to be shared",
                        BYTES_FMT(bytes_part(type, 0, 64)));
    if (tlp < 0)
        return err_fail(e, ERR_DENIED, "clauses.%s: unmarked, so not shareable", clause) ||
               err_hint(e, "mark it, or give --tlp");
    if (json_as_string(json_find(c, "max_tlp"), &most) && tlp > tlp_rank(most))
        return err_fail(e, ERR_DENIED, "clauses.%s.max_tlp: TLP:%s is above the ceiling %.*s",
                        clause, tlp_word(tlp), BYTES_FMT(most));
    if (json_as_string(json_find(c, "min_tlp"), &least) && tlp < tlp_rank(least))
        return err_fail(e, ERR_DENIED, "clauses.%s.min_tlp: TLP:%s is below the floor %.*s", clause,
                        tlp_word(tlp), BYTES_FMT(least));
    if (object && carries_forbidden(c, object, &which))
        return err_fail(e, ERR_DENIED, "clauses.%s.without: the object carries \"%.*s\"", clause,
                        BYTES_FMT(bytes_part(which, 0, 64)));
    return true;
}

/* Act kinds that need no clause of their own: they are what an agreement is made of. */
static bool is_constitutional(struct bytes kind)
{
    return bytes_start_with(kind, "agreement.") || bytes_start_with(kind, "key.") ||
           bytes_start_with(kind, "log.");
}

/* The clause of a kind is named by its first word; these have another's. A yes and a remark belong
 * to requests and claims alike, so either clause allows them; which matter they are about, and
 * whether that is suspended, the fold looks at. */
static void clause_of(const struct agreement *g, struct bytes kind, char clause[GATE_CLAUSE_MAX])
{
    static const char *const others[][2] = {
        {"revoke", "share"}, {"pong", "ping"}, {"outage", "clock"}};
    bool either = bytes_are(kind, "agree") || bytes_are(kind, "comment");
    size_t end = bytes_find_byte(kind, '.');

    snprintf(clause, GATE_CLAUSE_MAX, "%.*s", (int)(end < 64 ? end : 64), (const char *)kind.p);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (bytes_are(kind, others[i][0]))
            snprintf(clause, GATE_CLAUSE_MAX, "%s", others[i][1]);
    if (bytes_start_with(kind, "officer."))
        snprintf(clause, GATE_CLAUSE_MAX, "signing");
    if (either)
        snprintf(clause, GATE_CLAUSE_MAX, "%s",
                 json_point(g->root, "/clauses/request") ? "request" : "claim");
}

bool gate_act(const struct agreement *g, struct bytes kind, const struct bytes *suspended,
              size_t suspended_n, char clause[GATE_CLAUSE_MAX], struct err *e)
{
    char pointer[GATE_CLAUSE_MAX + 16];

    if (is_constitutional(kind)) {
        snprintf(clause, GATE_CLAUSE_MAX, "change");
        return true;
    }
    clause_of(g, kind, clause);
    snprintf(pointer, sizeof pointer, "/clauses/%s", clause);
    if (!json_point(g->root, pointer))
        return err_fail(e, ERR_DENIED, "clauses.%s: acts of kind %.*s are not agreed", clause,
                        BYTES_FMT(bytes_part(kind, 0, 64)));
    for (size_t i = 0; i < suspended_n; i++)
        if (bytes_are(suspended[i], clause) || bytes_are(suspended[i], "all"))
            return err_fail(e, ERR_DENIED, "clauses.%s: the clause is suspended", clause);
    return true;
}

static uint64_t limit(const struct agreement *g, const char *pointer, uint64_t most)
{
    int64_t n;

    return json_as_integer(json_point(g->root, pointer), &n) && n > 0 && (uint64_t)n < most
               ? (uint64_t)n
               : most;
}

uint64_t gate_max_act_bytes(const struct agreement *g)
{
    return limit(g, "/clauses/log/max_act_bytes", LIMIT_ACT_BYTES);
}

uint64_t gate_max_object_bytes(const struct agreement *g)
{
    return limit(g, "/clauses/log/max_object_bytes", LIMIT_PAYLOAD_BYTES);
}
