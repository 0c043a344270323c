/**
 * The command line, many commands a process: takes words as messages, answers with what a shell
 * would have seen of each. What ends the process is seen by its parent.
 */
import { main } from '../../src/cli.ts';

/** What became of a command. */
export interface Answer {
  code: number;
  said: string;
  /** Largest memory of the process so far. */
  mebibytes: number;
}

let said = '';
for (const stream of [process.stdout, process.stderr]) {
  stream.setMaxListeners(0);
  stream.write = (text: string | Uint8Array): boolean => {
    said += String(text);
    return true;
  };
}
let loose = false;
for (const event of ['uncaughtException', 'unhandledRejection']) {
  process.on(event, (error: unknown) => {
    loose = true;
    said += error instanceof Error ? error.stack : String(error);
  });
}

process.on('message', async (words: string[]) => {
  said = '';
  process.exitCode = undefined;
  await main(['node', 'gan', ...words]);
  await new Promise((done) => setImmediate(done));
  const code = loose ? 1 : Number(process.exitCode);
  process.exitCode = undefined;
  const mebibytes = Math.round(process.resourceUsage().maxRSS / 1024);
  process.send!({ code, said: said.slice(-3000), mebibytes } satisfies Answer);
});
