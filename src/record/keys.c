/* Which key counts where: rotations by both keys, revocations by the recovery key. The order is
 * that of the log, which is witnessed, so a stolen key cannot insert anything earlier. */
#include "record/record_impl.h"

void keys_start(struct key_history *h, const struct agreement_party *p)
{
    memset(h, 0, sizeof *h);
    for (int i = 0; i < KEY_ROLES; i++) {
        h->span[i][0].key = p->keys[i];
        h->n[i] = 1;
    }
}

const struct sign_public *keys_at(const struct key_history *h, enum key_role role, uint64_t at)
{
    size_t i = h->n[role];

    while (i > 1 && h->span[role][i - 1].from > at)
        i--;
    return &h->span[role][i - 1].key;
}

enum key_role keys_signer(struct bytes kind)
{
    return bytes_are(kind, "key.revoke") ? KEY_RECOVERY : KEY_ACTS;
}

bool keys_in_doubt(const struct key_history *h, uint64_t index)
{
    for (size_t i = 0; i < h->revoked_n; i++)
        if (h->revoked[i].role == KEY_ACTS && index >= h->revoked[i].first_bad &&
            index < h->revoked[i].at)
            return true;
    return false;
}

/* What both keys sign: everything that gives the change its meaning. */
bool keys_statement(const char *origin, enum key_role role, const struct sign_public *old,
                    const struct sign_public *fresh, struct arena *a, struct bytes *out,
                    struct err *e)
{
    struct buf b = buf_in(a);

    buf_format(&b, LABEL_ROTATE "\n%s\n%s\n", origin, key_role_name(role));
    buf_hex(&b, old->b, 32);
    buf_puts(&b, "\n");
    buf_hex(&b, fresh->b, 32);
    buf_puts(&b, "\n");
    return buf_end(&b, out, e);
}

static bool get_signature(const struct json *body, const char *key, struct signature *out,
                          struct err *e)
{
    struct bytes text;
    size_t n = sizeof out->b;

    if (!json_get_string(body, key, &text, e))
        return false;
    return (base64_decode(out->b, &n, text) && n == sizeof out->b) ||
           err_fail(e, ERR_INPUT, "\"%s\" is not a signature", key);
}

static bool get_key(const struct json *body, const char *key, struct sign_public *out,
                    struct err *e)
{
    struct bytes hex;

    if (!json_get_string(body, key, &hex, e))
        return false;
    return hex_decode(out->b, 32, hex) || err_fail(e, ERR_INPUT, "\"%s\" is not a key", key);
}

static bool add_span(struct key_history *h, enum key_role role, uint64_t from,
                     const struct sign_public *key, struct err *e)
{
    if (h->n[role] == KEY_SPANS)
        return err_fail(e, ERR_LIMIT, "more than %d changes of one key", KEY_SPANS);
    h->span[role][h->n[role]++] = (struct key_span){from, *key};
    return true;
}

static bool apply_revoke(struct key_history *h, const struct json *body, enum key_role role,
                         uint64_t at, struct err *e)
{
    int64_t first_bad;

    if (!json_get_integer(body, "first_bad", &first_bad, e))
        return false;
    if (first_bad < 0 || (uint64_t)first_bad > at || h->revoked_n == KEY_SPANS)
        return err_fail(e, ERR_INPUT, "\"first_bad\" must be an index before the revocation");
    h->revoked[h->revoked_n].role = role;
    h->revoked[h->revoked_n].first_bad = (uint64_t)first_bad;
    h->revoked[h->revoked_n++].at = at;
    return true;
}

bool keys_apply(struct key_history *h, const char *origin, const struct act *act,
                struct bytes payload, struct arena *a, struct err *e)
{
    bool revoke = bytes_are(act->kind, "key.revoke");
    const struct json *body = json_parse_canonical(payload, a, e);
    struct sign_public old, fresh;
    struct signature by_old, by_new;
    struct bytes name, statement;
    enum key_role role;

    if (!body || !json_get_string(body, "role", &name, e) || !get_key(body, "old", &old, e) ||
        !get_key(body, "new", &fresh, e) || !get_signature(body, "by_new", &by_new, e))
        return err_within(e, "change of a key");
    if (!key_role_parse(name, &role) || role == KEY_RECOVERY)
        return err_fail(e, ERR_INPUT, "change of a key: \"role\" is none that can be changed");
    if (memcmp(old.b, keys_at(h, role, act->seq)->b, 32))
        return err_fail(e, ERR_PROOF, "change of a key: \"old\" is not the key in force");
    if (!sign_public_valid(&fresh) || !keys_statement(origin, role, &old, &fresh, a, &statement, e))
        return err_fail(e, ERR_PROOF, "change of a key: \"new\" is not a point of prime order");
    if (!sign_verify(&fresh, statement, &by_new))
        return err_fail(e, ERR_PROOF, "change of a key: the new key did not sign");
    if (!revoke &&
        (!get_signature(body, "by_old", &by_old, e) || !sign_verify(&old, statement, &by_old)))
        return err_fail(e, ERR_PROOF, "change of a key: the old key did not sign");
    if (revoke && !apply_revoke(h, body, role, act->seq, e))
        return false;
    return add_span(h, role, act->seq + 1, &fresh, e);
}
