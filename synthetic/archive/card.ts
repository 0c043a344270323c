import { type Card, USER_LICENCE } from '../../src/common/card.ts';
import { DATA_CITATIONS, sizeCategory } from '../../src/dataset/card.ts';
import type { ArchiveOrigin, Passport } from './passport.ts';

/** What an archive's card tells of it. */
interface ArchiveFacts {
  size: number;
  labels: ArrayLike<number>;
  passports: readonly Passport[];
  origin: ArchiveOrigin;
  cifs?: readonly (string | null)[];
}

/** How many samples each reason rejects, most frequent first. */
function reasonsText(passports: readonly Passport[]): string {
  const counts = new Map<string, number>();
  for (const { reasons } of passports) {
    for (const reason of reasons) {
      const kind = reason.replace(/[\d.]+/g, 'n');
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
  }
  const most = [...counts].sort(([, a], [, b]) => b - a).slice(0, 5);
  return most.map(([reason, count]) => `${reason} (${count})`).join('; ') || 'none';
}

/** The dataset card of a synthetic archive. */
export function archiveCard(name: string, contents: ArchiveFacts, digest: string): Card {
  const { size, labels, passports, origin, cifs } = contents;
  const count = labels.length;
  const groups = new Set(Array.from(labels));
  const judged = passports.filter(({ accepted }) => accepted !== null);
  const accepted = judged.filter((passport) => passport.accepted).length;
  return {
    title: `${name}: synthetic CBED triplets`,
    front: {
      ...USER_LICENCE,
      pretty_name: name,
      task_categories: ['image-classification'],
      size_categories: [sizeCategory(count)],
      tags: ['cbed', 'electron-diffraction', 'space-group', 'synthetic', 'gan'],
    },
    about:
      `${count} synthetic triplets of ${groups.size} space groups, made by a GAN to even out rare classes in training. ` +
      `Grey levels, uint8 (N, ${size}, ${size}, 3), with a passport each.`,
    origin: {
      'store that the GAN learned from': origin.store,
      generator: origin.gan.digest,
      'training materials it saw': origin.gan.materials.length,
      guide: origin.guide?.digest ?? 'none',
      verifiers: origin.verifiers.map((one) => one.digest).join(', ') || 'none',
      'crystals as CIF': cifs ? 'yes' : 'no',
      digest,
    },
    figures: {
      'near a boundary': passports.filter(({ partner }) => partner !== null).length,
      'checked for realism': judged.length,
      accepted,
      rejected: judged.length - accepted,
      'reasons for rejection': reasonsText(passports),
    },
    limits: [
      'Not measured and not a substitute for test data: for training only, beside real triplets.',
      'A label is what a sample was made for; a classifier of another seed may see another group.',
      'Whoever uses it must not test on the materials that its makers saw (they are listed in the file).',
    ],
    licence: 'That of the data the GAN learned from; state it here before you publish.',
    citations: DATA_CITATIONS,
  };
}
