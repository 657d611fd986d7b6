// The embedded cluster has no group of both protocols at once (SKIPPED.md): the describe block about them is skipped, by name,
// so that the report shows it.
const described = globalThis.describe;
globalThis.describe = Object.assign(
  (name: string, block: () => void) => {
    if (name === 'with members of the classic protocol') described.skip(`${name} (not on the embedded cluster)`, block);
    else described(name, block);
  },
  { each: described.each, only: described.only, skip: described.skip },
) as typeof described;
