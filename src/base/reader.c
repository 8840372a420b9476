#include "base/reader.h"
#include "base/text.h"

struct reader reader_of(struct bytes in)
{
    return (struct reader){.in = in};
}

void reader_fail(struct reader *r, const char *expected)
{
    if (r->expected)
        return;
    r->expected = expected;
    r->failed_at = r->at;
    r->failed_line = r->line;
}

struct bytes reader_line(struct reader *r)
{
    struct bytes rest, line;

    if (r->expected)
        return bytes_of(NULL, 0);
    r->line++;
    rest = bytes_part(r->in, r->at, SIZE_MAX);
    line = bytes_part(rest, 0, bytes_find_byte(rest, '\n'));
    if (line.n == rest.n) {
        reader_fail(r, "a line that ends in a line feed");
        return bytes_of(NULL, 0);
    }
    r->at += line.n + 1;
    return line;
}

uint64_t reader_decimal_line(struct reader *r)
{
    struct bytes line = reader_line(r);
    uint64_t v = 0;

    if (!r->expected && !decimal_parse(line, &v))
        reader_fail(r, "a decimal number below 2^64 without leading zeros");
    return v;
}

void reader_base64_line(struct reader *r, uint8_t *out, size_t n)
{
    struct bytes line = reader_line(r);
    size_t got = n;

    if (!r->expected && (line.n != BASE64_LEN(n) || !base64_decode(out, &got, line) || got != n))
        reader_fail(r, "base64 of the right length");
    if (r->expected)
        memset(out, 0, n);
}

void reader_expect_line(struct reader *r, const char *text)
{
    struct bytes line = reader_line(r);

    if (!r->expected && !bytes_are(line, text))
        reader_fail(r, text);
}

struct bytes reader_bytes(struct reader *r, size_t n)
{
    struct bytes b;

    if (!r->expected && n > r->in.n - r->at)
        reader_fail(r, "more bytes");
    if (r->expected)
        return bytes_of(NULL, 0);
    b = bytes_part(r->in, r->at, n);
    r->at += n;
    return b;
}

static uint64_t read_be(struct reader *r, size_t n)
{
    const uint8_t *p = r->in.p + r->at;
    uint64_t v = 0;

    if (r->expected || n > r->in.n - r->at) {
        reader_fail(r, "more bytes");
        return 0;
    }
    for (size_t i = 0; i < n; i++)
        v = v << 8 | p[i];
    r->at += n;
    return v;
}

uint8_t reader_u8(struct reader *r)
{
    return (uint8_t)read_be(r, 1);
}

uint16_t reader_u16(struct reader *r)
{
    return (uint16_t)read_be(r, 2);
}

uint32_t reader_u32(struct reader *r)
{
    return (uint32_t)read_be(r, 4);
}

uint64_t reader_u64(struct reader *r)
{
    return read_be(r, 8);
}

void reader_copy(struct reader *r, void *out, size_t n)
{
    struct bytes b = reader_bytes(r, n);

    if (b.n)
        memcpy(out, b.p, b.n);
    else if (n)
        memset(out, 0, n);
}

size_t reader_left(const struct reader *r)
{
    return r->expected ? 0 : r->in.n - r->at;
}

bool reader_failed(const struct reader *r)
{
    return r->expected != NULL;
}

bool reader_ok(const struct reader *r, struct err *e)
{
    if (!r->expected)
        return true;
    if (r->failed_line)
        return err_fail(e, ERR_INPUT, "line %zu: expected %s", r->failed_line, r->expected);
    return err_fail(e, ERR_INPUT, "byte %zu: expected %s", r->failed_at, r->expected);
}

bool reader_end(const struct reader *r, struct err *e)
{
    if (!reader_ok(r, e))
        return false;
    if (r->at == r->in.n)
        return true;
    if (r->line)
        return err_fail(e, ERR_INPUT, "line %zu: expected the end", r->line + 1);
    return err_fail(e, ERR_INPUT, "byte %zu: expected the end", r->at);
}
