import type { AttributeSource } from './attributes.ts';
import type { Hdf5 } from './hdf5.ts';

export interface GroupOfFile {
  library: Hdf5;
  file: bigint;
  group: string;
  /** Leave out text of any length, whose damage can hang the library. */
  careful?: boolean;
}

/** The attributes of a group through the HDF5 library. */
export function libraryAttributes({ library, file, group, careful }: GroupOfFile): AttributeSource {
  const { module, Group } = library;
  return {
    names: module.get_attribute_names(file, group),
    about: (name) => module.get_attribute_metadata(file, group, name),
    fault: (error) => library.fault(error),
    text: (name) => {
      // It stands in a heap of its own.
      if (careful) throw new Error('not read, as reading this file ended a reader');
      const value: unknown = new Group(file, group).get_attribute(name, false);
      return String(Array.isArray(value) ? (value[0] ?? '') : value);
    },
    bytes: (name, count) => {
      const address = module._malloc(Math.max(1, count));
      try {
        module.get_attribute_data(file, group, name, BigInt(address));
        return module.HEAPU8.slice(address, address + count);
      } finally {
        module._free(address);
      }
    },
  };
}
