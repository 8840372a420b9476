/* entente verify FILE.dossier: the checks of a dossier, and what it says. */
#include "cli/verify_dossier.h"
#include "verify/verify_dossier.h"

#include <unistd.h>

#define VERIFY_ARENA ((size_t)6 << 30) /* a cap: the file and what it says, unpacked */

bool names_dossier(struct cli *c, const char *path)
{
    struct os_file *f;
    uint8_t first[4];
    size_t got = 0;
    bool ok = os_open(c->os, path, OS_READ, &f, NULL);

    if (!ok)
        return false;
    ok = c->os->ops->read(c->os->self, f, 0, first, sizeof first, &got, NULL);
    os_close(c->os, f);
    return ok && verify_is_dossier(bytes_of(first, got));
}

static bool read_pins(struct cli *c, struct verify_dossier_options *o, struct err *e)
{
    size_t cards, keys;
    const char *const *card = option_all(c, "card", &cards);
    const char *const *key = option_all(c, "key", &keys);
    struct verify_pin *pins = arena_get_array(c->arena, cards + keys, sizeof *pins, e);

    if (!pins)
        return false;
    for (size_t i = 0; i < cards; i++)
        if (!os_read_file(c->os, card[i], LIMIT_CARD_BYTES, c->arena, &pins[o->pins_n++].card, e))
            return false;
    for (size_t i = 0; i < keys; i++) {
        struct bytes text = bytes_text(key[i]);
        size_t at = bytes_find_byte(text, '=');
        if (at == text.n)
            return misuse(c, e, "--key takes PARTY=FINGERPRINT");
        pins[o->pins_n].slug = bytes_part(text, 0, at);
        pins[o->pins_n++].print = bytes_part(text, at + 1, SIZE_MAX);
    }
    o->pins = pins;
    return true;
}

static bool read_options(struct cli *c, struct verify_dossier_options *o, struct err *e)
{
    const char *policy = option(c, "policy"), *ca = option(c, "ca");

    return read_pins(c, o, e) &&
           (!policy || os_read_file(c->os, policy, LIMIT_POLICY_BYTES, c->arena, &o->policy, e)) &&
           (!ca || os_read_file(c->os, ca, LIMIT_POLICY_BYTES, c->arena, &o->roots, e));
}

static bool check(struct cli *c, const char *path, struct verify_dossier_options *o,
                  struct arena *a, struct err *e)
{
    struct verify_dossier d;
    struct bytes file;

    if (!os_read_file(c->os, path, LIMIT_DOSSIER_BYTES, a, &file, e) ||
        !verify_dossier(file, o, a, &d, e))
        return false;
    c->status = d.holds ? CLI_YES : CLI_NO;
    if (c->json)
        fprintf(c->out, "%.*s\n", BYTES_FMT(d.json));
    else
        fwrite(d.text.p, 1, d.text.n, c->out);
    return true;
}

bool dossier_checked(struct cli *c, const char *path, struct err *e)
{
    struct verify_dossier_options o = {.os = c->os,
                                       .program = BYTES("entente " ENTENTE_VERSION),
                                       .json = c->json,
                                       .words = c->words};
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    struct arena *a;
    bool ok;

    if (!read_options(c, &o, e))
        return false;
    if (!(a = arena_new(VERIFY_ARENA)))
        return err_fail(e, ERR_NOMEM, "out of memory");
    o.workers = workers_open(cpus > 1 ? (unsigned)cpus : 1);
    ok = check(c, path, &o, a, e);
    workers_close(o.workers);
    arena_free(a);
    return ok;
}
