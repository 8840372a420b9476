/* Officers: an act above the weight that the agreement sets carries two officers' signatures, and a
 * party names its officers in its own log (doc/formats/officers.md). Read once more, by itself. */
#include "verify/dossier_impl.h"

static struct bytes bare(struct dz *z, const struct json *body)
{
    struct json_maker m = json_maker(z->a);
    struct json *copy = json_clone(&m, body);
    struct bytes out = {0};

    json_unset(&m, copy, "officers");
    json_unset(&m, copy, "recovery");
    json_made(&m, copy, &out, NULL);
    return out;
}

/* What officers sign: the log, the kind, what it answers, and the body without the signatures. */
static struct bytes statement(struct dz *z, const struct dz_act *act, const struct json *body,
                              bool with_refs)
{
    struct buf b = buf_in(z->a);
    size_t n = with_refs ? act->refs_n : 0;
    struct bytes out = {0};
    struct hash h;

    sha256(bare(z, body), &h);
    buf_format(&b, LABEL_OFFICERS "\n%s\n%.*s\n", z->party[act->party].origin,
               BYTES_FMT(act->said.kind));
    for (size_t i = 0; i < n; i++) {
        buf_puts(&b, i ? " " : "");
        buf_hex(&b, act->refs[i].b, 32);
    }
    buf_puts(&b, "\n");
    buf_hex(&b, h.b, 32);
    buf_puts(&b, "\n");
    buf_end(&b, &out, NULL);
    return out;
}

static bool good(const struct json *o, const char *member, const struct sign_public *key,
                 struct bytes text)
{
    struct signature s;
    struct bytes base64;
    size_t n = sizeof s.b;

    return json_as_string(json_find(o, member), &base64) && base64_decode(s.b, &n, base64) &&
           n == sizeof s.b && sign_verify(key, text, &s);
}

static unsigned signers(const struct dz_party *p, const struct json *body, struct bytes text)
{
    const struct json *list = json_find(body, "officers");
    uint64_t seen = 0; /* DZ_OFFICERS is 64 */
    unsigned n = 0;
    struct bytes name;

    for (size_t i = 0; i < json_count(list) && i < DZ_OFFICERS; i++)
        for (size_t k = 0; k < p->officers; k++) {
            if (seen >> k & 1 || !json_as_string(json_find(json_at(list, i), "officer"), &name) ||
                !bytes_are(name, p->officer[k].name) ||
                !good(json_at(list, i), "signature", &p->officer[k].key, text))
                continue;
            seen |= UINT64_C(1) << k;
            n++;
        }
    return n;
}

static void add(struct dz *z, struct dz_party *p, const struct json *body, struct bytes name)
{
    struct dz_officer *x = &p->officer[p->officers];
    struct bytes hex;
    char *text;

    if (p->officers == DZ_OFFICERS || !json_as_string(json_find(body, "key"), &hex) ||
        !hex_decode(x->key.b, 32, hex) || !sign_public_valid(&x->key))
        return;
    text = arena_format(z->a, NULL, LABEL_OFFICER_KEY "\n%.*s\n%.*s\n", BYTES_FMT(name),
                        BYTES_FMT(hex));
    if (!text || !good(body, "own", &x->key, bytes_text(text)))
        return;
    for (size_t k = 0; k < p->officers; k++)
        if (bytes_are(name, p->officer[k].name) || !memcmp(p->officer[k].key.b, x->key.b, 32))
            return;
    memset(x->name, 0, sizeof x->name);
    memcpy(x->name, name.p, name.n);
    p->officers++;
}

void dz_officer_act(struct dz *z, const struct dz_act *act, struct bytes payload)
{
    struct dz_party *p = &z->party[act->party];
    const struct json *body = json_parse(payload, z->a, NULL);
    bool adds = bytes_are(act->said.kind, "officer.add");
    struct bytes name, text;

    if (!json_as_string(json_find(body, "officer"), &name) || !slug_valid(name))
        return;
    text = statement(z, act, body, false);
    if (!good(body, "recovery", &p->holder.recovery, text) && !(adds && p->officers < 2) &&
        signers(p, body, text) < 2)
        return; /* the change is not one */
    if (adds)
        add(z, p, body, name);
    for (size_t k = 0; bytes_are(act->said.kind, "officer.remove") && k < p->officers; k++)
        if (bytes_are(name, p->officer[k].name)) {
            memmove(&p->officer[k], &p->officer[k + 1],
                    (p->officers - k - 1) * sizeof p->officer[0]);
            p->officers--;
        }
}

uint8_t dz_officers_signed(struct dz *z, const struct dz_act *act, struct bytes payload)
{
    const struct dz_party *p = &z->party[act->party];
    const struct json *body;
    unsigned n = 0;

    if (!p->officers || bytes_find(payload, BYTES("\"officers\"")) == SIZE_MAX)
        return 1;
    body = json_parse(payload, z->a, NULL);
    if (body)
        n = signers(p, body, statement(z, act, body, true));
    return (uint8_t)(n ? n : 1);
}
