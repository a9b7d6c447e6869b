import type { Finding } from './queries';

export const placeholders = ['name', 'vendor', 'model', 'serial', 'kind', 'address', 'unit', 'n'] as const;

/** The host of host:port. */
export const hostOf = (address: string): string => address.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');

function valueOf(placeholder: string, finding: Finding): string | undefined {
  switch (placeholder) {
    case 'name':
      return finding.sys_name;
    case 'vendor':
    case 'model':
    case 'serial':
    case 'kind':
      return finding[placeholder];
    case 'address':
      return hostOf(finding.address);
    case 'unit':
      return finding.unit_id === undefined ? undefined : String(finding.unit_id);
    default:
      return undefined;
  }
}

export interface Preview {
  finding: Finding;
  /** Empty when the device does not tell what the pattern asks for. */
  name: string;
  missing?: string;
}

/**
 * The names that a pattern gives, as far as the browser can tell: the server
 * knows which names are taken and chooses {n} by that.
 */
export function previewNames(pattern: string, findings: readonly Finding[]): Preview[] {
  const used = new Map<string, number>();
  return findings.map((finding) => {
    let missing: string | undefined;
    const filled = pattern.trim().replace(/\{([^{}]*)\}/g, (whole, placeholder: string) => {
      if (placeholder === 'n') return whole;
      const value = valueOf(placeholder, finding)?.trim();
      if (!value) missing ??= whole;
      return value ?? '';
    });
    if (missing) return { finding, name: '', missing };
    if (!filled.includes('{n}')) return { finding, name: filled };
    const n = (used.get(filled) ?? 0) + 1;
    used.set(filled, n);
    return { finding, name: filled.replaceAll('{n}', String(n)) };
  });
}

/** A pattern that suits all: the names that the devices have, if each has one of its own. */
export function suggestPattern(findings: readonly Finding[]): string {
  const names = findings.map((f) => f.sys_name?.trim());
  if (names.every(Boolean) && new Set(names).size === names.length) return '{name}';
  if (findings.every((f) => f.vendor && f.model)) return '{vendor}-{model}-{n}';
  return findings.every((f) => f.kind) ? '{kind}-{n}' : '{address}-{n}';
}
