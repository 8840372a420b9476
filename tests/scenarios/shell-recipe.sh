#!/bin/sh
# The commands in README.txt convince without our program, and only of what is so.
. "$(dirname "$0")/lib.sh"
recipe() { (cd "$1" && sed -n 's/^    //p' README.txt | sh); }

two_parties
names 5 few >few.txt
names 9000 many >many.txt # three lists of at most 4,096
ok on north share few.txt many.txt --tlp green
ok on north share few.txt --tlp green --to south
ok on north sync

step 'an act with a list'
ok on south proof north/1 -o few
says 0 '^IT HOLDS$' recipe few
grep -q '^5. south/mirror cosigned' said
says 0 'It holds' "$ENTENTE" verify few

step 'an object in one of several lists'
object=$(on south objects list --act north/2 --json | sed -n 5000p | value .id)
ok on south proof "$object" -o many
says 0 '^2. with this object$' recipe many
grep -q '^IT HOLDS$' said
says 0 'It holds' "$ENTENTE" verify many

step 'the signature under the agreement, from the other side'
ok on north proof south/0 -o sign
says 0 '^IT HOLDS$' recipe sign

step 'what was changed does not hold'
# Each file in turn: one character of it.
for f in act.note act.tlog-proof payload.lists object.json north.card south.card; do
    rm -rf bad
    cp -R many bad
    at="a changed $f"
    case $f in
    act.note) sed -i 's/"seq":2/"seq":3/' bad/$f ;;
    act.tlog-proof) sed -i 's/^index 2$/index 1/' bad/$f ;;
    payload.lists) sed -i '1s/^./x/' bad/$f ;;
    object.json) sed -i 's/many/more/' bad/$f ;;
    *.card) sed -i '2s/CERT/cert/' bad/$f ;;
    esac
    cmp -s many/$f bad/$f && fail "nothing was changed in $f"
    got=0
    recipe bad >said 2>&1 || got=$?
    [ "$got" -ne 0 ] || fail "a changed $f is not noticed by the shell"
    grep -q '^IT HOLDS$' said && fail "a changed $f holds by the shell"
    says 1 'DOES NOT HOLD' "$ENTENTE" verify bad
done
stop north
stop south
