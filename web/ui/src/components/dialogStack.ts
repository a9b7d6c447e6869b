/** A dialog that is open. */
export interface OpenDialog {
  close: () => void;
}

// In the order in which they were opened.
const open: OpenDialog[] = [];

/** Escape is for the dialog that lies above all others, unless something in it, such as an open list, takes the key for itself. */
export function onEscape(event: Pick<KeyboardEvent, 'key' | 'isComposing' | 'target'>): void {
  if (event.key !== 'Escape' || event.isComposing) return;
  const target = event.target as Partial<Element> | null;
  if (target?.getAttribute?.('data-mantine-stop-propagation') === 'true') return;
  open.at(-1)?.close();
}

/** Puts a dialog above all others, and returns what takes it away. */
export function opened(dialog: OpenDialog): () => void {
  if (open.length === 0 && typeof window !== 'undefined') window.addEventListener('keydown', onEscape, { capture: true });
  open.push(dialog);
  return () => {
    open.splice(open.indexOf(dialog), 1);
    if (open.length === 0 && typeof window !== 'undefined') window.removeEventListener('keydown', onEscape, { capture: true });
  };
}

type Field = Pick<HTMLInputElement, 'type' | 'value' | 'checked'>;

/** All that is typed and chosen in a form, for comparison. */
export function contentsOf(form: Pick<ParentNode, 'querySelectorAll'> | null): string {
  const fields = Array.from(form?.querySelectorAll('input, textarea, select') ?? []) as unknown as Field[];
  return JSON.stringify(fields.map((f) => (f.type === 'checkbox' || f.type === 'radio' ? f.checked : f.value)));
}
