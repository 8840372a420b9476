/* Checks 6, 7, 8, 19: what was signed, by which key, and whether the payloads are those. */
#include "base/catalogue.h"
#include "verify/dossier_impl.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- finding them ---- */

/* "<slug>/<decimal><suffix>". */
static bool split_name(const struct dz *z, struct bytes rest, const char *suffix, uint16_t *party,
                       uint64_t *number)
{
    size_t slash = bytes_find_byte(rest, '/');
    int who = dz_party_of(z, bytes_part(rest, 0, slash));
    struct bytes digits = bytes_part(rest, slash + 1, SIZE_MAX);

    if (who < 0 || !bytes_end_with(digits, suffix))
        return false;
    *party = (uint16_t)who;
    return decimal_parse(bytes_part(digits, 0, digits.n - strlen(suffix)), number) &&
           *number < (uint64_t)INT64_MAX;
}

static int by_place(const void *a, const void *b)
{
    const struct dz_act *x = a, *y = b;

    if (x->party != y->party)
        return x->party < y->party ? -1 : 1;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* Acts and their proofs have the same names but for folder and suffix, so both ascend together. */
static size_t find_proof(struct dz *z, struct bytes rest, size_t *at)
{
    struct bytes stem = bytes_part(rest, 0, bytes_find_byte(rest, '.') + 1), name;

    for (; *at < z->n; ++*at) {
        int order;
        if (!dz_below(z->files[*at].name, "proofs/", &name))
            continue;
        order = bytes_compare(bytes_part(name, 0, stem.n), stem);
        if (order > 0)
            return NOWHERE;
        if (order < 0 || !bytes_are(bytes_part(name, stem.n, SIZE_MAX), "tlog-proof"))
            continue; /* a proof of nothing: check 1 names it */
        z->used[*at] = true;
        return *at;
    }
    return NOWHERE;
}

static bool find_acts(struct dz *z, struct err *e)
{
    struct bytes rest;
    size_t most = 0, at = 0;

    for (size_t i = 0; i < z->n; i++)
        most += bytes_start_with(z->files[i].name, "acts/");
    z->acts = arena_get_array(z->a, most + 1, sizeof *z->acts, e);
    if (!z->acts)
        return false;
    for (size_t i = 0; i < z->n; i++) {
        struct dz_act *act = &z->acts[z->acts_n];
        if (!dz_below(z->files[i].name, "acts/", &rest))
            continue;
        if (!split_name(z, rest, ".note", &act->party, &act->seq))
            continue; /* a file without a place: check 1 names it */
        z->used[i] = true;
        act->file = i;
        act->payload = act->head = NOWHERE;
        act->proof = find_proof(z, rest, &at);
        act->before_ms = CASES_NEVER;
        z->acts_n++;
    }
    if (z->acts_n)
        qsort(z->acts, z->acts_n, sizeof *z->acts, by_place);
    for (size_t i = 0; i < z->acts_n; i++) {
        struct dz_party *p = &z->party[z->acts[i].party];
        if (p->acts_n++ == 0)
            p->acts = i;
    }
    return true;
}

/* ---- 7: grammar ---- */

static const char *const act_members[] = {"agreement", "body", "clause", "from", "kind",
                                          "nonce",     "prev", "refs",   "seq",  "time",
                                          "tlp",       "to",   NULL};

static bool one_line(struct bytes block)
{
    return bytes_find_byte(block, '\n') == block.n - 1;
}

/* Strings are views into the note, but for those that were written with escapes. */
static bool keep_string(struct bytes note, struct arena *a, struct bytes *s)
{
    bool inside = s->n == 0 || (s->p >= note.p && s->p < note.p + note.n);

    return inside || arena_copy(a, *s, s, NULL);
}

static bool keep_refs(struct arena *a, struct dz_act *act)
{
    size_t n = json_count(act->said.refs);
    struct bytes hex;

    act->refs = arena_get_array(a, n, sizeof *act->refs, NULL);
    for (size_t i = 0; act->refs && i < n; i++)
        if (!json_as_string(json_at(act->said.refs, i), &hex) ||
            !hex_decode(act->refs[i].b, 32, hex))
            act->refs_wrong = true;
    act->refs_n = n;
    return act->refs != NULL;
}

static bool keep_to(struct bytes note, struct arena *a, struct dz_act *act)
{
    size_t n = json_count(act->said.to);

    act->to_all = !act->said.to;
    act->to = arena_get_array(a, n, sizeof *act->to, NULL);
    for (size_t i = 0; act->to && i < n; i++)
        if (!json_as_string(json_at(act->said.to, i), &act->to[i]) ||
            !keep_string(note, a, &act->to[i]))
            return false;
    act->to_n = n;
    return act->to != NULL;
}

/* What is needed later, so that the tree of each act's JSON need not be kept. */
static bool keep(struct bytes note, struct arena *a, struct dz_act *act)
{
    struct said *s = &act->said;
    bool ok = keep_string(note, a, &s->agreement) && keep_string(note, a, &s->from) &&
              keep_string(note, a, &s->kind) && keep_string(note, a, &s->time) &&
              keep_string(note, a, &s->media_type) && keep_string(note, a, &s->tlp) &&
              keep_string(note, a, &s->clause) && keep_refs(a, act) && keep_to(note, a, act);

    s->refs = s->to = s->line = NULL;
    return ok;
}

static void parse_act(struct dz *z, struct arena *a, struct arena *scratch, struct dz_act *act)
{
    const struct dz_party *p = &z->party[act->party];
    struct bytes note = z->files[act->file].bytes;
    static const struct hash none;
    struct err why = {.words = z->words};
    int64_t us = 0;
    bool members;

    act->fault = DZ_MALFORMED;
    if (note.n > LIMIT_ACT_BYTES || !read_said(note, scratch, &act->said, &why)) {
        act->why = arena_format(a, NULL, "%s", why.text);
        return;
    }
    members = json_only(act->said.line, act_members, NULL) && time_parse_us(act->said.time, &us) &&
              json_count(act->said.refs) <= 64 && json_count(act->said.to) <= 64;
    if (!members || !keep(note, a, act))
        return;
    act->fault = DZ_FINE;
    if (!bytes_equal(act->said.agreement, z->agreement) ||
        !bytes_equal(act->said.from, p->holder.slug) || act->said.seq != act->seq ||
        (act->seq == 0 && !hash_equal(&act->said.prev, &none)))
        act->fault = DZ_MISPLACED;
    else if (!one_line(act->said.note.block))
        act->fault = DZ_LINES;
    else
        act->claimed_ms = us / 1000;
}

static void parse_acts(struct dz *z, struct arena *a, size_t from, size_t to)
{
    struct arena *scratch = arena_new((size_t)64 << 20);
    struct arena_mark empty;

    for (size_t i = from; i < to; i++)
        z->acts[i].fault = DZ_MALFORMED;
    if (!scratch)
        return;
    empty = arena_mark(scratch);
    for (size_t i = from; i < to; i++) {
        parse_act(z, a, scratch, &z->acts[i]);
        if (z->acts[i].fault == DZ_MALFORMED)
            z->acts[i].said = (struct said){0}; /* nothing of it is looked at */
        arena_reset(scratch, empty);
    }
    arena_free(scratch);
}

/* ---- 8: payloads ---- */

static void find_payload(struct dz *z, struct dz_act *act)
{
    char hex[65] = "";
    struct bytes why;

    if (act->fault || !act->said.has_body)
        return;
    hex_encode(hex, act->said.body.b, 32);
    act->payload = dz_named(z, "payloads/", bytes_of(hex, 64));
    if (act->payload != NOWHERE) {
        dz_looked(z, 8);
        return;
    }
    act->withheld = true;
    if (dz_withheld(z, &act->said.body, &why))
        dz_say(z, 8, VERIFY_UNKNOWN, dz_place(z, act),
               "what its payload says: it is withheld (%.*s); its SHA-256 is %s, as signed",
               BYTES_FMT(bytes_part(why, 0, 200)), hex);
    else
        dz_say(z, 8, VERIFY_FAILED, z->files[act->file].name,
               "its payload %s is neither here nor said to be withheld", hex);
}

/* The digest of every file is known from check 2; a salt asks for another. */
static bool payload_fits(const struct dz *z, const struct dz_act *act)
{
    const struct said *s = &act->said;

    if (s->salted)
        return body_is(s, z->files[act->payload].bytes);
    return z->files[act->payload].bytes.n == s->body_size &&
           hash_equal(&z->sha[act->payload], &s->body);
}

/* ---- 6, 19: keys that changed ---- */

static enum dz_role role_of(struct bytes word)
{
    static const char *const words[DZ_ROLES] = {"acts", "checkpoints", "witness", "mirror"};

    for (int i = 0; i < DZ_ROLES; i++)
        if (bytes_are(word, words[i]))
            return (enum dz_role)i;
    return DZ_ROLES;
}

static bool signature_in(const struct json *body, const char *key, const struct sign_public *by,
                         struct bytes message)
{
    struct signature s;
    struct bytes text;
    size_t n = sizeof s.b;

    return json_as_string(json_find(body, key), &text) && base64_decode(s.b, &n, text) &&
           n == sizeof s.b && sign_verify(by, message, &s);
}

static const char *change(struct dz *z, struct dz_party *p, const struct dz_act *act)
{
    bool revoke = bytes_are(act->said.kind, "key.revoke");
    const struct json *body = json_parse_canonical(z->files[act->payload].bytes, z->a, NULL);
    struct bytes word, old_hex, new_hex, message;
    struct sign_public old, fresh;
    enum dz_role role;
    int64_t first;
    char *text;

    if (!json_as_string(json_find(body, "role"), &word) ||
        !json_as_string(json_find(body, "old"), &old_hex) ||
        !json_as_string(json_find(body, "new"), &new_hex) || !hex_decode(old.b, 32, old_hex) ||
        !hex_decode(fresh.b, 32, new_hex))
        return N_("its payload is no change of a key");
    role = role_of(word);
    if (role == DZ_ROLES)
        return bytes_are(word, "tls") ? NULL : N_("it is of a role that no key has");
    if (memcmp(old.b, dz_key(p, role, act->seq)->b, 32) || !sign_public_valid(&fresh) ||
        p->spans[role] == DZ_SPANS)
        return N_("the old key is not the one in force, or the new one is none");
    text = arena_format(z->a, NULL, "entente/v1/rotate\n%s\n%.*s\n%.*s\n%.*s\n", p->origin,
                        BYTES_FMT(word), BYTES_FMT(old_hex), BYTES_FMT(new_hex));
    message = text ? bytes_text(text) : bytes_of(NULL, 0);
    z->signatures += 2;
    if (!signature_in(body, "by_new", &fresh, message) ||
        (!revoke && !signature_in(body, "by_old", &old, message)))
        return N_("the old and the new key have not both signed the change");
    if (revoke) {
        if (!json_as_integer(json_find(body, "first_bad"), &first) || first < 0 ||
            (uint64_t)first > act->seq || p->doubts == DZ_SPANS)
            return N_("it does not say from where on the key is in doubt");
        if (role == DZ_ACTS) {
            p->doubt[p->doubts].first = (uint64_t)first;
            p->doubt[p->doubts++].at = act->seq;
        }
        dz_looked(z, 19);
    }
    p->span[role][p->spans[role]++] = (struct dz_span){act->seq + 1, fresh};
    return NULL;
}

static bool sign_right(struct dz *z, const struct dz_act *act)
{
    const struct dz_party *p = &z->party[act->party];
    bool revoke = bytes_are(act->said.kind, "key.revoke");

    return line_by_valid(&act->said.note, revoke ? p->recovery_key : p->acts_key, 1,
                         revoke ? &p->holder.recovery : dz_key(p, DZ_ACTS, act->seq),
                         NULL) == LINE_GOOD;
}

/* In the log's order, for each change is signed by what was in force before it. */
static void walk_keys(struct dz *z)
{
    for (size_t i = 0; i < z->acts_n; i++) {
        struct dz_act *act = &z->acts[i];
        const char *why;
        if (act->fault || !bytes_start_with(act->said.kind, "key."))
            continue;
        dz_looked(z, 6);
        if (act->payload == NOWHERE) {
            dz_say(z, 6, VERIFY_FAILED, z->files[act->file].name,
                   "a change of keys whose payload is not here");
            continue;
        }
        z->signatures++;
        why = !payload_fits(z, act) ? N_("its payload is another")
              : !sign_right(z, act) ? N_("it is not signed as it must be")
                                    : change(z, &z->party[act->party], act);
        if (why)
            dz_say(z, 6, VERIFY_FAILED, z->files[act->file].name, "%s",
                   catalogue_text(z->words, why));
    }
}

/* ---- 7: signatures ---- */

static void verify_acts(struct dz *z, struct arena *a, size_t from, size_t to)
{
    (void)a;
    for (size_t i = from; i < to; i++) {
        struct dz_act *act = &z->acts[i];
        if (act->fault)
            continue;
        act->verified = sign_right(z, act);
        act->payload_wrong = act->payload != NOWHERE && !payload_fits(z, act);
    }
}

static void say_faults(struct dz *z, const struct dz_act *act)
{
    static const char *const words[] = {
        [DZ_FINE] = NULL,
        [DZ_MALFORMED] = N_("it is no well-formed act"),
        [DZ_MISPLACED] = N_("it is an act of another place, log or agreement"),
        [DZ_SIGNATURE] = N_("its signature is not by the key in force"),
        [DZ_LINES] = N_("an act has one signature and no more"),
    };

    if (act->fault)
        dz_say(z, 7, VERIFY_FAILED, z->files[act->file].name, "%s%s%s",
               catalogue_text(z->words, words[act->fault]), act->why ? ": " : "",
               act->why ? act->why : "");
    if (act->payload_wrong)
        dz_say(z, 8, VERIFY_FAILED, z->files[act->payload].name,
               "it is not the payload that %.*s signed: its digest or size differs",
               BYTES_FMT(dz_place(z, act)));
}

static void say_doubts(struct dz *z, struct dz_act *act)
{
    const struct dz_party *p = &z->party[act->party];

    for (size_t i = 0; i < p->doubts; i++)
        if (act->seq >= p->doubt[i].first && act->seq < p->doubt[i].at) {
            act->doubtful = true;
            dz_say(z, 19, VERIFY_UNKNOWN, dz_place(z, act),
                   "who signed it: the key was revoked as stolen from entry %llu on",
                   (unsigned long long)p->doubt[i].first);
        }
}

static int by_text(const void *a, const void *b)
{
    const struct dz_act *const *x = a, *const *y = b;

    return memcmp((*x)->said.text_hash.b, (*y)->said.text_hash.b, 32);
}

const struct dz_act *dz_act_of(const struct dz *z, const struct hash *text)
{
    size_t low = 0, high = z->acts_n;

    while (low < high) {
        size_t half = low + (high - low) / 2;
        int order = memcmp(z->by_text[half]->said.text_hash.b, text->b, 32);
        if (order == 0)
            return z->by_text[half];
        if (order < 0)
            low = half + 1;
        else
            high = half;
    }
    return NULL;
}

bool dz_acts(struct dz *z, struct err *e)
{
    if (!find_acts(z, e))
        return false;
    if (z->acts_n)
        dz_looked(z, 7);
    dz_parallel(z, z->acts_n, 64, parse_acts);
    for (size_t i = 0; i < z->acts_n; i++)
        find_payload(z, &z->acts[i]);
    walk_keys(z);
    dz_parallel(z, z->acts_n, 32, verify_acts);
    z->by_text = arena_get_array(z->a, z->acts_n, sizeof *z->by_text, e);
    if (!z->by_text)
        return false;
    for (size_t i = 0; i < z->acts_n; i++) {
        z->signatures++;
        if (!z->acts[i].fault && !z->acts[i].verified)
            z->acts[i].fault = DZ_SIGNATURE;
        say_faults(z, &z->acts[i]);
        say_doubts(z, &z->acts[i]);
        z->by_text[i] = &z->acts[i];
    }
    if (z->acts_n)
        qsort(z->by_text, z->acts_n, sizeof *z->by_text, by_text);
    return true;
}
