#include "match/match.h"

/* Bits: IPv4 has 2^32 addresses, all of which fit on some hundred lists. Domains, URLs, e-mail
 * addresses and digests are too many to try all, though many can be guessed: budgets bound that. */
const struct match_type match_types[] = {
    {"domain", "domains", "domain/1", 0},
    {"ipv4", "ipv4s", "address/1", 32},
    {"ipv6", "ipv6s", "address/1", 0},
    {"url", "urls", "url/1", 0},
    {"email", "emails", "email/1", 0},
    {"md5", "md5s", "hash/1", 0},
    {"sha1", "sha1s", "hash/1", 0},
    {"sha256", "sha256s", "hash/1", 0},
    {"sha512", "sha512s", "hash/1", 0},
    {"identifier", "identifiers", "free/1", 30},
    {NULL},
};

const struct match_type *match_type_find(struct bytes name)
{
    for (const struct match_type *t = match_types; t->name; t++)
        if (bytes_are(name, t->name) || bytes_are(name, t->many))
            return t;
    return NULL;
}

bool match_type_guessable(const struct match_type *t)
{
    return t->bits > 0 && t->bits < 48;
}

static const char *const who_names[] = {"both", "asker", "asked"};

const char *match_who_name(enum match_who w)
{
    return who_names[w];
}

bool match_who_parse(struct bytes text, enum match_who *out)
{
    for (unsigned i = 0; i < 3; i++)
        if (bytes_are(text, who_names[i])) {
            *out = (enum match_who)i;
            return true;
        }
    return false;
}

bool match_leg_runs(enum match_who w, unsigned leg)
{
    return w == MATCH_BOTH || (leg == 0) == (w == MATCH_ONLY_ASKER);
}

enum psi_role match_role(enum match_side side, unsigned leg)
{
    return (side == MATCH_ASKER) == (leg == 0) ? PSI_RECEIVER : PSI_SENDER;
}

/* Integer square root, rounded up. */
static uint64_t root_up(uint64_t n)
{
    uint64_t r = 0;

    for (uint64_t bit = UINT64_C(1) << 31; bit; bit >>= 1)
        if ((r + bit) * (r + bit) < n)
            r += bit;
    return n ? r + 1 : 0;
}

/* Chernoff: above the mean m by d with probability at most exp(-d^2 / (2m + 2d/3)). With
 * d = 10 sqrt(m) + 40 that is below 2^-47 for each m, which leaves room for 128 shards. */
uint64_t match_shard_size(uint64_t n, unsigned shards)
{
    uint64_t mean = (n + shards - 1) / shards, size = mean + 10 * root_up(mean) + 40;

    return shards == 1 || size > n ? n : size;
}
