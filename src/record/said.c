/* Acts of cases in the order of a log, with their payloads: what a fold reads. */
#include "base/catalogue.h"
#include "record/record_impl.h"

#define SAID_BATCH 256
#define SAID_ARENA ((size_t)64 << 20)

struct place {
    uint64_t act, payload; /* positions; payload 0: none */
};

struct said {
    struct act *act;
    struct bytes payload;
};

static bool places(struct record *r, struct log *l, uint64_t from, struct place *out, size_t *n,
                   struct err *e)
{
    struct index_snapshot *v = NULL;
    struct index_cursor *c = NULL;
    struct bytes key, value;
    uint8_t start[12];
    bool ok = index_fresh(r, e) && (v = index_snapshot_open(r->index, e)) &&
              (c = index_cursor_open(v, T_SAID, bytes_of(l->tag, sizeof l->tag), e));

    memcpy(start, l->tag, 4);
    put_be64(start + 4, from);
    *n = 0;
    ok = ok && index_cursor_seek(c, bytes_of(start, sizeof start), &key, &value, e);
    while (ok && key.p && *n < SAID_BATCH) {
        if (value.n == 16)
            out[(*n)++] = (struct place){get_be64(value.p), get_be64(value.p + 8)};
        ok = index_cursor_next(c, &key, &value, e);
    }
    index_cursor_close(c);
    index_snapshot_close(v);
    return ok;
}

static bool read_payload(struct log *l, uint64_t position, struct arena *a, struct bytes *out,
                         struct err *e)
{
    struct err missing = {0};

    *out = bytes_of(NULL, 0);
    if (position == 0 || read_at(l, position, 0, a, out, &missing))
        return true;
    return missing.code == ERR_MISSING || err_pass(e, &missing);
}

/* Acts that stand near each other are read in one go. */
#define NEAR_BYTES ((uint64_t)8 << 20)

static size_t near_ones(const struct place *at, size_t n)
{
    size_t k = 0;

    while (k < n && at[k].act >= at[0].act && at[k].act - at[0].act < NEAR_BYTES &&
           (at[k].payload == 0 ||
            (at[k].payload < at[k].act && at[k].act - at[k].payload < NEAR_BYTES &&
             (k == 0 || at[k].payload > at[k - 1].act))))
        k++;
    return k;
}

static bool read_near(struct log *l, const struct place *at, size_t n, struct arena *a,
                      struct said *out, struct err *e)
{
    uint64_t *position = arena_get_array(a, n * 2, sizeof *position, e);
    struct segments_record *rec = arena_get_array(a, n * 2, sizeof *rec, e), *next = rec;
    size_t k = 0;

    for (size_t i = 0; position && rec && i < n; i++) {
        if (at[i].payload)
            position[k++] = at[i].payload;
        position[k++] = at[i].act;
    }
    if (!position || !rec || !segments_read_run(l->seg, position, k, a, rec, e))
        return false;
    for (size_t i = 0; i < n; i++) {
        out[i].payload = at[i].payload ? next++->payload : bytes_of(NULL, 0);
        out[i].act = arena_get(a, sizeof *out[i].act, e);
        if (!out[i].act || !act_parse(next++->payload, a, out[i].act, e))
            return err_within(e, "log %s", l->origin);
    }
    return true;
}

/* At least one act, and no more than fits. */
static bool read_some(struct log *l, const struct place *at, size_t n, struct arena *a,
                      struct said *out, size_t *got, struct err *e)
{
    struct bytes note;

    *got = near_ones(at, n);
    if (*got > 1)
        return read_near(l, at, *got, a, out, e);
    for (*got = 0; *got < n && (*got == 0 || arena_used(a) < SAID_ARENA / 4); ++*got) {
        struct said *s = &out[*got];
        s->act = arena_get(a, sizeof *s->act, e);
        if (!s->act || !read_at(l, at[*got].act, SEG_ACT, a, &note, e) ||
            !act_parse(note, a, s->act, e) || !read_payload(l, at[*got].payload, a, &s->payload, e))
            return err_within(e, "log %s", l->origin);
    }
    return true;
}

bool record_said(struct record *r, struct bytes slug, uint64_t from,
                 bool (*each)(void *self, const struct act *act, struct bytes payload), void *self,
                 struct err *e)
{
    struct log *l = log_of(r, slug);
    struct arena *a = arena_new(SAID_ARENA * 2);
    struct place at[SAID_BATCH];
    struct said said[SAID_BATCH];
    size_t n = SAID_BATCH, got = 0;
    bool ok = a && l, on = true;

    if (!ok)
        err_fail(e, l ? ERR_NOMEM : ERR_MISSING, l ? N_("out of memory") : N_("no such log"));
    while (ok && on && (n == SAID_BATCH || got < n)) {
        struct arena_mark m = arena_mark(a);
        record_lock(r);
        ok = places(r, l, from, at, &n, e) && read_some(l, at, n, a, said, &got, e);
        record_unlock(r);
        for (size_t i = 0; ok && on && i < got; i++) {
            on = each(self, said[i].act, said[i].payload);
            from = said[i].act->seq + 1;
        }
        arena_reset(a, m);
    }
    arena_free(a);
    return ok;
}
