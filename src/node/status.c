/* What people and machines want to know of a running node. */
#include "node/node_impl.h"

const char *node_fence_word(enum record_fence f)
{
    switch (f) {
    case FENCE_OK:
        return "ok";
    case FENCE_UNSURE:
        return "unsure";
    case FENCE_BEHIND:
        return "behind";
    }
    return "?";
}

/* Contact is what node.lock guards; it is copied under it. */
static void copy_visit(struct node *n, const struct visit *v, struct node_log_status *out)
{
    int64_t now = os_ticks_us(n->os);

    pthread_mutex_lock(&n->lock);
    out->they_hold = v->they_hold;
    out->last_contact = v->contact;
    out->next_visit = v->due > now ? (v->due - now) / US_PER_S : 0;
    out->skew_seconds = v->skew;
    out->failures = v->failures;
    memcpy(out->trouble, v->trouble, sizeof out->trouble);
    out->compared = v->compared;
    memcpy(out->differs, v->differs, sizeof out->differs);
    pthread_mutex_unlock(&n->lock);
}

static bool log_status(struct node *n, struct slot *s, struct bytes slug, struct arena *a,
                       struct node_log_status *out, struct err *e)
{
    struct arena_mark mark = arena_mark(a);
    const struct visit *v = slot_visit(s, slug);
    struct record_head head;

    if (!record_head(s->record, slug, a, &head, e))
        return false;
    arena_reset(a, mark);
    *out = (struct node_log_status){.slug = slug,
                                    .own = !v,
                                    .stopped = head.stopped,
                                    .size = head.size,
                                    .seen = head.seen,
                                    .cosigned = head.cosigned,
                                    .cosigned_at = head.cosigned_at};
    if (!v)
        out->unacknowledged = head.size > head.cosigned ? head.size - head.cosigned : 0;
    else
        copy_visit(n, v, out);
    return true;
}

static void signatures(struct slot *s, const struct record_state *state,
                       struct node_agreement_status *out)
{
    const struct agreement *g = record_agreement(s->record);

    for (size_t i = 0; i < g->parties_n; i++)
        for (size_t k = 0; k < out->logs_n; k++)
            if (bytes_equal(g->parties[i].slug, out->logs[k].slug))
                out->logs[k].opened = state->signed_by[i];
}

static bool agreement_status(struct node *n, struct slot *s, struct arena *a,
                             struct node_agreement_status *out, struct err *e)
{
    struct bytes slugs[LIMIT_PARTIES];
    struct record_state state;

    memcpy(out->id, s->id, sizeof out->id);
    pthread_mutex_lock(&n->lock);
    out->title = s->title;
    pthread_mutex_unlock(&n->lock);
    out->fence = record_fence(s->record);
    out->logs_n = slot_parties(s, slugs);
    out->logs = arena_get_array(a, out->logs_n, sizeof *out->logs, e);
    if (!out->logs)
        return false;
    for (size_t i = 0; i < out->logs_n; i++)
        if (!log_status(n, s, slugs[i], a, &out->logs[i], e))
            return false;
    if (!slot_hold(n, s, e))
        return false;
    record_state(s->record, os_now(n->os), &state);
    out->stage = state.stage;
    signatures(s, &state, out);
    slot_release(n, s);
    return true;
}

bool node_status(struct node *n, struct arena *a, struct node_status *out, struct err *e)
{
    struct slot *s;
    size_t count;

    *out = (struct node_status){0};
    pthread_mutex_lock(&n->lock);
    out->serving = n->serving;
    out->since = n->since;
    count = n->slots_n;
    pthread_mutex_unlock(&n->lock);
    out->agreements = arena_get_array(a, count, sizeof *out->agreements, e);
    if (!out->agreements)
        return false;
    for (size_t i = 0; i < count && (s = slot_at(n, i)); i++)
        if (!agreement_status(n, s, a, &out->agreements[out->agreements_n++], e))
            return false;
    return true;
}
