import { Command } from 'commander';
import { classifyEvaluateCommand } from './classify-evaluate.ts';
import { classifyExportCommand } from './classify-export.ts';
import { classifyPredictCommand } from './classify-predict.ts';
import { classifyTrainCommand } from './classify-train.ts';

async function listTechniques(json: boolean): Promise<void> {
  const { TECHNIQUES } = await import('../../classifier/techniques.ts');
  const { textTable } = await import('../common/log.ts');
  if (json) {
    const plain = TECHNIQUES.map(({ apply: _, ...facts }) => facts);
    console.log(JSON.stringify(plain, null, 2));
    return;
  }
  const settings = (defaults: object) =>
    Object.entries(defaults)
      .map(([key, value]) => `${key}=${value}`)
      .join(':') || '-';
  const rows = TECHNIQUES.map(({ name, roles, summary, defaults, source }) => [
    name,
    roles.join('+'),
    settings(defaults),
    summary,
    source,
  ]);
  console.log(textTable([['technique', 'role', 'settings', 'what it does', 'source'], ...rows]));
  console.log('\nUse as --technique NAME or NAME:KEY=VALUE, several with commas.');
}

/** `gan classify`: space-group classifiers, with any technique against imbalance. */
export const classifyCommand = (): Command =>
  new Command('classify')
    .description('train, evaluate and use space-group classifiers')
    .enablePositionalOptions()
    .option('--list-techniques', 'print the techniques against imbalance')
    .option('--json', 'print as JSON')
    .addCommand(classifyTrainCommand())
    .addCommand(classifyEvaluateCommand())
    .addCommand(classifyPredictCommand())
    .addCommand(classifyExportCommand())
    .addHelpText(
      'after',
      '\nExample:\n  npx gan classify --list-techniques\n  npx gan classify train --technique logit-adjustment,flips,dilation',
    )
    .action(async (flags: { listTechniques?: boolean; json?: boolean }, command: Command) => {
      if (flags.listTechniques) await listTechniques(flags.json ?? false);
      else command.help({ error: true });
    });
