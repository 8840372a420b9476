#!/bin/sh
# One server, people of two languages: what is said, signed and kept is the same; how it is read is each
# reader's own, whoever started the server.
. "$(dirname "$0")/lib.sh"
node north
node south
befriend north south
ENTENTE_LANG=zh serve north
serve south
agree north south

step 'three ways to ask for Chinese, and the last word is the option'
on north --lang zh status >zh1 2>&1
ENTENTE_LANG=zh on north status >zh2 2>&1
LC_ALL=zh_CN.UTF-8 on north status >zh3 2>&1
cmp -s zh1 zh2 && cmp -s zh1 zh3 || fail 'three ways to ask for Chinese differ'
grep -q '生效中' zh1 || fail 'the status is not in Chinese'
ENTENTE_LANG=zh on north status --lang en >en1 2>&1
on north status >en2 2>&1
cmp -s en1 en2 || fail 'English is not what --lang en says'
grep -q 'in force' en2 || fail 'the server chose the language, not the reader'
says 2 'only in en and zh' on north status --lang fr

step 'errors and misuse, in the words of the reader'
for l in en zh; do
    got=0
    on north --lang $l share missing.txt --tlp amber >$l.err 2>&1 || got=$?
    is "$got" 1
    got=0
    on north --lang $l acts list --last x >$l.misuse 2>&1 || got=$?
    is "$got" 2
done
grep -q 'no such file' en.err && ! grep -q 'no such file' zh.err && grep -q '没有此文件' zh.err ||
    fail 'errors are not in the language that was asked for'
grep -q -- '--last 需要一个数字' zh.misuse || fail 'misuse is not in Chinese'

step 'what is shared, and what machines read, knows no language'
printf 'evil.example\nbad.example\n' >list.txt
ENTENTE_LANG=zh on north share list.txt --tlp amber >zh.share 2>&1
grep -q '已共享' zh.share || fail 'the report is not in Chinese'
ok on north sync
on north --lang zh acts list --json >zh.json
on north acts list --json >en.json
cmp -s zh.json en.json || fail 'JSON depends on the language'
act=$(value 'select(.kind == "share") | .hash' <en.json)
on north --lang zh acts show "$act" >zh.note 2>zh.words
on north acts show "$act" >en.note 2>en.words
cmp -s zh.note en.note || fail 'the note depends on the language'
cmp -s zh.words en.words && fail 'the words about it do not'

step 'a request: south reads English, north Chinese, and both the same state'
id=$(on north request new --to south --type info --urgency normal --item 'owner of 192.0.2.7' \
    --purpose incident-response --use 'case 12' --steps none --json | value .id)
ok on north sync
on south request show "$id" >south.en
on north request show "$id" >north.en
on north --lang zh request show "$id" >north.zh
on south --lang zh request show "$id" >south.zh
cmp -s north.en south.en || fail 'the English differs between the nodes'
cmp -s north.zh south.zh || fail 'the Chinese differs between the nodes'
grep -q '^请求 *信息查询，普通$' north.zh || fail 'the request is not shown in Chinese'
grep -q '^request *info, normal$' north.en || fail 'the request is not shown in English'
on north --lang zh why "$id" >why.zh 2>said
grep -q '第 1182/71 号条例' why.zh || fail 'the derivation is not in Chinese'

step 'a review: one hash in both languages'
year=$(date -u +%Y)
on north review "$year" >review.en
on north --lang zh review "$year" >review.zh
grep -q '给予与所得' review.zh || fail 'the report is not in Chinese'
is "$(grep -o '[0-9a-f]\{64\}' review.zh | tail -n 1)" "$(grep -o '[0-9a-f]\{64\}' review.en | tail -n 1)"
on north --lang zh review "$year" --json >zh.json
on north review "$year" --json >en.json
cmp -s zh.json en.json || fail 'the numbers for machines depend on the language'

step 'the agreement says which text prevails'
says 0 'prevails: en' on north agreement show
on north --lang zh agreement show >agreement.zh 2>&1
grep -q '以该语言的文本为准：英文 \[en\]' agreement.zh || fail 'no word on which text prevails'
