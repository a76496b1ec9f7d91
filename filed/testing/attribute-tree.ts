import { execFileSync } from "node:child_process";

/** Makes a tree that holds every kind of file and attribute that a Linux file daemon saves. Needs root and the packages acl, attr and libcap2-bin. */
export function makeAttributeTree(path: string): void {
  run(
    `set -e
mkdir -p "$1" && cd "$1"
mkdir -p dir/sub empty acl "sp ace" tidy
echo hello > dir/a; ln dir/a dir/b; ln dir/a "sp ace/c"
ln -s a dir/link; ln -s /nowhere dangling; ln -s "$(printf 'x%.0s' $(seq 1 2000))" longlink; ln dangling dangling-too
: > emptyfile
: > emptyx; setfattr -n user.foo -v bar emptyx
mkfifo fifo; mknod chr c 1 3; mknod blk b 7 200; mkfifo fifo2; ln fifo2 fifo3
seq 1 50000 > seq; setfattr -n user.foo -v bar seq; setfattr -n user.empty seq; setfattr -n trusted.t -v x seq
setfattr -n user.binary -v 0x00ff0a22 seq; setfattr -n user.large -v "$(printf 'y%.0s' $(seq 1 3000))" dir
cp /bin/true acl/prog; setcap cap_net_raw+ep acl/prog; setfacl -m u:daemon:rw,g:12345:r acl/prog
setfacl -m d:u:daemon:rwx,d:g:games:r acl; setfacl -m u:54321:x acl
chown daemon:games seq; chown 54321:12345 emptyfile; chown -h games:daemon dangling
chmod 4755 acl/prog; chmod 2755 dir; chmod 1777 tidy; chmod 0 emptyx; chmod 6711 dir/b
truncate -s 20M sparse; printf data | dd of=sparse bs=1 seek=5000000 conv=notrunc status=none
truncate -s 3M allhole; truncate -s 100 tail; printf z >> tail
head -c 300000 /dev/urandom > rand; head -c 65536 /dev/zero > zero64k; head -c 65537 /dev/urandom > just-over; head -c 131072 /dev/urandom > two
touch -d '2001-02-03 04:05:06.123456789' dir/sub rand; touch -h -d '1969-12-31 23:59:58.5' dangling; touch -d '2040-01-01 00:00:00.000000001' zero64k
touch -d '1999-01-01 12:00:00.999999999' empty
setfattr -h -n trusted.l -v lv dangling
perl -e 'for my $byte (1 .. 255) { next if $byte == 47; my $name = chr $byte; next if $name eq "."; open my $file, ">", "tidy/n$name" or die; print $file $byte }'
: > tidy/-rf; : > "tidy/files.db"; : > "tidy/$(printf 'n%.0s' $(seq 1 255))"
`,
    path,
  );
}

/** Everything about a tree that can be told by foreign programs: times, modes, owners, links, ACLs, attributes, capabilities, contents. */
export function describeTree(path: string): string {
  return run(
    `cd "$1" && find . ! -type d -printf '%p\\0%y %T@ %m %U %G %s %n %l\\n' | sort
find . -type d -printf '%p\\0%T@ %m %U %G\\n' | sort
getfacl -R -n . ; getfattr -d -m - -R -h -e hex . ; getcap -r . ; find . -type f -print0 | sort -z | xargs -0 sha256sum`,
    path,
  );
}

/** What rsync would change to make the second tree like the first; "" if nothing. */
export function rsyncDifference(from: string, to: string): string {
  return execFileSync("rsync", ["-aHAXSn", "--delete", "--numeric-ids", "--itemize-changes", `${from}/`, `${to}/`], {
    encoding: "latin1",
  });
}

function run(script: string, path: string): string {
  return execFileSync("/bin/bash", ["-c", script, "bash", path], {
    encoding: "latin1",
    maxBuffer: 64 * 1024 * 1024,
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Why such trees cannot be made here; false if they can. */
export function whyNoAttributeTree(): string | false {
  if (process.geteuid?.() !== 0) return "needs root (device nodes, owners, trusted attributes)";
  for (const program of ["rsync", "setfacl", "setfattr", "setcap", "perl"]) {
    try {
      execFileSync("/bin/sh", ["-c", `command -v ${program}`], { stdio: "ignore" });
    } catch {
      return `needs the program ${program}`;
    }
  }
  return false;
}
