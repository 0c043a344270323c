import type * as H5wasm from 'h5wasm/node';

type Module = Awaited<typeof H5wasm.ready>;

/** An object by the file in which it stands, which is open, and its path there. */
interface Place {
  file: bigint;
  path: string;
}

/** Links that are followed one after the other at most, as many as the library follows. */
const MOST_LINKS = 16;

/** The first link on a path: up to where it reaches, what it leads to, and what comes after it. */
function firstLink(module: Module, { file, path }: Place) {
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  for (let i = 1; i <= names.length; i++) {
    const upTo = `/${names.slice(0, i).join('/')}`;
    const rest = names.slice(i).join('/');
    const { obj_path: inside } = module.get_external_link(file, upTo) as { obj_path?: string };
    if (inside !== undefined) return { upTo, path: `${inside}/${rest}`, external: true };
    const soft = module.get_symbolic_link(file, upTo) as string | null;
    if (soft === null) continue;
    const from = soft.startsWith('/') ? '' : `/${names.slice(0, i - 1).join('/')}/`;
    return { upTo, path: `${from}${soft}/${rest}`, external: false };
  }
  return null;
}

/**
 * Calls `read` with the file in which an object really stands, behind external links, and its path
 * there. Of an attribute that is looked up by a name with such a link the library takes texts from
 * the heap of the file that holds the link: whatever stands at that address there (HDF5 2.0.0,
 * H5Aopen_by_name).
 *
 * @param filesOpened the files that the library opens of its own while a call runs, in their order.
 */
export function behindLinks<T>(
  module: Module,
  place: Place,
  filesOpened: (call: () => void) => string[],
  read: (place: Place) => T,
): T {
  const opened: bigint[] = [];
  let at = place;
  try {
    for (let n = 0; n < MOST_LINKS; n++) {
      const link = firstLink(module, at);
      if (!link) break;
      let { file } = at;
      if (link.external) {
        const [target] = filesOpened(() => module.get_type(at.file, link.upTo));
        if (target === undefined) break;
        file = module.open(target, module.H5F_ACC_RDONLY, false, -1, -1);
        opened.push(file);
      }
      at = { file, path: link.path };
    }
    return read(at);
  } finally {
    for (const file of opened) module.close_file(file);
  }
}
