#!/bin/sh
# What people read, word for word: each case's output and exit status against golden/<case>.txt, with
# keys, times and ports taken out. After a change on purpose: ENTENTE_GOLDEN=update, and read the
# difference before committing it.
. "$(dirname "$0")/../scenarios/lib.sh"
golden=$ENTENTE_SOURCE/tests/cli/golden
differ=0

plain() {
    sed -E -e 's/SHA256:[0-9a-f-]{39}/SHA256:<fingerprint>/g' \
        -e 's/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/<uuid>/g' \
        -e 's/[0-9a-f]{64}/<sha256>/g' -e 's/[0-9a-f]{32}/<id>/g' -e 's/\b[0-9a-f]{8}\b/<hash8>/g' \
        -e 's/[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:]{8}(\.[0-9]+)?Z/<time>/g' -e 's/127\.0\.0\.1:[0-9]+/<address>/g' \
        -e 's/\b[0-9a-f]{12}\b/<hash12>/g' -e 's/port [0-9]+ after [0-9]+ ms/port <port>/' \
        -e 's|[+A-Za-z0-9/]{80,}=*|<base64>|g' -e 's|\+[+A-Za-z0-9/]{44}|+<key>|g' \
        -e 's/\b[0-9]+ s ago/<ago>/g' -e 's/\b[0-9]+ 秒前/<ago>/g' -e 's/[+-][0-9]+ s\b/<skew>/g' -e "s|$stage|<stage>|g"
}
# NAME COMMAND...: stdout and stderr as they come, and the exit status.
check() {
    name=$1
    shift
    at="golden $name"
    got=0
    "$@" >said 2>&1 || got=$?
    { plain <said; echo "[exit status $got]"; } >"$name.txt"
    if [ "${ENTENTE_GOLDEN:-}" = update ]; then
        cp "$name.txt" "$golden/$name.txt"
    elif ! diff -u "$golden/$name.txt" "$name.txt" >difference; then
        cat difference >&2
        differ=1
    fi
}
every_help() {
    "$ENTENTE" help | sed -n 's/^  \([a-z][a-z ]*[a-z]\)  .*/\1/p' | while read -r command; do
        # shellcheck disable=SC2086
        "$ENTENTE" help $command
        echo
    done
}

check help "$ENTENTE" help
check help-commands every_help
check no-command "$ENTENTE"
check unknown-command "$ENTENTE" shore
check family "$ENTENTE" agreement
check unknown-option "$ENTENTE" share --tpl amber list.txt
check missing-operand "$ENTENTE" revoke
check no-node "$ENTENTE" -C nothing status

free_port
check init "$ENTENTE" -C north init --name 'CERT North' --slug north --listen "127.0.0.1:$port" \
    --address "https://127.0.0.1:$port" --contact 'technical:Duty desk:duty@north.example'
check init-again "$ENTENTE" -C north init --name 'CERT North' --slug north
check init-json "$ENTENTE" -C other init --name 'CERT Other' --slug other --json
node south
check card-show on north card show
on south card show >south.card 2>said
check card-import on north card import south.card
check peers on north peers
check enrol-away on north card enrol south
check agreement-none on north agreement list
befriend north south
check agreement-new on north agreement new --with south --title 'Golden' -o agreement.json
check agreement-check "$ENTENTE" agreement check agreement.json
sed 's/"withdraw_notice": "30 days"/"withdraw_notice": "a while"/' agreement.json >bad.json
check agreement-bad "$ENTENTE" agreement check bad.json
check agreement-sign on north agreement sign agreement.json
check agreement-list on north agreement list
check agreement-show on north agreement show
check share-early on north share "$ENTENTE_SOURCE/examples/nso-2016.txt" --tlp amber
check sync-away on north sync
id=$(on north agreement list --json | value .id)
serve north
ok on south agreement list
serve south
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    [ "$(on south agreement list --json | value .id)" = "$id" ] && break
    sleep 0.3
done
check agreement-sign-second on south agreement sign "$id"
ok on south sync
ok on north sync
cp "$ENTENTE_SOURCE/examples/eyes-only.json" "$ENTENTE_SOURCE/examples/badtraffic-2018.txt" .
check share-dry on north share --dry-run badtraffic-2018.txt --tlp green
check share on north share badtraffic-2018.txt --tlp green
check share-json on north share badtraffic-2018.txt --tlp green --json
check share-blocked on north share eyes-only.json
check share-unmarked on north share badtraffic-2018.txt
ok on north sync
check status on north status
check acts-list on south acts list --from north
check acts-show on south acts show north/1
check objects-list on south objects list --act north/1
object=$(on south objects list --act north/1 --json | value .id)
check objects-show on south objects show "$object"
check proof on south proof "$object" -o proof
check verify "$ENTENTE" verify proof
check proof-readme cat proof/README.txt
check evidence-none on north evidence list
check log-check on north log check
check log-fence on north log fence
check log-key on north log key
check key-list on north key list
check revoke on north revoke "$object"
check objects-list-without on south objects list --act north/2 --type report
# The same in Chinese, as whoever asks reads it.
export ENTENTE_LANG=zh
check zh-help-share "$ENTENTE" help share
check zh-unknown-option "$ENTENTE" share --tpl amber list.txt
check zh-agreement-show on north agreement show
check zh-agreement-list on north agreement list
check zh-share-dry on north share --dry-run badtraffic-2018.txt --tlp green
check zh-share-blocked on north share eyes-only.json
check zh-status on north status
check zh-acts-list on south acts list --from north
check zh-acts-show on south acts show north/1
check zh-verify "$ENTENTE" verify proof
check zh-key-list on north key list
check zh-review on north review 1999-H1
unset ENTENTE_LANG
stop north
stop south
[ "$differ" -eq 0 ] || fail "what people read has changed: see above"
