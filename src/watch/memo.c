/* memo: logs say the same addresses and names over and over. What a token's bytes hit, or that
 * they hit nothing, is kept for as many tokens as fit; a newer one takes an older one's place.
 * Nothing rests on a hash: the bytes themselves are compared. */
#include "watch/finder.h"

#include <stdlib.h>

#define MEMO_TOKENS 512
#define MEMO_TEXT 46
#define MEMO_HITS 3

struct known {
    uint8_t kind; /* enum token_kind + 1; 0: empty */
    uint8_t size, text[MEMO_TEXT];
    uint8_t n; /* hits; more than MEMO_HITS: look them up again */
    bool hit;  /* one of them is more than a URL's host */
    uint8_t how[MEMO_HITS];
    uint32_t at[MEMO_HITS];
};

struct memo {
    struct known known[MEMO_TOKENS];
};

struct memo *memo_new(struct err *e)
{
    struct memo *m = calloc(1, sizeof *m);

    if (!m)
        err_fail(e, ERR_NOMEM, "out of memory");
    return m;
}

void memo_free(struct memo *m)
{
    free(m);
}

void memo_forget(struct memo *m)
{
    memset(m, 0, sizeof *m);
}

static size_t place(enum token_kind kind, struct bytes text)
{
    uint64_t h = text.n * 8 + (uint64_t)kind;
    size_t at = 0;

    for (; text.n - at >= 8; at += 8)
        h = (h ^ load64(text.p + at)) * UINT64_C(0x9e3779b97f4a7c15);
    for (; at < text.n; at++)
        h = (h ^ text.p[at]) * UINT64_C(0x9e3779b97f4a7c15);
    return (h ^ h >> 32) * UINT64_C(0x9e3779b97f4a7c15) >> 55;
}

static bool learn(void *self, const struct entry *en, uint64_t id, enum watch_how how)
{
    struct known *k = self;

    k->hit |= !(en->flags & ENTRY_HOST);
    if (k->n < MEMO_HITS) {
        k->at[k->n] = (uint32_t)id;
        k->how[k->n] = (uint8_t)how;
    }
    return ++k->n <= MEMO_HITS;
}

static const struct known *known(struct memo *m, const struct watch_index *ix, enum token_kind kind,
                                 struct bytes text)
{
    struct known *k = &m->known[place(kind, text)];

    if (k->kind == (uint8_t)kind + 1 && k->size == text.n && memcmp(k->text, text.p, text.n) == 0)
        return k;
    k->kind = (uint8_t)(kind + 1);
    k->size = (uint8_t)text.n;
    memcpy(k->text, text.p, text.n);
    k->n = 0;
    k->hit = false;
    token_hits(ix, kind, text, false, learn, k);
    return k;
}

enum there memo_there(struct memo *m, const struct watch_index *ix, enum token_kind kind,
                      struct bytes text, bool cut)
{
    const struct known *k;

    if (cut || text.n > MEMO_TEXT || text.n == 0)
        return token_is_there(ix, kind, text, cut) ? THERE : NOT_THERE;
    k = known(m, ix, kind, text);
    return k->n == 0 ? NOT_THERE : k->hit || k->n > MEMO_HITS ? THERE : THERE_AS_HOST;
}

bool memo_hits(struct memo *m, const struct watch_index *ix, enum token_kind kind,
               struct bytes text, bool cut, token_hit *hit, void *self)
{
    const struct known *k =
        cut || text.n > MEMO_TEXT || text.n == 0 ? NULL : known(m, ix, kind, text);
    struct known mine;
    struct entry en;
    uint64_t next;

    if (!k || k->n > MEMO_HITS)
        return token_hits(ix, kind, text, cut, hit, self);
    mine = *k; /* `hit` may search for something else */
    for (size_t i = 0; i < mine.n; i++)
        if (!entry_decode(ix->section[SECTION_ENTRIES], mine.at[i], &en, &next) ||
            !hit(self, &en, mine.at[i], (enum watch_how)mine.how[i]))
            return false;
    return true;
}
