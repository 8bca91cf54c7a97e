# Sourced by ./godwit and ./test, with $root set to the checkout.
# build PROJECT STAMP SOURCE...: builds PROJECT into $out where a SOURCE is newer than the last good build.

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

fail() { printf 'error: %s\n  try: %s\n' "$1" "$2" >&2; exit 1; }

# The checkout's own artifacts/ where it is ours; else (another user's checkout, a read-only one) a folder of our own cache.
if [ -O "$root" ] && [ -w "$root" ] && { [ ! -e "$root/artifacts" ] || [ -O "$root/artifacts" ]; }; then
    out=$root/artifacts
else
    out=${XDG_CACHE_HOME:-${HOME:-/tmp/godwit-$UID}/.cache}/godwit/build-$(printf %s "$root" | cksum | cut -d' ' -f1)
fi

if ! command -v dotnet >/dev/null; then
    for folder in "${DOTNET_ROOT:-}" "${HOME:-}/.dotnet" /usr/share/dotnet /usr/lib/dotnet /usr/local/share/dotnet; do
        if [ -x "$folder/dotnet" ]; then PATH=$folder:$PATH; break; fi
    done
    command -v dotnet >/dev/null || fail 'the .NET 10 SDK is not installed' 'sudo apt-get install dotnet-sdk-10.0, or see https://dot.net/download'
fi

# Folders count too: a deleted file changes its folder's time.
changed() {
    local stamp=$out/$1; shift
    [ ! -e "$stamp" ] || [ -n "$(cd "$root" && find "$@" \( -name bin -o -name obj \) -prune -o -newer "$stamp" -print -quit)" ]
}

build() {
    local project=$1 stamp=$2; shift 2
    set -- "$@" Directory.Build.props Directory.Packages.props global.json .editorconfig BannedSymbols.txt
    changed "$stamp" "$@" || return 0
    # Captured first: with grep -q in a pipe, dotnet could die of SIGPIPE and pipefail would call that a missing SDK.
    local sdks; sdks=$(cd "$root" && dotnet --list-sdks)
    [[ $'\n'$sdks == *$'\n'10.* ]] || fail 'the .NET SDK here is not version 10' 'sudo apt-get install dotnet-sdk-10.0, or see https://dot.net/download'
    mkdir -p "$out"
    # One build at a time; the build's own processes must not inherit the lock.
    exec 9>"$out/lock"
    if command -v flock >/dev/null; then flock 9; fi
    if changed "$stamp" "$@"; then
        echo "Building Godwit ($project) ..." >&2
        # Taken before the build: what is edited while it runs is newer.
        touch "$out/$stamp.new"
        if ! (cd "$root" && dotnet build "$project" -c Release --artifacts-path "$out" --disable-build-servers -v q -nologo) >"$out/$stamp.log" 2>&1 9>&-; then
            grep -E 'error|warning' "$out/$stamp.log" | sort -u >&2 || cat "$out/$stamp.log" >&2
            fail "the build failed; all it said is in $out/$stamp.log" 'rm -rf artifacts and again, if the sources are as you got them'
        fi
        mv "$out/$stamp.new" "$out/$stamp"
    fi
    exec 9>&-
}
