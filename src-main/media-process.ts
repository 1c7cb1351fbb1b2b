// Entry of the process that looks at files nobody vouches for and works on disk images, so that main never parses one.

import { mediaContract } from '../shared/rpc/media-contract.ts';
import { serve } from '../shared/rpc/serve.ts';
import { writeDemoCd } from './host/demo-image.ts';
import { createEmptyImage } from './host/empty-image.ts';
import { probeFile } from './host/file-probe.ts';
import { MediaTools } from './host/media-tools.ts';
import { openParentLink } from './host/parent-link.ts';

const { channel } = openParentLink();
channel.onClose(() => process.exit(0));
const tools = new MediaTools((progress) => server.emit('progress', progress));
const server = serve(mediaContract, channel, {
  probe: probeFile,
  createImage: createEmptyImage,
  writeDemoCd,
  imageInfo: (request) => tools.imageInfo(request),
  convertImage: (request) => tools.convertImage(request),
  resizeImage: (request) => tools.resizeImage(request),
  compactImage: (request) => tools.compactImage(request),
  checkImage: (request) => tools.checkImage(request),
  verifyState: (request) => tools.verifyState(request),
  createOverlay: (request) => tools.createOverlay(request),
  mergeLayers: (request) => tools.mergeLayers(request),
  setBacking: (request) => tools.setBacking(request),
  inspectAppliance: (request) => tools.inspectAppliance(request),
  unpackAppliance: (request) => tools.unpackAppliance(request),
  packBundle: (request) => tools.packBundle(request),
  packOvf: (request) => tools.packOvf(request),
  cancel: (request) => tools.cancel(request),
});
