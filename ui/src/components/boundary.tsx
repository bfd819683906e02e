// Keeps a fault inside the part of the page where it happened.
import { Component, type ComponentChildren } from 'preact';

interface Props {
  turn: unknown; // another value tries again
  onError: (e: Error) => void;
  children: ComponentChildren;
}

export class Boundary extends Component<Props, { failed: boolean }> {
  override state = { failed: false };

  static override getDerivedStateFromError() {
    return { failed: true };
  }

  override componentDidCatch(e: unknown) {
    this.props.onError(e instanceof Error ? e : new Error(String(e)));
  }

  override componentDidUpdate(before: Props) {
    if (this.state.failed && before.turn !== this.props.turn) this.setState({ failed: false });
  }

  override render() {
    return this.state.failed ? null : this.props.children;
  }
}
