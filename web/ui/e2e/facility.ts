import { expect, type Page } from '@playwright/test';

interface Node {
  kind: string;
  id: number;
  name: string;
  racks?: number;
  children: Node[];
}

async function get<T>(page: Page, path: string): Promise<T> {
  const response = await page.request.get(`/api/v1${path}`);
  expect(response.ok(), path).toBe(true);
  return (await response.json()) as T;
}

function* walk(nodes: Node[]): Generator<Node> {
  for (const node of nodes) {
    yield node;
    yield* walk(node.children);
  }
}

/** The first room with racks. */
export async function firstRoom(page: Page): Promise<Node> {
  const { sites } = await get<{ sites: Node[] }>(page, '/tree');
  const room = [...walk(sites)].find((n) => n.kind === 'room' && n.racks);
  if (!room) throw new Error('the facility has no room with racks');
  return room;
}

export async function firstRack(page: Page): Promise<Node> {
  const rack = [...walk([await firstRoom(page)])].find((n) => n.kind === 'rack');
  if (!rack) throw new Error('the room has no rack');
  return rack;
}

/** The first device of a kind that is read. */
export async function firstDevice(page: Page, kind: string): Promise<{ id: number; name: string }> {
  let found: { id: number; name: string } | undefined;
  await expect
    .poll(async () => {
      const list = await get<{ items: { id: number; name: string; points?: number }[] }>(page, `/devices?kind=${kind}&state=ok&limit=1`);
      found = list.items[0];
      return found !== undefined;
    })
    .toBe(true);
  if (!found) throw new Error(`no ${kind} answers`);
  return found;
}

/** A point of a device by the end of its key, once it has a value. */
export async function pointOf(page: Page, device: number, end: string): Promise<number> {
  let id = 0;
  await expect
    .poll(async () => {
      const { items } = await get<{ items: { point: { id: number; key: string }; current: { value: number | null } }[] }>(page, `/devices/${device}/points`);
      const item = items.find((i) => i.point.key.endsWith(end) && i.current.value !== null);
      id = item?.point.id ?? 0;
      return id;
    })
    .toBeGreaterThan(0);
  return id;
}
