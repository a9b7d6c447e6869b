import type { ReactNode } from 'react';

interface Props {
  title: ReactNode;
  right?: ReactNode;
  children: ReactNode;
  flush?: boolean;
}

export function Panel({ title, right, children, flush = false }: Props) {
  return (
    <section className="panel">
      <div className="panel-head">
        <h2>{title}</h2>
        {right}
      </div>
      {flush ? children : <div className="panel-body">{children}</div>}
    </section>
  );
}
