// @grafana/data names React for plumbing of plugins that is never run here. Preact's own parts stand in:
// preact/compat would look at every element of every page as it is made.
import * as preact from 'preact';
import * as hooks from 'preact/hooks';

const same = <T>(component: T): T => component;
export * from 'preact';
export * from 'preact/hooks';
export const memo = same;
export const forwardRef = same;
export class PureComponent extends preact.Component {
  override render() {
    return null;
  }
}
export default { ...preact, ...hooks, memo, forwardRef, PureComponent };
