/* unpack: what gzip and zstd share, and zstd. */
#include "watch/input_impl.h"

#include <stdlib.h>
#include <zstd.h>

bool unpack_give(struct unpack *u, struct bytes plain, const struct flow *to, struct err *e)
{
    u->out += plain.n;
    if (u->out > LIMIT_WATCH_GROWTH_FREE && u->out / LIMIT_WATCH_GROWTH > u->in)
        return err_fail(e, ERR_LIMIT,
                        "%s data that unpacks to more than %d times its size: not read further",
                        u->name, LIMIT_WATCH_GROWTH);
    return plain.n == 0 || to->part(to->self, plain, e);
}

bool unpack_part(struct unpack *u, struct bytes part, const struct flow *to, struct err *e)
{
    u->in += part.n;
    return u->part(u, part, to, e);
}

bool unpack_end(struct unpack *u, struct err *e)
{
    return !u->middle || err_fail(e, ERR_INPUT, "the %s data is cut after %llu bytes", u->name,
                                  (unsigned long long)u->in);
}

void unpack_free(struct unpack *u)
{
    if (u)
        u->free(u);
}

struct zstd {
    struct unpack u;
    ZSTD_DCtx *ctx;
    uint8_t first[UNPACK_ROOM];
};

static bool zstd_part(struct unpack *u, struct bytes part, const struct flow *to, struct err *e)
{
    struct zstd *z = (struct zstd *)u;
    ZSTD_inBuffer in = {part.p, part.n, 0};
    bool full = false;

    while (in.pos < in.size || full) {
        ZSTD_outBuffer out = {u->room, UNPACK_ROOM, 0};
        size_t left = ZSTD_decompressStream(z->ctx, &out, &in);
        if (ZSTD_isError(left))
            return err_fail(e, ERR_INPUT, "damaged zstd data: %s", ZSTD_getErrorName(left));
        u->middle = left != 0;
        full = out.pos == UNPACK_ROOM; /* there may be more in it */
        if (!unpack_give(u, bytes_of(u->room, out.pos), to, e))
            return false;
    }
    return true;
}

static void zstd_free(struct unpack *u)
{
    struct zstd *z = (struct zstd *)u;

    ZSTD_freeDCtx(z->ctx);
    free(z);
}

struct unpack *unpack_zstd(struct err *e)
{
    struct zstd *z = calloc(1, sizeof *z);

    if (z)
        z->ctx = ZSTD_createDCtx();
    if (!z || !z->ctx ||
        ZSTD_isError(
            ZSTD_DCtx_setParameter(z->ctx, ZSTD_d_windowLogMax, LIMIT_WATCH_ZSTD_WINDOW_LOG))) {
        free(z);
        err_fail(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    z->u = (struct unpack){.name = "zstd", .room = z->first, .part = zstd_part, .free = zstd_free};
    return &z->u;
}
