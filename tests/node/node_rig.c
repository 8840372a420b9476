#include "node/node_rig.h"

#include <stdio.h>
#include <stdlib.h>

bool rig_pass(struct rig_node *from, struct rig_node *to, const struct http_call *call,
              struct http_reply *reply, struct err *e)
{
    struct sign_public server = node_card(to->node)->keys[KEY_TLS],
                       client = node_card(from->node)->keys[KEY_TLS];
    struct http_direct d = {.handler = node_handler(to->node),
                            .server = &server,
                            .client = &client,
                            .from = from->slug,
                            .arena_bytes = (size_t)128 << 20};

    return http_call_direct(&d, call, reply, e);
}

static bool carry(void *self, const struct http_call *call, struct http_reply *reply, struct err *e)
{
    struct rig_node *from = self, *to = NULL;
    struct rig *r = from->rig;

    for (size_t i = 0; i < r->n; i++)
        if (strncmp(call->at->host, r->nodes[i].slug, strlen(r->nodes[i].slug)) == 0)
            to = &r->nodes[i];
    if (!to || !to->node || to->away || from->away)
        return err_fail(e, ERR_IO, "%s: no connection", call->at->host);
    return r->wire.carry ? r->wire.carry(r->wire.self, from, to, call, reply, e)
                         : rig_pass(from, to, call, reply, e);
}

struct node *rig_open(struct rig_node *n, struct err *e)
{
    struct node_options o = {.os = n->os,
                             .transport = &n->transport,
                             .threads = 1,
                             .memory_index = true,
                             .segment_bytes = (uint64_t)64 << 10};

    n->node = node_open(&o, n->dir, e);
    return n->node;
}

void rig_start(struct rig *r, size_t i)
{
    struct err e = {0};

    must(rig_open(&r->nodes[i], &e), &e);
}

void rig_stop(struct rig *r, size_t i)
{
    node_close(r->nodes[i].node);
    r->nodes[i].node = NULL;
}

void rig_place(struct rig *r, size_t i, const char *slug, const char *dir, const struct os *os)
{
    struct rig_node *n = &r->nodes[i];

    n->rig = r;
    n->slug = slug;
    n->os = os;
    n->dir = arena_format(r->arena, NULL, "%s/%s", dir, slug);
    n->transport = (struct transport){carry, n};
    assert_non_null(n->dir);
}

static void make_node(struct rig *r, size_t i)
{
    struct rig_node *n = &r->nodes[i];
    struct err e = {0};
    struct node_fresh f = {.name = bytes_text(arena_format(r->arena, &e, "CERT %s", n->slug)),
                           .slug = bytes_text(n->slug),
                           .addresses_n = 1,
                           .contacts_n = 1,
                           .contacts = {{.role = CONTACT_TECHNICAL, .name = BYTES("Duty desk")}}};

    f.addresses[0] = bytes_text(arena_format(r->arena, &e, "https://%s.example:8443", n->slug));
    must(node_init(n->os, n->dir, &f, &e), &e);
    rig_start(r, i);
}

struct rig *rig_new(struct arena *a, const char *dir, const char *const *slugs,
                    const struct os *const *machines, size_t n)
{
    struct err e = {0};
    struct rig *r = arena_get(a, sizeof *r, &e);

    must(r && crypto_init(), &e);
    r->arena = a;
    r->n = n;
    for (size_t i = 0; i < n; i++) {
        rig_place(r, i, slugs[i], dir, machines ? machines[i] : os_system());
        make_node(r, i);
    }
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++) {
            if (i == k)
                continue;
            must(node_card_import(r->nodes[i].node, node_card(r->nodes[k].node)->note, NULL, &e),
                 &e);
            must(node_enrol(r->nodes[i].node, rig_slug(r, k), &e), &e);
        }
    return r;
}

void rig_free(struct rig *r)
{
    for (size_t i = 0; i < r->n; i++)
        rig_stop(r, i);
}

struct bytes rig_slug(const struct rig *r, size_t i)
{
    return bytes_text(r->nodes[i].slug);
}

struct record *rig_record(struct rig *r, size_t at)
{
    struct err e = {0};
    struct record *record = node_record(r->nodes[at].node, r->id, &e);

    must(record, &e);
    return record;
}

struct record_head rig_head(struct rig *r, size_t at, size_t of)
{
    struct record_head head;
    struct err e = {0};

    must(record_head(rig_record(r, at), rig_slug(r, of), r->arena, &head, &e), &e);
    return head;
}

bool rig_visit(struct rig *r, size_t from, size_t to, struct node_report *report, struct err *e)
{
    return node_sync_peer(r->nodes[from].node, r->id, rig_slug(r, to), report, e);
}

void rig_settle(struct rig *r)
{
    struct node_report report;
    struct err e = {0};

    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < r->n; i++)
            for (size_t k = 0; k < r->n; k++)
                if (i != k && r->nodes[i].node && r->nodes[k].node)
                    rig_visit(r, i, k, &report, &e);
}

void rig_agree(struct rig *r)
{
    const struct card *cards[RIG_NODES];
    struct record_state state;
    struct bytes json;
    struct err e = {0};

    for (size_t i = 0; i < r->n; i++)
        cards[i] = node_card(r->nodes[i].node);
    must(agreement_template(r->n == 2 ? "bilateral" : "community", cards, r->n, r->nodes[0].os,
                            r->arena, &json, &e),
         &e);
    must(node_propose(r->nodes[0].node, json, r->id, &e), &e);
    must(node_sign(r->nodes[0].node, r->id, &e), &e);
    for (size_t i = 1; i < r->n; i++) {
        struct node_report report;
        rig_visit(r, 0, i, &report, &e);
        err_clear(&e);
        must(node_sign(r->nodes[i].node, r->id, &e), &e);
    }
    rig_settle(r);
    for (size_t i = 0; i < r->n; i++) {
        record_state(rig_record(r, i), os_now(r->nodes[i].os), &state);
        assert_int_equal(state.stage, STAGE_IN_FORCE);
    }
}

bool rig_say(struct rig *r, size_t i, const char *text, struct err *e)
{
    struct record_draft d = {.kind = BYTES("share"), .media_type = BYTES(MEDIA_JSON)};
    struct record *record = node_hold(r->nodes[i].node, r->id, e);
    char *payload = arena_format(r->arena, e, "{\"text\":\"%s\"}", text);
    bool ok;

    if (!record || !payload)
        return false;
    d.payload = bytes_text(payload);
    ok = record_append(record, &d, 1, NULL, e);
    node_release(r->nodes[i].node, record);
    return ok;
}

void rig_copy_dir(struct arena *a, const char *from, const char *to)
{
    struct err e = {0};
    char *command = arena_format(a, &e, "rm -rf '%s' && cp -a '%s' '%s'", to, from, to);

    assert_non_null(command);
    assert_int_equal(system(command), 0);
}
