/* A reply as it comes in: the part that a client with sockets and a direct call share. */
#ifndef ENTENTE_HTTP_REPLY_H
#define ENTENTE_HTTP_REPLY_H

#include "base/buf.h"
#include "http/http_impl.h"

struct intake {
    const struct http_call *call;
    struct http_header *headers; /* LIMIT_HTTP_HEADERS of them, in the call's arena */
    size_t header_count;
    uint8_t *whole; /* a body whose length is known, */
    size_t length;
    struct buf body; /* and one whose is not */
    uint64_t got;
};
bool intake_open(struct intake *in, const struct http_call *call, struct err *e);
void intake_restart(struct intake *in); /* what came was an interim response */
bool intake_header(struct intake *in, struct bytes name, struct bytes value, struct err *e);
/* `length` of the whole body, or HTTP_SIZE_UNKNOWN: the same for each part. */
bool intake_body(struct intake *in, unsigned status, uint64_t length, struct bytes part,
                 struct err *e);
bool intake_end(struct intake *in, unsigned status, struct http_reply *out, struct err *e);

#endif
