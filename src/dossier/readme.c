/* README.txt of a dossier: what it is, and the commands of any Unix that check it (readme.sh); and
 * verify.py. The commands are the lines that begin with four blanks, and nothing else begins so. */
#include "dossier/dossier_impl.h"

static const char words_above[] =
    "This is a dossier: what parties to an agreement said to each other in some cases, with the\n"
    "proofs of who said it, in which order, and when at the earliest and at the latest.\n"
    "Open summary.html to read it. Neither that page nor this text is evidence; the files are:\n"
    "\n"
    "  agreement/     the agreement that all parties signed, each of its versions\n"
    "  cards/         the parties' cards: their keys, signed by these\n"
    "  acts/          what was said: PARTY/NUMBER in its log; two lines and a signature each\n"
    "  payloads/      what the acts carry, by digest\n"
    "  heads/         signed heads of the logs, with the dated signatures of others\n"
    "  proofs/        that each act is in its log (C2SP tlog-proof)\n"
    "  consistency/   that each head grew from the one before (RFC 9162)\n"
    "  policies/      whose word counts for which log (C2SP tlog-policy)\n"
    "  computed/      the states of the cases and how they came about: made from all of this\n"
    "  custody.jsonl  who handled what\n"
    "  dossier.json   which cases; what is withheld, and which entries are not shown\n"
    "\n"
    "The parties (compare these fingerprints with what they say themselves):\n";

static const char words_below[] =
    "\n"
    "What follows from it, if it holds: the owner of a key said what it signed, and cannot take it "
    "back;\na mirror's dated signature says that its owner held every act addressed to it up to "
    "there; each act was\nsaid between two such signatures.\n"
    "What does not follow: that anything said is true; the time that an act claims; whose a key "
    "is, beyond what\nthe fingerprints tell you; what was said elsewhere, or in entries that are "
    "not shown.\n"
    "\n"
    "How to check it:\n"
    "  with the program:       entente verify FILE (also computes the states again)\n"
    "  with Python 3 alone:    python3 verify.py\n"
    "  with openssl 3, jq, sha256sum and what every Unix has: the commands below, in this folder. "
    "Read them\n  before you run them. They leave the files under consistency/ and computed/ to "
    "the "
    "other two.\n"
    "\n"
    "  sed -n 's/^    //p' README.txt | sh\n"
    "\n";

static void put_parties(struct making *k, struct buf *b)
{
    const struct agreement *g = record_agreement(k->r);
    char fingerprint[CARD_FINGERPRINT_MAX];

    for (size_t i = 0; i < g->parties_n; i++) {
        card_fingerprint(&g->parties[i].id, fingerprint);
        buf_puts(b, "  ");
        buf_escaped(b, g->parties[i].name);
        buf_format(b, " (%.*s), %s\n", BYTES_FMT(g->parties[i].slug), fingerprint);
    }
}

/* Which acts changed which key: PARTY:ROLE:ENTRY:PAYLOAD. */
static bool put_changes(struct making *k, struct buf *b, struct err *e)
{
    buf_puts(b, "    changes='");
    for (size_t i = 0; i < k->parts; i++)
        for (size_t j = 0; j < k->part[i].n; j++) {
            struct act *act = arena_get(k->a, sizeof *act, e);
            const struct json *body;
            struct bytes payload, role;
            if (!act || !record_act(k->r, k->part[i].slug, k->part[i].picks[j].index, k->a, act, e))
                return false;
            if (!bytes_start_with(act->kind, "key."))
                continue;
            if (!record_payload(k->r, act, k->a, &payload, e) ||
                !(body = json_parse(payload, k->a, e)) || !json_get_string(body, "role", &role, e))
                return false;
            buf_format(b, "%.*s:%.*s:%llu:", BYTES_FMT(k->part[i].slug), BYTES_FMT(role),
                       (unsigned long long)act->seq);
            buf_hex(b, act->body.sha256.b, 32);
            buf_puts(b, " ");
        }
    buf_puts(b, "'\n");
    return true;
}

static void put_commands(struct buf *b)
{
    struct bytes rest = dossier_readme_sh, line;

    while (bytes_next_line(&rest, &line)) {
        buf_puts(b, "    ");
        buf_put(b, line);
        buf_puts(b, "\n");
    }
}

bool put_readme(struct making *k, struct err *e)
{
    struct buf b = buf_in(k->a);
    struct bytes readme;

    buf_puts(&b, words_above);
    put_parties(k, &b);
    buf_puts(&b, words_below);
    if (!put_changes(k, &b, e))
        return false;
    put_commands(&b);
    return buf_end(&b, &readme, e) && put_file(k, readme, e, "README.txt") &&
           put_file(k, dossier_verify_py, e, "verify.py");
}
