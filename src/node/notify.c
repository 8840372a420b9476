/* Telling: a program, mail, or a web address. Each attempt has a deadline, and what we start has no
 * shell, no open files of ours, and hardly an environment. */
#include "node/notices_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define REPLY_MOST 65536
#define TURN_MS 20

/* ---- programs ---- */

static bool spawn(const char *const *argv, int in, pid_t *pid, struct err *e)
{
    static const char *const env[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8", NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none, all;
    char *args[8];
    size_t n = 0;
    int bad;

    for (; argv[n] && n < 7; n++)
        memcpy(&args[n], &argv[n], sizeof args[n]); /* posix_spawn does not write to them */
    args[n] = NULL;
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attr);
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    posix_spawnattr_setpgroup(&attr, 0);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                        POSIX_SPAWN_SETPGROUP);
    posix_spawn_file_actions_adddup2(&files, in, 0);
    posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&files, 3);
    bad = posix_spawn(pid, argv[0], &files, &attr, args, (char *const *)(uintptr_t)env);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attr);
    return !bad || err_system(e, bad, "%s", argv[0]);
}

/* What it is told fits a pipe (PIPE_BUF is 4096, a pipe holds 64 KiB), so writing never waits. */
static bool feed(struct bytes what, int *in, struct err *e)
{
    int fd[2];

    if (what.n > 32768)
        return err_fail(e, ERR_LIMIT, "a notice of %zu bytes", what.n);
    if (pipe2(fd, O_CLOEXEC) != 0)
        return err_system(e, errno, "a pipe");
    if (write(fd[1], what.p, what.n) != (ssize_t)what.n) {
        err_system(e, errno, "a pipe");
        close(fd[0]);
        close(fd[1]);
        return false;
    }
    close(fd[1]);
    *in = fd[0];
    return true;
}

/* It, and whatever it has started in its group, ends with the deadline. */
static bool wait_for(struct node *n, pid_t pid, const char *name, struct err *e)
{
    int64_t end = os_ticks_us(n->os) + (int64_t)node_config(n)->notify_seconds * US_PER_S;
    int status;
    pid_t got;

    while ((got = waitpid(pid, &status, WNOHANG)) == 0 || (got < 0 && errno == EINTR)) {
        if (os_ticks_us(n->os) >= end || atomic_load(&n->stopping)) {
            kill(-pid, SIGKILL);
            while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
            return err_fail(e, ERR_IO, "%s did not end within %u s", name,
                            node_config(n)->notify_seconds);
        }
        poll(NULL, 0, TURN_MS);
    }
    if (got < 0)
        return err_system(e, errno, "%s", name);
    if (WIFSIGNALED(status))
        return err_fail(e, ERR_IO, "%s was ended by signal %d", name, WTERMSIG(status));
    return WEXITSTATUS(status) == 0 ||
           err_fail(e, ERR_IO, "%s ended with exit status %d", name, WEXITSTATUS(status));
}

static bool run(struct node *n, const char *const *argv, struct bytes in, struct err *e)
{
    pid_t pid = -1;
    int fd = -1;
    bool ok;

    if (argv[0][0] != '/')
        return err_fail(e, ERR_INPUT, "%s is no absolute path", argv[0]);
    if (!feed(in, &fd, e))
        return false;
    ok = spawn(argv, fd, &pid, e);
    close(fd);
    return ok && wait_for(n, pid, argv[0], e);
}

static bool by_hook(struct node *n, const struct outbox_due *x, struct arena *a, struct err *e)
{
    const char *argv[] = {arena_string(a, node_config(n)->notify_hook, e), NULL};

    return argv[0] && run(n, argv, x->json, e);
}

/* ---- mail ---- */

static void put_member(struct buf *b, const struct json *o, const char *key, const char *title)
{
    struct bytes text;

    if (!json_as_string(json_find(o, key), &text))
        return;
    buf_format(b, "%-10s ", title);
    buf_escaped(b, text);
    buf_puts(b, "\n");
}

static void put_date(struct buf *b, int64_t now)
{
    static const char *const days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char t[TIME_TEXT_MAX];
    unsigned month;

    time_print(t, now); /* 2026-11-23T19:20:11Z; 1970-01-01 was a Thursday */
    month = (unsigned)(t[5] - '0') * 10 + (unsigned)(t[6] - '0');
    buf_format(b, "Date: %s, %.2s %s %.4s %.8s +0000\n", days[now / 86400 % 7], t + 8,
               months[(month - 1) % 12], t, t + 11);
}

/* RFC 5322, RFC 3834; every value is a slug, a hash, an instant or a word of ours. */
static bool mail_text(struct node *n, const struct outbox_due *x, struct arena *a,
                      struct bytes *out, struct err *e)
{
    const struct json *o = json_parse(x->json, a, e);
    struct buf b = buf_in(a);
    struct bytes kind = BYTES("notice"), matter = BYTES("");
    bool drill = false;

    if (!o)
        return false;
    json_as_string(json_find(o, "notice"), &kind);
    json_as_string(json_find(o, "case"), &matter);
    json_as_bool(json_find(o, "exercise"), &drill);
    put_date(&b, os_now(n->os));
    buf_format(&b, "From: entente node %.*s <>\nTo: %.*s\n", BYTES_FMT(node_slug(n)),
               BYTES_FMT(node_config(n)->notify_mail));
    buf_format(&b, "Subject: %sentente: %.*s %.8s\n", drill ? "EXERCISE: " : "", BYTES_FMT(kind),
               matter.n >= 8 ? (const char *)matter.p : "");
    buf_format(&b, "Message-ID: <%s@%.*s.entente.invalid>\n", x->id, BYTES_FMT(node_slug(n)));
    buf_puts(&b, "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
                 "Content-Transfer-Encoding: 8bit\nAuto-Submitted: auto-generated\n\n");
    put_member(&b, o, "notice", "notice");
    put_member(&b, o, "case_kind", "kind");
    put_member(&b, o, "case", "case");
    put_member(&b, o, "from", "from");
    put_member(&b, o, "to", "to");
    put_member(&b, o, "due", "due");
    put_member(&b, o, "agreement", "agreement");
    put_member(&b, o, "id", "notice id");
    buf_puts(&b, drill ? "\nThis is a drill.\n" : "");
    buf_puts(&b, "\nWhat it says stands on the node: entente notices\n");
    return buf_end(&b, out, e);
}

static bool by_mail(struct node *n, const struct outbox_due *x, struct arena *a, struct err *e)
{
    const struct node_config *c = node_config(n);
    const char *argv[] = {arena_string(a, c->notify_sendmail, e), "-i", "--",
                          arena_string(a, c->notify_mail, e), NULL};
    struct bytes text;

    return argv[0] && argv[3] && mail_text(n, x, a, &text, e) && run(n, argv, text, e);
}

/* ---- web address ---- */

/* http:// is for this machine alone. */
static bool url_read(struct bytes text, struct http_url *url, enum http_trust *trust,
                     struct arena *a, struct err *e)
{
    const char *https;

    *trust = HTTP_TRUST_SYSTEM;
    if (!bytes_start_with(text, "http://"))
        return http_url_parse(text, url, e);
    *trust = HTTP_TRUST_LOCAL;
    https = arena_format(a, e, "https://%.*s", BYTES_FMT(bytes_part(text, 7, SIZE_MAX)));
    if (!https || !http_url_parse(bytes_text(https), url, e))
        return false;
    return !strcmp(url->at.host, "127.0.0.1") || !strcmp(url->at.host, "::1") ||
           err_fail(e, ERR_INPUT, "notify_webhook: http:// is for this machine alone");
}

static bool signature(struct node *n, struct bytes body, struct arena *a, const char **out,
                      struct err *e)
{
    const char *path = arena_string(a, node_config(n)->notify_secret, e);
    char hex[65] = {0};
    struct bytes key;
    struct hash h;

    if (!path || !os_read_file(n->os, path, 4096, a, &key, e))
        return err_within(e, "notify_secret");
    hmac_sha256(bytes_trim(key), body, &h);
    hex_encode(hex, h.b, 32);
    return (*out = arena_format(a, e, "sha256=%s", hex)) != NULL;
}

static bool post(struct node *n, const struct http_call *call, struct err *e)
{
    struct bytes authorities = node_config(n)->notify_authorities;
    char *pem = authorities.n ? arena_string(call->arena, authorities, e) : NULL;
    struct http_client *k;
    struct http_reply reply;
    bool ok;

    if (authorities.n && !pem)
        return false;
    if (!(k = http_client_open(n->os, NULL, pem, e)))
        return false;
    ok = http_client_call(k, call, &reply, e) &&
         (reply.status / 100 == 2 ||
          err_fail(e, ERR_IO, "the web address answered %u", reply.status));
    http_client_close(k);
    return ok;
}

static bool by_webhook(struct node *n, const struct outbox_due *x, struct arena *a, struct err *e)
{
    const struct node_config *c = node_config(n);
    struct http_header headers[3] = {{BYTES("Content-Type"), BYTES("application/json")},
                                     {BYTES("X-Entente-Notice"), bytes_text(x->id)}};
    struct http_call call = {.method = HTTP_POST,
                             .headers = headers,
                             .header_count = 2,
                             .body = x->json,
                             .arena = a,
                             .body_most = REPLY_MOST,
                             .total_ms = c->notify_seconds * 1000,
                             .cancel = &n->stopping};
    struct http_url url;
    const char *sum = NULL;

    if (!url_read(c->notify_webhook, &url, &call.trust, a, e))
        return err_within(e, "notify_webhook");
    call.at = &url.at;
    call.target = url.path[0] ? url.path : "/";
    if (c->notify_secret.n) {
        if (!signature(n, x->json, a, &sum, e))
            return false;
        headers[call.header_count++] =
            (struct http_header){BYTES("X-Entente-Signature"), bytes_text(sum)};
    }
    return post(n, &call, e);
}

bool notify(struct node *n, enum channel ch, const struct outbox_due *x, struct arena *a,
            struct err *e)
{
    static bool (*const ways[CHANNELS])(struct node *, const struct outbox_due *, struct arena *,
                                        struct err *) = {by_hook, by_mail, by_webhook};

    return ways[ch](n, x, a, e);
}
