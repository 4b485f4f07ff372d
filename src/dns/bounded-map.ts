/** A map that forgets the oldest where there are too many: for what is known only to save a question. */
export class BoundedMap<Key, Value> extends Map<Key, Value> {
  constructor(private readonly most = 1_000) {
    super();
  }

  override set(key: Key, value: Value): this {
    super.set(key, value);
    for (const oldest of this.keys()) {
      if (this.size <= this.most) break;
      this.delete(oldest);
    }
    return this;
  }
}
