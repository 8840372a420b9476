/* Numbers: from a literal to the nearest double, and back by ECMAScript's rule.
 *
 * No function here sees a radix character: strtod gets digits and an exponent, and of what printf
 * writes we take the digits, so no locale can change a byte. */
#include "base/limits.h"
#include "base/text.h"
#include "stix/json_impl.h"

#include <float.h>
#include <math.h>

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static size_t digits_from(struct bytes t, size_t at)
{
    while (at < t.n && is_digit(t.p[at]))
        at++;
    return at;
}

size_t json_number_length(struct bytes t)
{
    size_t at = t.n && t.p[0] == '-', end;

    if (at >= t.n || !is_digit(t.p[at]))
        return 0;
    at = t.p[at] == '0' ? at + 1 : digits_from(t, at);
    if (at < t.n && t.p[at] == '.') {
        end = digits_from(t, at + 1);
        if (end == at + 1)
            return 0;
        at = end;
    }
    if (at < t.n && (t.p[at] | 0x20) == 'e') {
        at++;
        if (at < t.n && (t.p[at] == '+' || t.p[at] == '-'))
            at++;
        end = digits_from(t, at);
        return end == at ? 0 : end;
    }
    return at;
}

/* The literal as digits times a power of ten: "12.5e3" is 125 and 2. */
struct scaled {
    char digits[LIMIT_JSON_NUMBER + 1];
    size_t n;
    long exponent;
    bool whole; /* neither fraction nor exponent were written */
};

static long exponent_of(struct bytes t)
{
    bool negative = t.n && t.p[0] == '-';
    long v = 0;

    for (size_t i = t.n && !is_digit(t.p[0]); i < t.n; i++)
        if (v < 1000000) /* far beyond any double, and no overflow below */
            v = v * 10 + (t.p[i] - '0');
    return negative ? -v : v;
}

static void scale(struct bytes t, struct scaled *s)
{
    bool fraction = false;

    s->n = 0;
    s->exponent = 0;
    s->whole = true;
    for (size_t i = 0; i < t.n; i++) {
        if (is_digit(t.p[i])) {
            s->digits[s->n++] = (char)t.p[i];
            s->exponent -= fraction;
        } else if (t.p[i] == '.') {
            fraction = true;
            s->whole = false;
        } else if ((t.p[i] | 0x20) == 'e') {
            s->exponent += exponent_of(bytes_part(t, i + 1, SIZE_MAX));
            s->whole = false;
            break;
        }
    }
    s->digits[s->n] = '\0';
}

/* A whole literal beyond 2^53 is taken if it is the very value of its double, or the spelling
 * that ECMAScript gives that double; all others would come out as another number. */
static bool whole_survives(const struct scaled *s, double magnitude)
{
    char exact[DBL_MAX_10_EXP + 4], spelled[JSON_NUMBER_MAX];
    int n = snprintf(exact, sizeof exact, "%.0f", magnitude);
    size_t m = json_number_print(spelled, magnitude);
    struct bytes digits = bytes_of(s->digits, s->n);

    return bytes_equal(digits, bytes_of(exact, (size_t)n)) ||
           bytes_equal(digits, bytes_of(spelled, m));
}

static enum json_number_fault number_slow(struct bytes literal, bool negative, double *out)
{
    struct scaled s;
    char text[LIMIT_JSON_NUMBER + 16];
    double v;

    scale(literal, &s);
    snprintf(text, sizeof text, "%se%ld", s.digits, s.exponent);
    v = strtod(text, NULL);
    if (isinf(v))
        return NUMBER_LARGE;
    if (v == 0 && strspn(s.digits, "0") < s.n)
        return NUMBER_SMALL;
    if (s.whole && !whole_survives(&s, v))
        return NUMBER_INEXACT;
    *out = negative ? -v : v;
    return NUMBER_FINE;
}

enum json_number_fault json_number_of(struct bytes literal, double *out)
{
    bool negative = literal.p[0] == '-';
    struct bytes t = bytes_part(literal, negative, SIZE_MAX);
    int64_t v = 0;

    if (t.n > LIMIT_JSON_NUMBER)
        return NUMBER_LONG;
    if (t.n > 15 || digits_from(t, 0) != t.n)
        return number_slow(t, negative, out);
    for (size_t i = 0; i < t.n; i++)
        v = v * 10 + (t.p[i] - '0');
    *out = negative ? -(double)v : (double)v;
    return NUMBER_FINE;
}

/* ---- printing ------------------------------------------------------------------------- */

/* The digits of a positive double: 0.d1d2d3... times ten to the power of `point`. */
struct decimal {
    char digits[20];
    int n, point;
};

static void round_to(double v, int n, struct decimal *d)
{
    char text[64];
    int at = 0;

    snprintf(text, sizeof text, "%.*e", n - 1, v);
    d->n = 0;
    for (; text[at] != 'e'; at++)
        if (is_digit((uint8_t)text[at]))
            d->digits[d->n++] = text[at];
    d->point = (int)strtol(text + at + 1, NULL, 10) + 1;
}

static bool comes_back(const struct decimal *d, double v)
{
    char text[48];

    snprintf(text, sizeof text, "%.*se%d", d->n, d->digits, d->point - d->n);
    return strtod(text, NULL) == v;
}

/* One more in the last place. */
static void step_up(struct decimal *d)
{
    int i = d->n - 1;

    while (i >= 0 && d->digits[i] == '9')
        d->digits[i--] = '0';
    if (i >= 0) {
        d->digits[i]++;
        return;
    }
    d->digits[0] = '1';
    d->point++;
}

/* The fewest digits that read back as v, and of those the nearest to v. printf rounds to the
 * nearest, which is right except above a power of two: there the gap below is half the gap above,
 * and the nearest may fall short where the next one up does not. */
static void shortest(double v, struct decimal *d)
{
    int least = v < DBL_MIN ? 1 : DBL_DIG; /* 15 digits always survive, but not among subnormals */

    for (int n = least; n <= DBL_DECIMAL_DIG; n++) {
        round_to(v, n, d);
        if (comes_back(d, v))
            break;
        step_up(d);
        if (n < DBL_DECIMAL_DIG && comes_back(d, v))
            break;
    }
    while (d->n > 1 && d->digits[d->n - 1] == '0')
        d->n--;
}

static size_t put_zeros(char *out, int n)
{
    memset(out, '0', (size_t)n);
    return (size_t)n;
}

static size_t put_digits(char *out, const struct decimal *d, int from, int n)
{
    memcpy(out, d->digits + from, (size_t)n);
    return (size_t)n;
}

static size_t put_exponent(char *out, const struct decimal *d)
{
    size_t at = put_digits(out, d, 0, 1);
    int power = d->point - 1;

    if (d->n > 1) {
        out[at++] = '.';
        at += put_digits(out + at, d, 1, d->n - 1);
    }
    out[at++] = 'e';
    out[at++] = power < 0 ? '-' : '+';
    return at + decimal_print(out + at, (uint64_t)(power < 0 ? -power : power));
}

/* ECMA-262 Number::toString, steps 6 to 10, with n = point and k = d->n. */
static size_t put_decimal(char *out, const struct decimal *d)
{
    size_t at = 0;

    if (d->point > 21 || d->point <= -6)
        return put_exponent(out, d);
    if (d->point >= d->n) {
        at += put_digits(out, d, 0, d->n);
        return at + put_zeros(out + at, d->point - d->n);
    }
    if (d->point > 0) {
        at += put_digits(out, d, 0, d->point);
        out[at++] = '.';
        return at + put_digits(out + at, d, d->point, d->n - d->point);
    }
    out[at++] = '0';
    out[at++] = '.';
    at += put_zeros(out + at, -d->point);
    return at + put_digits(out + at, d, 0, d->n);
}

size_t json_number_print(char out[JSON_NUMBER_MAX], double v)
{
    size_t at = v < 0;
    double magnitude = fabs(v);
    struct decimal d;

    out[0] = '-';
    if (magnitude < 9007199254740992.0 && magnitude == floor(magnitude))
        return at + decimal_print(out + at, (uint64_t)magnitude);
    shortest(magnitude, &d);
    return at + put_decimal(out + at, &d);
}
