#include "http/reply.h"
#include "base/limits.h"

bool intake_open(struct intake *in, const struct http_call *call, struct err *e)
{
    *in = (struct intake){.call = call, .body = buf_in(call->arena)};
    in->headers = arena_get_array(call->arena, LIMIT_HTTP_HEADERS, sizeof *in->headers, e);
    return in->headers != NULL;
}

void intake_restart(struct intake *in)
{
    in->header_count = 0;
}

bool intake_header(struct intake *in, struct bytes name, struct bytes value, struct err *e)
{
    struct http_header *h = &in->headers[in->header_count];

    if (in->header_count == LIMIT_HTTP_HEADERS)
        return err_fail(e, ERR_LIMIT, "more than %d headers in the reply", LIMIT_HTTP_HEADERS);
    if (!arena_copy(in->call->arena, name, &h->name, e) ||
        !arena_copy(in->call->arena, value, &h->value, e))
        return false;
    in->header_count++;
    return true;
}

static bool over(const struct intake *in, uint64_t n, struct err *e)
{
    if (n <= in->call->body_most)
        return false;
    err_fail(e, ERR_LIMIT, "the reply has more than %zu bytes", in->call->body_most);
    return true;
}

/* Into memory of the right size if we know it: an arena's memory does not come back. */
static bool collect(struct intake *in, uint64_t length, struct bytes part, struct err *e)
{
    bool known = length != HTTP_SIZE_UNKNOWN;

    if (over(in, known ? length : in->got + part.n, e))
        return false;
    if (!known) {
        buf_put(&in->body, part);
        if (in->body.e.code)
            err_pass(e, &in->body.e);
        return !in->body.e.code;
    }
    if (!in->whole) {
        in->length = (size_t)length;
        in->whole = arena_get(in->call->arena, in->length, e);
        if (!in->whole)
            return false;
    }
    if (part.n > in->length - in->got)
        return err_fail(e, ERR_PEER, "the reply is longer than it says");
    memcpy(in->whole + in->got, part.p, part.n);
    return true;
}

bool intake_body(struct intake *in, unsigned status, uint64_t length, struct bytes part,
                 struct err *e)
{
    const struct http_sink *sink = in->call->sink;

    if (part.n == 0)
        return true;
    if (sink && status >= 200 && status < 300) {
        if (!sink->push(sink->self, part, e))
            return false;
    } else if (!collect(in, length, part, e)) {
        return false;
    }
    in->got += part.n;
    return true;
}

bool intake_end(struct intake *in, unsigned status, struct http_reply *out, struct err *e)
{
    struct bytes body = bytes_of(in->whole, in->whole ? in->length : 0);

    if (!in->whole && !buf_end(&in->body, &body, e))
        return false;
    *out = (struct http_reply){status, in->headers, in->header_count, body};
    return true;
}
