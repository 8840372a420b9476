/* Sorting what was handed in, and the report. */
#include "verify/verify.h"
#include "verify/verify_impl.h"

#include <stdarg.h>
#include <stdio.h>

#define FILE_MOST ((size_t)32 << 20) /* but exported logs, which are read in parts */

const char *verify_word(enum verify_verdict v)
{
    return v == VERIFY_PROVED ? N_("proved") : v == VERIFY_FAILED ? N_("FAILED") : N_("unknown");
}

static struct bytes escaped(struct arena *a, struct bytes text)
{
    struct buf b = buf_in(a);
    struct bytes out = BYTES("?");

    buf_escaped(&b, text);
    buf_end(&b, &out, NULL);
    return out;
}

void verify_say(struct verifying *v, enum verify_verdict verdict, struct bytes about,
                const char *format, ...)
{
    struct verify_report *o = v->out;
    char text[2048];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, catalogue_text(v->words, format), args);
    va_end(args);
    v->proved |= verdict == VERIFY_PROVED;
    v->failed |= verdict == VERIFY_FAILED;
    if (o->n == v->lines_cap) {
        size_t cap = v->lines_cap ? v->lines_cap * 2 : 64;
        struct verify_line *more = arena_get_array(v->a, cap, sizeof *more, NULL);
        if (!more) {
            v->failed = true; /* what cannot be reported must not pass */
            return;
        }
        if (o->n)
            memcpy(more, o->line, o->n * sizeof *more);
        o->line = more;
        v->lines_cap = cap;
    }
    o->line[o->n++] =
        (struct verify_line){verdict, escaped(v->a, about), escaped(v->a, bytes_text(text))};
}

const struct holder *holder_of(const struct verifying *v, struct bytes slug)
{
    for (size_t i = 0; i < v->holders_n; i++)
        if (bytes_equal(v->holders[i].slug, slug))
            return &v->holders[i];
    return NULL;
}

bool add_holder(struct verifying *v, const struct holder *h, struct err *e)
{
    if (v->holders_n == v->holders_cap) {
        size_t cap = v->holders_cap ? v->holders_cap * 2 : 16;
        struct holder *more = arena_get_array(v->a, cap, sizeof *more, e);
        if (!more)
            return false;
        if (v->holders_n)
            memcpy(more, v->holders, v->holders_n * sizeof *more);
        v->holders = more;
        v->holders_cap = cap;
    }
    v->holders[v->holders_n++] = *h;
    return true;
}

/* ---- cards and agreements ---- */

bool read_keys(const struct json *o, struct holder *h)
{
    const struct json *keys = json_find(o, "keys");
    static const char *const names[] = {"acts", "checkpoints", "witness", "mirror", "recovery"};
    struct sign_public *into[] = {&h->acts, &h->checkpoints, &h->witness, &h->mirror, &h->recovery};

    for (size_t i = 0; i < 5; i++) {
        struct bytes hex;
        if (!json_as_string(json_find(keys, names[i]), &hex) || !hex_decode(into[i]->b, 32, hex) ||
            !sign_public_valid(into[i]))
            return false;
    }
    return json_as_string(json_find(o, "slug"), &h->slug) && slug_valid(h->slug) &&
           json_as_string(json_find(o, "name"), &h->name);
}

bool read_agreement(struct verifying *v, struct bytes text, struct holder *holders, size_t *n,
                    struct err *e)
{
    const struct json *g = json_parse_canonical(text, v->a, e), *parties;

    if (!g)
        return err_within(e, "agreement");
    parties = json_find(g, "parties");
    *n = json_count(parties);
    if (*n < 2 || *n > 64)
        return err_fail(e, ERR_INPUT, "the agreement does not name its parties");
    for (size_t i = 0; i < *n; i++)
        if (!read_keys(json_at(parties, i), &holders[i]))
            return err_fail(e, ERR_INPUT, "the agreement's party %zu has no valid keys", i + 1);
    return true;
}

bool signed_by_all(const struct signed_text *s, const struct json *keys, struct bytes slug)
{
    for (size_t i = 0; i < json_count(keys); i++) {
        struct sign_public key;
        struct bytes role, hex;
        char name[128];
        if (!json_as_string(json_member(keys, i, &role), &hex) || !hex_decode(key.b, 32, hex))
            return false;
        snprintf(name, sizeof name, "%.*s/%.*s", BYTES_FMT(slug),
                 BYTES_FMT(bytes_part(role, 0, 40)));
        if (!signed_by(s, name, 1, &key, NULL))
            return false;
    }
    return true;
}

/* A card, signed by every key that it names; false also for what is none. */
bool read_card(struct bytes card, struct arena *a, struct holder *out)
{
    struct signed_text s;
    struct reader r;
    struct bytes line;
    const struct json *o = NULL;

    *out = (struct holder){.from_card = true};
    if (split_note(card, &s)) {
        r = reader_of(s.text);
        reader_expect_line(&r, "entente/card/v1");
        line = reader_line(&r);
        if (reader_end(&r, NULL))
            o = json_parse_canonical(line, a, NULL);
    }
    return o && read_keys(o, out) && signed_by_all(&s, json_find(o, "keys"), out->slug);
}

static void take_card(struct verifying *v, struct item *card)
{
    struct holder h;

    card->used = true;
    if (!read_card(card->bytes, v->a, &h)) {
        verify_say(v, VERIFY_FAILED, card->name,
                   "is not a well-formed card that every key it names has signed");
        return;
    }
    if (holder_of(v, h.slug)) {
        if (memcmp(holder_of(v, h.slug)->acts.b, h.acts.b, 32))
            verify_say(v, VERIFY_FAILED, card->name, "two cards of %.*s name different keys",
                       BYTES_FMT(h.slug));
        return;
    }
    add_holder(v, &h, NULL);
}

/* ---- files ---- */

static enum item_kind kind_of(struct bytes head)
{
    static const struct {
        const char *begins;
        enum item_kind kind;
    } kinds[] = {
        {"entente/card/v1\n", ITEM_CARD},         {"entente/act/v1\n", ITEM_ACT},
        {"c2sp.org/tlog-proof@v1\n", ITEM_PROOF}, {"entente/tlog-evidence/v1\n", ITEM_HEADS},
        {"entente/act-evidence/v1\n", ITEM_ACTS}, {"entente-log/1\n", ITEM_LOG}};

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (bytes_start_with(head, kinds[i].begins))
            return kinds[i].kind;
    return ITEM_PAYLOAD;
}

static struct bytes last_part(struct bytes path)
{
    size_t at = path.n;

    while (at && path.p[at - 1] != '/')
        at--;
    return bytes_part(path, at, SIZE_MAX);
}

static bool add_file(struct verifying *v, const char *path, struct err *e)
{
    struct item *item = &v->items[v->items_n];
    struct os_file *f;
    uint8_t first[64];
    size_t got;
    bool ok;

    if (v->items_n == VERIFY_FILES)
        return err_fail(e, ERR_LIMIT, "more than %d files", VERIFY_FILES);
    if (!os_open(v->os, path, OS_READ, &f, e))
        return false;
    ok = v->os->ops->read(v->os->self, f, 0, first, sizeof first, &got, e);
    os_close(v->os, f);
    if (!ok)
        return false;
    *item = (struct item){.path = path, .name = last_part(bytes_text(path))};
    item->kind = kind_of(bytes_of(first, got));
    if (item->kind != ITEM_LOG) {
        if (!os_read_file(v->os, path, FILE_MOST, v->a, &item->bytes, e))
            return false;
        sha256(item->bytes, &item->sha256);
    }
    if (bytes_start_with(item->name, "README") || bytes_are(item->name, "policy.txt") ||
        bytes_end_with(item->name, ".der"))
        item->kind = ITEM_TEXT; /* help for people; nothing here relies on it */
    v->items_n++;
    return true;
}

static bool add_path(struct verifying *v, const char *path, int depth, struct err *e)
{
    struct bytes *names;
    size_t n;

    if (!os_list(v->os, path, v->a, &names, &n, NULL))
        return add_file(v, path, e);
    if (depth == 0)
        return true;
    for (size_t i = 0; i < n; i++) {
        char *inside = arena_format(v->a, e, "%s/%.*s", path, BYTES_FMT(names[i]));
        if (!inside || !add_path(v, inside, depth - 1, e))
            return false;
    }
    return true;
}

static void verify_each(struct verifying *v)
{
    for (size_t i = 0; i < v->items_n; i++)
        if (v->items[i].kind == ITEM_CARD)
            take_card(v, &v->items[i]);
    for (size_t i = 0; i < v->items_n; i++) {
        struct item *item = &v->items[i];
        if (item->kind == ITEM_ACT)
            verify_act(v, item);
        else if (item->kind == ITEM_HEADS)
            verify_heads(v, item);
        else if (item->kind == ITEM_ACTS)
            verify_two_acts(v, item);
        else if (item->kind == ITEM_LOG)
            verify_log(v, item);
    }
    for (size_t i = 0; i < v->items_n; i++) {
        struct item *item = &v->items[i];
        if (item->used || item->kind == ITEM_TEXT)
            continue;
        if (item->kind == ITEM_PROOF)
            verify_say(v, VERIFY_FAILED, item->name, "is a proof of none of the acts given");
        else
            verify_say(v, VERIFY_FAILED, item->name, "is named by none of the acts given");
    }
}

bool verify_files(const struct os *os, const char *const *paths, size_t n, struct arena *a,
                  struct verify_report *out, struct err *e)
{
    struct verifying v = {.os = os, .a = a, .words = e ? e->words : NULL, .out = out};

    memset(out, 0, sizeof *out);
    v.items = arena_get_array(a, VERIFY_FILES, sizeof *v.items, e);
    if (!v.items)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!add_path(&v, paths[i], 4, e))
            return false;
    verify_each(&v);
    out->holds = v.proved && !v.failed;
    return true;
}
