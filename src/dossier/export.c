/* A dossier, from the selection of its acts to the signature under its manifest. */
#include "dossier/dossier_impl.h"

#include <stdio.h>

/* ---- what does not depend on the cases ---- */

static bool put_versions(struct making *k, struct err *e)
{
    struct record_version *v;

    if (!record_versions(k->r, k->a, &v, &k->versions_n, e))
        return false;
    k->versions = v;
    for (size_t i = 0; i < k->versions_n; i++)
        if (!put_file(k, v[i].bytes, e, "agreement/%zu.json", i + 1))
            return false;
    return k->versions_n > 0 || err_fail(e, ERR_MISSING, "there is no agreement");
}

static bool put_cards(struct making *k, struct err *e)
{
    for (size_t i = 0; i < k->x->cards_n; i++) {
        struct card *c = arena_get(k->a, sizeof *c, e);
        if (!c || !card_parse(k->x->cards[i], k->a, c, e))
            return false;
        if (part_of(k, c->slug) >= 0 &&
            !put_file(k, k->x->cards[i], e, "cards/%.*s.card", BYTES_FMT(c->slug)))
            return false;
    }
    return true;
}

static bool put_policies(struct making *k, struct err *e)
{
    for (size_t i = 0; i < k->parts; i++) {
        struct bytes policy;
        if (!record_policy(k->r, k->part[i].slug, k->a, &policy, e) ||
            !put_file(k, policy, e, "policies/%.*s.txt", BYTES_FMT(k->part[i].slug)))
            return false;
    }
    return true;
}

static bool put_misbehaviour(struct making *k, struct err *e)
{
    for (size_t i = 0; i < k->x->misbehaviour_n; i++)
        if (!put_file(k, k->x->misbehaviour[i], e, "misbehaviour/%zu.misbehaviour", i + 1))
            return false;
    return true;
}

static bool start(struct making *k, struct err *e)
{
    const struct agreement *g = record_agreement(k->r);

    k->m = json_maker(k->a);
    k->withheld = json_new_object(&k->m);
    k->parts = g->parties_n;
    for (size_t i = 0; i < k->parts; i++)
        if (!arena_copy(k->a, g->parties[i].slug, &k->part[i].slug, e))
            return false;
    return put_versions(k, e) && put_cards(k, e) && put_policies(k, e) && put_misbehaviour(k, e);
}

/* ---- dossier.json ---- */

static void add_range(struct making *k, struct json *list, uint64_t from, uint64_t through)
{
    struct json *range = json_new_array(&k->m);

    json_add(&k->m, range, json_new_integer(&k->m, (int64_t)from));
    json_add(&k->m, range, json_new_integer(&k->m, (int64_t)through));
    json_add(&k->m, list, range);
    k->made->hidden += (size_t)(through - from + 1);
}

/* What lies below the newest head of a log and is not shown. */
static void set_hidden(struct making *k, struct json *hidden, const struct part *p)
{
    struct json *list = json_new_array(&k->m);
    uint64_t next = 0;

    for (size_t i = 0; i < p->n; i++) {
        if (p->picks[i].index > next)
            add_range(k, list, next, p->picks[i].index - 1);
        next = p->picks[i].index + 1;
    }
    if (next < p->size)
        add_range(k, list, next, p->size - 1);
    if (json_count(list))
        json_set_bytes(&k->m, hidden, p->slug, list);
}

static char *hex_of(struct making *k, const struct hash *h)
{
    char *hex = arena_get(k->a, 65, &k->m.e);

    if (hex)
        hex_encode(hex, h->b, 32);
    return hex;
}

static bool put_about(struct making *k, const char *at, struct err *e)
{
    struct json_maker *m = &k->m;
    struct json *o = json_new_object(m), *list = json_set_array(m, o, "cases"), *hidden;
    struct bytes bytes;

    for (size_t i = 0; i < k->x->cases_n; i++)
        json_add_string(m, list, bytes_of(hex_of(k, &k->x->cases[i]), 64));
    json_set_integer(m, o, "format", 1);
    json_set_text(m, o, "agreement", record_id(k->r));
    json_set_string(m, o, "exporter", record_self(k->r));
    json_set_text(m, o, "exported", at);
    json_set_text(m, o, "as_of", at);
    json_set_string(m, o, "program", k->x->program);
    json_set_string(m, o, "lang", k->x->lang);
    json_set_text(m, o, "ceiling", tlp_word(k->made->tlp));
    if (k->x->why.n)
        json_set_string(m, o, "why", k->x->why);
    hidden = json_set_object(m, o, "hidden");
    for (size_t i = 0; i < k->parts; i++)
        set_hidden(k, hidden, &k->part[i]);
    json_set(m, o, "withheld", k->withheld);
    return json_made(m, o, &bytes, e) && put_file(k, bytes, e, "dossier.json");
}

/* ---- the node's own view, and the dossier's ---- */

static bool is(const struct verify_file *f, struct bytes own, bool *equal)
{
    *equal = *equal && bytes_equal(f->bytes, own);
    return true;
}

/* Do the states that follow from the dossier alone say what the desk says, byte for byte? */
static bool compare_case(struct making *k, struct cases *c, const struct verify_file *f,
                         bool *equal, struct err *e)
{
    struct bytes own, hex = bytes_part(f->name, sizeof "computed/" - 1, 64);
    int64_t at = k->x->at * 1000;
    struct hash id;

    if (!hex_decode(id.b, 32, hex))
        return true;
    if (bytes_end_with(f->name, ".why.txt"))
        return cases_why(c, &id, at, NULL, k->a, &own, e) && is(f, own, equal);
    return desk_show(k->x->desk, &id, at, NULL, k->a, &own, e) && is(f, own, equal);
}

static bool compare(struct making *k, const struct verify_file *files, size_t n, bool *equal,
                    struct err *e)
{
    struct cases *c = desk_begin(k->x->desk, e);
    bool ok = c != NULL;

    *equal = true;
    for (size_t i = 0; ok && *equal && i < n; i++) {
        struct arena_mark m = arena_mark(k->a);
        if (bytes_start_with(files[i].name, "computed/"))
            ok = compare_case(k, c, &files[i], equal, e);
        arena_reset(k->a, m);
    }
    if (c)
        desk_end(k->x->desk);
    return ok;
}

static bool put_derived(struct making *k, bool *equal, struct err *e)
{
    struct verify_dossier_options o = {.os = k->x->os, .workers = k->x->workers};
    struct verify_file *derived;
    size_t n;

    if (!sort_files(k, e) || !verify_derive(k->files, k->n, &o, k->a, &derived, &n, e) ||
        !compare(k, derived, n, equal, e))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!put_file(k, derived[i].bytes, e, "%.*s", BYTES_FMT(derived[i].name)))
            return false;
    return true;
}

/* ---- manifest ---- */

static bool put_manifest(struct making *k, struct hash *digest, struct err *e)
{
    struct buf b = buf_in(k->a);
    struct bytes manifest;

    for (size_t i = 0; i < k->n; i++) {
        struct hash h;
        sha256(k->files[i].bytes, &h);
        buf_hex(&b, h.b, 32);
        buf_puts(&b, "  ");
        buf_put(&b, k->files[i].name);
        buf_puts(&b, "\n");
    }
    if (!buf_end(&b, &manifest, e))
        return false;
    sha256(manifest, digest);
    return put_file(k, manifest, e, "manifest-sha256.txt");
}

static bool put_note(struct making *k, const struct hash *digest, const char *at, struct err *e)
{
    struct json_maker m = json_maker(k->a);
    struct json *o = json_new_object(&m);
    struct bytes line, note;
    struct act_key key;
    char *text;

    json_set_text(&m, o, "agreement", record_id(k->r));
    json_set_text(&m, o, "exported", at);
    json_set_string(&m, o, "exporter", record_self(k->r));
    json_set_text(&m, o, "manifest", hex_of(k, digest));
    if (!json_made(&m, o, &line, e) ||
        !(text = arena_format(k->a, e, "entente/dossier/v1\n%.*s\n", BYTES_FMT(line))) ||
        !act_signer(record_self(k->r), KEY_ACTS, keyring_key(k->x->keys, KEY_ACTS), &key, e) ||
        !note_sign(&key, bytes_text(text), k->a, &note, e))
        return err_within(e, "signature under the manifest");
    return put_file(k, note, e, "manifest.note");
}

/* ---- the whole ---- */

static bool try_export(struct making *k, struct bytes *file, bool *equal, struct err *e)
{
    char at[TIME_TEXT_MAX];
    struct hash digest;

    time_print(at, k->x->at);
    if (!start(k, e) || !select_acts(k, e) || !put_heads(k, e) || !put_acts(k, e) ||
        !put_about(k, at, e) || !put_derived(k, equal, e))
        return false;
    /* With something withheld the states are those of what is shown, and the files say so. */
    if (!*equal && !k->made->redacted)
        return true;
    *equal = true;
    if (!put_readme(k, e) || !sort_files(k, e) || !put_manifest(k, &digest, e) ||
        !put_note(k, &digest, at, e) || !sort_files(k, e) ||
        !zip_write(k->files, k->n, k->a, file, e))
        return false;
    k->made->files = k->n;
    return true;
}

bool dossier_export(const struct dossier_export *x, struct arena *a, struct bytes *file,
                    struct dossier_made *made, struct err *e)
{
    struct making *k = arena_get(a, sizeof *k, e);
    bool equal = false;

    if (!k)
        return false;
    if (x->cases_n == 0 || x->cases_n > LIMIT_DOSSIER_CASES)
        return err_fail(e, ERR_INPUT, "a dossier is of 1 to %d cases", LIMIT_DOSSIER_CASES);
    /* Quotas let other requests bear on a case: only if they do, they come along. */
    for (int widen = 0; widen < 3 && !equal; widen++) {
        struct arena_mark m = arena_mark(a);
        *made = (struct dossier_made){.widened = widen > 0};
        *k = (struct making){
            .x = x, .a = a, .r = desk_record(x->desk), .made = made, .widen = widen};
        if (!try_export(k, file, &equal, e))
            return false;
        if (!equal)
            arena_reset(a, m);
    }
    return equal ||
           err_fail(e, ERR_PROOF,
                    "the states that follow from the dossier are not those of this node") ||
           err_hint(e, "somebody may have spoken meanwhile: try again");
}
