// How much memory: a slider for the usual, a number for the exact.

import { Group, Input, Label, NumberField, Slider, SliderThumb, SliderTrack } from 'react-aria-components';
import { MAX_MEMORY_MIB } from '../../../shared/machine/config.ts';
import { formatBytes, MIB } from '../../../shared/units/bytes.ts';
import { FieldMessages } from '../../components/fields.tsx';
import { guestText, t } from '../../i18n/strings.ts';
import type { Draft } from './draft.ts';

const STEP_MIB = 32;

export function MemoryField({ draft }: { readonly draft: Draft }) {
  const { settings, hostMemoryMiB, change, issuesOf } = draft;
  const messages = issuesOf('memoryMiB');
  const reason = draft.plan.source === 'kernel' ? undefined : draft.profile?.reasons.memory;
  const most = Math.min(MAX_MEMORY_MIB, Math.floor((hostMemoryMiB ?? MAX_MEMORY_MIB) / STEP_MIB) * STEP_MIB);
  const set = (memoryMiB: number) => change({ memoryMiB });
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out as a grid row in every browser
    <div className="field memory" role="group" aria-label={t.create.memory}>
      <Slider
        className="slider"
        minValue={STEP_MIB}
        maxValue={most}
        step={STEP_MIB}
        value={Math.min(settings.memoryMiB, most)}
        onChange={(value) => set(typeof value === 'number' ? value : (value[0] ?? STEP_MIB))}
      >
        <Label>{t.create.memory}</Label>
        <SliderTrack className="slider-track">
          {({ state }) => (
            <>
              <div className="slider-fill" style={{ inlineSize: `${state.getThumbPercent(0) * 100}%` }} />
              <SliderThumb className="slider-thumb" />
            </>
          )}
        </SliderTrack>
      </Slider>
      <NumberField
        aria-label={t.create.memoryExact}
        value={settings.memoryMiB}
        // An emptied field is not a size; the value stays.
        onChange={(value) => !Number.isNaN(value) && set(Math.max(1, Math.round(value)))}
        minValue={1}
        formatOptions={{ useGrouping: false }}
        isInvalid={messages.some(({ severity }) => severity === 'error')}
      >
        <Group className="number">
          <Input className="input" />
          <span aria-hidden>{t.create.memoryUnit}</span>
        </Group>
      </NumberField>
      <div className="messages" aria-live="polite">
        <FieldMessages messages={messages} />
        {messages.length === 0 && (reason || hostMemoryMiB !== undefined) && (
          <span className="hint">
            {[reason && guestText(reason), hostMemoryMiB && t.create.memoryOfHost(formatBytes(hostMemoryMiB * MIB))].filter(Boolean).join(' ')}
          </span>
        )}
      </div>
    </div>
  );
}
