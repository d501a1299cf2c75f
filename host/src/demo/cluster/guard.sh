# Keeps a private PostgreSQL cluster for the process at the other end of standard input, and clears it away, server and
# folder, as soon as that end closes: the kernel closes it even for a process that was killed.
#
# $1: the cluster's folder. $2: what the names of the binaries begin with, empty or a folder with a slash.
# Reads one command a line, answers each with its exit status on a line.
folder=$1
bin=$2

clear_away() {
    trap - EXIT
    "${bin}pg_ctl" stop -s -w -m immediate -D "$folder/data" </dev/null >/dev/null 2>&1
    rm -rf "$folder"
}
trap clear_away EXIT
trap 'exit 1' HUP INT TERM
# An answer that nobody reads any more must not end this script before it has cleared away.
trap : PIPE

obey() {
    case $1 in
    init)
        "${bin}initdb" --pgdata="$folder/data" --username=postgres --pwfile="$folder/password" --auth=scram-sha-256 \
            --encoding=UTF8 --locale=C --no-sync --no-instructions || return
        rm -f "$folder/password"
        printf '%s\n' "include '$folder/settings.conf'" >>"$folder/data/postgresql.conf"
        ;;
    start) "${bin}pg_ctl" start -s -w -D "$folder/data" -l "$folder/server.log" -o "-p $2" ;;
    stop) "${bin}pg_ctl" stop -s -w -m "$2" -D "$folder/data" ;;
    *) return 2 ;;
    esac
}

while read -r verb argument; do
    obey "$verb" "$argument" </dev/null >>"$folder/guard.log" 2>&1
    echo "$?"
done
