/* The report: the same text and the same JSON on every machine. */
#include "base/catalogue.h"
#include "verify/dossier_impl.h"

#include <stdio.h>

/* ---- text ---- */

static char *hex_of(const struct dz *z, const uint8_t *p, size_t n)
{
    char *hex = arena_get(z->a, 2 * n + 1, NULL);

    if (hex)
        hex_encode(hex, p, n);
    return hex ? hex : arena_format(z->a, NULL, "?");
}

static struct bytes escaped(const struct dz *z, struct bytes text)
{
    struct buf b = buf_in(z->a);
    struct bytes out = {0};

    buf_escaped(&b, text);
    buf_puts(&b, "");
    return buf_end(&b, &out, NULL) ? out : BYTES("?");
}

/* For a format: what is in a dossier is not trusted to be fit for a terminal. */
static const char *shown(const struct dz *z, struct bytes text)
{
    struct bytes out = escaped(z, text);
    char *copy = arena_format(z->a, NULL, "%.*s", BYTES_FMT(out));

    return copy ? copy : "?";
}

static void when(const struct dz *z, char out[TIME_TEXT_MAX], int64_t ms)
{
    dz_time(out, ms);
    if (out[0] == 'n')
        snprintf(out, TIME_TEXT_MAX, "%s", catalogue_text(z->words, "not known"));
}

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
    struct bytes title = {0};

    dz_time(as_of, z->as_of_ms);
    json_as_string(json_find(z->document, "title"), &title);
    buf_format(b,
               catalogue_plural(z->words, "Dossier of %zu case under agreement %s",
                                "Dossier of %zu cases under agreement %s", z->wanted_n),
               z->wanted_n, shown(z, z->agreement));
    if (title.n)
        buf_format(b, ", \"%s\"", shown(z, title));
    buf_puts(b, "\n");
    buf_say(b, z->words, "  made by %s at %s (as it says) with %s; states are those of %s\n",
            shown(z, z->exporter), shown(z, z->exported), shown(z, z->program), as_of);
    for (size_t i = 0; i < z->versions; i++) {
        buf_say(b, z->words, "  version %zu of the agreement has SHA-256 %s\n", i + 1,
                hex_of(z, z->version[i].digest.b, 32));
    }
}

static void put_parties(struct buf *b, const struct dz *z)
{
    buf_puts(b, "\n");
    buf_say(b, z->words, "Parties\n");
    for (size_t i = 0; i < z->parties; i++) {
        const struct dz_party *p = &z->party[i];
        buf_format(b, "  %-12.*s ", BYTES_FMT(p->holder.slug));
        buf_escaped(b, p->holder.name);
        buf_puts(b, "  ");
        put_print(b, &p->id);
        buf_puts(b, "  ");
        buf_puts(b, p->pinned
                        ? catalogue_text(z->words, "its key is the one you gave")
                        : catalogue_text(z->words, "nobody here vouches that this key is its own"));
        buf_puts(b, "\n");
    }
    for (size_t i = 0; i < z->witnesses; i++)
        buf_say(b, z->words, "  outside witness %s\n", shown(z, bytes_text(z->witness[i].name)));
}

static void put_act(struct buf *b, const struct dz *z, const struct dz_act *act)
{
    char claimed[TIME_TEXT_MAX], after[TIME_TEXT_MAX], before[TIME_TEXT_MAX];

    buf_format(b, "  %.*s/%-5llu ", BYTES_FMT(z->party[act->party].holder.slug),
               (unsigned long long)act->seq);
    if (act->fault) {
        buf_say(b, z->words, "DOES NOT HOLD\n");
        return;
    }
    when(z, claimed, act->claimed_ms);
    when(z, after, act->after_ms);
    when(z, before, act->before_ms);
    buf_escaped(b, act->said.kind);
    if (!act->included)
        buf_say(b, z->words, ": NOT IN LOG, between %s and %s (it claims %s)", after, before,
                claimed);
    else if (act->doubtful)
        buf_say(b, z->words, ": in doubt, in log, between %s and %s (it claims %s)", after, before,
                claimed);
    else
        buf_say(b, z->words, ": signed, in log, between %s and %s (it claims %s)", after, before,
                claimed);
    if (act->contradicted)
        buf_say(b, z->words, ", time contradicted");
    if (act->withheld)
        buf_say(b, z->words, ", payload withheld");
    buf_puts(b, "\n");
}

static void put_acts(struct buf *b, const struct dz *z)
{
    buf_puts(b, "\n");
    buf_say(b, z->words, "Acts\n");
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

static const char *state_shown(const struct dz *z, const struct cases_view *v, const char *word)
{
    return catalogue_text_in(z->words, v->kind == CASES_IS_REQUEST ? "state" : "claim_state", word);
}

static void put_open(struct buf *b, const struct dz *z)
{
    size_t open = 0;

    buf_puts(b, "\n");
    buf_say(b, z->words, "Open disputes\n");
    for (size_t i = 0; i < z->cases_n; i++) {
        const struct cases_view *v = &z->kase[i].view;
        const char *word = dz_open_word(v);
        if (!word)
            continue;
        open++;
        buf_format(b, "  %s %s", hex_of(z, z->kase[i].id.b, 8), state_shown(z, v, word));
        if (v->overdue)
            buf_say(b, z->words, ", overdue");
        buf_puts(b, "\n");
    }
    if (!open)
        buf_format(b, "  %s\n", catalogue_text(z->words, "none"));
}

static void put_cases(struct buf *b, const struct dz *z)
{
    for (size_t i = 0; i < z->cases_n; i++) {
        const struct dz_case *k = &z->kase[i];
        buf_puts(b, "\n");
        buf_put(b, z->words ? k->show_zh : k->show);
        buf_puts(b, "\n");
        buf_put(b, z->words ? k->why_zh : k->why);
    }
    put_open(b, z);
}

static void put_lines(struct buf *b, const struct dz *z, unsigned check)
{
    const struct verify_dossier *o = z->out;

    for (size_t i = 0; i < o->n; i++) {
        if (o->line[i].check != check)
            continue;
        buf_format(b, "       %s ", catalogue_text(z->words, verify_word(o->line[i].verdict)));
        buf_put(b, o->line[i].about);
        buf_puts(b, ": ");
        buf_put(b, o->line[i].text);
        buf_puts(b, "\n");
    }
    if (z->cut[check])
        buf_say(b, z->words, "       and %zu more of this kind\n", z->cut[check]);
}

static void put_checks(struct buf *b, const struct dz *z)
{
    const struct verify_dossier *o = z->out;

    buf_puts(b, "\n");
    buf_say(b, z->words, "Checks\n");
    for (unsigned c = 1; c <= DOSSIER_CHECKS; c++) {
        buf_format(b, "%4u ", c);
        buf_label(b, z->words, verify_check_name(c), 25);
        buf_puts(b, catalogue_text(z->words, o->verdict[c] == DOSSIER_NONE
                                                 ? N_("nothing of the kind")
                                                 : verify_verdict_word(o->verdict[c])));
        buf_puts(b, "\n");
        put_lines(b, z, c);
    }
    buf_puts(b, "\n");
    buf_puts(b, o->holds ? catalogue_text(z->words, "It holds.")
                         : catalogue_text(z->words, "IT DOES NOT HOLD."));
    buf_say(b, z->words,
            " (%llu signatures were checked; Ed25519 and SHA-256, both sound as far as is known)\n",
            (unsigned long long)z->signatures);
    buf_say(b, z->words, "What is proved is who said what, and when. Whether it is true is not.\n");
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
