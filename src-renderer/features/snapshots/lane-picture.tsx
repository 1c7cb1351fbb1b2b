// The lines of one row of the tree: those that go past, the one from the parent, and the dot.

import type { Row } from './lanes.ts';

const WIDTH = 22;
const HEIGHT = 48;
const MIDDLE = HEIGHT / 2;

export function LanePicture({ row, lanes }: { readonly row: Row; readonly lanes: number }) {
  const x = (lane: number) => lane * WIDTH + WIDTH / 2;
  const { lane, from, past, goesOn, snapshot } = row;
  const own = x(lane);
  return (
    <svg className="lanes" style={{ inlineSize: lanes * WIDTH, blockSize: HEIGHT }} aria-hidden>
      {past.map((other) => (
        <path key={other} d={`M${x(other)} 0V${HEIGHT}`} />
      ))}
      {from === lane && <path d={`M${own} 0V${MIDDLE}`} />}
      {from !== null && from !== lane && (
        <path d={`M${x(from)} 0C${x(from)} ${MIDDLE} ${own - 8} ${MIDDLE} ${own} ${MIDDLE}`} />
      )}
      {goesOn && <path d={`M${own} ${MIDDLE}V${HEIGHT}`} />}
      <circle cx={own} cy={MIDDLE} r={snapshot === null ? 7 : 5} data-here={snapshot === null || undefined} data-kind={snapshot?.kind} />
    </svg>
  );
}
