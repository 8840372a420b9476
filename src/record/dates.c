/* Dates: every cosignature that we ever learned of, of every log. Notes of what was news stand in
 * the segments; per signer and size the first and the last time are in memory, read from there when
 * they are first asked for. */
#include "record/record_impl.h"

#include <stdlib.h>

#define DATED_BATCH 128

void dates_free(struct dates *d)
{
    for (size_t i = 0; i < d->n; i++)
        free(d->signers[i].list);
    free(d->signers);
    *d = (struct dates){0};
}

/* ---- the table in memory ---- */

static struct dated_signer *signer_of(struct dates *d, struct cosigner by, struct err *e)
{
    struct dated_signer *more;

    for (size_t i = 0; i < d->n; i++)
        if (d->signers[i].who == by.who && d->signers[i].mirror == by.mirror)
            return &d->signers[i];
    more = realloc(d->signers, (d->n + 1) * sizeof *more);
    if (!more) {
        err_fail(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    d->signers = more;
    d->signers[d->n] = (struct dated_signer){.who = by.who, .mirror = by.mirror};
    return &d->signers[d->n++];
}

/* The first place whose size is at least `size`. */
static size_t place_of(const struct dated_signer *s, uint64_t size)
{
    size_t low = 0, high = s->n;

    if (s->n && s->list[s->n - 1].size < size)
        return s->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (s->list[mid].size < size)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

enum found { NEWS, KNOWN, GOES_BACK };

/* What is a time at a size to what we know of its signer? */
static enum found look(const struct dated_signer *s, uint64_t size, int64_t time)
{
    size_t i = place_of(s, size), above = i + (i < s->n && s->list[i].size == size);

    if (i < s->n && s->list[i].size == size) {
        if (time >= s->list[i].first && time <= s->list[i].last)
            return KNOWN;
        if (s->list[i].n >= LIMIT_RECORD_DATES_OF_ONE)
            return KNOWN;
    }
    if ((i > 0 && s->list[i - 1].last > time) || (above < s->n && s->list[above].first < time))
        return GOES_BACK;
    return NEWS;
}

static bool insert(struct dated_signer *s, size_t at, uint64_t size, int64_t time, struct err *e)
{
    if (s->n == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 16;
        struct dated_size *more = realloc(s->list, cap * sizeof *more);
        if (!more)
            return err_fail(e, ERR_NOMEM, "out of memory");
        s->list = more;
        s->cap = cap;
    }
    memmove(&s->list[at + 1], &s->list[at], (s->n - at) * sizeof *s->list);
    s->list[at] = (struct dated_size){size, time, time, 1};
    s->n++;
    return true;
}

static bool learn(struct dates *d, struct cosigner by, uint64_t size, int64_t time,
                  enum found *found, struct err *e)
{
    struct dated_signer *s = signer_of(d, by, e);
    size_t i;

    if (!s)
        return false;
    *found = look(s, size, time);
    if (*found != NEWS)
        return true;
    i = place_of(s, size);
    if (i == s->n || s->list[i].size != size)
        return insert(s, i, size, time, e);
    s->list[i].first = time < s->list[i].first ? time : s->list[i].first;
    s->list[i].last = time > s->list[i].last ? time : s->list[i].last;
    s->list[i].n++;
    return true;
}

/* ---- notes that were kept ---- */

struct keys {
    struct note_key *key;
    struct cosigner *who;
    size_t n;
};

static bool keys_of(const struct record *r, const struct log *l, struct arena *a, struct keys *out,
                    struct err *e)
{
    size_t mirrors;

    return cosigner_keys(r, l->slug, a, &out->key, &out->who, &out->n, &mirrors, e);
}

/* Whose line is it, by its name and the id of its key? */
static bool whose(const struct keys *k, const struct note_line *line, size_t *out)
{
    for (*out = 0; *out < k->n; ++*out)
        if (k->key[*out].id == line->id && bytes_are(line->name, k->key[*out].name))
            return true;
    return false;
}

/* The lines of a note by keys that we know, unverified: what we kept was verified before. */
static bool lines_of(const struct keys *k, struct bytes note, struct arena *a, uint64_t *size,
                     struct dated_line **out, size_t *n, struct err *e)
{
    struct checkpoint c;
    struct note parsed;

    if (!note_parse(note, a, &parsed, e) || !checkpoint_parse(parsed.text, &c, e) ||
        !(*out = arena_get_array(a, parsed.n, sizeof **out, e)))
        return false;
    *size = c.size;
    *n = 0;
    for (size_t i = 0; i < parsed.n; i++) {
        struct reader r = reader_of(parsed.lines[i].signature);
        uint64_t time = reader_u64(&r);
        size_t key;
        if (parsed.lines[i].signature.n == 8 + sizeof(struct signature) && time <= INT64_MAX &&
            whose(k, &parsed.lines[i], &key))
            (*out)[(*n)++] = (struct dated_line){k->who[key], (int64_t)time, parsed.lines[i].whole};
    }
    return true;
}

/* Positions of kept notes from a place on; at most DATED_BATCH. */
static bool places(struct record *r, struct log *l, uint64_t from, uint64_t out[DATED_BATCH],
                   size_t *n, struct err *e)
{
    struct index_snapshot *v = NULL;
    struct index_cursor *c = NULL;
    struct bytes key, value;
    uint8_t start[12];
    bool ok = index_fresh(r, e) && (v = index_snapshot_open(r->index, e)) &&
              (c = index_cursor_open(v, T_DATED, bytes_of(l->tag, sizeof l->tag), e));

    memcpy(start, l->tag, 4);
    put_be64(start + 4, from);
    *n = 0;
    ok = ok && index_cursor_seek(c, bytes_of(start, sizeof start), &key, &value, e);
    while (ok && key.p && *n < DATED_BATCH) {
        out[(*n)++] = get_be64(key.p + 4);
        ok = index_cursor_next(c, &key, &value, e);
    }
    index_cursor_close(c);
    index_snapshot_close(v);
    return ok;
}

static bool load_note(struct record *r, struct log *l, const struct keys *k, uint64_t position,
                      struct arena *a, struct err *e)
{
    struct dated_line *lines;
    struct bytes note;
    uint64_t size;
    size_t n;
    enum found found;

    (void)r;
    if (!read_at(l, position, SEG_DATED, a, &note, e) ||
        !lines_of(k, note, a, &size, &lines, &n, e))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!learn(&l->dates, lines[i].by, size, lines[i].time, &found, e))
            return false;
    return true;
}

static bool dates_load(struct record *r, struct log *l, struct err *e)
{
    struct arena *a;
    struct keys k;
    uint64_t position[DATED_BATCH], from = 0;
    size_t n = DATED_BATCH;
    bool ok;

    if (l->dates.loaded)
        return true;
    a = arena_new(LIMIT_NOTE_BYTES * 16);
    ok = a ? keys_of(r, l, a, &k, e) : err_fail(e, ERR_NOMEM, "out of memory");
    while (ok && n == DATED_BATCH && (ok = places(r, l, from, position, &n, e)))
        for (size_t i = 0; ok && i < n; i++) {
            struct arena_mark m = arena_mark(a);
            ok = load_note(r, l, &k, position[i], a, e);
            arena_reset(a, m);
            from = position[i] + 1;
        }
    arena_free(a);
    if (!ok)
        dates_free(&l->dates);
    l->dates.loaded = ok;
    return ok;
}

/* ---- keeping ---- */

bool dates_keep(struct record *r, struct log *l, struct bytes text, uint64_t size,
                const struct dated_line *lines, size_t n, unsigned *news, struct arena *a,
                struct err *e)
{
    struct buf b = buf_in(a);
    struct bytes note;
    uint64_t position;

    *news = 0;
    if (!dates_load(r, l, e))
        return false;
    buf_put(&b, text);
    buf_puts(&b, "\n");
    for (size_t i = 0; i < n; i++) {
        enum found found;
        if (!learn(&l->dates, lines[i].by, size, lines[i].time, &found, e))
            return false;
        if (found == GOES_BACK)
            diag(r->o.diag, DIAG_WARN, "a cosigner's times go back: its line is passed over",
                 "log=%s size=%llu signer=%u", l->origin, (unsigned long long)size,
                 lines[i].by.who);
        if (found != NEWS)
            continue;
        if (r->own && lines[i].by.who == r->own - r->logs && lines[i].time > l->last_cosign)
            l->last_cosign = lines[i].time; /* a restored disk had forgotten it */
        buf_put(&b, lines[i].line);
        ++*news;
    }
    return *news == 0 ||
           (buf_end(&b, &note, e) && segments_append(l->seg, SEG_DATED, &note, 1, &position, e));
}

/* Is any of these lines news? Before the work of verifying them. */
static bool any_news(struct log *l, uint64_t size, const struct dated_line *lines, size_t n,
                     struct err *e)
{
    for (size_t i = 0; i < n; i++) {
        const struct dated_signer *s = signer_of(&l->dates, lines[i].by, e);
        if (s && look(s, size, lines[i].time) == NEWS)
            return true;
    }
    return false;
}

static bool same_root(struct record *r, struct log *l, const struct checkpoint *c, struct arena *a,
                      struct err *e)
{
    struct tlog_source source;
    struct hash root;

    if (c->size > l->tree.size)
        return err_fail(e, ERR_MISSING, "we do not hold so much of %s yet", l->origin);
    if (!log_source(r, l, l->tree.size, a, &source, e) ||
        !tlog_source_root(&source, c->size, &root, e))
        return false;
    return hash_equal(&root, &c->root) ||
           err_fail(e, ERR_PROOF, "a cosigned head of another history of %s", l->origin);
}

static void receipts(struct record *r, struct log *l, uint64_t size, const struct dated_line *lines,
                     size_t n)
{
    for (size_t i = 0; l == r->own && i < n; i++)
        if (lines[i].by.mirror && size > l->cosigned) {
            l->cosigned = size;
            l->cosigned_at = lines[i].time;
        }
}

/* One note. ERR_MISSING: of a head beyond what we hold. */
static bool take_note(struct record *r, struct log *l, const struct keys *k, struct bytes note,
                      unsigned *news, struct arena *a, struct err *e)
{
    struct cosignature *found;
    struct dated_line *lines;
    struct checkpoint c;
    struct note parsed;
    uint64_t size;
    size_t n;

    if (!note_parse(note, a, &parsed, e) || !checkpoint_parse(parsed.text, &c, e))
        return false;
    if (strcmp(c.origin, l->origin))
        return err_fail(e, ERR_PEER, "a head of another log");
    if (!lines_of(k, note, a, &size, &lines, &n, e))
        return false;
    if (!any_news(l, size, lines, n, e))
        return true;
    if (!same_root(r, l, &c, a, e) ||
        !cosignature_find_all(&parsed, k->key, k->n, a, &found, &n, e) ||
        !(lines = arena_get_array(a, n, sizeof *lines, e)))
        return false;
    for (size_t i = 0; i < n; i++)
        lines[i] = (struct dated_line){k->who[found[i].key], (int64_t)found[i].time, found[i].line};
    if (!dates_keep(r, l, parsed.text, size, lines, n, news, a, e))
        return false;
    receipts(r, l, size, lines, n);
    return true;
}

static bool take_dates(struct record *r, struct log *l, const struct bytes *notes, size_t n,
                       size_t *done, unsigned *news, struct arena *a, struct err *e)
{
    struct keys k;

    if (!dates_load(r, l, e) || !keys_of(r, l, a, &k, e))
        return false;
    for (*done = 0; *done < n; ++*done) {
        struct arena_mark m = arena_mark(a);
        struct err why = err_like(e);
        unsigned some = 0;
        bool ok = take_note(r, l, &k, notes[*done], &some, a, &why);
        arena_reset(a, m);
        *news += some;
        if (!ok && why.code == ERR_MISSING)
            break;
        if (!ok && (why.code == ERR_IO || why.code == ERR_NOMEM || why.code == ERR_LIMIT))
            return err_pass(e, &why);
        if (!ok)
            diag_err(r->o.diag, DIAG_WARN, "a cosigned head was passed over", &why);
    }
    return *news == 0 || (log_commit(r, l, e) && state_fold_if_waiting(r, e));
}

bool record_take_dates(struct record *r, struct bytes slug, const struct bytes *notes, size_t n,
                       size_t *done, unsigned *news, struct err *e)
{
    struct arena *a = arena_new(LIMIT_NOTE_BYTES * 16);
    struct log *l = log_of(r, slug);
    bool ok;

    *news = 0;
    *done = 0;
    record_lock(r);
    if (!a)
        ok = err_fail(e, ERR_NOMEM, "out of memory");
    else if (!l)
        ok = err_fail(e, ERR_MISSING, "%.*s is not a party", BYTES_FMT(bytes_part(slug, 0, 64)));
    else
        ok = record_writable(r, e) && take_dates(r, l, notes, n, done, news, a, e);
    record_unlock(r);
    arena_free(a);
    return ok;
}

/* ---- what we signed ourselves ---- */

/* Only our own lines. */
static void keep_own(const struct record *r, struct keys *k)
{
    size_t n = 0;

    for (size_t i = 0; i < k->n; i++)
        if (k->who[i].who == r->own - r->logs) {
            k->key[n] = k->key[i];
            k->who[n++] = k->who[i];
        }
    k->n = n;
}

/* Later than what we know of, at a first look? Most are not, and need not be verified. */
static bool any_later(const struct log *l, const struct dated_line *lines, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (lines[i].time > l->last_cosign)
            return true;
    return false;
}

static bool remember(struct log *l, const struct keys *own, struct bytes note, struct arena *a,
                     struct err *e)
{
    struct cosignature *found;
    struct dated_line *lines;
    struct checkpoint c;
    struct note parsed;
    uint64_t size;
    size_t n;

    if (!lines_of(own, note, a, &size, &lines, &n, e))
        return false;
    if (!any_later(l, lines, n))
        return true;
    if (!note_parse(note, a, &parsed, e) || !checkpoint_parse(parsed.text, &c, e) ||
        !cosignature_find_all(&parsed, own->key, own->n, a, &found, &n, e))
        return false;
    if (strcmp(c.origin, l->origin))
        return err_fail(e, ERR_PEER, "a head of another log");
    for (size_t i = 0; i < n; i++)
        if ((int64_t)found[i].time > l->last_cosign)
            l->last_cosign = (int64_t)found[i].time;
    return true;
}

/* On disk before it returns: the fence may open next, and then a crash must not forget it. */
static bool remember_all(struct record *r, struct log *l, const struct bytes *notes, size_t n,
                         struct arena *a, struct err *e)
{
    int64_t before = l->last_cosign;
    struct keys own;

    if (!record_writable(r, e) || !keys_of(r, l, a, &own, e))
        return false;
    keep_own(r, &own);
    for (size_t i = 0; i < n; i++) {
        struct arena_mark m = arena_mark(a);
        struct err why = err_like(e);
        bool ok = remember(l, &own, notes[i], a, &why);
        arena_reset(a, m);
        if (!ok && (why.code == ERR_NOMEM || why.code == ERR_LIMIT))
            return err_pass(e, &why);
        if (!ok)
            diag_err(r->o.diag, DIAG_WARN, "a cosigned head was passed over", &why);
    }
    return l->last_cosign == before || log_commit(r, l, e);
}

bool record_remember_times(struct record *r, struct bytes slug, const struct bytes *notes, size_t n,
                           struct err *e)
{
    struct arena *a = arena_new(LIMIT_NOTE_BYTES * 16);
    struct log *l = log_of(r, slug);
    bool ok;

    record_lock(r);
    ok = !l || !r->own || l == r->own || n == 0 ||
         (a ? remember_all(r, l, notes, n, a, e) : err_fail(e, ERR_NOMEM, "out of memory"));
    record_unlock(r);
    arena_free(a);
    return ok;
}

/* ---- reading ---- */

bool dates_bracket(struct record *r, struct log *l, uint64_t index, int64_t *after, int64_t *before,
                   struct err *e)
{
    if (!dates_load(r, l, e))
        return false;
    for (size_t i = 0; i < l->dates.n; i++) {
        const struct dated_signer *s = &l->dates.signers[i];
        size_t k = place_of(s, index + 1);
        if (k > 0 && s->list[k - 1].last > *after)
            *after = s->list[k - 1].last;
        if (k < s->n && s->list[k].first < *before)
            *before = s->list[k].first;
    }
    if (*after > *before)
        *after = *before;
    return true;
}

bool record_newest_time(struct record *r, int64_t *out, struct err *e)
{
    bool ok = true;

    *out = 0;
    record_lock(r);
    for (size_t i = 0; ok && i < r->logs_n; i++) {
        const struct dates *d = &r->logs[i].dates;
        ok = dates_load(r, &r->logs[i], e);
        for (size_t k = 0; ok && k < d->n; k++) {
            const struct dated_signer *s = &d->signers[k];
            bool ours = r->own && s->who == r->own - r->logs;
            if (!ours && s->n && s->list[s->n - 1].last > *out)
                *out = s->list[s->n - 1].last;
        }
    }
    record_unlock(r);
    return ok;
}

struct batch {
    struct record_dated note[DATED_BATCH];
    size_t n;
};

static bool read_batch(struct record *r, struct log *l, uint64_t from, struct arena *a,
                       struct batch *out, bool *more, struct err *e)
{
    uint64_t position[DATED_BATCH];
    struct keys k;
    size_t n;

    out->n = 0;
    if (!keys_of(r, l, a, &k, e) || !places(r, l, from, position, &n, e))
        return false;
    *more = n == DATED_BATCH;
    for (size_t i = 0; i < n; i++) {
        struct record_dated *d = &out->note[out->n++];
        struct record_cosignature *c;
        struct dated_line *lines;
        uint64_t size;
        d->place = position[i] + 1;
        if (!read_at(l, position[i], SEG_DATED, a, &d->note, e) ||
            !lines_of(&k, d->note, a, &size, &lines, &d->n, e) ||
            !(c = arena_get_array(a, d->n, sizeof *c, e)))
            return false;
        for (size_t j = 0; j < d->n; j++)
            c[j] = (struct record_cosignature){lines[j].by.who, lines[j].by.mirror, size,
                                               lines[j].time};
        d->line = c;
    }
    return true;
}

bool record_cosignatures(struct record *r, struct bytes slug, uint64_t from,
                         bool (*each)(void *self, const struct record_dated *d), void *self,
                         struct err *e)
{
    struct log *l = log_of(r, slug);
    struct arena *a = arena_new((size_t)256 << 20);
    struct batch *b = a ? arena_get(a, sizeof *b, e) : NULL;
    bool ok = b != NULL, more = true, on = true;

    if (!l) {
        arena_free(a);
        return err_fail(e, ERR_MISSING, "%.*s is not a party", BYTES_FMT(bytes_part(slug, 0, 64)));
    }
    while (ok && more && on) {
        struct arena_mark m = arena_mark(a);
        record_lock(r);
        ok = read_batch(r, l, from, a, b, &more, e);
        record_unlock(r);
        for (size_t i = 0; ok && on && i < b->n; i++) {
            on = each(self, &b->note[i]);
            from = b->note[i].place;
        }
        arena_reset(a, m);
    }
    arena_free(a);
    return ok;
}

/* ---- versions ---- */

static bool version_from(struct record *r, const struct version_place *v, int64_t *out,
                         struct err *e)
{
    *out = 0;
    for (size_t i = 0; v != r->versions && i < r->logs_n; i++) {
        int64_t after = 0, before = INT64_MAX;
        if (!dates_bracket(r, &r->logs[i], v->seq[i], &after, &before, e))
            return false;
        *out = before > *out ? before : *out;
    }
    return true;
}

bool record_versions(struct record *r, struct arena *a, struct record_version **out, size_t *n,
                     struct err *e)
{
    bool ok;

    record_lock(r);
    *n = r->versions_n;
    ok = (*out = arena_get_array(a, *n, sizeof **out, e)) != NULL;
    for (size_t i = 0; ok && i < *n; i++) {
        struct record_version *v = &(*out)[i];
        v->digest = r->versions[i].g->digest;
        ok = arena_copy(a, r->versions[i].g->bytes, &v->bytes, e) &&
             version_from(r, &r->versions[i], &v->from, e);
    }
    record_unlock(r);
    return ok;
}
