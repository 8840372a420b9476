/* A call straight into a handler: the same exchange and the same intake as over TLS, with
 * nothing between them. */
#include "base/limits.h"
#include "base/text.h"
#include "http/reply.h"

#define PIECE ((size_t)16 << 10) /* as a TLS record */

/* The headers a client adds, which a handler may look at. */
static bool request_headers(struct exchange *x, const struct http_call *call, uint64_t length,
                            struct err *e)
{
    struct http_header *h = arena_get_array(x->q.arena, call->header_count + 2, sizeof *h, e);
    char at[HTTP_ADDRESS_TEXT_MAX] = "direct";
    char *number;

    if (!h)
        return false;
    if (call->at)
        http_address_print(call->at, at);
    x->q.headers = h;
    h->name = BYTES("Host");
    if (!arena_copy(x->q.arena, bytes_text(at), &(h++)->value, e))
        return false;
    for (size_t i = 0; i < call->header_count; i++)
        *h++ = call->headers[i];
    if (length == HTTP_SIZE_UNKNOWN) {
        *h++ = (struct http_header){BYTES("Transfer-Encoding"), BYTES("chunked")};
    } else if (length || call->method == HTTP_POST || call->method == HTTP_PUT) {
        number = arena_format(x->q.arena, e, "%llu", (unsigned long long)length);
        if (!number)
            return false;
        *h++ = (struct http_header){BYTES("Content-Length"), bytes_text(number)};
    }
    x->q.header_count = (size_t)(h - x->q.headers);
    return true;
}

static bool request_make(struct exchange *x, const struct http_direct *d,
                         const struct http_call *call, struct err *e)
{
    char *target =
        arena_format(x->q.arena, e, "%s%s", call->prefix ? call->prefix : "", call->target);

    if (!target)
        return false;
    x->q.method = call->method;
    x->q.peer = d->client;
    x->q.from = d->from ? d->from : "direct";
    if (target_split(bytes_text(target), &x->q.path, &x->q.query))
        return err_fail(e, ERR_INPUT, "the target is too long");
    return request_headers(x, call, call->source ? call->source->size : call->body.n, e);
}

static bool send_source(struct exchange *x, struct http_source *s, struct err *e)
{
    uint64_t sent = 0;
    size_t got;
    uint8_t *piece = arena_get(x->q.arena, PIECE, e);

    while (piece && !x->refused) {
        size_t room = s->size - sent < PIECE ? (size_t)(s->size - sent) : PIECE;
        if (room == 0)
            return true;
        if (!s->pull(s->self, piece, room, &got, e))
            return false;
        if (got == 0)
            return s->size == HTTP_SIZE_UNKNOWN ||
                   err_fail(e, ERR_INPUT, "the body ends before its announced size");
        exchange_take(x, bytes_of(piece, got));
        sent += got;
    }
    return piece != NULL;
}

static bool send_body(struct exchange *x, const struct http_call *call, struct err *e)
{
    if (call->source)
        return send_source(x, call->source, e);
    for (size_t at = 0; at < call->body.n && !x->refused; at += PIECE)
        exchange_take(x, bytes_part(call->body, at, PIECE));
    return true;
}

static bool receive_source(struct exchange *x, struct intake *in, struct err *e)
{
    struct http_source *s = &x->r.source;
    uint8_t *piece = arena_get(in->call->arena, PIECE, e);
    uint64_t came = 0;
    struct err theirs = {0};

    while (piece && s->size - came > 0) {
        size_t got = 0, room = s->size - came < PIECE ? (size_t)(s->size - came) : PIECE;
        bool ok = s->pull(s->self, piece, room, &got, &theirs);
        if (!ok || (got == 0 && s->size != HTTP_SIZE_UNKNOWN))
            return err_fail(e, ERR_IO, "the reply was cut off");
        if (got == 0)
            return true;
        if (!intake_body(in, x->r.status, s->size, bytes_of(piece, got), e))
            return false;
        came += got;
    }
    return piece != NULL;
}

static bool receive(struct exchange *x, struct intake *in, struct http_reply *reply, struct err *e)
{
    const struct http_response *r = &x->r;
    uint64_t length = r->source.pull ? r->source.size : r->body.n;
    char digits[20];

    for (size_t i = 0; i < r->header_count; i++)
        if (!intake_header(in, r->headers[i].name, r->headers[i].value, e))
            return false;
    if (length != HTTP_SIZE_UNKNOWN && status_has_body(r->status) &&
        !intake_header(in, BYTES("Content-Length"), bytes_of(digits, decimal_print(digits, length)),
                       e))
        return false;
    if (x->q.method != HTTP_HEAD && status_has_body(r->status) &&
        !(r->source.pull ? receive_source(x, in, e)
                         : intake_body(in, r->status, length, r->body, e)))
        return false;
    return intake_end(in, r->status, reply, e);
}

static bool run(struct exchange *x, const struct http_direct *d, const struct http_call *call,
                struct http_reply *reply, struct err *e)
{
    struct intake in;

    if (!request_make(x, d, call, e) || !intake_open(&in, call, e))
        return false;
    exchange_admit(x);
    if (!x->refused && !send_body(x, call, e))
        return false;
    exchange_serve(x);
    return receive(x, &in, reply, e);
}

bool http_call_direct(const struct http_direct *d, const struct http_call *call,
                      struct http_reply *reply, struct err *e)
{
    struct exchange x;
    bool ok = call_check(call, e);

    if (ok && call->cancel && atomic_load(call->cancel))
        ok = err_fail(e, ERR_IO, "cancelled");
    if (ok && call->trust == HTTP_TRUST_PIN &&
        (!d->server || memcmp(call->pin->b, d->server->b, sizeof d->server->b) != 0))
        ok = wrong_key(e, call);
    if (ok && !exchange_open(&x, d->handler, NULL, d->arena_bytes))
        ok = err_fail(e, ERR_NOMEM, "out of memory");
    if (ok) {
        ok = run(&x, d, call, reply, e);
        exchange_close(&x);
    }
    call_done(call);
    return ok;
}
