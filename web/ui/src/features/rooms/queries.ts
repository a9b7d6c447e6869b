import { queryOptions } from '@tanstack/react-query';
import { client, unwrap, type Schemas } from '../../api/client';

export type RoomPlan = Schemas['RoomPlan'];
export type PlanRack = Schemas['PlanRack'];
export type PlanDevice = Schemas['PlanDevice'];

export const roomPlanKey = (id: number) => ['rooms', id, 'plan'] as const;

/** A room to scale. Values come live; the plan is read again for what is not streamed. */
export const roomPlanQuery = (id: number) =>
  queryOptions({
    queryKey: roomPlanKey(id),
    queryFn: () => unwrap(client.GET('/rooms/{id}/plan', { params: { path: { id } } })),
    refetchInterval: 10_000,
  });
