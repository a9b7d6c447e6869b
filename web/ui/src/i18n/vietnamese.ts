// Vietnamese of the technical English that device profiles are written in:
// names of parts, quantities, states and events. Words and fixed expressions are
// put together by the few rules of word order that such phrases need: what
// determines a noun stands before it in English and behind it in Vietnamese.

import { fold } from '../format/format';
import { afterWords, beforeWords, keptWords, linkWords, nounWords } from './vietnameseWords';

type Kind = 'noun' | 'after' | 'before' | 'link' | 'not' | 'id';
interface Word {
  kind: Kind;
  text: string;
}

const lexicon = new Map<string, Word>();
const longest = 5;
for (const [kind, words] of [
  ['noun', nounWords], ['after', afterWords], ['before', beforeWords], ['link', linkWords],
] as const) {
  for (const [english, text] of Object.entries(words)) lexicon.set(english, { kind, text });
}
for (const word of keptWords) {
  if (!lexicon.has(word.toLowerCase())) lexicon.set(word.toLowerCase(), { kind: 'noun', text: word });
}

let byVietnamese: Map<string, string[]> | undefined;

/** The English expressions that are one Vietnamese one, with or without its marks; none when it is no expression of the lists. */
export function technicalEnglish(text: string): readonly string[] {
  if (!byVietnamese) {
    byVietnamese = new Map();
    for (const [english, word] of lexicon) {
      for (const key of new Set([word.text.toLowerCase(), fold(word.text)])) byVietnamese.set(key, [...(byVietnamese.get(key) ?? []), english]);
    }
  }
  return byVietnamese.get(text.toLowerCase()) ?? [];
}

/** Letters that make no syllable are an abbreviation, whatever it stands for. */
const abbreviation = /^[bcdfghjklmnpqrstvwxz]{2,4}$/;

/** Numbers, phases and single letters are the same in both languages. */
const isId = (token: string) => /^(\d+([.,]\d+)?([a-z]{1,2})?|[a-z]\d*|l[123]n?|xy|yz|zx|ii|iii|iv|vi|[a-z]{1,3}\d+[a-z]{0,3}|%|°c|°f)$/.test(token) || abbreviation.test(token);

/** Splits "battery-low_1" into lower-case words, and a number from the word before it. */
function tokens(text: string): string[] {
  return text.toLowerCase().replace(/([a-z]{3,})(\d+)/g, '$1 $2').split(/[\s_\-–]+/).filter(Boolean);
}

/** The longest expression that begins at i; a plural counts as its singular. */
function expression(list: readonly string[], i: number): { word: Word; size: number } | undefined {
  for (let size = Math.min(longest, list.length - i); size > 0; size--) {
    const text = list.slice(i, i + size).join(' ');
    const word = lexicon.get(text) ?? (/[^s]s$/.test(text) ? lexicon.get(text.slice(0, -1)) : undefined);
    if (word) return { word, size };
  }
  return undefined;
}

function words(list: readonly string[]): Word[] | undefined {
  const found: Word[] = [];
  for (let i = 0; i < list.length;) {
    const token = list[i] ?? '';
    const at = expression(list, i);
    const afterNoun = found.at(-1)?.kind === 'noun';
    if (token === 'not' && (at?.size ?? 0) < 2) found.push({ kind: 'not', text: 'không' });
    else if (at && !(token === 'a' && at.size === 1 && afterNoun)) {
      found.push(at.word);
      i += at.size;
      continue;
    } else if (isId(token)) found.push({ kind: 'id', text: token.toUpperCase() });
    else return undefined;
    i++;
  }
  return found;
}

/** One phrase without links: verbs first, then the noun with what determines it behind it, then what is said of it. */
function phrase(list: readonly Word[]): string {
  const nouns: string[] = [];
  const before: string[] = [];
  const after: string[] = [];
  // The number of the thing itself, and how much is said of it before that.
  let number = '';
  let place = 0;
  let numbered = false;
  let negated = false;
  for (const word of list) {
    const text = negated && word.kind !== 'id' ? `không ${word.text}` : word.text;
    switch (word.kind) {
      case 'not':
        negated = true;
        continue;
      case 'id':
        number += ` ${word.text}`;
        place = after.length;
        break;
      case 'noun': {
        const last = nouns.length - 1;
        if (last >= 0 && number) {
          nouns[last] = (nouns[last] ?? '') + number;
          numbered = true;
          number = '';
        }
        nouns.push(negated ? `không có ${word.text}` : word.text);
        break;
      }
      case 'before': before.push(text); break;
      default: after.push(text);
    }
    negated = false;
  }
  if (negated) after.push('không');
  const head = nouns.length - 1;
  // Where a part has a number as well, each stands with its own.
  if (numbered && number && place === 0) {
    nouns[head] = (nouns[head] ?? '') + number;
    number = '';
  }
  return [...before, nouns.reverse().join(' '), ...after.slice(0, place), number, ...after.slice(place)].map((x) => x.trim()).filter(Boolean).join(' ');
}

function clause(text: string): string | undefined {
  const found = words(tokens(text));
  if (!found || found.length === 0) return undefined;
  const out: string[] = [];
  let part: Word[] = [];
  for (const word of found) {
    if (word.kind !== 'link') {
      part.push(word);
      continue;
    }
    out.push(phrase(part), word.text);
    part = [];
  }
  out.push(phrase(part));
  return out.filter(Boolean).join(' ');
}

const known = new Map<string, string | null>();

/** A phrase of a profile in Vietnamese, beginning small; undefined when a word of it is not known. */
export function vietnamese(text: string): string | undefined {
  const had = known.get(text);
  if (had !== undefined) return had ?? undefined;
  let whole: string | undefined = lexicon.get(text.toLowerCase())?.text;
  if (whole === undefined) {
    // Punctuation stays where it is.
    const parts = text.replace(/\bI\/O\b/gi, 'io').split(/(\s*[,;:()/+=&.]\s*)/);
    const said = parts.map((part, i) => (i % 2 === 1 || part.trim() === '' ? part.replace(/\s*&\s*/, ' và ') : clause(part)));
    // Numbers and letters alone are nothing to translate.
    const nothing = tokens(text.replace(/[^\p{L}\p{N}\s-]/gu, ' ')).every((token) => isId(token) && !lexicon.has(token));
    whole = nothing || said.some((s) => s === undefined) ? undefined : said.join('').trim();
  }
  if (known.size > 20_000) known.clear();
  known.set(text, whole ?? null);
  return whole === '' ? undefined : whole;
}

/** The same, beginning with a capital. */
export function vietnameseTitle(text: string): string | undefined {
  const said = vietnamese(text);
  return said && said.charAt(0).toUpperCase() + said.slice(1);
}
