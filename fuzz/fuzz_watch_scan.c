/* watch: the scanner over any bytes, in each format, by every kernel, cut where the first byte
 * says. All kernels and cuts give the same hits. */
#include "crypto/crypto.h"
#include "watch/watch.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct sum {
    uint64_t n, h;
};

static bool add(void *self, const struct watch_hit *hit)
{
    struct sum *s = self;

    /* no order within a line is promised */
    s->h += (hit->line_number * 1000003 + hit->id * 7919 + hit->how) * UINT64_C(0x9e3779b97f4a7c15);
    for (size_t i = 0; i < hit->field.n; i++)
        s->h += hit->field.p[i];
    assert(hit->seen.n > 0 && hit->line.n >= 1);
    s->n++;
    return true;
}

static struct watch_index *make_index(struct arena *a)
{
    static const char *const values[] = {
        "1.2.3.4",       "10.0.0.0/8",   "2001:db8::/32", "a.b",
        "x.example.org", "http://a.b/c", "u@a.b",         "44d88612fea8abf36de82e1278abb02f"};
    struct watch_builder *b = watch_builder_new(os_system(), NULL);
    struct bytes file;

    for (size_t i = 0; i < 8; i++) {
        struct watch_indicator in = {.value = bytes_text(values[i])};
        if (!watch_kind_guess(in.value, &in.kind) || !watch_builder_add(b, &in, NULL))
            abort();
    }
    if (!watch_builder_encode(b, a, &file, NULL, NULL))
        abort();
    watch_builder_free(b);
    return watch_index_of(file, NULL);
}

static struct sum run(struct watch_index *ix, const char *kernel, enum watch_format format,
                      struct bytes text, size_t cut)
{
    struct sum sum = {0};
    struct watch_options o = {.format = format, .kernel = kernel, .hit = add, .self = &sum};
    struct watch_scanner *s = watch_scanner_new(ix, &o, NULL);

    if (!s)
        return sum;
    while (text.n) {
        size_t k = cut < text.n ? cut : text.n;
        if (!watch_scan(s, bytes_of(text.p, k), NULL))
            abort();
        text = bytes_part(text, k, SIZE_MAX);
    }
    watch_scan_end(s, NULL);
    watch_scanner_free(s);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct watch_index *ix;
    static const char *const kernels[] = {"avx512", "avx2"};
    static struct arena *arena;

    if (!ix) {
        arena = arena_new(1 << 24);
        ix = make_index(arena);
    }
    if (n < 2)
        return 0;
    for (enum watch_format f = WATCH_AUTO; f <= WATCH_CSV; f++) {
        struct bytes text = bytes_of(data + 1, n - 1);
        struct sum whole = run(ix, "portable", f, text, SIZE_MAX);
        struct sum parts = run(ix, "portable", f, text, 1u + data[0]);
        /* AUTO decides when it has seen enough, which a cut may change */
        assert(f == WATCH_AUTO || (whole.n == parts.n && whole.h == parts.h));
        for (int k = 0; k < 2; k++) {
            struct sum other = run(ix, kernels[k], f, text, SIZE_MAX);
            struct watch_options o = {.kernel = kernels[k]};
            struct watch_scanner *s = watch_scanner_new(ix, &o, NULL);
            assert(!s || (whole.n == other.n && whole.h == other.h));
            watch_scanner_free(s);
        }
    }
    return 0;
}
