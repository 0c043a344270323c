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

/** What a page opens with: the verdict in words, and its colour. */
export interface Lead {
  tone: 'helped' | 'hurt' | 'undecided';
  lines: readonly string[];
}

const slug = (heading: string): string => heading.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');

const STYLE = `
:root{color-scheme:light dark;--ink:#1a1a1a;--soft:#5a5a5a;--paper:#fff;--edge:#ddd;--tint:#f4f6f8;--good:#00694d;--bad:#a8400a}
@media(prefers-color-scheme:dark){:root{--ink:#e8e8e8;--soft:#a8a8a8;--paper:#15181b;--edge:#333a40;--tint:#1e2327;--good:#4fd1a5;--bad:#f0915a}}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif}
main{max-width:68rem;margin:0 auto;padding:1.5rem 1rem 4rem}h1{font-size:1.7rem;line-height:1.2;margin:.2rem 0}h2{margin:2.6rem 0 .6rem;font-size:1.25rem;border-bottom:1px solid var(--edge);padding-bottom:.3rem}
p{max-width:46rem}nav{font-size:.9rem;color:var(--soft)}nav a{margin-right:.9rem;white-space:nowrap}a{color:inherit}
.lead{background:var(--tint);border-left:5px solid var(--soft);padding:.8rem 1.1rem;margin:1rem 0}.lead.helped{border-color:var(--good)}.lead.hurt{border-color:var(--bad)}.lead p{margin:.3rem 0;font-size:1.05rem}
figure{margin:1rem 0}figure img{max-width:100%;height:auto;background:#fff;border-radius:4px}figcaption{color:var(--soft);font-size:.9rem}
.table{overflow-x:auto}table{border-collapse:collapse;font-size:.92rem;font-variant-numeric:tabular-nums}th,td{padding:.3rem .7rem;border-bottom:1px solid var(--edge);text-align:right;white-space:nowrap}th:first-child,td:first-child{text-align:left}thead th{color:var(--soft);font-weight:600}
pre{background:var(--tint);padding:.8rem;overflow-x:auto;font-size:.85rem;border-radius:4px}.gallery{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:.8rem}
.gallery figure{margin:0;border-left:4px solid transparent;padding-left:.4rem}.gallery .real{border-color:#999}.gallery .accepted{border-color:#009e73}.gallery .rejected{border-color:#d55e00}.gallery img{width:100%;image-rendering:pixelated}.slides input{width:100%;max-width:40rem}.slides img{width:100%;max-width:40rem;image-rendering:pixelated}
details summary{cursor:pointer;color:var(--soft)}`;

const SCRIPT = `
for(const box of document.querySelectorAll('.slides')){const frames=JSON.parse(box.querySelector('script').textContent);const image=box.querySelector('img');const text=box.querySelector('figcaption');const range=box.querySelector('input');
const show=()=>{const frame=frames[Number(range.value)];image.src=frame.image;text.textContent=frame.caption};range.addEventListener('input',show);show()}`;

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
<div class="lead ${lead.tone}">${lead.lines.map((line) => `<p>${escapeHtml(line)}</p>`).join('')}</div>
<nav>${links.join(' ')}</nav>
${bodies.join('\n')}
</main><script>${SCRIPT}</script></body></html>
`;
}

/** A figure of SVG text or of a data URL, with a caption. */
export function figureHtml(image: string, alt: string, caption = ''): string {
  const url = image.startsWith('data:')
    ? image
    : `data:image/svg+xml;base64,${Buffer.from(image).toString('base64')}`;
  return `<figure><img src="${url}" alt="${escapeHtml(alt)}">${caption ? `<figcaption>${escapeHtml(caption)}</figcaption>` : ''}</figure>`;
}

/** A table: first row the heads. */
export function tableHtml(rows: readonly (readonly (string | number)[])[]): string {
  const [head, ...body] = rows;
  const cells = (row: readonly (string | number)[], tag: string) =>
    row.map((cell) => `<${tag}>${escapeHtml(String(cell))}</${tag}>`).join('');
  return `<div class="table"><table><thead><tr>${cells(head ?? [], 'th')}</tr></thead><tbody>${body.map((row) => `<tr>${cells(row, 'td')}</tr>`).join('')}</tbody></table></div>`;
}

/** A picture of a gallery: a data URL, a line below it, and what shows on hovering. */
export interface GalleryPicture {
  image: string;
  caption: string;
  passport: string;
  /** What its frame says. */
  frame?: 'real' | 'accepted' | 'rejected';
}

/** Small pictures in a grid; the passport shows when the pointer rests on one. */
export function galleryHtml(items: readonly GalleryPicture[]): string {
  const figures = items.map(
    ({ image, caption, passport, frame }) =>
      `<figure class="${frame ?? ''}" title="${escapeHtml(passport)}"><img src="${image}" alt="${escapeHtml(caption)}" loading="lazy"><figcaption>${escapeHtml(caption)}</figcaption></figure>`,
  );
  return `<div class="gallery">${figures.join('')}</div>`;
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

/** A paragraph of plain text. */
export const textHtml = (text: string): string => `<p>${escapeHtml(text)}</p>`;

/** HTML folded away until asked for. */
export const foldedBody = (summary: string, body: string): string =>
  `<details><summary>${escapeHtml(summary)}</summary>${body}</details>`;

/** Text kept as it is, folded away until asked for. */
export const foldedHtml = (summary: string, text: string): string =>
  foldedBody(summary, `<pre>${escapeHtml(text)}</pre>`);
