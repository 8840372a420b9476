/* A claim as people read it: both statements beside each other and of the same size, the evidence
 * with both sides' grades, and every version of what was ever held likely (cases.md 3.4). The
 * program sets down who said what; who is right is not its business. */
#include "cases/fold_impl.h"

#include <stdio.h>

#define COLUMN 44 /* two of them and a rule between fit a terminal of 92 */
#define STORY_EVIDENCE 128
#define STORY_LINES 512

struct piece {
    struct bytes name, digest, availability, source, information;
    struct bytes their_source, their_information;
    size_t custody;
    uint16_t by;
};

struct story {
    struct cases *c;
    const struct cases_terms *t;
    const struct cases_bodies *bodies;
    const struct catalogue *words;
    struct arena *a;
    struct buf b;
    struct cases_view v;
    struct cases_act_view *acts;
    const struct json **body; /* of each act; NULL: not here */
    size_t n;
    struct piece evidence[STORY_EVIDENCE];
    size_t evidence_n;
};

#define T(text) catalogue_text(s->words, text)

static void put_party(struct buf *b, const struct cases_terms *t, uint16_t party)
{
    buf_put(b, cases_party_slug(t, party));
}

static struct bytes text_of(const struct json *o, const char *key)
{
    struct bytes text = {0};

    json_as_string(json_find(o, key), &text);
    return text;
}

static bool counts(const struct cases_act_view *x)
{
    return x->verdict == CASES_TAKEN;
}

static void heading(struct story *s, const char *title)
{
    buf_puts(&s->b, "\n");
    buf_puts(&s->b, title);
    buf_puts(&s->b, "\n");
}

/* ---- gathering ----------------------------------------------------------------------------- */

static bool read_bodies(struct story *s, struct err *e)
{
    s->body = arena_get_array(s->a, s->n, sizeof *s->body, e);
    if (!s->body)
        return false;
    for (size_t i = 0; i < s->n; i++) {
        struct bytes text;
        if (!s->bodies->read(s->bodies->self, s->acts[i].locator, s->a, &text, e))
            return false;
        s->body[i] = text.n ? json_parse(text, s->a, NULL) : NULL;
    }
    return true;
}

static void add_evidence(struct story *s, const struct json *body, uint16_t by)
{
    const struct json *list = json_find(body, "evidence");

    for (size_t i = 0; i < json_count(list) && s->evidence_n < STORY_EVIDENCE; i++) {
        const struct json *v = json_at(list, i);
        s->evidence[s->evidence_n++] =
            (struct piece){.name = text_of(v, "name"),
                           .digest = text_of(v, "sha256"),
                           .availability = text_of(v, "availability"),
                           .source = text_of(v, "source"),
                           .information = text_of(v, "information"),
                           .custody = json_count(json_find(v, "custody")),
                           .by = by};
    }
}

/* The grades that the one who did not bring it gives it; the last one counts. */
static void add_grades(struct story *s, const struct json *body, uint16_t by)
{
    const struct json *list = json_find(body, "grades");

    for (size_t i = 0; i < json_count(list); i++) {
        struct bytes digest = text_of(json_at(list, i), "sha256");
        for (size_t k = 0; k < s->evidence_n; k++) {
            struct piece *p = &s->evidence[k];
            if (p->by == by || !bytes_equal(p->digest, digest))
                continue;
            p->their_source = text_of(json_at(list, i), "source");
            p->their_information = text_of(json_at(list, i), "information");
        }
    }
}

static void gather_evidence(struct story *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (counts(&s->acts[i]) && s->acts[i].kind != CASES_CLAIM_REVISE)
            add_evidence(s, s->body[i], s->acts[i].author);
    for (size_t i = 0; i < s->n; i++)
        if (counts(&s->acts[i]) && s->acts[i].kind == CASES_CLAIM_GRADE)
            add_grades(s, s->body[i], s->acts[i].author);
}

static const struct json *body_of_kind(const struct story *s, enum cases_kind kind)
{
    const struct json *found = NULL;

    for (size_t i = 0; i < s->n; i++)
        if (s->acts[i].kind == kind && counts(&s->acts[i]))
            found = s->body[i];
    return found;
}

/* ---- columns -------------------------------------------------------------------------------- */

/* Wide characters take two places (Unicode's East Asian Width W and F, by their ranges). */
static unsigned places_of(int32_t c)
{
    static const int32_t wide[][2] = {{0x1100, 0x115f}, {0x2e80, 0xa4cf},   {0xac00, 0xd7a3},
                                      {0xf900, 0xfaff}, {0xfe30, 0xfe6f},   {0xff00, 0xff60},
                                      {0xffe0, 0xffe6}, {0x1f300, 0x1faff}, {0x20000, 0x3fffd}};

    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
        if (c >= wide[i][0] && c <= wide[i][1])
            return 2;
    return 1;
}

/* As many bytes of text as fit COLUMN places, broken at a blank where there is one. */
static size_t fit(struct bytes text, unsigned *places)
{
    size_t at = 0, blank = 0;
    unsigned used = 0, at_blank = 0;

    while (at < text.n && text.p[at] != '\n') {
        size_t next = at;
        unsigned w = places_of(utf8_next(text, &next));
        if (used + w > COLUMN)
            break;
        if (text.p[at] == ' ') {
            blank = at;
            at_blank = used;
        }
        used += w;
        at = next;
    }
    if (at < text.n && text.p[at] != '\n' && text.p[at] != ' ' && blank) {
        at = blank;
        used = at_blank;
    }
    *places = used;
    return at;
}

static struct bytes cut_line(struct bytes *rest, unsigned *places)
{
    size_t n = fit(*rest, places);
    struct bytes line = bytes_part(*rest, 0, n);

    if (n < rest->n && (rest->p[n] == '\n' || rest->p[n] == ' '))
        n++;
    *rest = bytes_part(*rest, n, SIZE_MAX);
    return line;
}

static void put_beside(struct story *s, struct bytes left, struct bytes right)
{
    for (unsigned lines = 0; (left.n || right.n) && lines < STORY_LINES; lines++) {
        unsigned places = 0, ignored;
        buf_puts(&s->b, "  ");
        buf_put(&s->b, cut_line(&left, &places));
        for (; places < COLUMN; places++)
            buf_puts(&s->b, " ");
        buf_puts(&s->b, right.n ? " | " : " |");
        buf_put(&s->b, cut_line(&right, &ignored));
        buf_puts(&s->b, "\n");
    }
}

/* Foreign text for a terminal, its line ends kept. */
static void put_escaped_lines(struct buf *b, struct bytes text)
{
    struct bytes line;

    while (bytes_next_line(&text, &line)) {
        buf_escaped(b, line);
        if (text.n)
            buf_puts(b, "\n");
    }
}

/* ---- the parts ------------------------------------------------------------------------------ */

static void put_claimant(struct story *s, struct buf *b, const struct json *open)
{
    buf_puts(b, cases_predicate_words[s->v.claim.predicate]);
    buf_puts(b, "\n");
    buf_escaped(b, text_of(open, "subject"));
    buf_puts(b, " - ");
    buf_escaped(b, text_of(open, "object"));
    buf_puts(b, "\n");
    put_escaped_lines(b, text_of(open, "text"));
}

static void put_respondent(struct story *s, struct buf *b)
{
    const struct json *reply = body_of_kind(s, CASES_CLAIM_REPLY);

    if (s->v.claim.replied_at != CASES_NEVER) {
        buf_puts(b, cases_reply_words[s->v.claim.reply]);
        buf_puts(b, "\n");
        put_escaped_lines(b, text_of(reply, "text"));
    } else if (s->v.claim.unanswered) {
        buf_puts(b, T("no reply by"));
        buf_puts(b, " ");
        put_instant(b, s->v.final_due);
    } else {
        buf_puts(b, T("no reply yet"));
    }
}

static void put_statements(struct story *s, const struct json *open)
{
    struct buf left = buf_in(s->a), right = buf_in(s->a);

    heading(s, T("STATEMENTS, each party's own"));
    put_party(&left, s->t, s->v.from);
    buf_format(&left, " (%s)\n", T("claims"));
    put_claimant(s, &left, open);
    put_party(&right, s->t, s->v.to);
    buf_format(&right, " (%s)\n", T("replies"));
    put_respondent(s, &right);
    put_beside(s, buf_view(&left), buf_view(&right));
}

static void put_hypotheses(struct story *s, const struct json *open)
{
    const struct json *list = json_find(open, "hypotheses");

    heading(s, T("HYPOTHESES of the claimant"));
    for (size_t i = 0; i < json_count(list); i++) {
        bool named = false;
        buf_format(&s->b, "  H%-3zu ", i + 1);
        buf_escaped(&s->b, text_of(json_at(list, i), "text"));
        json_as_bool(json_find(json_at(list, i), "named_party"), &named);
        buf_format(&s->b, " (%s)\n", named ? T("the named party") : T("not the named party"));
    }
}

static bool is_about(struct bytes target, const struct piece *p, size_t k)
{
    char place[32];

    snprintf(place, sizeof place, "evidence/%zu", k + 1);
    return bytes_are(target, place) || bytes_equal(target, p->name) ||
           (target.n >= 8 && target.n <= p->digest.n &&
            bytes_equal(target, bytes_part(p->digest, 0, target.n)));
}

static void put_grade(struct story *s, struct bytes source, struct bytes information)
{
    if (source.n == 1 && information.n == 1) {
        buf_put(&s->b, source);
        buf_put(&s->b, information);
    } else {
        buf_puts(&s->b, "-");
    }
}

static void put_attacks(struct story *s, size_t k)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->acts[i].kind != CASES_CLAIM_REBUT || !counts(&s->acts[i]) ||
            !is_about(text_of(s->body[i], "target"), &s->evidence[k], k))
            continue;
        buf_puts(&s->b, "       ");
        buf_format(&s->b, "%s ", T("attacked by"));
        put_party(&s->b, s->t, s->acts[i].author);
        buf_puts(&s->b, ": ");
        buf_escaped(&s->b, text_of(s->body[i], "attacks"));
        if (text_of(s->body[i], "text").n) {
            buf_puts(&s->b, ": ");
            buf_escaped(&s->b, text_of(s->body[i], "text"));
        }
        buf_puts(&s->b, "\n");
    }
}

static void put_evidence(struct story *s)
{
    if (s->evidence_n == 0)
        return;
    heading(s, T("EVIDENCE, graded by who brought it / by the other side"));
    for (size_t k = 0; k < s->evidence_n; k++) {
        const struct piece *p = &s->evidence[k];
        buf_format(&s->b, "  E%-3zu ", k + 1);
        put_party(&s->b, s->t, p->by);
        buf_format(&s->b, "  %.12s  ", p->digest.n >= 12 ? (const char *)p->digest.p : "?");
        put_grade(s, p->source, p->information);
        buf_puts(&s->b, "/");
        put_grade(s, p->their_source, p->their_information);
        buf_puts(&s->b, "  ");
        buf_escaped(&s->b, p->availability);
        if (bytes_are(p->availability, "withheld"))
            buf_format(&s->b, " (%s)", T("counted as nothing"));
        buf_puts(&s->b, "  ");
        buf_escaped(&s->b, p->name.n ? p->name : BYTES("-"));
        buf_format(&s->b,
                   catalogue_plural(s->words, ", %zu step of custody\n", ", %zu steps of custody\n",
                                    p->custody),
                   p->custody);
        put_attacks(s, k);
    }
}

static void put_level(struct story *s, const struct json *o)
{
    const struct json *l = json_find(o, "likelihood");
    int64_t low = 0, high = 0;

    json_as_integer(json_find(l, "low"), &low);
    json_as_integer(json_find(l, "high"), &high);
    for (size_t i = 0; i < CASES_LIKELIHOODS; i++)
        if (cases_likelihoods[i].low == low && cases_likelihoods[i].high == high)
            buf_format(&s->b, "%s (%lld-%lld %%)\n", T(cases_likelihoods[i].word), (long long)low,
                       (long long)high);
    buf_format(&s->b, "%28s%s: ", "", T("confidence"));
    buf_escaped(&s->b, text_of(o, "confidence"));
    buf_puts(&s->b, "\n");
    if (text_of(o, "reason").n) {
        buf_format(&s->b, "%28s%s: ", "", T("reason"));
        buf_escaped(&s->b, text_of(o, "reason"));
        buf_puts(&s->b, "\n");
    }
}

/* Likelihood and confidence never in one sentence (ICD 203 D.6.e.(2)). */
static void put_history(struct story *s)
{
    heading(s, T("LIKELIHOOD AND CONFIDENCE, all that were ever stated"));
    for (size_t i = 0; i < s->n; i++) {
        if (!counts(&s->acts[i]) ||
            (s->acts[i].kind != CASES_CLAIM && s->acts[i].kind != CASES_CLAIM_REVISE))
            continue;
        buf_puts(&s->b, "  ");
        put_instant(&s->b, s->acts[i].at == CASES_NEVER ? s->acts[i].claimed : s->acts[i].at);
        buf_puts(&s->b, "  ");
        put_level(s, s->body[i]);
    }
}

static void put_points(struct story *s, const struct json *o, const char *key, const char *title)
{
    const struct json *list = json_find(o, key);
    struct bytes text;

    for (size_t i = 0; i < json_count(list); i++) {
        buf_format(&s->b, "  %s: ", title);
        buf_escaped(&s->b, json_as_string(json_at(list, i), &text) ? text : BYTES("?"));
        buf_puts(&s->b, "\n");
    }
}

/* Both have signed it only when the other side's `agree` made it found (invariant 20). */
static void put_finding(struct story *s)
{
    const struct json *joint = body_of_kind(s, CASES_CLAIM_FINDING),
                      *ruling = body_of_kind(s, CASES_CLAIM_RULING);
    bool both = s->v.claim.found_at != CASES_NEVER && !ruling;

    if (!joint && !ruling)
        return;
    heading(s, ruling ? T("FINDING of the arbiter, on the questions put to it")
               : both ? T("JOINT FINDING, signed by both")
                      : T("PROPOSED FINDING, signed by one side only: not a joint finding"));
    put_points(s, ruling ? ruling : joint, "agreed", T("agreed"));
    put_points(s, ruling ? ruling : joint, "disputed", T("disputed"));
    put_points(s, ruling ? ruling : joint, "unresolved", T("unresolved"));
}

static void put_settlement(struct story *s)
{
    const struct json *list = json_find(body_of_kind(s, CASES_CLAIM_SETTLE), "obligations");

    if (json_count(list) == 0)
        return;
    heading(s, T("SETTLEMENT: obligations"));
    for (size_t i = 0; i < json_count(list); i++) {
        struct bytes text = text_of(json_at(list, i), "text");
        buf_format(&s->b, "  %zu. ", i + 1);
        if (text.n || json_as_string(json_at(list, i), &text))
            buf_escaped(&s->b, text);
        buf_puts(&s->b, "\n");
    }
    buf_format(&s->b, T("  requests for them: %u open, %u not kept\n"), s->v.claim.obligations_open,
               s->v.claim.obligations_broken);
    if (s->v.claim.obligations_broken)
        buf_format(&s->b, "  %s\n", T("An obligation was not kept: the claim is open again."));
}

static void put_all(struct story *s)
{
    const struct json *open = NULL;

    for (size_t i = 0; i < s->n; i++)
        if (hash_equal(&s->acts[i].id, &s->v.id))
            open = s->body[i];
    if (!open) {
        buf_puts(&s->b, T("What was claimed is not here: withheld or erased.\n"));
        return;
    }
    put_statements(s, open);
    put_hypotheses(s, open);
    gather_evidence(s);
    put_evidence(s);
    put_history(s);
    put_finding(s);
    put_settlement(s);
    buf_puts(&s->b, T("\nThis is what the parties say. The program decides nothing of it.\n"));
}

bool cases_claim_text(struct cases *c, const struct hash *claim, int64_t now,
                      const struct cases_bodies *bodies, const struct catalogue *words,
                      struct arena *a, struct bytes *out, struct err *e)
{
    struct story *s = arena_get(a, sizeof *s, e);

    if (!s)
        return false;
    s->c = c;
    s->t = terms_last(c);
    s->bodies = bodies;
    s->words = words;
    s->a = a;
    s->b = buf_in(a);
    if (!s->t || !cases_view(c, claim, now, a, &s->v, e) ||
        !cases_acts(c, claim, a, &s->acts, &s->n, e))
        return false;
    if (s->v.kind != CASES_IS_CLAIM)
        return err_fail(e, ERR_INPUT, "it is not a claim");
    if (!read_bodies(s, e))
        return false;
    put_all(s);
    return buf_end(&s->b, out, e);
}
