#include "base/arena.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define CHUNK_FIRST ((size_t)4096)
#define CHUNK_MOST ((size_t)1 << 20)
#define LARGE_PAGE ((size_t)2 << 20)

struct chunk {
    struct chunk *below;
    size_t size, used;
    _Alignas(16) uint8_t data[];
};

struct arena {
    struct chunk *top;
    size_t cap, total, next;
    bool secret;
};

struct arena *arena_new(size_t cap_bytes)
{
    struct arena *a = calloc(1, sizeof *a);

    if (a) {
        a->cap = cap_bytes;
        a->next = CHUNK_FIRST;
    }
    return a;
}

struct arena *arena_new_secret(size_t cap_bytes)
{
    struct arena *a = arena_new(cap_bytes);

    if (a)
        a->secret = true;
    return a;
}

static void pop(struct arena *a)
{
    struct chunk *c = a->top;

    a->top = c->below;
    if (a->secret)
        explicit_bzero(c->data, c->used); /* what arena_reset gave back has been wiped there */
    free(c);
}

void arena_free(struct arena *a)
{
    if (!a)
        return;
    while (a->top)
        pop(a);
    free(a);
}

void memory_in_large_pages(void *p, size_t n)
{
    size_t skip = (LARGE_PAGE - (uintptr_t)p % LARGE_PAGE) % LARGE_PAGE;

    if (n >= 2 * LARGE_PAGE) /* so that there is a whole one in it; advice that fails is no loss */
        (void)madvise((uint8_t *)p + skip, (n - skip) / LARGE_PAGE * LARGE_PAGE, MADV_HUGEPAGE);
}

static bool push(struct arena *a, size_t n)
{
    size_t size = n > a->next ? n : a->next;
    struct chunk *c = malloc(sizeof *c + size);

    if (!c)
        return false;
    memory_in_large_pages(c, sizeof *c + size);
    c->below = a->top;
    c->size = size;
    c->used = 0;
    a->top = c;
    if (a->next < CHUNK_MOST)
        a->next *= 2;
    return true;
}

bool arena_reserve(struct arena *a, size_t n, struct err *e)
{
    if (n > a->cap - a->total)
        return err_fail(e, ERR_LIMIT, "over the memory cap of %zu bytes", a->cap);
    return (a->top && n <= a->top->size - a->top->used) || push(a, n) ||
           err_fail(e, ERR_NOMEM, "out of memory");
}

void *arena_get_raw(struct arena *a, size_t n, struct err *e)
{
    size_t need;
    void *p;

    if (n > SIZE_MAX - 15 || (need = (n + 15) & ~(size_t)15) > a->cap - a->total) {
        err_fail(e, ERR_LIMIT, "over the memory cap of %zu bytes", a->cap);
        return NULL;
    }
    if ((!a->top || need > a->top->size - a->top->used) && !push(a, need)) {
        err_fail(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    p = a->top->data + a->top->used;
    a->top->used += need;
    a->total += need;
    return p;
}

void *arena_get(struct arena *a, size_t n, struct err *e)
{
    void *p = arena_get_raw(a, n, e);

    return p ? memset(p, 0, n) : NULL;
}

void *arena_get_array(struct arena *a, size_t count, size_t size, struct err *e)
{
    if (size && count > SIZE_MAX / size) {
        err_fail(e, ERR_LIMIT, "over the memory cap of %zu bytes", a->cap);
        return NULL;
    }
    return arena_get(a, count * size, e);
}

bool arena_copy(struct arena *a, struct bytes b, struct bytes *out, struct err *e)
{
    uint8_t *p = b.n == SIZE_MAX ? NULL : arena_get_raw(a, b.n + 1, e);

    if (!p)
        return false;
    if (b.n)
        memcpy(p, b.p, b.n);
    p[b.n] = 0;
    *out = (struct bytes){p, b.n};
    return true;
}

char *arena_string(struct arena *a, struct bytes b, struct err *e)
{
    struct bytes copy;

    if (b.n && memchr(b.p, 0, b.n)) {
        err_fail(e, ERR_INPUT, "a zero byte where text is expected");
        return NULL;
    }
    return arena_copy(a, b, &copy, e) ? (char *)(uintptr_t)copy.p : NULL;
}

char *arena_format(struct arena *a, struct err *e, const char *format, ...)
{
    va_list args, again;
    char *p = NULL;
    int n;

    va_start(args, format);
    va_copy(again, args);
    n = vsnprintf(NULL, 0, format, args);
    if (n >= 0 && (p = arena_get(a, (size_t)n + 1, e)))
        vsnprintf(p, (size_t)n + 1, format, again);
    va_end(again);
    va_end(args);
    return p;
}

void arena_keep_memory(void)
{
    mallopt(M_MMAP_THRESHOLD, 64 << 20);
    mallopt(M_TRIM_THRESHOLD, 128 << 20);
}

struct arena_mark arena_mark(const struct arena *a)
{
    return (struct arena_mark){a->top, a->top ? a->top->used : 0, a->total};
}

void arena_reset(struct arena *a, struct arena_mark to)
{
    while (a->top && a->top != to.chunk)
        pop(a);
    if (a->top) {
        if (a->secret)
            explicit_bzero(a->top->data + to.used, a->top->used - to.used);
        a->top->used = to.used;
    }
    a->total = to.total;
}

size_t arena_used(const struct arena *a)
{
    return a->total;
}

size_t arena_cap(const struct arena *a)
{
    return a->cap;
}
