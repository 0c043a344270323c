import { Command } from 'commander';

interface ExportFlags {
  classifier?: string;
  onnx: string;
  json?: boolean;
}

async function exportClassifier(flags: ExportFlags): Promise<void> {
  const { requireRun } = await import('../common/run.ts');
  const { writeAtomic } = await import('../common/files.ts');
  const { claimFile } = await import('../common/outputs.ts');
  const { loadClassifier } = await import('../../classifier/load.ts');
  const { onnxOf } = await import('../../classifier/onnx/export.ts');
  const { ONNX_OPSET } = await import('../../classifier/onnx/graph.ts');
  claimFile(flags.onnx);
  const mend = 'train one: npx gan classify train';
  const run = requireRun('classifier', flags.classifier, mend, 'classifier.safetensors');
  const classifier = await loadClassifier(run.folder);
  writeAtomic(flags.onnx, onnxOf(classifier));
  const { classes, size, digest } = classifier;
  const facts = { file: flags.onnx, run: run.folder, opset: ONNX_OPSET, size, classes, digest };
  if (flags.json) console.log(JSON.stringify(facts, null, 2));
  else {
    console.log(
      `wrote ${flags.onnx}: opset ${ONNX_OPSET}, ${classes.length} space groups, ` +
        `input intensity (N, 3, ${size}, ${size}) float32`,
    );
  }
}

/** `gan classify export`. */
export const classifyExportCommand = (): Command =>
  new Command('export')
    .description('write a trained classifier as ONNX, for other tools')
    .requiredOption('--onnx <file>', 'where to write the model')
    .option('--classifier <run>', 'classifier run (default: the newest)')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExample:\n  npx gan classify export --onnx classifier.onnx')
    .action(exportClassifier);
