#!/bin/sh
# Keys under a passphrase: nothing works without it, and nothing on disk gives them away.
. "$(dirname "$0")/lib.sh"
printf 'correct horse battery\n' >right
printf 'wrong\n' >wrong
: >empty

step 'making'
says 2 'needs --name' on north init --passphrase
says 1 'first line is empty' "$ENTENTE" --passphrase-file empty -C north init --name N --slug north --passphrase
ok "$ENTENTE" --passphrase-file right -C north init --name North --slug north --passphrase
grep -q sealed north/keys/acts.key
grep -q seed north/keys/acts.key && fail 'a key lies open'

step 'opening'
says 1 'passphrase' on north peers </dev/null
says 1 'passphrase' on north --passphrase-file wrong 2>/dev/null peers
says 1 'wrong passphrase' on north peers --passphrase-file wrong
ok on north peers --passphrase-file right
ENTENTE_PASSPHRASE_FILE=$PWD/right
export ENTENTE_PASSPHRASE_FILE
ok on north card show

step 'serving, and asking the server without the passphrase'
free_port
sed -i "s/^.*listen = .*$/listen = 127.0.0.1:$port/" north/entente.conf
serve north
unset ENTENTE_PASSPHRASE_FILE
ok on north key list
stop north
