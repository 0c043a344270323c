import type { SyntheticArchive } from '../../../synthetic/archive/archive.ts';
import type { GalleryItem } from '../../../synthetic/archive/gallery.ts';
import type { Passport } from '../../../synthetic/archive/passport.ts';
import { dataUrl } from '../draw/raster.ts';
import { tripletPicture } from '../draw/sheet.ts';
import type { GalleryPicture } from '../pages/page.ts';
import { galleryRows, type Scored } from './realism-draw.ts';

const number = (value: number): string => value.toPrecision(3);

/** The passport of a synthetic triplet in lines; what is not known is left out. */
export function passportText(passport: Passport): string {
  const { partner, t, margin, seed, parents, share, realism, rarity, nearest, reasons } = passport;
  const facts: [string, string | null][] = [
    ['made for space group', String(passport.class)],
    ['partner across the boundary', partner === null ? null : String(partner)],
    ['position between the classes', t === null ? null : t.toFixed(3)],
    ['log p(class) - log p(partner) of the guide', margin === null ? null : number(margin)],
    ['share of the partner in the label', share === null ? null : number(share)],
    ['seed', seed === null ? null : String(seed)],
    ['derived from', parents.length === 0 ? null : parents.join(', ')],
    ['discriminator', passport.discriminator === null ? null : number(passport.discriminator)],
    ['realism', realism === null ? null : number(realism)],
    ['rarity', rarity === null ? null : number(rarity)],
    ['nearest real', nearest && `${nearest.material}, ${number(nearest.distance)} grey levels off`],
    ['accepted', passport.accepted === null ? null : passport.accepted ? 'yes' : 'no'],
    ['rejected because', reasons.length === 0 ? null : reasons.join('; ')],
  ];
  return facts.flatMap(([name, value]) => (value ? [`${name}: ${value}`] : [])).join('\n');
}

const itemPassport = ({ real, row, caption }: GalleryItem, archive: SyntheticArchive): string => {
  if (real) return `real training triplet\nmaterial: ${caption[1]}`;
  const passport = archive.passports?.[row];
  return passport ? passportText(passport) : 'no passport in this archive';
};

/** Real triplets of the rarest classes beside synthetic ones, each with its passport. */
export function galleryPictures(scored: Scored): Promise<GalleryPicture[]> {
  const { archive, train } = scored;
  return Promise.all(
    galleryRows(scored)
      .flat()
      .map(async (item) => ({
        image: await dataUrl(
          tripletPicture((item.real ? train : archive).images([item.row]), archive.size),
          2,
        ),
        caption: item.caption[0]!,
        passport: itemPassport(item, archive),
        frame: item.real ? 'real' : item.accepted ? 'accepted' : 'rejected',
      })),
  );
}
