/* A time-stamp on a dossier: the question, and the answer put in (ASiC-E). */
#include "dossier/dossier_impl.h"
#include "tsp/tsp.h"

static bool stamped(const struct verify_file *f)
{
    return bytes_are(f->name, "mimetype") || bytes_start_with(f->name, "META-INF/");
}

static bool imprint_of(struct bytes dossier, struct arena *a, struct verify_file **files, size_t *n,
                       struct bytes *manifest, struct hash *imprint, struct err *e)
{
    if (!verify_unpack(dossier, a, files, n, e) ||
        !verify_asic_manifest(*files, *n, a, manifest, e))
        return false;
    sha256(*manifest, imprint);
    return true;
}

bool dossier_stamp_request(struct bytes dossier, const uint8_t nonce[8], struct arena *a,
                           struct bytes *query, struct err *e)
{
    struct verify_file *files;
    struct bytes manifest;
    struct hash imprint;
    size_t n;

    return imprint_of(dossier, a, &files, &n, &manifest, &imprint, e) &&
           tsp_request(&imprint, nonce, a, query, e);
}

/* `mimetype` first, then META-INF, which sorts before all other names. */
static bool put_in(const struct verify_file *files, size_t n, struct bytes manifest,
                   struct bytes token, struct arena *a, struct bytes *out, struct err *e)
{
    struct verify_file *all = arena_get_array(a, n + 3, sizeof *all, e);
    size_t k = 0;

    if (!all)
        return false;
    all[k++] = (struct verify_file){BYTES("mimetype"), BYTES(ASIC_MIME)};
    all[k++] = (struct verify_file){BYTES("META-INF/ASiCManifest.xml"), manifest};
    all[k++] = (struct verify_file){BYTES("META-INF/timestamp.tst"), token};
    for (size_t i = 0; i < n; i++)
        if (!stamped(&files[i]))
            all[k++] = files[i];
    return zip_write(all, k, a, out, e);
}

bool dossier_stamp_add(struct bytes dossier, struct bytes response, struct bytes query,
                       struct bytes roots, struct arena *a, struct bytes *out,
                       struct dossier_stamp *stamp, struct err *e)
{
    struct verify_file *files;
    struct bytes manifest, token;
    struct tsp_stamp s;
    struct hash imprint;
    size_t n;

    if (!imprint_of(dossier, a, &files, &n, &manifest, &imprint, e) ||
        !tsp_token(response, query, &imprint, a, &token, e) ||
        !tsp_check(token, &imprint, roots, a, &s, e))
        return false;
    if (roots.n && !s.trusted)
        return err_fail(e, ERR_PROOF, "the certificates given do not vouch for %.*s: %.*s",
                        BYTES_FMT(bytes_part(s.signer, 0, 200)),
                        BYTES_FMT(bytes_part(s.why, 0, 200)));
    *stamp = (struct dossier_stamp){s.time, s.signer, s.trusted};
    return put_in(files, n, manifest, token, a, out, e);
}
