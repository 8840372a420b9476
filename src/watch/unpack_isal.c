/* unpack_isal: gzip with Intel's ISA-L, which is about twice as fast as zlib. */
#include "watch/input_impl.h"

#include <isa-l/igzip_lib.h>
#include <stdlib.h>

struct gzip {
    struct unpack u;
    struct inflate_state state;
    uint8_t first[UNPACK_ROOM];
};

static const char *why(int code)
{
    switch (code) {
    case ISAL_INCORRECT_CHECKSUM:
        return "its checksum is another one";
    case ISAL_UNSUPPORTED_METHOD:
    case ISAL_INVALID_WRAPPER:
        return "no gzip header where a member should begin";
    default:
        return "no valid block";
    }
}

static void next_member(struct gzip *g)
{
    isal_inflate_reset(&g->state);
    g->state.crc_flag = ISAL_GZIP;
}

static bool gzip_part(struct unpack *u, struct bytes part, const struct flow *to, struct err *e)
{
    struct gzip *g = (struct gzip *)u;
    struct inflate_state *s = &g->state;

    s->next_in = (uint8_t *)(uintptr_t)part.p;
    s->avail_in = (uint32_t)part.n;
    do {
        int code;
        if (!u->middle && s->avail_in == 0)
            break;
        if (!u->middle)
            next_member(g);
        u->middle = true;
        s->next_out = u->room;
        s->avail_out = (uint32_t)UNPACK_ROOM;
        code = isal_inflate(s);
        if (!unpack_give(u, bytes_of(u->room, UNPACK_ROOM - s->avail_out), to, e))
            return false;
        if (code != ISAL_DECOMP_OK && code != ISAL_END_INPUT)
            return err_fail(e, ERR_INPUT, "damaged gzip data: %s", why(code));
        if (s->block_state == ISAL_BLOCK_FINISH)
            u->middle = false;
    } while (s->avail_in || s->avail_out == 0);
    return true;
}

static void gzip_free(struct unpack *u)
{
    free(u);
}

struct unpack *unpack_gzip(struct err *e)
{
    struct gzip *g = calloc(1, sizeof *g);

    if (!g) {
        err_fail(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    g->u = (struct unpack){.name = "gzip", .room = g->first, .part = gzip_part, .free = gzip_free};
    isal_inflate_init(&g->state);
    return &g->u;
}
