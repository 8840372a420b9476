/* README.txt of a proof: what it says, and the commands of any Unix that check it. The commands are
 * the lines that begin with four blanks, and nothing else begins so. */
#include "base/text.h"
#include "cli/proof.h"

static const char functions[] =
    "    set -eu\n"
    "    t=$(mktemp -d)\n"
    "    trap 'test $? = 0 || echo \"IT DOES NOT HOLD\"; rm -rf \"$t\"' EXIT\n"
    "    # The public key of 64 hex digits as openssl reads it (RFC 8410).\n"
    "    key() { { printf '\\060\\052\\060\\005\\006\\003\\053\\145\\160\\003\\041\\000'\n"
    "      printf %s \"$1\" | tr a-f A-F | basenc --base16 -d; } > \"$t/key\"; }\n"
    "    # The card of a party says which key is for what: card PARTY PURPOSE\n"
    "    card() { sed -n 2p \"$1.card\" | jq -r \".keys.$2\"; }\n"
    "    # Is $t/sig the key's signature of this file?\n"
    "    signed() { openssl pkeyutl -verify -pubin -keyform DER -inkey \"$t/key\" -rawin \\\n"
    "      -in \"$1\" -sigfile \"$t/sig\" > \"$t/said\" 2>&1 || { cat \"$t/said\"; exit 1; }; }\n"
    "    digest() { sha256sum | cut -c 1-64; }\n"
    "    # 0. Whose card it is: its recovery key, whose digest people compare, signed the others.\n"
    "    whose() { sed '/^$/,$d' \"$1.card\" > \"$t/card\"\n"
    "      grep \"^\xe2\x80\x94 $1/recovery \" \"$1.card\" | cut -d ' ' -f 3 | base64 -d | tail -c "
    "64 > \"$t/sig\"\n"
    "      key \"$(card \"$1\" recovery)\"\n"
    "      signed \"$t/card\"\n"
    "      echo \"0. $1 is SHA256:$(tail -c 32 \"$t/key\" | digest | cut -c 1-32 |\n"
    "        sed -e 's/..../&-/g' -e 's/-$//')\"; }\n";

static const char head_commands[] =
    "    # 3. The head of the log: origin, size and root, signed by the log's key.\n"
    "    sed '1,/^$/d' act.tlog-proof > \"$t/note\"\n"
    "    sed '/^$/,$d' \"$t/note\" > \"$t/head\"\n"
    "    test \"$(sed -n 1p \"$t/head\")\" = \"$origin\"\n"
    "    grep \"^\xe2\x80\x94 $origin \" \"$t/note\" | head -n 1 | cut -d ' ' -f 3 |\n"
    "      base64 -d | tail -c 64 > \"$t/sig\"\n";

static const char tree_commands[] =
    "    # 4. The act is in the tree under that root (RFC 9162, section 2.1.3.2).\n"
    "    node() { { printf '\\001'; cat \"$1\" \"$2\"; } | openssl dgst -sha256 -binary > "
    "\"$t/n\"\n"
    "      mv \"$t/n\" \"$t/h\"; }\n"
    "    { printf '\\000'; openssl dgst -sha256 -binary act.note; } |\n"
    "      openssl dgst -sha256 -binary > \"$t/h\"\n"
    "    i=$(sed -n 's/^index //p' act.tlog-proof) n=$(($(sed -n 2p \"$t/head\") - 1))\n"
    "    test \"$i\" -le \"$n\"\n"
    "    sed -e '1,/^index /d' -e '/^$/,$d' act.tlog-proof > \"$t/path\"\n"
    "    while read -r p; do\n"
    "      printf %s \"$p\" | base64 -d > \"$t/p\"\n"
    "      test \"$n\" -gt 0\n"
    "      if [ $((i % 2)) = 1 ] || [ \"$i\" = \"$n\" ]; then\n"
    "        node \"$t/p\" \"$t/h\"\n"
    "        while [ $((i % 2)) = 0 ] && [ \"$i\" != 0 ]; do i=$((i / 2)) n=$((n / 2)); done\n"
    "      else\n"
    "        node \"$t/h\" \"$t/p\"\n"
    "      fi\n"
    "      i=$((i / 2)) n=$((n / 2))\n"
    "    done < \"$t/path\"\n"
    "    test \"$n\" = 0\n"
    "    test \"$(base64 < \"$t/h\")\" = \"$(sed -n 3p \"$t/head\")\"\n"
    "    echo \"4. it is in the log\"\n";

static const char cosigned_function[] =
    "    # 5. Who else has signed that head, and when: cosigned NAME KEY\n"
    "    cosigned() { grep \"^\xe2\x80\x94 $1 \" \"$t/note\" > \"$t/lines\"\n"
    "      key \"$2\"\n"
    "      while read -r _ _ line; do\n"
    "        printf %s \"$line\" | base64 -d > \"$t/line\"\n"
    "        tail -c 64 \"$t/line\" > \"$t/sig\"\n"
    "        time=$((0x$(head -c 12 \"$t/line\" | tail -c 8 | od -An -v -tx1 | tr -d ' \\n')))\n"
    "        { printf 'cosignature/v1\\ntime %s\\n' \"$time\"; cat \"$t/head\"; } > "
    "\"$t/cosigned\"\n"
    "        signed \"$t/cosigned\"\n"
    "        echo \"5. $1 cosigned it at $(date -u -d \"@$time\" +%FT%TZ)\"\n"
    "      done < \"$t/lines\"; }\n";

/* ---- keys: from the card where they are still the same, else as the log says ---- */

static const struct card *card_of(const struct proof *p, struct bytes slug)
{
    struct node *n = p->c->node;
    const struct node_peer *peer;

    if (bytes_equal(slug, node_slug(n)))
        return node_card(n);
    peer = node_peer(n, slug);
    return peer ? &peer->card : NULL;
}

static void put_key(struct buf *b, const struct proof *p, struct bytes slug, enum key_role role,
                    const struct sign_public *key)
{
    const struct card *card = card_of(p, slug);

    if (card && !memcmp(card->keys[role].b, key->b, 32)) {
        buf_format(b, "\"$(card %.*s %s)\"", BYTES_FMT(slug), key_role_name(role));
        return;
    }
    buf_hex(b, key->b, 32);
}

/* Keys that this party has had for the role: now, at the act, at the beginning. */
static size_t candidates(const struct proof *p, struct bytes slug, enum key_role role,
                         struct sign_public out[3])
{
    const uint64_t at[3] = {UINT64_MAX, p->act->seq + 1, 0};
    size_t n = 0;

    for (size_t i = 0; i < 3; i++) {
        const struct sign_public *k = record_key(p->record, slug, role, at[i]);
        bool twice = !k;
        for (size_t j = 0; j < n && !twice; j++)
            twice = !memcmp(out[j].b, k->b, 32);
        if (!twice)
            out[n++] = *k;
    }
    return n;
}

static bool note_signed_by(const struct proof *p, const char *name, enum note_type type,
                           const struct sign_public *key)
{
    struct cosignature *s;
    struct checkpoint c;
    struct note_key k;
    size_t n = 0;

    if (!note_key_make(bytes_text(name), type, key, &k, NULL))
        return false;
    if (type == NOTE_ED25519)
        return checkpoint_verify_note(&p->head, &k, 1, &c, NULL);
    return cosignature_find_all(&p->head, &k, 1, p->c->arena, &s, &n, NULL) && n > 0;
}

static bool put_signer(struct buf *b, const struct proof *p, struct bytes slug, enum key_role role,
                       const char *name, enum note_type type)
{
    struct sign_public keys[3];
    size_t n = candidates(p, slug, role, keys);

    for (size_t i = 0; i < n; i++)
        if (note_signed_by(p, name, type, &keys[i])) {
            put_key(b, p, slug, role, &keys[i]);
            return true;
        }
    return false;
}

/* ---- the parts ---- */

static void put_whose(struct buf *b, const struct proof *p)
{
    const struct agreement *g = p->g;

    for (size_t i = 0; i < g->parties_n; i++)
        if (card_of(p, g->parties[i].slug))
            buf_format(b, "    whose %.*s\n", BYTES_FMT(g->parties[i].slug));
}

static void put_act(struct buf *b, const struct proof *p)
{
    const struct act *act = p->act;
    enum key_role role = bytes_are(act->kind, "key.revoke") ? KEY_RECOVERY : KEY_ACTS;

    buf_format(b, "    # 1. The act: its first two lines, signed by %.*s.\n", BYTES_FMT(act->from));
    buf_puts(b, "    head -n 2 act.note > \"$t/act\"\n"
                "    sed -n 4p act.note | cut -d ' ' -f 3 | base64 -d | tail -c 64 > \"$t/sig\"\n"
                "    key ");
    put_key(b, p, act->from, role, record_key(p->record, act->from, role, act->seq));
    buf_format(b, "\n    signed \"$t/act\"\n    echo \"1. %.*s signed this act\"\n",
               BYTES_FMT(act->from));
}

static void put_payload(struct buf *b, const struct proof *p)
{
    if (!p->payload)
        return;
    buf_puts(b, "    # 2. The payload is the one that the act names by its digest.\n"
                "    test \"$(sed -n 2p act.note | jq -r .body.sha256)\" = \"$(");
    if (p->act->body.salted)
        buf_puts(b, "{ sed -n 2p act.note | jq -r .body.salt |\n"
                    "      tr -d '\\n' | tr a-f A-F | basenc --base16 -d; ");
    buf_format(b, p->act->body.salted ? "cat %s; } | digest)\"\n" : "digest < %s)\"\n", p->payload);
    if (p->list && strcmp(p->list, p->payload))
        buf_format(b, "    grep -q \"^$(digest < %s) $(wc -c < %s) \" %s\n", p->list, p->list,
                   p->payload);
    if (p->list)
        buf_format(b, "    grep -q \"^$(digest < object.json) $(wc -c < object.json) \" %s\n",
                   p->list);
    buf_format(b, "    echo \"2. with this %s\"\n", p->list ? "object" : "payload");
}

static void put_head(struct buf *b, const struct proof *p)
{
    buf_puts(b, head_commands);
    buf_puts(b, "    key ");
    put_signer(b, p, p->act->from, KEY_CHECKPOINTS, p->checkpoint.origin, NOTE_ED25519);
    buf_format(b, "\n    signed \"$t/head\"\n    echo \"3. %.*s signed this head of its log\"\n",
               BYTES_FMT(p->act->from));
    buf_puts(b, tree_commands);
}

/* Parties that cosigned, as mirrors ("I hold every act addressed to me") and as witnesses. */
static unsigned put_cosigners(struct buf *b, const struct proof *p)
{
    static const enum key_role roles[] = {KEY_MIRROR, KEY_WITNESS};
    const struct agreement *g = p->g;
    unsigned mirrors = 0;

    buf_puts(b, cosigned_function);
    for (size_t i = 0; i < g->parties_n * 2; i++) {
        struct bytes slug = g->parties[i / 2].slug;
        struct buf key = buf_in(p->c->arena);
        char name[128];
        snprintf(name, sizeof name, "%.*s/%s", BYTES_FMT(slug), key_role_name(roles[i % 2]));
        if (bytes_equal(slug, p->act->from) ||
            !put_signer(&key, p, slug, roles[i % 2], name, NOTE_COSIGNATURE))
            continue;
        buf_format(b, "    cosigned %s %.*s\n", name, BYTES_FMT(buf_view(&key)));
        mirrors += roles[i % 2] == KEY_MIRROR;
    }
    return mirrors;
}

/* Others that the agreement names, with the key that stands there. */
static void put_witnesses(struct buf *b, const struct proof *p)
{
    const struct agreement *g = p->g;

    for (size_t i = 0; i < g->witnesses_n; i++) {
        const struct note_key *k = &g->witnesses[i].key;
        if (!note_signed_by(p, k->name, NOTE_COSIGNATURE, &k->public))
            continue;
        buf_format(b, "    cosigned %s ", k->name);
        buf_hex(b, k->public.b, 32);
        buf_puts(b, "\n");
    }
}

static void put_commands(struct buf *b, const struct proof *p, unsigned *mirrors)
{
    buf_puts(b, functions);
    put_whose(b, p);
    buf_format(b, "    origin='%s'\n", p->checkpoint.origin);
    put_act(b, p);
    put_payload(b, p);
    put_head(b, p);
    *mirrors = put_cosigners(b, p);
    put_witnesses(b, p);
    buf_puts(b, "    echo \"IT HOLDS\"\n");
}

/* ---- the words ---- */

static void put_parties(struct buf *b, const struct proof *p)
{
    const struct agreement *g = p->g;
    char fingerprint[CARD_FINGERPRINT_MAX];

    for (size_t i = 0; i < g->parties_n; i++) {
        card_fingerprint(&g->parties[i].id, fingerprint);
        buf_puts(b, "  ");
        buf_escaped(b, g->parties[i].name);
        buf_format(b, " (%.*s), fingerprint %s\n", BYTES_FMT(g->parties[i].slug), fingerprint);
    }
}

static void put_claim(struct buf *b, const struct proof *p)
{
    const struct act *act = p->act;

    buf_format(b, "Proof of act %.*s/%llu under agreement %s\n\n", BYTES_FMT(act->from),
               (unsigned long long)act->seq, record_id(p->record));
    buf_puts(b, "The parties (compare these fingerprints with what they say themselves):\n");
    put_parties(b, p);
    buf_format(b, "\nWhat is claimed: %.*s said this, an act of kind ", BYTES_FMT(act->from));
    buf_escaped(b, act->kind);
    if (p->object_id.n) {
        buf_puts(b, ",\nwith the object ");
        buf_escaped(b, p->object_id);
        buf_puts(b, bytes_are(act->body.media_type, MEDIA_STIX) ? " (payload.json)"
                                                                : " (object.json)");
    }
    buf_format(b, ",\nand it stands at place %llu of its log under the agreement.\n",
               (unsigned long long)act->seq);
    if (act->body.media_type.n && !p->payload)
        buf_puts(b, "The payload itself is not held here: it was withheld or erased. Its digest is "
                    "in the act.\n");
}

static void put_limits(struct buf *b, unsigned mirrors)
{
    buf_puts(b, "\nWhat follows: the owner of the act key said it, and cannot take it back; a ");
    buf_puts(b, "mirror's cosignature\nsays that its owner held every act addressed to it up to "
                "there, at that time.\n");
    if (mirrors == 0)
        buf_puts(b, "No other party has cosigned this head yet: nothing here bounds the time.\n");
    buf_puts(b, "What does not follow: that the content is true; the claimed time inside the act; "
                "or whose a\nkey is, beyond what the fingerprints above tell you.\n");
}

bool proof_readme(struct proof *p, struct bytes *out, struct err *e)
{
    struct buf b = buf_in(p->c->arena), shell = buf_in(p->c->arena);
    unsigned mirrors = 0;
    struct bytes text;

    put_commands(&shell, p, &mirrors);
    if (!buf_end(&shell, &text, e))
        return false;
    put_claim(&b, p);
    put_limits(&b, mirrors);
    buf_puts(&b,
             "\nWith the program: entente verify .\nWithout it, with openssl 3, jq, sha256sum and "
             "what every Unix has: the commands below, which\none should read before running "
             "them:\n\n  sed -n 's/^    //p' README.txt | sh\n\n");
    buf_put(&b, text);
    return buf_end(&b, out, e);
}
