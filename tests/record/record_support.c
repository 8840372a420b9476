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
