/* Check 18: a time-stamp of RFC 3161 over the whole dossier, in the layout of ASiC-E. */
#include "tsp/tsp.h"
#include "verify/dossier_impl.h"

/* ---- what is signed ---- */

static bool signed_file(struct bytes name)
{
    return !bytes_are(name, "mimetype") && !bytes_start_with(name, "META-INF/");
}

/* Names are letters, digits, '.', '_', '-' and '/': nothing in them needs escaping in XML. */
bool verify_asic_manifest(const struct verify_file *files, size_t n, struct arena *a,
                          struct bytes *out, struct err *e)
{
    struct buf b = buf_in(a);

    buf_puts(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<asic:ASiCManifest "
                 "xmlns:asic=\"http://uri.etsi.org/02918/v1.2.1#\" "
                 "xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">\n<asic:SigReference "
                 "URI=\"META-INF/timestamp.tst\" "
                 "MimeType=\"application/vnd.etsi.timestamp-token\"/>\n");
    for (size_t i = 0; i < n; i++) {
        struct hash h;
        if (!signed_file(files[i].name))
            continue;
        sha256(files[i].bytes, &h);
        buf_format(&b,
                   "<asic:DataObjectReference URI=\"%.*s\"><ds:DigestMethod "
                   "Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><ds:DigestValue>",
                   BYTES_FMT(files[i].name));
        buf_base64(&b, h.b, 32);
        buf_puts(&b, "</ds:DigestValue></asic:DataObjectReference>\n");
    }
    buf_puts(&b, "</asic:ASiCManifest>\n");
    return buf_end(&b, out, e);
}

bool verify_unpack(struct bytes dossier, struct arena *a, struct verify_file **files, size_t *n,
                   struct err *e)
{
    struct zip_file *in;

    if (!zip_read(dossier, a, &in, n, e) || !(*files = arena_get_array(a, *n, sizeof **files, e)))
        return false;
    for (size_t i = 0; i < *n; i++)
        (*files)[i] = (struct verify_file){in[i].name, in[i].bytes};
    return true;
}

/* ---- the check ---- */

static bool manifest_fits(struct dz *z, size_t manifest)
{
    struct verify_file *files = arena_get_array(z->a, z->n, sizeof *files, NULL);
    struct bytes want;

    for (size_t i = 0; files && i < z->n; i++)
        files[i] = (struct verify_file){z->files[i].name, z->files[i].bytes};
    return files && verify_asic_manifest(files, z->n, z->a, &want, NULL) &&
           bytes_equal(want, z->files[manifest].bytes);
}

static void say_stamp(struct dz *z, struct bytes name, const struct tsp_stamp *s)
{
    char when[TIME_TEXT_MAX];

    time_print(when, s->time);
    if (s->trusted)
        dz_say(z, 18, VERIFY_PROVED, name,
               "%.*s says that the dossier, and the heads in it, were there at %s",
               BYTES_FMT(bytes_part(s->signer, 0, 300)), when);
    else if (!z->o->roots.n)
        dz_say(z, 18, VERIFY_UNKNOWN, name,
               "whether to believe %.*s, which says that the dossier was there at %s: give the "
               "certificates that you trust with --ca",
               BYTES_FMT(bytes_part(s->signer, 0, 300)), when);
    else
        dz_say(
            z, 18, VERIFY_FAILED, name,
            "%.*s, which signed it for %s, is not vouched for by the certificates you gave: %.*s",
            BYTES_FMT(bytes_part(s->signer, 0, 300)), when, BYTES_FMT(bytes_part(s->why, 0, 200)));
    if (s->time * 1000 < z->as_of_ms)
        dz_say(z, 18, VERIFY_UNKNOWN, name,
               "how that can be: the dossier claims to have been made after that time");
}

void dz_stamp(struct dz *z)
{
    size_t mime = dz_file(z, "mimetype"), manifest = dz_file(z, "META-INF/ASiCManifest.xml"),
           token = dz_file(z, "META-INF/timestamp.tst");
    struct tsp_stamp s;
    struct hash imprint;
    struct err why = {.words = z->words};

    if (mime == NOWHERE && manifest == NOWHERE && token == NOWHERE)
        return;
    dz_looked(z, 18);
    if (mime == NOWHERE || manifest == NOWHERE || token == NOWHERE ||
        !bytes_are(z->files[mime].bytes, ASIC_MIME)) {
        dz_say(z, 18, VERIFY_FAILED, BYTES("META-INF"),
               "of mimetype, manifest and token something is missing or malformed");
        return;
    }
    if (!manifest_fits(z, manifest))
        dz_say(z, 18, VERIFY_FAILED, z->files[manifest].name,
               "it is not the list of the files in this dossier");
    sha256(z->files[manifest].bytes, &imprint);
    if (tsp_check(z->files[token].bytes, &imprint, z->o->roots, z->a, &s, &why))
        say_stamp(z, z->files[token].name, &s);
    else
        dz_say(z, 18, VERIFY_FAILED, z->files[token].name, "%s", why.text);
}
