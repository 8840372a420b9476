/* Addresses and URLs of cards: what is accepted prints as it was written. */
#include "http/http.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct bytes in = {data, n};
    char text[HTTP_URL_TEXT_MAX];
    struct http_address at;
    struct http_url url;
    struct err e = {0};

    if (http_address_parse(in, &at, &e)) {
        http_address_print(&at, text);
        if (!bytes_are(in, text))
            abort();
    }
    if (http_url_parse(in, &url, &e)) {
        http_url_print(&url, text);
        if (!bytes_are(in, text))
            abort();
    }
    return 0;
}
