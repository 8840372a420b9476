/* entente.conf: one table of keys, from which it is read and printed. */
#include "base/buf.h"
#include "base/text.h"
#include "node/node.h"

struct node_config node_config_default(void)
{
    return (struct node_config){.listen = {.host = "0.0.0.0", .port = 8443},
                                .poll_seconds = 60,
                                .recosign_seconds = 3600,
                                .clock_tolerance_seconds = 60,
                                .witness = true,
                                .witness_prefix = BYTES("/witness"),
                                .connections = 64,
                                .log = DIAG_INFO};
}
