import type { AttributeSource, StoredAttribute } from './attributes.ts';
import type { Hdf5 } from './library.ts';

export interface GroupOfFile {
  library: Hdf5;
  file: bigint;
  group: string;
  /** Leave out text of any length, whose damage can hang the library. */
  careful?: boolean;
}

// Of the addresses in the library's memory.
const ADDRESS_BYTES = 4;

/**
 * The attributes of a group through the calls that the HDF5 library offers to its own objects:
 * each looks the group up by name, so none is made that can be done without.
 */
export function libraryAttributes({ library, file, group, careful }: GroupOfFile): AttributeSource {
  const { module } = library;
  const bytes = (name: string, count: number): Uint8Array => {
    const address = module._malloc(Math.max(1, count));
    try {
      module.get_attribute_data(file, group, name, BigInt(address));
      return module.HEAPU8.slice(address, address + count);
    } finally {
      module._free(address);
    }
  };
  return {
    names: module.get_attribute_names(file, group),
    about: (name): StoredAttribute => module.get_attribute_metadata(file, group, name),
    fault: (error) => library.fault(error),
    bytes,
    text: (name, count) => {
      // It stands in a heap of its own.
      if (careful) throw new Error('not read, as reading this file ended a reader');
      // The library gives the addresses of the texts, and leaves the texts to the asker.
      const addresses = new Uint32Array(bytes(name, ADDRESS_BYTES * count).buffer);
      const text = addresses[0] ? module.UTF8ToString(addresses[0]) : '';
      for (const address of addresses) module._free(address);
      return text;
    },
  };
}
