// The shortest that the server takes, in characters: dcim/access and dcim/control.
export const minPassword = 12;
export const minReason = 5;

/** How many characters are missing of something that was begun; none of what is empty. */
export function tooShort(text: string, min: number): number {
  const length = [...text.normalize('NFC')].length;
  return length === 0 ? 0 : Math.max(0, min - length);
}
