/* unpack_zlib: gzip where ISA-L is not to be had. */
#include "watch/input_impl.h"

#include <stdlib.h>
#include <zlib.h>

struct gzip {
    struct unpack u;
    z_stream z;
    uint8_t first[UNPACK_ROOM];
};

static bool gzip_part(struct unpack *u, struct bytes part, const struct flow *to, struct err *e)
{
    struct gzip *g = (struct gzip *)u;
    z_stream *z = &g->z;

    z->next_in = (uint8_t *)(uintptr_t)part.p;
    z->avail_in = (unsigned)part.n;
    do {
        int code;
        if (!u->middle && z->avail_in == 0)
            break;
        if (!u->middle)
            inflateReset(z);
        u->middle = true;
        z->next_out = u->room;
        z->avail_out = (unsigned)UNPACK_ROOM;
        code = inflate(z, Z_NO_FLUSH);
        if (!unpack_give(u, bytes_of(u->room, UNPACK_ROOM - z->avail_out), to, e))
            return false;
        if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
            return err_fail(e, ERR_INPUT, "damaged gzip data: %s", z->msg ? z->msg : "unknown");
        u->middle = code != Z_STREAM_END;
    } while (z->avail_in || z->avail_out == 0);
    return true;
}

static void gzip_free(struct unpack *u)
{
    struct gzip *g = (struct gzip *)u;

    inflateEnd(&g->z);
    free(g);
}

struct unpack *unpack_gzip(struct err *e)
{
    struct gzip *g = calloc(1, sizeof *g);

    if (!g || inflateInit2(&g->z, 16 + MAX_WBITS) != Z_OK) {
        free(g);
        err_fail(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    g->u = (struct unpack){.name = "gzip", .room = g->first, .part = gzip_part, .free = gzip_free};
    return &g->u;
}
