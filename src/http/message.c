/* Methods, headers, targets: what a message is made of. */
#include "base/limits.h"
#include "base/text.h"
#include "http/http_impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

static const char *const methods[] = {
    [HTTP_GET] = "GET", [HTTP_HEAD] = "HEAD",     [HTTP_POST] = "POST",
    [HTTP_PUT] = "PUT", [HTTP_DELETE] = "DELETE",
};

const char *http_method_name(enum http_method m)
{
    return (unsigned)m < sizeof methods / sizeof *methods ? methods[m] : "?";
}

bool method_parse(struct bytes name, enum http_method *out)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (bytes_are(name, methods[i])) {
            *out = (enum http_method)i;
            return true;
        }
    return false;
}

static bool same_name(struct bytes a, const char *b)
{
    return a.n == strlen(b) && (a.n == 0 || strncasecmp((const char *)a.p, b, a.n) == 0);
}

struct bytes http_header_find(const struct http_header *headers, size_t count, const char *name,
                              size_t *n)
{
    struct bytes found = {0};
    size_t hits = 0;

    for (size_t i = 0; i < count; i++)
        if (same_name(headers[i].name, name) && hits++ == 0)
            found = headers[i].value;
    if (n)
        *n = hits;
    else if (hits > 1)
        found = bytes_of(NULL, 0);
    return found;
}

static bool is_token(struct bytes b)
{
    for (size_t i = 0; i < b.n; i++) {
        uint8_t c = b.p[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
              (c && strchr("!#$%&'*+-.^_`|~", c))))
            return false;
    }
    return b.n > 0;
}

static bool is_printable(struct bytes b, uint8_t least)
{
    for (size_t i = 0; i < b.n; i++)
        if (b.p[i] < least || b.p[i] > 0x7e)
            return false;
    return true;
}

bool header_valid(struct bytes name, struct bytes value)
{
    return is_token(name) && is_printable(value, ' ') && bytes_trim(value).n == value.n;
}

bool header_is_ours(struct bytes name)
{
    static const char *const ours[] = {
        "Content-Length", "Transfer-Encoding", "Connection", "Host", "Date",
        "Expect",         "Upgrade",           "TE"};

    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (same_name(name, ours[i]))
            return true;
    return false;
}

bool status_has_body(unsigned status)
{
    return status >= 200 && status != 204 && status != 304;
}

unsigned target_split(struct bytes target, struct bytes *path, struct bytes *query)
{
    size_t mark = bytes_find_byte(target, '?');

    if (target.n > LIMIT_HTTP_TARGET_BYTES)
        return 414;
    if (target.n == 0 || target.p[0] != '/' || !is_printable(target, '!') ||
        bytes_find_byte(target, '#') < target.n)
        return 400;
    *path = bytes_part(target, 0, mark);
    *query = bytes_part(target, mark + 1, SIZE_MAX);
    return 0;
}

/* ---- responses ---------------------------------------------------------------------------- */

static void drop_source(struct http_response *r)
{
    struct http_source old = r->source;

    r->source = (struct http_source){0};
    if (old.close)
        old.close(old.self);
}

static void respond(struct http_response *r, unsigned status, const char *type)
{
    drop_source(r);
    r->status = status;
    r->body = bytes_of(NULL, 0);
    r->header_count = 0;
    r->failed = status < 200 || status > 599;
    if (type)
        http_response_header(r, "Content-Type", bytes_text(type));
}

void http_respond(struct http_response *r, unsigned status, const char *type, struct bytes body)
{
    respond(r, status, type);
    r->body = body;
}

void http_respond_text(struct http_response *r, unsigned status, const char *format, ...)
{
    char raw[ERR_TEXT_MAX], safe[ERR_TEXT_MAX];
    struct bytes body = {0};
    va_list args;

    va_start(args, format);
    if (vsnprintf(raw, sizeof raw, format, args) < 0)
        raw[0] = '\0';
    va_end(args);
    text_escape(safe, sizeof safe - 1, bytes_text(raw));
    memcpy(safe + strlen(safe), "\n", 2);
    arena_copy(r->arena, bytes_text(safe), &body, NULL); /* without room: no text */
    http_respond(r, status, "text/plain; charset=utf-8", body);
}

void http_respond_source(struct http_response *r, unsigned status, const char *type,
                         struct http_source source)
{
    respond(r, status, type);
    r->source = source;
}

void http_response_header(struct http_response *r, const char *name, struct bytes value)
{
    struct http_header *h = &r->headers[r->header_count];

    if (value.n == 0)
        return;
    if (r->failed || r->header_count == HTTP_RESPONSE_HEADERS ||
        !header_valid(bytes_text(name), value) || header_is_ours(bytes_text(name)) ||
        !arena_copy(r->arena, bytes_text(name), &h->name, NULL) ||
        !arena_copy(r->arena, value, &h->value, NULL)) {
        r->failed = true;
        return;
    }
    r->header_count++;
}

struct file_source {
    const struct os *os;
    struct os_file *file;
    uint64_t at, left;
};

static bool file_pull(void *self, uint8_t *out, size_t room, size_t *got, struct err *e)
{
    struct file_source *f = self;
    size_t n = room < f->left ? room : (size_t)f->left;

    if (!os_read_exact(f->os, f->file, f->at, out, n, e))
        return false;
    f->at += n;
    f->left -= n;
    *got = n;
    return true;
}

static void file_close(void *self)
{
    struct file_source *f = self;
    os_close(f->os, f->file);
}

void http_respond_file(struct http_response *r, const char *type, const struct os *os,
                       struct os_file *file, uint64_t at, uint64_t n)
{
    struct file_source *f = arena_get(r->arena, sizeof *f, NULL);

    if (!f) {
        os_close(os, file);
        http_respond(r, 500, NULL, bytes_of(NULL, 0));
        return;
    }
    *f = (struct file_source){os, file, at, n};
    http_respond_source(r, 200, type, (struct http_source){file_pull, file_close, f, n});
}

/* ---- calls -------------------------------------------------------------------------------- */

static bool call_headers_check(const struct http_call *call, struct err *e)
{
    if (call->header_count > LIMIT_HTTP_HEADERS / 2)
        return err_fail(e, ERR_LIMIT, "more than %d headers in a call", LIMIT_HTTP_HEADERS / 2);
    for (size_t i = 0; i < call->header_count; i++) {
        const struct http_header *h = &call->headers[i];
        if (!header_valid(h->name, h->value) || header_is_ours(h->name))
            return err_fail(e, ERR_INPUT, "a header that cannot be sent: \"%.*s\"",
                            BYTES_FMT(bytes_part(h->name, 0, 60)));
    }
    return true;
}

bool call_check(const struct http_call *call, struct err *e)
{
    struct bytes path, query;

    if (target_split(bytes_text(call->target), &path, &query) ||
        (call->prefix && call->prefix[0] && target_split(bytes_text(call->prefix), &path, &query)))
        return err_fail(e, ERR_INPUT, "not a target for a call: \"%.80s\"", call->target);
    if (call->trust == HTTP_TRUST_PIN && !call->pin)
        return err_fail(e, ERR_INPUT, "a call without the key it is for");
    if ((call->method == HTTP_GET || call->method == HTTP_HEAD) && (call->source || call->body.n))
        return err_fail(e, ERR_INPUT, "%s carries no body", http_method_name(call->method));
    return call_headers_check(call, e);
}

void call_done(const struct http_call *call)
{
    if (call->source && call->source->close)
        call->source->close(call->source->self);
}

bool wrong_key(struct err *e, const struct http_call *call)
{
    char at[HTTP_ADDRESS_TEXT_MAX] = "they";

    if (call->at)
        http_address_print(call->at, at);
    err_fail(e, ERR_PROOF, "%s: shows another TLS key than its card", at);
    return err_hint(e, "if the other party has changed its key, import its new card");
}

bool transport_call(const struct transport *t, const struct http_call *call,
                    struct http_reply *reply, struct err *e)
{
    return t->call(t->self, call, reply, e);
}
