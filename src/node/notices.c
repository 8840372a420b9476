/* The outbox of notices. */
#include "node/notices_impl.h"

#include <stdio.h>

#define NOTICE_MOST 4096
#define STATE_MOST 512
#define BACK_OFF_MOST_S 3600
#define GIVE_UP_S (7 * 86400)

const char *const channel_words[CHANNELS] = {"hook", "mail", "webhook"};
const char *const node_notice_words[NOTICE_KINDS] = {"overdue", "hotline", "emergency",
                                                     "misbehaviour", "many"};

bool channel_on(const struct node_config *c, enum channel ch)
{
    const struct bytes *set[CHANNELS] = {&c->notify_hook, &c->notify_mail, &c->notify_webhook};

    return set[ch]->n > 0;
}

/* ---- files ---- */

static bool in_outbox(const struct node *n, char out[PATH_ROOM], const char *id, const char *what,
                      struct err *e)
{
    return path_print(out, e, "%s/outbox%s%s%s%s", n->dir, id[0] ? "/" : "", id, what[0] ? "." : "",
                      what);
}

/* "waiting 1764000000 3 why": since when, or from when on; attempts; the last failure. */
struct progress_state {
    char word[12];
    int64_t at;
    unsigned tries;
    char why[256];
};

static bool state_write(struct node *n, const char *id, enum channel ch,
                        const struct progress_state *s, struct err *e)
{
    char path[PATH_ROOM], text[STATE_MOST];
    int k =
        snprintf(text, sizeof text, "%s %lld %u %s\n", s->word, (long long)s->at, s->tries, s->why);

    return in_outbox(n, path, id, channel_words[ch], e) &&
           os_write_file(n->os, path, bytes_of(text, (size_t)k), OS_PRIVATE, e);
}

static bool state_parse(struct bytes text, struct progress_state *out)
{
    struct bytes rest = bytes_trim(text), word[3];
    uint64_t at, tries;

    for (int i = 0; i < 3; i++) {
        size_t end = bytes_find_byte(rest, ' ');
        word[i] = bytes_part(rest, 0, end);
        rest = bytes_part(rest, end + 1, SIZE_MAX);
    }
    if (word[0].n == 0 || word[0].n >= sizeof out->word || !decimal_parse(word[1], &at) ||
        !decimal_parse(word[2], &tries) || at > INT64_MAX)
        return false;
    *out = (struct progress_state){.at = (int64_t)at, .tries = (unsigned)tries};
    memcpy(out->word, word[0].p, word[0].n);
    snprintf(out->why, sizeof out->why, "%.*s", BYTES_FMT(bytes_part(rest, 0, 255)));
    return true;
}

static bool state_read(const struct node *n, const char *id, enum channel ch, struct arena *a,
                       struct progress_state *out)
{
    char path[PATH_ROOM];
    struct bytes text;

    return in_outbox(n, path, id, channel_words[ch], NULL) &&
           os_read_file(n->os, path, STATE_MOST, a, &text, NULL) && state_parse(text, out);
}

/* ---- one notice ---- */

static void set_ms(struct json_maker *m, struct json *o, const char *key, int64_t ms)
{
    char *text = arena_get(m->arena, TIME_TEXT_MAX, &m->e);

    if (!text || ms == CASES_NEVER)
        return;
    time_print(text, ms / 1000);
    json_set_text(m, o, key, text);
}

/* Ids, kinds and instants, and nothing that was shared or said: these channels carry no TLP. */
static bool notice_json(struct node *n, const struct notice *x, struct arena *a, struct bytes *out,
                        struct err *e)
{
    struct json_maker m = json_maker(a);
    struct json *o = json_new_object(&m);
    struct hash none = {{0}};
    char *hex = arena_get(a, 65, e);

    if (!hex)
        return false;
    json_set_text(&m, o, "type", "entente-notice");
    json_set_text(&m, o, "id", x->id);
    json_set_text(&m, o, "notice", node_notice_words[x->kind]);
    json_set_string(&m, o, "node", node_slug(n));
    json_set_text(&m, o, "agreement", x->agreement);
    set_ms(&m, o, "created", os_now_us(n->os) / 1000);
    if (!hash_equal(&x->matter, &none)) {
        hex_encode(hex, x->matter.b, 32);
        json_set_text(&m, o, "case", hex);
        json_set_text(&m, o, "case_kind", x->matter_kind);
    }
    if (x->from.n)
        json_set_string(&m, o, "from", x->from);
    if (x->to.n)
        json_set_string(&m, o, "to", x->to);
    set_ms(&m, o, "due", x->due);
    if (x->rung)
        json_set_integer(&m, o, "rung", x->rung);
    json_set_bool(&m, o, "exercise", x->exercise);
    return json_made(&m, o, out, e);
}

/* The notice itself last: what has no notice is no state of one. */
bool outbox_put(struct node *n, const struct notice *x, bool *fresh, struct err *e)
{
    char path[PATH_ROOM], dir[PATH_ROOM];
    struct arena *a = arena_new(1 << 16);
    struct progress_state s = {.word = "waiting", .at = os_now(n->os)};
    struct bytes json;
    bool ok;

    *fresh = false;
    ok = a && in_outbox(n, dir, "", "", e) && in_outbox(n, path, x->id, "json", e);
    if (!ok || os_exists(n->os, path)) {
        arena_free(a);
        return ok;
    }
    ok = notice_json(n, x, a, &json, e) && os_make_dirs(n->os, dir, e);
    for (int ch = 0; ok && ch < CHANNELS; ch++)
        if (channel_on(node_config(n), (enum channel)ch))
            ok = state_write(n, x->id, (enum channel)ch, &s, e);
    ok = ok && os_write_file(n->os, path, json, OS_PRIVATE, e);
    arena_free(a);
    *fresh = ok;
    if (ok)
        atomic_fetch_add(&n->notices, 1);
    return ok;
}

/* ---- what is due ---- */

static bool is_id(struct bytes name, char out[NODE_NOTICE_ID + 1])
{
    uint8_t raw[NODE_NOTICE_ID / 2];

    if (name.n != NODE_NOTICE_ID + 5 || !bytes_end_with(name, ".json") ||
        !hex_decode(raw, sizeof raw, bytes_part(name, 0, NODE_NOTICE_ID)))
        return false;
    memcpy(out, name.p, NODE_NOTICE_ID);
    out[NODE_NOTICE_ID] = '\0';
    return true;
}

static bool names(const struct node *n, struct arena *a, struct bytes **out, size_t *count)
{
    char dir[PATH_ROOM];

    *count = 0;
    return in_outbox(n, dir, "", "", NULL) && os_list(n->os, dir, a, out, count, NULL);
}

static bool is_waiting(const struct progress_state *s)
{
    return !strcmp(s->word, "waiting") || !strcmp(s->word, "trying");
}

bool outbox_next(struct node *n, enum channel ch, struct arena *a, struct outbox_due *out,
                 int64_t *wait_us)
{
    int64_t now = os_now(n->os), soonest = INT64_MAX;
    struct bytes *list;
    size_t count;
    char path[PATH_ROOM];
    bool found = false;

    *wait_us = INT64_MAX;
    if (!names(n, a, &list, &count))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct progress_state s;
        char id[NODE_NOTICE_ID + 1];
        struct arena_mark m = arena_mark(a);
        bool due = is_id(list[i], id) && state_read(n, id, ch, a, &s) && is_waiting(&s);
        arena_reset(a, m);
        if (!due || s.at >= soonest)
            continue;
        soonest = s.at;
        if (s.at > now)
            continue;
        found = true;
        memcpy(out->id, id, sizeof id);
        out->tries = s.tries;
    }
    if (soonest != INT64_MAX)
        *wait_us = soonest > now ? (soonest - now) * US_PER_S : 0;
    return found && in_outbox(n, path, out->id, "json", NULL) &&
           os_read_file(n->os, path, NOTICE_MOST, a, &out->json, NULL);
}

bool outbox_trying(struct node *n, enum channel ch, const struct outbox_due *x, struct err *e)
{
    struct progress_state s = {.word = "trying", .at = os_now(n->os), .tries = x->tries + 1};

    return state_write(n, x->id, ch, &s, e);
}

static int64_t back_off(const struct node_config *c, unsigned tries)
{
    int64_t s = c->notify_retry_seconds;

    for (unsigned i = 1; i < tries && s < BACK_OFF_MOST_S; i++)
        s *= 2;
    return s < BACK_OFF_MOST_S ? s : BACK_OFF_MOST_S;
}

bool outbox_done(struct node *n, enum channel ch, const struct outbox_due *x,
                 const struct err *failure, struct err *e)
{
    struct progress_state s = {.word = "sent", .at = os_now(n->os), .tries = x->tries + 1};

    if (failure) {
        memcpy(s.word, "waiting", sizeof "waiting");
        s.at += back_off(node_config(n), s.tries);
        text_escape(s.why, sizeof s.why, bytes_text(failure->text));
        if (s.tries > GIVE_UP_S / BACK_OFF_MOST_S)
            memcpy(s.word, "failed", sizeof "failed");
    }
    return state_write(n, x->id, ch, &s, e);
}

/* ---- all of them ---- */

static bool read_one(struct node *n, const char *id, struct arena *a, struct node_notice *out)
{
    char path[PATH_ROOM];
    struct bytes text;
    const struct json *o;

    *out = (struct node_notice){{0}};
    memcpy(out->id, id, NODE_NOTICE_ID);
    if (!in_outbox(n, path, id, "json", NULL) ||
        !os_read_file(n->os, path, NOTICE_MOST, a, &text, NULL) || !(o = json_parse(text, a, NULL)))
        return false;
    json_as_string(json_find(o, "notice"), &out->kind);
    json_as_string(json_find(o, "agreement"), &out->agreement);
    json_as_string(json_find(o, "case"), &out->matter);
    json_as_string(json_find(o, "from"), &out->from);
    json_as_string(json_find(o, "to"), &out->to);
    json_as_string(json_find(o, "due"), &out->due);
    json_as_string(json_find(o, "created"), &out->created);
    json_as_bool(json_find(o, "exercise"), &out->exercise);
    out->json = text;
    for (int ch = 0; ch < CHANNELS; ch++) {
        struct progress_state s;
        if (!state_read(n, id, (enum channel)ch, a, &s))
            continue;
        struct node_telling *t = &out->told[out->told_n++];
        *t = (struct node_telling){.channel = channel_words[ch], .at = s.at, .tries = s.tries};
        snprintf(t->state, sizeof t->state, "%s", s.word);
        snprintf(t->why, sizeof t->why, "%s", s.why);
    }
    return true;
}

static bool later(const struct node_notice *a, const struct node_notice *b)
{
    int c = bytes_compare(a->created, b->created);

    return c ? c > 0 : strcmp(a->id, b->id) > 0;
}

static void sort_notices(struct node_notice *list, size_t n)
{
    for (size_t gap = n / 2; gap; gap /= 2)
        for (size_t i = gap; i < n; i++)
            for (size_t k = i; k >= gap && later(&list[k - gap], &list[k]); k -= gap) {
                struct node_notice t = list[k];
                list[k] = list[k - gap];
                list[k - gap] = t;
            }
}

bool node_notices(struct node *n, struct arena *a, struct node_notice **out, size_t *count,
                  struct err *e)
{
    struct bytes *list;
    size_t all, k = 0;

    *count = 0;
    *out = NULL;
    if (!names(n, a, &list, &all))
        return true; /* there is no outbox yet */
    if (!(*out = arena_get_array(a, all, sizeof **out, e)))
        return false;
    for (size_t i = 0; i < all; i++) {
        char id[NODE_NOTICE_ID + 1];
        if (is_id(list[i], id) && read_one(n, id, a, &(*out)[k]))
            k++;
    }
    sort_notices(*out, k);
    *count = k;
    return true;
}
