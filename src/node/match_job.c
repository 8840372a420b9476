/* One attempt at a session: what must be so before it, its runs in order, and what is said after
 * it. */
#include "node/match_impl.h"

#include <stdlib.h>

#define JOB_ARENA ((size_t)256 << 20)
#define RESULT_ARENA ((size_t)8 << 30)

bool attempt_sync(const struct job *j)
{
    return j->n->o.transport != NULL;
}

bool node_match_dir(struct node *n, const char *session, char out[4096], struct err *e)
{
    return path_print(out, e, "%s/match/%s", n->dir, session);
}

/* ---- before ---- */

/* What the other party has cosigned of our log, and we of theirs, as far as an act. */
static bool is_cosigned(struct job *j, struct bytes slug, uint64_t index, struct err *e)
{
    struct bytes self = node_slug(j->n), note;
    struct record_head head;
    struct cosigned_state state = {0};

    if (bytes_equal(slug, self))
        return record_head(j->slot->record, self, j->arena, &head, e) &&
               (head.cosigned > index ||
                err_fail(e, ERR_DENIED, "the other party has not cosigned our commitment yet"));
    return record_cosigned(j->slot->record, slug, j->arena, &note, e) &&
           cosigned_read(note, self, j->arena, &state, e) &&
           (state.size > index ||
            err_fail(e, ERR_DENIED, "we have not cosigned the other party's commitment yet"));
}

static bool is_alive(struct job *j, struct err *e)
{
    char clause[GATE_CLAUSE_MAX];
    struct record_state s;

    record_state(j->slot->record, os_now(j->n->os), &s);
    if (s.stage != STAGE_IN_FORCE)
        return err_fail(e, ERR_DENIED, "agreement %.8s is not in force", j->slot->id);
    return gate_act(s.agreement, BYTES("match.result"), s.suspended, s.suspended_n, clause, e);
}

static bool may_run(struct job *j, const struct match_sessions *all, const struct match_session *s,
                    struct err *e)
{
    struct match_wish wish;

    if (s->state != MATCH_ACCEPTED)
        return err_fail(e, ERR_DENIED, "the comparison is %s, not accepted",
                        match_state_name(s->state));
    match_wish_of(s, &wish);
    return is_alive(j, e) &&
           match_permits(record_agreement(j->slot->record), all, &wish, os_now(j->n->os),
                         &j->limits, e) &&
           is_cosigned(j, s->party[MATCH_ASKER], s->offer_index, e) &&
           is_cosigned(j, s->party[MATCH_ASKED], s->accept_index, e);
}

/* The list is the one that was committed to: its size, and its root. */
static bool open_list(struct job *j, struct err *e)
{
    char dir[4096];
    struct hash root;

    if (!node_match_dir(j->n, j->session.id, dir, e) ||
        !match_store_open(j->n->os, dir, &j->store, e) || !match_root(&j->store.leaves, &root, e))
        return false;
    return (j->store.leaves.n == j->session.size[j->side] &&
            hash_equal(&root, &j->session.root[j->side])) ||
           err_fail(e, ERR_DENIED, "the list in %s is not the one that was committed to", dir);
}

/* A command that is this session's worker, as the offer or acceptance said: one line. */
static bool read_worker(struct job *j, struct err *e)
{
    char path[PATH_ROOM];
    struct bytes text, line = {0};

    if (!path_print(path, e, "%s/worker", j->store.dir))
        return false;
    if (!os_exists(j->n->os, path))
        return true;
    if (!os_read_file(j->n->os, path, 4096, j->arena, &text, e))
        return false;
    bytes_next_line(&text, &line);
    return (j->worker = arena_string(j->arena, line, e)) != NULL;
}

static bool prepare(struct job *j, const char *session, struct err *e)
{
    struct match_sessions all;
    struct match_session *s;

    if (!slot_hold(j->n, j->slot, e))
        return false;
    s = match_fold(j->slot->record, j->arena, &all, e)
            ? match_session_find(&all, bytes_text(session), e)
            : NULL;
    if (s && !match_session_side(s, node_slug(j->n), &j->side)) {
        err_fail(e, ERR_DENIED, "we are no side of this comparison");
        s = NULL;
    }
    if (s && !may_run(j, &all, s, e))
        s = NULL;
    slot_release(j->n, j->slot);
    if (!s)
        return false;
    j->session = *s;
    return open_list(j, e) && read_worker(j, e) &&
           ((j->bits = calloc(j->store.leaves.n / 64 + 1, sizeof *j->bits)) ||
            err_fail(e, ERR_NOMEM, "out of memory"));
}

struct job *attempt_new(struct node *n, struct slot *s, const char *session, struct err *e)
{
    struct job *j = calloc(1, sizeof *j);
    pthread_condattr_t mono;

    if (!j || !(j->arena = arena_new(JOB_ARENA))) {
        free(j);
        err_fail(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    pthread_condattr_init(&mono);
    pthread_condattr_setclock(&mono, CLOCK_MONOTONIC);
    pthread_mutex_init(&j->lock, NULL);
    pthread_cond_init(&j->changed, &mono);
    pthread_condattr_destroy(&mono);
    j->n = n;
    j->slot = s;
    j->began = os_ticks_us(n->os);
    for (unsigned leg = 0; leg < 2; leg++)
        for (unsigned i = 0; i < MATCH_SHARDS_MOST; i++) {
            j->lane[leg][i] = (struct lane){.job = j, .leg = leg, .shard = i, .wake = -1};
        }
    if (prepare(j, session, e))
        return j;
    attempt_free(j);
    return NULL;
}

void attempt_free(struct job *j)
{
    for (unsigned leg = 0; leg < 2; leg++)
        for (unsigned i = 0; i < MATCH_SHARDS_MOST; i++)
            lane_join(&j->lane[leg][i]);
    match_store_close(&j->store);
    free(j->bits);
    arena_free(j->arena);
    pthread_cond_destroy(&j->changed);
    pthread_mutex_destroy(&j->lock);
    free(j);
}

bool node_match_ready(struct node *n, const char *agreement, const char *session, struct err *e)
{
    struct slot *s = slot_find(n, bytes_text(agreement));
    struct job *j = s ? attempt_new(n, s, session, e) : NULL;

    if (!s)
        return err_fail(e, ERR_MISSING, "there is no agreement %s", agreement);
    if (!j)
        return false;
    attempt_free(j);
    return true;
}

/* ---- runs ---- */

static bool start_leg(struct job *j, struct err *e)
{
    while (j->leg < 2 && !match_leg_runs(j->session.who, j->leg))
        j->leg++;
    for (unsigned i = 0; j->leg < 2 && i < j->session.shards; i++)
        if (!lane_start(&j->lane[j->leg][i], e))
            return false;
    return true;
}

bool attempt_open(struct job *j, struct err *e)
{
    const uint8_t *asker = j->side == MATCH_ASKER ? j->coin : j->theirs;
    const uint8_t *asked = j->side == MATCH_ASKER ? j->theirs : j->coin;

    match_session_context(&j->session, j->slot->id, asker, asked, &j->context);
    match_shard_salt(&j->context, j->split);
    j->open = true;
    return start_leg(j, e);
}

void attempt_stop(struct job *j)
{
    for (unsigned leg = 0; leg < 2; leg++)
        for (unsigned i = 0; i < j->session.shards; i++) {
            struct lane *l = &j->lane[leg][i];
            if (l->started && !l->over) {
                l->stop = true;
                lane_poke(l);
            }
        }
}

struct node_match_progress attempt_progress(struct job *j)
{
    struct node_match_progress p = {.stage = PSI_STAGE_OVER};
    unsigned leg = j->leg < 2 ? j->leg : 1;

    for (unsigned i = 0; i < j->session.shards; i++) {
        const struct lane *l = &j->lane[leg][i];
        if (l->stage < (unsigned)p.stage)
            p.stage = (enum psi_stage)l->stage;
        p.done += l->done;
        p.of += l->of;
        p.bytes += l->in.total + l->out.total;
    }
    return p;
}

/* ---- after ---- */

static void add_up(struct job *j)
{
    struct node_match_result *r = &j->result;
    struct transcript t;

    transcript_init(&t, LABEL_MATCH_RUN);
    transcript_add(&t, hash_bytes(&j->context));
    for (unsigned leg = 0; leg < 2; leg++)
        for (unsigned i = 0; match_leg_runs(j->session.who, leg) && i < j->session.shards; i++) {
            const struct worker_report *w = &j->lane[leg][i].report;
            transcript_add(&t, hash_bytes(&w->transcript));
            r->outcome.capacity += w->capacity;
            r->bytes_in += j->lane[leg][i].in.total;
            r->bytes_out += j->lane[leg][i].out.total;
            r->memory = w->memory > r->memory ? w->memory : r->memory;
        }
    transcript_hash(&t, &r->outcome.transcript);
    for (uint64_t i = 0; i < j->store.leaves.n / 64 + 1; i++)
        r->common += (uint64_t)__builtin_popcountll(j->bits[i]);
    r->learns = match_session_learns(&j->session, j->side);
    r->outcome.count = r->learns && j->limits.count_told ? (int64_t)r->common : -1;
    r->took_us = os_ticks_us(j->n->os) - j->began;
}

/* The clause may show the number alone, or items from so many on: then no file is written. */
static bool write_items(struct job *j, struct err *e)
{
    struct node_match_result *r = &j->result;
    struct arena *a;
    struct bytes *line, whole;
    struct buf b;
    uint64_t n;
    bool ok;

    r->items = r->learns && !j->limits.cardinality && r->common >= j->limits.reveal_from;
    if (!r->items || !path_print(r->file, e, "%s/items", j->store.dir))
        return !r->items;
    a = arena_new(RESULT_ARENA);
    ok = (a || err_fail(e, ERR_NOMEM, "out of memory")) &&
         match_store_lines(&j->store, j->bits, a, &line, &n, e);
    b = buf_in(a);
    for (uint64_t i = 0; ok && i < n; i++) {
        buf_put(&b, line[i]);
        buf_byte(&b, '\n');
    }
    ok = ok && buf_end(&b, &whole, e) && os_write_file(j->n->os, r->file, whole, OS_PRIVATE, e);
    arena_free(a);
    return ok;
}

static bool say(struct job *j, const char *kind, struct bytes object, struct err *e)
{
    struct record *r = node_hold(j->n, j->slot->id, e);
    struct record_draft *d = arena_get(j->arena, sizeof *d, e);
    struct record_placed placed;
    bool ok;

    if (!r)
        return false;
    match_draft(&j->session, kind, node_slug(j->n), object, d);
    ok = d && record_append(r, d, 1, &placed, e);
    if (!ok)
        node_note_failure(j->n, j->slot, e);
    node_release(j->n, r);
    return ok;
}

static void finish(struct job *j)
{
    struct bytes object;
    struct err e = {0};
    bool ok = j->ok;

    if (ok) {
        add_up(j);
        ok = write_items(j, &e) &&
             match_say_result(&j->session, &j->result.outcome, j->n->os, j->arena, &object, &e) &&
             say(j, "match.result", object, &e);
    } else if (match_say_abort(&j->session, psi_reason_name(j->reason), j->n->os, j->arena, &object,
                               &e)) {
        say(j, "match.abort", object, &e);
        e = j->e;
    }
    diag(j->n->diag, ok ? DIAG_INFO : DIAG_WARN, ok ? "lists were compared" : "a comparison ended",
         "agreement=%s session=%s reason=\"%s\" why=\"%s\"", j->slot->id, j->session.id,
         psi_reason_name(j->reason), ok ? "" : e.text);
    pthread_mutex_lock(&j->lock);
    j->ok = ok;
    j->e = e;
    j->ended = true;
    j->ended_at = os_ticks_us(j->n->os);
    pthread_cond_broadcast(&j->changed);
    pthread_mutex_unlock(&j->lock);
}

/* Of the leg that runs: all over, all well? Lock held. */
static bool leg_over(struct job *j, bool *well)
{
    bool over = true;

    *well = true;
    for (unsigned i = 0; j->leg < 2 && i < j->session.shards; i++) {
        struct lane *l = &j->lane[j->leg][i];
        over = over && (l->over || !l->started);
        if (l->started && l->over && !l->ok) {
            *well = false;
            if (j->reason == PSI_REASON_NONE || j->reason == PSI_REASON_CANCELLED) {
                j->reason = l->reason;
                j->e = l->e;
            }
        }
    }
    return over;
}

void attempt_advance(struct job *j)
{
    bool well, over, mine = false;

    pthread_mutex_lock(&j->lock);
    over = leg_over(j, &well);
    if (!well)
        attempt_stop(j);
    if (over && !j->finishing) {
        if (well && j->leg < 2)
            j->leg++;
        if (well && !start_leg(j, &j->e)) {
            well = false;
            j->reason = PSI_REASON_TROUBLE;
            attempt_stop(j);
        }
        mine = j->finishing = !well || j->leg >= 2;
        j->ok = well;
        pthread_cond_broadcast(&j->changed);
    }
    pthread_mutex_unlock(&j->lock);
    if (mine)
        finish(j);
}
