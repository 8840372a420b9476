/* Checks 20 to 22: proofs of misbehaviour; what the agreement makes of the acts, computed again;
 * and by what all of this was signed and hashed. */
#include "verify/dossier_impl.h"

#include <stdio.h>
#include <stdlib.h>

#define FOLD_BYTES ((size_t)1 << 30)

/* ---- 20: proofs of misbehaviour ---- */

static bool judge_proof(struct dz *z, struct item *item, struct verify_report *out)
{
    struct holder holders[LIMIT_PARTIES];
    struct verifying v = {.os = z->o->os, .a = z->a, .out = out, .holders = holders};

    for (size_t i = 0; i < z->parties; i++)
        holders[v.holders_n++] = z->party[i].holder;
    if (bytes_start_with(item->bytes, "entente/act-evidence/v1\n"))
        verify_two_acts(&v, item);
    else
        verify_heads(&v, item);
    return !v.failed;
}

void dz_misbehaviour(struct dz *z)
{
    struct bytes name;

    for (size_t i = 0; i < z->n; i++) {
        struct item item = {.bytes = z->files[i].bytes, .name = z->files[i].name};
        struct verify_report r = {0};
        if (!dz_below(z->files[i].name, "misbehaviour/", &name))
            continue;
        z->used[i] = true;
        judge_proof(z, &item, &r);
        for (size_t k = 0; k < r.n; k++)
            dz_say(z, 20, r.line[k].verdict, z->files[i].name, "%.*s", BYTES_FMT(r.line[k].text));
    }
}

/* ---- which version is in force when ---- */

/* The act by which this party signed that version; NULL: none is here. */
static const struct dz_act *signing(const struct dz *z, size_t party, size_t version)
{
    const struct dz_party *p = &z->party[party];

    for (size_t i = 0; i < p->acts_n; i++) {
        const struct dz_act *act = &z->acts[p->acts + i];
        bool kind = version ? bytes_are(act->said.kind, "agreement.amend")
                            : act->seq == 0 && bytes_are(act->said.kind, "agreement.sign");
        if (!act->fault && kind && hash_equal(&act->said.body, &z->version[version].digest))
            return act;
        if (!version && act->seq > 0)
            break;
    }
    return NULL;
}

/* When the last of the signatures under it was cosigned (record/record.h, record_versions). */
static bool date_version(struct dz *z, size_t version)
{
    int64_t from = 0;

    for (size_t i = 0; i < z->parties; i++) {
        const struct dz_act *act = signing(z, i, version);
        if (!act) {
            dz_say(z, 7, VERIFY_FAILED, z->party[i].holder.slug,
                   "its signature under agreement/%zu.json is not in the dossier", version + 1);
            return false;
        }
        if (act->before_ms > from)
            from = act->before_ms;
    }
    if (version == 0)
        from = 0;
    else if (from <= z->version[version - 1].from_ms)
        from = z->version[version - 1].from_ms + 1000;
    z->version[version].from_ms = from;
    return from != CASES_NEVER;
}

/* A term of notice in seconds: no working days in it. */
static int64_t notice_ms(const struct json *g)
{
    struct bytes text;
    struct cases_term t;

    if (!json_as_string(json_point(g, "/clauses/change/withdraw_notice"), &text) ||
        !cases_term_parse(text, &t, NULL))
        return CASES_NEVER;
    switch (t.unit) {
    case CASES_MINUTES:
        return (int64_t)t.n * 60000;
    case CASES_HOURS:
        return (int64_t)t.n * 3600000;
    case CASES_WORKING_DAYS:
        return (int64_t)t.n * 86400 * 7 / 5 * 1000;
    default:
        return (int64_t)t.n * 86400000;
    }
}

/* The end of the agreement, if somebody withdrew. */
static int64_t withdrawn(struct dz *z, size_t last)
{
    const struct json *g = json_parse_canonical(z->version[last].bytes, z->a, NULL);
    int64_t first = CASES_NEVER, notice = notice_ms(g);

    for (size_t i = 0; i < z->acts_n; i++)
        if (!z->acts[i].fault && bytes_are(z->acts[i].said.kind, "agreement.withdraw") &&
            z->acts[i].before_ms < first)
            first = z->acts[i].before_ms;
    return first == CASES_NEVER || notice == CASES_NEVER ? CASES_NEVER : first + notice;
}

static bool agree(struct dz *z, struct err *e)
{
    int64_t end;
    size_t n = 0;

    while (n < z->versions && date_version(z, n))
        n++;
    if (n < z->versions && z->version[n].from_ms == CASES_NEVER && n > 0)
        dz_say(z, 21, VERIFY_UNKNOWN, BYTES("agreement"),
               "whether version %zu is in force: not every signature under it is dated", n + 1);
    for (size_t i = 0; i < n; i++) {
        z->version[i].terms = cases_terms_parse(z->version[i].bytes, z->a, e);
        if (!z->version[i].terms ||
            !cases_agree(z->cases, z->version[i].terms, z->version[i].from_ms, e))
            return false;
    }
    end = n ? withdrawn(z, n - 1) : CASES_NEVER;
    if (end != CASES_NEVER && end > z->version[n - 1].from_ms)
        return cases_agree(z->cases, NULL, end, e);
    return n > 0 || err_fail(e, ERR_PROOF, "the agreement is not in force: not all have signed it");
}

/* ---- acts and dates ---- */

static struct bytes payload_of(const struct dz *z, const struct dz_act *act)
{
    return act->payload == NOWHERE || act->payload_wrong ? bytes_of(NULL, 0)
                                                         : z->files[act->payload].bytes;
}

static bool add_act(struct dz *z, const struct dz_act *act, struct err *e)
{
    int64_t claimed = 0;
    struct cases_act c = {.id = act->said.text_hash,
                          .author = act->party,
                          .index = act->seq,
                          .kind = act->said.kind,
                          .refs = act->refs,
                          .refs_n = act->refs_n,
                          .body = payload_of(z, act),
                          .locator = (uint64_t)(act - z->acts)};

    time_parse(act->said.time, &claimed);
    c.claimed_ms = claimed * 1000;
    c.signatures = dz_officers_signed(z, act, c.body);
    return cases_add(z->cases, &c, e);
}

static bool add_acts(struct dz *z, struct err *e)
{
    for (size_t i = 0; i < z->acts_n; i++) {
        const struct dz_act *act = &z->acts[i];
        struct err why = {.words = z->words};
        if (!act->fault && bytes_start_with(act->said.kind, "officer."))
            dz_officer_act(z, act, payload_of(z, act));
        if (act->fault || act->refs_wrong || !cases_wants(act->said.kind) || add_act(z, act, &why))
            continue;
        if (why.code == ERR_NOMEM || why.code == ERR_LIMIT) {
            *e = why;
            return false;
        }
        dz_say(z, 21, VERIFY_FAILED, z->files[act->file].name, "%s", why.text);
    }
    return true;
}

static bool add_dates(struct dz *z, struct err *e)
{
    for (size_t i = 0; i < z->sigs_n; i++) {
        const struct dz_sig *s = &z->sigs[i];
        struct cases_cosignature c = {.author = s->author,
                                      .signer = s->signer,
                                      .mirror = s->mirror,
                                      .size = s->size,
                                      .time_ms = s->time * 1000};
        struct err why = {.words = z->words};
        if (cases_cosigned(z->cases, &c, &why) || why.code == ERR_PEER || why.code == ERR_INPUT)
            continue; /* check 12 has named it */
        *e = why;
        return false;
    }
    return true;
}

/* ---- 21: what comes of it ---- */

/* Words for people may change from version to version; acts and states do not. */
static bool other_program(const struct dz *z)
{
    return z->o->program.n && !bytes_equal(z->o->program, z->program);
}

static bool made(struct dz *z, struct bytes name, struct bytes what, struct err *e)
{
    size_t file;

    if (z->made_n == z->made_cap) {
        size_t cap = z->made_cap ? z->made_cap * 2 : 64;
        struct verify_file *more = arena_get_array(z->a, cap, sizeof *more, e);
        if (!more)
            return false;
        if (z->made_n)
            memcpy(more, z->made, z->made_n * sizeof *more);
        z->made = more;
        z->made_cap = cap;
    }
    z->made[z->made_n++] = (struct verify_file){name, what};
    if (z->making)
        return true;
    dz_looked(z, 21);
    file = dz_file(z, "%.*s", BYTES_FMT(name));
    if (file == NOWHERE)
        dz_say(z, 21, VERIFY_FAILED, name, "it is missing");
    else if (!bytes_equal(z->files[file].bytes, what) && other_program(z))
        dz_say(z, 21, VERIFY_UNKNOWN, name,
               "whether it says the same: %.*s wrote it and this is %.*s, which has other words; "
               "what is printed here is computed now",
               BYTES_FMT(bytes_part(z->program, 0, 64)), BYTES_FMT(z->o->program));
    else if (!bytes_equal(z->files[file].bytes, what))
        dz_say(z, 21, VERIFY_FAILED, name, "it is not what follows from the acts in the dossier");
    return true;
}

static bool read_body(void *self, uint64_t locator, struct arena *a, struct bytes *body,
                      struct err *e)
{
    struct dz *z = self;

    (void)a;
    if (locator >= z->acts_n)
        return err_fail(e, ERR_MISSING, "no such act");
    *body = payload_of(z, &z->acts[locator]);
    return true;
}

static bool made_case(struct dz *z, const struct dz_case *k, struct err *e)
{
    const struct {
        const char *suffix;
        struct bytes what;
    } files[] = {{"txt", k->show}, {"why.txt", k->why}};
    char hex[64];

    hex_encode(hex, k->id.b, 32);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *name = arena_format(z->a, e, "computed/%.64s.%s", hex, files[i].suffix);
        if (!name || !made(z, bytes_text(name), files[i].what, e))
            return false;
    }
    return true;
}

/* State and derivation as texts; in Chinese too, for a summary in that language. Made in an arena
 * that is emptied after each case, for they read the bodies again. */
static bool tell_case(struct dz *z, struct arena *a, struct dz_case *k, struct err *e)
{
    const struct catalogue *zh = language_catalogue(LANGUAGE_ZH);
    struct cases_bodies bodies = {read_body, z};
    const struct hash *id = &k->id;
    int64_t at = z->as_of_ms;

    bool second = !bytes_are(z->lang, "en") || z->words;

    return cases_view(z->cases, id, at, a, &k->view, e) &&
           cases_show_bodies(z->cases, id, at, &bodies, NULL, a, &k->show, e) &&
           cases_why(z->cases, id, at, NULL, a, &k->why, e) &&
           (!z->o->json || cases_show_json_bodies(z->cases, id, at, &bodies, a, &k->json, e)) &&
           (!second || (cases_show_bodies(z->cases, id, at, &bodies, zh, a, &k->show_zh, e) &&
                        cases_why(z->cases, id, at, zh, a, &k->why_zh, e)));
}

static bool keep_case(struct dz *z, struct dz_case *k, struct err *e)
{
    struct bytes *texts[] = {&k->show, &k->why, &k->json, &k->show_zh, &k->why_zh};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!arena_copy(z->a, *texts[i], texts[i], e))
            return false;
    z->cases_n++;
    return made_case(z, k, e);
}

static bool compute_case(struct dz *z, struct arena *scratch, const struct hash *id, struct err *e)
{
    struct arena_mark empty = arena_mark(scratch);
    struct dz_case *k = &z->kase[z->cases_n];
    struct err why = {.words = z->words};
    char hex[64];
    bool ok = true;

    k->id = *id;
    if (tell_case(z, scratch, k, &why)) {
        ok = keep_case(z, k, e);
    } else if (why.code == ERR_NOMEM || why.code == ERR_LIMIT) {
        *e = why;
        ok = false;
    } else {
        hex_encode(hex, id->b, 32);
        dz_say(z, 21, VERIFY_FAILED, BYTES("dossier.json"), "case %.16s: %s", hex, why.text);
    }
    arena_reset(scratch, empty);
    return ok;
}

static bool compute_cases(struct dz *z, struct err *e)
{
    struct arena *scratch = arena_new(FOLD_BYTES);
    bool ok = scratch || err_fail(e, ERR_NOMEM, "out of memory");

    for (size_t i = 0; ok && i < z->wanted_n; i++)
        ok = compute_case(z, scratch, &z->wanted[i], e);
    arena_free(scratch);
    return ok;
}

/* ---- custody: who handled what, as the acts say; and the dossier itself ---- */

static void custody_step(struct json_maker *m, struct buf *b, const struct json *step,
                         struct bytes act, struct bytes by, struct bytes exhibit)
{
    static const char *const members[] = {"who", "what", "when", "how", "result"};
    struct json *o = json_new_object(m);
    struct bytes text, line;

    json_set_string(m, o, "act", act);
    json_set_string(m, o, "by", by);
    json_set_string(m, o, "exhibit", exhibit);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (json_as_string(json_find(step, members[i]), &text))
            json_set_string(m, o, members[i], text);
    if (json_made(m, o, &line, &m->e)) {
        buf_put(b, line);
        buf_puts(b, "\n");
    }
}

static void custody_of(struct dz *z, struct json_maker *m, struct buf *b, const struct dz_act *act)
{
    const struct json *body, *steps;
    struct bytes exhibit = {0};

    if (act->fault || !bytes_start_with(act->said.kind, "exhibit") ||
        bytes_are(act->said.kind, "exhibit.part"))
        return;
    body = json_parse(payload_of(z, act), z->a, NULL);
    steps = json_find(body, "custody");
    json_as_string(json_find(body, bytes_are(act->said.kind, "exhibit") ? "id" : "exhibit_ref"),
                   &exhibit);
    for (size_t i = 0; i < json_count(steps); i++)
        custody_step(m, b, json_at(steps, i), dz_place(z, act), act->said.from, exhibit);
}

static bool made_custody(struct dz *z, struct err *e)
{
    struct json_maker m = json_maker(z->a);
    struct buf b = buf_in(z->a);
    struct json *o = json_new_object(&m);
    struct bytes line, why, all;

    for (size_t i = 0; i < z->acts_n; i++)
        custody_of(z, &m, &b, &z->acts[i]);
    json_set_text(&m, o, "exhibit", "this dossier");
    json_set_string(&m, o, "how", z->program);
    json_set_text(&m, o, "what", "exported");
    json_set_string(&m, o, "when", z->exported);
    json_set_string(&m, o, "who", z->exporter);
    if (json_as_string(json_find(z->about, "why"), &why))
        json_set_string(&m, o, "why", why);
    if (!json_made(&m, o, &line, e))
        return false;
    buf_put(&b, line);
    buf_puts(&b, "\n");
    return buf_end(&b, &all, e) && made(z, BYTES("custody.jsonl"), all, e);
}

bool dz_fold(struct dz *z, struct err *e)
{
    struct err why = {.words = z->words};
    struct bytes html;
    uint64_t seed;

    os_random(z->o->os, &seed, sizeof seed);
    z->cases = cases_new(FOLD_BYTES, seed, e);
    z->kase = arena_get_array(z->a, z->wanted_n, sizeof *z->kase, e);
    if (!z->cases || !z->kase)
        return false;
    if (!agree(z, &why)) {
        dz_say(z, 21, VERIFY_FAILED, BYTES("agreement"), "%s", why.text);
        return true;
    }
    if (!add_acts(z, e) || !add_dates(z, e))
        return false;
    return compute_cases(z, e) && made_custody(z, e) && dz_summary(z, &html, e) &&
           made(z, BYTES("summary.html"), html, e);
}

/* ---- 22: algorithms ---- */

static size_t lines_in(struct bytes block)
{
    struct bytes line;
    size_t n = 0;

    while (bytes_next_line(&block, &line))
        n++;
    return n;
}

void dz_algorithms(struct dz *z)
{
    size_t lines = 0, known = z->sigs_n;

    dz_looked(z, 22);
    for (size_t i = 0; i < z->heads_n; i++) {
        lines += lines_in(z->heads[i].note.block);
        known += z->heads[i].by_owner;
    }
    if (lines > known)
        dz_say(z, 22, VERIFY_UNKNOWN, BYTES("heads"),
               "%zu signature lines by keys or of kinds that are not known here: they were passed "
               "over, and prove nothing",
               lines - known);
}
