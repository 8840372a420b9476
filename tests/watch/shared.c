#include "watch/shared.h"

#include "base/text.h"

#include <zstd.h>

#define UNPACKED_MOST ((size_t)512 << 20)

bool shared_unpack(const char *path, struct arena *a, struct bytes *out, struct err *e)
{
    struct bytes packed;
    unsigned long long n;
    uint8_t *p;

    if (!os_read_file(os_system(), path, UNPACKED_MOST, a, &packed, e))
        return false;
    n = ZSTD_getFrameContentSize(packed.p, packed.n);
    if (n > UNPACKED_MOST)
        n = UNPACKED_MOST; /* written from a pipe: the size is not there */
    p = arena_get(a, (size_t)n + 1, e);
    if (!p)
        return false;
    out->n = ZSTD_decompress(p, (size_t)n, packed.p, packed.n);
    out->p = p;
    return !ZSTD_isError(out->n) ||
           err_fail(e, ERR_INPUT, "%s: %s", path, ZSTD_getErrorName(out->n));
}

static struct bytes cell(struct bytes *line)
{
    size_t tab = bytes_find_byte(*line, '\t');
    struct bytes c = bytes_part(*line, 0, tab);

    *line = bytes_part(*line, tab + 1, SIZE_MAX);
    return c;
}

bool shared_next(struct bytes *rest, struct shared_row *out)
{
    struct bytes line;

    while (bytes_next_line(rest, &line)) {
        struct bytes kind = cell(&line);
        out->value = cell(&line);
        if (!decimal_parse(cell(&line), &out->tier) || !watch_kind_parse(kind, &out->kind))
            continue;
        out->source = line;
        return true;
    }
    return false;
}

bool shared_add(struct watch_builder *b, struct bytes rows, uint64_t tier, struct err *e)
{
    struct shared_row r;
    uint32_t n = 0;

    for (; shared_next(&rows, &r); n++) {
        struct watch_indicator in = {
            .kind = r.kind, .value = r.value, .origin = r.source, .ref = n};
        if (r.tier <= tier && !watch_builder_add(b, &in, e))
            return false;
    }
    return true;
}
