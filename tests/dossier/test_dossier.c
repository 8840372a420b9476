/* Dossiers: what is exported holds, says the same at both nodes, and no byte of it can change. */
#include "dossier_support.h"

#include <assert.h>
#include <stdlib.h>

static void must_hold(const struct verify_dossier *d)
{
    if (d->holds)
        return;
    for (size_t i = 0; i < d->n; i++)
        if (d->line[i].verdict == VERIFY_FAILED)
            print_message("check %u %.*s: %.*s\n", d->line[i].check, BYTES_FMT(d->line[i].about),
                          BYTES_FMT(d->line[i].text));
    fail_msg("it should hold");
}

static void a_request_as_a_dossier(void **state)
{
    struct court *c = new_court();
    struct hash id = a_request(c, "amber");
    struct dossier_export x = export_of(c, 0, &id, 1);
    struct dossier_made made;
    struct bytes file = exported(c, &x, &made), again = exported(c, &x, &made);
    struct verify_dossier d = verified(c, file);

    (void)state;
    must_hold(&d);
    assert_true(bytes_equal(file, again)); /* the same input, the same bytes */
    assert_int_equal(made.acts, 5);
    assert_int_equal(made.tlp, 2);
    if (getenv("SHOW")) {
        struct err e = {0};
        printf("%.*s", BYTES_FMT(d.text));
        os_write_file(os_system(), "/tmp/x.dossier", file, 0, &e);
    }
    end_court(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_as_a_dossier),
    };

    assert(crypto_init());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
