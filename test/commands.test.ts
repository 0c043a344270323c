import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildProgram } from '../src/cli.ts';
import { launcher } from '../src/common/paths.ts';
import { leafCommands } from '../src/common/project.ts';
import { temporaryFolder } from './support/folder.ts';

const program = buildProgram();
const all = leafCommands(program);

/** What a command prints for --help, with what was added to it. */
function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text;
}

/**
 * Every flag of every command with the value that it takes: one name stands for one thing. Where a
 * flag takes another value in some commands, these are named.
 */
const FLAGS: Record<string, string | Record<string, string>> = {
  '--absorption': '<share>',
  '--accept': '<by>',
  '--agreement': '<nats>',
  '--allow-external': '',
  '--at-once': '<n>',
  '--attempts': '<n>',
  '--bandwidth': '<1/angstrom>',
  '--batch': '<n>',
  '--box': '<angstrom>',
  '--cap': '<n>',
  '--cas-updates': '<n>',
  '--cif-only': '',
  '--classes': { '': '<which>', 'data export': '<list>' },
  '--classifier': '<run>',
  '--config': '<file>',
  '--configurations': '<n>',
  '--consistency': '<kind>',
  '--count': '<n>',
  '--crystals': { 'data simulate': '<from...>', train: '<folder>' },
  '--data': '<store>',
  '--detect': '',
  '--device': '<device>',
  '--displacement': '<angstrom>',
  '--dry-run': '',
  '--energies': { 'data simulate': '<kV,…>', 'data prepare': '<keV,…>' },
  '--epsilon': '<x>',
  '--executor': '<kind>',
  '--export': '<layout>',
  '--factors': '<table>',
  '--field': '<1/angstrom>',
  '--figures': '<folder>',
  '--fill': '<n>',
  '--force': '',
  '--format': { '': '<kind>', 'data export': '<name>' },
  '--from': { sample: '<archive>', probe: '<store>' },
  '--gan': '<run>',
  '--generator': '<kind>',
  '--gpus': '<n>',
  '--groups': '<list>',
  '--guide': '<run>',
  '--hard': '',
  '--jobs': '<n>',
  '--json': '',
  '--keep': { train: '<n>', mix: '<which>' },
  '--largest': '<n>',
  '--limit': '<n>',
  '--list': '',
  '--map': '',
  '--materials': '<n>',
  '--max-per-material': '<n>',
  '--memory': '<gib>',
  '--min-materials': '<n>',
  '--minutes': '<n>',
  '--mixture': '[run]',
  '--mode': '<name>',
  '--multitask': '',
  '--near-boundary': '',
  '--network': '<kind>',
  '--network-updates': '<n>',
  '--no-holz': '',
  '--onnx': '<file>',
  '--out': {
    '': '<folder>',
    'data simulate': '<file>',
    'data codec': '<file>',
    'classify predict': '<file>',
    report: '<file>',
    'data prepare': '<store>',
    'data import': '<store>',
  },
  '--pair': '<a:b>',
  '--partition': '<name>',
  '--partner-by': '<who>',
  '--partners': '<n>',
  '--patience': { '': '<seconds>', 'classify train': '<n>' },
  '--patterns': '<n>',
  '--per-class': '',
  '--picture': '<file>',
  '--placement': '<how>',
  '--positions': '<n>',
  '--preset': '<machine>',
  '--preview': '',
  '--rate': '<x>',
  '--ratio': '<x>',
  '--replay': '<row>',
  '--resume': '[run]',
  '--samples': '<n>',
  '--seed': '<n>',
  '--seeds': '<n>',
  '--semiangle': '<mrad>',
  '--shard': '<i/n>',
  '--sheet': '<file>',
  '--side': '<n>',
  '--size': '<pixels>',
  '--slice': '<angstrom>',
  '--soft-labels': '',
  '--source': '<which>',
  '--split': { '': '<name>', 'data prepare': '<how>' },
  '--steps': '<n>',
  '--strict': '',
  '--study': '<name>',
  '--synthetic': '[run]',
  '--technique': '<names>',
  '--template': '',
  '--tensorflow': '<version>',
  '--thermal': '<kind>',
  '--thickness': '<angstrom,…>',
  '--threads': '<n>',
  '--time': '<hh:mm:ss>',
  '--truncation': '<x>',
  '--undersample': '<target>',
  '--updates': '<n>',
  '--verifier': '<runs...>',
  '--views': '',
  '--weight': '<w>',
  '--width': '<channels>',
  '--workers': '<n>',
  '--zones': '<which>',
};

/** Commands that train, draw or prepare: they say beforehand what they would do, and end as JSON. */
const MAKERS = [
  'data simulate',
  'data prepare',
  'data import',
  'data export',
  'classify train',
  'train',
  'sample',
  'probe',
  'score',
  'mix',
  'bench run',
  'universal',
];
/** Of these, those that draw at random by a seed of their own, and those with settings in a file. */
const SEEDED = MAKERS.filter((name) => !['data export', 'bench run', 'universal'].includes(name));
const CONFIGURED = SEEDED.filter((name) => name !== 'data import');

describe.each(all)('gan $name', ({ name, command }) => {
  it('has an example, and flags that mean the same as elsewhere and say their defaults', () => {
    const help = helpOf(command);
    expect(help).toMatch(/Examples?:\n +(npx gan|gan|source) /);
    expect(help).toMatch(/Global Options:.*--quiet/s);
    for (const { long, flags, description, mandatory, defaultValue } of command.options) {
      expect(long).toMatch(/^--[a-z0-9]+(-[a-z0-9]+)*$/);
      expect(description).not.toBe('');
      const known = FLAGS[long!];
      const value = typeof known === 'object' ? (known[name] ?? known['']) : known;
      expect([flags, long]).toEqual([`${long} ${value}`.trim(), long]);
      if (!value || long === '--config' || mandatory || defaultValue !== undefined) continue;
      expect(`${long}: ${description}`).toMatch(/\((default: )?[^)]+\)|instead of/);
    }
  });
});

it('has no flag in the table that no command has', () => {
  const used = new Set(all.flatMap(({ command }) => command.options.map(({ long }) => long)));
  expect(Object.keys(FLAGS).filter((flag) => !used.has(flag))).toEqual([]);
});

it.each([
  ['--dry-run', MAKERS],
  ['--json', MAKERS],
  ['--seed', SEEDED],
  ['--config', CONFIGURED],
])('%s stands in every command where it is of use', (flag, names) => {
  const without = names.filter((name) => {
    const { command } = all.find((one) => one.name === name)!;
    return !command.options.some(({ long }) => long === flag);
  });
  expect(without).toEqual([]);
});

describe('in a folder', () => {
  const folder = temporaryFolder('commands');
  const gan = (args: readonly string[], cwd = folder) =>
    spawnSync(process.execPath, [launcher, ...args], { cwd, encoding: 'utf8' });

  beforeAll(() => {
    writeFileSync(join(folder, 'NaCl.cif'), NACL);
  });

  it('completes commands and flags in a shell', () => {
    const script = gan(['completion']).stdout;
    writeFileSync(join(folder, 'completion.sh'), script);
    const completed = (words: string[]): string[] => {
      const list = words.map((word) => `'${word}'`).join(' ');
      const text = `. ./completion.sh; COMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}; _gan; echo "\${COMPREPLY[*]}"`;
      return execFileSync('bash', ['-c', text], { cwd: folder, encoding: 'utf8' })
        .trim()
        .split(' ');
    };
    expect(completed(['gan', 'cl'])).toEqual(['classify']);
    expect(completed(['gan', 'data', 'p'])).toEqual(['prepare']);
    expect(completed(['gan', 'classify', 'train', '--mix'])).toEqual(['--mixture']);
    expect(completed(['gan', 'data', 'simulate', '--size', '32', '--ther'])).toEqual(['--thermal']);
  });

  it('keeps its line readable where a file holds a value of a hundred thousand letters', () => {
    writeFileSync(join(folder, 'long.yaml'), `seed: ${'x'.repeat(100_000)}\n`);
    const words = ['data', 'simulate', '--crystals', 'NaCl.cif', '--config', 'long.yaml'];
    const { status, stderr } = gan([...words, '--out', 'long.h5']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^gan: .*seed.*x{50,70}\.\.\. \(10000\d characters\)/);
    expect(stderr.length).toBeLessThan(500);
  });

  it('says in a dry run what would be made, and makes nothing', () => {
    const flags = ['data', 'simulate', '--crystals', 'NaCl.cif', '--size', '32', '--out', 'a.h5'];
    const { stdout, stderr, status } = gan([...flags, '--dry-run']);
    expect(stderr).toContain('1 crystal found, 0 refused');
    expect([status, stdout]).toEqual([0, expect.stringMatching(/^would write .*a\.h5/)]);
    expect(stdout).toContain('"size": 32');
    expect(stdout).toContain('nothing was made');
    const { wouldWrite, settings } = JSON.parse(gan([...flags, '--dry-run', '--json']).stdout);
    expect([wouldWrite, settings.size]).toEqual([join(folder, 'a.h5'), 32]);
    expect(existsSync(join(folder, 'a.h5'))).toBe(false);
    expect(existsSync(join(folder, 'workspace'))).toBe(false);
  });

  it('runs from any folder, with the defaults of its gan.yaml, quietly where asked', () => {
    const elsewhere = join(folder, 'elsewhere');
    mkdirSync(elsewhere);
    writeFileSync(join(elsewhere, 'gan.yaml'), 'size: 32\ndata simulate:\n  out: b.h5\n');
    const flags = ['data', 'simulate', '--crystals', '../NaCl.cif'];
    const loud = gan(flags, elsewhere);
    expect(loud.stderr).toMatch(/^gan\.yaml: size, out\n/);
    expect(loud.stderr).toContain('done in');
    expect(loud.stdout).toMatch(/^wrote .*elsewhere\/b\.h5: 1 triplet of 1 crystal\n/);
    const quiet = gan([...flags, '--out', 'c.h5', '--quiet'], elsewhere);
    expect([quiet.status, quiet.stderr]).toEqual([0, '']);
    expect(existsSync(join(elsewhere, 'c.h5'))).toBe(true);
  }, 120_000);
});

const NACL = `data_NaCl
_cell_length_a 5.64
_cell_length_b 5.64
_cell_length_c 5.64
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_space_group_name_H-M_alt 'F m -3 m'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Na1 Na 0 0 0
Cl1 Cl 0.5 0.5 0.5
`;
