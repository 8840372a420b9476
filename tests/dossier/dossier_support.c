#include "dossier_support.h"

struct court *new_court(void)
{
    struct world *w = new_world(2);
    struct err e = {0};
    struct court *c = arena_get(w->a, sizeof *c, &e);

    c->w = w;
    sign_all(w);
    for (size_t i = 0; i < w->n; i++) {
        c->desk[i] = desk_open(w->node[i].r, os_system(), (size_t)256 << 20, &e);
        must(c->desk[i] != NULL, &e);
    }
    return c;
}

void end_court(struct court *c)
{
    for (size_t i = 0; i < c->w->n; i++)
        desk_close(c->desk[i]);
    end_world(c->w);
}

static const char *marking_of(const char *tlp)
{
    static const char *const ids[] = {
        "94868c89-83c2-464b-929b-a1a8aa3c8487", "bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
        "55d920b0-5e8b-4f79-9ee9-91f868d9b421", "939a9414-2ddd-4d32-a0cd-375ea402b003",
        "e828b379-4e03-4974-9ac4-e53a884c97c1"};

    return ids[tlp_rank(bytes_text(tlp))];
}

struct hash tell(struct court *c, unsigned who, const char *kind, const struct hash *matter,
                 const char *type, const char *tlp, const char *members)
{
    struct arena *a = c->w->a;
    struct record_draft d = {
        .kind = bytes_text(kind), .media_type = BYTES(MEDIA_STIX), .tlp = bytes_text(tlp)};
    struct record_placed placed;
    struct err e = {0};
    char *text = arena_format(
        a, &e,
        "{\"type\":\"%s\",\"action\":\"%s\",\"id\":\"%s--00000000-0000-4000-8000-%012u\","
        "\"created\":\"2026-03-02T08:00:00.000Z\",\"modified\":\"2026-03-02T08:00:00.000Z\","
        "\"spec_version\":\"2.1\",\"object_marking_refs\":[\"marking-definition--%s\"],"
        "\"extensions\":{\"" CASES_EXTENSION "\":{\"extension_type\":\"new-sdo\"}}%s}",
        type, kind, type, c->said++, marking_of(tlp), members);

    must(json_canonical(bytes_text(text), a, &d.payload, &e), &e);
    if (matter)
        d.refs[d.refs_n++] = *matter;
    must(record_append(c->w->node[who].r, &d, 1, &placed, &e), &e);
    return placed.text_hash;
}

struct hash a_request_asked(struct court *c, const char *tlp)
{
    struct hash id =
        tell(c, 0, "request", NULL, "entente-request", tlp,
             ",\"addressee\":\"south\",\"request_type\":\"info\",\"urgency\":"
             "\"normal\",\"exercise\":false,\"items\":[{\"ask\":\"owner of 203.0.113.7 "
             "on 2026-03-01\"},{\"ask\":\"<b>&amp; \\\"traffic\\\"</b>\"}],\"purpose\":"
             "\"incident-response\",\"intended_use\":\"case 12\",\"steps_taken\":\"own "
             "logs\",\"point_of_contact\":\"duty desk\",\"keep_confidential\":false");
    exchange(c->w);
    return id;
}

void answer(struct court *c, const struct hash *request, const char *tlp)
{
    tell(c, 1, "request.answer", request, "entente-response", tlp,
         ",\"final\":true,\"items\":[{\"item\":1,\"status\":\"answered\",\"text\":\"Example "
         "Ltd\"},{\"item\":2,\"status\":\"not-held\"}]");
    exchange(c->w);
}

struct hash a_request(struct court *c, const char *tlp)
{
    struct hash id = a_request_asked(c, tlp);

    tell(c, 1, "request.ack", &id, "entente-response", tlp, "");
    exchange(c->w);
    answer(c, &id, tlp);
    return id;
}

struct dossier_export export_of(struct court *c, unsigned who, const struct hash *cases, size_t n)
{
    struct err e = {0};
    struct bytes *cards = arena_get_array(c->w->a, 2, sizeof *cards, &e);

    for (size_t i = 0; i < 2; i++)
        cards[i] = c->w->node[i].party.card.note;
    return (struct dossier_export){.os = os_system(),
                                   .desk = c->desk[who],
                                   .keys = c->w->node[who].party.keys,
                                   .cases = cases,
                                   .cases_n = n,
                                   .redact = -1,
                                   .cards = cards,
                                   .cards_n = 2,
                                   .lang = BYTES("both"),
                                   .program = BYTES("entente test"),
                                   .at = os_now(os_system())};
}

struct bytes exported(struct court *c, const struct dossier_export *x, struct dossier_made *made)
{
    struct bytes file;
    struct err e = {0};

    must(dossier_export(x, c->w->a, &file, made, &e), &e);
    return file;
}

struct verify_dossier verified(struct court *c, struct bytes file)
{
    struct verify_dossier_options o = {.os = os_system()};
    struct verify_dossier d;
    struct err e = {0};

    must(verify_dossier(file, &o, c->w->a, &d, &e), &e);
    return d;
}

bool dossier_says(const struct verify_dossier *d, unsigned check, enum verify_verdict v,
                  const char *text)
{
    for (size_t i = 0; i < d->n; i++)
        if (d->line[i].check == check && d->line[i].verdict == v &&
            (bytes_find(d->line[i].text, bytes_text(text)) != SIZE_MAX ||
             bytes_find(d->line[i].about, bytes_text(text)) != SIZE_MAX))
            return true;
    return false;
}
