import type { ErrorComponentProps } from '@tanstack/react-router';
import { ErrorState } from '../components/States';

export function PageError({ error, reset }: ErrorComponentProps) {
  return <ErrorState error={error} onRetry={reset} />;
}
