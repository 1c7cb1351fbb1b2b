// Catches what breaks while drawing: the window says so and offers to reload; machines are not in this process.

import { CircleAlert } from 'lucide-react';
import { Component, type ReactNode } from 'react';
import { Button } from '../components/button.tsx';
import { EmptyState } from '../components/empty-state.tsx';
import { t } from '../i18n/strings.ts';

interface Props {
  readonly children: ReactNode;
}
interface State {
  readonly broken: boolean;
}

export class ErrorBoundary extends Component<Props, State> {
  override state: State = { broken: false };

  static getDerivedStateFromError(): State {
    return { broken: true };
  }

  override render(): ReactNode {
    if (!this.state.broken) return this.props.children;
    return (
      <main className="starting">
        <EmptyState icon={CircleAlert} title={t.app.brokenTitle} text={t.app.brokenText}>
          <Button kind="primary" onPress={() => location.reload()}>
            {t.app.reload}
          </Button>
        </EmptyState>
      </main>
    );
  }
}
