/* One request in a handler's hands, whether it came over a socket or straight from a caller. */
#include "base/limits.h"
#include "base/text.h"
#include "http/http_impl.h"

#include <stdlib.h>
#include <strings.h>

#define BODY_FIRST ((size_t)16 << 10)

bool exchange_open(struct exchange *x, const struct http_handler *handler, struct budget *bodies,
                   size_t arena_bytes)
{
    *x = (struct exchange){.handler = handler, .bodies = bodies};
    x->q.arena = arena_new(arena_bytes ? arena_bytes : LIMIT_HTTP_ARENA_BYTES);
    x->q.cancelled = &x->never;
    x->r.arena = x->q.arena;
    return x->q.arena != NULL;
}

void exchange_refuse(struct exchange *x, unsigned status, const char *why)
{
    x->refused = true;
    http_respond_text(&x->r, status, "%s", why);
}

/* How long the body will be. RFC 9112 6.3, and nothing in it that two readers could take
 * differently. */
static bool framing(struct exchange *x)
{
    size_t lengths, codings, hosts;
    struct bytes length =
                     http_header_find(x->q.headers, x->q.header_count, "Content-Length", &lengths),
                 coding = http_header_find(x->q.headers, x->q.header_count, "Transfer-Encoding",
                                           &codings);

    http_header_find(x->q.headers, x->q.header_count, "Host", &hosts);
    x->length = codings ? HTTP_SIZE_UNKNOWN : 0;
    if (lengths + codings > 1 || hosts > 1)
        return false;
    if (codings && !(coding.n == 7 && strncasecmp((const char *)coding.p, "chunked", 7) == 0))
        return false;
    return !lengths || (decimal_parse(length, &x->length) && x->length < HTTP_SIZE_UNKNOWN);
}

static bool too_long(struct exchange *x)
{
    if (x->length == 0 || (x->length == HTTP_SIZE_UNKNOWN && x->in.body_most) ||
        (x->length != HTTP_SIZE_UNKNOWN && x->length <= x->in.body_most))
        return false;
    exchange_refuse(x, 413, "the body is longer than is taken here");
    return true;
}

void exchange_admit(struct exchange *x)
{
    if (x->refused)
        return;
    if (!framing(x)) {
        x->length = HTTP_SIZE_UNKNOWN;
        exchange_refuse(x, 400, "unclear where the body ends");
        return;
    }
    x->reached = true;
    if (x->handler->admit && !x->handler->admit(x->handler->self, &x->q, &x->in, &x->r)) {
        x->refused = true;
        return;
    }
    too_long(x);
}

static bool budget_take(struct budget *b, size_t n)
{
    if (!b)
        return true;
    if (atomic_fetch_add(&b->used, n) <= b->most && n <= b->most &&
        atomic_load(&b->used) <= b->most)
        return true;
    atomic_fetch_sub(&b->used, n);
    return false;
}

static void body_drop(struct exchange *x)
{
    if (x->bodies)
        atomic_fetch_sub(&x->bodies->used, x->body_cap);
    free(x->body);
    x->body = NULL;
    x->body_cap = 0;
}

/* Twice as much as needed at most, and never more than was announced or is taken. Memory follows
 * what has come, not what was announced. */
static size_t next_cap(const struct exchange *x, size_t need)
{
    uint64_t most = x->length < x->in.body_most ? x->length : x->in.body_most;
    size_t cap = x->body_cap ? x->body_cap : BODY_FIRST;

    while (cap < need && cap <= SIZE_MAX / 2)
        cap *= 2;
    return cap < most ? cap : (size_t)most;
}

static bool body_grow(struct exchange *x, size_t need)
{
    size_t cap = next_cap(x, need);
    uint8_t *p;

    if (!budget_take(x->bodies, cap - x->body_cap)) {
        exchange_refuse(x, 503, "too many bodies at a time; try again later");
        return false;
    }
    p = realloc(x->body, cap);
    if (!p) {
        if (x->bodies)
            atomic_fetch_sub(&x->bodies->used, cap - x->body_cap);
        exchange_refuse(x, 503, "out of memory; try again later");
        return false;
    }
    x->body = p;
    x->body_cap = cap;
    return true;
}

static unsigned status_of(enum err_code code)
{
    switch (code) {
    case ERR_INPUT:
    case ERR_PROOF:
    case ERR_PEER:
        return 400;
    case ERR_LIMIT:
        return 413;
    case ERR_DENIED:
        return 403;
    case ERR_MISSING:
        return 404;
    case ERR_NONE:
    case ERR_IO:
    case ERR_NOMEM:
        break;
    }
    return 500;
}

void exchange_take(struct exchange *x, struct bytes part)
{
    struct err e = {0};

    if (x->refused || part.n == 0)
        return;
    if (part.n > x->in.body_most - x->got) {
        exchange_refuse(x, 413, "the body is longer than is taken here");
    } else if (x->in.sink.push) {
        if (!x->in.sink.push(x->in.sink.self, part, &e))
            exchange_refuse(x, status_of(e.code), "the body was not taken");
        x->got += part.n;
    } else if (x->got + part.n <= x->body_cap || body_grow(x, (size_t)x->got + part.n)) {
        memcpy(x->body + x->got, part.p, part.n);
        x->got += part.n;
    }
    if (x->refused)
        body_drop(x);
}

void exchange_serve(struct exchange *x)
{
    if (!x->refused) {
        x->q.body = bytes_of(x->body, x->body ? (size_t)x->got : 0);
        x->reached = true;
        x->handler->serve(x->handler->self, &x->q, &x->r);
    }
    if (x->r.status == 0 || x->r.failed)
        http_respond(&x->r, 500, NULL, bytes_of(NULL, 0));
}

void exchange_close(struct exchange *x)
{
    if (x->r.source.close)
        x->r.source.close(x->r.source.self);
    x->r.source = (struct http_source){0};
    if (x->reached && x->handler->done)
        x->handler->done(x->handler->self, &x->q);
    body_drop(x);
    arena_free(x->q.arena);
    *x = (struct exchange){0};
}
