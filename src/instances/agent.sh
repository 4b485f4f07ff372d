#!/bin/sh
# certedge agent: fetches the certificates of an instance, checks and installs them, reloads what uses them, and reports.
# It needs a POSIX shell, curl and openssl. What it does and how it is set up: docs/instances.md of certedge.
#
# shellcheck disable=SC2015

LC_ALL=C
export LC_ALL
umask 077
set -u

VERSION=1
EXIT_FAILED=1 EXIT_USAGE=2 EXIT_AWAY=3 EXIT_REFUSED=4 EXIT_BUSY=5

usage() {
  cat <<'END'
certedge agent: keeps the certificates of one instance up to date.

  agent.sh [options]

  -c, --config FILE    settings, NAME=value on each line; else /etc/certedge/agent.conf
      --once           run once and end; this is the default
      --every MINUTES  run again and again
      --dry-run        say what would be installed, and change nothing
      --force          install everything again, and reload
  -v, --verbose        say as well that there is nothing new
  -h, --help           this text

Settings, in the file or in the environment, which goes first:

  CERTEDGE_URL         where certedge is: https://certedge.example.com
  CERTEDGE_INSTANCE    the id of the instance
  CERTEDGE_KEY_FILE    the file that has an API key of the instance; else /etc/certedge/key
  CERTEDGE_DIR         where certificates are installed; else /etc/certedge/certificates
  CERTEDGE_RELOAD      the command that makes a service take them: systemctl reload nginx
  CERTEDGE_HOOKS       programs by the name of a certificate, each run when that one was installed; else /etc/certedge/hooks
  CERTEDGE_OWN_KEYS    private keys that certedge never had, as NAME.pem; else /etc/certedge/keys
  CERTEDGE_GROUP       a group that may read the private keys; else their owner alone
  CERTEDGE_CA_FILE     the roots that certedge's own certificate may end at, PEM; else those of curl
  CERTEDGE_TIMEOUT     seconds that a request may take; else 60

A certificate is in CERTEDGE_DIR/NAME, with fullchain.pem, privkey.pem, cert.pem and chain.pem. *.example.com is _.example.com.

Exit codes: 0 all is well, 1 something could not be installed and is as it was, 2 settings, 3 certedge could not be reached,
4 certedge refused the key or the instance, 5 another run is under way.
END
}

say() { printf 'certedge: %s\n' "$*"; }
warn() { printf 'certedge: %s\n' "$*" >&2; }
detail() { [ -z "$VERBOSE" ] || say "$*"; }
# die CODE TEXT…
die() {
  code=$1
  shift
  warn "$*"
  exit "$code"
}

# --- settings ---------------------------------------------------------------------------------------------------------

read_options() {
  CONFIG=${CERTEDGE_CONFIG:-} EVERY='' DRY_RUN='' FORCE='' VERBOSE=''
  while [ $# -gt 0 ]; do
    case $1 in
      -c | --config | --every)
        [ $# -gt 1 ] || die "$EXIT_USAGE" "$1 needs a value. See --help."
        case $1 in --every) EVERY=$2 ;; *) CONFIG=$2 ;; esac
        shift
        ;;
      --once) EVERY='' ;;
      --dry-run) DRY_RUN=1 ;;
      --force) FORCE=1 ;;
      -v | --verbose) VERBOSE=1 ;;
      -h | --help) usage && exit 0 ;;
      *) die "$EXIT_USAGE" "There is no option $1. See --help." ;;
    esac
    shift
  done
  case $EVERY in *[!0-9]* | 0*) die "$EXIT_USAGE" "--every takes minutes, 1 or more." ;; esac
}

# The file is read, never run. What the environment has goes first.
read_config() {
  if [ -z "$CONFIG" ]; then
    CONFIG=/etc/certedge/agent.conf
    [ -r "$CONFIG" ] || return 0
  fi
  [ -r "$CONFIG" ] || die "$EXIT_USAGE" "The settings in $CONFIG cannot be read."
  while IFS= read -r line || [ -n "$line" ]; do
    line=${line#"${line%%[![:space:]]*}"}
    case $line in '' | '#'*) continue ;; esac
    name=${line%%=*} value=${line#*=}
    case $value in
      \"*\") value=${value#\"} value=${value%\"} ;;
      \'*\') value=${value#\'} value=${value%\'} ;;
    esac
    case $name in
      CERTEDGE_URL) CERTEDGE_URL=${CERTEDGE_URL-$value} ;;
      CERTEDGE_INSTANCE) CERTEDGE_INSTANCE=${CERTEDGE_INSTANCE-$value} ;;
      CERTEDGE_KEY_FILE) CERTEDGE_KEY_FILE=${CERTEDGE_KEY_FILE-$value} ;;
      CERTEDGE_DIR) CERTEDGE_DIR=${CERTEDGE_DIR-$value} ;;
      CERTEDGE_RELOAD) CERTEDGE_RELOAD=${CERTEDGE_RELOAD-$value} ;;
      CERTEDGE_HOOKS) CERTEDGE_HOOKS=${CERTEDGE_HOOKS-$value} ;;
      CERTEDGE_OWN_KEYS) CERTEDGE_OWN_KEYS=${CERTEDGE_OWN_KEYS-$value} ;;
      CERTEDGE_GROUP) CERTEDGE_GROUP=${CERTEDGE_GROUP-$value} ;;
      CERTEDGE_CA_FILE) CERTEDGE_CA_FILE=${CERTEDGE_CA_FILE-$value} ;;
      CERTEDGE_TIMEOUT) CERTEDGE_TIMEOUT=${CERTEDGE_TIMEOUT-$value} ;;
      *) die "$EXIT_USAGE" "$CONFIG: there is no setting $name. See --help." ;;
    esac
  done <"$CONFIG"
}

check_settings() {
  URL=${CERTEDGE_URL:-} INSTANCE=${CERTEDGE_INSTANCE:-} DIR=${CERTEDGE_DIR:-/etc/certedge/certificates}
  KEY_FILE=${CERTEDGE_KEY_FILE:-/etc/certedge/key} RELOAD=${CERTEDGE_RELOAD:-}
  HOOKS=${CERTEDGE_HOOKS:-/etc/certedge/hooks} OWN_KEYS=${CERTEDGE_OWN_KEYS:-/etc/certedge/keys}
  GROUP=${CERTEDGE_GROUP:-} CA_FILE=${CERTEDGE_CA_FILE:-} TIMEOUT=${CERTEDGE_TIMEOUT:-60}
  URL=${URL%/} DIR=${DIR%/}
  for tool in curl openssl; do
    command -v "$tool" >/dev/null || die "$EXIT_USAGE" "$tool is missing on this machine."
  done
  case $URL in
    https://?*) PROTOCOL='=https' ;;
    http://127.0.0.1 | http://127.0.0.1[:/]* | http://localhost | http://localhost[:/]*) PROTOCOL='=http' ;;
    '') die "$EXIT_USAGE" "CERTEDGE_URL is missing: where certedge is." ;;
    *) die "$EXIT_USAGE" "CERTEDGE_URL is $URL; it has to begin with https://, for private keys come from there." ;;
  esac
  case $URL in *[\"\\[:space:]]*) die "$EXIT_USAGE" "CERTEDGE_URL is no address." ;; esac
  case $INSTANCE in
    '') die "$EXIT_USAGE" "CERTEDGE_INSTANCE is missing: the id of this instance." ;;
    *[!0-9a-fA-F-]*) die "$EXIT_USAGE" "CERTEDGE_INSTANCE is $INSTANCE, which is no id of an instance." ;;
  esac
  case $TIMEOUT in '' | *[!0-9]*) die "$EXIT_USAGE" "CERTEDGE_TIMEOUT takes seconds." ;; esac
  case $DIR in /*) ;; *) die "$EXIT_USAGE" "CERTEDGE_DIR has to be a whole path." ;; esac
  [ -r "$KEY_FILE" ] || die "$EXIT_USAGE" "The API key in $KEY_FILE cannot be read."
  IFS= read -r KEY <"$KEY_FILE" || [ -n "$KEY" ] || die "$EXIT_USAGE" "There is no API key in $KEY_FILE."
  case $KEY in
    *[!A-Za-z0-9_-]*) die "$EXIT_USAGE" "What is in $KEY_FILE is no API key." ;;
    ak_?*) ;;
    *) die "$EXIT_USAGE" "What is in $KEY_FILE is no API key." ;;
  esac
  [ -z "$(find "$KEY_FILE" -perm -004 2>/dev/null)" ] || warn "Everybody can read $KEY_FILE: chmod 600 $KEY_FILE"
}

# --- one at a time ----------------------------------------------------------------------------------------------------

# A lock of a run that was killed: nobody has its number any more, or this run itself has it now, or it is a day old.
is_left_behind() {
  case $1 in '') ;; "$$") return 0 ;; *) kill -0 "$1" 2>/dev/null || return 0 ;; esac
  [ -n "$(find "$LOCK" -prune -mtime +0 2>/dev/null)" ]
}

take_lock() {
  LOCK=$STATE/lock
  if ! mkdir "$LOCK" 2>/dev/null; then
    holder=$(cat "$LOCK/pid" 2>/dev/null)
    # Of several who find it so, the one that can move it away goes on.
    if is_left_behind "$holder" && mv "$LOCK" "$STATE/lock.left.$$" 2>/dev/null; then
      rm -rf "$STATE/lock.left.$$"
      mkdir "$LOCK" 2>/dev/null || die "$EXIT_BUSY" "Another run is under way."
    else
      die "$EXIT_BUSY" "Another run is under way${holder:+ (process $holder)}. If none is, remove $LOCK."
    fi
  fi
  printf '%s\n' "$$" >"$LOCK/pid"
}

prepare() {
  LOCK=''
  if [ -n "$DRY_RUN" ]; then
    STATE=$DIR/.state WORK=${TMPDIR:-/tmp}/certedge.$$
  else
    [ -d "$DIR" ] || (umask 022 && mkdir -p "$DIR") || die "$EXIT_USAGE" "$DIR cannot be made."
    STATE=$DIR/.state WORK=$DIR/.state/work.$$
    mkdir -p "$STATE" || die "$EXIT_USAGE" "$STATE cannot be made."
    take_lock
    rm -rf "$STATE"/work.*
  fi
  trap clean_up EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  mkdir "$WORK" && mkdir "$WORK/new" || die "$EXIT_USAGE" "$WORK cannot be made."
  : >"$WORK/problems"
}

clean_up() {
  rm -rf "$WORK"
  [ -z "$LOCK" ] || rm -rf "$LOCK"
}

# --- asking certedge --------------------------------------------------------------------------------------------------

# ask OUTPUT PATH [options of curl]: sets STATUS. The key is in no list of processes: curl reads it from its input.
ask() {
  output=$1 path=$2
  shift 2
  [ -z "$CA_FILE" ] || set -- "$@" --cacert "$CA_FILE"
  STATUS=$(
    printf 'header = "Authorization: Bearer %s"\n' "$KEY" |
      curl --config - --silent --show-error --globoff --proto "$PROTOCOL" --connect-timeout 15 --max-time "$TIMEOUT" \
        --user-agent "certedge-agent/$VERSION" --output "$output" --dump-header "$WORK/headers" \
        --write-out '%{http_code}' "$@" "$URL/api/instances/$INSTANCE/$path" 2>"$WORK/curl"
  )
  result=$?
  [ $result -eq 0 ] || STATUS="curl $result"
}

# What an answer that is none says, in one line.
explain() {
  case $STATUS in
    curl*) one_line <"$WORK/curl" ;;
    *)
      words=$(sed -n 's/.*"detail":"\([^"]*\)".*/\1/p' "$1" 2>/dev/null)
      printf 'HTTP %s%s' "$STATUS" "${words:+: $words}"
      ;;
  esac
}

# Text as it may stand in JSON, and not too much of it.
one_line() { tr '\t\r\n"\134' "   '/" | tr -cd '\040-\176' | cut -c 1-300; }

header() { sed -n "s/^[Ee][Tt][Aa][Gg]:[[:space:]]*//p" "$WORK/headers" | tr -d '\r' | tail -n 1; }

# Fetches all parts of the bundle: sets ENTITY_TAG, or NOTHING_NEW.
fetch_bundle() {
  NOTHING_NEW='' ENTITY_TAG='' after='' query='format=pem'
  set --
  known=$(known_tag)
  if [ -n "$FORCE" ] || [ -z "$known" ]; then query="$query&all=true"; else set -- --header "If-None-Match: $known"; fi
  while :; do
    ask "$WORK/bundle" "bundle?$query${after:+&after=$after}" "$@"
    case $STATUS in
      200) ;;
      304) NOTHING_NEW=1 && return ;;
      401 | 403 | 404) die "$EXIT_REFUSED" "certedge refuses this instance: $(explain "$WORK/bundle")" ;;
      *) die "$EXIT_AWAY" "The bundle could not be fetched from $URL: $(explain "$WORK/bundle")" ;;
    esac
    [ -n "$ENTITY_TAG" ] || ENTITY_TAG=$(header)
    split_bundle "$WORK/bundle"
    [ -n "$NEXT" ] || return 0
    after=$NEXT
    set --
  done
}

broken_bundle() { die "$EXIT_AWAY" "The bundle from $URL cannot be used: $*. Nothing was changed."; }

# Takes a bundle apart, into new/NAME: sets NEXT. What is not whole is not used at all.
split_bundle() {
  NEXT='' ended='' count=0 into='' target='' first=1
  while IFS= read -r line || [ -n "$line" ]; do
    [ -z "$ended" ] || broken_bundle "something comes after its end"
    case $line in
      'certedge-bundle: 1') [ -n "$first" ] || broken_bundle "it begins twice" ;;
      'certificate: '*)
        name=$(folder_of "${line#certificate: }") || broken_bundle "it has a name that is none"
        target=$WORK/new/$name blocks=0 count=$((count + 1))
        mkdir "$target" 2>/dev/null || broken_bundle "it has $name twice"
        ;;
      'fingerprint-sha256: '*) printf '%s\n' "${line#fingerprint-sha256: }" >"$target/fingerprint" ;;
      'next: '*) NEXT=${line#next: } && folder_of "$NEXT" >/dev/null || broken_bundle "it has a name that is none" ;;
      'end: '*) ended=${line#end: } ;;
      '-----BEGIN CERTIFICATE-----')
        blocks=$((blocks + 1))
        [ "$blocks" -eq 1 ] && into=cert.pem || into=chain.pem
        ;;
      '-----BEGIN '*'PRIVATE KEY-----') into=privkey.pem ;;
    esac
    [ -z "$first" ] || [ "$line" = 'certedge-bundle: 1' ] || broken_bundle "it is of another kind"
    first=''
    if [ -n "$into" ]; then
      [ -n "$target" ] || broken_bundle "a certificate has no name"
      printf '%s\n' "$line" >>"$target/$into" || broken_bundle "it could not be written"
    fi
    case $line in '-----END '*) into='' ;; esac
  done <"$1"
  [ "$ended" = "$count" ] && [ -z "$into" ] || broken_bundle "it is cut off"
}

# *.example.com → _.example.com. Fails for what is no name: it becomes a path.
folder_of() {
  case $1 in
    '' | .* | -* | *..* | *[!a-z0-9._:*-]*) return 1 ;;
    '*.'*) rest=${1#'*.'} && case $rest in '' | .* | *'*'*) return 1 ;; *) printf '_.%s\n' "$rest" ;; esac ;;
    *'*'* | _.*) return 1 ;;
    *) printf '%s\n' "$1" ;;
  esac
}

domain_of() { case $1 in _.*) printf '*.%s\n' "${1#_.}" ;; *) printf '%s\n' "$1" ;; esac; }

# --- what is installed ------------------------------------------------------------------------------------------------

fingerprint() {
  openssl x509 -in "$1" -noout -fingerprint -sha256 2>/dev/null | sed 's/.*=//' | tr -d ':\n' | tr 'A-F' 'a-f'
}

# "NAME FINGERPRINT" of all that is installed, as it is on the disk.
installed() {
  for link in "$DIR"/*; do
    [ -L "$link" ] || continue
    case ${link##*/} in *[!a-z0-9._:-]*) continue ;; esac
    printf '%s %s\n' "${link##*/}" "$(fingerprint "$link/cert.pem")"
  done
}

# The ETag of the last run in which all went well, as long as what is installed is what was installed then.
known_tag() {
  [ -r "$STATE/entity-tag" ] && [ -r "$STATE/installed" ] || return 0
  [ "$(installed)" = "$(cat "$STATE/installed")" ] && cat "$STATE/entity-tag"
}

problem() {
  printf '%s %s\n' "$1" "$(printf '%s' "$2" | one_line)" >>"$WORK/problems"
  warn "$(domain_of "$1"): $2"
}

# "Nov 21 11:00:00 2026 GMT" → 20261121110000
sortable() {
  # shellcheck disable=SC2086
  set -- $1
  case $1 in
    Jan) month=01 ;; Feb) month=02 ;; Mar) month=03 ;; Apr) month=04 ;; May) month=05 ;; Jun) month=06 ;;
    Jul) month=07 ;; Aug) month=08 ;; Sep) month=09 ;; Oct) month=10 ;; Nov) month=11 ;; *) month=12 ;;
  esac
  printf '%s%s%02d%s\n' "$4" "$month" "$2" "$(printf '%s' "$3" | tr -d :)"
}

# The field of a certificate that openssl shows as NAME=value.
field() { openssl x509 -in "$1" -noout "$2" 2>/dev/null | sed 's/^[^=]*=[[:space:]]*//'; }

is_older() {
  [ -n "$(fingerprint "$2")" ] &&
    [ "$(sortable "$(field "$1" -startdate)")" -lt "$(sortable "$(field "$2" -startdate)")" ] &&
    [ "$(sortable "$(field "$1" -enddate)")" -lt "$(sortable "$(field "$2" -enddate)")" ]
}

# check NAME: says what is wrong with what is in new/NAME, or nothing.
check() {
  new=$WORK/new/$1 domain=$(domain_of "$1")
  [ -s "$new/cert.pem" ] && openssl x509 -in "$new/cert.pem" -noout 2>/dev/null || { echo "it has no certificate" && return; }
  [ "$(fingerprint "$new/cert.pem")" = "$(cat "$new/fingerprint" 2>/dev/null)" ] ||
    { echo "its fingerprint is another one than certedge says" && return; }
  if [ -e "$new/chain.pem" ]; then
    blocks=$(grep -c '^-----BEGIN CERTIFICATE-----$' "$new/chain.pem")
    parsed=$(openssl crl2pkcs7 -nocrl -certfile "$new/chain.pem" 2>/dev/null |
      openssl pkcs7 -print_certs 2>/dev/null | grep -c '^-----BEGIN CERTIFICATE-----$')
    [ "$blocks" = "$parsed" ] || { echo "its chain cannot be read" && return; }
    [ "$(field "$new/cert.pem" -issuer)" = "$(field "$new/chain.pem" -subject)" ] ||
      { echo "its chain is that of another issuer" && return; }
  fi
  openssl x509 -in "$new/cert.pem" -noout -checkend 0 >/dev/null 2>&1 || { echo "it has expired" && return; }
  names=$(openssl x509 -in "$new/cert.pem" -noout -text 2>/dev/null |
    sed -n '/Subject Alternative Name/{n;s/^[[:space:]]*//;p;}')
  case ", $names," in
    *", DNS:$domain,"* | *", IP Address:$domain,"*) ;;
    *) echo "it is for other names: $names" && return ;;
  esac
  [ -s "$new/privkey.pem" ] || { echo "there is no private key for it in $OWN_KEYS/$1.pem" && return; }
  key=$(openssl pkey -in "$new/privkey.pem" -pubout 2>/dev/null)
  [ -n "$key" ] || { echo "its private key cannot be read" && return; }
  [ "$key" = "$(openssl x509 -in "$new/cert.pem" -noout -pubkey 2>/dev/null)" ] ||
    { echo "its private key is that of another certificate" && return; }
  if [ -z "$FORCE" ] && [ -s "$DIR/$1/cert.pem" ] && is_older "$new/cert.pem" "$DIR/$1/cert.pem"; then
    echo "it is older than the installed one"
  fi
}

# --- installing -------------------------------------------------------------------------------------------------------

# Puts a link in the place of another in one step, where mv can: GNU and busybox, else BSD.
swap_link() {
  ln -s "$1" "$WORK/link" || return 1
  mv -fT "$WORK/link" "$2" 2>/dev/null && return 0
  mv -fh "$WORK/link" "$2" 2>/dev/null && return 0
  rm -f "$2" && mv "$WORK/link" "$2"
}

# The version that is installed under NAME; nothing where there is none.
version_of() { [ ! -L "$DIR/$1" ] || cat "$DIR/$1/fingerprint" 2>/dev/null; }

# Takes a private key that certedge never had from where its owner keeps it.
take_own_key() {
  for own in "$OWN_KEYS/$1.pem" "$DIR/$1/privkey.pem"; do
    if [ -r "$own" ]; then
      cat "$own" >"$WORK/new/$1/privkey.pem"
      return
    fi
  done
}

store() {
  versions=$DIR/.versions/$1 new=$WORK/new/$1
  mkdir -p "$versions" && chmod 755 "$DIR/.versions" "$versions" || return 1
  cat "$new/cert.pem" >"$new/fullchain.pem" || return 1
  if [ -e "$new/chain.pem" ]; then cat "$new/chain.pem" >>"$new/fullchain.pem"; else : >"$new/chain.pem"; fi || return 1
  date -u +%Y-%m-%dT%H:%M:%SZ >"$new/installed-at" || return 1
  chmod 644 "$new/cert.pem" "$new/chain.pem" "$new/fullchain.pem" "$new/fingerprint" "$new/installed-at" || return 1
  if [ -n "$GROUP" ]; then
    chgrp "$GROUP" "$new/privkey.pem" && chmod 640 "$new/privkey.pem" || return 1
  fi
  chmod 755 "$new" && rm -rf "${versions:?}/$2" && mv "$new" "$versions/$2"
}

install_all() {
  for new in "$WORK"/new/*; do
    [ -d "$new" ] || continue
    name=${new##*/}
    [ -e "$new/privkey.pem" ] || take_own_key "$name"
    before=$(version_of "$name") wanted=$(cat "$new/fingerprint" 2>/dev/null)
    [ -n "$FORCE" ] || [ "$before" != "$wanted" ] || [ "$(fingerprint "$DIR/$name/cert.pem")" != "$wanted" ] || continue
    wrong=$(check "$name")
    if [ -n "$wrong" ]; then
      problem "$name" "The new version was not installed: $wrong."
    elif [ -n "$DRY_RUN" ]; then
      say "$(domain_of "$name") would be installed, valid until $(field "$new/cert.pem" -enddate)."
    elif [ -e "$DIR/$name" ] && [ ! -L "$DIR/$name" ]; then
      problem "$name" "The new version was not installed: $DIR/$name is there, and not by this agent."
    else
      # What is installed already is not moved away under its users.
      stored=$wanted
      [ "$before" != "$wanted" ] || stored=$wanted.$$
      if ! store "$name" "$stored"; then
        problem "$name" "The new version was not installed: $DIR/.versions/$name cannot be written."
        continue
      fi
      # Should this run be killed, the next one knows what was not taken into use yet.
      grep -q "^$name " "$STATE/pending" 2>/dev/null ||
        printf '%s %s\n' "$name" "$(target_of "$name")" >>"$STATE/pending"
      swap_link ".versions/$name/$stored" "$DIR/$name" ||
        problem "$name" "The new version was not installed: $DIR/$name cannot be written."
    fi
  done
}

# Where the link of NAME leads to, as it is within its versions; "-" where there is none.
target_of() {
  [ -L "$DIR/$1" ] || { echo '-' && return; }
  target=$(cd "$DIR/$1" 2>/dev/null && pwd -P) || target=-
  printf '%s\n' "${target##*/}"
}

# put_back NAME TARGET
put_back() {
  if [ "$2" = '-' ]; then rm -f "$DIR/$1"; else swap_link ".versions/$1/$2" "$DIR/$1"; fi ||
    warn "$(domain_of "$1"): $DIR/$1 could not be put back to $2."
}

run_hook() {
  [ -x "$HOOKS/$1" ] || return 0
  CERTEDGE_DOMAIN=$(domain_of "$1") CERTEDGE_PATH=$DIR/$1 "$HOOKS/$1" >"$WORK/output" 2>&1 </dev/null
}

run_reload() { [ -z "$RELOAD" ] || sh -c "$RELOAD" >"$WORK/output" 2>&1 </dev/null; }

# Takes what was installed into use. What fails is put back, and what was there before is taken into use again.
activate() {
  [ -s "$STATE/pending" ] || return 0
  : >"$WORK/active"
  while read -r name before; do
    if run_hook "$name"; then
      printf '%s %s\n' "$name" "$before" >>"$WORK/active"
    else
      problem "$name" "Its hook failed with $?, so the version before is back: $(one_line <"$WORK/output")"
      put_back "$name" "$before"
      [ "$before" = '-' ] || run_hook "$name" || warn "$(domain_of "$name"): its hook failed for the version before as well."
    fi
  done <"$STATE/pending"
  if [ -s "$WORK/active" ]; then
    if run_reload; then
      while read -r name before; do installed_message "$name" "$before"; done <"$WORK/active"
    else
      code=$? words=$(one_line <"$WORK/output")
      while read -r name before; do
        problem "$name" "The reload failed with $code, so the version before is back: $words"
        put_back "$name" "$before"
        [ "$before" = '-' ] || run_hook "$name" || warn "$(domain_of "$name"): its hook failed for the version before."
      done <"$WORK/active"
      run_reload || warn "The reload fails with what was installed before, too: $(one_line <"$WORK/output")"
    fi
  fi
  rm -f "$STATE/pending"
}

installed_message() {
  say "$(domain_of "$1") is installed, valid until $(field "$DIR/$1/cert.pem" -enddate)."
  # The version in use and the one before it stay.
  current=$(target_of "$1")
  for version in "$DIR/.versions/$1"/*; do
    case ${version##*/} in "$current" | "$2") ;; *) rm -rf "$version" ;; esac
  done
}

# --- reporting --------------------------------------------------------------------------------------------------------

# "NAME PROBLEM" → the problem of NAME, the last one.
problem_of() { sed -n "s/^$(printf '%s' "$1" | sed 's/[.]/\\./g') //p" "$WORK/problems" | tail -n 1; }

# One certificate for the report: NAME FINGERPRINT.
reported() {
  why=$(problem_of "$1")
  at=$(cat "$DIR/$1/installed-at" 2>/dev/null)
  printf '{"domain":"%s","fingerprint_sha256":%s%s%s}' "$(domain_of "$1")" "${2:+\"}${2:-null}${2:+\"}" \
    "${at:+,\"installed_at\":\"$at\"}" "${why:+,\"problem\":\"$why\"}"
}

send_report() {
  system=$(uname -sr 2>/dev/null | one_line) host=$(uname -n 2>/dev/null | one_line)
  printf '{"reporter":{"agent":"certedge-agent/%s","hostname":"%s","os":"%s"},"certificates":[%s]}' \
    "$VERSION" "${host:-unknown}" "${system:-unknown}" "$1" >"$WORK/report"
  ask "$WORK/answer" report --header 'Content-Type: application/json' --data-binary "@$WORK/report"
  [ "$STATUS" = 200 ] || { warn "The report could not be sent: $(explain "$WORK/answer")" && return 1; }
}

# Says what is installed, a hundred certificates at a time; those with a problem that are not installed as well.
report() {
  installed >"$WORK/installed"
  cut -d ' ' -f 1 <"$WORK/problems" | sort -u | while read -r name; do
    [ -L "$DIR/$name" ] || printf '%s \n' "$name"
  done >"$WORK/missing"
  list='' count=0
  while read -r name print; do
    [ -n "$name" ] || continue
    list=$list${list:+,}$(reported "$name" "$print") count=$((count + 1))
    if [ "$count" -ge 100 ]; then
      send_report "$list" || return 1
      list='' count=0
    fi
  done <<END
$(cat "$WORK/installed" "$WORK/missing")
END
  send_report "$list"
}

# --- one run ----------------------------------------------------------------------------------------------------------

run() {
  prepare
  fetch_bundle
  if [ -n "$NOTHING_NEW" ]; then detail "There is nothing new."; else install_all; fi
  [ -z "$DRY_RUN" ] || { [ ! -s "$WORK/problems" ]; exit; }
  unfinished=''
  [ ! -s "$STATE/pending" ] || unfinished=1
  activate
  # It is said again each day, so that certedge knows that somebody is there.
  if [ -z "$NOTHING_NEW" ] || [ -n "$unfinished" ] || [ -z "$(find "$STATE/reported" -mtime -1 2>/dev/null)" ]; then
    rm -f "$STATE/reported"
    ! report || : >"$STATE/reported"
  fi
  if [ -s "$WORK/problems" ]; then
    rm -f "$STATE/entity-tag"
    exit "$EXIT_FAILED"
  fi
  if [ -n "$ENTITY_TAG" ]; then
    installed >"$STATE/installed"
    printf '%s\n' "$ENTITY_TAG" >"$STATE/entity-tag"
  fi
  exit 0
}

main() {
  read_options "$@"
  read_config
  check_settings
  [ -n "$EVERY" ] || run
  # As the first process of a container it is asked to end by a signal, which nobody but itself heeds.
  trap 'kill "$child" 2>/dev/null; wait "$child" 2>/dev/null; exit 143' INT TERM HUP
  while :; do
    (run) &
    child=$! && wait "$child"
    sleep $((EVERY * 60)) &
    child=$! && wait "$child"
  done
}

main "$@"
