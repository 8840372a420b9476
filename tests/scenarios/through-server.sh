#!/bin/sh
# Every command works while `entente serve` owns the folder; with our files, streams and exit codes.
. "$(dirname "$0")/lib.sh"
two_parties

step 'only one server'
says 1 'another' on north serve
says 1 'another' on north key rotate acts

step 'stdin, stdout and relative paths are those of the caller'
mkdir -p some/where
names 4 stdin | on north share - --tlp green >said 2>&1
grep -q 'shared *4' said
names 3 file >some/where/list.txt
(cd some/where && "$ENTENTE" -C ../../north share list.txt --tlp green >../../said 2>&1)
(cd some/where && "$ENTENTE" -C ../../north proof north/1 -o proof >../../said 2>&1)
[ -f some/where/proof/act.note ] || fail 'the proof went elsewhere'
on north acts show north/1 2>/dev/null | head -n 1 >line
is "$(cat line)" entente/act/v1

step 'exit codes come back'
says 0 'serving since' on north status
says 1 'there is no act' on north acts show 00000000
says 2 'usage:' on north acts show
says 2 'no such option' on north status --nonsense

step 'several at a time'
names 2000 a >a.txt
for i in 1 2 3 4; do
    on north share a.txt --tlp green >"share$i" 2>&1 &
    eval "p$i=$!"
done
for i in 1 2 3 4; do eval "wait \$p$i" || { cp "share$i" said; fail "share $i failed"; }; done
is "$(acts_of north north)" 7

step 'a caller that goes away harms nobody'
on north objects list 2>/dev/null | head -n 1 >line
[ -s line ] || fail 'nothing came'
ok on north status

step 'a caller that does not read holds up nobody'
mkfifo slow
on north objects list --json >slow 2>/dev/null &
reader=$!
exec 3<slow # opened, and not read: much more than a pipe holds
sleep 0.5
ok timeout 5 "$ENTENTE" -C north status
ok timeout 5 "$ENTENTE" -C north share a.txt --tlp green
ok timeout 5 "$ENTENTE" -C north objects list --act north/1
exec 3<&-
wait $reader || :

step 'a changed configuration'
sed -i 's/^.*poll_seconds.*$/poll_seconds = nonsense/' north/entente.conf
eval "kill -HUP \$pid_north"
sleep 0.5
ok on north status
sed -i 's/^.*poll_seconds.*$/poll_seconds = 2/' north/entente.conf
eval "kill -HUP \$pid_north"

step 'a clean stop, and all is there afterwards'
ok on north sync
stop north
is "$(acts_of north north)" 8
ok on north log check
stop south
