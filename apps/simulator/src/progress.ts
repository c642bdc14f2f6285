/** One line that shows how far a long piece of work is: a bar on a terminal, a line every ten seconds elsewhere. */

export interface Progress {
  show(done: number, all: number, facts: string): void;
  end(): void;
}

const barCells = 30;
const barEveryMs = 100;
const lineEveryMs = 10_000;

export function showProgress(label: string, out: NodeJS.WriteStream = process.stderr): Progress {
  const everyMs = out.isTTY ? barEveryMs : lineEveryMs;
  let shownMs = out.isTTY ? 0 : Date.now();
  let last = '';
  return {
    show(done, all, facts) {
      last = progressLine(label, done, all, facts);
      if (Date.now() - shownMs < everyMs) return;
      shownMs = Date.now();
      out.write(out.isTTY ? `\r${last}\u001b[K` : `${last}\n`);
    },
    end() {
      if (last !== '') out.write(out.isTTY ? `\r${last}\u001b[K\n` : `${last}\n`);
    },
  };
}

export function progressLine(label: string, done: number, all: number, facts: string): string {
  const share = all === 0 ? 1 : Math.min(1, done / all);
  const full = Math.floor(share * barCells);
  return `${label} [${'#'.repeat(full)}${'.'.repeat(barCells - full)}] ${Math.floor(share * 100)} %  ${facts}`;
}
