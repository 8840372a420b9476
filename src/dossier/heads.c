/* Heads: those under which the acts are proved, and those that date them, with every cosignature
 * that we know of; and that each grew from the one before. */
#include "dossier/dossier_impl.h"

#include <stdlib.h>

/* ---- gathering ---- */

static bool grow(struct arena *a, void **list, size_t *cap, size_t n, size_t size, struct err *e)
{
    size_t more = *cap ? *cap * 2 : 64;
    void *fresh;

    if (n < *cap)
        return true;
    if (!(fresh = arena_get_array(a, more, size, e)))
        return false;
    if (n)
        memcpy(fresh, *list, n * size);
    *list = fresh;
    *cap = more;
    return true;
}

/* Where the head of that size stands, or should. */
static size_t place_of(const struct part *p, uint64_t size)
{
    size_t low = 0, high = p->heads_n;

    while (low < high) {
        size_t half = low + (high - low) / 2;
        if (p->heads[half]->size < size)
            low = half + 1;
        else
            high = half;
    }
    return low;
}

static struct gathered *head_at(struct making *k, struct part *p, uint64_t size, struct err *e)
{
    size_t at = place_of(p, size);
    struct gathered *h;

    if (at < p->heads_n && p->heads[at]->size == size)
        return p->heads[at];
    if (!grow(k->a, (void **)&p->heads, &p->heads_cap, p->heads_n, sizeof *p->heads, e) ||
        !(h = arena_get(k->a, sizeof *h, e)))
        return NULL;
    h->size = size;
    memmove(p->heads + at + 1, p->heads + at, (p->heads_n - at) * sizeof *p->heads);
    p->heads[at] = h;
    p->heads_n++;
    return h;
}

static bool take_line(struct gathered *h, const struct note_line *line, struct bytes origin,
                      struct arena *a, struct err *e)
{
    if (bytes_equal(line->name, origin))
        return h->owner.n || arena_copy(a, line->whole, &h->owner, e);
    for (size_t i = 0; i < h->n; i++)
        if (bytes_equal(h->lines[i], line->whole))
            return true;
    if (h->n == LIMIT_NOTE_SIGNATURES - 1)
        return true; /* a hundred dates of one head are enough */
    return arena_copy(a, line->whole, &h->lines[h->n++], e);
}

static bool take_note(struct making *k, struct part *p, struct bytes note, struct err *e)
{
    struct arena *a = k->a;
    struct note parsed;
    struct checkpoint c;
    struct gathered *h;

    if (!note_parse(note, a, &parsed, e) || !checkpoint_parse(parsed.text, &c, e) ||
        !(h = head_at(k, p, c.size, e)))
        return false;
    if (!h->text.n && !arena_copy(a, parsed.text, &h->text, e))
        return false;
    if (!bytes_equal(h->text, parsed.text))
        return err_fail(e, ERR_PROOF, "two heads of %s of size %llu differ", c.origin,
                        (unsigned long long)c.size) ||
               err_hint(e, "entente evidence list names the proof");
    for (size_t i = 0; i < parsed.n; i++)
        if (!take_line(h, &parsed.lines[i], bytes_text(c.origin), a, e))
            return false;
    return true;
}

/* ---- what dates the acts ---- */

struct dated {
    struct record_cosignature line;
    size_t note;
};

struct dating {
    struct making *k;
    struct bytes *notes;
    bool *needed;
    size_t notes_n, notes_cap;
    struct dated *lines;
    size_t lines_n, lines_cap;
    bool failed;
};

static bool keep_dated(struct dating *d, const struct record_dated *n, struct err *e)
{
    struct arena *a = d->k->a;

    if (!grow(a, (void **)&d->notes, &d->notes_cap, d->notes_n, sizeof *d->notes, e) ||
        !arena_copy(a, n->note, &d->notes[d->notes_n], e))
        return false;
    for (size_t i = 0; i < n->n; i++) {
        if (!grow(a, (void **)&d->lines, &d->lines_cap, d->lines_n, sizeof *d->lines, e))
            return false;
        d->lines[d->lines_n++] = (struct dated){n->line[i], d->notes_n};
    }
    d->notes_n++;
    return true;
}

static bool each_dated(void *self, const struct record_dated *n)
{
    struct dating *d = self;

    d->failed = !keep_dated(d, n, &d->k->e);
    return !d->failed;
}

static int by_signer(const void *a, const void *b)
{
    const struct record_cosignature *x = &((const struct dated *)a)->line,
                                    *y = &((const struct dated *)b)->line;

    if (x->signer != y->signer)
        return x->signer < y->signer ? -1 : 1;
    if (x->mirror != y->mirror)
        return x->mirror ? -1 : 1;
    if (x->size != y->size)
        return x->size < y->size ? -1 : 1;
    return x->time < y->time ? -1 : x->time > y->time;
}

static bool same_signer(const struct dated *a, const struct dated *b)
{
    return a->line.signer == b->line.signer && a->line.mirror == b->line.mirror;
}

/* Of one signer: for each act the last signature that does not cover it, and the first that does.
 * Both ascend, so one walk is enough. */
static void mark_needed(struct dating *d, const struct part *p, size_t from, size_t to)
{
    size_t at = from;

    for (size_t i = 0; i < p->n; i++) {
        while (at < to && d->lines[at].line.size <= p->picks[i].index)
            at++;
        if (at > from)
            d->needed[d->lines[at - 1].note] = true;
        if (at < to)
            d->needed[d->lines[at].note] = true;
    }
}

static bool take_dates(struct making *k, struct part *p, struct err *e)
{
    struct dating d = {.k = k};

    if (!record_cosignatures(k->r, p->slug, 0, each_dated, &d, e))
        return false;
    if (d.failed)
        return err_pass(e, &k->e);
    if (!(d.needed = arena_get_array(k->a, d.notes_n, sizeof *d.needed, e)))
        return false;
    if (d.lines_n)
        qsort(d.lines, d.lines_n, sizeof *d.lines, by_signer);
    for (size_t from = 0, to; from < d.lines_n; from = to) {
        for (to = from + 1; to < d.lines_n && same_signer(&d.lines[from], &d.lines[to]); to++)
            ;
        mark_needed(&d, p, from, to);
    }
    for (size_t i = 0; i < d.notes_n; i++)
        if (d.needed[i] && !take_note(k, p, d.notes[i], e))
            return false;
    return true;
}

/* ---- proofs ---- */

struct proved {
    uint64_t size;
    struct proof_file file;
};

static bool prove_picks(struct making *k, struct part *p, struct proved **out, struct err *e)
{
    struct proved *list = arena_get_array(k->a, p->n, sizeof *list, e);

    if (!list)
        return false;
    for (size_t i = 0; i < p->n; i++) {
        struct bytes file;
        struct note note;
        struct checkpoint c;
        if (!record_prove(k->r, p->slug, p->picks[i].index, k->a, &file, e) ||
            !proof_file_parse(file, k->a, &list[i].file, e) ||
            !note_parse(list[i].file.note, k->a, &note, e) || !checkpoint_parse(note.text, &c, e) ||
            !take_note(k, p, list[i].file.note, e))
            return false;
        list[i].size = c.size;
    }
    *out = list;
    return true;
}

/* The newest must be one that the log's owner signed; what is newer says nothing about the acts. */
static bool settle_heads(struct making *k, struct part *p, struct err *e)
{
    while (p->heads_n && !p->heads[p->heads_n - 1]->owner.n)
        p->heads_n--;
    p->size = p->heads_n ? p->heads[p->heads_n - 1]->size : 0;
    for (size_t i = 0; i < p->heads_n; i++) {
        struct gathered *h = p->heads[i];
        struct buf b = buf_in(k->a);
        buf_put(&b, h->text);
        buf_puts(&b, "\n");
        buf_put(&b, h->owner);
        for (size_t j = 0; j < h->n; j++)
            buf_put(&b, h->lines[j]);
        if (!buf_end(&b, &h->note, e) || !put_file(k, h->note, e, "heads/%.*s/%llu.note",
                                                   BYTES_FMT(p->slug), (unsigned long long)h->size))
            return false;
    }
    return true;
}

static const struct gathered *find_head(const struct part *p, uint64_t size)
{
    size_t at = place_of(p, size);

    return at < p->heads_n && p->heads[at]->size == size ? p->heads[at] : NULL;
}

static bool put_proofs(struct making *k, struct part *p, struct proved *list, struct err *e)
{
    for (size_t i = 0; i < p->n; i++) {
        const struct gathered *h = find_head(p, list[i].size);
        struct bytes file;
        if (!h)
            return err_fail(e, ERR_MISSING, "no signed head of %.*s has act %llu yet",
                            BYTES_FMT(p->slug), (unsigned long long)p->picks[i].index);
        list[i].file.note = h->note;
        if (!proof_file_print(&list[i].file, k->a, &file, e) ||
            !put_file(k, file, e, "proofs/%.*s/%llu.tlog-proof", BYTES_FMT(p->slug),
                      (unsigned long long)p->picks[i].index))
            return false;
    }
    return true;
}

static bool put_growth(struct making *k, struct part *p, struct err *e)
{
    for (size_t i = 1; i < p->heads_n; i++) {
        uint64_t old = p->heads[i - 1]->size, size = p->heads[i]->size;
        struct tlog_proof proof;
        struct buf b = buf_in(k->a);
        struct bytes file;
        if (!record_prove_growth(k->r, p->slug, old, size, k->a, &proof, e))
            return false;
        for (size_t j = 0; j < proof.n; j++) {
            buf_base64(&b, proof.hash[j].b, 32);
            buf_puts(&b, "\n");
        }
        if (!buf_end(&b, &file, e) ||
            !put_file(k, file, e, "consistency/%.*s/%llu-%llu.txt", BYTES_FMT(p->slug),
                      (unsigned long long)old, (unsigned long long)size))
            return false;
    }
    return true;
}

bool put_heads(struct making *k, struct err *e)
{
    for (size_t i = 0; i < k->parts; i++) {
        struct part *p = &k->part[i];
        struct record_head head;
        struct proved *list;
        if (!record_head(k->r, p->slug, k->a, &head, e))
            return false;
        if (head.note.n && head.seen == head.size && head.size && !take_note(k, p, head.note, e))
            return false;
        if (!prove_picks(k, p, &list, e) || !take_dates(k, p, e) || !settle_heads(k, p, e) ||
            !put_proofs(k, p, list, e) || !put_growth(k, p, e))
            return false;
    }
    return true;
}
