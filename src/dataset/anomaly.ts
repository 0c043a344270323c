import { tally } from '../common/group.ts';

/** Whether a sample or file that shows this is left out, or kept with a remark. */
const KINDS = {
  'file-missing': 'out',
  'not-hdf5': 'out',
  'file-truncated': 'out',
  'file-unreadable': 'out',
  'file-empty': 'out',
  'same-file': 'out',
  'file-camera': 'out',
  'group-unreadable': 'out',
  'no-stack': 'out',
  'stack-shape': 'out',
  'stack-type': 'out',
  'stack-unreadable': 'out',
  'stack-not-finite': 'out',
  'stack-empty': 'out',
  'stack-blank': 'out',
  'link-dead': 'out',
  'samples-deeper': 'out',
  'space-group': 'out',
  'no-material': 'out',
  'duplicate-sample': 'out',
  'material-in-two-splits': 'out',
  'same-pixels': 'kept',
  'near-duplicate': 'kept',
  'not-compared': 'kept',
  'reader-crashed': 'out',
  'reader-hung': 'out',
  'stack-negative': 'kept',
  'stack-double': 'kept',
  'material-in-two-groups': 'kept',
  'not-a-sample': 'kept',
  'attribute-missing': 'kept',
  'attribute-extra': 'kept',
  'attribute-long-double': 'kept',
  'attribute-type': 'kept',
  'attribute-value': 'kept',
  'attribute-unreadable': 'kept',
} as const satisfies Record<string, 'out' | 'kept'>;

export type AnomalyKind = keyof typeof KINDS;

/** Something in the data that is not as the layout says. */
export interface Anomaly {
  kind: AnomalyKind;
  file: string;
  /** The sample's group; null where the whole file is meant. */
  group: string | null;
  /** One line for a person. */
  reason: string;
}

/** True where the sample or file cannot be used and is left out. */
export const isFatal = ({ kind }: Pick<Anomaly, 'kind'>): boolean => KINDS[kind] === 'out';

/** `file: group: reason`. */
export const anomalyText = ({ file, group, reason }: Anomaly): string =>
  group === null ? `${file}: ${reason}` : `${file}: ${group}: ${reason}`;

/** What to name where nothing can be used: deeper samples, else the first that left something out. */
export const mainAnomaly = (anomalies: readonly Anomaly[]): Anomaly | undefined =>
  anomalies.find(({ kind }) => kind === 'samples-deeper') ??
  anomalies.find((one) => isFatal(one) && one.kind !== 'same-file') ??
  anomalies[0];

/** Each anomaly once, however often it was met. */
export function distinctAnomalies(anomalies: Iterable<Anomaly>): Anomaly[] {
  const seen = new Map<string, Anomaly>();
  for (const anomaly of anomalies) seen.set(`${anomaly.kind} ${anomalyText(anomaly)}`, anomaly);
  return [...seen.values()];
}

/** Anomalies of each kind, most frequent first. */
export function anomalyCounts(anomalies: Iterable<Anomaly>): [AnomalyKind, number][] {
  const kinds = Array.from(anomalies, ({ kind }) => kind);
  return [...tally(kinds)].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}
