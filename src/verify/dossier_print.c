/* The report: the same text and the same JSON on every machine. */
#include "verify/dossier_impl.h"

#include <stdio.h>

/* ---- text ---- */

static void put_print(struct buf *b, const struct hash *id)
{
    buf_puts(b, "SHA256:");
    for (size_t i = 0; i < 16; i += 2) {
        if (i)
            buf_puts(b, "-");
        buf_hex(b, id->b + i, 2);
    }
}

static void put_about(struct buf *b, const struct dz *z)
{
    char as_of[TIME_TEXT_MAX];
    struct bytes title;

    dz_time(as_of, z->as_of_ms);
    buf_format(b, "Dossier of %zu case%s under agreement ", z->wanted_n,
               z->wanted_n == 1 ? "" : "s");
    buf_escaped(b, z->agreement);
    if (json_as_string(json_find(z->document, "title"), &title)) {
        buf_puts(b, ", \"");
        buf_escaped(b, title);
        buf_puts(b, "\"");
    }
    buf_puts(b, "\n  made by ");
    buf_escaped(b, z->exporter);
    buf_puts(b, " at ");
    buf_escaped(b, z->exported);
    buf_puts(b, " (as it says) with ");
    buf_escaped(b, z->program);
    buf_format(b, "; states are those of %s\n", as_of);
    for (size_t i = 0; i < z->versions; i++) {
        buf_format(b, "  version %zu of the agreement has SHA-256 ", i + 1);
        buf_hex(b, z->version[i].digest.b, 32);
        buf_puts(b, "\n");
    }
}

static void put_parties(struct buf *b, const struct dz *z)
{
    buf_puts(b, "\nParties\n");
    for (size_t i = 0; i < z->parties; i++) {
        const struct dz_party *p = &z->party[i];
        buf_format(b, "  %-12.*s ", BYTES_FMT(p->holder.slug));
        buf_escaped(b, p->holder.name);
        buf_puts(b, "  ");
        put_print(b, &p->id);
        buf_puts(b, p->pinned ? "  its key is the one you gave\n"
                              : "  nobody here vouches that this key is its own\n");
    }
    for (size_t i = 0; i < z->witnesses; i++) {
        buf_puts(b, "  outside witness ");
        buf_escaped(b, bytes_text(z->witness[i].name));
        buf_puts(b, "\n");
    }
}

static void put_act(struct buf *b, const struct dz *z, const struct dz_act *act)
{
    char claimed[TIME_TEXT_MAX], after[TIME_TEXT_MAX], before[TIME_TEXT_MAX];

    dz_time(claimed, act->claimed_ms);
    dz_time(after, act->after_ms);
    dz_time(before, act->before_ms);
    buf_format(b, "  %.*s/%-5llu ", BYTES_FMT(z->party[act->party].holder.slug),
               (unsigned long long)act->seq);
    if (act->fault) {
        buf_puts(b, "DOES NOT HOLD\n");
        return;
    }
    buf_escaped(b, act->said.kind);
    buf_format(b, ": %s, %s, between %s and %s (it claims %s)",
               act->doubtful ? "in doubt" : "signed", act->included ? "in log" : "NOT IN LOG",
               after, before, claimed);
    if (act->contradicted)
        buf_puts(b, ", time contradicted");
    if (act->withheld)
        buf_puts(b, ", payload withheld");
    buf_puts(b, "\n");
}

static void put_acts(struct buf *b, const struct dz *z)
{
    buf_puts(b, "\nActs\n");
    for (size_t i = 0; i < z->acts_n; i++)
        put_act(b, z, &z->acts[i]);
}

/* A dispute is open while somebody waits, contests or disagrees. */
const char *dz_open_word(const struct cases_view *v)
{
    bool over = true;

    if (v->verdict != CASES_TAKEN && v->verdict != CASES_NO_STOP)
        return NULL;
    if (v->kind == CASES_IS_REQUEST)
        over = v->request.state == CASES_CLOSED || v->request.state == CASES_WITHDRAWN ||
               v->request.state == CASES_VOID || v->request.state == CASES_ANSWERED;
    if (v->kind == CASES_IS_CLAIM)
        over = v->claim.state == CASES_SETTLED || v->claim.state == CASES_CLAIM_WITHDRAWN ||
               v->claim.state == CASES_CLAIM_VOID;
    return over ? NULL
           : v->kind == CASES_IS_REQUEST
               ? cases_state_words[v->request.state % CASES_STATES]
               : cases_claim_state_words[v->claim.state % CASES_CLAIM_STATES];
}

static void put_cases(struct buf *b, const struct dz *z)
{
    size_t open = 0;

    for (size_t i = 0; i < z->cases_n; i++) {
        buf_puts(b, "\n");
        buf_put(b, z->kase[i].show);
        buf_puts(b, "\n");
        buf_put(b, z->kase[i].why);
    }
    buf_puts(b, "\nOpen disputes\n");
    for (size_t i = 0; i < z->cases_n; i++) {
        const char *word = dz_open_word(&z->kase[i].view);
        if (!word)
            continue;
        open++;
        buf_puts(b, "  ");
        buf_hex(b, z->kase[i].id.b, 8);
        buf_format(b, " %s%s\n", word, z->kase[i].view.overdue ? ", overdue" : "");
    }
    if (!open)
        buf_puts(b, "  none\n");
}

static void put_checks(struct buf *b, const struct dz *z)
{
    const struct verify_dossier *o = z->out;

    buf_puts(b, "\nChecks\n");
    for (unsigned c = 1; c <= DOSSIER_CHECKS; c++) {
        buf_format(b, "%4u %-24s %s\n", c, verify_check_name(c),
                   o->verdict[c] == DOSSIER_NONE ? "nothing of the kind"
                                                 : verify_verdict_word(o->verdict[c]));
        for (size_t i = 0; i < o->n; i++)
            if (o->line[i].check == c) {
                buf_format(b, "       %s ", verify_word(o->line[i].verdict));
                buf_put(b, o->line[i].about);
                buf_puts(b, ": ");
                buf_put(b, o->line[i].text);
                buf_puts(b, "\n");
            }
        if (z->cut[c])
            buf_format(b, "       and %zu more of this kind\n", z->cut[c]);
    }
    buf_format(b,
               "\n%s (%llu signatures were checked; Ed25519 and SHA-256, both sound as far as is "
               "known)\n",
               o->holds ? "It holds." : "IT DOES NOT HOLD.", (unsigned long long)z->signatures);
    buf_puts(b, "What is proved is who said what, and when. Whether it is true is not.\n");
}

/* ---- JSON ---- */

static const char *text_of(struct dz *z, int64_t ms)
{
    char *text = arena_get(z->a, TIME_TEXT_MAX, NULL);

    if (!text || ms <= 0 || ms == CASES_NEVER)
        return NULL;
    time_print(text, ms / 1000);
    return text;
}

static void set_time(struct dz *z, struct json_maker *m, struct json *o, const char *key,
                     int64_t ms)
{
    const char *text = text_of(z, ms);

    if (text)
        json_set_text(m, o, key, text);
}

static char *hex_of(struct dz *z, const uint8_t *p, size_t n)
{
    char *hex = arena_get(z->a, 2 * n + 1, NULL);

    if (hex)
        hex_encode(hex, p, n);
    return hex ? hex : arena_format(z->a, NULL, "?");
}

static void json_parties(struct dz *z, struct json_maker *m, struct json *top)
{
    struct json *list = json_set_array(m, top, "parties"), *o;

    for (size_t i = 0; i < z->parties; i++) {
        o = json_new_object(m);
        json_set_string(m, o, "slug", z->party[i].holder.slug);
        json_set_string(m, o, "name", z->party[i].holder.name);
        json_set_text(m, o, "id", hex_of(z, z->party[i].id.b, 32));
        json_set_bool(m, o, "key_is_known", z->party[i].pinned);
        json_add(m, list, o);
    }
}

static void json_acts(struct dz *z, struct json_maker *m, struct json *top)
{
    struct json *list = json_set_array(m, top, "acts"), *o;

    for (size_t i = 0; i < z->acts_n; i++) {
        const struct dz_act *act = &z->acts[i];
        o = json_new_object(m);
        json_set_string(m, o, "act", dz_place(z, act));
        json_set_bool(m, o, "signed", !act->fault);
        json_set_bool(m, o, "in_log", act->included);
        if (!act->fault) {
            json_set_string(m, o, "kind", act->said.kind);
            json_set_text(m, o, "hash", hex_of(z, act->said.text_hash.b, 32));
            set_time(z, m, o, "claimed", act->claimed_ms);
            set_time(z, m, o, "after", act->after_ms);
            set_time(z, m, o, "before", act->before_ms);
            json_set_bool(m, o, "time_contradicted", act->contradicted);
            json_set_bool(m, o, "withheld", act->withheld);
        }
        json_add(m, list, o);
    }
}

static void json_checks(struct dz *z, struct json_maker *m, struct json *top)
{
    struct json *list = json_set_array(m, top, "checks"), *o, *lines, *line;

    for (unsigned c = 1; c <= DOSSIER_CHECKS; c++) {
        o = json_new_object(m);
        json_set_integer(m, o, "check", c);
        json_set_text(m, o, "name", verify_check_name(c));
        json_set_text(m, o, "verdict", verify_verdict_word(z->out->verdict[c]));
        lines = json_set_array(m, o, "lines");
        for (size_t i = 0; i < z->out->n; i++) {
            if (z->out->line[i].check != c)
                continue;
            line = json_new_object(m);
            json_set_string(m, line, "about", z->out->line[i].about);
            json_set_string(m, line, "text", z->out->line[i].text);
            json_set_text(m, line, "verdict", verify_word(z->out->line[i].verdict));
            json_add(m, lines, line);
        }
        json_add(m, list, o);
    }
}

static void json_cases(struct dz *z, struct json_maker *m, struct json *top)
{
    struct json *list = json_set_array(m, top, "cases");

    for (size_t i = 0; i < z->cases_n; i++) {
        const struct json *k = json_parse(z->kase[i].json, z->a, &m->e);
        if (k)
            json_add(m, list, k);
    }
}

static bool print_json(struct dz *z, struct err *e)
{
    struct json_maker m = json_maker(z->a);
    struct json *top = json_new_object(&m);

    json_set_bool(&m, top, "holds", z->out->holds);
    json_set_integer(&m, top, "signatures", (int64_t)z->signatures);
    if (z->about) {
        json_set_string(&m, top, "agreement", z->agreement);
        json_set_string(&m, top, "exporter", z->exporter);
        json_set_string(&m, top, "exported", z->exported);
        set_time(z, &m, top, "as_of", z->as_of_ms);
    }
    json_parties(z, &m, top);
    json_acts(z, &m, top);
    json_cases(z, &m, top);
    json_checks(z, &m, top);
    return json_made(&m, top, &z->out->json, e);
}

bool dz_print(struct dz *z, struct err *e)
{
    struct buf b = buf_in(z->a);

    if (z->making)
        return true;
    if (z->o->json)
        return print_json(z, e);
    if (z->about) {
        put_about(&b, z);
        put_parties(&b, z);
        put_acts(&b, z);
        put_cases(&b, z);
    }
    put_checks(&b, z);
    return buf_end(&b, &z->out->text, e);
}
