/* finder: the kernels' table, and what surrounds a chunk's search. */
#include "watch/finder.h"

#include "base/cpu.h"

#include <stdlib.h>

extern const struct kernel kernel_portable;
#if defined(__x86_64__)
extern const struct kernel kernel_avx2, kernel_avx512;
#endif

static const struct kernel *const all[] = {
#if defined(__x86_64__)
    &kernel_avx512,
    &kernel_avx2,
#endif
    &kernel_portable,
};
#define KERNELS (sizeof all / sizeof all[0])

const struct kernel *kernel_best(uint32_t cpu)
{
    const struct kernel *const *k = all;

    while ((*k)->needs & ~cpu)
        k++; /* portable needs nothing, so this ends */
    return *k;
}

const struct kernel *kernel_named(const char *name, uint32_t cpu)
{
    for (size_t i = 0; i < KERNELS; i++)
        if (!strcmp(all[i]->name, name))
            return all[i]->needs & ~cpu ? NULL : all[i];
    return NULL;
}

/* Every word or address takes two bytes with what parts it from the next one, and a rare token
 * is begun by a byte of its own; lists of positions are written some at a time. */
#define ENDS_MOST (CHUNK + PUT_SLACK)
#define TOKENS_MOST (CHUNK + 64)
/* A suffix begins behind a dot. A name may have begun in the chunk before. */
#define PROBES_MOST (CHUNK + 64)

bool finder_init(struct finder *f, const struct watch_index *ix, struct memo *memo, struct err *e)
{
    *f = (struct finder){.ix = ix, .memo = memo};
    f->ends = malloc(ENDS_MOST * sizeof *f->ends);
    f->name_ends = malloc(ENDS_MOST * sizeof *f->name_ends);
    f->ips = malloc(ENDS_MOST * sizeof *f->ips);
    f->ip_sizes = malloc(ENDS_MOST);
    f->probes = malloc(PROBES_MOST * sizeof *f->probes);
    f->rows = aligned_alloc(64, sizeof *f->rows);
    f->ipv4.at = malloc(TOKENS_MOST * sizeof *f->ipv4.at);
    f->name.at = malloc(TOKENS_MOST * sizeof *f->name.at);
    f->rare.at = malloc(4 * TOKENS_MOST * sizeof *f->rare.at);
    if (f->ends && f->name_ends && f->ips && f->ip_sizes && f->probes && f->rows && f->ipv4.at &&
        f->name.at && f->rare.at) {
        memset(f->rows, 0, sizeof *f->rows);
        return true;
    }
    finder_wipe(f);
    return err_fail(e, ERR_NOMEM, "out of memory");
}

void finder_wipe(struct finder *f)
{
    free(f->ends);
    free(f->name_ends);
    free(f->ips);
    free(f->ip_sizes);
    free(f->probes);
    free(f->rows);
    free(f->ipv4.at);
    free(f->name.at);
    free(f->rare.at);
    *f = (struct finder){0};
}

void finder_begin(struct finder *f, const uint8_t *p, size_t n)
{
    f->p = p;
    f->n = n;
    f->open_left = f->open_right = f->url_open = false;
    f->fresh = 0;
    f->at = 0;
    f->newlines = 0;
    f->carry = (struct carry){.newline = 1};
    f->url_done = f->digest_done = f->ipv6_done = 0;
}

/* By start; they are nearly in order. */
static void sort(struct list *l)
{
    for (size_t i = 1; i < l->n; i++) {
        struct token t = l->at[i];
        size_t j = i;
        for (; j > 0 && l->at[j - 1].start > t.start; j--)
            l->at[j] = l->at[j - 1];
        l->at[j] = t;
    }
}

bool finder_next(struct finder *f, const struct kernel *k)
{
    f->ipv4.n = f->name.n = f->rare.n = 0;
    if (f->at == f->n)
        return false;
    (f->json ? k->json : f->zeek ? k->zeek : k->text)(f);
    sort(&f->rare);
    sort(&f->name);
    return true;
}
