# Sourced by the launchers beside it, which set $self (the launcher, links resolved), $main (the program's TypeScript) and, if it needs
# them, $flags for Node and $broken, the exit status when nothing can be started.
root=$(CDPATH='' cd -- "$(dirname -- "$self")/.." && pwd -P) || exit 1
node=$root/node_modules/.bin/node
if ! [ -x "$node" ]; then
  echo "${self##*/}: the packages are not installed. Run: cd $root && npm ci" >&2
  exit "${broken:-1}"
fi
if [ -n "${XDG_CACHE_HOME:-${HOME:-}}" ]; then
  # Compiled JavaScript kept between starts: a console answers in half the time.
  export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/nocturne/compile}"
fi
# Buffers pass from thread to thread: with an arena for each thread of the C library the freed ones would lie about in all of them
# (a fifth of the memory of a backup, at the same speed).
export MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX:-2}"
# shellcheck disable=SC2086 # flags are words
exec "$node" --disable-warning=ExperimentalWarning ${flags:-} "$root/$main" "$@"
