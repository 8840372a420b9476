/* An agreement in plain sentences, and what differs between two versions of one. */
#include "base/buf.h"
#include "record/agreement.h"

#include <stdio.h>

static struct bytes text_at(const struct json *v, const char *key)
{
    struct bytes text = BYTES("(not agreed)");

    json_as_string(json_find(v, key), &text);
    return text;
}

static void say_parties(struct buf *b, const struct agreement *g)
{
    char fingerprint[CARD_FINGERPRINT_MAX];

    buf_puts(b, "Parties\n");
    for (size_t i = 0; i < g->parties_n; i++) {
        const struct agreement_party *p = &g->parties[i];
        card_fingerprint(&p->id, fingerprint);
        buf_puts(b, "  ");
        buf_escaped(b, p->name);
        buf_format(b, " (%.*s%s), key %s\n", BYTES_FMT(p->slug), p->arbiter ? ", arbiter" : "",
                   fingerprint);
    }
    for (size_t i = 0; i < g->witnesses_n; i++)
        buf_format(b, "  Witness: %.*s\n", BYTES_FMT(g->witnesses[i].name));
}

static bool is_true(const struct json *v, const char *key)
{
    bool yes = false;

    return json_as_bool(json_find(v, key), &yes) && yes;
}

static void say_share(struct buf *b, const struct json *share)
{
    buf_puts(b, "\nWhat may be shared (clauses.share)\n");
    for (size_t i = 0; i < json_count(share); i++) {
        struct bytes type;
        const struct json *c = json_member(share, i, &type);
        buf_puts(b, "  ");
        if (bytes_are(type, "other"))
            buf_puts(b, "Any other object");
        else
            buf_escaped(b, type);
        buf_puts(b, ": up to TLP:");
        buf_escaped(b, text_at(c, "max_tlp"));
        if (json_find(c, "detection"))
            buf_puts(b, is_true(c, "detection") ? "; may be matched against one's own logs"
                                                : "; must not be matched against logs");
        if (json_find(c, "onward"))
            buf_puts(b, is_true(c, "onward") ? "; may be shared on" : "; must not be shared on");
        buf_puts(b, ".\n");
    }
    buf_puts(b, "  What is not marked is not shared.\n");
}

static void say_number(struct buf *b, const struct json *v, const char *key)
{
    int64_t n;

    if (json_as_integer(json_find(v, key), &n))
        buf_format(b, "%lld", (long long)n);
    else
        buf_puts(b, "(not agreed)");
}

static void say_match(struct buf *b, const struct json *match)
{
    if (json_count(match) == 0)
        return;
    buf_puts(b, "\nWhat may be compared without being shown (clauses.match)\n");
    for (size_t i = 0; i < json_count(match); i++) {
        struct bytes purpose;
        const struct json *c = json_member(match, i, &purpose);
        buf_puts(b, "  ");
        buf_escaped(b, purpose);
        buf_puts(b, ": lists of ");
        say_number(b, c, "min");
        buf_puts(b, " to ");
        say_number(b, c, "max");
        buf_puts(b, " items, at most ");
        say_number(b, c, "per_day");
        buf_puts(b, " times a day and ");
        say_number(b, c, "items_per_quarter");
        buf_puts(b, " items a quarter; the ");
        buf_escaped(b, text_at(c, "result"));
        buf_puts(b, " is shown to ");
        buf_escaped(b, text_at(c, "to"));
        buf_puts(b, ".\n");
    }
}

static void say_clocks(struct buf *b, const struct json *clock)
{
    const struct json *urgencies = json_find(clock, "urgency");

    if (!clock)
        return;
    buf_puts(b, "\nHow fast requests must be answered (clauses.clock)\n");
    for (size_t i = 0; i < json_count(urgencies); i++) {
        struct bytes name;
        const struct json *c = json_member(urgencies, i, &name);
        buf_puts(b, "  ");
        buf_escaped(b, name);
        buf_puts(b, ": final answer within ");
        buf_escaped(b, text_at(c, "final"));
        if (json_find(c, "ack")) {
            buf_puts(b, ", acknowledged by a person within ");
            buf_escaped(b, text_at(c, "ack"));
        }
        buf_puts(b, ".\n");
    }
    buf_puts(b, "  Silence does not stop a clock: an act counts as delivered ");
    buf_escaped(b, text_at(clock, "grace"));
    buf_puts(b, " after a third party has seen it.\n");
}

static void say_names(struct buf *b, const char *title, const struct json *map)
{
    if (json_count(map) == 0)
        return;
    buf_format(b, "\n%s\n  ", title);
    for (size_t i = 0; i < json_count(map); i++) {
        struct bytes name;
        json_member(map, i, &name);
        buf_puts(b, i ? ", " : "");
        buf_escaped(b, name);
    }
    buf_puts(b, ".\n");
}

static void say_ladder(struct buf *b, const struct json *ladder)
{
    if (json_count(ladder) == 0)
        return;
    buf_puts(b, "\nIf that is not kept (clauses.ladder)\n");
    for (size_t i = 0; i < json_count(ladder); i++) {
        const struct json *rung = json_at(ladder, i);
        buf_format(b, "  %zu. ", i + 1);
        buf_escaped(b, text_at(rung, "name"));
        buf_puts(b, " (");
        buf_escaped(b, text_at(rung, "who"));
        buf_puts(b, "), for ");
        buf_escaped(b, text_at(rung, "time"));
        buf_puts(b, ".\n");
    }
}

static void say_end(struct buf *b, const struct agreement *g)
{
    const struct json *change = json_point(g->root, "/clauses/change");

    buf_puts(b, "\nChange and end (clauses.change)\n  An amendment needs the signature of all "
                "parties. A party may withdraw with ");
    buf_escaped(b, text_at(change, "withdraw_notice"));
    buf_puts(b, " notice.\n  Open cases then: ");
    buf_escaped(b, text_at(change, "open_cases"));
    buf_puts(b, ".\n\nThe document itself is what counts, not this summary of it.\n");
}

bool agreement_explain(const struct agreement *g, struct arena *a, struct bytes *text,
                       struct err *e)
{
    const struct json *clauses = json_find(g->root, "clauses");
    struct buf b = buf_in(a);

    buf_escaped(&b, g->title);
    buf_format(&b, "\nAgreement %s, version %llu\n\n", g->id, (unsigned long long)g->version);
    say_parties(&b, g);
    say_share(&b, json_find(clauses, "share"));
    say_match(&b, json_find(clauses, "match"));
    say_names(&b, "What may be asked (clauses.request)", json_find(clauses, "request"));
    say_clocks(&b, json_find(clauses, "clock"));
    say_names(&b, "Allowed grounds of refusal (clauses.ground)", json_find(clauses, "ground"));
    say_ladder(&b, json_find(clauses, "ladder"));
    say_end(&b, g);
    return buf_end(&b, text, e);
}

/* ---- differences ---- */

static void say_value(struct buf *b, const struct json *v, struct arena *a)
{
    struct bytes canonical = BYTES("?");

    if (!v) {
        buf_puts(b, "(not there)");
        return;
    }
    json_print(v, a, &canonical, NULL);
    buf_escaped(b, bytes_part(canonical, 0, 200));
}

static void diff_value(struct buf *b, const char *path, const struct json *old,
                       const struct json *new, struct arena *a)
{
    struct bytes x = {0}, y = {0};

    if (json_type(old) == JSON_OBJECT && json_type(new) == JSON_OBJECT) {
        for (size_t i = 0; i < json_count(old) + json_count(new); i++) {
            bool second = i >= json_count(old);
            struct bytes key;
            char *child;
            json_member(second ? new : old, second ? i - json_count(old) : i, &key);
            if (second && json_find_bytes(old, key))
                continue;
            child = arena_format(a, &b->e, "%s%s%.*s", path, path[0] ? "." : "", BYTES_FMT(key));
            if (child)
                diff_value(b, child, json_find_bytes(old, key), json_find_bytes(new, key), a);
        }
        return;
    }
    if (old && new &&json_print(old, a, &x, &b->e) && json_print(new, a, &y, &b->e) &&
        bytes_equal(x, y))
        return;
    buf_escaped(b, bytes_text(path));
    buf_puts(b, ": ");
    say_value(b, old, a);
    buf_puts(b, " -> ");
    say_value(b, new, a);
    buf_puts(b, "\n");
}

bool agreement_diff(const struct agreement *old, const struct agreement *new, struct arena *a,
                    struct bytes *text, struct err *e)
{
    struct buf b = buf_in(a);

    diff_value(&b, "", old->root, new->root, a);
    return buf_end(&b, text, e);
}
