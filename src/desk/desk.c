/* The desk of one agreement: opening, finding, showing, comparing. */
#include "base/catalogue.h"
#include "crypto/labels.h"
#include "desk/desk_impl.h"

#include <stdatomic.h>
#include <stdlib.h>

struct desk *desk_open(struct record *r, const struct os *os, size_t cap, struct err *e)
{
    struct desk *d = calloc(1, sizeof *d);

    if (!d || pthread_mutex_init(&d->lock, NULL)) {
        free(d);
        err_fail(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    if (pthread_cond_init(&d->turn, NULL)) {
        pthread_mutex_destroy(&d->lock);
        free(d);
        err_fail(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    d->record = r;
    d->os = os;
    d->cap = cap;
    return d;
}

void desk_close(struct desk *d)
{
    if (!d)
        return;
    desk_forget(d);
    pthread_cond_destroy(&d->turn);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

struct record *desk_record(const struct desk *d)
{
    return d->record;
}

int64_t desk_now(const struct desk *d)
{
    int64_t now = os_now_us(d->os) / 1000, newest = atomic_load(&d->newest);

    return now > newest ? now : newest;
}

/* First come, first served: a mutex alone would go again and again to who looks at much. */
static void enter(struct desk *d)
{
    uint64_t ours;

    pthread_mutex_lock(&d->lock);
    ours = d->tickets++;
    while (ours != d->serving)
        pthread_cond_wait(&d->turn, &d->lock);
    pthread_mutex_unlock(&d->lock);
}

static bool leave(struct desk *d, bool only_if_wanted)
{
    bool wanted;

    pthread_mutex_lock(&d->lock);
    wanted = d->tickets > d->serving + 1;
    if (wanted || !only_if_wanted)
        d->serving++;
    if (wanted)
        pthread_cond_broadcast(&d->turn);
    pthread_mutex_unlock(&d->lock);
    return wanted || !only_if_wanted;
}

struct cases *desk_begin(struct desk *d, struct err *e)
{
    enter(d);
    if (desk_refresh(d, e))
        return d->cases;
    leave(d, false);
    return NULL;
}

void desk_end(struct desk *d)
{
    leave(d, false);
}

struct cases *desk_yield(struct desk *d, bool *anew, struct err *e)
{
    uint64_t made = d->made;
    struct cases *c = leave(d, true) ? desk_begin(d, e) : d->cases;

    if (anew)
        *anew = c && d->made != made;
    return c;
}

struct cases *desk_cases(const struct desk *d)
{
    return d->cases;
}

const struct cases_terms *desk_terms(const struct desk *d)
{
    size_t i = d->versions_n;

    while (i > 0 && !d->versions[i - 1].terms)
        i--;
    return d->versions[i ? i - 1 : 0].terms;
}

uint16_t desk_self(const struct desk *d)
{
    int p = cases_party(desk_terms(d), record_self(d->record));

    return p < 0 ? UINT16_MAX : (uint16_t)p;
}

/* ---- finding ---- */

static bool begins_with(const struct hash *id, struct bytes hex)
{
    char text[64];

    hex_encode(text, id->b, 32);
    return hex.n <= sizeof text && !memcmp(text, hex.p, hex.n);
}

static bool find_last(struct cases *c, unsigned kinds, struct hash *out, struct err *e)
{
    struct cases_opening best = {.at = INT64_MIN}, o;
    bool any = false;

    for (size_t i = 0; i < cases_count(c); i++) {
        if (!cases_opening(c, i, &o) || !(kinds >> o.kind & 1))
            continue;
        /* What nobody has signed for yet is newer than what was signed in the same second. */
        if (!any || o.at > best.at || (o.at == best.at && o.pending >= best.pending)) {
            best = o;
            any = true;
        }
    }
    *out = best.id;
    return any || err_fail(e, ERR_MISSING, "there is nothing of that kind yet");
}

/* A matter whose id begins so, or, if there is none, the matter of an act that does. */
bool desk_find(struct desk *d, struct bytes name, unsigned kinds, struct hash *out, struct err *e)
{
    struct cases_opening o;
    struct hash found = {{0}};
    size_t n = 0;

    if (bytes_are(name, "last"))
        return find_last(d->cases, kinds, out, e);
    if (name.n < 4 || name.n > 64)
        return err_fail(e, ERR_INPUT,
                        "a case is named by at least 4 hex digits of its id, or last");
    for (size_t i = 0; i < cases_count(d->cases); i++)
        if (cases_opening(d->cases, i, &o) && kinds >> o.kind & 1 && begins_with(&o.id, name)) {
            found = o.id;
            n++;
        }
    if (n == 0 && name.n == 64 && hex_decode(found.b, 32, name) &&
        cases_matter_of(d->cases, &found, out, NULL))
        return true;
    if (n == 1)
        *out = found;
    return n == 1 || err_fail(e, n ? ERR_INPUT : ERR_MISSING,
                              n ? N_("several cases begin with %.*s") : N_("there is no case %.*s"),
                              BYTES_FMT(name));
}

uint16_t desk_locator_party(uint64_t locator)
{
    return (uint16_t)(locator >> 48);
}

uint64_t desk_locator_index(uint64_t locator)
{
    return locator & ((UINT64_C(1) << 48) - 1);
}

bool desk_act(struct desk *d, uint64_t locator, struct arena *a, struct act *out,
              struct bytes *body, struct err *e)
{
    struct bytes slug = cases_party_slug(desk_terms(d), desk_locator_party(locator));
    struct err missing = {0};

    *body = bytes_of(NULL, 0);
    if (!record_act(d->record, slug, desk_locator_index(locator), a, out, e))
        return false;
    if (record_payload(d->record, out, a, body, &missing))
        return true;
    *body = bytes_of(NULL, 0);
    return missing.code == ERR_MISSING || err_pass(e, &missing);
}

/* ---- showing ---- */

static bool read_body(void *self, uint64_t locator, struct arena *a, struct bytes *body,
                      struct err *e)
{
    struct act *act = arena_get(a, sizeof *act, e);

    return act && desk_act(self, locator, a, act, body, e);
}

bool desk_show(struct desk *d, const struct hash *matter, int64_t now,
               const struct catalogue *words, struct arena *a, struct bytes *out, struct err *e)
{
    struct cases_bodies bodies = {read_body, d};

    return cases_show_bodies(d->cases, matter, now, &bodies, words, a, out, e);
}

bool desk_show_json(struct desk *d, const struct hash *matter, int64_t now, struct arena *a,
                    struct bytes *out, struct err *e)
{
    struct cases_bodies bodies = {read_body, d};

    return cases_show_json_bodies(d->cases, matter, now, &bodies, a, out, e);
}

bool desk_claim_text(struct desk *d, const struct hash *claim, int64_t now,
                     const struct catalogue *words, struct arena *a, struct bytes *out,
                     struct err *e)
{
    struct cases_bodies bodies = {read_body, d};

    return cases_claim_text(d->cases, claim, now, &bodies, words, a, out, e);
}

/* ---- comparing ---- */

static void add_i64(struct sha256 *h, int64_t v)
{
    uint8_t b[8];

    for (int i = 8; i-- > 0; v >>= 8)
        b[i] = (uint8_t)v;
    sha256_add(h, bytes_of(b, sizeof b));
}

bool desk_state(struct desk *d, struct desk_state *out, struct err *e)
{
    struct sha256 h;
    struct hash dates = {{0}};

    sha256_start(&h);
    sha256_add(&h, BYTES(LABEL_CASE_INPUTS));
    for (size_t i = 0; i < d->versions_n; i++) {
        sha256_add(&h, hash_bytes(&d->versions[i].digest));
        add_i64(&h, d->versions[i].from);
    }
    for (uint16_t i = 0; i < d->parties_n; i++) {
        sha256_add(&h, hash_bytes(&d->feeds[i].chain));
        if (d->versions_n && !cases_dates(d->cases, i, &dates, e))
            return false;
        sha256_add(&h, hash_bytes(&dates));
    }
    sha256_end(&h, &out->inputs);
    out->acts = d->acts;
    out->matters = cases_count(d->cases);
    return cases_root(d->cases, &out->root, e);
}
