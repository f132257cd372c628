/** A point at an angle (radians, 0 is up, clockwise) and a distance from a centre. */
export const at = (cx: number, cy: number, radius: number, angle: number): [number, number] => [
  cx + radius * Math.sin(angle),
  cy - radius * Math.cos(angle),
];

const n = (value: number) => value.toFixed(2);

/** The SVG path of a ring's part between two angles; a pie's piece where the inner radius is 0. */
export function arcPath(cx: number, cy: number, inner: number, outer: number, from: number, to: number): string {
  const end = Math.min(to, from + 2 * Math.PI - 0.0001);
  const large = end - from > Math.PI ? 1 : 0;
  const [ax, ay] = at(cx, cy, outer, from);
  const [bx, by] = at(cx, cy, outer, end);
  const [ex, ey] = at(cx, cy, inner, end);
  const [dx, dy] = at(cx, cy, inner, from);
  const outside = `M${n(ax)} ${n(ay)}A${n(outer)} ${n(outer)} 0 ${large} 1 ${n(bx)} ${n(by)}`;
  return inner <= 0 ? `${outside}L${n(cx)} ${n(cy)}Z` : `${outside}L${n(ex)} ${n(ey)}A${n(inner)} ${n(inner)} 0 ${large} 0 ${n(dx)} ${n(dy)}Z`;
}
