import { readdir, readFile } from 'node:fs/promises';

/** One process of a browser, as Linux tells. */
export interface ProcessUse {
  readonly isRenderer: boolean;
  readonly residentBytes: number;
  /** Of user and system, since it began. */
  readonly cpuMs: number;
}

/** A clock tick is that long wherever Linux runs. */
const TICK_MS = 10;

/** A process and all that descend from it; null where the system does not tell. */
export async function processesUnder(root: number): Promise<ProcessUse[] | null> {
  const names = await readdir('/proc').catch(() => null); // not Linux
  if (names === null) return null;
  const all = (await Promise.all(names.filter((name) => /^\d+$/.test(name)).map(describe))).flat();
  const own = new Set([root]);
  for (let size = -1; size !== own.size;) {
    size = own.size;
    for (const { pid, parent } of all) if (own.has(parent)) own.add(pid);
  }
  return all.filter(({ pid }) => own.has(pid)).map(({ use }) => use);
}

async function describe(
  name: string,
): Promise<{ readonly pid: number; readonly parent: number; readonly use: ProcessUse }[]> {
  try {
    const [command, stat, status] = await Promise.all(
      ['cmdline', 'stat', 'status'].map((file) => readFile(`/proc/${name}/${file}`, 'utf8')),
    );
    // Behind the command in parentheses, which may hold anything: state, parent, …; see proc(5).
    const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
    const residentKb = /^VmRSS:\s+(\d+)/m.exec(status ?? '')?.[1] ?? '0';
    return [
      {
        ...{ pid: Number(name), parent: Number(fields[1]) },
        use: {
          isRenderer: command?.includes('--type=renderer') ?? false,
          residentBytes: 1024 * Number(residentKb),
          cpuMs: TICK_MS * (Number(fields[11]) + Number(fields[12])),
        },
      },
    ];
  } catch {
    return []; // it has ended meanwhile
  }
}
