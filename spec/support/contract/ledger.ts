const levels = new Set(['U', 'F', 'B', 'G', 'T', 'M']);
const state = /^(?:required|overridden|open: [a-z][a-z ,]*)$/u;

/** One row of docs/contract.md. */
export interface Row {
  readonly name: string;
  /** Other issue numbers of the same complaint. */
  readonly aliases: readonly string[];
  readonly level: string;
  /** Each inner list needs one of its tags: `U B` is [[U], [B]], `M/F` is [[M, F]], `-` nothing but a spec. */
  readonly needs: readonly (readonly string[])[];
  readonly state: string;
}

/**
 * Every table of the page whose first column is headed "row". A line with several names is as many rows, except for issue
 * numbers (`D#1037, D#983`): those are one complaint under several names.
 */
export function readLedger(markdown: string): { readonly rows: readonly Row[]; readonly mistakes: readonly string[] } {
  const rows: Row[] = [];
  const mistakes: string[] = [];
  const seen = new Set<string>();
  let inTable = false;
  for (const [index, line] of markdown.split('\n').entries()) {
    const cells = line.startsWith('|') ? line.split('|').slice(1, -1) : [];
    const [names = '', level = '', stands = '', text = ''] = cells.map((cell) => cell.trim());
    inTable = cells.length > 0 && (inTable || names === 'row');
    if (!inTable || names === 'row' || /^:?-+:?$/u.test(names)) continue;
    const all = names.split(/[ ,]+/u);
    const complain = (what: string): void => void mistakes.push(`docs/contract.md:${index + 1}: row ${names} ${what}`);
    const needs = level === '-' ? [] : level.split(' ').map((tag) => tag.split('/'));
    if (cells.length !== 4) complain(`has ${cells.length} cells, not 4`);
    if (needs.flat().some((tag) => !levels.has(tag))) complain(`has the level "${level}"`);
    if (!state.test(stands)) complain(`has the state "${stands}"`);
    if (text === '') complain('says nothing');
    if (all.some((name) => seen.has(name))) complain('is there twice');
    for (const name of all) seen.add(name);
    const together = all.every((name) => name.includes('#')) ? [all] : all.map((name) => [name]);
    for (const [name = '', ...aliases] of together) rows.push({ name, aliases, level, needs, state: stands });
  }
  if (rows.length === 0) mistakes.push('docs/contract.md has no rows');
  return { rows, mistakes };
}
