// Entry of the process that looks at files nobody vouches for, so that main never parses one.

import { mediaContract } from '../shared/rpc/machine-contract.ts';
import { serve } from '../shared/rpc/serve.ts';
import { createEmptyImage } from './host/empty-image.ts';
import { probeFile } from './host/file-probe.ts';
import { openParentLink } from './host/parent-link.ts';

const { channel } = openParentLink();
channel.onClose(() => process.exit(0));
serve(mediaContract, channel, { probe: probeFile, createImage: createEmptyImage });
