import { type Drawing, PHONE } from '../draw/figure.ts';

/** Text made safe inside HTML. */
export const escapeHtml = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');

/** One part of a page, with a heading that the contents list names. */
export interface Section {
  heading: string;
  /** HTML; build it with the helpers below. */
  body: string;
}

/** What a page opens with: the verdict as a badge and in words, and what to do next. */
export interface Lead {
  tone: 'helped' | 'hurt' | 'undecided';
  /** Words of the badge, where they are not the tone's. */
  badge?: string;
  /** One sentence, or one a budget or study. */
  lines: readonly string[];
  /** The rest of the verdict, folded away. */
  more?: readonly string[];
  /** What to do next, and the command for it as typed. */
  next?: { text: string; command: string };
}

/** Terms of the tables and sentences, in plain words: shown on hovering, focus and tap. */
const TERMS: Readonly<Record<string, string>> = {
  'macro-F1':
    'F1 (harmonic mean of precision and recall) of each space group, averaged over groups: rare groups count as much as frequent ones.',
  'balanced accuracy': 'Recall of each space group, averaged over groups.',
  'few-shot recall': 'Recall averaged over the space groups with fewer than 20 training materials.',
  'top-1 accuracy':
    'Share of test triplets whose likeliest group is the true one; frequent groups dominate it.',
  'Holm p': 'p-value corrected for the number of comparisons made (Holm 1979).',
  '95 % interval':
    'Where the difference lies with 95 % confidence: paired bootstrap over test materials, seeds and splits.',
  'detectable difference':
    'The difference that this study would have found with a probability of 80 %.',
  undecided: 'The data do not tell whether it helps: more seeds or materials may.',
  KID: 'Kernel inception distance: how far two sets of triplets lie apart in a feature space; 0 for equal sets.',
  floor:
    'The same figure for real triplets against real ones of other materials: what perfect samples would reach.',
  realism:
    'How well a triplet lies inside the set of real ones (Kynkäänniemi et al. 2019); above its limit it is accepted.',
};

const TERM = new RegExp(
  `(?<![\\w-])(${Object.keys(TERMS)
    .map((term) => term.replaceAll(/[.*+?^$()[\]{}|\\]/g, '\\$&'))
    .join('|')})(?![\\w-])`,
);

/** Escaped text whose first term is explained on hovering, focus and tap. */
const explained = (escaped: string): string =>
  escaped.replace(
    TERM,
    (term) => `<abbr tabindex="0" title="${escapeHtml(TERMS[term]!)}">${term}</abbr>`,
  );

const slug = (heading: string): string => heading.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');

const STYLE = `
:root{color-scheme:light dark;--ink:#1a1a1a;--soft:#5a5a5a;--paper:#fff;--edge:#ddd;--tint:#f4f6f8;--good:#00694d;--bad:#a8400a}
@media(prefers-color-scheme:dark){:root{--ink:#e8e8e8;--soft:#a8a8a8;--paper:#15181b;--edge:#333a40;--tint:#1e2327;--good:#4fd1a5;--bad:#f0915a}.chart img{filter:invert(1) hue-rotate(180deg)}}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif}
main{max-width:68rem;margin:0 auto;padding:1.5rem 1rem 4rem}h1{font-size:1.7rem;line-height:1.2;margin:.2rem 0}h2{margin:2.6rem 0 .6rem;font-size:1.25rem;border-bottom:1px solid var(--edge);padding-bottom:.3rem}h3{margin:1.4rem 0 .3rem;font-size:1rem}
p{max-width:46rem}nav{font-size:.9rem;color:var(--soft)}nav a{margin-right:.9rem;display:inline-block;padding:.15rem 0}a{color:inherit}
.lead{background:var(--tint);border-left:5px solid var(--soft);padding:.8rem 1.1rem;margin:1rem 0}.lead.helped{border-color:var(--good)}.lead.hurt{border-color:var(--bad)}.lead p{margin:.3rem 0;font-size:1.05rem}.lead pre{white-space:pre-wrap;overflow-wrap:anywhere}
.badge{display:inline-block;font-weight:700;letter-spacing:.02em;padding:.1rem .6rem;border-radius:1rem;background:var(--soft);color:var(--paper);print-color-adjust:exact}.helped>.badge{background:var(--good)}.hurt>.badge{background:var(--bad)}
abbr{text-decoration:underline dotted;cursor:help;position:relative}abbr:focus::after{content:attr(title);position:absolute;left:0;top:1.6em;z-index:2;width:16rem;max-width:70vw;white-space:normal;text-align:left;font:400 .85rem/1.4 system-ui,sans-serif;background:var(--ink);color:var(--paper);padding:.5rem .7rem;border-radius:4px}
figure{margin:1rem 0}figure img{max-width:100%;height:auto;background:#fff;border-radius:4px}figcaption{color:var(--soft);font-size:.9rem}
.table,.wide{overflow-x:auto;max-width:100%;background:linear-gradient(to right,var(--paper) 40%,transparent) 0 0,linear-gradient(to left,var(--paper) 40%,transparent) 100% 0,linear-gradient(to right,var(--soft),transparent) 0 0,linear-gradient(to left,var(--soft),transparent) 100% 0;background-repeat:no-repeat;background-size:2.5rem 100%,2.5rem 100%,.6rem 100%,.6rem 100%;background-attachment:local,local,scroll,scroll}table{border-collapse:collapse;font-size:.92rem;font-variant-numeric:tabular-nums}th,td{padding:.3rem .7rem;border-bottom:1px solid var(--edge);text-align:right;white-space:nowrap}th:first-child,td:first-child,.text{text-align:left;white-space:normal}th:first-child,td:first-child{min-width:9rem}thead th{color:var(--soft);font-weight:600;white-space:normal;vertical-align:bottom}thead th button{all:unset;cursor:pointer}thead th button:focus-visible{outline:2px solid var(--soft)}thead th[aria-sort=ascending] button::after{content:" ▲"}thead th[aria-sort=descending] button::after{content:" ▼"}
pre{background:var(--tint);padding:.8rem;overflow-x:auto;font-size:.85rem;border-radius:4px}.gallery{display:grid;grid-template-columns:repeat(auto-fill,minmax(12rem,1fr));gap:.8rem}
.gallery figure{margin:0;border-left:4px solid transparent;padding-left:.4rem}.gallery .real{border-color:#999}.gallery .accepted{border-color:#009e73}.gallery .rejected{border-color:#d55e00}.gallery img{width:100%;image-rendering:pixelated}.gallery pre{white-space:pre-wrap;margin:.3rem 0}.slides input{width:100%;max-width:40rem}.slides img{width:100%;max-width:40rem;image-rendering:pixelated}
.phone{display:none}details summary{cursor:pointer;color:var(--soft)}
@media screen and (max-width:40rem){.wide img{max-width:none}.wide img.phone{display:block;max-width:100%}.roomy{display:none}th:first-child,td:first-child{position:sticky;left:0;z-index:1;background:var(--paper);min-width:7.2rem;max-width:9rem;overflow-wrap:break-word}th,td{padding:.3rem .4rem;font-size:.85rem}}
@media print{:root{--ink:#000;--soft:#444;--paper:#fff;--edge:#bbb;--tint:#f4f4f4}.table,.wide{overflow:visible;background:none}h2,h3,summary{break-after:avoid}th,td{white-space:normal;padding:.15rem .3rem;font-size:8pt}figure,tr{break-inside:avoid}.wide img{filter:none;max-width:100%}nav,.slides input{display:none}pre{white-space:pre-wrap}}`;

const SCRIPT = `
for(const box of document.querySelectorAll('.slides')){const frames=JSON.parse(box.querySelector('script').textContent);const image=box.querySelector('img');const text=box.querySelector('figcaption');const range=box.querySelector('input');
const show=()=>{const frame=frames[Number(range.value)];image.src=frame.image;text.textContent=frame.caption};range.addEventListener('input',show);show()}
const figure=(text)=>{const found=/-?\\d+(\\.\\d+)?/.exec(text);return found?Number(found[0]):null};
for(const head of document.querySelectorAll('thead th')){head.querySelector('button').addEventListener('click',()=>{const table=head.closest('table');const place=[...head.parentNode.children].indexOf(head);const down=head.getAttribute('aria-sort')==='descending';
for(const other of head.parentNode.children)other.removeAttribute('aria-sort');head.setAttribute('aria-sort',down?'ascending':'descending');const rows=[...table.tBodies[0].rows];
rows.sort((a,b)=>{const [x,y]=[a,b].map((row)=>row.cells[place].textContent);const [m,n]=[x,y].map(figure);const order=place>0&&m!==null&&n!==null?m-n:x.localeCompare(y);return down?order:-order});table.tBodies[0].append(...rows)})}
addEventListener('beforeprint',()=>{for(const one of document.querySelectorAll('details'))one.open=true})`;

const leadHtml = ({ lines, more = [], next }: Lead): string =>
  [
    ...lines.map(textHtml),
    more.length > 0 ? foldedBody('the verdict in full', more.map(textHtml).join('')) : '',
    next
      ? `${textHtml(`What to do next: ${next.text}`)}<pre>${escapeHtml(next.command)}</pre>`
      : '',
  ].join('');

/**
 * One self-contained HTML page: no network, no server; readable on a phone and a wide screen,
 * light and dark. Opens with the lead, then the sections.
 */
export function page(options: {
  title: string;
  subtitle?: string;
  lead: Lead;
  sections: readonly Section[];
}): string {
  const { title, subtitle, lead, sections } = options;
  const links = sections.map(
    ({ heading }) => `<a href="#${slug(heading)}">${escapeHtml(heading)}</a>`,
  );
  const bodies = sections.map(
    ({ heading, body }) =>
      `<section id="${slug(heading)}"><h2>${escapeHtml(heading)}</h2>${body}</section>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><link rel="icon" href="data:,"><title>${escapeHtml(title)}</title><style>${STYLE}</style></head>
<body><main><h1>${escapeHtml(title)}</h1>${subtitle ? `<p>${escapeHtml(subtitle)}</p>` : ''}
<div class="lead ${lead.tone}"><span class="badge">${escapeHtml(lead.badge ?? lead.tone)}</span>${leadHtml(lead)}</div>
<nav>${links.join(' ')}</nav>
${bodies.join('\n')}
</main><script>${SCRIPT}</script></body></html>
`;
}

const svgUrl = (svg: string): string =>
  `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`;

const captionHtml = (caption: string): string =>
  caption ? `<figcaption>${escapeHtml(caption)}</figcaption>` : '';

const DARK_SHEET =
  '@media screen and (prefers-color-scheme:dark){:root{filter:invert(1) hue-rotate(180deg)}image,.bar{filter:invert(1) hue-rotate(180deg)}}';

/**
 * A figure with a caption: of SVG text, of a data URL, or drawn twice, for wide screens and print and
 * for a phone.
 */
export function figureHtml(image: string | Drawing, alt: string, caption = ''): string {
  const [wide, narrow] = typeof image === 'string' ? [image] : [image(), image(PHONE)];
  const drawn = wide!.startsWith('<svg');
  // On a dark page charts are inverted; in sheets of patterns all but the patterns.
  const sheet = drawn && wide!.includes('<image');
  const picture = (svg: string, name = ''): string => {
    const dark = sheet ? svg.replace(/(?<=^<svg[^>]*>)/, `<style>${DARK_SHEET}</style>`) : svg;
    const url = drawn ? svgUrl(dark) : svg;
    return `<img${name && ` class="${name}"`} src="${url}" alt="${escapeHtml(alt)}">`;
  };
  const pictures = narrow ? picture(wide!, 'roomy') + picture(narrow, 'phone') : picture(wide!);
  const kind = drawn ? ` class="wide ${sheet ? 'sheet' : 'chart'}" tabindex="0"` : '';
  return `<figure${kind}>${pictures}${captionHtml(caption)}</figure>`;
}

/** A table, first row the heads; a click on a head sorts by it. */
export function tableHtml(rows: readonly (readonly (string | number)[])[]): string {
  const [head = [], ...body] = rows;
  // Columns of words stand to the left and wrap, figures to the right.
  const kinds = head.map((_, column) =>
    body.some((row) => /^[-+(]?\d/.test(String(row[column]))) ? '' : ' class="text"',
  );
  const heads = head.map(
    (cell, column) =>
      `<th${kinds[column]}><button type="button">${explained(escapeHtml(String(cell)))}</button></th>`,
  );
  const cells = (row: readonly (string | number)[]) =>
    row.map((cell, column) => `<td${kinds[column]}>${escapeHtml(String(cell))}</td>`).join('');
  return `<div class="table" tabindex="0"><table><thead><tr>${heads.join('')}</tr></thead><tbody>${body.map((row) => `<tr>${cells(row)}</tr>`).join('')}</tbody></table></div>`;
}

/** A picture of a gallery: a data URL, a line below it, and its passport. */
export interface GalleryPicture {
  image: string;
  caption: string;
  passport: string;
  /** What its frame says. */
  frame?: 'real' | 'accepted' | 'rejected';
}

/** Small pictures, a row of them a class; each passport unfolds below its picture. */
export function galleryHtml(
  rows: readonly { heading: string; items: readonly GalleryPicture[] }[],
): string {
  const figures = (items: readonly GalleryPicture[]) =>
    items.map(
      ({ image, caption, passport, frame }) =>
        `<figure class="${frame ?? ''}" title="${escapeHtml(passport)}"><img src="${image}" alt="${escapeHtml(caption)}" loading="lazy"><figcaption>${escapeHtml(caption)}<details><summary>passport</summary><pre>${escapeHtml(passport)}</pre></details></figcaption></figure>`,
    );
  return rows
    .map(
      ({ heading, items }) =>
        `<h3>${escapeHtml(heading)}</h3><div class="gallery">${figures(items).join('')}</div>`,
    )
    .join('');
}

/** A picture of a path and what is said of it. */
export interface Slide {
  image: string;
  caption: string;
}

/** Pictures along a path with a slider through them. */
export function slidesHtml(frames: readonly Slide[], label: string): string {
  const data = JSON.stringify(frames).replaceAll('<', '\\u003c');
  return `<figure class="slides"><img src="${frames[0]?.image ?? ''}" alt="${escapeHtml(label)}"><input type="range" min="0" max="${frames.length - 1}" value="0" aria-label="${escapeHtml(label)}"><figcaption></figcaption><script type="application/json">${data}</script></figure>`;
}

/** A paragraph of plain text; its first technical term is explained. */
export const textHtml = (text: string): string => `<p>${explained(escapeHtml(text))}</p>`;

/** HTML folded away until asked for. */
export const foldedBody = (summary: string, body: string): string =>
  `<details><summary>${escapeHtml(summary)}</summary>${body}</details>`;

/** Text kept as it is, folded away until asked for. */
export const foldedHtml = (summary: string, text: string): string =>
  foldedBody(summary, `<pre>${escapeHtml(text)}</pre>`);
