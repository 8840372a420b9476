/* Prometheus text (exposition format 0.0.4) on a loopback port. Labels are ids and slugs: letters,
 * digits, '-' and '_', so nothing in them needs an escape. */
#include "lookout/daemon.h"
#include "node/node_impl.h"

#define TYPE "text/plain; version=0.0.4; charset=utf-8"

static void family(struct buf *b, const char *name, const char *type, const char *help)
{
    buf_format(b, "# HELP entente_%s %s\n# TYPE entente_%s %s\n", name, help, name, type);
}

static void one(struct buf *b, const char *name, const char *type, const char *help, uint64_t value)
{
    family(b, name, type, help);
    buf_format(b, "entente_%s %llu\n", name, (unsigned long long)value);
}

struct column {
    const char *name, *help;
    int64_t (*of)(const struct node_log_status *l);
};

static int64_t of_size(const struct node_log_status *l)
{
    return (int64_t)l->size;
}
static int64_t of_seen(const struct node_log_status *l)
{
    return (int64_t)l->seen;
}
static int64_t of_cosigned(const struct node_log_status *l)
{
    return (int64_t)l->cosigned;
}
static int64_t of_unacknowledged(const struct node_log_status *l)
{
    return (int64_t)l->unacknowledged;
}
static int64_t of_stopped(const struct node_log_status *l)
{
    return l->stopped;
}
static int64_t of_failures(const struct node_log_status *l)
{
    return l->failures;
}
static int64_t of_skew(const struct node_log_status *l)
{
    return l->skew_seconds;
}
static int64_t of_contact(const struct node_log_status *l)
{
    return l->last_contact;
}

static int64_t of_differs(const struct node_log_status *l)
{
    return l->compared == NODE_DIFFERS;
}
static int64_t of_same(const struct node_log_status *l)
{
    return l->compared == NODE_SAME;
}

static const struct column columns[] = {
    {"log_size", "Acts of a log that are here.", of_size},
    {"log_seen", "Acts of a log that are known of.", of_seen},
    {"log_cosigned", "Acts that another party's mirror has cosigned.", of_cosigned},
    {"log_unacknowledged", "Acts of ours that no counterparty has cosigned.", of_unacknowledged},
    {"log_stopped", "1: the owner is convicted of two histories.", of_stopped},
    {"peer_failures", "Visits that failed, in a row.", of_failures},
    {"peer_skew_seconds", "A peer's clock minus ours.", of_skew},
    {"state_same", "1: the cases come out the same at the peer.", of_same},
    {"state_differs", "1: the cases come out otherwise at the peer, from the same acts.",
     of_differs},
    {"peer_contact_seconds", "Last contact, seconds since 1970; 0: none since start.", of_contact},
};

static void put_columns(struct buf *b, const struct node_status *s)
{
    for (size_t c = 0; c < sizeof columns / sizeof columns[0]; c++) {
        family(b, columns[c].name, "gauge", columns[c].help);
        for (size_t i = 0; i < s->agreements_n; i++)
            for (size_t k = 0; k < s->agreements[i].logs_n; k++)
                buf_format(b, "entente_%s{agreement=\"%s\",party=\"%.*s\"} %lld\n", columns[c].name,
                           s->agreements[i].id, BYTES_FMT(s->agreements[i].logs[k].slug),
                           (long long)columns[c].of(&s->agreements[i].logs[k]));
    }
    family(b, "fenced", "gauge", "1: nothing is signed until a counterparty has confirmed.");
    for (size_t i = 0; i < s->agreements_n; i++)
        buf_format(b, "entente_fenced{agreement=\"%s\"} %d\n", s->agreements[i].id,
                   s->agreements[i].fence != FENCE_OK);
}

static void put_counters(struct node *n, struct buf *b)
{
    static const int statuses[] = {200, 400, 403, 404, 409, 422};
    uint64_t done, failed, in, out, answers[6];
    struct http_server *server;
    struct http_stats h = {0};

    pthread_mutex_lock(&n->lock);
    done = n->visits_done;
    failed = n->visits_failed;
    in = n->bytes_in;
    out = n->bytes_out;
    memcpy(answers, n->witness_answers, sizeof answers);
    server = n->server;
    pthread_mutex_unlock(&n->lock);
    if (server)
        http_server_stats(server, &h);
    one(b, "visits_total", "counter", "Visits to peers.", done);
    one(b, "visits_failed_total", "counter", "Visits that failed.", failed);
    one(b, "pieces_in_bytes_total", "counter", "Bytes of logs taken from peers.", in);
    one(b, "pieces_out_bytes_total", "counter", "Bytes of logs given to peers.", out);
    one(b, "http_connections", "gauge", "Connections now.", h.open);
    one(b, "http_requests_total", "counter", "Requests.", h.requests);
    one(b, "http_refused_total", "counter", "Requests refused before they reached the node.",
        h.refused);
    family(b, "witness_answers_total", "counter", "Answers to add-checkpoint.");
    for (size_t i = 0; i < 6; i++)
        buf_format(b, "entente_witness_answers_total{status=\"%d\"} %llu\n", statuses[i],
                   (unsigned long long)answers[i]);
}

/* ---- logs that are followed: what the process that does it wrote down ---- */

static void put_label(struct buf *b, struct bytes text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"' || text.p[i] == '\\')
            buf_byte(b, '\\');
        if (text.p[i] >= 0x20)
            buf_byte(b, text.p[i]);
    }
}

static const struct watch_column {
    const char *name, *type, *help;
    size_t offset; /* in struct daemon_log */
} watch_columns[] = {
    {"watch_bytes_total", "counter", "Bytes of a log that were searched.",
     offsetof(struct daemon_log, bytes)},
    {"watch_lines_total", "counter", "Lines of it.", offsetof(struct daemon_log, lines)},
    {"watch_hits_total", "counter", "Hits in it.", offsetof(struct daemon_log, hits)},
    {"watch_lag_bytes", "gauge", "Bytes of it that were not searched yet.",
     offsetof(struct daemon_log, lag)},
    {"watch_lost_total", "counter", "Times that it was gone before it was read to its end.",
     offsetof(struct daemon_log, lost)},
};

static void put_watch(struct node *n, struct buf *b, struct arena *a)
{
    struct daemon_status s;
    char dir[PATH_ROOM];

    if (!path_print(dir, NULL, "%s/watch", n->dir) || !daemon_status_read(n->os, dir, a, &s, NULL))
        return;
    one(b, "watch_indicators", "gauge", "Values that logs are searched for.", s.indicators);
    one(b, "watch_index_seconds", "gauge", "When the index was compiled, seconds since 1970.",
        (uint64_t)s.index_time);
    one(b, "watch_status_seconds", "gauge", "When the follower last said how it is.",
        (uint64_t)s.written);
    for (size_t c = 0; c < sizeof watch_columns / sizeof *watch_columns; c++) {
        const struct watch_column *w = &watch_columns[c];
        family(b, w->name, w->type, w->help);
        for (size_t i = 0; i < s.logs_n; i++) {
            buf_format(b, "entente_%s{log=\"", w->name);
            put_label(b, s.logs[i].path);
            buf_format(
                b, "\"} %llu\n",
                (unsigned long long)*(const uint64_t *)(const void *)((const uint8_t *)&s.logs[i] +
                                                                      w->offset));
        }
    }
}

static void serve_metrics(void *self, struct http_request *q, struct http_response *r)
{
    struct node *n = self;
    struct node_status s;
    struct buf b = buf_in(q->arena);
    struct bytes text;
    struct err e = {0};

    if (!bytes_are(q->path, "/metrics")) {
        http_respond_text(r, 404, "nothing here but /metrics");
        return;
    }
    if (!node_status(n, q->arena, &s, &e)) {
        http_respond_text(r, 503, "%s", e.text);
        return;
    }
    one(&b, "up", "gauge", "1.", 1);
    put_columns(&b, &s);
    put_counters(n, &b);
    put_watch(n, &b, q->arena);
    if (buf_end(&b, &text, &e))
        http_respond(r, 200, TYPE, text);
    else
        http_respond_text(r, 500, "%s", e.text);
}

void metrics_init(struct node *n)
{
    n->metrics = (struct http_handler){.self = n, .serve = serve_metrics};
}

const struct http_handler *node_metrics_handler(struct node *n)
{
    return &n->metrics;
}
