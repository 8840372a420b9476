#include "psi/normalise.h"
#include "base/catalogue.h"

#include "psi/normalise_impl.h"

const struct normalise_recipe normalise_recipes[] = {
    {"domain/1", normalise_domain},
    {"address/1", normalise_address},
    {"url/1", normalise_url},
    {"hash/1", normalise_hash},
    {"email/1", normalise_email},
    {"free/1", normalise_free},
    {NULL, NULL},
};

const struct normalise_recipe *normalise_find(struct bytes name)
{
    for (const struct normalise_recipe *r = normalise_recipes; r->name; r++)
        if (bytes_are(name, r->name))
            return r;
    return NULL;
}

const char *normalise_drop_name(enum normalise_drop why)
{
    static const char *const names[] = {
        N_("kept"),     N_("blank or comment"), N_("not plain UTF-8"),
        N_("too long"), N_("not of this kind"), "a network or wildcard"};
    return (unsigned)why < NORMALISE_DROPS ? names[why] : "unknown";
}

/* ---- writing with a bound ----------------------------------------------------------------- */

void item_byte(struct item *i, uint8_t b)
{
    if (i->n < NORMALISE_MOST)
        i->p[i->n] = b;
    i->n++; /* past the end it only counts, and item_fits says so */
}

void item_put(struct item *i, struct bytes b)
{
    for (size_t k = 0; k < b.n; k++)
        item_byte(i, b.p[k]);
}

bool item_fits(const struct item *i)
{
    return i->n <= NORMALISE_MOST;
}

/* ---- characters --------------------------------------------------------------------------- */

/* Lower case by ranges that no Unicode version will change: ASCII, Latin-1, Latin Extended-A,
 * Greek and Cyrillic. Others stay as they are. */
uint32_t lower_case(uint32_t c)
{
    if (c - 'A' < 26 || (c >= 0xc0 && c <= 0xde && c != 0xd7) || (c >= 0x391 && c <= 0x3a9) ||
        (c >= 0x410 && c <= 0x42f))
        return c + 32;
    if (c >= 0x400 && c <= 0x40f)
        return c + 80;
    if (c == 0x178)
        return 0xff;
    if ((c >= 0x100 && c <= 0x12f) || (c >= 0x132 && c <= 0x137) || (c >= 0x14a && c <= 0x177))
        return c | 1;
    if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e))
        return c + (c & 1);
    return c;
}

/* What has no place in an item. Marks that combine, and the parts of Hangul syllables, have a
 * spelling in one character too (NFC), and two lists that spell differently would not match
 * without a word: so they are dropped, and counted. */
static const struct {
    uint32_t from, to;
} refused[] = {
    {0, 8},           {0xa, 0x1f},      {0x7f, 0x9f},     {0xad, 0xad},     /* controls */
    {0x300, 0x36f},   {0x1100, 0x11ff},                                     /* parts */
    {0x61c, 0x61c},   {0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e}, /* invisible */
    {0x2060, 0x206f}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0x10ffff},
};

static bool plain(struct bytes in)
{
    size_t at = 0;

    while (at < in.n) {
        int32_t c = utf8_next(in, &at);
        if (c < 0)
            return false;
        for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
            if ((uint32_t)c >= refused[i].from && (uint32_t)c <= refused[i].to)
                return false;
    }
    return true;
}

/* "[.]" and its like: how many bytes of `in` at `at` stand for one character; 0: none do. */
static size_t fang(struct bytes in, size_t at, const char *word, char sign, char *out)
{
    static const char open[] = "[({", close[] = "])}";
    struct bytes rest = bytes_part(in, at, SIZE_MAX);

    for (unsigned i = 0; i < 3; i++) {
        struct bytes w = bytes_text(word), s = {(const uint8_t *)&sign, 1};
        for (unsigned k = 0; k < 2; k++) {
            struct bytes what = k ? w : s;
            bool same =
                rest.n >= what.n + 2 && rest.p[0] == open[i] && rest.p[what.n + 1] == close[i];
            for (size_t j = 0; same && j < what.n; j++)
                same = lower_case(rest.p[1 + j]) == what.p[j];
            if (same) {
                *out = sign;
                return what.n + 2;
            }
        }
    }
    return 0;
}

/* Defanged signs back to what they stand for; blanks around them go too. */
bool refang(struct bytes in, struct item *out)
{
    for (size_t at = 0; at < in.n;) {
        char sign = 0;
        size_t blanks = at, n;
        while (blanks < in.n && in.p[blanks] == ' ')
            blanks++;
        n = fang(in, blanks, "dot", '.', &sign);
        n = n ? n : fang(in, blanks, "at", '@', &sign);
        n = n ? n : fang(in, blanks, "colon", ':', &sign);
        if (!n) {
            item_byte(out, in.p[at++]);
            continue;
        }
        item_byte(out, (uint8_t)sign);
        for (at = blanks + n; at < in.n && in.p[at] == ' ';)
            at++;
    }
    return item_fits(out);
}

/* ---- lines -------------------------------------------------------------------------------- */

enum normalise_drop normalise_line(const struct normalise_recipe *r, struct bytes line,
                                   uint8_t out[NORMALISE_MOST], size_t *n)
{
    struct bytes in = bytes_trim(line);

    *n = 0;
    if (in.n == 0 || in.p[0] == '#')
        return NORMALISE_BLANK;
    if (in.n > 2 * NORMALISE_MOST)
        return NORMALISE_LONG;
    if (!plain(in))
        return NORMALISE_ENCODING;
    return r->item(in, out, n);
}

bool normalise_list(const struct normalise_recipe *r, struct bytes text, struct psi_set *set,
                    uint32_t *numbers, struct normalise_counts *counts, struct err *e)
{
    uint8_t out[NORMALISE_MOST];
    struct bytes line;
    size_t n;

    memset(counts, 0, sizeof *counts);
    for (uint32_t number = 0; bytes_next_line(&text, &line); number++) {
        enum normalise_drop why = normalise_line(r, line, out, &n);
        if (why == NORMALISE_KEPT) {
            if (numbers)
                numbers[psi_set_size(set)] = number;
            if (!psi_set_add(set, bytes_of(out, n), e))
                return err_within(e, "line %u", number + 1);
        }
        counts->lines[why]++;
    }
    return true;
}
