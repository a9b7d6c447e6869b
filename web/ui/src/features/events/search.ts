import { pollStates } from '../../components/PollStateMark';
import { fold, type Language } from '../../format/format';
import { technicalEnglish } from '../../i18n/vietnamese';
import type { Translate } from '../../i18n/useText';
import { eventKinds } from './queries';
import { controlOutcomes } from './words';

// The server takes no more.
const mostWords = 10;
const mostMeanings = 100;
const longestRun = 6;

/** What is shown of events in the program's own words, by the kind, or the kind and the name, that it stands for. */
function ownWords(t: Translate): [text: string, stands: string][] {
  const of = (count: number) => ({ count, n: '' });
  return [
    ...eventKinds.map((kind): [string, string] => [t(`eventKind.${kind}`), kind]),
    ...pollStates.map((state): [string, string] => [t(`pollState.${state}`), `contact/${state}`]),
    ...controlOutcomes.map((outcome): [string, string] => [t(`controlState.${outcome}`), `control/${outcome}`]),
    [t('events.restarted'), 'restarted'],
    [t('events.exchanged', { what: '', known: '', found: '' }), 'exchanged'],
    [`${t('events.appeared', of(1))} ${t('events.appeared', of(2))}`, 'points-appeared'],
    [`${t('events.vanished', of(1))} ${t('events.vanished', of(2))}`, 'points-vanished'],
    [t('events.counterReset', { before: '', after: '' }), 'counter-reset'],
    [t('events.counterWrapped', { before: '', after: '' }), 'counter-wrapped'],
    [t('events.trapsRefused', { engine: '', boots: '', known: '' }), 'trap/trapsRefused'],
  ];
}

/**
 * What the words of a search stand for where events are shown in other words than
 * the server keeps: "word=kind" and "word=kind/what" of the interface. A word that
 * is written without marks is found with them.
 */
export function meaningsOf(q: string | undefined, t: Translate, language: Language): string[] | undefined {
  const words = (q ?? '').toLowerCase().split(/\s+/).filter((word) => word && !word.includes('=')).slice(0, mostWords);
  const found = new Set<string>();
  for (const [text, stands] of ownWords(t)) {
    const shown = text.toLowerCase();
    const plain = fold(text);
    for (const word of words) {
      const all = found.has(`${word}=${stands.split('/')[0] ?? ''}`);
      if (!all && (shown.includes(word) || plain.includes(word))) found.add(`${word}=${stands}`);
    }
  }
  // What devices tell is kept in English and shown in Vietnamese, phrase by phrase.
  for (let from = 0; language === 'vi' && from < words.length;) {
    const run = words.slice(from, from + longestRun);
    while (run.length > 1 && technicalEnglish(run.join(' ')).length === 0) run.pop();
    for (const english of technicalEnglish(run.join(' '))) run.forEach((word) => found.add(`${word}=trap/${english}`));
    from += run.length;
  }
  return found.size ? [...found].slice(0, mostMeanings) : undefined;
}
