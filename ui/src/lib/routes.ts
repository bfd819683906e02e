// The routing tree of an Alertmanager configuration, and which receivers a set of labels reaches.
import type { Labels, SilenceMatcher } from '../api/types';
import { matches, parseMatcher, parseMatchers } from './matchers';
import { parseYaml } from './yaml';

export interface Route {
  receiver: string;
  matchers: SilenceMatcher[];
  groupBy: string[];
  goesOn: boolean;
  routes: Route[];
}

type Node = { [key: string]: unknown };

const texts = (v: unknown): string[] => (Array.isArray(v) ? v.map(String) : v === undefined || v === null ? [] : [String(v)]);

function read(node: Node, above?: Route): Route {
  const matchers: SilenceMatcher[] = texts(node.matchers).flatMap((t) => parseMatchers(t) ?? []);
  for (const [key, isRegex] of [['match', false], ['match_re', true]] as const) {
    for (const [name, value] of Object.entries((node[key] as Node | undefined) ?? {}))
      matchers.push({ name, value: String(value), isRegex, isEqual: true });
  }
  const route: Route = {
    receiver: node.receiver === undefined ? (above?.receiver ?? '') : String(node.receiver),
    matchers,
    groupBy: node.group_by === undefined ? (above?.groupBy ?? []) : texts(node.group_by),
    goesOn: node.continue === true || node.continue === 'true',
    routes: [],
  };
  route.routes = ((node.routes as Node[] | undefined) ?? []).map((r) => read(r, route));
  return route;
}

export function readRoutes(yaml: string): Route | undefined {
  const root = parseYaml(yaml) as Node | undefined;
  return root?.route ? read(root.route as Node) : undefined;
}

// The routes that take the alert, deepest first match as the manager does it.
export function takers(route: Route, labels: Labels): Set<Route> {
  const out = new Set<Route>();
  const visit = (r: Route): boolean => {
    if (!r.matchers.every((m) => matches(m, labels))) return false;
    let taken = false;
    for (const child of r.routes) {
      if (!visit(child)) continue;
      taken = true;
      if (!child.goesOn) break;
    }
    if (!taken) out.add(r);
    return true;
  };
  visit(route);
  return out;
}

export const parseLabels = (text: string): Labels =>
  Object.fromEntries(text.split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/).map((p) => parseMatcher(p)).filter((m) => m !== undefined).map((m) => [m.name, m.value]));
