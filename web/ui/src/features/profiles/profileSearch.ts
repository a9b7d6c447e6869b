import { fold } from '../../format/format';
import { en } from '../../i18n/en';
import { vi } from '../../i18n/vi';
import { knownKind } from '../devices/kinds';
import type { ProfileSummary } from './queries';

type Searched = Pick<ProfileSummary, 'name' | 'title' | 'kind' | 'abstract' | 'protocol' | 'source' | 'products' | 'object_ids'>;

/** A family such as "ap8xxx" or, among "… series", "ap8000": what each place of a model of it may hold. */
function familyOf(word: string, series: boolean): RegExp[] | undefined {
  const wild = /^(?=.*\d)[a-z0-9]+x{2,}$/.test(word) ? /x/ : series && /^[a-z]+[0-9]*[1-9]0{2,}$/.test(word) ? /0/ : undefined;
  if (!wild) return undefined;
  const from = wild.source === '0' ? word.search(/0+$/) : 0;
  return [...word].map((c, i) => (i >= from && wild.test(c) ? (c === '0' ? /\d/ : /[a-z0-9]/) : new RegExp(`^${c}$`)));
}

function familiesOf(text: string): RegExp[][] {
  const series = /\bseries\b/.test(text);
  return text.split(/[^a-z0-9]+/).map((word) => familyOf(word, series)).filter((f) => f !== undefined);
}

/** Whether a word is a model of a family, or the beginning of one. */
const ofFamily = (word: string, family: readonly RegExp[]) => /\d/.test(word) && [...word].slice(0, family.length).every((c, i) => family[i]?.test(c));

/** Whether a word is a sysObjectID, or the beginning of one, of devices that the profile recognises. */
function ofObjectId(word: string, ids: readonly string[]): boolean {
  const id = word.replace(/^\.|\.$/g, '');
  return /^1\.3\.6(\.\d+)*$/.test(id) && ids.some((x) => x.startsWith(id) || id.startsWith(`${x}.`));
}

/**
 * Whether each word is found in what a profile is for: its name, title, maker,
 * models, kind in either language, source, or sysObjectID. A model is also
 * found by the name of its family.
 */
export function profileMatches(p: Searched, words: string): boolean {
  const kind = knownKind(p.kind);
  const kinds = p.abstract ? [en.profiles.abstract, vi.profiles.abstract] : [p.kind, en.kind[kind], vi.kind[kind]];
  const text = fold([p.name, p.title, ...kinds, p.protocol, p.source, ...p.products.map((x) => `${x.vendor} ${x.model}`)].join(' '));
  const families = [p.title, ...p.products.map((x) => x.model)].flatMap((x) => familiesOf(fold(x)));
  return fold(words).split(/\s+/).filter(Boolean)
    .every((word) => text.includes(word) || ofObjectId(word, p.object_ids) || families.some((f) => ofFamily(word, f)));
}
