#include "base/buf.h"
#include "base/catalogue.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>

struct buf buf_in(struct arena *a)
{
    return (struct buf){.arena = a};
}

/* Room for n more bytes, or NULL. */
static uint8_t *room(struct buf *b, size_t n)
{
    if (b->e.code)
        return NULL;
    if (n > b->cap - b->n) {
        size_t cap = b->cap ? b->cap : 128;
        uint8_t *p;
        while (cap - b->n < n && cap <= SIZE_MAX / 2)
            cap *= 2;
        p = arena_get_raw(b->arena, cap, &b->e);
        if (!p)
            return NULL;
        if (b->n)
            memcpy(p, b->p, b->n);
        b->p = p;
        b->cap = cap;
    }
    b->n += n;
    return b->p + (b->n - n);
}

void buf_put(struct buf *b, struct bytes what)
{
    uint8_t *p = what.n ? room(b, what.n) : NULL;

    if (p)
        memcpy(p, what.p, what.n);
}

void buf_puts(struct buf *b, const char *text)
{
    buf_put(b, bytes_text(text));
}

void buf_byte(struct buf *b, uint8_t byte)
{
    buf_put(b, bytes_of(&byte, 1));
}

__attribute__((format(printf, 2, 0))) static void print_to(struct buf *b, const char *format,
                                                           va_list args)
{
    va_list again;
    uint8_t *p;
    int n;

    va_copy(again, args);
    n = vsnprintf(NULL, 0, format, args);
    if (n >= 0 && (p = room(b, (size_t)n + 1))) {
        vsnprintf((char *)p, (size_t)n + 1, format, again);
        b->n--;
    }
    va_end(again);
}

void buf_format(struct buf *b, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print_to(b, format, args);
    va_end(args);
}

void buf_say(struct buf *b, const struct catalogue *words, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print_to(b, catalogue_text(words, format), args);
    va_end(args);
}

void buf_label(struct buf *b, const struct catalogue *words, const char *text, size_t columns)
{
    const char *label = catalogue_text(words, text);
    size_t n = text_width(bytes_text(label));

    buf_puts(b, label);
    do
        buf_byte(b, ' ');
    while (++n < columns);
}

void buf_decimal(struct buf *b, uint64_t value)
{
    char digits[20];
    buf_put(b, bytes_of(digits, decimal_print(digits, value)));
}

void buf_hex(struct buf *b, const uint8_t *bytes, size_t n)
{
    uint8_t *p = room(b, 2 * n);

    if (p)
        hex_encode((char *)p, bytes, n);
}

void buf_base64(struct buf *b, const uint8_t *bytes, size_t n)
{
    uint8_t *p = room(b, BASE64_LEN(n));

    if (p)
        base64_encode((char *)p, bytes, n);
}

static void put_be(struct buf *b, uint64_t v, size_t n)
{
    uint8_t *p = room(b, n);

    for (size_t i = n; p && i-- > 0; v >>= 8)
        p[i] = (uint8_t)v;
}

void buf_u16(struct buf *b, uint16_t v)
{
    put_be(b, v, 2);
}

void buf_u32(struct buf *b, uint32_t v)
{
    put_be(b, v, 4);
}

void buf_u64(struct buf *b, uint64_t v)
{
    put_be(b, v, 8);
}

void buf_escaped(struct buf *b, struct bytes text)
{
    size_t cap = text.n > SIZE_MAX / 8 ? 0 : text.n * 8 + 1;
    uint8_t *p = cap ? room(b, cap) : NULL;

    if (p)
        b->n = b->n - cap + text_escape((char *)p, cap, text);
}

struct bytes buf_view(const struct buf *b)
{
    return (struct bytes){b->p, b->n};
}

bool buf_end(struct buf *b, struct bytes *out, struct err *e)
{
    if (b->e.code)
        return err_pass(e, &b->e);
    *out = buf_view(b);
    return true;
}

char *buf_string(struct buf *b, struct err *e)
{
    struct bytes all;

    buf_byte(b, 0);
    return buf_end(b, &all, e) ? (char *)(uintptr_t)all.p : NULL;
}
