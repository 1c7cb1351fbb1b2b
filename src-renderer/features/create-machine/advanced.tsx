// What most people leave alone: which engine runs the machine and which processor it shows the guest.

import { ChevronRight } from 'lucide-react';
import {
  Button,
  Disclosure,
  DisclosurePanel,
  Heading,
  Label,
  Radio,
  RadioGroup,
} from 'react-aria-components';
import { CPU_ENGINES, CPU_MODELS, type MachineSettings } from '../../../shared/machine/config.ts';
import { t } from '../../i18n/strings.ts';
import { useApp } from '../../state/app-store.ts';
import type { Draft } from './draft.ts';

type Cpu = MachineSettings['cpu'];

export function Advanced({ draft: { settings, change } }: { readonly draft: Draft }) {
  const engines = useApp((state) => state.info?.cpuEngines ?? CPU_ENGINES);
  const models = useApp((state) => state.info?.cpuModels ?? CPU_MODELS);
  const set = (patch: Partial<Cpu>) => change({ cpu: { ...settings.cpu, ...patch } });
  return (
    <Disclosure className="disclosure">
      <Heading level={3}>
        <Button slot="trigger" className="disclosure-trigger">
          <ChevronRight aria-hidden />
          {t.create.advanced}
        </Button>
      </Heading>
      <DisclosurePanel>
        <div className="advanced">
          <RadioGroup
            className="field"
            value={settings.cpu.engine}
            onChange={(value) =>
              set({ engine: engines.find((engine) => engine === value) ?? settings.cpu.engine })
            }
          >
            <Label>{t.create.engine}</Label>
            {engines.map((engine) => (
              <Radio key={engine} value={engine} className="radio">
                <span className="radio-mark" aria-hidden />
                <span>
                  {t.overview.engines[engine]}
                  <span className="hint"> {t.create.engineHints[engine]}</span>
                </span>
              </Radio>
            ))}
          </RadioGroup>
          <RadioGroup
            className="field"
            value={settings.cpu.model}
            onChange={(value) =>
              set({ model: models.find((model) => model === value) ?? settings.cpu.model })
            }
          >
            <Label>{t.create.model}</Label>
            {models.map((model) => (
              <Radio key={model} value={model} className="radio">
                <span className="radio-mark" aria-hidden />
                {t.create.models[model]}
              </Radio>
            ))}
          </RadioGroup>
        </div>
      </DisclosurePanel>
    </Disclosure>
  );
}
