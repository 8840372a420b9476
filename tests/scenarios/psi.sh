#!/bin/sh
# Two command lines compare lists: both modes, empty lists, duplicates, a wrong secret, types that
# differ, a stranger who sends garbage, a side that is killed.
. "$(dirname "$0")/lib.sh"

"$ENTENTE" psi --new-secret >secret 2>said
"$ENTENTE" psi --new-secret >other 2>said
shared=${ENTENTE_SHARED:-$ENTENTE_SOURCE/../shared}/data/lists

# The listener in the background with what stands in $listen, then the other with what stands in
# $connect: statuses in $status_l and $status_c, words in listen.err and connect.err.
pair() {
    free_port
    rm -f listen.txt connect.txt
    # shellcheck disable=SC2086
    "$ENTENTE" psi --listen "127.0.0.1:$port" --wait 20 --out listen.txt $listen \
        >listen.out 2>listen.err &
    pid=$!
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        grep -q '^Listening' listen.err && break
        kill -0 $pid 2>/dev/null || break
        sleep 0.1
    done
    status_c=0 status_l=0
    # shellcheck disable=SC2086
    "$ENTENTE" psi --connect "127.0.0.1:$port" --wait 20 --out connect.txt $connect \
        >connect.out 2>connect.err || status_c=$?
    [ -n "${only:-}" ] || wait $pid || status_l=$?
    cat listen.err connect.err >said
}
went() { is "$status_l" 0; is "$status_c" 0; }
common="--secret secret --type domains"

step 'both learn what is in common, as each spells it'
names 300 a >listen.list
{ names 40 a | sed 's/\./[.]/; s/^a/A/'; names 200 b; } >connect.list
listen="$common --set listen.list --json"
connect="$common --set connect.list --json"
pair
went
is "$(wc -l <listen.txt)" 40
is "$(head -n 1 connect.txt)" 'A10[.]example'
names 40 a | sort | cmp - listen.txt
is "$(value .common <listen.out)" 40
is "$(value .transcript <listen.out)" "$(value .transcript <connect.out)"
is "$(value .canaries <listen.out)" true
is "$(stat -c %a listen.txt)" 600

step 'semi-honest, and the wider code'
listen="$common --set listen.list --semi-honest" connect="$common --set connect.list --semi-honest"
pair
went
is "$(wc -l <connect.txt)" 40
grep -q 'semi-honest' connect.err
listen="$common --set listen.list --conservative" connect="$common --set connect.list --conservative"
pair
went
is "$(wc -l <connect.txt)" 40

step 'shards'
listen="$common --set listen.list --shards 3" connect="$common --set connect.list --shards 3"
pair
went
cmp listen.txt connect.txt >said 2>&1 && fail 'the two sides spell alike?'
is "$(wc -l <listen.txt)" 40
is "$(wc -l <connect.txt)" 40

step 'one side learns'
listen="$common --set listen.list --who connector" connect="$common --set connect.list --who connector"
pair
went
[ ! -e listen.txt ] || fail 'the listener learnt something'
is "$(wc -l <connect.txt)" 40
grep -q 'this side has not' listen.err

step 'nothing in common, an empty list, duplicates'
names 100 z >none.list
: >empty.list
{ cat listen.list listen.list; echo; echo '# a comment'; echo 'not a domain'; } >twice.list
listen="$common --set listen.list" connect="$common --set none.list"
pair
went
grep -q '^0 items in common' connect.err
[ -e connect.txt ] && is "$(wc -l <connect.txt)" 0
connect="$common --set empty.list"
pair
went
is "$(wc -l <listen.txt)" 0
listen="$common --set twice.list" connect="$common --set connect.list"
pair
went
is "$(wc -l <listen.txt)" 40
grep -q 'twice *300' listen.err
grep -q 'left out *2  blank or comment' listen.err
grep -q 'left out *1  not of this kind' listen.err

step 'keys instead of a secret'
"$ENTENTE" psi --new-key l.key >l.pub
"$ENTENTE" psi --new-key c.key >c.pub
"$ENTENTE" psi --new-key x.key >x.pub
is "$(stat -c %a l.key)" 600
lists="--type domains --set"
listen="$lists listen.list --key l.key --peer-key $(cat c.pub)"
connect="$lists connect.list --key c.key --peer-key $(cat l.pub)"
pair
went
is "$(wc -l <connect.txt)" 40
connect="$lists connect.list --key c.key --peer-key $(cat x.pub) --wait 2"
listen="$listen --wait 3"
pair
is "$status_c" 1
grep -q 'does not have the key' connect.err

step 'another secret'
listen="$common --set listen.list --wait 3" connect="--type domains --set connect.list --secret other"
pair
[ "$status_c" -ne 0 ] || fail 'a wrong secret was good enough'
[ ! -e connect.txt ] && [ ! -e listen.txt ] || fail 'there is a result'
grep -q 'same secret' said
echo 'correct horse battery staple' >weak
says 1 'can be guessed' "$ENTENTE" psi --connect 127.0.0.1:1 --set listen.list --type domains \
    --secret weak

step 'sides that want different things'
listen="$common --set listen.list" connect="--secret secret --type sha256 --set connect.list"
pair
is "$status_l" 1
is "$status_c" 1
grep -q 'differ in the type of items: ours is domain, theirs is sha256' listen.err
grep -q 'differ in the type of items: ours is sha256, theirs is domain' connect.err
connect="$common --set connect.list --semi-honest"
pair
grep -q 'differ in the mode' listen.err
connect="$common --set connect.list --who listener"
pair
grep -q 'differ in who learns' connect.err

step 'a stranger who knocks holds nobody up'
free_port
"$ENTENTE" psi --listen "127.0.0.1:$port" --wait 20 $common --set listen.list --out l2.txt \
    >listen.out 2>listen.err &
pid=$!
for _ in 1 2 3 4 5 6 7 8 9 10; do grep -q '^Listening' listen.err && break; sleep 0.1; done
head -c 3000 /dev/urandom | timeout 2 sh -c "exec 3<>/dev/tcp/127.0.0.1/$port && cat >&3" 2>/dev/null ||
    head -c 3000 /dev/urandom | timeout 2 openssl s_client -quiet -connect "127.0.0.1:$port" \
        >said 2>&1 || :
ok "$ENTENTE" psi --connect "127.0.0.1:$port" $common --set connect.list --out c2.txt
wait $pid
is "$(wc -l <l2.txt)" 40
grep -q 'turned away' listen.err

step 'one side is killed'
names 500000 k >long.list
free_port
"$ENTENTE" psi --listen "127.0.0.1:$port" --wait 3 $common --set long.list --out l3.txt \
    >listen.out 2>listen.err &
pid=$!
"$ENTENTE" psi --connect "127.0.0.1:$port" --wait 3 $common --set long.list --out c3.txt \
    >connect.out 2>connect.err &
other=$!
for _ in $(seq 500); do
    grep -q "other side's list" listen.err && break
    sleep 0.02
done
kill -9 $pid
wait $pid 2>/dev/null || :
status=0
wait $other || status=$?
[ "$status" -ne 0 ] || fail 'it ended well without the other side'
[ ! -e c3.txt ] || fail 'there is a result'
grep -q 'no result was written' connect.err

step 'Ctrl-C is told to the other side'
free_port
"$ENTENTE" psi --listen "127.0.0.1:$port" --wait 20 $common --set long.list --out l4.txt \
    >listen.out 2>listen.err &
pid=$!
"$ENTENTE" psi --connect "127.0.0.1:$port" --wait 20 $common --set long.list --out c4.txt \
    >connect.out 2>connect.err &
other=$!
for _ in $(seq 500); do
    grep -q "other side's list" listen.err && break
    sleep 0.02
done
kill -INT $pid
status=0
wait $pid || status=$?
[ "$status" -ne 0 ] || fail 'it ended well though it was stopped'
wait $other && fail 'the other side ended well' || :
[ ! -e l4.txt ] && [ ! -e c4.txt ] || fail 'there is a result'

if [ -r "$shared/amnesty-nso-domains.txt" ]; then
    step 'the real lists'
    listen="$common --set $shared/amnesty-nso-domains.txt"
    connect="$common --set $shared/citizenlab-nso-2016.csv"
    pair
    went
    is "$(wc -l <connect.txt)" 44
    cmp listen.txt connect.txt
    connect="$common --set $shared/citizenlab-badtraffic.csv"
    pair
    went
    grep -q '^0 items in common' connect.err
else
    echo 'psi: the real lists are not here; the made ones were compared'
fi
