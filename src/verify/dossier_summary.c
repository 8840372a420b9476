/* summary.html: what is in the dossier, for people: one page without script, without anything from
 * elsewhere, that prints well. It is made again from the acts when the dossier is checked, and must
 * be the same byte for byte: so it may be read, though it is not evidence.
 *
 * Its words stand here and not in a catalogue: a dossier is checked on machines that have none. */
#include "verify/dossier_impl.h"
#include "verify/summary_words.h"

#include <stdio.h>

struct page {
    struct dz *z;
    struct buf b;
    bool en, zh;
};

/* Nothing in it means anything to HTML or to a terminal. */
static size_t plain_run(struct bytes what)
{
    size_t n = 0;

    while (n < what.n && ((what.p[n] >= ' ' && what.p[n] < 0x7f) || what.p[n] == '\n') &&
           what.p[n] != '<' && what.p[n] != '>' && what.p[n] != '&' && what.p[n] != '"' &&
           what.p[n] != '\\')
        n++;
    return n;
}

/* Escaped for a terminal first: no control characters and no bidirectional tricks on paper either.
 */
static void put_escaped(struct page *p, struct bytes what)
{
    char safe[64];
    size_t n = text_escape(safe, sizeof safe, what);

    for (size_t i = 0; i < n; i++) {
        const char *as = safe[i] == '<'   ? "&lt;"
                         : safe[i] == '>' ? "&gt;"
                         : safe[i] == '&' ? "&amp;"
                         : safe[i] == '"' ? "&quot;"
                                          : NULL;
        if (as)
            buf_puts(&p->b, as);
        else
            buf_byte(&p->b, (uint8_t)safe[i]);
    }
}

static void text(struct page *p, struct bytes what)
{
    while (what.n) {
        size_t n = plain_run(what), at = 0;
        buf_put(&p->b, bytes_part(what, 0, n));
        what = bytes_part(what, n, SIZE_MAX);
        if (!what.n)
            return;
        if (utf8_next(what, &at) < 0)
            at = 1; /* a byte that is no character */
        put_escaped(p, bytes_part(what, 0, at));
        what = bytes_part(what, at, SIZE_MAX);
    }
}

static void raw(struct page *p, const char *html)
{
    buf_puts(&p->b, html);
}

/* Words in the languages of the page, both with the same weight. */
static void say(struct page *p, const struct two *w)
{
    if (p->en)
        buf_format(&p->b, "<span lang=\"en\">%s</span>", w->en);
    if (p->en && p->zh)
        raw(p, " ");
    if (p->zh)
        buf_format(&p->b, "<span lang=\"zh\">%s</span>", w->zh);
}

static void heading(struct page *p, const struct two *w)
{
    raw(p, "<h2>");
    say(p, w);
    raw(p, "</h2>\n");
}

/* A sentence in each language, side by side. */
static void paragraph(struct page *p, const struct two *w)
{
    raw(p, "<div class=\"two\">");
    if (p->en)
        buf_format(&p->b, "<p lang=\"en\">%s</p>", w->en);
    if (p->zh)
        buf_format(&p->b, "<p lang=\"zh\">%s</p>", w->zh);
    raw(p, "</div>\n");
}

static void head_cells(struct page *p, const struct two *const *cells, size_t n)
{
    raw(p, "<table>\n<thead><tr>");
    for (size_t i = 0; i < n; i++) {
        raw(p, "<th>");
        say(p, cells[i]);
        raw(p, "</th>");
    }
    raw(p, "</tr></thead>\n<tbody>\n");
}

static void cell(struct page *p, struct bytes what)
{
    raw(p, "<td>");
    text(p, what);
    raw(p, "</td>");
}

static void cell_time(struct page *p, int64_t ms)
{
    char time[TIME_TEXT_MAX];

    raw(p, "<td>");
    if (ms <= 0 || ms == CASES_NEVER) {
        say(p, &w_unknown);
    } else {
        dz_time(time, ms);
        raw(p, time);
    }
    raw(p, "</td>");
}

static void put_hash(struct page *p, const struct hash *h)
{
    raw(p, "<code>");
    buf_hex(&p->b, h->b, 32);
    raw(p, "</code>");
}

static void put_print(struct page *p, const struct hash *id)
{
    raw(p, "<code>SHA256:");
    for (size_t i = 0; i < 16; i += 2) {
        raw(p, i ? "-" : "");
        buf_hex(&p->b, id->b + i, 2);
    }
    raw(p, "</code>");
}

/* ---- the parts ---- */

static const char style[] =
    "@page{margin:18mm}body{font:15px/1.5 \"Noto Sans\",\"Noto Sans CJK SC\",\"Source Han Sans "
    "SC\",\"PingFang SC\",\"Microsoft YaHei\",sans-serif;color:#1b1b1b;background:#fff;max-width:"
    "72rem;margin:2rem auto;padding:0 1.5rem}h1{font-size:1.6rem;margin:0 0 .2rem}h2{font-size:"
    "1.15rem;margin:2.2rem 0 .6rem;border-bottom:2px solid #1b1b1b;padding-bottom:.2rem;break-"
    "after:avoid}h3{font-size:1rem;margin:1.4rem 0 .4rem;break-after:avoid}table{border-collapse:"
    "collapse;width:100%;font-size:.86rem}th,td{text-align:left;vertical-align:top;padding:.3rem "
    ".7rem .3rem 0;border-bottom:1px solid #ccc;overflow-wrap:anywhere}th{font-weight:600}tr{break-"
    "inside:avoid}thead{display:table-header-group}code,pre{font:12.5px/1.45 \"DejaVu Sans "
    "Mono\",Menlo,Consolas,monospace}code{overflow-wrap:anywhere}pre{white-space:pre-wrap;"
    "background:#f5f5f3;padding:.8rem 1rem;border-left:3px solid #888}.two{display:grid;grid-"
    "template-columns:repeat(auto-fit,minmax(20rem,1fr));gap:0 2rem}.two p{margin:.3rem 0}.mark{"
    "display:inline-block;border:2px solid #1b1b1b;padding:.1rem "
    ".6rem;font-weight:700;margin:.3rem "
    "0}.warn{font-weight:700}dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem "
    "1.2rem;"
    "margin:0}dt{font-weight:600}dd{margin:0;overflow-wrap:anywhere}span[lang]+span[lang]{margin-"
    "left:.35em}@media print{body{font-size:10.5pt;margin:0;padding:0}pre{background:none}}";

static void put_top(struct page *p)
{
    raw(p, "<!DOCTYPE html>\n<html lang=\"");
    raw(p, p->en ? "en" : "zh");
    raw(p, "\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" "
           "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<meta name=\"viewport\" "
           "content=\"width=device-width\">\n<title>");
    raw(p, p->en ? w_title.en : w_title.zh);
    raw(p, "</title>\n<style>");
    raw(p, style);
    raw(p, "</style>\n</head>\n<body>\n<h1>");
    say(p, &w_title);
    raw(p, "</h1>\n<p class=\"mark\">TLP:");
    for (size_t i = 0; i < p->z->ceiling.n && i < 16; i++)
        buf_byte(&p->b, p->z->ceiling.p[i] >= 'a' && p->z->ceiling.p[i] <= 'z'
                            ? (uint8_t)(p->z->ceiling.p[i] - 32)
                            : (uint8_t)(p->z->ceiling.p[i] == '+' ? '+' : '?'));
    raw(p, "</p>\n");
    paragraph(p, &w_not_evidence);
}

static void term(struct page *p, const struct two *name)
{
    raw(p, "<dt>");
    say(p, name);
    raw(p, "</dt><dd>");
}

static void put_agreement(struct page *p)
{
    struct dz *z = p->z;
    struct bytes title = {0};
    char as_of[TIME_TEXT_MAX];

    dz_time(as_of, z->as_of_ms);
    json_as_string(json_find(z->document, "title"), &title);
    raw(p, "<dl>\n");
    term(p, &w_agreement);
    text(p, title);
    raw(p, "<br>");
    raw(p, "<code>");
    text(p, z->agreement);
    raw(p, "</code></dd>\n");
    for (size_t i = 0; i < z->versions; i++) {
        term(p, &w_version);
        buf_format(&p->b, "%zu: ", i + 1);
        put_hash(p, &z->version[i].digest);
        raw(p, "</dd>\n");
    }
    term(p, &w_exporter);
    text(p, z->exporter);
    raw(p, ", ");
    text(p, z->exported);
    raw(p, ", ");
    text(p, z->program);
    raw(p, "</dd>\n");
    term(p, &w_as_of);
    raw(p, as_of);
    raw(p, "</dd>\n</dl>\n");
}

static void put_parties(struct page *p)
{
    static const struct two *const heads[] = {&w_party, &w_name, &w_fingerprint};
    struct dz *z = p->z;

    heading(p, &w_parties);
    head_cells(p, heads, 3);
    for (size_t i = 0; i < z->parties; i++) {
        raw(p, "<tr>");
        cell(p, z->party[i].holder.slug);
        cell(p, z->party[i].holder.name);
        raw(p, "<td>");
        put_print(p, &z->party[i].id);
        raw(p, "</td></tr>\n");
    }
    raw(p, "</tbody></table>\n");
    paragraph(p, &w_compare);
}

static const struct two *state_word(const struct cases_view *v)
{
    if (v->kind == CASES_IS_REQUEST)
        return &w_states[v->request.state % CASES_STATES];
    if (v->kind == CASES_IS_CLAIM)
        return &w_claim_states[v->claim.state % CASES_CLAIM_STATES];
    return &w_unknown;
}

static void put_slug(struct page *p, uint16_t party)
{
    if (party < p->z->parties)
        text(p, p->z->party[party].holder.slug);
    else
        say(p, &w_unknown);
}

static void due_line(struct page *p, const struct two *name, int64_t ms)
{
    char time[TIME_TEXT_MAX];

    if (ms == CASES_NEVER || ms <= 0)
        return;
    dz_time(time, ms);
    term(p, name);
    raw(p, time);
    raw(p, "</dd>\n");
}

static void put_request(struct page *p, const struct cases_view *v)
{
    due_line(p, &w_delivered, v->delivered_at);
    due_line(p, &w_ack_due, v->ack_due);
    due_line(p, &w_final_due, v->final_due);
    due_line(p, &w_answered_at, v->request.answered_at);
    due_line(p, &w_refused_at, v->request.refused_at);
    if (v->request.ground < CASES_GROUNDS) {
        term(p, &w_ground);
        say(p, &w_grounds[v->request.ground]);
        raw(p, "</dd>\n");
    }
}

static void put_claim(struct page *p, const struct cases_view *v)
{
    const struct cases_likelihood *l = &cases_likelihoods[v->claim.likelihood % CASES_LIKELIHOODS];

    term(p, &w_likelihood);
    say(p, &w_likelihoods[v->claim.likelihood % CASES_LIKELIHOODS]);
    buf_format(&p->b, " (%u&ndash;%u %%)</dd>\n", l->low, l->high);
    term(p, &w_confidence);
    say(p, &w_confidences[v->claim.confidence % CASES_CONFIDENCES]);
    raw(p, "</dd>\n");
    due_line(p, &w_final_due, v->final_due);
    term(p, &w_reply);
    if (v->claim.replied_at != CASES_NEVER)
        say(p, &w_replies[v->claim.reply % CASES_REPLIES]);
    else
        say(p, &w_no_reply);
    raw(p, "</dd>\n");
}

static void put_texts(struct page *p, struct bytes en, struct bytes zh)
{
    raw(p, "<div class=\"two\">");
    if (p->en) {
        raw(p, "<pre lang=\"en\">");
        text(p, en);
        raw(p, "</pre>");
    }
    if (p->zh && !(p->en && bytes_equal(en, zh))) {
        raw(p, "<pre lang=\"zh\">");
        text(p, zh);
        raw(p, "</pre>");
    }
    raw(p, "</div>\n");
}

static void put_case(struct page *p, const struct dz_case *k)
{
    const struct cases_view *v = &k->view;

    raw(p, "<h3>");
    say(p, v->kind == CASES_IS_REQUEST ? &w_request
           : v->kind == CASES_IS_CLAIM ? &w_claim
                                       : &w_matter);
    raw(p, " <code>");
    buf_hex(&p->b, k->id.b, 8);
    raw(p, "</code></h3>\n<dl>\n");
    term(p, &w_from_to);
    put_slug(p, v->from);
    raw(p, " &rarr; ");
    put_slug(p, v->to);
    raw(p, "</dd>\n");
    term(p, &w_state);
    say(p, state_word(v));
    if (v->overdue) {
        raw(p, "; <span class=\"warn\">");
        say(p, &w_overdue);
        raw(p, "</span>");
    }
    raw(p, "</dd>\n");
    if (v->kind == CASES_IS_REQUEST)
        put_request(p, v);
    if (v->kind == CASES_IS_CLAIM)
        put_claim(p, v);
    raw(p, "</dl>\n");
    put_texts(p, k->show, k->show_zh);
    put_texts(p, k->why, k->why_zh);
}

static void put_acts(struct page *p)
{
    static const struct two *const heads[] = {&w_act,   &w_kind,   &w_signed, &w_in_log,
                                              &w_after, &w_before, &w_claimed};
    struct dz *z = p->z;

    heading(p, &w_acts);
    paragraph(p, &w_bracket);
    head_cells(p, heads, 7);
    for (size_t i = 0; i < z->acts_n; i++) {
        const struct dz_act *act = &z->acts[i];
        raw(p, "<tr>");
        cell(p, dz_place(z, act));
        raw(p, "<td>");
        text(p, act->said.kind);
        if (act->withheld) {
            raw(p, "<br>");
            say(p, &w_payload_withheld);
        }
        raw(p, "</td><td>");
        say(p, act->fault ? &w_no : act->doubtful ? &w_doubt : &w_yes);
        raw(p, "</td><td>");
        say(p, act->included ? &w_yes : &w_no);
        raw(p, "</td>");
        cell_time(p, act->after_ms);
        cell_time(p, act->before_ms);
        cell_time(p, act->claimed_ms);
        raw(p, "</tr>\n");
        if (act->contradicted) {
            raw(p, "<tr><td></td><td colspan=\"6\" class=\"warn\">");
            say(p, &w_contradicted);
            raw(p, "</td></tr>\n");
        }
    }
    raw(p, "</tbody></table>\n");
}

static void put_withheld(struct page *p)
{
    struct dz *z = p->z;
    size_t n = 0;

    heading(p, &w_withheld);
    for (size_t i = 0; i < z->acts_n; i++) {
        struct bytes why = {0};
        if (!z->acts[i].withheld)
            continue;
        raw(p, n++ ? "<br>\n" : "<p>");
        text(p, dz_place(z, &z->acts[i]));
        raw(p, ": ");
        put_hash(p, &z->acts[i].said.body);
        dz_withheld(z, &z->acts[i].said.body, &why);
        raw(p, " (");
        text(p, why);
        raw(p, ")");
    }
    if (n)
        raw(p, "</p>\n");
    else
        paragraph(p, &w_nothing);
}

static void put_hidden(struct page *p)
{
    const struct json *all = json_find(p->z->about, "hidden");
    uint64_t entries = 0;
    struct bytes slug;

    heading(p, &w_hidden);
    for (size_t i = 0; i < json_count(all); i++) {
        const struct json *list = json_member(all, i, &slug);
        for (size_t k = 0; k < json_count(list); k++) {
            int64_t low = 0, high = -1;
            json_as_integer(json_at(json_at(list, k), 0), &low);
            json_as_integer(json_at(json_at(list, k), 1), &high);
            raw(p, entries ? "; " : "<p>");
            text(p, slug);
            buf_format(&p->b, " %lld&ndash;%lld", (long long)low, (long long)high);
            entries++;
        }
    }
    if (entries)
        raw(p, "</p>\n");
    paragraph(p, entries ? &w_hidden_why : &w_nothing);
}

static void put_open(struct page *p)
{
    struct dz *z = p->z;
    size_t n = 0;

    heading(p, &w_open);
    for (size_t i = 0; i < z->cases_n; i++) {
        if (!dz_open_word(&z->kase[i].view))
            continue;
        raw(p, n++ ? "<br>\n<code>" : "<p><code>");
        buf_hex(&p->b, z->kase[i].id.b, 8);
        raw(p, "</code> ");
        say(p, state_word(&z->kase[i].view));
        if (z->kase[i].view.overdue) {
            raw(p, "; ");
            say(p, &w_overdue);
        }
    }
    if (n)
        raw(p, "</p>\n");
    else
        paragraph(p, &w_nothing);
}

bool dz_summary(struct dz *z, struct bytes *html, struct err *e)
{
    struct page p = {.z = z,
                     .b = buf_in(z->a),
                     .en = !bytes_are(z->lang, "zh"),
                     .zh = !bytes_are(z->lang, "en")};

    put_top(&p);
    put_agreement(&p);
    put_parties(&p);
    heading(&p, &w_cases);
    for (size_t i = 0; i < z->cases_n; i++)
        put_case(&p, &z->kase[i]);
    put_open(&p);
    put_acts(&p);
    put_withheld(&p);
    put_hidden(&p);
    heading(&p, &w_limits);
    for (size_t i = 0; i < W_LIMITS; i++)
        paragraph(&p, &w_limit[i]);
    raw(&p, "</body>\n</html>\n");
    return buf_end(&p.b, html, e);
}
