import { spawn } from 'node:child_process';

// Reads orders from stdin until it ends, which happens when this process ends, however it ends (kill -9 included).
// Its own process group and the traps keep Ctrl-C in a terminal from reaching it.
const script = `
trap '' INT TERM HUP
pids=''; paths=''
while read -r verb arg; do
  case "$verb" in
    pid) pids="$pids $arg" ;;
    gone) left=''; for p in $pids; do [ "$p" = "$arg" ] || left="$left $p"; done; pids="$left" ;;
    path) paths="$paths
$arg" ;;
  esac
done
for p in $pids; do kill -9 "$p" 2>/dev/null; done
[ -z "$pids" ] || sleep 0.2
printf '%s\n' "$paths" | while read -r d; do [ -z "$d" ] || rm -rf "$d"; done
`;

/** Kills processes and deletes paths once this process is gone: nothing is left behind, whatever happens to us. */
export interface Reaper {
  pid(pid: number): void;
  gone(pid: number): void;
  path(path: string): void;
  /** Does the work now; resolves when it is done. */
  end(): Promise<void>;
}

export function startReaper(): Reaper {
  const shell = spawn('/bin/sh', ['-c', script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  const ended = new Promise<void>((resolve) => {
    shell.once('exit', () => {
      resolve();
    });
  });
  shell.unref();
  (shell.stdin as unknown as { unref(): void }).unref();
  const order = (line: string): void => {
    shell.stdin.write(`${line}\n`);
  };
  return {
    pid: (pid) => {
      order(`pid ${pid}`);
    },
    gone: (pid) => {
      order(`gone ${pid}`);
    },
    path: (path) => {
      order(`path ${path}`);
    },
    end: () => {
      shell.ref();
      shell.stdin.end();
      return ended;
    },
  };
}
