/* Cards of other parties: files of ours, looked up by slug or by TLS key. A card counts once its
 * owner has answered a challenge with the very keys in it (the file beside it says so). */
#include "node/node_impl.h"

#include <stdlib.h>

#define STATE_MAX 1024

static bool card_path(const struct node *n, struct bytes slug, const char *suffix,
                      char out[PATH_ROOM], struct err *e)
{
    /* slug_valid() leaves nothing in it that a path could mind. */
    return path_print(out, e, "%s/cards/%.*s.%s", n->dir, BYTES_FMT(slug), suffix);
}

/* All keys of a card: what an enrolment is about. */
static void keys_digest(const struct card *c, struct hash *out)
{
    sha256(bytes_of(c->keys, sizeof c->keys), out);
}

/* ---- the enrolment's file
 * ------------------------------------------------------------------------ */

static bool state_parse(struct bytes text, struct node_peer *p, struct err *e)
{
    struct reader r = reader_of(text);
    struct hash keys, have;
    struct bytes line, how, when;

    reader_expect_line(&r, "entente/enrolment/v1");
    line = reader_line(&r);
    how = reader_line(&r);
    when = reader_line(&r);
    if (!reader_end(&r, e))
        return false;
    if (!bytes_start_with(line, "keys ") ||
        !hex_decode(have.b, sizeof have.b, bytes_part(line, 5, SIZE_MAX)) ||
        (!bytes_are(how, "how online") && !bytes_are(how, "how offline")) ||
        !bytes_start_with(when, "when ") ||
        !time_parse(bytes_part(when, 5, SIZE_MAX), &p->enrolled_at))
        return err_fail(e, ERR_INPUT, "not an enrolment of ours");
    p->online = bytes_are(how, "how online");
    keys_digest(&p->card, &keys);
    p->state = hash_equal(&keys, &have) ? NODE_ENROLLED : NODE_PENDING;
    return true;
}

static bool state_write(struct node *n, const struct node_peer *p, struct err *e)
{
    struct arena *a = arena_new(STATE_MAX * 4);
    char path[PATH_ROOM], when[TIME_TEXT_MAX];
    struct buf b = buf_in(a);
    struct bytes text;
    struct hash keys;
    bool ok = a || err_fail(e, ERR_NOMEM, "out of memory");

    if (ok) {
        keys_digest(&p->card, &keys);
        time_print(when, p->enrolled_at);
        buf_puts(&b, "entente/enrolment/v1\nkeys ");
        buf_hex(&b, keys.b, sizeof keys.b);
        buf_format(&b, "\nhow %s\nwhen %s\n", p->online ? "online" : "offline", when);
        ok = buf_end(&b, &text, e) && card_path(n, p->card.slug, "enrolled", path, e) &&
             os_write_file(n->os, path, text, OS_PRIVATE, e);
    }
    arena_free(a);
    return ok;
}

static bool state_read(struct node *n, struct node_peer *p, struct err *e)
{
    struct arena *a = arena_new(STATE_MAX * 4);
    char path[PATH_ROOM];
    struct bytes text;
    bool ok = a || err_fail(e, ERR_NOMEM, "out of memory");

    p->state = NODE_PENDING;
    ok = ok && card_path(n, p->card.slug, "enrolled", path, e);
    if (ok && os_exists(n->os, path) &&
        !(os_read_file(n->os, path, STATE_MAX, a, &text, e) && state_parse(text, p, e)))
        ok = err_within(e, "%s", path);
    arena_free(a);
    return ok;
}

/* ---- the list
 * ------------------------------------------------------------------------------------ */

const struct node_peer *cards_find(const struct node *n, struct bytes slug)
{
    for (size_t i = 0; i < n->peers_n; i++)
        if (bytes_equal(n->peers[i]->card.slug, slug))
            return n->peers[i];
    return NULL;
}

const struct node_peer *node_peer(struct node *n, struct bytes slug)
{
    const struct node_peer *p;

    pthread_mutex_lock(&n->lock);
    p = cards_find(n, slug);
    pthread_mutex_unlock(&n->lock);
    return p;
}

bool node_peers(struct node *n, struct arena *a, const struct node_peer *const **out, size_t *count,
                struct err *e)
{
    const struct node_peer **list;

    pthread_mutex_lock(&n->lock);
    list = arena_get_array(a, n->peers_n, sizeof *list, e);
    for (size_t i = 0; list && i < n->peers_n; i++)
        list[i] = n->peers[i];
    *count = n->peers_n;
    pthread_mutex_unlock(&n->lock);
    *out = list;
    return list != NULL;
}

const struct node_peer *cards_by_tls(struct node *n, const struct sign_public *key)
{
    const struct node_peer *found = NULL;

    pthread_mutex_lock(&n->lock);
    for (size_t i = 0; key && i < n->peers_n; i++)
        if (n->peers[i]->state == NODE_ENROLLED &&
            memcmp(&n->peers[i]->card.keys[KEY_TLS], key, sizeof *key) == 0)
            found = n->peers[i];
    pthread_mutex_unlock(&n->lock);
    return found;
}

/* In its place by slug; a pointer that somebody has stays good. Lock held. */
static bool put_peer(struct node *n, const struct node_peer *p, struct err *e)
{
    size_t at = 0;

    while (at < n->peers_n && bytes_compare(n->peers[at]->card.slug, p->card.slug) < 0)
        at++;
    if (at < n->peers_n && bytes_equal(n->peers[at]->card.slug, p->card.slug)) {
        n->peers[at] = p;
        return true;
    }
    if (n->peers_n == LIMIT_NODE_CARDS)
        return err_fail(e, ERR_LIMIT, "more than %d cards", LIMIT_NODE_CARDS);
    memmove(&n->peers[at + 1], &n->peers[at], (n->peers_n - at) * sizeof n->peers[0]);
    n->peers[at] = p;
    n->peers_n++;
    return true;
}

static const struct node_peer *publish(struct node *n, const struct node_peer *p, struct err *e)
{
    struct node_peer *kept;
    bool ok;

    pthread_mutex_lock(&n->lock);
    kept = arena_get(n->arena, sizeof *kept, e);
    ok = kept != NULL;
    if (ok)
        *kept = *p;
    ok = ok && put_peer(n, kept, e);
    pthread_mutex_unlock(&n->lock);
    return ok ? kept : NULL;
}

bool cards_enrolled(struct node *n, const struct node_peer *p, bool online, struct err *e)
{
    struct node_peer fresh = *p;

    fresh.state = NODE_ENROLLED;
    fresh.online = online;
    fresh.enrolled_at = os_now(n->os);
    if (!state_write(n, &fresh, e) || !publish(n, &fresh, e))
        return false;
    diag(n->diag, DIAG_INFO, "a party's keys are enrolled", "party=%.*s how=%s",
         BYTES_FMT(p->card.slug), online ? "online" : "offline");
    node_wake(n);
    return true;
}

/* ---- reading the folder
 * --------------------------------------------------------------------------- */

static bool open_one(struct node *n, struct bytes name, struct err *e)
{
    struct bytes slug = bytes_part(name, 0, name.n - 5);
    struct node_peer p = {0};
    struct card *card;
    char path[PATH_ROOM];

    if (!card_path(n, slug, "card", path, e) || !(card = folder_card_read(n, path, e)))
        return false;
    if (!bytes_equal(card->slug, slug))
        return err_fail(e, ERR_INPUT, "%s is the card of another party", path);
    p.card = *card;
    return state_read(n, &p, e) && publish(n, &p, e);
}

bool cards_open(struct node *n, struct err *e)
{
    struct arena *a = arena_new((size_t)4 << 20);
    struct bytes *names;
    char path[PATH_ROOM];
    size_t count = 0;
    bool ok = a || err_fail(e, ERR_NOMEM, "out of memory");

    pthread_mutex_lock(&n->lock);
    n->peers = arena_get_array(n->arena, LIMIT_NODE_CARDS + 1, sizeof n->peers[0], e);
    ok = ok && n->peers;
    pthread_mutex_unlock(&n->lock);
    ok = ok && path_print(path, e, "%s/cards", n->dir) && os_make_dirs(n->os, path, e) &&
         os_list(n->os, path, a, &names, &count, e);
    for (size_t i = 0; ok && i < count; i++)
        if (names[i].n > 5 && bytes_end_with(names[i], ".card") &&
            slug_valid(bytes_part(names[i], 0, names[i].n - 5)))
            ok = open_one(n, names[i], e);
    arena_free(a);
    return ok;
}

/* ---- taking a card
 * --------------------------------------------------------------------------------- */

/* Nobody takes another's slug, and nobody has two. */
static bool may_stand(struct node *n, const struct card *c, struct err *e)
{
    const struct card *own = node_card(n);
    bool ok = true;

    if (bytes_equal(c->slug, own->slug) || hash_equal(&c->id, &own->id))
        return err_fail(e, ERR_DENIED, "it is our own card, or one that uses our slug");
    pthread_mutex_lock(&n->lock);
    for (size_t i = 0; ok && i < n->peers_n; i++) {
        const struct card *have = &n->peers[i]->card;
        if (bytes_equal(c->slug, have->slug))
            ok = card_succeeds(have, c, e);
        else if (hash_equal(&c->id, &have->id))
            ok = err_fail(e, ERR_DENIED, "this party is known here as %.*s", BYTES_FMT(have->slug));
    }
    pthread_mutex_unlock(&n->lock);
    return ok;
}

static bool keep_card(struct node *n, struct bytes note, const struct card *c,
                      const struct node_peer **out, struct err *e)
{
    struct node_peer p = {0};
    char path[PATH_ROOM];
    struct card *kept;

    if (!card_path(n, c->slug, "card", path, e) || !os_write_file(n->os, path, note, 0, e) ||
        !(kept = folder_card_read(n, path, e)))
        return false;
    p.card = *kept;
    if (!state_read(n, &p, e) || !(*out = publish(n, &p, e)))
        return false;
    diag(n->diag, DIAG_INFO, "a card was taken in", "party=%.*s serial=%llu enrolled=%s",
         BYTES_FMT(c->slug), (unsigned long long)c->serial,
         p.state == NODE_ENROLLED ? "yes" : "no");
    return true;
}

bool node_card_import(struct node *n, struct bytes note, const struct node_peer **out,
                      struct err *e)
{
    struct arena *a = arena_new(LIMIT_CARD_BYTES * 8);
    const struct node_peer *peer = NULL;
    struct card c;
    bool ok = a || err_fail(e, ERR_NOMEM, "out of memory");

    ok = ok && card_parse(note, a, &c, e) && may_stand(n, &c, e);
    if (ok) {
        peer = node_peer(n, c.slug);
        if (!peer || !bytes_equal(peer->card.note, note))
            ok = keep_card(n, note, &c, &peer, e);
    }
    arena_free(a);
    if (ok && out)
        *out = peer;
    return ok || err_within(e, "card");
}

/* ---- vouching for an agreement's keys
 * ------------------------------------------------------------- */

bool cards_vouch(struct node *n, const struct agreement_party *p, struct err *e)
{
    const struct card *own = node_card(n), *card;
    const struct node_peer *peer;

    if (bytes_equal(p->slug, own->slug)) {
        card = own;
    } else {
        peer = node_peer(n, p->slug);
        if (!peer || peer->state != NODE_ENROLLED) {
            err_fail(e, ERR_DENIED, "the keys of %.*s are not enrolled here", BYTES_FMT(p->slug));
            return err_hint(e, "entente card import FILE, then entente card enrol %.*s",
                            BYTES_FMT(p->slug));
        }
        card = &peer->card;
    }
    if (!hash_equal(&p->id_of_key, &card->id) || memcmp(p->keys, card->keys, sizeof p->keys) != 0) {
        err_fail(e, ERR_DENIED, "the agreement names other keys for %.*s than its card does",
                 BYTES_FMT(p->slug));
        return err_hint(e, "make the agreement from the present cards");
    }
    return true;
}
