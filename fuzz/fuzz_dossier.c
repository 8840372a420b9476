/* verify/dossier: any bytes give a report; an archive that is taken is the only one of its files. */
#include "crypto/crypto.h"
#include "verify/verify_dossier.h"
#include "verify/zip.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new((size_t)256 << 20);
    struct verify_dossier_options o = {.os = os_system(), .json = n > 0 && data[n - 1] & 1};
    struct verify_dossier d;
    struct zip_file *files;
    size_t count, total = 22;

    if (!a || !crypto_init())
        abort();
    if (zip_read(bytes_of(data, n), a, &files, &count, NULL)) {
        for (size_t i = 0; i < count; i++) {
            total += 76 + 2 * files[i].name.n + files[i].bytes.n;
            assert(i < 2 || bytes_compare(files[i - 1].name, files[i].name) < 0);
        }
        assert(total == n);
    }
    if (verify_dossier(bytes_of(data, n), &o, a, &d, NULL))
        assert((o.json ? d.json.n : d.text.n) && (d.holds || d.verdict[1] || d.verdict[2]));
    arena_free(a);
    return 0;
}
