"""Exports a diffusers pipeline whose class Optimum has no exporter for, as a folder that asyncdiff draws with.

    python export.py MODEL DIR [--height 1024 --width 1024 --frames 16 --tokens 512] [--controlnet CONTROLNET]

MODEL is a folder or a name on the Hugging Face hub. Needs: pip install torch diffusers transformers onnx (and sentencepiece, protobuf for T5).
The names of inputs and outputs are those of Optimum, which are diffusers' arguments. Sizes are fixed where the class computes positions while it
is traced; the predictor is given the size of --height, --width, --frames and --tokens. Weights over 2 GB are written beside model.onnx.
"""

import argparse
import inspect
import json
import pathlib
import sys

import torch

CONFIGS = ("scheduler", "low_res_scheduler", "tokenizer", "tokenizer_2", "tokenizer_3", "feature_extractor")
# Inputs of a predictor that a ControlNet makes: lists, whose tensors are inputs called NAME.0, NAME.1, ...
RESIDUALS = ("down_block_additional_residuals", "controlnet_block_samples", "controlnet_single_block_samples", "block_controlnet_hidden_states")
TEXT_ENCODERS = ("text_encoder", "text_encoder_2", "text_encoder_3")


def rms_norm(x, normalized_shape, weight=None, eps=None):
    """torch's, of operators that every opset has."""
    axes = tuple(range(-len(normalized_shape), 0))
    y = x * torch.rsqrt(x.pow(2).mean(axes, keepdim=True) + (torch.finfo(x.dtype).eps if eps is None else eps))
    return y if weight is None else y * weight


def movedim(x, source, destination):
    """torch's for one axis: the exporter writes a negative one down as it is, which ONNX does not take."""
    axes = list(range(x.dim()))
    axes.insert(destination % x.dim(), axes.pop(source % x.dim()))
    return x.permute(axes)


tensor_squeeze = torch.Tensor.squeeze


def squeeze(x, *axes):
    """torch's: the exporter makes a branch of it where an axis is not 1, and that branch cannot be typed."""
    return x if len(axes) == 1 and isinstance(axes[0], int) and int(x.shape[axes[0]]) != 1 else tensor_squeeze(x, *axes)


interpolate = torch.nn.functional.interpolate


def interpolate_nearest(x, size=None, scale_factor=None, mode="nearest", *args, **others):
    """torch's: `nearest-exact`, which ONNX has not, is `nearest` where a size is multiplied by a whole number, as VAEs do."""
    return interpolate(x, size, scale_factor, "nearest" if mode == "nearest-exact" else mode, *args, **others)


class Complex:
    """A complex tensor as real ones, [..., 2]: the exporter knows no complex numbers. Times a plain tensor of that form."""

    def __init__(self, pairs):
        self.pairs = pairs

    def __mul__(self, other):
        (a, b), (c, d) = self.pairs.unbind(-1), other.unbind(-1)
        return Complex(torch.stack([a * c - b * d, a * d + b * c], dim=-1))


view_as_complex, view_as_real = torch.view_as_complex, torch.view_as_real


def pairs_as_complex(x):
    return Complex(x) if torch.onnx.is_in_onnx_export() else view_as_complex(x)


def pairs_as_real(x):
    return x.pairs if isinstance(x, Complex) else view_as_real(x)


torch.view_as_complex, torch.view_as_real = pairs_as_complex, pairs_as_real
torch.nn.functional.interpolate = interpolate_nearest
torch.nn.functional.rms_norm = rms_norm
torch.Tensor.movedim = movedim
torch.Tensor.squeeze = squeeze


def open_rotary(rotate):
    """diffusers' `apply_rotary_emb` without sizes of Python, which the exporter writes down as they are: for tokens that are an open axis."""

    def rotated(x, freqs_cis, use_real=True, use_real_unbind_dim=-1, sequence_dim=2):
        if not use_real or use_real_unbind_dim != -1:
            return rotate(x, freqs_cis, use_real, use_real_unbind_dim, sequence_dim)
        cos, sin = (table[None, :, None, :] if sequence_dim == 1 else table[None, None] for table in freqs_cis)
        real, imaginary = x.unflatten(-1, (-1, 2)).unbind(-1)
        return (x.float() * cos + torch.stack([-imaginary, real], dim=-1).flatten(3).float() * sin).to(x.dtype)

    return rotated


class Denoiser(torch.nn.Module):
    """The noise predictor with tensors as its only arguments, by name."""

    def __init__(self, module, names):
        super().__init__()
        self.module, self.names = module, names

    def forward(self, *values):
        given = dict(zip(self.names, values))
        for residuals in RESIDUALS:
            made = tuple(given.pop(name) for name in self.names if name.startswith(f"{residuals}."))
            if made:
                given[residuals] = made
        rotary = [given.pop(f"rotary_embedding_{part}", None) for part in ("cos", "sin")]
        if rotary[0] is not None:
            given["rotary_embedding"] = tuple(rotary)
        added = {name: given.pop(name) for name in ("resolution", "aspect_ratio", "text_embeds", "time_ids") if name in given}
        if added or "added_cond_kwargs" in inspect.signature(self.module.forward).parameters:
            given["added_cond_kwargs"] = added or {"resolution": None, "aspect_ratio": None}
        return self.module(**given, **self.constants(given), return_dict=False)[0]

    def constants(self, _given):
        return {}


class ControlNet(torch.nn.Module):
    """A ControlNet with tensors as its only arguments; what it gives, all multiplied by `conditioning_scale`."""

    def __init__(self, module, names):
        super().__init__()
        self.module, self.names = module, names

    def forward(self, *values):
        given = dict(zip(self.names, values))
        added = {name: given.pop(name) for name in ("text_embeds", "time_ids") if name in given}
        if added:
            given["added_cond_kwargs"] = added
        return tuple(tensor for made in self.module(**given, return_dict=False) for tensor in self.listed(made))

    @staticmethod
    def listed(made):
        return [] if made is None else [made] if torch.is_tensor(made) else list(made)


class QwenImageDenoiser(Denoiser):
    """Positions are numbers of Python, so they become constants of the graph."""

    def __init__(self, module, names, grids, tokens):
        super().__init__(module, names)
        self.grids, self.tokens = grids, tokens
        rotary = module.pos_embed([[(1, *grid) for grid in grids]], max_txt_seq_len=tokens, device=torch.device("cpu"))
        self.pairs = [view_as_real(one).clone() for one in rotary]

    def forward(self, *values):
        if not torch.onnx.is_in_onnx_export():
            return super().forward(*values)
        embed, self.module.pos_embed.forward = self.module.pos_embed.forward, lambda *_given, **_others: self.pairs
        try:
            return super().forward(*values)
        finally:
            self.module.pos_embed.forward = embed

    def constants(self, given):
        known = inspect.signature(self.module.forward).parameters
        lengths = {"txt_seq_lens": [self.tokens]} if "txt_seq_lens" in known else {}
        return {"img_shapes": [[(1, *grid) for grid in self.grids]], **lengths}


class RealRope:
    """Positions of Z-Image as pairs of real numbers."""

    def __init__(self, rope):
        self.tables = [view_as_real(table).clone() for table in rope.precompute_freqs_cis(rope.axes_dims, rope.axes_lens, theta=rope.theta)]

    def __call__(self, ids):
        return torch.cat([table[ids[:, axis]] for axis, table in enumerate(self.tables)], dim=-2)


class ZImageDenoiser(torch.nn.Module):
    """Lists of one picture and one caption become tensors with a batch of one."""

    def __init__(self, module):
        super().__init__()
        self.module, self.real_rope = module, RealRope(module.rope_embedder)

    def forward(self, hidden_states, timestep, encoder_hidden_states):
        rope, file = self.module.rope_embedder, sys.modules[type(self.module).__module__]
        pad = file.pad_sequence
        if torch.onnx.is_in_onnx_export():
            # A list of one needs no padding, which the exporter does not know.
            self.module.rope_embedder, file.pad_sequence = self.real_rope, lambda rows, **_others: rows[0][None]
        try:
            return self.run(hidden_states, timestep, encoder_hidden_states)
        finally:
            self.module.rope_embedder, file.pad_sequence = rope, pad

    def run(self, hidden_states, timestep, encoder_hidden_states):
        return self.module([hidden_states[0]], timestep, [encoder_hidden_states[0]], return_dict=False)[0][0][None]


class Decoder(torch.nn.Module):
    def __init__(self, vae, **others):
        super().__init__()
        self.vae, self.others = vae, others

    def forward(self, latent_sample):
        return self.vae.decode(latent_sample, **self.others, return_dict=False)[0]


class Flux2Decoder(Decoder):
    """Takes the tokens' channels on a grid: the batch norm, whose numbers are weights, and the 2x2 patches are undone inside."""

    def forward(self, latent_sample):
        norm = self.vae.bn
        deviation = torch.sqrt(norm.running_var.view(1, -1, 1, 1) + self.vae.config.batch_norm_eps)
        x = latent_sample * deviation + norm.running_mean.view(1, -1, 1, 1)
        b, c, h, w = x.shape
        x = x.reshape(b, c // 4, 2, 2, h, w).permute(0, 1, 4, 2, 5, 3).reshape(b, c // 4, h * 2, w * 2)
        return self.vae.decode(x, return_dict=False)[0]


class SoundDecoder(Decoder):
    def forward(self, latent_sample):
        return self.vae.decode(latent_sample).sample


class Encoder(torch.nn.Module):
    def __init__(self, vae):
        super().__init__()
        self.vae = vae

    def forward(self, sample):
        if sample.dim() == 5:
            # Video VAEs go through it in pieces of a few frames.
            return self.vae._encode(sample)
        moments = self.vae.encoder(sample)
        quant = getattr(self.vae, "quant_conv", None)
        return moments if quant is None else quant(moments)


class TextEncoder(torch.nn.Module):
    def __init__(self, model, outputs):
        super().__init__()
        self.model, self.outputs = model, outputs

    def forward(self, input_ids, attention_mask=None):
        others = {"use_cache": False} if "use_cache" in inspect.signature(self.model.forward).parameters else {}
        mask = attention_mask
        if self.model.config.model_type not in ("t5", "umt5", "clip_text_model"):
            # transformers makes a decoder's mask in a way that cannot be traced; one with four axes is taken as it is.
            length = input_ids.shape[1]
            seen = torch.tril(torch.ones(length, length))[None, None] * attention_mask[:, None, None, :]
            mask = (1.0 - seen) * torch.finfo(torch.float32).min
            if "gemma" in self.model.config.model_type:
                mask = {"full_attention": mask, "sliding_attention": mask}
        given = self.model(input_ids=input_ids, attention_mask=mask, output_hidden_states=True, **others)
        return tuple(
            given.hidden_states[int(name.split(".")[1])] if "." in name else given[name] for name in self.outputs
        )


class Projection(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, text_hidden_states, start_seconds, end_seconds):
        made = self.model(text_hidden_states, start_seconds, end_seconds)
        return made.text_hidden_states, made.seconds_start_hidden_states, made.seconds_end_hidden_states


def write(module, folder, values, outputs, dynamic=None):
    """One part as folder/model.onnx. `dynamic`: open axes by input, as torch.onnx.export takes them."""
    folder.mkdir(parents=True, exist_ok=True)
    # Modules pass keyword arguments, and what the tracer sees is positional.
    with torch.no_grad():
        torch.onnx.export(
            module.eval(), tuple(values.values()), str(folder / "model.onnx"), input_names=list(values),
            output_names=list(outputs), dynamic_axes=dynamic or {}, opset_version=18, dynamo=False,
        )
    print(f"{folder}/model.onnx")


def save_config(model, folder):
    folder.mkdir(parents=True, exist_ok=True)
    config = json.loads(model.config.to_json_string()) if hasattr(model.config, "to_json_string") else dict(model.config)
    (folder / "config.json").write_text(json.dumps(config, indent=2, default=str))


def predictor_inputs(pipe, size):
    """Example inputs of the predictor, batch 2 where the class takes a batch, by name."""
    name, model = predictor_of(pipe)
    kind, config = type(model).__name__, model.config
    height, width, frames, tokens = (size[key] for key in ("height", "width", "frames", "tokens"))
    scale = vae_scale(pipe)
    h, w = height // scale, width // scale
    timestep = torch.tensor([500.0, 500.0])
    if kind == "PixArtTransformer2DModel":
        extra = {"resolution": torch.full((2, 2), float(height)), "aspect_ratio": torch.ones(2, 1)} if config.sample_size == 128 else {}
        return {
            "hidden_states": torch.randn(2, config.in_channels, h, w), "encoder_hidden_states": torch.randn(2, tokens, config.caption_channels),
            "timestep": timestep.long(), "encoder_attention_mask": torch.ones(2, tokens, dtype=torch.long), **extra,
        }
    if kind == "SanaTransformer2DModel":
        return {
            "hidden_states": torch.randn(2, config.in_channels, h, w), "encoder_hidden_states": torch.randn(2, tokens, config.caption_channels),
            "timestep": timestep, "encoder_attention_mask": torch.ones(2, tokens, dtype=torch.long),
            # Distilled ones (Sprint) take the scale of guidance as an input, and count time from 0 to 1.
            **({"guidance": torch.tensor([0.45, 0.45]), "timestep": timestep / 1000} if config.guidance_embeds else {}),
        }
    if kind == "AuraFlowTransformer2DModel":
        return {
            "hidden_states": torch.randn(2, config.in_channels, h, w), "encoder_hidden_states": torch.randn(2, tokens, config.joint_attention_dim),
            "timestep": timestep / 1000,
        }
    if kind == "Flux2Transformer2DModel":
        grid = (h // 2) * (w // 2)
        guidance = {"guidance": torch.tensor([4.0])} if getattr(config, "guidance_embeds", True) else {}
        return {
            "hidden_states": torch.randn(1, grid, config.in_channels), "encoder_hidden_states": torch.randn(1, tokens, config.joint_attention_dim),
            "timestep": torch.tensor([0.5]), "img_ids": torch.zeros(1, grid, 4), "txt_ids": torch.zeros(1, tokens, 4), **guidance,
        }
    if kind == "QwenImageTransformer2DModel":
        return {
            "hidden_states": torch.randn(1, sum(rows * columns for rows, columns in qwen_grids(pipe, size)), config.in_channels),
            "encoder_hidden_states": torch.randn(1, tokens, config.joint_attention_dim), "timestep": torch.tensor([0.5]),
        }
    if kind == "ZImageTransformer2DModel":
        return {
            "hidden_states": torch.randn(1, config.in_channels, 1, h, w), "timestep": torch.tensor([0.5]),
            "encoder_hidden_states": torch.randn(1, tokens, config.cap_feat_dim),
        }
    if kind == "WanTransformer3DModel":
        picture, step = {}, torch.tensor([500.0])
        if pipe.config.get("expand_timesteps"):
            step = torch.full((1, ((frames - 1) // pipe.vae_scale_factor_temporal + 1) * (h // 2) * (w // 2)), 500.0)
        if getattr(config, "image_dim", None) is not None:
            encoder = pipe.image_encoder.config
            states = (encoder.image_size // encoder.patch_size) ** 2 + 1
            picture = {"encoder_hidden_states_image": torch.randn(1, states, config.image_dim)}
        return {
            "hidden_states": torch.randn(1, config.in_channels, (frames - 1) // pipe.vae_scale_factor_temporal + 1, h, w),
            "timestep": step, "encoder_hidden_states": torch.randn(1, tokens, config.text_dim), **picture,
        }
    if kind == "StableAudioDiTModel":
        half = config.attention_head_dim // 2
        return {
            "hidden_states": torch.randn(2, config.in_channels, config.sample_size), "timestep": torch.tensor([0.5]),
            "encoder_hidden_states": torch.randn(2, tokens + 2, config.cross_attention_input_dim),
            "global_hidden_states": torch.randn(2, 1, config.global_states_input_dim),
            "rotary_embedding_cos": torch.randn(config.sample_size + 1, half), "rotary_embedding_sin": torch.randn(config.sample_size + 1, half),
        }
    if kind == "UNetSpatioTemporalConditionModel":
        return {
            "sample": torch.randn(2, frames, config.in_channels, h, w), "timestep": torch.tensor(1.0),
            "encoder_hidden_states": torch.randn(2, 1, config.cross_attention_dim), "added_time_ids": torch.ones(2, 3),
        }
    if kind == "UNetMotionModel":
        return {
            "sample": torch.randn(2, config.in_channels, frames, h, w), "timestep": torch.tensor(500.0),
            "encoder_hidden_states": torch.randn(2 * frames, tokens, config.cross_attention_dim),
        }
    if kind == "UNet2DConditionModel" and config.num_class_embeds is not None:
        return {
            "sample": torch.randn(2, config.in_channels, height, width), "timestep": torch.tensor(500.0),
            "encoder_hidden_states": torch.randn(2, tokens, config.cross_attention_dim), "class_labels": torch.tensor([20, 20]),
        }
    if kind == "UNet2DConditionModel":
        added = {}
        if config.addition_embed_type == "text_time":
            numbers = 5 if pipe.config.get("requires_aesthetics_score") else 6
            added = {"text_embeds": torch.randn(2, pipe.text_encoder_2.config.projection_dim), "time_ids": torch.ones(2, numbers)}
        # Distilled models take the scale of guidance as an input, and have no second half.
        rows = 2 if config.time_cond_proj_dim is None else 1
        if config.time_cond_proj_dim is not None:
            added["timestep_cond"] = torch.randn(rows, config.time_cond_proj_dim)
        return {
            "sample": torch.randn(rows, config.in_channels, h, w), "timestep": torch.tensor(500.0),
            "encoder_hidden_states": torch.randn(rows, tokens, config.cross_attention_dim), **added,
        }
    if kind == "SD3Transformer2DModel":
        return {
            "hidden_states": torch.randn(2, config.in_channels, h, w), "encoder_hidden_states": torch.randn(2, tokens, config.joint_attention_dim),
            "pooled_projections": torch.randn(2, config.pooled_projection_dim), "timestep": timestep,
        }
    if kind == "FluxTransformer2DModel":
        grid = (h // 2) * (w // 2)
        guidance = {"guidance": torch.tensor([4.0])} if config.guidance_embeds else {}
        return {
            "hidden_states": torch.randn(1, grid, config.in_channels), "encoder_hidden_states": torch.randn(1, tokens, config.joint_attention_dim),
            "pooled_projections": torch.randn(1, config.pooled_projection_dim), "timestep": torch.tensor([0.5]),
            "img_ids": torch.zeros(grid, 3), "txt_ids": torch.zeros(tokens, 3), **guidance,
        }
    raise SystemExit(f"{kind} ({name}) is not known to this script")


def qwen_grids(pipe, size):
    """Tokens (rows, columns) of what is drawn, and for editing those of the picture that is read: of about 1024 x 1024 pixels in the same proportions."""
    scale = vae_scale(pipe) * 2
    drawn = (size["height"] // scale, size["width"] // scale)
    if type(pipe).__name__ != "QwenImageEditPipeline":
        return [drawn]
    width, height, _ = sys.modules[type(pipe).__module__].calculate_dimensions(1024 * 1024, size["width"] / size["height"])
    return [drawn, (height // scale, width // scale)]


def control_inputs(pipe, values, size):
    """Example inputs of the ControlNet beside a predictor with these."""
    config = pipe.controlnet.config
    scale = {"conditioning_scale": torch.tensor(1.0)}
    if type(pipe.controlnet).__name__ == "FluxControlNetModel":
        if pipe.controlnet.input_hint_block is not None:
            raise SystemExit("a ControlNet that reads pixels (XLabs) is not known to this script")
        own = {name: value for name, value in values.items() if name != "guidance"}
        guidance = {"guidance": torch.tensor([4.0])} if config.guidance_embeds else {}
        mode = {"controlnet_mode": torch.zeros(1, 1, dtype=torch.long)} if pipe.controlnet.union else {}
        return own | guidance | {"controlnet_cond": torch.randn_like(values["hidden_states"])} | mode | scale
    if type(pipe.controlnet).__name__ == "SD3ControlNetModel":
        if config.joint_attention_dim is None:
            raise SystemExit("a ControlNet without text (those of SD 3.5 large) is not known to this script")
        rows, channels, *size = values["hidden_states"].shape
        return values | {"controlnet_cond": torch.randn(rows, channels + config.extra_conditioning_channels, *size)} | scale
    own = {name: value for name, value in values.items() if name != "timestep_cond"}
    rows, channels = values["sample"].shape[0], pipe.controlnet.config.in_channels
    picture = torch.rand(rows, pipe.controlnet.config.conditioning_channels, size["height"], size["width"])
    return own | {"sample": values["sample"][:, :channels], "controlnet_cond": picture, "conditioning_scale": torch.tensor(1.0)}


def export_control(pipe, out, size, values):
    """The ControlNet, and the inputs of the U-Net that its outputs become."""
    given = control_inputs(pipe, values, size)
    wrapped = ControlNet(pipe.controlnet, list(given))
    with torch.no_grad():
        made = wrapped(*given.values())
    names, outputs = control_names(pipe.controlnet, len(made))
    write(wrapped, out / "controlnet", given, outputs, open_batch(given))
    save_config(pipe.controlnet, out / "controlnet")
    return dict(zip(names, made))


def control_names(controlnet, count):
    """What the predictor calls the ControlNet's tensors, and what the ControlNet does."""
    kind = type(controlnet).__name__
    if kind == "FluxControlNetModel":
        first = len(controlnet.controlnet_blocks)
        names = [f"{RESIDUALS[1]}.{index}" if index < first else f"{RESIDUALS[2]}.{index - first}" for index in range(count)]
        return names, names
    if kind == "SD3ControlNetModel":
        return [f"{RESIDUALS[3]}.{index}" for index in range(count)], [f"controlnet_block_samples.{index}" for index in range(count)]
    down = range(count - 1)
    return (
        [*(f"{RESIDUALS[0]}.{index}" for index in down), "mid_block_additional_residual"],
        [*(f"down_block_res_samples.{index}" for index in down), "mid_block_res_sample"],
    )


def open_tokens(pipe):
    """Tokens as an open axis, where a picture of a size of its own is read beside what is drawn."""
    if type(pipe).__name__ != "FluxKontextPipeline":
        return {}
    return {"hidden_states": {1: "tokens"}, "img_ids": {0: "tokens"}}


def open_batch(values):
    """The batch as an open axis, where the example has one of two: a call without guidance has one."""
    rows = {name: value.shape[0] for name, value in values.items() if value.dim() > 0}
    if not any(count == 2 for count in rows.values()) or any(count % 2 for count in rows.values()):
        return {}
    # AnimateDiff's states have a row for each frame.
    return {name: {0: "batch_size" if count == 2 else "batch_frames"} for name, count in rows.items()}


def predictor_of(pipe):
    name = "transformer" if getattr(pipe, "transformer", None) is not None else "unet"
    return name, getattr(pipe, name)


def vae_scale(pipe):
    return next(
        (getattr(pipe, key) for key in ("vae_scale_factor_spatial", "vae_scale_factor") if isinstance(getattr(pipe, key, None), int)), 1
    )


def export_predictor(pipe, out, size):
    name, model = predictor_of(pipe)
    values = predictor_inputs(pipe, size)
    kind = type(model).__name__
    if getattr(pipe, "controlnet", None) is not None:
        values |= export_control(pipe, out, size, values)
    if kind == "ZImageTransformer2DModel":
        wrapped = ZImageDenoiser(model)
    elif kind == "QwenImageTransformer2DModel":
        wrapped = QwenImageDenoiser(model, list(values), qwen_grids(pipe, size), size["tokens"])
    else:
        wrapped = Denoiser(model, list(values))
    output = "out_sample" if name == "unet" else "out_hidden_states"
    tokens, file = open_tokens(pipe), sys.modules[type(model).__module__]
    rotate = getattr(file, "apply_rotary_emb", None)
    if tokens:
        file.apply_rotary_emb = open_rotary(rotate)
    write(wrapped, out / name, values, [output], open_batch(values) | tokens)
    if tokens:
        file.apply_rotary_emb = rotate
    save_config(model, out / name)
    # Wan 2.2 draws its last steps with a second one.
    if getattr(pipe, "transformer_2", None) is not None:
        write(Denoiser(pipe.transformer_2, list(values)), out / "transformer_2", values, [output])
        save_config(pipe.transformer_2, out / "transformer_2")


def export_vae(pipe, out, size):
    vae, kind = pipe.vae, type(pipe.vae).__name__
    scale = vae_scale(pipe)
    h, w = size["height"] // scale, size["width"] // scale
    if type(predictor_of(pipe)[1]).__name__ == "UNet2DConditionModel":
        h, w = size["height"], size["width"]
    latent = {0: "batch_size", 2: "latent_height", 3: "latent_width"}
    channels = getattr(vae.config, "latent_channels", None) or getattr(vae.config, "z_dim", None)
    if kind == "AutoencoderOobleck":
        values, decoder, axes = torch.randn(1, vae.config.decoder_input_channels, pipe.transformer.config.sample_size), SoundDecoder(vae), {}
    elif kind == "AutoencoderKLTemporalDecoder":
        values, decoder, axes = torch.randn(size["frames"], channels, h, w), Decoder(vae, num_frames=size["frames"]), {}
    elif kind in ("AutoencoderKLWan", "AutoencoderKLQwenImage"):
        frames = (size["frames"] - 1) // 4 + 1 if kind == "AutoencoderKLWan" else 1
        values, decoder, axes = torch.randn(1, channels, frames, h, w), Decoder(vae), {}
    elif kind == "AutoencoderKLFlux2":
        values, decoder, axes = torch.randn(1, channels * 4, h // 2, w // 2), Flux2Decoder(vae), latent
    else:
        values, decoder, axes = torch.randn(1, channels, h, w), Decoder(vae), latent
    write(decoder, out / "vae_decoder", {"latent_sample": values}, ["sample"], {"latent_sample": axes} if axes else None)
    save_config(vae, out / "vae_decoder")
    if hasattr(vae, "encoder") and kind in ("AutoencoderKL", "AutoencoderKLTemporalDecoder", "AutoencoderKLQwenImage", "AutoencoderKLWan"):
        # Qwen-Image's takes a picture as a video of one frame.
        frames = {"AutoencoderKLQwenImage": [1], "AutoencoderKLWan": [size["frames"]]}.get(kind, [])
        picture = torch.randn(1, 3, *frames, size["height"], size["width"])
        axes = {"sample": {0: "batch_size", 2: "height", 3: "width"}} if kind == "AutoencoderKL" else {}
        write(Encoder(vae), out / "vae_encoder", {"sample": picture}, ["latent_parameters"], axes)
        save_config(vae, out / "vae_encoder")


def export_text(pipe, out, size):
    for name in TEXT_ENCODERS:
        model = getattr(pipe, name, None)
        if model is None:
            continue
        # diffusers gives CLIP no mask; the states behind its padding count.
        is_clip = type(model).__name__.startswith("CLIP")
        pooled = {"CLIPTextModel": ["pooler_output"], "CLIPTextModelWithProjection": ["text_embeds"]}.get(type(model).__name__, [])
        layers = getattr(model.config, "num_hidden_layers", 0)
        outputs = [*pooled, "last_hidden_state", *(f"hidden_states.{i}" for i in range(layers + 1))]
        tokens = model.config.max_position_embeddings if is_clip else size["tokens"]
        ids = torch.ones(1, tokens, dtype=torch.long)
        values = {"input_ids": ids} if is_clip else {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        axes = {key: {0: "batch_size", 1: "sequence_length"} for key in values}
        write(TextEncoder(getattr(model, "model", model), outputs), out / name, values, outputs, axes)
        save_config(model, out / name)
    if getattr(pipe, "projection_model", None) is not None:
        width = pipe.projection_model.config.text_encoder_dim
        values = {"text_hidden_states": torch.randn(1, size["tokens"], width), "start_seconds": torch.zeros(1), "end_seconds": torch.ones(1)}
        # No output can have an input's name.
        outputs = ["projected_text_hidden_states", "seconds_start_hidden_states", "seconds_end_hidden_states"]
        write(Projection(pipe.projection_model), out / "projection_model", values, outputs, {"text_hidden_states": {0: "batch", 1: "tokens"}})
        save_config(pipe.projection_model, out / "projection_model")
    if getattr(pipe, "image_encoder", None) is not None:
        edge = pipe.image_encoder.config.image_size
        names = ["image_embeds"]
        if not type(pipe.image_encoder).__name__.endswith("WithProjection"):
            names = [f"hidden_states.{index}" for index in range(pipe.image_encoder.config.num_hidden_layers + 1)]
        write(ImageEncoder(pipe.image_encoder, names), out / "image_encoder", {"pixel_values": torch.randn(1, 3, edge, edge)}, names)
        save_config(pipe.image_encoder, out / "image_encoder")


class ImageEncoder(torch.nn.Module):
    def __init__(self, model, outputs):
        super().__init__()
        self.model, self.outputs = model, outputs

    def forward(self, pixel_values):
        given = self.model(pixel_values, output_hidden_states=True)
        return tuple(given.hidden_states[int(name.split(".")[1])] if "." in name else given[name] for name in self.outputs)


def export(pipe, out, size):
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    export_predictor(pipe, out, size)
    export_vae(pipe, out, size)
    export_text(pipe, out, size)
    for name in CONFIGS:
        if getattr(pipe, name, None) is not None:
            getattr(pipe, name).save_pretrained(out / name)
    index = {key: value for key, value in pipe.config.items() if not key.startswith("_") or key == "_diffusers_version"}
    (out / "model_index.json").write_text(json.dumps({"_class_name": type(pipe).__name__, **index}, indent=2, default=str))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("out")
    for name, value in (("height", 1024), ("width", 1024), ("frames", 16), ("tokens", 512)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--controlnet", help="a ControlNet for Stable Diffusion, SDXL, SD 3 or FLUX.1, exported with the predictor")
    given = vars(parser.parse_args())
    import diffusers

    pipe = diffusers.DiffusionPipeline.from_pretrained(given["model"])
    if given["controlnet"] is not None:
        name = type(pipe).__name__
        kind = getattr(diffusers, name.replace("Pipeline", "ControlNetPipeline"))
        models = {"FluxPipeline": "FluxControlNetModel", "StableDiffusion3Pipeline": "SD3ControlNetModel"}
        controlnet = getattr(diffusers, models.get(name, "ControlNetModel")).from_pretrained(given["controlnet"])
        pipe = kind.from_pipe(pipe, controlnet=controlnet)
    export(pipe, given["out"], given)


if __name__ == "__main__":
    main()
