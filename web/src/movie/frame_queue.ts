/** What one side makes and the other awaits, in order. */
export class FrameQueue<Item> {
  private readonly items: Item[] = [];
  private wake: () => void = () => {};
  private error: unknown = null;
  private failed = false;

  /** Items that wait. */
  get length(): number {
    return this.items.length;
  }

  push(item: Item): void {
    this.items.push(item);
    this.wake();
  }

  /** Makes `next` throw once what is there was taken. */
  fail(error: unknown): void {
    this.failed = true;
    this.error = error;
    this.wake();
  }

  /** The next item, as soon as it is there. */
  async next(): Promise<Item> {
    while (this.items.length === 0) {
      if (this.failed) throw this.error;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    return this.items.shift() as Item;
  }

  /** Takes what is there without waiting. */
  clear(): Item[] {
    return this.items.splice(0);
  }
}
