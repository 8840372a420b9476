#!/bin/sh
# Pings by role; what is overdue is told by a program, mail and a web address, once each, and a
# program that hangs holds up nobody; killed in the telling, it tells again under the same id.
. "$(dirname "$0")/lib.sh"
node north
node south
befriend north south
cat >hook.sh <<X
#!/bin/sh
[ -f "$stage/hang" ] && { touch "$stage/hung"; sleep 600; }
[ -f "$stage/fail" ] && { rm "$stage/fail"; exit 3; }
cat >>"$stage/hooked"; echo >>"$stage/hooked"
env >"$stage/env"
X
cat >sendmail.sh <<X
#!/bin/sh
cat >>"$stage/mailed"; echo "ARGS \$*" >>"$stage/mailed"
X
chmod +x hook.sh sendmail.sh
printf 'the key' >secret
free_port
cat >web.py <<'X'
import http.server, sys, hmac, hashlib, json
class H(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        want = 'sha256=' + hmac.new(b'the key', body, hashlib.sha256).hexdigest()
        good = want == self.headers['X-Entente-Signature'] and self.path == '/notices' \
            and json.loads(body)['id'] == self.headers['X-Entente-Notice']
        open(sys.argv[2], 'ab').write(body + b'\n' if good else b'BAD\n')
        self.send_response(204); self.end_headers()
    def log_message(self, *a): pass
http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), H).serve_forever()
X
python3 web.py "$port" "$stage/posted" & servers="$servers $!"
sed -i -e "s|^#notify_hook.*|notify_hook = $stage/hook.sh|" -e 's|^#notify_mail.*|notify_mail = duty@north.example|' \
    -e "s|^notify_sendmail.*|notify_sendmail = $stage/sendmail.sh|" -e "s|^#notify_secret.*|notify_secret = $stage/secret|" \
    -e "s|^#notify_webhook.*|notify_webhook = http://127.0.0.1:$port/notices|" \
    -e 's|^notify_seconds.*|notify_seconds = 2|' -e 's|^notify_retry_seconds.*|notify_retry_seconds = 1|' north/entente.conf
serve north
serve south
agree north south
within() { # SECONDS COMMAND...: until it succeeds
    left=$(($1 * 5)); shift
    until "$@" >/dev/null 2>&1; do left=$((left - 1)); [ $left -gt 0 ] || return 1; sleep 0.2; done
}
exchange() { ok on north sync; ok on south sync; ok on north sync; }
pinged() { [ "$(on north ping list $3 --json | jq -r "select(.role == \"$1\") | .answered" | sort -u)" = "$2" ]; }

step 'pings: the node answers for one role, people for another'
ok on north ping south
ok on north ping south --role legal
ok on north ping south --exercise
says 2 'role is technical' on north ping south --role janitor
says 1 'no agreement\|agreement' on north ping nobody
within 15 pinged technical true '' || fail 'the node did not answer a ping'
pinged legal false '' || fail 'the node answered for people'
within 10 pinged technical true --exercise || fail 'a drill was not answered'
is "$(on north ping list --json | wc -l)" 2
is "$(on north ping list --exercise --json | wc -l)" 1
legal=$(on south ping list --json | jq -r 'select(.role == "legal") | .id')
ok on south ping answer "$legal" --text 'here we are'
within 10 pinged legal true '' || fail 'the answer did not come'
says 2 '.' on south ping answer "$legal"
says 0 'answered' on north ping list

step 'an emergency is told at once; a first failure is tried again'
touch fail
ok on south request new --to north --type info --urgency emergency --facts 'a grid is down' \
    --item 'who owns 203.0.113.7' --use defence --steps none --exercise
told() { [ "$(on north notices --json | jq -r '.told[].state' | sort | uniq -c | tr -s ' ')" = " $1 sent" ]; }
within 20 told 3 || fail 'an emergency was not told on three channels'
is "$(grep -c . hooked)" 1
is "$(grep -c . posted)" 1
is "$(grep -c '^ARGS' mailed)" 1
grep -q '^ARGS -i -- duty@north.example$' mailed
grep -q '^Subject: EXERCISE: entente: emergency [0-9a-f]\{8\}$' mailed
grep -q '^Date: [A-Z][a-z][a-z], [0-9][0-9] ' mailed
grep -q '203.0.113.7\|grid' hooked posted mailed && fail 'what was asked left the node'
is "$(jq -r .notice hooked)" emergency
is "$(jq -r .exercise hooked)" true
is "$(jq -r .id hooked)" "$(jq -r .id posted)"
grep -q 'HOME\|ENTENTE\|SHLVL' env && grep -v SHLVL env | grep -q 'HOME\|ENTENTE' && fail 'an environment that was not cleaned'
[ "$(on north notices --json | jq .told.hook.tries)" -ge 2 ] || fail 'a failure was not tried again'
says 0 'hook: sent' on north notices

step 'a program that hangs holds up nobody, and ends'
touch hang
ok on south request new --to north --type info --urgency emergency --facts 'again' \
    --item 'who' --use defence --steps none
within 20 test -f hung || fail 'the program was not started'
within 10 test "$(grep -c . posted)" -ge 2 || within 10 sh -c "[ \"\$(grep -c . $stage/posted)\" = 2 ]" || fail 'another channel waited'
ok on north status
within 10 sh -c "grep -q 'did not end within 2 s' $stage/north.log" || fail 'the program was not ended'

step 'killed in the telling: told again, under the same id'
rm -f hung
within 20 test -f hung || fail 'it was not tried again'
eval "kill -9 \$pid_north; wait \$pid_north" || :
rm hang
serve north
within 30 sh -c "[ \"\$(grep -c . $stage/hooked)\" = 2 ]" || fail 'after a crash it was not told'
sleep 3
is "$(grep -c . hooked)" 2
is "$(grep -c . posted)" 2
is "$(grep -c '^ARGS' mailed)" 2
is "$(jq -r .id hooked | sort -u | wc -l)" 2
step 'notice of a remedy: time to cure first'
says 2 'not agreed' on north remedy notice south --clause request.info --text 'no answers'
ok on north remedy notice south --text 'no answers'
remedy=$(on north remedy list --json | value .id)
says 2 'cure period' on north remedy suspend "$remedy"
exchange
says 0 'time to cure' on south remedy list
says 2 "not this party's" on south remedy lift "$remedy"
ok on south remedy cure "$remedy" --text 'they are on their way'
stop north
stop south
