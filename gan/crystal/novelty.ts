import type { Crystal } from '../../src/crystal/crystal.ts';
import { StructureIndex } from '../../src/crystal/match.ts';
import type { Refusal } from './proposal-checks.ts';

/** What samples must not repeat: each other, training crystals, held-out crystals. */
export class NoveltyCheck {
  private readonly own = new StructureIndex();
  private readonly training = new StructureIndex();
  private readonly heldOut = new StructureIndex();

  constructor(known: { training: readonly Crystal[]; heldOut: readonly Crystal[] }) {
    for (const crystal of known.training) this.training.add(crystal.id, crystal);
    for (const crystal of known.heldOut) this.heldOut.add(crystal.id, crystal);
  }

  /** Why a crystal is none that may be made, or null; nothing is remembered. */
  known(crystal: Crystal): Refusal | null {
    if (this.heldOut.find(crystal) !== null) return 'heldOut';
    return this.training.find(crystal) === null ? null : 'training';
  }

  /** Why a crystal is not new, or null; a new one is remembered. */
  refusal(crystal: Crystal): Refusal | null {
    const known = this.known(crystal);
    if (known) return known;
    if (this.own.find(crystal) !== null) return 'repeated';
    this.own.add(crystal.id, crystal);
    return null;
  }
}
