/* An agreement in plain sentences, and what differs between two versions of one. */
#include "base/buf.h"
#include "base/catalogue.h"
#include "base/text.h"
#include "record/agreement.h"

#include <stdio.h>

/* What is being written. */
struct explain {
    struct buf b;
    const struct catalogue *words;
};

/* Outside text, made safe for a terminal, as a piece of a sentence. */
static const char *piece(struct explain *x, struct bytes text)
{
    struct buf b = buf_in(x->b.arena);
    const char *s;

    buf_escaped(&b, text);
    s = buf_string(&b, &x->b.e);
    return s ? s : "?";
}

static const char *text_at(struct explain *x, const struct json *v, const char *key)
{
    struct bytes text;

    return json_as_string(json_find(v, key), &text) ? piece(x, text)
                                                    : catalogue_text(x->words, "(not agreed)");
}

static const char *number_at(struct explain *x, const struct json *v, const char *key)
{
    char *text;
    int64_t n;

    if (!json_as_integer(json_find(v, key), &n))
        return catalogue_text(x->words, "(not agreed)");
    text = arena_format(x->b.arena, &x->b.e, "%lld", (long long)n);
    return text ? text : "?";
}

/* A term of time, "2 working days", in the reader's language. */
static const char *term_at(struct explain *x, const struct json *v, const char *key)
{
    const struct catalogue *k = x->words;
    struct bytes text, unit;
    uint64_t n;
    unsigned long long count;
    char *out;

    if (!json_as_string(json_find(v, key), &text))
        return catalogue_text(k, "(not agreed)");
    unit = bytes_part(text, bytes_find_byte(text, ' ') + 1, SIZE_MAX);
    if (!decimal_parse(bytes_part(text, 0, bytes_find_byte(text, ' ')), &n))
        return piece(x, text);
    count = n;
    if (bytes_start_with(unit, "minute"))
        out = arena_format(x->b.arena, NULL, catalogue_plural(k, "%llu minute", "%llu minutes", n),
                           count);
    else if (bytes_start_with(unit, "hour"))
        out = arena_format(x->b.arena, NULL, catalogue_plural(k, "%llu hour", "%llu hours", n),
                           count);
    else if (bytes_start_with(unit, "day"))
        out =
            arena_format(x->b.arena, NULL, catalogue_plural(k, "%llu day", "%llu days", n), count);
    else if (bytes_start_with(unit, "working day"))
        out = arena_format(x->b.arena, NULL,
                           catalogue_plural(k, "%llu working day", "%llu working days", n), count);
    else
        return piece(x, text);
    return out ? out : "?";
}

/* A word that acts and commands spell in English: "normal", and in another language that word with
 * its spelling behind it. The context is the table of src/cases/words.c, or "explain". */
static const char *word(struct explain *x, const char *context, struct bytes spelling)
{
    const char *said = piece(x, spelling), *theirs = catalogue_text_in(x->words, context, said);
    char *both;

    if (!strcmp(said, theirs))
        return said;
    both = arena_format(x->b.arena, &x->b.e, catalogue_text(x->words, "%s [%s]"), theirs, said);
    return both ? both : said;
}

static const char *word_at(struct explain *x, const char *context, const struct json *v,
                           const char *key)
{
    struct bytes text;

    return json_as_string(json_find(v, key), &text) ? word(x, context, text)
                                                    : catalogue_text(x->words, "(not agreed)");
}

static void heading(struct explain *x, const char *text)
{
    buf_format(&x->b, "\n%s\n", catalogue_text(x->words, text));
}

static void say_parties(struct explain *x, const struct agreement *g)
{
    char fingerprint[CARD_FINGERPRINT_MAX];

    heading(x, N_("Parties"));
    for (size_t i = 0; i < g->parties_n; i++) {
        const struct agreement_party *p = &g->parties[i];
        card_fingerprint(&p->id, fingerprint);
        if (p->arbiter)
            buf_say(&x->b, x->words, "  %s (%s, arbiter), key %s\n", piece(x, p->name),
                    piece(x, p->slug), fingerprint);
        else
            buf_say(&x->b, x->words, "  %s (%s), key %s\n", piece(x, p->name), piece(x, p->slug),
                    fingerprint);
    }
    for (size_t i = 0; i < g->witnesses_n; i++)
        buf_say(&x->b, x->words, "  Witness: %s\n", piece(x, g->witnesses[i].name));
}

static bool is_true(const struct json *v, const char *key)
{
    bool yes = false;

    return json_as_bool(json_find(v, key), &yes) && yes;
}

static void say_share(struct explain *x, const struct json *share)
{
    heading(x, N_("What may be shared (clauses.share)"));
    for (size_t i = 0; i < json_count(share); i++) {
        struct bytes type;
        const struct json *c = json_member(share, i, &type);
        const char *what = bytes_are(type, "other") ? catalogue_text(x->words, "Any other object")
                                                    : word(x, "explain", type);
        buf_say(&x->b, x->words, "  %s: up to TLP:%s", what, text_at(x, c, "max_tlp"));
        if (json_find(c, "detection"))
            buf_say(&x->b, x->words,
                    is_true(c, "detection") ? N_("; may be matched against one's own logs")
                                            : N_("; must not be matched against logs"));
        if (json_find(c, "onward"))
            buf_say(&x->b, x->words,
                    is_true(c, "onward") ? N_("; may be shared on")
                                         : N_("; must not be shared on"));
        buf_say(&x->b, x->words, ".\n");
    }
    buf_say(&x->b, x->words, "  What is not marked is not shared.\n");
}

/* What kinds of items, and what else the clause says of them. */
static void say_match_items(struct explain *x, const struct json *c)
{
    const struct json *items = json_find(c, "items");
    struct bytes item;
    bool flag;

    buf_say(&x->b, x->words, "    Types of items:");
    for (size_t i = 0; i < json_count(items); i++)
        if (json_as_string(json_at(items, i), &item)) {
            buf_puts(&x->b, i ? ", " : " ");
            buf_escaped(&x->b, item);
        }
    buf_puts(&x->b, ".\n");
    if (json_as_bool(json_find(c, "guessable"), &flag) && flag)
        buf_say(&x->b, x->words,
                "    Types whose values can all be tried are agreed to: the budget of items alone "
                "bounds what can be learnt by guessing.\n");
    if (json_find(c, "reveal_from"))
        buf_say(&x->b, x->words, "    The items are shown only if %s or more are in common.\n",
                number_at(x, c, "reveal_from"));
}

static void say_match(struct explain *x, const struct json *match)
{
    if (json_count(match) == 0)
        return;
    heading(x, N_("What may be compared without being shown (clauses.match)"));
    for (size_t i = 0; i < json_count(match); i++) {
        struct bytes purpose;
        const struct json *c = json_member(match, i, &purpose);
        buf_say(&x->b, x->words,
                "  %s: lists of %s to %s items, at most %s times a day and %s items a quarter; the "
                "%s is shown to %s.\n",
                word(x, "explain", purpose), number_at(x, c, "min"), number_at(x, c, "max"),
                number_at(x, c, "per_day"), number_at(x, c, "items_per_quarter"),
                word_at(x, "explain", c, "result"), word_at(x, "explain", c, "to"));
        say_match_items(x, c);
    }
    buf_say(&x->b, x->words,
            "  Both nodes hold each comparison against these limits before anything cryptographic is "
            "said, and both logs hold a commitment to each list.\n");
}

static void say_clocks(struct explain *x, const struct json *clock)
{
    const struct json *urgencies = json_find(clock, "urgency");

    if (!clock)
        return;
    heading(x, N_("How fast requests must be answered (clauses.clock)"));
    for (size_t i = 0; i < json_count(urgencies); i++) {
        struct bytes name;
        const struct json *c = json_member(urgencies, i, &name);
        const char *urgency = word(x, "urgency", name), *final = term_at(x, c, "final");
        if (json_find(c, "ack"))
            buf_say(&x->b, x->words,
                    "  %s: final answer within %s, acknowledged by a person within %s.\n", urgency,
                    final, term_at(x, c, "ack"));
        else
            buf_say(&x->b, x->words, "  %s: final answer within %s.\n", urgency, final);
    }
    buf_say(
        &x->b, x->words,
        "  Silence does not stop a clock: an act counts as delivered %s after a third party has "
        "seen it.\n",
        term_at(x, clock, "grace"));
}

/* "normal, complex": a list of words. */
static const char *words_of(struct explain *x, const char *context, const struct json *list)
{
    struct buf b = buf_in(x->b.arena);
    const char *text;

    for (size_t i = 0; i < json_count(list); i++) {
        struct bytes name;
        if (!json_as_string(json_at(list, i), &name))
            continue;
        buf_puts(&b, i ? ", " : "");
        buf_puts(&b, word(x, context, name));
    }
    text = buf_string(&b, NULL);
    return text ? text : "?";
}

static void say_requests(struct explain *x, const struct json *requests)
{
    if (json_count(requests) == 0)
        return;
    heading(x, N_("What may be asked (clauses.request)"));
    for (size_t i = 0; i < json_count(requests); i++) {
        struct bytes type;
        const struct json *c = json_member(requests, i, &type);
        buf_say(&x->b, x->words, "  %s: %s", word(x, "type", type),
                words_of(x, "urgency", json_find(c, "urgency")));
        if (json_count(json_find(c, "fields")))
            buf_say(&x->b, x->words, "; must say %s",
                    words_of(x, "explain", json_find(c, "fields")));
        if (json_find(c, "max_tlp"))
            buf_say(&x->b, x->words, "; up to TLP:%s", text_at(x, c, "max_tlp"));
        if (json_find(c, "per_day"))
            buf_say(&x->b, x->words, "; at most %s a day", number_at(x, c, "per_day"));
        buf_say(&x->b, x->words, ".\n");
    }
}

static void say_grounds(struct explain *x, const struct json *grounds)
{
    if (json_count(grounds) == 0)
        return;
    heading(x, N_("Allowed grounds of refusal (clauses.ground)"));
    for (size_t i = 0; i < json_count(grounds); i++) {
        struct bytes ground;
        const struct json *c = json_member(grounds, i, &ground);
        buf_say(&x->b, x->words, "  %s", word(x, "ground", ground));
        if (json_find(c, "needs"))
            buf_say(&x->b, x->words, "; must say its %s", word_at(x, "explain", c, "needs"));
        if (is_true(c, "consult"))
            buf_say(&x->b, x->words, "; partial help has to be asked for or offered first");
        if (!is_true(c, "review"))
            buf_say(&x->b, x->words, "; no arbiter reviews it");
        buf_say(&x->b, x->words, ".\n");
    }
}

static void say_ladder(struct explain *x, const struct json *ladder)
{
    if (json_count(ladder) == 0)
        return;
    heading(x, N_("If that is not kept (clauses.ladder)"));
    for (size_t i = 0; i < json_count(ladder); i++) {
        const struct json *rung = json_at(ladder, i);
        buf_say(&x->b, x->words, "  %zu. %s (%s), for %s.\n", i + 1,
                word_at(x, "explain", rung, "name"), word_at(x, "role", rung, "who"),
                term_at(x, rung, "time"));
    }
}

/* Which language's text prevails; what is printed here is no text of the agreement in any case. */
static void say_languages(struct explain *x, const struct json *languages)
{
    const struct json *texts = json_find(languages, "texts");

    if (!json_find(languages, "prevails"))
        return;
    heading(x, N_("Languages (languages)"));
    buf_say(&x->b, x->words, "  The text in this language prevails: %s.\n",
            word_at(x, "explain", languages, "prevails"));
    for (size_t i = 0; i < json_count(texts); i++) {
        struct bytes language, digest = {0};
        json_as_string(json_member(texts, i, &language), &digest);
        buf_say(&x->b, x->words, "  Text in %s: SHA-256 %s\n", word(x, "explain", language),
                piece(x, digest));
    }
}

static void say_end(struct explain *x, const struct agreement *g)
{
    const struct json *change = json_point(g->root, "/clauses/change");

    heading(x, N_("Change and end (clauses.change)"));
    buf_say(&x->b, x->words,
            "  An amendment needs the signature of all parties. A party may withdraw with %s "
            "notice.\n",
            term_at(x, change, "withdraw_notice"));
    buf_say(&x->b, x->words, "  Open cases then: %s.\n",
            word_at(x, "explain", change, "open_cases"));
    buf_puts(&x->b, "\n");
    buf_say(&x->b, x->words, "The document itself is what counts, not this summary of it.\n");
}

bool agreement_explain(const struct agreement *g, const struct catalogue *words, struct arena *a,
                       struct bytes *text, struct err *e)
{
    const struct json *clauses = json_find(g->root, "clauses");
    struct explain x = {buf_in(a), words};

    buf_escaped(&x.b, g->title);
    buf_puts(&x.b, "\n");
    buf_say(&x.b, words, "Agreement %s, version %llu\n", g->id, (unsigned long long)g->version);
    say_parties(&x, g);
    say_languages(&x, json_find(g->root, "languages"));
    say_share(&x, json_find(clauses, "share"));
    say_match(&x, json_find(clauses, "match"));
    say_requests(&x, json_find(clauses, "request"));
    say_clocks(&x, json_find(clauses, "clock"));
    say_grounds(&x, json_find(clauses, "ground"));
    say_ladder(&x, json_find(clauses, "ladder"));
    say_end(&x, g);
    return buf_end(&x.b, text, e);
}

/* ---- differences ---- */

static void say_value(struct buf *b, const struct catalogue *words, const struct json *v,
                      struct arena *a)
{
    struct bytes canonical = BYTES("?");

    if (!v) {
        buf_say(b, words, "(not there)");
        return;
    }
    json_print(v, a, &canonical, NULL);
    buf_escaped(b, bytes_part(canonical, 0, 200));
}

static void diff_value(struct buf *b, const struct catalogue *words, const char *path,
                       const struct json *old, const struct json *new, struct arena *a)
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
                diff_value(b, words, child, json_find_bytes(old, key), json_find_bytes(new, key),
                           a);
        }
        return;
    }
    if (old && new &&json_print(old, a, &x, &b->e) && json_print(new, a, &y, &b->e) &&
        bytes_equal(x, y))
        return;
    buf_escaped(b, bytes_text(path));
    buf_puts(b, ": ");
    say_value(b, words, old, a);
    buf_puts(b, " -> ");
    say_value(b, words, new, a);
    buf_puts(b, "\n");
}

bool agreement_diff(const struct agreement *old, const struct agreement *new,
                    const struct catalogue *words, struct arena *a, struct bytes *text,
                    struct err *e)
{
    struct buf b = buf_in(a);

    diff_value(&b, words, "", old->root, new->root, a);
    return buf_end(&b, text, e);
}
