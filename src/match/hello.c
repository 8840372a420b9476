#include "match/match.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/reader.h"
#include "base/text.h"

static const char first_line[] = "entente-match-hello/1";

static const char *mode_name(enum psi_mode m)
{
    return m == PSI_SEMI_HONEST ? "semi-honest" : "malicious";
}

static const char *code_name(enum psi_code c)
{
    return c == PSI_CODE_21X24 ? "21x24" : "7x24";
}

bool match_hello_print(const struct match_hello *h, struct arena *a, struct bytes *out,
                       struct err *e)
{
    struct buf b = buf_in(a);

    buf_format(&b, "%s\ntype %s\nrecipe %s\nmode %s\ncode %s\nwho %s\nshards %u\nsize %llu\nroot ",
               first_line, h->type->name, h->type->recipe, mode_name(h->mode), code_name(h->code),
               match_who_name(h->who), h->shards, (unsigned long long)h->size);
    buf_hex(&b, h->root.b, sizeof h->root.b);
    buf_puts(&b, "\ncoin ");
    buf_hex(&b, h->coin.b, sizeof h->coin.b);
    buf_puts(&b, "\nend\n");
    return buf_end(&b, out, e);
}

/* "name value": the value. */
static struct bytes field(struct reader *r, const char *name)
{
    struct bytes line = reader_line(r);
    size_t n = strlen(name);

    if (!reader_failed(r) && (line.n <= n || !bytes_start_with(line, name) || line.p[n] != ' '))
        reader_fail(r, "a line of a hello");
    return reader_failed(r) ? (struct bytes){0} : bytes_part(line, n + 1, SIZE_MAX);
}

static uint64_t number(struct reader *r, const char *name, uint64_t most)
{
    struct bytes text = field(r, name);
    uint64_t v = 0;

    if (!reader_failed(r) && (!decimal_parse(text, &v) || v > most))
        reader_fail(r, "a number within its limit");
    return v;
}

static void hash_field(struct reader *r, const char *name, struct hash *out)
{
    struct bytes text = field(r, name);

    if (!reader_failed(r) && !hex_decode(out->b, sizeof out->b, text))
        reader_fail(r, "64 hex digits");
}

bool match_hello_parse(struct bytes text, struct match_hello *out, struct err *e)
{
    struct reader r = reader_of(text);
    struct match_hello h = {0};
    struct bytes recipe, mode, code, who;

    reader_expect_line(&r, first_line);
    h.type = match_type_find(field(&r, "type"));
    recipe = field(&r, "recipe");
    mode = field(&r, "mode");
    code = field(&r, "code");
    who = field(&r, "who");
    h.shards = (unsigned)number(&r, "shards", LIMIT_PSI_SHARDS);
    h.size = number(&r, "size", LIMIT_PSI_ITEMS * LIMIT_PSI_SHARDS);
    hash_field(&r, "root", &h.root);
    hash_field(&r, "coin", &h.coin);
    reader_expect_line(&r, "end");
    if (!reader_end(&r, e))
        return err_within(e, "the peer's hello");
    if (!h.type || !bytes_are(recipe, h.type->recipe))
        return err_fail(e, ERR_PEER,
                        "the peer's type of items, or the version of its recipe, is "
                        "unknown here");
    h.mode = bytes_are(mode, "semi-honest") ? PSI_SEMI_HONEST : PSI_MALICIOUS;
    h.code = bytes_are(code, "21x24") ? PSI_CODE_21X24 : PSI_CODE_7X24;
    if (!bytes_are(mode, mode_name(h.mode)) || !bytes_are(code, code_name(h.code)) ||
        !match_who_parse(who, &h.who) || h.shards == 0)
        return err_fail(e, ERR_PEER, "the peer's hello asks for what there is not");
    *out = h;
    return true;
}

static bool differ(struct err *e, const char *what, const char *ours, const char *theirs)
{
    return err_fail(e, ERR_PEER, "the two sides differ in %s: ours is %s, theirs is %s", what, ours,
                    theirs);
}

bool match_hello_agree(const struct match_hello *ours, const struct match_hello *theirs,
                       struct err *e)
{
    char k[2][12];

    if (ours->type != theirs->type)
        return differ(e, "the type of items", ours->type->name, theirs->type->name);
    if (ours->mode != theirs->mode)
        return differ(e, "the mode", mode_name(ours->mode), mode_name(theirs->mode));
    if (ours->code != theirs->code)
        return differ(e, "the code", code_name(ours->code), code_name(theirs->code));
    if (ours->who != theirs->who)
        return differ(e, "who learns the result", match_who_name(ours->who),
                      match_who_name(theirs->who));
    k[0][decimal_print(k[0], ours->shards)] = '\0';
    k[1][decimal_print(k[1], theirs->shards)] = '\0';
    return ours->shards == theirs->shards || differ(e, "the number of shards", k[0], k[1]);
}

static void add_hello(struct transcript *t, const struct match_hello *h, const uint8_t coin[32])
{
    transcript_add(t, bytes_text(h->type->recipe));
    transcript_add(t, bytes_text(h->type->name));
    transcript_add_u64(t, (uint64_t)h->mode);
    transcript_add_u64(t, (uint64_t)h->code);
    transcript_add_u64(t, (uint64_t)h->who);
    transcript_add_u64(t, h->shards);
    transcript_add_u64(t, h->size);
    transcript_add(t, hash_bytes(&h->root));
    transcript_add(t, bytes_of(coin, 32));
}

void match_hello_context(const struct match_hello *asker, const struct match_hello *asked,
                         const uint8_t asker_coin[32], const uint8_t asked_coin[32],
                         struct hash *out)
{
    struct transcript t;

    transcript_init(&t, LABEL_MATCH_SESSION);
    add_hello(&t, asker, asker_coin);
    add_hello(&t, asked, asked_coin);
    transcript_hash(&t, out);
}

void match_run_context(const struct hash *session, unsigned leg, unsigned shard, struct hash *out)
{
    struct transcript t;

    transcript_init(&t, LABEL_MATCH_RUN);
    transcript_add(&t, hash_bytes(session));
    transcript_add_u64(&t, leg);
    transcript_add_u64(&t, shard);
    transcript_hash(&t, out);
}

void match_shard_salt(const struct hash *session, uint8_t out[32])
{
    derive(session->b, LABEL_MATCH_SHARD, (struct bytes){0}, out, 32);
}
