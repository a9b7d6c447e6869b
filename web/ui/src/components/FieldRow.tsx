import { SimpleGrid } from '@mantine/core';
import { Children, type ReactNode } from 'react';

/** Fields of a form side by side, beneath each other on a phone. */
export function FieldRow({ children }: { children: ReactNode }) {
  return <SimpleGrid cols={{ base: 1, xs: Children.toArray(children).length }} spacing="sm" verticalSpacing="sm">{children}</SimpleGrid>;
}
