import { AsyncDiffError } from '../../common/errors/index.js';
import type { DeclaredProfile } from '../../execution/declared/index.js';
import { toProfile } from '../../planner/declared/index.js';
import { A5000, costGraph, kernelsMs, rooflineMs } from './device-cost.js';
import { textEncoderKernels, vaeDecoderKernels } from './pipeline-cost.js';
import { buildUnet } from './unet-architecture.js';
import { ARCHITECTURES, type ArchitectureName } from './unet-config.js';

/** Batch of the predictor under classifier-free guidance: [unconditional; conditional]. */
const GUIDANCE_BATCH = 2;

interface MeasuredProfile {
  readonly architecture: ArchitectureName;
  /** Time of one run of the whole predictor with guidance (batch 2), milliseconds. */
  readonly stepMs: number;
  /** What was measured, e.g. `RTX 4090`. */
  readonly device: string;
  readonly name?: string | undefined;
  /** Image size, pixels; the architecture's own where left out. */
  readonly height?: number | undefined;
  readonly width?: number | undefined;
  readonly timeDilation?: number | undefined;
  /** Where the time comes from; "measured by the user" where left out. */
  readonly source?: string | undefined;
  readonly derivation?: string | undefined;
}

/**
 * A profile of a known architecture from one measured time: nodes share it in proportion to their roofline times on
 * an A5000-class GPU.
 * @throws AsyncDiffError invalid_settings for a time or size that cannot be
 */
export function makeProfile(settings: MeasuredProfile): DeclaredProfile {
  const config = ARCHITECTURES[settings.architecture];
  const { stepMs, device, height = config.height, width = config.width, timeDilation = 1 } = settings;
  requirePositive('step-ms', stepMs);
  requirePositive('time-dilation', timeDilation);
  const multiple = 8 * 2 ** (config.blockOutChannels.length - 1);
  for (const [option, pixels] of [
    ['height', height],
    ['width', width],
  ] as const) {
    if (!Number.isInteger(pixels) || pixels <= 0 || pixels % multiple !== 0) {
      throw new AsyncDiffError(
        'invalid_settings',
        `--${option} ${pixels}: ${settings.architecture} takes multiples of ${multiple}`,
      );
    }
  }
  const architecture = buildUnet(config, { batch: GUIDANCE_BATCH, height, width });
  // By the same scale: half of the work, but all of the weights to read and all of the launches.
  const batchOne = buildUnet(config, { batch: 1, height, width });
  const batchOneStepMs = (stepMs * rooflineMs(batchOne, A5000)) / rooflineMs(architecture, A5000);
  const slug = device.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  return toProfile(
    {
      name: settings.name ?? `${slug}-${settings.architecture}`,
      model: config.model,
      device,
      source: settings.source ?? `one run of the predictor measured by the user: ${stepMs} ms`,
      derivation:
        settings.derivation ??
        `Nodes share ${stepMs} ms in proportion to their roofline times on an A5000-class GPU (docs/reference/declared-devices.md).`,
      dtype: 'float16',
      batch: GUIDANCE_BATCH,
      height,
      width,
      step_ms: stepMs,
      time_dilation: timeDilation,
    },
    costGraph(architecture, A5000, stepMs),
    costGraph(batchOne, A5000, batchOneStepMs).nodes.map((node) => node.costMs),
  );
}

function requirePositive(option: string, value: number): void {
  if (!(value > 0 && Number.isFinite(value))) {
    throw new AsyncDiffError('invalid_settings', `--${option} must be a number above 0`);
  }
}

/** Whole-pipeline times of 50 DDIM steps on one RTX A5000, seconds: AsyncDiff (arXiv 2406.06911), quantitative table, row "original". */
const PUBLISHED_SECONDS: Readonly<Record<ArchitectureName, number>> = Object.freeze({
  sd15: 2.7,
  sd21: 5.51,
  sdxl: 13.81,
});
const PUBLISHED_STEPS = 50;

/** How a published whole-pipeline time was taken apart. */
interface PublishedShare {
  readonly publishedMs: number;
  /** Unscaled roofline times of 50 predictor runs, of one VAE decode and of the text encoders. */
  readonly predictorMs: number;
  readonly vaeMs: number;
  readonly textMs: number;
  /** Published over unscaled roofline: 1 where the roofline alone would have predicted the published time. */
  readonly scale: number;
  /** Time of one predictor run, milliseconds: what the profile declares. */
  readonly stepMs: number;
  /** The same at batch 1. */
  readonly batchOneStepMs: number;
}

/**
 * Takes the published time apart by the roofline's own proportions: text encoders and VAE decode get the share that
 * their kernels have, the predictor's 50 runs the rest.
 */
export function publishedShare(name: ArchitectureName): PublishedShare {
  const config = ARCHITECTURES[name];
  const { height, width } = config;
  const unet = buildUnet(config, { batch: GUIDANCE_BATCH, height, width });
  const predictorMs = PUBLISHED_STEPS * rooflineMs(unet, A5000);
  const precision = config.vaeUpcast ? 'tf32' : 'float16';
  const vaeMs = kernelsMs(vaeDecoderKernels(height, width), A5000, precision);
  const textMs = config.textEncoders.reduce(
    (sum, encoder) => sum + kernelsMs(textEncoderKernels(encoder), A5000),
    0,
  );
  const publishedMs = PUBLISHED_SECONDS[name] * 1000;
  const scale = publishedMs / (predictorMs + vaeMs + textMs);
  const stepMs = Math.round((scale * predictorMs * 1000) / PUBLISHED_STEPS) / 1000;
  const batchOneStepMs = scale * rooflineMs(buildUnet(config, { batch: 1, height, width }), A5000);
  return { publishedMs, predictorMs, vaeMs, textMs, scale, stepMs, batchOneStepMs };
}

/** The built-in profile of an architecture on an A5000. */
export function makePublishedProfile(name: ArchitectureName): DeclaredProfile {
  const { publishedMs, stepMs, scale, vaeMs, textMs } = publishedShare(name);
  const seconds = publishedMs / 1000;
  const vaeShareMs = Math.round(scale * vaeMs);
  const textShareMs = Math.round(scale * textMs);
  return makeProfile({
    architecture: name,
    stepMs,
    device: A5000.device,
    name: `a5000-${name}`,
    source: `AsyncDiff (arXiv 2406.06911), quantitative results, original pipeline, one NVIDIA RTX A5000: ${seconds} s for ${PUBLISHED_STEPS} DDIM steps with guidance`,
    derivation: `step_ms = (${publishedMs} ms - ${vaeShareMs} ms VAE decode - ${textShareMs} ms text encoder) / ${PUBLISHED_STEPS}; the two shares, and each node's part of step_ms, are in proportion to roofline times (float16 kernels as eager PyTorch runs them; docs/reference/declared-devices.md). The roofline times are multiplied by ${scale.toFixed(3)} to meet the published time.`,
  });
}
