/** Something to do once what it needs is there. */
interface Waiting {
  isReady(): boolean;
}

/** Work in order of preference, of which some needs what other work makes. */
export class WorkQueue<T extends Waiting> {
  /** What nobody has taken yet. */
  readonly left: T[];
  private taken = 0;
  private sleepers: (() => void)[] = [];

  constructor(work: readonly T[]) {
    this.left = [...work];
  }

  /**
   * Takes the first piece that is ready; waits where none is but others are at work, which may make
   * what is needed. Null where nothing is left that can become ready. Whoever takes a piece says
   * `ended` after it.
   */
  async next(): Promise<T | null> {
    while (this.left.length > 0) {
      const at = this.left.findIndex((piece) => piece.isReady());
      if (at >= 0) {
        this.taken++;
        return this.left.splice(at, 1)[0]!;
      }
      if (this.taken === 0) return null;
      await new Promise<void>((wake) => this.sleepers.push(wake));
    }
    return null;
  }

  /** A piece that was taken has ended, well or not. */
  ended(): void {
    this.taken--;
    const woken = this.sleepers;
    this.sleepers = [];
    for (const wake of woken) wake();
  }
}
