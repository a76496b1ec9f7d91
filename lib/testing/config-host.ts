import type { ConfigHost } from "#lib/config/host.ts";

/** A host for tests: files from a table, commands from a function, and nothing of the machine. */
export function testHost(
  files: Readonly<Record<string, string | Uint8Array>> = {},
  commands: (command: string) => string = refuse,
): ConfigHost {
  return {
    async readFile(path, bytesMax) {
      const bytes = Buffer.from(found(files, path) as string);
      if (bytes.length > bytesMax) throw new Error(`is larger than ${bytesMax} bytes`);
      return bytes;
    },
    async realPath(path) {
      found(files, path);
      return path;
    },
    async matchFiles(pattern) {
      const start = pattern.slice(0, pattern.indexOf("*"));
      return Object.keys(files).filter((path) => path.startsWith(start));
    },
    async runCommand(command, { bytesMax }) {
      const output = Buffer.from(commands(command));
      if (output.length > bytesMax) throw new Error(`wrote more than ${bytesMax} bytes`);
      return output;
    },
    expandPath: (path) => path.replaceAll("$HOME", "/home/test"),
  };
}

function found(files: Readonly<Record<string, string | Uint8Array>>, path: string): string | Uint8Array {
  const text = files[path];
  if (text === undefined) throw new Error("no such file");
  return text;
}

function refuse(command: string): never {
  throw new Error(`must not be run: ${command}`);
}
