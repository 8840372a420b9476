#include "base/text.h"

#include <stdio.h>
#include <time.h>

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void hex_encode(char *out, const uint8_t *in, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = hex_digits[in[i] >> 4];
        out[2 * i + 1] = hex_digits[in[i] & 15];
    }
}

/* The value of a lower-case digit plus one; 0: no digit. */
static const uint8_t hex_values[256] = {
    ['0'] = 1, ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9, ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16};

bool hex_decode(uint8_t *out, size_t n, struct bytes text)
{
    unsigned all = 1;

    if (text.n / 2 != n || text.n % 2)
        return false;
    for (size_t i = 0; i < n; i++) {
        unsigned hi = hex_values[text.p[2 * i]], lo = hex_values[text.p[2 * i + 1]];
        all &= hi && lo;
        out[i] = (uint8_t)((hi - 1) << 4 | ((lo - 1) & 15));
    }
    return all;
}

void base64_encode(char *out, const uint8_t *in, size_t n)
{
    for (; n >= 3; n -= 3, in += 3) {
        *out++ = base64_digits[in[0] >> 2];
        *out++ = base64_digits[(in[0] & 3) << 4 | in[1] >> 4];
        *out++ = base64_digits[(in[1] & 15) << 2 | in[2] >> 6];
        *out++ = base64_digits[in[2] & 63];
    }
    if (n == 0)
        return;
    *out++ = base64_digits[in[0] >> 2];
    *out++ = base64_digits[(in[0] & 3) << 4 | (n == 2 ? in[1] >> 4 : 0)];
    *out++ = n == 2 ? base64_digits[(in[1] & 15) << 2] : '=';
    *out = '=';
}

/* One more than the value of a digit; 0: it is none. */
static const uint8_t base64_values[128] = {
    0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,
    0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  63,
    0,  0,  0,  64, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 0,  0,  0,  0,  0,  0,  0,  1,
    2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23,
    24, 25, 26, 0,  0,  0,  0,  0,  0,  27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39,
    40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 0,  0,  0,  0,  0,
};

static int base64_value(uint8_t c)
{
    return c < sizeof base64_values ? base64_values[c] - 1 : -1;
}

static size_t base64_length(struct bytes text)
{
    size_t n = text.n / 4 * 3;

    if (n && text.p[text.n - 1] == '=')
        n -= text.p[text.n - 2] == '=' ? 2 : 1;
    return n;
}

/* Four digits, none of them padding. */
static bool base64_four(uint8_t out[3], const uint8_t in[4])
{
    int a = base64_value(in[0]), b = base64_value(in[1]), c = base64_value(in[2]),
        d = base64_value(in[3]);
    uint32_t word = (uint32_t)a << 18 | (uint32_t)b << 12 | (uint32_t)c << 6 | (uint32_t)d;

    if ((a | b | c | d) < 0)
        return false;
    out[0] = (uint8_t)(word >> 16);
    out[1] = (uint8_t)(word >> 8);
    out[2] = (uint8_t)word;
    return true;
}

bool base64_decode(uint8_t *out, size_t *n, struct bytes text)
{
    size_t want = text.n % 4 ? SIZE_MAX : base64_length(text), done = 0;

    if (want > *n)
        return false;
    for (; text.n > 4; text = bytes_part(text, 4, SIZE_MAX), done += 3)
        if (!base64_four(out + done, text.p))
            return false;
    for (size_t i = 0; i < text.n; i += 4) {
        size_t take = want - done < 3 ? want - done : 3;
        uint32_t word = 0;
        for (size_t j = 0; j < 4; j++) {
            int v = j <= take ? base64_value(text.p[i + j]) : text.p[i + j] == '=' ? 0 : -1;
            if (v < 0)
                return false;
            word = word << 6 | (uint32_t)v;
        }
        if (take < 3 && word & ((1u << (8 * (3 - take))) - 1))
            return false;
        for (size_t j = 0; j < take; j++)
            out[done++] = (uint8_t)(word >> (16 - 8 * j));
    }
    *n = want;
    return true;
}

bool decimal_parse(struct bytes text, uint64_t *out)
{
    uint64_t v = 0;

    if (text.n == 0 || text.n > 20 || (text.n > 1 && text.p[0] == '0'))
        return false;
    for (size_t i = 0; i < text.n; i++) {
        unsigned d = (unsigned)text.p[i] - '0';
        if (d > 9 || v > (UINT64_MAX - d) / 10)
            return false;
        v = v * 10 + d;
    }
    *out = v;
    return true;
}

size_t decimal_print(char *out, uint64_t value)
{
    char digits[20];
    size_t n = 0;

    do
        digits[n++] = (char)('0' + value % 10);
    while (value /= 10);
    for (size_t i = 0; i < n; i++)
        out[i] = digits[n - 1 - i];
    return n;
}

/* The length of a well-formed sequence at p, or 0 (Unicode 15 table 3-7). */
static size_t utf8_length(const uint8_t *p, size_t n)
{
    uint8_t lo = 0x80, hi = 0xbf;
    size_t len;

    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return 0;
    len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (p[0] == 0xe0)
        lo = 0xa0;
    else if (p[0] == 0xed)
        hi = 0x9f;
    else if (p[0] == 0xf0)
        lo = 0x90;
    else if (p[0] == 0xf4)
        hi = 0x8f;
    if (n < len || p[1] < lo || p[1] > hi)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return len;
}

bool utf8_valid(struct bytes text)
{
    for (size_t at = 0; at < text.n;) {
        uint64_t word;
        size_t len;
        while (text.n - at >= 8 && (memcpy(&word, text.p + at, 8), !(word & 0x8080808080808080u)))
            at += 8;
        if (at == text.n)
            break;
        len = utf8_length(text.p + at, text.n - at);
        if (len == 0)
            return false;
        at += len;
    }
    return true;
}

int32_t utf8_next(struct bytes text, size_t *at)
{
    static const uint8_t lead[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    const uint8_t *p = text.p + *at;
    size_t len = *at < text.n ? utf8_length(p, text.n - *at) : 0;
    int32_t code;

    if (len == 0)
        return -1;
    code = p[0] & lead[len];
    for (size_t i = 1; i < len; i++)
        code = code << 6 | (p[i] & 0x3f);
    *at += len;
    return code;
}

size_t utf8_put(uint8_t out[4], uint32_t code)
{
    static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

    for (size_t i = len; i-- > 1; code >>= 6)
        out[i] = (uint8_t)(0x80 | (code & 0x3f));
    out[0] = (uint8_t)(lead[len] | code);
    return len;
}

static char *put_digits(char *out, unsigned v, unsigned n, char after)
{
    for (unsigned i = n; i-- > 0; v /= 10)
        out[i] = (char)('0' + v % 10);
    out[n] = after;
    return out + n + 1;
}

/* The proleptic Gregorian calendar, counted in eras of 400 years from 1 March of year 0; by hand,
 * for reports have a hundred thousand times in them, and libc asks for the time zone at each. */
void time_print(char out[TIME_TEXT_MAX], int64_t seconds)
{
    unsigned days, era, day, year, month, rest;

    if (seconds < 0 || seconds > INT64_C(253402300799)) {
        memcpy(out, "(no time)", 10);
        return;
    }
    rest = (unsigned)(seconds % 86400);
    days = (unsigned)(seconds / 86400) + 719468; /* 1970-01-01 */
    era = days / 146097;
    days %= 146097;
    year = (days - days / 1460 + days / 36524 - days / 146096) / 365;
    day = days - (365 * year + year / 4 - year / 100);
    month = (5 * day + 2) / 153; /* 0: March */
    day = day - (153 * month + 2) / 5 + 1;
    out = put_digits(out, era * 400 + year + (month >= 10), 4, '-');
    out = put_digits(out, month < 10 ? month + 3 : month - 9, 2, '-');
    out = put_digits(out, day, 2, 'T');
    out = put_digits(out, rest / 3600, 2, ':');
    out = put_digits(out, rest / 60 % 60, 2, ':');
    *put_digits(out, rest % 60, 2, 'Z') = '\0';
}

void time_print_us(char out[TIME_TEXT_MAX], int64_t us)
{
    time_print(out, us < 0 ? -1 : us / US_PER_S);
    if (out[0] != '(')
        snprintf(out + 19, TIME_TEXT_MAX - 19, ".%06uZ", (unsigned)(us % US_PER_S));
}

static bool digits(struct bytes text, size_t at, size_t n, int *out)
{
    int v = 0;

    for (size_t i = at; i < at + n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
        v = v * 10 + (text.p[i] - '0');
    }
    *out = v;
    return true;
}

static int days_in(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && leap ? 29 : days[month - 1];
}

static bool parse_to_second(struct bytes t, int64_t *seconds)
{
    struct tm tm = {0};

    if (t.n < 20 || t.p[4] != '-' || t.p[7] != '-' || t.p[10] != 'T' || t.p[13] != ':' ||
        t.p[16] != ':' || t.p[t.n - 1] != 'Z')
        return false;
    if (!digits(t, 0, 4, &tm.tm_year) || !digits(t, 5, 2, &tm.tm_mon) ||
        !digits(t, 8, 2, &tm.tm_mday) || !digits(t, 11, 2, &tm.tm_hour) ||
        !digits(t, 14, 2, &tm.tm_min) || !digits(t, 17, 2, &tm.tm_sec))
        return false;
    if (tm.tm_year < 1970 || tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 ||
        tm.tm_mday > days_in(tm.tm_year, tm.tm_mon) || tm.tm_hour > 23 || tm.tm_min > 59 ||
        tm.tm_sec > 59)
        return false;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    *seconds = timegm(&tm);
    return true;
}

bool time_parse_us(struct bytes text, int64_t *us)
{
    int64_t seconds, fraction = 0, unit = US_PER_S / 10;

    if (!parse_to_second(text, &seconds))
        return false;
    if (text.n > 20 && (text.p[19] != '.' || text.n < 22 || text.n > 30))
        return false;
    for (size_t i = 20; i + 1 < text.n; i++, unit /= 10) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
        fraction += unit * (text.p[i] - '0');
    }
    *us = seconds * US_PER_S + fraction;
    return true;
}

bool time_parse(struct bytes text, int64_t *seconds)
{
    return text.n == 20 && parse_to_second(text, seconds);
}

/* Characters that could change how what follows is shown, or hide it. */
static bool is_unsafe(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x200e || c == 0x200f || c == 0x061c ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

size_t text_escape(char *out, size_t cap, struct bytes in)
{
    size_t n = 0;

    if (cap == 0)
        return 0;
    for (size_t at = 0; at < in.n;) {
        char piece[16];
        size_t from = at, len;
        int32_t code = utf8_next(in, &at);
        if (code < 0)
            len = (size_t)snprintf(piece, sizeof piece, "\\x%02x", in.p[at++]);
        else if (!is_unsafe((uint32_t)code))
            memcpy(piece, in.p + from, len = at - from);
        else
            len = (size_t)snprintf(piece, sizeof piece, code < 0x100 ? "\\x%02x" : "\\u{%04x}",
                                   (unsigned)code);
        if (len > cap - 1 - n)
            break;
        memcpy(out + n, piece, len);
        n += len;
    }
    out[n] = '\0';
    return n;
}

bool slug_valid(struct bytes text)
{
    if (text.n == 0 || text.n > 63 || text.p[0] < 'a' || text.p[0] > 'z')
        return false;
    for (size_t i = 1; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
            return false;
    }
    return true;
}
