import type { Translate } from '../../i18n/useText';

// The ways in which the language of profiles tells what is wrong, and the part of them that is named again.
const kinds = [
  ['unknownKey', /unknown key "([^"]+)"/], ['noProfile', /there is no profile "([^"]+)"/], ['notOneOf', /"([^"]*)" is not one of /], ['needsUnit', /class (\S+) needs a unit/],
  ['missing', /(?:key "(?=\w+" is missing))?(\w+)"? is missing/], ['outside', /(\S+) is not between /], ['notOid', /"([^"]*)" is not an object identifier/], ['scaleZero', /(\S+): scale 0 /],
  ['notPart', /\{(\w+)\} is not a part of the index/], ['sameKey', /(\S+): every row of the column would get this key/], ['badName', /"([^"]*)" is not (?:of lower case|a path of)/], ['yaml', /(?:^|: )(yaml): /],
] as const;

/** The cause of a fault of a profile in the language of the reader; empty for a kind that is not known. */
export function faultCause(message: string, t: Translate): string {
  for (const [kind, pattern] of kinds) {
    const found = pattern.exec(message);
    if (found) return t(`profileFault.${kind}`, { what: found[1] ?? '' });
  }
  return '';
}
