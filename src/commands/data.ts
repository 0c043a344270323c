import { Command } from 'commander';
import { dataCodecCommand } from './data-codec.ts';
import { dataExportCommand } from './data-export.ts';
import { dataImportCommand } from './data-import.ts';
import { dataInspectCommand } from './data-inspect.ts';
import { dataPrepareCommand } from './data-prepare.ts';
import { dataSimulateCommand } from './data-simulate.ts';
import { dataTaskCommand } from './data-task.ts';

/** `gan data`: from crystals to files, from files to a prepared store, and back. */
export const dataCommand = (): Command =>
  new Command('data')
    .description('simulate, inspect, prepare, export and describe CBED triplets')
    .addCommand(dataSimulateCommand())
    .addCommand(dataTaskCommand())
    .addCommand(dataInspectCommand())
    .addCommand(dataPrepareCommand())
    .addCommand(dataImportCommand())
    .addCommand(dataExportCommand())
    .addCommand(dataCodecCommand())
    .addHelpText(
      'after',
      '\nExample:\n  npx gan data prepare my-files/ --out workspace/prepared.h5',
    );
