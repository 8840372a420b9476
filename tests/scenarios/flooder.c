/* flooder NODE REQUESTS EMERGENCIES: a party that does not ask its own gate. It appends as many
 * requests and false emergencies to its log as it is told, and some bodies that mean harm; then its
 * server, which is an honest program, gives them to the others. */
#include "base/text.h"
#include "node/node.h"

#include <stdio.h>
#include <stdlib.h>

#define BATCH 1000

static const char *const harmful[] = {
    "{\"action\":\"request\",\"action\":\"claim\",\"type\":\"entente-request\"}", /* a key twice */
    "{\"action\":\"request\",\"type\":\"entente-request\",\"items\":[{\"ask\":\"\xff\xfe\"}]}",
    "{\"action\":\"request\",\"type\":\"entente-request\",\"addressee\":\"../../etc/passwd\"}",
    ("{\"action\":\"request\",\"type\":\"entente-request\",\"items\":\"\\u001b[2J<script>x</"
     "script>\"}"),
    "not JSON at all",
};

static void die(const struct err *e)
{
    fprintf(stderr, "flooder: %s\n", e->text);
    exit(1);
}

static struct bytes body_of(struct arena *a, const struct os *os, const char *urgency, size_t i)
{
    struct cases_making how = {.created_ms = os_now_us(os) / 1000, .tlp = STIX_TLP_GREEN};
    struct json_maker m = json_maker(a);
    struct json *o, *items, *item = json_new_object(&m);
    struct err e = {0};
    struct bytes out;

    os_random(os, how.uuid.b, sizeof how.uuid.b);
    how.uuid.b[6] = (uint8_t)((how.uuid.b[6] & 0x0f) | 0x40);
    how.uuid.b[8] = (uint8_t)((how.uuid.b[8] & 0x3f) | 0x80);
    o = cases_body(&m, CASES_REQUEST, &how);
    json_set_text(&m, o, "request_type", "info");
    json_set_text(&m, o, "urgency", urgency);
    json_set_text(&m, o, "urgency_facts", "\x1b[2Jall is lost");
    json_set_text(&m, o, "addressee", "north");
    json_set_bool(&m, o, "keep_confidential", false);
    json_set_bool(&m, o, "exercise", false);
    json_set_text(&m, o, "purpose", "incident-response");
    json_set_text(&m, o, "intended_use", "flood");
    json_set_text(&m, o, "steps_taken", "none");
    json_set_text(&m, item, "ask", arena_format(a, &e, "number %zu, ../../x", i));
    items = json_set_array(&m, o, "items");
    json_add(&m, items, item);
    if (!json_made(&m, o, &out, &e))
        die(&e);
    return out;
}

static void append(struct node *n, const char *id, struct record_draft *drafts, size_t k)
{
    struct err e = {0};
    struct record *r = node_hold(n, id, &e);

    if (!r || !record_append(r, drafts, k, NULL, &e))
        die(&e);
    node_release(n, r);
}

static void flood(struct node *n, const char *id, const char *urgency, size_t count)
{
    static struct record_draft drafts[BATCH];

    for (size_t done = 0; done < count;) {
        struct arena *a = arena_new((size_t)256 << 20);
        size_t k = 0;
        for (; k < BATCH && done < count; k++, done++)
            drafts[k] = (struct record_draft){.kind = BYTES("request"),
                                              .tlp = BYTES("green"),
                                              .media_type = BYTES(MEDIA_STIX),
                                              .payload = body_of(a, os_system(), urgency, done)};
        append(n, id, drafts, k);
        arena_free(a);
    }
}

int main(int argc, char **argv)
{
    struct node_options o = {.os = os_system()};
    struct arena *a = arena_new(1 << 20);
    struct record_draft bad[sizeof harmful / sizeof *harmful];
    struct node *n;
    struct err e = {0};
    const char **ids = NULL;
    size_t count;

    if (argc != 4 || !a || !crypto_init())
        return 2;
    if (!(n = node_open(&o, argv[1], &e)) || !node_agreements(n, a, &ids, &count, &e))
        die(&e);
    flood(n, ids[0], "normal", (size_t)strtoul(argv[2], NULL, 10));
    flood(n, ids[0], "emergency", (size_t)strtoul(argv[3], NULL, 10));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        bad[i] = (struct record_draft){.kind = BYTES("request"),
                                       .tlp = BYTES("green"),
                                       .media_type = BYTES(MEDIA_JSON),
                                       .payload = bytes_text(harmful[i])};
    append(n, ids[0], bad, sizeof bad / sizeof *bad);
    node_close(n);
    arena_free(a);
    return 0;
}
