#!/usr/bin/env node
// Starts the command line. In a checkout the TypeScript is compiled first when a source is newer
// than the last build (about a second), so that `npx gan` works right after `npm ci`.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const built = join(root, 'dist');
const stamp = join(built, '.built');

function newestSource(folder) {
  let newest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) newest = Math.max(newest, newestSource(path));
    else if (entry.name.endsWith('.ts')) newest = Math.max(newest, statSync(path).mtimeMs);
  }
  return newest;
}

function isStale() {
  const rooms = ['src', 'gan', 'classifier', 'synthetic'].map((room) => join(root, room));
  if (!rooms.some((room) => existsSync(join(room, 'cli.ts')))) return false;
  if (!existsSync(stamp)) return true;
  const newest = Math.max(...rooms.filter(existsSync).map(newestSource));
  return newest > statSync(stamp).mtimeMs;
}

// Built beside and renamed, so that two processes at once never see half a build.
function build() {
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  if (!existsSync(compiler)) {
    console.error('gan: the packages are not installed yet (run: npm ci)');
    process.exit(1);
  }
  const fresh = `${built}.${process.pid}`;
  const started = new Date();
  const result = spawnSync(
    process.execPath,
    [compiler, '-p', join(root, 'tsconfig.json'), '--noCheck', '--outDir', fresh],
    { encoding: 'utf8' },
  );
  if (!existsSync(join(fresh, 'src', 'cli.js'))) {
    console.error(`gan: compiling the sources failed\n${result.stdout}${result.stderr}`);
    process.exit(1);
  }
  writeFileSync(join(fresh, '.built'), `${started.toISOString()}\n`);
  const old = `${built}.old.${process.pid}`;
  if (existsSync(built)) renameSync(built, old);
  try {
    renameSync(fresh, built);
  } catch {
    rmSync(fresh, { recursive: true, force: true }); // another process was first
  }
  rmSync(old, { recursive: true, force: true });
}

if (isStale()) build();
const { main } = await import(pathToFileURL(join(built, 'src', 'cli.js')).href);
await main(process.argv);
