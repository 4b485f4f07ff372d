/** Work that is done at its first use; every use gets the same result. */
export function once<Result>(work: () => Result): () => Result {
  let made: { result: Result } | undefined;
  return () => {
    made ??= { result: work() };
    return made.result;
  };
}
