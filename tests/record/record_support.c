#include "record/record_support.h"

struct test_party test_party(struct arena *a, const char *slug)
{
    struct test_party p = {0};
    struct err e = {0};

    p.keys = keyring_new(os_system(), &e);
    assert_non_null(p.keys);
    p.card.slug = bytes_text(slug);
    p.card.name = bytes_text(arena_format(a, &e, "CERT %s", slug));
    p.card.issued = BYTES("2026-01-31T12:00:00Z");
    p.card.serial = 1;
    p.card.addresses[0] = BYTES("https://127.0.0.1:8443");
    p.card.addresses_n = 1;
    p.card.contacts[0] = (struct contact){.role = CONTACT_TECHNICAL, .name = BYTES("Duty desk")};
    p.card.contacts_n = 1;
    must(card_sign(&p.card, p.keys, a, &e), &e);
    return p;
}

struct agreement test_agreement(struct arena *a, const struct test_party *parties, size_t n)
{
    const struct card *cards[LIMIT_PARTIES];
    struct agreement g;
    struct bytes json;
    struct err e = {0};

    for (size_t i = 0; i < n; i++)
        cards[i] = &parties[i].card;
    must(
        agreement_template(n == 2 ? "bilateral" : "community", cards, n, os_system(), a, &json, &e),
        &e);
    must(agreement_parse(json, a, &g, &e), &e);
    return g;
}

struct bytes test_edit(struct arena *a, struct bytes text, const char *from, const char *to)
{
    size_t at = bytes_find(text, bytes_text(from));
    struct buf b = buf_in(a);
    struct bytes out;
    struct err e = {0};

    if (at == SIZE_MAX)
        fail_msg("\"%s\" is not in the text", from);
    buf_put(&b, bytes_part(text, 0, at));
    buf_puts(&b, to);
    buf_put(&b, bytes_part(text, at + strlen(from), SIZE_MAX));
    must(buf_end(&b, &out, &e), &e);
    return out;
}

/* ---- worlds ---- */

static struct record_options options(const struct node *n)
{
    return (struct record_options){.os = os_system(),
                                   .keys = n->party.keys,
                                   .self = n->party.card.slug,
                                   .segment_bytes = 1 << 20};
}

void open_node(struct world *w, struct node *n)
{
    struct record_options o = options(n);
    struct err e = {0};

    n->r = record_open(&o, n->dir, w->g.id, &e);
    must(n->r != NULL, &e);
}

struct world *new_world(size_t n)
{
    static const char *const slugs[] = {"north", "south", "west"};
    struct arena *a = test_arena();
    struct err e = {0};
    struct world *w = arena_get(a, sizeof *w, &e);
    struct test_party parties[3];

    w->a = a;
    w->n = n;
    for (size_t i = 0; i < n; i++)
        parties[i] = w->node[i].party = test_party(a, slugs[i]);
    w->g = test_agreement(a, parties, n);
    for (size_t i = 0; i < n; i++) {
        struct record_options o = options(&w->node[i]);
        w->node[i].dir = test_dir(a);
        must(record_create(&o, w->node[i].dir, &w->g, &e), &e);
        open_node(w, &w->node[i]);
    }
    return w;
}

void end_world(struct world *w)
{
    for (size_t i = 0; i < w->n; i++) {
        record_close(w->node[i].r);
        keyring_free(w->node[i].party.keys);
        test_dir_remove(w->node[i].dir);
    }
    arena_free(w->a);
}

struct record_head head_of(struct world *w, struct node *n, struct bytes slug)
{
    struct record_head h;
    struct err e = {0};

    must(record_head(n->r, slug, w->a, &h, &e), &e);
    return h;
}

/* Carry all that `to` lacks of `from`'s own log, in pieces of about `most` bytes. */
struct record_taken carry(struct world *w, struct node *from, struct node *to, size_t most)
{
    struct bytes slug = from->party.card.slug;
    struct record_head h = head_of(w, to, slug);
    struct record_taken taken = {.size = h.size, .parts = h.parts};
    struct err e = {0};

    for (int i = 0; i < 10000 && !taken.complete; i++) {
        struct bytes piece;
        must(record_piece_make(from->r, slug, to->party.card.slug, taken.size, taken.parts, most,
                               w->a, &piece, &e),
             &e);
        must(record_piece_take(to->r, slug, piece, &taken, &e), &e);
    }
    assert_true(taken.complete);
    return taken;
}

/* Everybody gets everything, cosigns it, and learns of the others' cosignatures. */
void exchange(struct world *w)
{
    struct err e = {0};

    for (size_t i = 0; i < w->n; i++)
        for (size_t j = 0; j < w->n; j++) {
            struct bytes slug = w->node[i].party.card.slug, note;
            bool news;
            if (i == j || head_of(w, &w->node[i], slug).size == 0)
                continue;
            carry(w, &w->node[i], &w->node[j], RECORD_PIECE_BYTES);
            must(record_cosign(w->node[j].r, slug, w->a, &note, &e), &e);
            must(record_take_cosigned(w->node[i].r, note, &news, &e), &e);
        }
}

void sign_all(struct world *w)
{
    struct err e = {0};

    for (size_t i = 0; i < w->n; i++)
        must(record_sign(w->node[i].r, &e), &e);
    exchange(w);
}

struct record_draft say(const char *text)
{
    return (struct record_draft){
        .kind = BYTES("share"), .media_type = BYTES(MEDIA_JSON), .payload = bytes_text(text)};
}

/* An indicator as the importer would make it. */
struct bytes indicator(struct world *w, unsigned i, struct bytes *id, int tlp)
{
    static const char *const markings[] = {
        "94868c89-83c2-464b-929b-a1a8aa3c8487", "bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
        "55d920b0-5e8b-4f79-9ee9-91f868d9b421", "939a9414-2ddd-4d32-a0cd-375ea402b003",
        "e828b379-4e03-4974-9ac4-e53a884c97c1"};
    struct err e = {0};
    char *text = arena_format(
        w->a, &e,
        "{\"created\":\"2026-01-31T12:00:00Z\",\"id\":\"indicator--00000000-0000-4000-8000-%012u\","
        "\"modified\":\"2026-01-31T12:00:00Z\","
        "\"object_marking_refs\":[\"marking-definition--%s\"],"
        "\"pattern\":\"[domain-name:value = 'a%u.example']\",\"pattern_type\":\"stix\","
        "\"spec_version\":\"2.1\",\"type\":\"indicator\",\"valid_from\":\"2026-01-31T12:00:00Z\"}",
        i, markings[tlp], i);

    *id = bytes_text(arena_format(w->a, &e, "indicator--00000000-0000-4000-8000-%012u", i));
    return bytes_text(text);
}

void share_many(struct world *w, struct node *n, unsigned count, const struct bytes *to)
{
    struct record_draft d = {.kind = BYTES("share"), .tlp = BYTES("green")};
    struct err e = {0};
    struct record_share *s = record_share_open(n->r, &e);
    struct record_placed placed;

    must(s != NULL, &e);
    for (unsigned i = 0; i < count; i++) {
        struct bytes id, object = indicator(w, i, &id, 1);
        must(record_share_add(s, object, id, 1, &e), &e);
    }
    if (to) {
        d.to[0] = *to;
        d.to_n = 1;
    }
    must(record_share_commit(s, &d, &placed, &e), &e);
    record_share_close(s);
}

bool count_one(void *self, const struct record_object *o)
{
    size_t *n = self;
    *n += o->bytes.n != 0;
    return true;
}

size_t objects_of(struct node *n, struct bytes slug, uint64_t act)
{
    struct err e = {0};
    size_t count = 0;

    must(record_objects_of(n->r, slug, act, count_one, &count, &e), &e);
    return count;
}
