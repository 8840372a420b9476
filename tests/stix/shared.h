/* Inputs of ../shared for the tests of stix; those packed with zstd are unpacked by its program. */
#ifndef ENTENTE_TEST_STIX_SHARED_H
#define ENTENTE_TEST_STIX_SHARED_H

#include "support/support.h"

/* False, said in words, if the file or the program is not there. */
bool shared_text(struct arena *a, const char *name, struct bytes *out);

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))
/* Run the tests, and each row of a table as one more. */
#define ADD_ROWS(tests, n, function, rows)                                                         \
    for (size_t row_ = 0; row_ < COUNT(rows); row_++)                                              \
    (tests)[(n)++] = (struct CMUnitTest)ROW_TEST(function, (rows)[row_])

#endif
