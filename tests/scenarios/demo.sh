#!/bin/sh
# ./demo, with real data where they are beside the source tree, and without.
. "$(dirname "$0")/lib.sh"
export ENTENTE
step 'without the data beside the tree'
says 0 '^demo: all of it worked' env ENTENTE_SHARED=/nonexistent "$ENTENTE_SOURCE/demo"
grep -q 'clauses.share.indicator.max_tlp: TLP:red' said
grep -q 'MISBEHAVIOUR PROVED' said
if [ -d "$ENTENTE_SOURCE/../shared/data" ]; then
    step 'with the data beside the tree'
    says 0 '^demo: all of it worked' "$ENTENTE_SOURCE/demo"
    grep -q 'report, TLP:AMBER' said
fi
step 'a demo that goes wrong says so'
mkdir broken
printf '#!/bin/sh\nexit 1\n' >broken/entente
chmod +x broken/entente
says 1 'demo: FAILED' env ENTENTE="$PWD/broken/entente" "$ENTENTE_SOURCE/demo"
