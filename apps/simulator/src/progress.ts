/** One line that shows how far a long piece of work is: a bar on a terminal, a line every ten seconds elsewhere. */

export interface Progress {
  show(done: number, all: number, facts: string): void;
  end(): void;
}

const barCells = 30;
const barEveryMs = 100;
const lineEveryMs = 10_000;

/** `line`: where to say it when there is no terminal; standard error by default. */
export function showProgress(label: string, line: (text: string) => void = (text) => void process.stderr.write(`${text}\n`)): Progress {
  const out = process.stderr;
  let shownMs = out.isTTY ? 0 : Date.now();
  let last = '';
  return {
    show(done, all, facts) {
      last = progressLine(label, done, all, facts);
      if (Date.now() - shownMs < (out.isTTY ? barEveryMs : lineEveryMs)) return;
      shownMs = Date.now();
      if (out.isTTY) out.write(`\r${last}\u001b[K`);
      else line(last);
    },
    end() {
      if (last === '') return;
      if (out.isTTY) out.write(`\r${last}\u001b[K\n`);
      else line(last);
    },
  };
}

export function progressLine(label: string, done: number, all: number, facts: string): string {
  const share = all === 0 ? 1 : Math.min(1, done / all);
  const full = Math.floor(share * barCells);
  return `${label} [${'#'.repeat(full)}${'.'.repeat(barCells - full)}] ${Math.floor(share * 100)} %  ${facts}`;
}
