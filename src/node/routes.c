/* What peers may ask, as one table. A peer is the TLS key it has proved; what it may see follows
 * from the agreements in which that key stands. Whoever may not know of a thing is told 404. */
#include "node/node_impl.h"

enum who {
    ANYBODY,
    PARTY,  /* of the agreement in the path */
    READER, /* the same, or anybody if the tiles are public */
};

struct route {
    enum http_method method;
    const char *name; /* the segment behind /entente/v1/ */
    enum who who;
    unsigned slugs; /* segments behind the agreement: 0, or 1 for the log's */
    bool more;      /* and then any others */
    size_t body_most;
    void (*party)(struct route_call *c);
    void (*open)(struct node *n, struct http_request *q, struct http_response *r);
};

/* ---- the small ones
 * -------------------------------------------------------------------------------- */

static void route_card(struct node *n, struct http_request *q, struct http_response *r)
{
    (void)q;
    http_respond(r, 200, "text/plain; charset=utf-8", node_card(n)->note);
}

/* A later card of somebody we know: signed by the recovery key that is its id, so it matters not
 * who brings it. New keys in it count only after a challenge. */
static void route_new_card(struct node *n, struct http_request *q, struct http_response *r)
{
    struct card *c = arena_get(q->arena, sizeof *c, NULL);
    const struct node_peer *known;
    struct err e = {0};

    if (!c || !card_parse(q->body, q->arena, c, &e)) {
        route_refuse(n, q, r, &e);
        return;
    }
    known = node_peer(n, c->slug);
    if (!known) {
        http_respond_text(r, 404, "unknown party");
    } else if (bytes_equal(known->card.note, q->body)) {
        http_respond_text(r, 200, "known");
    } else if (!node_card_import(n, q->body, NULL, &e)) {
        route_refuse(n, q, r, &e);
    } else { /* only news make us visit: strangers do not */
        http_respond_text(r, 200, "taken");
        node_wake(n);
    }
}

static void route_challenge(struct node *n, struct http_request *q, struct http_response *r)
{
    struct bytes answer;
    struct err e = {0};

    if (q->body.n != 32)
        http_respond_text(r, 400, "a challenge has 32 bytes");
    else if (!challenge_answer(n->keys, q->body.p, q->arena, &answer, &e))
        route_refuse(n, q, r, &e);
    else
        http_respond(r, 200, "text/plain; charset=utf-8", answer);
}

static const struct route routes[] = {
    {HTTP_GET, "card", ANYBODY, 0, false, 0, NULL, route_card},
    {HTTP_POST, "card", ANYBODY, 0, false, LIMIT_CARD_BYTES, NULL, route_new_card},
    {HTTP_POST, "challenge", ANYBODY, 0, false, 32, NULL, route_challenge},
    {HTTP_POST, "agreements", ANYBODY, 0, false, LIMIT_AGREEMENT_BYTES, NULL, route_propose},
    {HTTP_GET, "heads", PARTY, 0, false, 0, route_heads, NULL},
    {HTTP_GET, "held", PARTY, 1, false, 0, route_held, NULL},
    {HTTP_GET, "sync", PARTY, 1, false, 0, route_pull, NULL},
    {HTTP_POST, "sync", PARTY, 1, false, RECORD_PIECE_MOST, route_push, NULL},
    {HTTP_POST, "cosigned", PARTY, 0, false, LIMIT_NOTE_BYTES, route_cosigned, NULL},
    {HTTP_GET, "cosignatures", PARTY, 1, false, 0, route_dates, NULL},
    {HTTP_POST, "cosignatures", PARTY, 1, false, LIMIT_DATES_BYTES, route_new_dates, NULL},
    {HTTP_GET, "state", PARTY, 0, false, 0, route_state, NULL},
    {HTTP_GET, "match", PARTY, 0, true, 0, route_match_get, NULL},
    {HTTP_POST, "match", PARTY, 0, true, LIMIT_MATCH_PIECE_BYTES, route_match_post, NULL},
    {HTTP_GET, "log", READER, 1, true, 0, route_log, NULL},
};
#define ROUTES (sizeof routes / sizeof routes[0])

/* ---- finding one
 * ------------------------------------------------------------------------------------ */

static struct bytes below(struct bytes path, const char *prefix)
{
    return bytes_part(path, strlen(prefix), SIZE_MAX);
}

static const struct route *find_route(enum http_method method, struct bytes name, bool *known)
{
    for (size_t i = 0; i < ROUTES; i++) {
        if (!bytes_are(name, routes[i].name))
            continue;
        *known = true;
        if (routes[i].method == method || (method == HTTP_HEAD && routes[i].method == HTTP_GET))
            return &routes[i];
    }
    return NULL;
}

/* The rest of the path: agreement, party, more. False: there is no such thing, or not for them. */
static bool resolve(struct node *n, const struct route *t, struct bytes rest, struct route_call *c)
{
    struct bytes id, slug;
    struct visit *v;

    if (!http_path_next(&rest, &id) || !(c->slot = slot_find(n, id)))
        return false;
    c->reader = slot_party_by_tls(n, c->slot, c->q->peer);
    if (c->reader.n == 0 && !(t->who == READER && node_config(n)->public_tiles))
        return false;
    if (t->slugs) {
        if (!http_path_next(&rest, &slug))
            return false;
        v = slot_visit(c->slot, slug);
        c->slug = v ? v->slug : node_slug(n);
        if (!v && !bytes_equal(slug, node_slug(n)))
            return false;
    }
    c->rest = t->more && rest.n ? bytes_part(rest, 1, SIZE_MAX) : rest;
    return t->more || rest.n == 0;
}

/* From admit to serve. */
struct resolved {
    const struct route *route; /* NULL: the witness's */
    struct route_call call;
};

static bool no(struct http_response *r, unsigned status, const char *why)
{
    http_respond_text(r, status, "%s", why);
    return false;
}

static bool is_witness_path(struct node *n, struct bytes path, struct bytes *rest)
{
    const struct node_config *c = node_config(n);

    if (!c->witness || path.n <= c->witness_prefix.n ||
        !bytes_equal(bytes_part(path, 0, c->witness_prefix.n), c->witness_prefix) ||
        path.p[c->witness_prefix.n] != '/')
        return false;
    *rest = bytes_part(path, c->witness_prefix.n, SIZE_MAX);
    return true;
}

static bool admit_witness(struct http_request *q, struct bytes rest, struct http_intake *in,
                          struct http_response *r)
{
    bool add = bytes_are(rest, "/add-checkpoint");

    if (add && q->method != HTTP_POST)
        return no(r, 405, "POST it");
    if (!add && q->method != HTTP_GET && q->method != HTTP_HEAD)
        return no(r, 405, "GET it");
    in->body_most = add ? LIMIT_NOTE_BYTES + 8192 : 0;
    return true;
}

static bool admit(void *self, struct http_request *q, struct http_intake *in,
                  struct http_response *r)
{
    struct node *n = self;
    struct resolved *x = arena_get(q->arena, sizeof *x, NULL);
    struct bytes rest, name;
    bool known = false;

    if (!x)
        return no(r, 503, "out of memory");
    q->state = x;
    x->call = (struct route_call){.n = n, .q = q, .r = r};
    if (is_witness_path(n, q->path, &x->call.rest))
        return admit_witness(q, x->call.rest, in, r);
    rest = below(q->path, "/entente/v1");
    if (!bytes_start_with(q->path, "/entente/v1/") || !http_path_next(&rest, &name))
        return no(r, 404, "nothing here");
    x->route = find_route(q->method, name, &known);
    if (!x->route)
        return no(r, known ? 405 : 404, "nothing here");
    if (x->route->open ? rest.n != 0 : !resolve(n, x->route, rest, &x->call))
        return no(r, 404, "nothing here");
    in->body_most = x->route->body_most;
    return true;
}

static void serve_witness(struct route_call *c)
{
    struct bytes rest = c->rest, hex, last;

    if (bytes_are(rest, "/add-checkpoint"))
        witness_add_checkpoint(c->n, c->q, c->r);
    else if (http_path_next(&rest, &hex) && http_path_next(&rest, &last) && rest.n == 0 &&
             bytes_are(last, "checkpoint"))
        witness_serve_latest(c->n, hex, c->q, c->r);
    else
        http_respond_text(c->r, 404, "nothing here");
}

static void serve(void *self, struct http_request *q, struct http_response *r)
{
    struct node *n = self;
    struct resolved *x = q->state;

    x->call.r = r;
    x->call.q = q;
    if (!x->route)
        serve_witness(&x->call);
    else if (x->route->open)
        x->route->open(n, q, r);
    else
        x->route->party(&x->call);
}

/* ---- refusing
 * --------------------------------------------------------------------------------------- */

unsigned route_status(enum err_code code)
{
    switch (code) {
    case ERR_INPUT:
    case ERR_PROOF:
    case ERR_PEER:
        return 422;
    case ERR_LIMIT:
        return 429;
    case ERR_DENIED:
        return 403;
    case ERR_MISSING:
        return 404;
    case ERR_NOMEM:
        return 503;
    case ERR_NONE:
    case ERR_IO:
        break;
    }
    return 500;
}

void route_refuse(struct node *n, const struct http_request *q, struct http_response *r,
                  const struct err *e)
{
    static const char *const says[] = {"refused", "not now"};
    unsigned status = route_status(e->code);
    char path[256];

    text_escape(path, sizeof path, q->path);
    diag(n->diag, status >= 500 ? DIAG_ERROR : DIAG_WARN, "a request was refused",
         "status=%u from=%s path=\"%s\" why=\"%s\"", status, q->from, path, e->text);
    http_respond_text(r, status, "%s", says[status == 429 || status >= 500]);
}

/* A piece is in memory until it has been sent, however slowly they read. */
bool pieces_take(struct route_call *c)
{
    struct visit *v = slot_visit(c->slot, c->reader);

    pthread_mutex_lock(&c->n->lock);
    c->holds_piece = v && c->n->pieces < LIMIT_NODE_PIECES && v->pieces < LIMIT_NODE_PIECES_OF_ONE;
    if (c->holds_piece) {
        c->n->pieces++;
        v->pieces++;
    }
    pthread_mutex_unlock(&c->n->lock);
    return c->holds_piece;
}

static void done(void *self, struct http_request *q)
{
    struct node *n = self;
    struct resolved *x = q->state;

    if (!x || !x->call.holds_piece)
        return;
    pthread_mutex_lock(&n->lock);
    n->pieces--;
    slot_visit(x->call.slot, x->call.reader)->pieces--;
    pthread_mutex_unlock(&n->lock);
}

void routes_init(struct node *n)
{
    n->handler = (struct http_handler){.self = n, .admit = admit, .serve = serve, .done = done};
}

const struct http_handler *node_handler(struct node *n)
{
    return &n->handler;
}
