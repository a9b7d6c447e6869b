import { causeText, wishText } from '../control/words';
import { pollErrorText } from '../../components/pollError';
import { pollStates } from '../../components/PollStateMark';
import { formatCount, type Language } from '../../format/format';
import { profileText } from '../../i18n/pointNames';
import type { Translate } from '../../i18n/useText';
import type { DeviceEvent } from './queries';

const valueOf = (event: DeviceEvent, name: string) => event.variables.find((v) => v.name === name)?.value ?? '?';

/** The words of the profile before the colon are translated; what the device said behind it stays. */
function trapText(text: string, language: Language): string {
  const at = text.indexOf(': ');
  return at < 0 ? profileText(text, language) : profileText(text.slice(0, at), language) + text.slice(at);
}

/** How the writing of a control ended; an outcome of a later version is told by its name. */
export const controlOutcomes = ['done', 'failed', 'outcome-unknown'] as const;

/** What was to be written, and what became of it: "Outlet 3: Switch off. Done: The device took it, and its value shows it". */
function controlText(event: DeviceEvent, t: Translate, language: Language): string {
  const given = (name: string) => event.variables.find((v) => v.name === name)?.value;
  const value = given('value');
  const wish = wishText({
    control: given('control') ?? '', label: event.text ?? '', label_of_profile: false,
    ...(value === undefined ? { option: given('option') ?? '' } : { value: Number(value), unit: given('unit') ?? '' }),
  }, t, language);
  const outcome = controlOutcomes.find((o) => o === event.name);
  const ended = outcome ? t(`controlState.${outcome}`) : event.name;
  return `${wish}. ${[ended, causeText(given('cause') ?? '', t)].filter(Boolean).join(': ')}`;
}

const identityWords: Record<string, 'word.serial' | 'word.mac' | 'findingField.vendor' | 'findingField.model'> = {
  'serial number': 'word.serial', 'MAC address': 'word.mac', vendor: 'findingField.vendor', model: 'findingField.model',
};

/** What an event says, in the language of the reader where it is not the device that speaks. */
export function eventText(event: DeviceEvent, t: Translate, language: Language): string {
  switch (event.kind) {
    case 'contact': {
      const state = pollStates.find((s) => s === event.name);
      const reason = pollErrorText(event.text, t) || event.text;
      // That a silent device does not answer says nothing new.
      return [state ? t(`pollState.${state}`) : (event.name ?? ''), reason === t('pollError.silent') ? '' : reason].filter(Boolean).join(': ');
    }
    case 'restarted':
      return t('events.restarted');
    case 'exchanged': {
      const what = event.variables[0]?.name?.replace(/, known$/, '') ?? '';
      return t('events.exchanged', { what: identityWords[what] ? t(identityWords[what]) : what, known: valueOf(event, `${what}, known`), found: valueOf(event, `${what}, found`) });
    }
    case 'points-appeared':
    case 'points-vanished': {
      const count = Number(valueOf(event, 'points')) || 0;
      return t(event.kind === 'points-appeared' ? 'events.appeared' : 'events.vanished', { count, n: formatCount(count, language) });
    }
    case 'counter-reset':
    case 'counter-wrapped':
      return t(event.kind === 'counter-reset' ? 'events.counterReset' : 'events.counterWrapped', { before: valueOf(event, 'before'), after: valueOf(event, 'after') });
    case 'control':
      return controlText(event, t, language);
    case 'trap':
      if (event.name === 'trapsRefused' && event.variables[0]?.name === 'engine') { // the program speaks, not the device
        return t('events.trapsRefused', { engine: valueOf(event, 'engine'), boots: valueOf(event, 'boots'), known: valueOf(event, 'boots, known') });
      }
      return event.text ? trapText(event.text, language) : t('events.noText');
    default:
      return event.text ? trapText(event.text, language) : t('events.noText');
  }
}

/** The stable name of what happened, where it says more than the kind. */
export const eventName = (event: DeviceEvent): string => (event.kind === 'trap' ? (event.name ?? '') : (event.point ?? ''));
