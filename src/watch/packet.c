/* packet: addresses, DNS questions and answers, HTTP hosts and URLs, TLS server names.
 *
 * Nothing is reassembled but the first segments of a ClientHello (they do not fit into one since
 * keys became large). Every length is checked against what is there; what does not parse gives
 * nothing. (RFC 791, 8200, 1035, 8446 section 4.1.2, 6066 section 3) */
#include "watch/packet.h"

#include "base/text.h"

#include <stdio.h>

struct ends {
    uint8_t from[16], to[16]; /* IPv4 in the first four bytes */
    bool v6;
    uint16_t from_port, to_port;
    int64_t us;
};

static uint32_t be16(const uint8_t *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t be32(const uint8_t *p)
{
    return be16(p) << 16 | be16(p + 2);
}

static struct bytes rest(struct bytes b, size_t n)
{
    return n <= b.n ? bytes_of(b.p + n, b.n - n) : (struct bytes){0};
}

/* ---- lines ------------------------------------------------------------------------------------
 */

#define LINE_MOST 16384 /* of one line; names are cut long before */

static bool flush(struct packets *s, const struct flow *to, struct err *e)
{
    size_t n = s->n_lines;

    s->n_lines = 0;
    return n == 0 || to->part(to->self, bytes_of(s->lines, n), e);
}

bool packets_end(struct packets *s, const struct flow *to, struct err *e)
{
    return flush(s, to, e);
}

static void put(struct packets *s, const char *text)
{
    size_t n = strlen(text);

    memcpy(s->lines + s->n_lines, text, n);
    s->n_lines += n;
}

/* A string of JSON; bytes that are not plain ASCII as \u00NN. Cut at 2,000 bytes. */
static void put_string(struct packets *s, struct bytes b)
{
    put(s, "\"");
    for (size_t i = 0; i < b.n && i < 2000; i++) {
        char c[8] = {(char)b.p[i], 0};
        if (b.p[i] < 0x20 || b.p[i] > 0x7e || b.p[i] == '"' || b.p[i] == '\\')
            snprintf(c, sizeof c, "\\u%04x", b.p[i]);
        put(s, c);
    }
    put(s, "\"");
}

/* {"_path":"dns","ts":"...","dns.query":... : the caller closes it */
static bool line_begin(struct packets *s, const char *path, const struct ends *d,
                       const struct flow *to, struct err *e)
{
    char text[TIME_TEXT_MAX];

    if (LINES - s->n_lines < LINE_MOST && !flush(s, to, e))
        return false;
    put(s, "{\"_path\":\"");
    put(s, path);
    put(s, "\"");
    if (d->us > 0 && d->us < INT64_C(253402300800000000)) {
        time_print_us(text, d->us);
        put(s, ",\"ts\":\"");
        put(s, text);
        put(s, "\"");
    }
    return true;
}

static void put_member(struct packets *s, const char *name, struct bytes value)
{
    put(s, ",\"");
    put(s, name);
    put(s, "\":");
    put_string(s, value);
}

static void line_end(struct packets *s)
{
    put(s, "}\n");
}

/* ---- addresses ----------------------------------------------------------------------------------
 */

static uint64_t mix(uint64_t h, const void *p, size_t n)
{
    const uint8_t *b = p;

    for (size_t i = 0; i < n; i++)
        h = (h ^ b[i]) * UINT64_C(0x100000001b3);
    return h ^ h >> 31;
}

static void put_address(struct packets *s, const char *name, const uint8_t *b, bool v6)
{
    char text[48];

    if (v6)
        snprintf(text, sizeof text, "%x:%x:%x:%x:%x:%x:%x:%x", be16(b), be16(b + 2), be16(b + 4),
                 be16(b + 6), be16(b + 8), be16(b + 10), be16(b + 12), be16(b + 14));
    else
        snprintf(text, sizeof text, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
    put_member(s, name, bytes_text(text));
}

/* Once per pair of addresses, as long as the table remembers it. */
static bool addresses(struct packets *s, const struct ends *d, const struct flow *to, struct err *e)
{
    uint64_t h = mix(mix(UINT64_C(0xcbf29ce484222325) + d->v6, d->from, 16), d->to, 16) | 1;
    uint64_t *slot = &s->pairs[h >> 48];

    if (*slot == h)
        return true;
    *slot = h;
    if (!line_begin(s, "flow", d, to, e))
        return false;
    put_address(s, "src", d->from, d->v6);
    put_address(s, "dst", d->to, d->v6);
    line_end(s);
    return true;
}

/* ---- DNS
 * ------------------------------------------------------------------------------------------ */

#define DNS_NAME_MOST 255
#define DNS_JUMPS_MOST 32
#define DNS_RECORDS_MOST 64

/* The name at *at with its compression followed; *at behind it. False: not one. */
static bool dns_name(struct bytes m, size_t *at, char out[DNS_NAME_MOST + 1])
{
    size_t p = *at, n = 0, jumps = 0;

    for (;;) {
        uint8_t size;
        if (p >= m.n)
            return false;
        size = m.p[p++];
        if ((size & 0xc0) == 0xc0) {
            if (p >= m.n || ++jumps > DNS_JUMPS_MOST)
                return false;
            if (jumps == 1)
                *at = p + 1;
            p = (size_t)(size & 0x3f) << 8 | m.p[p];
            continue;
        }
        if (size & 0xc0 || size > m.n - p || n + size + 1 > DNS_NAME_MOST)
            return false;
        if (size == 0)
            break;
        if (n)
            out[n++] = '.';
        memcpy(out + n, m.p + p, size);
        n += size;
        p += size;
    }
    out[n] = '\0';
    if (jumps == 0)
        *at = p;
    return memchr(out, '\0', n) == NULL; /* a label with a zero is no host's */
}

static void dns_record(struct packets *s, struct bytes m, size_t at, uint32_t type, size_t n)
{
    char name[DNS_NAME_MOST + 1];

    if (type == 1 && n == 4)
        put_address(s, "dns.answer", m.p + at, false);
    else if (type == 28 && n == 16)
        put_address(s, "dns.answer", m.p + at, true);
    else if ((type == 5 || type == 2 || type == 12) && dns_name(m, &at, name))
        put_member(s, "dns.answer", bytes_text(name));
}

static bool dns_has_name(struct bytes m, size_t at)
{
    char name[DNS_NAME_MOST + 1];

    return dns_name(m, &at, name) && at + 4 <= m.n && name[0];
}

static bool dns(struct packets *s, const struct ends *d, struct bytes m, const struct flow *to,
                struct err *e)
{
    char name[DNS_NAME_MOST + 1];
    size_t at = 12;
    uint32_t questions, answers;

    if (m.n < 12 || (m.p[2] & 0x78) || (m.p[3] & 0x70)) /* a query or an answer */
        return true;
    questions = be16(m.p + 4);
    answers = be16(m.p + 6);
    if (questions + answers == 0 || questions > DNS_RECORDS_MOST || answers > 1000 ||
        !dns_has_name(m, at))
        return true;
    if (!line_begin(s, "dns", d, to, e))
        return false;
    for (; questions > 0 && dns_name(m, &at, name); questions--) {
        put_member(s, "dns.query", bytes_text(name));
        at += 4;
    }
    for (uint32_t i = 0; i < answers && i < DNS_RECORDS_MOST && questions == 0; i++) {
        size_t n;
        if (!dns_name(m, &at, name) || m.n < at || m.n - at < 10)
            break;
        n = be16(m.p + at + 8);
        if (n > m.n - at - 10 || LINES - s->n_lines < 1024)
            break;
        dns_record(s, m, at + 10, be16(m.p + at), n);
        at += 10 + n;
    }
    line_end(s);
    return true;
}

/* ---- HTTP
 * ------------------------------------------------------------------------------------------ */

static bool http(struct packets *s, const struct ends *d, struct bytes m, const struct flow *to,
                 struct err *e)
{
    static const char *const methods[] = {"GET ",     "POST ",  "HEAD ",    "PUT ",     "DELETE ",
                                          "OPTIONS ", "PATCH ", "CONNECT ", "PROPFIND "};
    struct bytes line, target = {0}, host = {0};
    bool is = false;
    char url[2048];
    int n;

    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        is = is || bytes_start_with(m, methods[i]);
    if (!is || !bytes_next_line(&m, &line))
        return true;
    target = bytes_part(line, bytes_find_byte(line, ' ') + 1, SIZE_MAX);
    target = bytes_part(target, 0, bytes_find_byte(target, ' '));
    while (bytes_next_line(&m, &line) && line.n)
        if (line.n > 5 && (line.p[0] | 0x20) == 'h' && (line.p[1] | 0x20) == 'o' &&
            (line.p[2] | 0x20) == 's' && (line.p[3] | 0x20) == 't' && line.p[4] == ':')
            host = bytes_trim(bytes_part(line, 5, SIZE_MAX));
    if (!line_begin(s, "http", d, to, e))
        return false;
    if (host.n)
        put_member(s, "http.host", bytes_part(host, 0, 300));
    if (target.n && target.p[0] == '/' && host.n) {
        n = snprintf(url, sizeof url, "http://%.*s%.*s", host.n > 300 ? 300 : (int)host.n,
                     (const char *)host.p, target.n > 1700 ? 1700 : (int)target.n,
                     (const char *)target.p);
        put_member(s, "http.url", bytes_of(url, (size_t)n < sizeof url ? (size_t)n : 0));
    } else {
        put_member(s, "http.url", bytes_part(target, 0, 1900));
    }
    line_end(s);
    return true;
}

/* ---- TLS
 * -------------------------------------------------------------------------------------------- */

/* The server's name in a ClientHello (handshake message, behind its record header). */
static struct bytes server_name(struct bytes m)
{
    size_t n;

    if (m.n < 4 + 34 + 1 || m.p[0] != 1)
        return (struct bytes){0};
    m = rest(m, 4 + 34);
    m = rest(m, 1 + (size_t)m.p[0]); /* session */
    if (m.n < 2)
        return (struct bytes){0};
    m = rest(m, 2 + be16(m.p)); /* ciphers */
    if (m.n < 1)
        return (struct bytes){0};
    m = rest(m, 1 + (size_t)m.p[0]); /* compression */
    m = rest(m, 2);
    while (m.n >= 4) {
        n = be16(m.p + 2);
        if (n > m.n - 4)
            break;
        if (be16(m.p) == 0 && n >= 5 && m.p[6] == 0 && be16(m.p + 7) <= n - 5)
            return bytes_of(m.p + 9, be16(m.p + 7));
        m = rest(m, 4 + n);
    }
    return (struct bytes){0};
}

static bool tls_name(struct packets *s, const struct ends *d, struct bytes record,
                     const struct flow *to, struct err *e)
{
    struct bytes name = server_name(rest(record, 5));

    if (!name.n)
        return true;
    if (!line_begin(s, "tls", d, to, e))
        return false;
    put_member(s, "tls.sni", name);
    line_end(s);
    return true;
}

static bool is_hello(struct bytes m)
{
    return m.n >= 6 && m.p[0] == 0x16 && m.p[1] == 3 && m.p[2] <= 4 && m.p[5] == 1;
}

/* The next segment of a hello, or a new one that is not whole. */
static bool tls_part(struct packets *s, const struct ends *d, uint64_t flow, uint32_t seq,
                     struct bytes m, const struct flow *to, struct err *e)
{
    struct hello *h = &s->hello[flow % HELLOS];

    if (is_hello(m) && m.n <= HELLO_MOST) {
        *h = (struct hello){.flow = flow, .next = seq};
    } else if (h->flow != flow || h->next != seq || m.n > HELLO_MOST - h->n) {
        return true;
    }
    memcpy(h->bytes + h->n, m.p, m.n);
    h->n += (uint32_t)m.n;
    h->next += (uint32_t)m.n;
    if (h->n < 5 + be16(h->bytes + 3) && ++h->segments < SEGMENTS_MOST)
        return true;
    h->flow = 0;
    return tls_name(s, d, bytes_of(h->bytes, h->n), to, e);
}

static bool tcp(struct packets *s, struct ends *d, struct bytes m, const struct flow *to,
                struct err *e)
{
    size_t header;
    uint32_t seq;
    uint64_t flow;

    if (m.n < 20)
        return true;
    d->from_port = (uint16_t)be16(m.p);
    d->to_port = (uint16_t)be16(m.p + 2);
    seq = be32(m.p + 4);
    header = (size_t)(m.p[12] >> 4) * 4;
    if (header < 20 || header >= m.n)
        return true;
    m = rest(m, header);
    flow = mix(mix(mix(mix(7, d->from, 16), d->to, 16), &d->from_port, 2), &d->to_port, 2) | 1;
    if (is_hello(m) && m.n >= 5 + be16(m.p + 3))
        return tls_name(s, d, m, to, e);
    if (is_hello(m) || s->hello[flow % HELLOS].flow == flow)
        return tls_part(s, d, flow, seq, m, to, e);
    if ((d->to_port == 53 || d->from_port == 53) && m.n > 2 && be16(m.p) <= m.n - 2)
        return dns(s, d, bytes_of(m.p + 2, be16(m.p)), to, e);
    return http(s, d, m, to, e);
}

static bool udp(struct packets *s, struct ends *d, struct bytes m, const struct flow *to,
                struct err *e)
{
    if (m.n < 8)
        return true;
    d->from_port = (uint16_t)be16(m.p);
    d->to_port = (uint16_t)be16(m.p + 2);
    for (int i = 0; i < 2; i++) {
        uint16_t port = i ? d->from_port : d->to_port;
        if (port == 53 || port == 5353 || port == 5355)
            return dns(s, d, rest(m, 8), to, e);
    }
    return true;
}

/* ---- IP
 * -------------------------------------------------------------------------------------------- */

static bool transport(struct packets *s, struct ends *d, unsigned protocol, struct bytes m,
                      const struct flow *to, struct err *e)
{
    if (!addresses(s, d, to, e))
        return false;
    if (protocol == 6)
        return tcp(s, d, m, to, e);
    return protocol != 17 || udp(s, d, m, to, e);
}

static bool ipv4(struct packets *s, struct ends *d, struct bytes m, const struct flow *to,
                 struct err *e)
{
    size_t header, total;
    unsigned protocol;

    if (m.n < 20 || m.p[0] >> 4 != 4)
        return true;
    header = (size_t)(m.p[0] & 15) * 4;
    total = be16(m.p + 2);
    protocol = m.p[9];
    memcpy(d->from, m.p + 12, 4);
    memcpy(d->to, m.p + 16, 4);
    if (be16(m.p + 6) & 0x1fff)
        protocol = 255; /* a later fragment: only its addresses */
    if (header < 20 || header > m.n)
        return true;
    if (total >= header && total < m.n)
        m.n = total; /* without the link's padding */
    return transport(s, d, protocol, rest(m, header), to, e);
}

static bool ipv6(struct packets *s, struct ends *d, struct bytes m, const struct flow *to,
                 struct err *e)
{
    unsigned next;

    if (m.n < 40 || m.p[0] >> 4 != 6)
        return true;
    d->v6 = true;
    next = m.p[6];
    memcpy(d->from, m.p + 8, 16);
    memcpy(d->to, m.p + 24, 16);
    if (be16(m.p + 4) && be16(m.p + 4) < m.n - 40)
        m.n = 40 + be16(m.p + 4);
    m = rest(m, 40);
    for (int i = 0; i < 8 && (next == 0 || next == 43 || next == 60 || next == 44); i++) {
        size_t n;
        if (m.n < 8)
            break;
        n = next == 44 ? 8 : ((size_t)m.p[1] + 1) * 8;
        if (next == 44 && be16(m.p + 2) & 0xfff8) {
            next = 255;
            break;
        }
        next = m.p[0];
        m = rest(m, n);
    }
    return transport(s, d, next, m, to, e);
}

/* Where the packet begins behind its link's header, and what it is: 4, 6, or 0. */
static unsigned link_header(uint32_t link, struct bytes *m)
{
    static const struct {
        uint16_t link;
        uint8_t size, type; /* where the type stands */
    } known[] = {{1, 14, 12}, {113, 16, 14}, {276, 20, 0}};
    uint32_t type = 0;
    size_t size = 0;

    if (link == 101 || link == 12 || link == 14 || link == 228 || link == 229)
        return m->n ? m->p[0] >> 4 : 0;
    if (link == 0 || link == 108) {
        *m = rest(*m, 4); /* a family in the writer's byte order: look at the packet instead */
        return m->n ? m->p[0] >> 4 : 0;
    }
    for (size_t i = 0; i < 3; i++)
        if (known[i].link == link && m->n >= known[i].size) {
            type = be16(m->p + known[i].type);
            size = known[i].size;
        }
    if (!size)
        return 0;
    *m = rest(*m, size);
    for (int i = 0; i < 4 && (type == 0x8100 || type == 0x88a8) && m->n >= 4; i++) {
        type = be16(m->p + 2);
        *m = rest(*m, 4);
    }
    if (type == 0x8864 && m->n >= 8) { /* PPPoE */
        type = be16(m->p + 6) == 0x21 ? 0x800 : be16(m->p + 6) == 0x57 ? 0x86dd : 0;
        *m = rest(*m, 8);
    }
    return type == 0x800 ? 4 : type == 0x86dd ? 6 : 0;
}

bool packet(struct packets *s, uint32_t link, int64_t us, struct bytes frame, const struct flow *to,
            struct err *e)
{
    struct ends d = {.us = us};
    unsigned version = link_header(link, &frame);

    s->packets++;
    if (version == 4)
        return ipv4(s, &d, frame, to, e);
    if (version == 6)
        return ipv6(s, &d, frame, to, e);
    s->others++;
    return true;
}
