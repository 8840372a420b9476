/* Calls to one peer: which address, which key, and what a refusal means. */
#include "node/node_impl.h"

#define CALL_SLACK ((size_t)1 << 20) /* headers and the like beside a body */

bool carrier_open(struct node *n, struct carrier *c, struct err *e)
{
    *c = (struct carrier){0};
    if (n->o.transport) {
        c->transport = *n->o.transport;
        return true;
    }
    c->client = http_client_open(n->os, n->identity, NULL, e);
    if (!c->client)
        return false;
    c->transport = http_client_transport(c->client);
    return true;
}

void carrier_close(struct carrier *c)
{
    http_client_close(c->client);
    *c = (struct carrier){0};
}

bool peer_refused(const struct http_reply *reply, const char *what, struct err *e)
{
    char says[128];

    text_escape(says, sizeof says, bytes_part(reply->body, 0, 100));
    switch (reply->status) {
    case 404:
        return err_fail(e, ERR_MISSING, "%s: they know nothing of it", what);
    case 403:
        return err_fail(e, ERR_DENIED, "%s: they refuse: %s", what, says);
    case 429:
    case 503:
        return err_fail(e, ERR_IO, "%s: they are busy", what);
    default:
        return err_fail(e, ERR_PEER, "%s: they answer %u: %s", what, reply->status, says);
    }
}

static bool call_at(struct visiting *v, struct http_call *call, struct bytes address,
                    struct http_reply *reply, struct err *e)
{
    struct http_url url;

    if (!http_url_parse(address, &url, e))
        return false;
    call->at = &url.at;
    call->prefix = url.path;
    return transport_call(&v->carrier->transport, call, reply, e);
}

/* The key of their card and the one that their log says differ after a rotation, until both have
 * passed: whoever holds either is the party. */
static bool call_pinned(struct visiting *v, struct http_call *call, struct bytes address,
                        struct http_reply *reply, struct err *e)
{
    struct sign_public other;

    call->pin = &v->pin;
    if (call_at(v, call, address, reply, e))
        return true;
    pthread_mutex_lock(&v->n->lock);
    other = v->visit->tls;
    pthread_mutex_unlock(&v->n->lock);
    if (e->code != ERR_PROOF || memcmp(&other, &v->pin, sizeof other) == 0)
        return false;
    err_clear(e);
    call->pin = &other;
    if (!call_at(v, call, address, reply, e))
        return false;
    v->pin = other;
    return true;
}

bool peer_call(struct visiting *v, enum http_method method, const char *target, struct bytes body,
               size_t most, struct http_reply *reply, struct err *e)
{
    const struct card *card = &v->peer->card;
    struct http_call call = {.method = method,
                             .target = target,
                             .body = body,
                             .body_most = most,
                             .cancel = &v->n->stopping};

    arena_free(v->call_arena);
    v->call_arena = arena_new(most * 2 + CALL_SLACK);
    if (!v->call_arena)
        return err_fail(e, ERR_NOMEM, "out of memory");
    call.arena = v->call_arena;
    for (size_t i = 0; i < card->addresses_n; i++) {
        size_t at = (v->address + i) % card->addresses_n;
        err_clear(e);
        if (call_pinned(v, &call, card->addresses[at], reply, e)) {
            v->address = at;
            v->passed += body.n + reply->body.n;
            return true;
        }
        if (e->code != ERR_IO)
            return false;
    }
    return false;
}
