import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CellResult } from '../../benchmark/cells/result.ts';
import { packageRoot } from '../../common/paths.ts';
import {
  escapeHtml,
  foldedBody,
  foldedHtml,
  page,
  type Section,
  tableHtml,
  textHtml,
} from './page.ts';
import { type Compared, leadOf, studySections } from './study.ts';
import { partSections, type StudyParts } from './study-parts.ts';

/** What a page says of itself. */
export interface PageText {
  title: string;
  subtitle: string;
  /** The command that makes all of it again. */
  command: string;
}

/** Everything that a study's page is made of. */
export interface StudyReport extends PageText {
  compared: Compared;
  outcomes: readonly CellResult[];
  parts: StudyParts;
}

const version = (): string =>
  (JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string })
    .version;

const short = (digest: string | undefined): string => digest?.slice(0, 12) ?? '-';

/** What every result was made from: split, store, classifier and synthetic samples by digest. */
const provenanceRows = (outcomes: readonly CellResult[]): string[][] => [
  ['cell', 'split', 'real', 'synthetic', 'store', 'classifier', 'archive', 'GAN'],
  ...outcomes.map(({ cell, split, training, digests }) => [
    cell,
    String(split),
    String(training.real),
    String(training.synthetic),
    ...[digests.store, digests.classifier, digests.archive, digests.gan].map(short),
  ]),
];

function provenance({ compared, outcomes }: StudyReport): Section {
  const { study } = compared;
  const tested = new Set(outcomes.flatMap(({ predictions }) => predictions.materials)).size;
  const facts = [
    `${outcomes.length} results on the store "${study.data}", judged on ${tested} real ${study.comparedOn} materials that no arm learned from; written by cbed-gan ${version()}.`,
    `Digests of SHA-256, their first 12 characters; the study is ${short(outcomes[0]?.digests.study)}.`,
  ];
  return {
    heading: 'Where it comes from',
    body:
      facts.map(textHtml).join('') +
      foldedBody('every result', tableHtml(provenanceRows(outcomes))),
  };
}

/** The sections of a study's page, in order. */
export function studyReportSections(report: StudyReport): Section[] {
  const { compared, parts, command } = report;
  const { first, last } = partSections(parts);
  const settings = JSON.stringify(compared.study, null, 2);
  return [
    ...first,
    ...studySections(compared),
    ...last,
    provenance(report),
    {
      heading: 'How to repeat it',
      body: `<pre>${escapeHtml(command)}</pre>${foldedHtml('resolved settings', settings)}`,
    },
  ];
}

/** The self-contained page of a study: opens with the verdict. */
export const studyPage = (report: StudyReport): string =>
  page({
    title: report.title,
    subtitle: report.subtitle,
    lead: leadOf(report.compared),
    sections: studyReportSections(report),
  });
