/* The clerk looks at all cases, answers pings where the agreement says that the node does, enters
 * rungs of the ladder when they are due, and writes notices; a herald for each channel tells them.
 * Neither waits for a program of others: that is the heralds' business, each by itself.
 * What is new is looked at every second; all that there is, as often as it is cheap: a hundred
 * thousand requests of one agreement delay no word of an emergency in another. */
#include "node/notices_impl.h"

#include <stdio.h>

#define TODO_MOST 64 /* acts in one look; the rest in the next */
#define LOOK_ARENA ((size_t)64 << 20)
#define LOOK_LEAST_US (1 * US_PER_S) /* between two looks at what is new ... */
#define LOOK_MOST_US (30 * US_PER_S)
#define LOOK_SHARE 20 /* ... and, at all, so many times as long as it takes: 5 % of a core */

struct todo {
    enum cases_kind kind;
    struct hash matter;
    unsigned rung;
};

struct look {
    struct node *n;
    struct slot *slot;
    struct desk *d;
    struct arena *a;
    int64_t now;
    uint16_t self;
    bool all; /* or only what is new */
    struct todo todo[TODO_MOST];
    size_t todo_n;
    unsigned made; /* notices of today, of this agreement */
    struct err trouble;
};

/* ---- notices ---- */

static void notice_id(struct notice *x, const char *detail)
{
    struct transcript t;
    struct hash h;

    transcript_init(&t, LABEL_NOTICE);
    transcript_add(&t, bytes_text(node_notice_words[x->kind]));
    transcript_add(&t, bytes_text(x->agreement));
    transcript_add(&t, hash_bytes(&x->matter));
    transcript_add(&t, bytes_text(detail));
    transcript_add_u64(&t, x->rung);
    transcript_hash(&t, &h);
    hex_encode(x->id, h.b, NODE_NOTICE_ID / 2);
    x->id[NODE_NOTICE_ID] = '\0';
}

static void put(struct look *l, struct notice *x, const char *detail)
{
    bool fresh;
    unsigned *made = &l->slot->notices_made;

    if (l->slot->notices_day != l->now / 86400000) {
        l->slot->notices_day = l->now / 86400000;
        *made = 0;
    }
    if (*made >= LIMIT_NOTICES_PER_DAY && x->kind != NOTICE_MISBEHAVIOUR) {
        char day[32];
        snprintf(day, sizeof day, "%lld", (long long)l->slot->notices_day);
        *x = (struct notice){.kind = NOTICE_MANY, .agreement = l->slot->id, .due = CASES_NEVER};
        detail = day;
    }
    x->agreement = l->slot->id;
    notice_id(x, detail);
    if (!outbox_put(l->n, x, &fresh, &l->trouble) || !fresh)
        return;
    (*made)++;
    diag(l->n->diag, DIAG_WARN, "a notice", "kind=%s id=%s agreement=%s",
         node_notice_words[x->kind], x->id, l->slot->id);
}

static void about_matter(struct look *l, const struct cases_view *v, enum node_notice_kind kind,
                         unsigned rung)
{
    static const char *const kinds[] = {"act", "request", "claim", "ping", "remedy"};
    const struct cases_terms *t = desk_terms(l->d);
    struct notice x = {.kind = kind,
                       .matter = v->id,
                       .matter_kind = kinds[v->kind],
                       .from = cases_party_slug(t, v->from),
                       .to = v->to == UINT16_MAX ? bytes_of(NULL, 0) : cases_party_slug(t, v->to),
                       .due = v->final_due,
                       .rung = rung,
                       .exercise = v->exercise};

    put(l, &x, "");
}

/* Proofs that the record has made: the parties' slugs do not stand in the names. */
static void misbehaviour(struct look *l)
{
    char dir[PATH_ROOM];
    struct bytes *names;
    size_t n;

    if (!path_print(dir, NULL, "%s/agreements/%s/evidence", l->n->dir, l->slot->id) ||
        !os_list(l->n->os, dir, l->a, &names, &n, NULL))
        return;
    for (size_t i = 0; i < n; i++) {
        char name[256];
        struct notice x = {.kind = NOTICE_MISBEHAVIOUR, .due = CASES_NEVER};
        text_escape(name, sizeof name, names[i]);
        put(l, &x, name);
    }
}

/* ---- looking ---- */

static void want(struct look *l, enum cases_kind kind, const struct hash *matter, unsigned rung)
{
    if (l->todo_n < TODO_MOST)
        l->todo[l->todo_n++] = (struct todo){kind, *matter, rung};
}

static void look_at(struct look *l, const struct cases_view *v)
{
    bool ours = v->from == l->self, to_us = v->to == l->self;

    if (v->verdict != CASES_TAKEN || (!ours && !to_us))
        return;
    if (v->kind == CASES_IS_PING && to_us && !v->ping.answered)
        want(l, CASES_PONG, &v->id, 0);
    if (v->kind != CASES_IS_REQUEST && v->kind != CASES_IS_CLAIM)
        return;
    if (v->kind == CASES_IS_REQUEST && to_us && v->request.urgency == CASES_EMERGENCY &&
        v->acked_at == CASES_NEVER && v->ended_at == CASES_NEVER)
        about_matter(l, v, NOTICE_EMERGENCY, 0);
    if (v->overdue)
        about_matter(l, v, NOTICE_OVERDUE, 0);
    for (unsigned r = 2; r <= v->rung && v->ended_at == CASES_NEVER; r++)
        about_matter(l, v, NOTICE_HOTLINE, r);
    if (v->overdue && ours && node_config(l->n)->ladder_automatic) {
        enum cases_kind k =
            v->kind == CASES_IS_REQUEST ? CASES_REQUEST_ESCALATE : CASES_CLAIM_ESCALATE;
        if (v->rung)
            want(l, k, &v->id, v->rung); /* to stand on it by an act, not by the clock alone */
        want(l, k, &v->id, v->rung + 1);
    }
}

/* Were the fold made anew, others would stand where the new ones did: the next look at all finds
 * what this one misses. */
static bool look_through(struct look *l, struct err *e)
{
    struct cases *c = desk_begin(l->d, e);
    size_t i = l->all ? 0 : l->slot->looked;

    for (; c && i < cases_count(c) && !atomic_load(&l->n->stopping); i++) {
        struct arena_mark m = arena_mark(l->a);
        struct hash id = cases_id(c, i);
        struct cases_view v;
        struct err none = {0};
        l->self = desk_self(l->d);
        if (l->self != UINT16_MAX && cases_view(c, &id, l->now, l->a, &v, &none))
            look_at(l, &v);
        arena_reset(l->a, m);
        c = desk_yield(l->d, NULL, e);
    }
    if (c)
        desk_end(l->d);
    l->slot->looked = i;
    return c != NULL;
}

/* ---- saying ---- */

/* Who answers a ping of that role: "node", or people. We are the record's writer. */
static bool node_answers(const struct look *l, const struct todo *t)
{
    static const char *const roles[] = {"technical", "legal", "diplomatic"};
    struct cases *c = desk_begin(l->d, NULL);
    struct cases_view v;
    char pointer[64];
    bool ok;

    if (!c)
        return false;
    ok = cases_view(c, &t->matter, l->now, l->a, &v, NULL) && v.ping.role < 3;
    desk_end(l->d);
    if (!ok)
        return false;
    snprintf(pointer, sizeof pointer, "/clauses/ping/%s", roles[v.ping.role]);
    return json_is(json_point(record_agreement(l->slot->record)->root, pointer), "node");
}

static bool say(struct look *l, const struct todo *t, struct err *e)
{
    struct json_maker m = json_maker(l->a);
    struct json *body = desk_body(l->d, &m, t->kind, STIX_TLP_AMBER);
    struct desk_saying s = {.kind = t->kind, .matter = &t->matter, .tlp = STIX_TLP_AMBER};
    struct record_placed placed;

    if (t->rung)
        json_set_integer(&m, body, "rung", t->rung);
    return json_made(&m, body, &s.body, e) && desk_say(l->d, &s, &placed, e);
}

/* What may not be said now is no trouble: it is tried when it may be. */
static void say_all(struct look *l)
{
    bool said = false;

    if (l->todo_n == 0 || !slot_hold(l->n, l->slot, &l->trouble))
        return;
    for (size_t i = 0; i < l->todo_n; i++) {
        struct arena_mark m = arena_mark(l->a);
        struct err why = {0};
        if (l->todo[i].kind == CASES_PONG && !node_answers(l, &l->todo[i]))
            continue;
        if (say(l, &l->todo[i], &why)) {
            said = true;
            diag(l->n->diag, DIAG_INFO, "said by the node", "kind=%s agreement=%s rung=%u",
                 cases_kind_words[l->todo[i].kind], l->slot->id, l->todo[i].rung);
        } else if (why.code == ERR_IO) {
            node_note_failure(l->n, l->slot, &why);
        }
        arena_reset(l->a, m);
    }
    slot_release(l->n, l->slot);
    if (said)
        slot_wake(l->n, l->slot);
}

static void attend(struct node *n, struct slot *s, bool all, struct arena *a)
{
    struct look *l = arena_get(a, sizeof *l, NULL);
    struct err e = {0};

    if (!l)
        return;
    *l = (struct look){.n = n, .slot = s, .d = s->desk, .a = a, .all = all};
    l->now = desk_now(s->desk);
    misbehaviour(l);
    if (look_through(l, &e))
        say_all(l);
    if (l->trouble.code)
        diag_err(n->diag, DIAG_ERROR, "a notice could not be written", &l->trouble);
}

static void attend_when_due(struct node *n, struct slot *s, struct arena *a)
{
    int64_t began = os_ticks_us(n->os), us;
    bool all = began >= s->look_next;

    attend(n, s, all, a);
    if (!all)
        return;
    us = (os_ticks_us(n->os) - began) * LOOK_SHARE;
    s->look_next = began + (us < LOOK_LEAST_US ? 0 : us > LOOK_MOST_US ? LOOK_MOST_US : us);
}

static void attend_each(struct node *n, bool all)
{
    struct arena *a = arena_new(LOOK_ARENA);
    struct slot *s;

    for (size_t i = 0; a && (s = slot_at(n, i)) && !atomic_load(&n->stopping); i++) {
        struct arena_mark m = arena_mark(a);
        if (all)
            attend(n, s, true, a);
        else
            attend_when_due(n, s, a);
        arena_reset(a, m);
    }
    arena_free(a);
}

void node_attend(struct node *n)
{
    attend_each(n, true);
}

/* ---- threads ---- */

static void rest(struct node *n, int64_t us)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += us % US_PER_S * 1000;
    until.tv_sec += us / US_PER_S + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&n->lock);
    while (!atomic_load(&n->stopping) && pthread_cond_timedwait(&n->ending, &n->lock, &until) == 0)
        ;
    pthread_mutex_unlock(&n->lock);
}

static void *clerk(void *self)
{
    struct node *n = self;

    while (!atomic_load(&n->stopping)) {
        attend_each(n, false);
        rest(n, LOOK_LEAST_US);
    }
    return NULL;
}

static void tell(struct node *n, enum channel ch, const struct outbox_due *x, struct arena *a)
{
    struct err why = {0}, e = {0};
    bool ok;

    if (!outbox_trying(n, ch, x, &e)) {
        diag_err(n->diag, DIAG_ERROR, "the outbox could not be written", &e);
        rest(n, LOOK_MOST_US);
        return;
    }
    ok = notify(n, ch, x, a, &why);
    if (!ok && atomic_load(&n->stopping))
        return; /* "trying" stays: the next start tries again */
    if (!outbox_done(n, ch, x, ok ? NULL : &why, &e))
        diag_err(n->diag, DIAG_ERROR, "the outbox could not be written", &e);
    if (!ok)
        diag(n->diag, DIAG_WARN, "a notice could not be told", "channel=%s id=%s why=\"%s\"",
             channel_words[ch], x->id, why.text);
}

struct herald {
    struct node *n;
    enum channel channel;
};

static void *herald(void *self)
{
    struct node *n = ((struct herald *)self)->n;
    enum channel ch = ((struct herald *)self)->channel;
    struct arena *a = arena_new((size_t)16 << 20);
    unsigned seen = atomic_load(&n->notices) - 1; /* the outbox is read when something may be due */
    int64_t next = 0;

    while (a && !atomic_load(&n->stopping)) {
        struct arena_mark m = arena_mark(a);
        struct outbox_due x;
        unsigned puts = atomic_load(&n->notices);
        int64_t wait = INT64_MAX, now = os_ticks_us(n->os);
        if (!channel_on(node_config(n), ch) || (puts == seen && now < next)) {
            rest(n, LOOK_LEAST_US);
        } else if (outbox_next(n, ch, a, &x, &wait)) {
            tell(n, ch, &x, a);
        } else {
            seen = puts;
            next = wait > LOOK_MOST_US * 120 ? now + LOOK_MOST_US * 120 : now + wait;
        }
        arena_reset(a, m);
    }
    arena_free(a);
    return NULL;
}

struct clerks {
    pthread_t thread[1 + CHANNELS];
    struct herald heralds[CHANNELS];
    size_t n;
};

bool clerks_start(struct node *n, struct arena *a, struct clerks **out, struct err *e)
{
    struct clerks *c = arena_get(a, sizeof *c, e);

    if (!c)
        return false;
    *out = c;
    if (pthread_create(&c->thread[0], NULL, clerk, n) != 0)
        return err_fail(e, ERR_NOMEM, "out of threads");
    for (c->n = 1; c->n <= CHANNELS; c->n++) {
        struct herald *h = &c->heralds[c->n - 1];
        *h = (struct herald){n, (enum channel)(c->n - 1)};
        if (pthread_create(&c->thread[c->n], NULL, herald, h) != 0)
            return err_fail(e, ERR_NOMEM, "out of threads");
    }
    return true;
}

void clerks_end(struct node *n, struct clerks *c)
{
    pthread_mutex_lock(&n->lock);
    pthread_cond_broadcast(&n->ending);
    pthread_mutex_unlock(&n->lock);
    for (size_t i = 0; c && i < c->n; i++)
        pthread_join(c->thread[i], NULL);
}
