"""Tiny models with random weights of pipeline classes, and a call of each: what record.py exports and runs.

The tokenizers are the bundled model's (CLIP) and one of letters that is made here (T5), so that nothing is downloaded.
"""

import pathlib

import diffusers as D
import numpy as np
import PIL.Image
import torch
import transformers as T

EMOJI = pathlib.Path(__file__).parents[2] / "models/emoji/tokenizer"
SIZE = {"height": 64, "width": 64, "frames": 4, "tokens": 16}
PROMPT = {"prompt": "a red apple", "negative_prompt": "bad"}
SQUARE = {"height": 64, "width": 64}
LETTERS = " abcdefghijklmnopqrstuvwxyz"

CASES = {}


def case(function):
    CASES[function.__name__.replace("_", "-")] = function
    return function


def lively(model):
    """Layers that diffusers begins at zero would hide what they read."""
    generator = torch.Generator().manual_seed(7)
    for parameter in model.parameters():
        if parameter.abs().max() == 0:
            parameter.data = torch.randn(parameter.shape, generator=generator) * 0.05
    return model.eval()


def made(seed, model, **config):
    torch.manual_seed(seed)
    return lively(model(**config))


def clip():
    return T.CLIPTokenizerFast.from_pretrained(EMOJI)


def clip_encoder(tokenizer, projection=None):
    config = T.CLIPTextConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=3, num_attention_heads=4,
        max_position_embeddings=tokenizer.model_max_length, projection_dim=projection or 32, bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    return made(1, T.CLIPTextModelWithProjection if projection else T.CLIPTextModel, config=config)


def t5():
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)] + [(letter.replace(" ", "\u2581"), -3.0) for letter in LETTERS]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=2))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return T.T5TokenizerFast(tokenizer_object=tokenizer, extra_ids=0, model_max_length=512)


def t5_encoder():
    config = T.T5Config(vocab_size=64, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, feed_forward_proj="gated-gelu")
    return made(2, T.T5EncoderModel, config=config)


def vae(channels=4, blocks=(8, 8, 8, 8), scale=0.18215, shift=None, quant=True):
    return made(
        3, D.AutoencoderKL, latent_channels=channels, block_out_channels=blocks, layers_per_block=1, norm_num_groups=4,
        down_block_types=("DownEncoderBlock2D",) * len(blocks), up_block_types=("UpDecoderBlock2D",) * len(blocks),
        scaling_factor=scale, shift_factor=shift, use_quant_conv=quant, use_post_quant_conv=quant, sample_size=64,
    )  # fmt: skip


def unet(**others):
    config = {
        "sample_size": 8, "block_out_channels": (16, 32), "layers_per_block": 1, "norm_num_groups": 4,
        "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"), "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
        "cross_attention_dim": 32, "attention_head_dim": 4,
    }  # fmt: skip
    return made(4, D.UNet2DConditionModel, **(config | others))


def picture(width, height):
    cells = np.random.RandomState(5).randint(0, 255, (height // 8, width // 8, 3), dtype=np.uint8)
    return PIL.Image.fromarray(cells).resize((width, height), PIL.Image.BICUBIC)


def mask(width, height):
    cells = np.zeros((height, width), np.uint8)
    cells[height // 4 : 3 * height // 4, width // 4 :] = 255
    return PIL.Image.fromarray(cells)


def flow(**config):
    return D.FlowMatchEulerDiscreteScheduler(**config)


@case
def aura_flow():
    transformer = made(
        5, D.AuraFlowTransformer2DModel, sample_size=8, patch_size=2, in_channels=4, out_channels=4, num_mmdit_layers=1,
        num_single_dit_layers=1, attention_head_dim=8, num_attention_heads=4, joint_attention_dim=32, caption_projection_dim=32,
        pos_embed_max_size=64,
    )  # fmt: skip
    pipe = D.AuraFlowPipeline(t5(), t5_encoder(), vae(), transformer, flow(shift=1.73))
    return pipe, PROMPT | SQUARE | {"num_inference_steps": 4, "guidance_scale": 3.5, "max_sequence_length": 16}, SIZE


@case
def sana():
    config = T.Gemma2Config(
        vocab_size=64, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        head_dim=8, max_position_embeddings=512, attn_implementation="eager",
    )  # fmt: skip
    encoder = made(6, T.Gemma2Model, config=config)
    transformer = made(
        5, D.SanaTransformer2DModel, in_channels=4, out_channels=4, num_attention_heads=4, attention_head_dim=8, num_layers=2,
        num_cross_attention_heads=4, cross_attention_head_dim=8, cross_attention_dim=32, caption_channels=32, mlp_ratio=2.0,
        sample_size=32, patch_size=1,
    )  # fmt: skip
    blocks = ("ResBlock", "EfficientViTBlock")
    decoder = made(
        3, D.AutoencoderDC, in_channels=3, latent_channels=4, attention_head_dim=2, encoder_block_types=blocks,
        decoder_block_types=blocks, encoder_block_out_channels=(8, 8), decoder_block_out_channels=(8, 8),
        encoder_qkv_multiscales=((), (5,)), decoder_qkv_multiscales=((), (5,)), encoder_layers_per_block=(1, 1),
        decoder_layers_per_block=(1, 1), downsample_block_type="conv", upsample_block_type="interpolate",
        decoder_norm_types="rms_norm", decoder_act_fns="silu", scaling_factor=0.41407,
    )  # fmt: skip
    scheduler = D.DPMSolverMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0)
    call = {"num_inference_steps": 4, "guidance_scale": 4.5, "max_sequence_length": 16, "use_resolution_binning": False}
    return D.SanaPipeline(t5(), encoder, decoder, transformer, scheduler), PROMPT | SQUARE | call, SIZE


def flux2(pipeline, has_guidance):
    transformer = made(
        5, D.Flux2Transformer2DModel, in_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=16,
        num_attention_heads=2, joint_attention_dim=24, axes_dims_rope=(4, 4, 4, 4), timestep_guidance_channels=32,
        guidance_embeds=has_guidance,
    )  # fmt: skip
    decoder = made(
        3, D.AutoencoderKLFlux2, block_out_channels=(8,) * 4, down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4, layers_per_block=1, latent_channels=4, norm_num_groups=4,
    )  # fmt: skip
    generator = torch.Generator().manual_seed(9)
    decoder.bn.running_mean.copy_(torch.randn(16, generator=generator))
    decoder.bn.running_var.copy_(torch.rand(16, generator=generator) + 0.5)
    scheduler = flow(use_dynamic_shifting=True, shift=3.0)
    pipe = pipeline(scheduler=scheduler, vae=decoder, text_encoder=None, tokenizer=None, transformer=transformer)
    torch.manual_seed(8)
    prompt, negative = torch.randn(1, 16, 24), torch.randn(1, 16, 24)
    call = {"prompt_embeds": prompt, "height": 64, "width": 96, "num_inference_steps": 4, "guidance_scale": 4.0}
    return pipe, call if has_guidance else call | {"negative_prompt_embeds": negative}, SIZE | {"width": 96}


@case
def flux2_dev():
    return flux2(D.Flux2Pipeline, True)


@case
def flux2_klein():
    return flux2(D.Flux2KleinPipeline, False)


@case
def flux2_klein_text():
    pipe, call, size = flux2(D.Flux2KleinPipeline, False)
    encoder = qwen_encoder(8, 28)
    pipe = D.Flux2KleinPipeline(pipe.scheduler, pipe.vae, encoder, qwen(), pipe.transformer)
    plain = {key: value for key, value in call.items() if not key.endswith("embeds")}
    return pipe, plain | {"prompt": "a red apple", "max_sequence_length": 64}, size | {"tokens": 64}


@case
def upscaler():
    tokenizer = clip()
    noise = D.DDIMScheduler(prediction_type="v_prediction", set_alpha_to_one=False, steps_offset=1)
    model = unet(in_channels=7, num_class_embeds=1000, sample_size=16)
    low = D.DDPMScheduler(beta_schedule="squaredcos_cap_v2")
    decoder = vae(blocks=(8, 8, 8), scale=0.08333)
    pipe = D.StableDiffusionUpscalePipeline(decoder, clip_encoder(tokenizer), tokenizer, model, low, noise, max_noise_level=350)
    call = PROMPT | {"image": picture(32, 32), "num_inference_steps": 4, "guidance_scale": 9.0, "noise_level": 20}
    return pipe, call, SIZE | {"height": 32, "width": 32}


@case
def animate_diff():
    tokenizer = clip()
    adapter = made(
        5, D.MotionAdapter, block_out_channels=(16, 32), motion_layers_per_block=1, motion_num_attention_heads=4,
        motion_norm_num_groups=4, motion_max_seq_length=8, use_motion_mid_block=True,
    )  # fmt: skip
    scheduler = D.DDIMScheduler(beta_schedule="linear", clip_sample=False, timestep_spacing="linspace", steps_offset=1)
    pipe = D.AnimateDiffPipeline(vae(), clip_encoder(tokenizer), tokenizer, unet(), adapter, scheduler)
    lively(pipe.unet)
    return pipe, PROMPT | SQUARE | {"num_frames": 4, "num_inference_steps": 4, "guidance_scale": 7.5}, SIZE


@case
def stable_diffusion_3():
    tokenizer = clip()
    transformer = made(
        5, D.SD3Transformer2DModel, sample_size=8, patch_size=2, in_channels=16, out_channels=16, num_layers=2,
        attention_head_dim=8, num_attention_heads=4, joint_attention_dim=64, caption_projection_dim=32,
        pooled_projection_dim=56, pos_embed_max_size=16,
    )  # fmt: skip
    pipe = D.StableDiffusion3InpaintPipeline(
        transformer=transformer, scheduler=flow(shift=3.0), vae=vae(16, scale=1.5305, shift=0.0609, quant=False),
        text_encoder=clip_encoder(tokenizer, 32), tokenizer=tokenizer, text_encoder_2=clip_encoder(tokenizer, 24),
        tokenizer_2=clip(), text_encoder_3=None, tokenizer_3=None,
    )  # fmt: skip
    call = {"image": picture(64, 64), "mask_image": mask(64, 64), "strength": 0.6, "num_inference_steps": 6, "guidance_scale": 5.0}
    return pipe, PROMPT | SQUARE | call | {"max_sequence_length": 16}, SIZE | {"tokens": 32}


@case
def pixart_sigma():
    transformer = made(
        5, D.PixArtTransformer2DModel, sample_size=8, num_layers=2, patch_size=2, attention_head_dim=8, num_attention_heads=4,
        caption_channels=32, in_channels=4, cross_attention_dim=32, out_channels=8, attention_bias=True,
        norm_type="ada_norm_single", norm_elementwise_affine=False, norm_eps=1e-6, use_additional_conditions=False,
    )  # fmt: skip
    scheduler = D.DPMSolverMultistepScheduler()
    pipe = D.PixArtSigmaPipeline(t5(), t5_encoder(), vae(), transformer, scheduler)
    call = {"num_inference_steps": 4, "guidance_scale": 4.5, "max_sequence_length": 16, "use_resolution_binning": False}
    return pipe, PROMPT | SQUARE | call, SIZE


def wan_parts(pipeline, scheduler, in_channels=16, image_dim=None, second=False, **others):
    config = T.UMT5Config(vocab_size=64, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, feed_forward_proj="gated-gelu")
    encoder = made(2, T.UMT5EncoderModel, config=config)
    decoder = made(3, D.AutoencoderKLWan, base_dim=3, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1, temperal_downsample=[False, True, True])
    shape = {
        "patch_size": (1, 2, 2), "num_attention_heads": 2, "attention_head_dim": 12, "in_channels": in_channels, "out_channels": 16, "text_dim": 32,
        "freq_dim": 64, "ffn_dim": 32, "num_layers": 2, "cross_attn_norm": True, "qk_norm": "rms_norm_across_heads", "rope_max_seq_len": 32,
        "image_dim": image_dim, "added_kv_proj_dim": None if image_dim is None else 24,
    }  # fmt: skip
    pipe = pipeline(
        tokenizer=t5(), text_encoder=encoder, vae=decoder, scheduler=scheduler, transformer=made(5, D.WanTransformer3DModel, **shape),
        transformer_2=made(15, D.WanTransformer3DModel, **shape) if second else None, **others,
    )  # fmt: skip
    return pipe, PROMPT | SQUARE | {"num_frames": 5, "num_inference_steps": 4, "guidance_scale": 5.0, "max_sequence_length": 16}


@case
def wan():
    pipe, call = wan_parts(D.WanPipeline, flow(shift=3.0))
    return pipe, call, SIZE | {"frames": 5}


@case
def wan_two():
    scheduler = D.UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0)
    pipe, call = wan_parts(D.WanPipeline, scheduler, second=True, boundary_ratio=0.8)
    return pipe, call | {"num_inference_steps": 6, "guidance_scale_2": 3.0}, SIZE | {"frames": 5}


@case
def wan_tokens():
    pipe, call = wan_parts(D.WanPipeline, flow(shift=3.0), expand_timesteps=True)
    return pipe, call, SIZE | {"frames": 5}


@case
def wan_picture():
    config = T.CLIPVisionConfig(
        hidden_size=24, num_hidden_layers=3, num_attention_heads=4, image_size=32, intermediate_size=37, patch_size=16, projection_dim=16
    )
    encoder = made(1, T.CLIPVisionModel, config=config)
    pictures = T.CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    pipe, call = wan_parts(
        D.WanImageToVideoPipeline, flow(shift=3.0), in_channels=36, image_dim=24, image_encoder=encoder, image_processor=pictures
    )
    # A picture larger than what is drawn, and of another shape; the class takes the last 512 of all states for the text's.
    return pipe, call | {"image": picture(96, 72), "max_sequence_length": 512}, SIZE | {"frames": 5, "tokens": 512}


@case
def wan_two_picture():
    scheduler = D.UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0)
    pipe, call = wan_parts(
        D.WanImageToVideoPipeline, scheduler, in_channels=36, second=True, boundary_ratio=0.9, image_encoder=None, image_processor=None
    )
    return pipe, call | {"image": picture(64, 64), "last_image": picture(64, 64).rotate(90)}, SIZE | {"frames": 5}


CHAT = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% if enable_thinking is false %}<think>\n\n</think>\n\n{% endif %}{% endif %}"
)


def qwen():
    """A tokenizer of bytes with the special tokens and the chat of Qwen3."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    vocabulary = {letter: index for index, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    tokenizer = Tokenizer(models.BPE(vocabulary, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(name, special=True) for name in ("<|endoftext|>", "<|im_start|>", "<|im_end|>")])
    tokenizer.add_tokens([AddedToken(name, special=False) for name in ("<think>", "</think>")])
    return T.Qwen2TokenizerFast(
        tokenizer_object=tokenizer, pad_token="<|endoftext|>", eos_token="<|im_end|>", model_max_length=512, chat_template=CHAT
    )


def qwen_encoder(width, layers):
    config = T.Qwen3Config(
        vocab_size=300, hidden_size=width, intermediate_size=32, num_hidden_layers=layers, num_attention_heads=2, num_key_value_heads=1, head_dim=8,
        attn_implementation="eager",
    )  # fmt: skip
    return made(12, T.Qwen3Model, config=config)


def z_image_parts(pipeline):
    transformer = made(
        5, D.ZImageTransformer2DModel, all_patch_size=(2,), all_f_patch_size=(1,), in_channels=16, dim=32, n_layers=2,
        n_refiner_layers=1, n_heads=2, n_kv_heads=2, norm_eps=1e-5, qk_norm=True, cap_feat_dim=16, rope_theta=256.0, t_scale=1000.0,
        axes_dims=[8, 4, 4], axes_lens=[256, 32, 32],
    )  # fmt: skip
    decoder = vae(16, scale=0.3611, shift=0.1159, quant=False)
    pipe = pipeline(scheduler=flow(shift=3.0), vae=decoder, text_encoder=None, tokenizer=None, transformer=transformer)
    torch.manual_seed(8)
    # A multiple of 32: the class pads captions to it while it is traced.
    prompt, negative = torch.randn(32, 16), torch.randn(32, 16)
    call = {"prompt_embeds": [prompt], "negative_prompt_embeds": [negative], "num_inference_steps": 4, "guidance_scale": 3.0}
    return pipe, call


@case
def z_image():
    pipe, call = z_image_parts(D.ZImagePipeline)
    return pipe, call | SQUARE, SIZE | {"tokens": 32}


@case
def z_image_text():
    pipe, call = z_image_parts(D.ZImagePipeline)
    pipe = D.ZImagePipeline(pipe.scheduler, pipe.vae, qwen_encoder(16, 3), qwen(), pipe.transformer)
    plain = {key: value for key, value in call.items() if not key.endswith("embeds")}
    # A token a letter: with the chat around them as many as the export has.
    prompts = {"prompt": "a red apple".ljust(45, "."), "negative_prompt": "bad and blurry".ljust(45, "!")}
    return pipe, plain | prompts | SQUARE | {"max_sequence_length": 64}, SIZE | {"tokens": 64}


@case
def z_image_img2img():
    pipe, call = z_image_parts(D.ZImageImg2ImgPipeline)
    return pipe, call | SQUARE | {"image": picture(64, 64), "strength": 0.6}, SIZE | {"tokens": 32}


@case
def z_image_inpaint():
    pipe, call = z_image_parts(D.ZImageInpaintPipeline)
    pictures = {"image": picture(64, 64), "mask_image": mask(64, 64), "strength": 0.7}
    return pipe, call | SQUARE | pictures, SIZE | {"tokens": 32}


def qwen_image_parts(pipeline):
    decoder = made(
        3, D.AutoencoderKLQwenImage, base_dim=24, z_dim=4, dim_mult=[1, 2, 4], num_res_blocks=1, temperal_downsample=[False, True],
        latents_mean=[0.1, -0.2, 0.3, 0.0], latents_std=[1.1, 0.9, 1.2, 1.0],
    )  # fmt: skip
    transformer = made(
        5, D.QwenImageTransformer2DModel, patch_size=2, in_channels=16, out_channels=4, num_layers=2, attention_head_dim=16,
        num_attention_heads=3, joint_attention_dim=16, guidance_embeds=False, axes_dims_rope=(8, 4, 4),
    )  # fmt: skip
    scheduler = flow(use_dynamic_shifting=True, base_shift=0.5, max_shift=0.9, shift_terminal=0.02, max_image_seq_len=8192, base_image_seq_len=256)
    pipe = pipeline(scheduler=scheduler, vae=decoder, text_encoder=None, tokenizer=None, transformer=transformer)
    torch.manual_seed(8)
    prompt, negative = torch.randn(1, 16, 16), torch.randn(1, 16, 16)
    ones = torch.ones(1, 16, dtype=torch.long)
    call = {"prompt_embeds": prompt, "prompt_embeds_mask": ones, "negative_prompt_embeds": negative, "negative_prompt_embeds_mask": ones}
    return pipe, call | SQUARE | {"num_inference_steps": 4, "true_cfg_scale": 3.0}


@case
def qwen_image():
    pipe, call = qwen_image_parts(D.QwenImagePipeline)
    return pipe, call, SIZE


@case
def qwen_image_img2img():
    pipe, call = qwen_image_parts(D.QwenImageImg2ImgPipeline)
    return pipe, call | {"image": picture(64, 64), "strength": 0.6, "num_inference_steps": 5}, SIZE


@case
def qwen_image_inpaint():
    pipe, call = qwen_image_parts(D.QwenImageInpaintPipeline)
    return pipe, call | {"image": picture(64, 64), "mask_image": mask(64, 64), "strength": 0.8, "num_inference_steps": 5}, SIZE


@case
def stable_video_diffusion():
    unet = made(
        4, D.UNetSpatioTemporalConditionModel, block_out_channels=(32, 64), layers_per_block=1, sample_size=8, in_channels=8,
        out_channels=4, down_block_types=("CrossAttnDownBlockSpatioTemporal", "DownBlockSpatioTemporal"),
        up_block_types=("UpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal"), cross_attention_dim=32, num_attention_heads=4,
        projection_class_embeddings_input_dim=96, addition_time_embed_dim=32,
    )  # fmt: skip
    decoder = made(
        3, D.AutoencoderKLTemporalDecoder, block_out_channels=(32,) * 4, in_channels=3, out_channels=3,
        down_block_types=("DownEncoderBlock2D",) * 4, latent_channels=4, layers_per_block=1,
    )  # fmt: skip
    config = T.CLIPVisionConfig(
        hidden_size=32, projection_dim=32, num_hidden_layers=3, num_attention_heads=4, image_size=224, intermediate_size=37, patch_size=56
    )
    encoder = made(1, T.CLIPVisionModelWithProjection, config=config)
    scheduler = D.EulerDiscreteScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", interpolation_type="linear", prediction_type="v_prediction",
        use_karras_sigmas=True, sigma_min=0.002, sigma_max=700.0, steps_offset=1, timestep_spacing="leading", timestep_type="continuous",
    )  # fmt: skip
    pipe = D.StableVideoDiffusionPipeline(decoder, encoder, unet, scheduler, T.CLIPImageProcessor())
    call = {"image": picture(64, 64), "num_frames": 4, "num_inference_steps": 4, "fps": 7, "motion_bucket_id": 127, "noise_aug_strength": 0.02}
    return pipe, SQUARE | call | {"min_guidance_scale": 1.0, "max_guidance_scale": 2.5, "decode_chunk_size": 4}, SIZE


@case
def latent_consistency_img2img():
    tokenizer = clip()
    scheduler = D.LCMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", original_inference_steps=50)
    pipe = D.LatentConsistencyModelImg2ImgPipeline(
        vae(), clip_encoder(tokenizer), tokenizer, unet(time_cond_proj_dim=32), scheduler, None, None, requires_safety_checker=False
    )
    return pipe, {"prompt": "a red apple", "image": picture(64, 64), "strength": 0.6, "num_inference_steps": 4, "guidance_scale": 8.5}, SIZE


def stable_diffusion_xl_parts(pipeline):
    tokenizer = clip()
    model = unet(
        addition_embed_type="text_time", addition_time_embed_dim=8, projection_class_embeddings_input_dim=6 * 8 + 24, cross_attention_dim=64
    )
    scheduler = D.EulerDiscreteScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", timestep_spacing="leading", steps_offset=1)
    second = clip_encoder(tokenizer, 24)
    pipe = pipeline(vae(scale=0.13025), clip_encoder(tokenizer), second, tokenizer, clip(), model, scheduler, add_watermarker=False)
    sizes = {"original_size": (96, 80), "crops_coords_top_left": (8, 4), "negative_target_size": (48, 40), "negative_original_size": (56, 24)}
    return pipe, PROMPT | sizes | {"num_inference_steps": 4, "guidance_scale": 5.0}


@case
def sdxl_negative_sizes():
    pipe, call = stable_diffusion_xl_parts(D.StableDiffusionXLPipeline)
    return pipe, call | SQUARE | {"clip_skip": 1}, SIZE


@case
def sdxl_img2img_sizes():
    pipe, call = stable_diffusion_xl_parts(D.StableDiffusionXLImg2ImgPipeline)
    del call["negative_target_size"]
    return pipe, call | {"image": picture(64, 64), "strength": 0.6}, SIZE


def controlnet(**others):
    config = {
        "block_out_channels": (16, 32), "layers_per_block": 1, "norm_num_groups": 4, "cross_attention_dim": 32, "attention_head_dim": 4,
        "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"), "conditioning_embedding_out_channels": (8, 16, 16, 16),
    }  # fmt: skip
    return made(6, D.ControlNetModel, **(config | others))


def stable_diffusion_parts(pipeline, scheduler, **others):
    tokenizer = clip()
    return pipeline(
        vae=vae(), text_encoder=clip_encoder(tokenizer), tokenizer=tokenizer, unet=unet(), scheduler=scheduler, safety_checker=None,
        feature_extractor=None, requires_safety_checker=False, **others,
    )  # fmt: skip


def scaled_linear(kind, **others):
    return kind(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", **others)


@case
def stable_diffusion_inpaint():
    pipe = stable_diffusion_parts(D.StableDiffusionInpaintPipeline, scaled_linear(D.DPMSolverMultistepScheduler, use_karras_sigmas=True))
    call = {"image": picture(64, 64), "mask_image": mask(64, 64), "strength": 0.7, "num_inference_steps": 6, "guidance_scale": 6.0}
    return pipe, PROMPT | SQUARE | call, SIZE


@case
def controlnet_img2img():
    scheduler = scaled_linear(D.EulerAncestralDiscreteScheduler, timestep_spacing="trailing")
    pipe = stable_diffusion_parts(D.StableDiffusionControlNetImg2ImgPipeline, scheduler, controlnet=controlnet())
    pictures = {"image": picture(64, 64), "control_image": mask(64, 64).convert("RGB")}
    return pipe, PROMPT | pictures | {"strength": 0.7, "num_inference_steps": 5, "guidance_scale": 5.0}, SIZE


@case
def controlnet_inpaint():
    pipe = stable_diffusion_parts(D.StableDiffusionControlNetInpaintPipeline, scaled_linear(D.DDIMScheduler, clip_sample=False), controlnet=controlnet())
    pictures = {"image": picture(64, 64), "mask_image": mask(64, 64), "control_image": picture(64, 64).rotate(90)}
    return pipe, PROMPT | pictures | {"strength": 0.8, "num_inference_steps": 5, "guidance_scale": 5.0}, SIZE


def sdxl_controlnet_parts(pipeline):
    added = {"addition_embed_type": "text_time", "addition_time_embed_dim": 8, "projection_class_embeddings_input_dim": 6 * 8 + 24}
    tokenizer = clip()
    scheduler = scaled_linear(D.EulerDiscreteScheduler, timestep_spacing="leading", steps_offset=1)
    pipe = pipeline(
        vae=vae(scale=0.13025), text_encoder=clip_encoder(tokenizer), text_encoder_2=clip_encoder(tokenizer, 24), tokenizer=tokenizer, tokenizer_2=clip(),
        unet=unet(**added, cross_attention_dim=64), controlnet=controlnet(**added, cross_attention_dim=64), scheduler=scheduler, add_watermarker=False,
    )  # fmt: skip
    return pipe, PROMPT | {"num_inference_steps": 4, "guidance_scale": 5.0}


@case
def sdxl_controlnet():
    pipe, call = sdxl_controlnet_parts(D.StableDiffusionXLControlNetPipeline)
    return pipe, call | {"image": picture(64, 64), "controlnet_conditioning_scale": 0.6, "control_guidance_end": 0.7}, SIZE


@case
def sdxl_controlnet_img2img():
    pipe, call = sdxl_controlnet_parts(D.StableDiffusionXLControlNetImg2ImgPipeline)
    return pipe, call | {"image": picture(64, 64), "control_image": picture(64, 64).rotate(90), "strength": 0.6}, SIZE


@case
def sdxl_controlnet_inpaint():
    pipe, call = sdxl_controlnet_parts(D.StableDiffusionXLControlNetInpaintPipeline)
    pictures = {"image": picture(64, 64), "mask_image": mask(64, 64), "control_image": picture(64, 64).rotate(90)}
    return pipe, call | pictures | {"strength": 0.9}, SIZE


@case
def pixart_alpha():
    transformer = made(
        5, D.PixArtTransformer2DModel, sample_size=32, num_layers=2, patch_size=2, attention_head_dim=8, num_attention_heads=4,
        caption_channels=32, in_channels=4, cross_attention_dim=32, out_channels=8, attention_bias=True,
        norm_type="ada_norm_single", norm_elementwise_affine=False, norm_eps=1e-6, use_additional_conditions=False,
    )  # fmt: skip
    pipe = D.PixArtAlphaPipeline(t5(), t5_encoder(), vae(), transformer, D.DPMSolverMultistepScheduler())
    call = {"num_inference_steps": 4, "guidance_scale": 4.5, "max_sequence_length": 16, "height": 200, "width": 250}
    # Drawn as 224 x 272, the nearest of diffusers' table, and brought to what was asked for.
    return pipe, PROMPT | call, SIZE | {"height": 224, "width": 272}


@case
def stable_audio():
    from diffusers.pipelines.stable_audio import StableAudioProjectionModel

    transformer = made(
        5, D.StableAudioDiTModel, sample_size=16, in_channels=4, num_layers=2, attention_head_dim=16, num_attention_heads=4, num_key_value_attention_heads=2,
        out_channels=4, cross_attention_dim=32, time_proj_dim=32, global_states_input_dim=64, cross_attention_input_dim=32,
    )  # fmt: skip
    decoder = made(
        3, D.AutoencoderOobleck, encoder_hidden_size=8, downsampling_ratios=[2, 4], channel_multiples=[1, 2], decoder_channels=8,
        decoder_input_channels=4, audio_channels=2, sampling_rate=32,
    )  # fmt: skip
    projection = made(6, StableAudioProjectionModel, text_encoder_dim=32, conditioning_dim=32, min_value=0, max_value=32)
    scheduler = D.CosineDPMSolverMultistepScheduler(solver_order=2, prediction_type="v_prediction", sigma_data=1.0, sigma_schedule="exponential")
    pipe = D.StableAudioPipeline(decoder, t5_encoder(), projection, t5(), transformer, scheduler)
    return pipe, PROMPT | {"num_inference_steps": 4, "guidance_scale": 5.0, "audio_end_in_s": 3.0}, SIZE | {"tokens": 512}


def flux_parts(pipeline, in_channels, decoder=None, controlnet=None, **call):
    tokenizer = clip()
    transformer = made(
        5, D.FluxTransformer2DModel, patch_size=1, in_channels=in_channels, out_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=16,
        num_attention_heads=2, joint_attention_dim=32, pooled_projection_dim=32, axes_dims_rope=(4, 4, 8), guidance_embeds=True,
    )  # fmt: skip
    pipe = pipeline(
        scheduler=flow(use_dynamic_shifting=True), vae=decoder or vae(scale=0.3611, shift=0.1159, quant=False), text_encoder=clip_encoder(tokenizer),
        tokenizer=tokenizer, text_encoder_2=t5_encoder(), tokenizer_2=t5(), transformer=transformer, **({} if controlnet is None else {"controlnet": controlnet}),
    )  # fmt: skip
    plain = {"prompt": "a red apple", "num_inference_steps": 4, "max_sequence_length": 16, "height": 64, "width": 96}
    return pipe, plain | call, SIZE | {"width": 96}


@case
def flux_fill():
    return flux_parts(D.FluxFillPipeline, 16 + 16 + 256, image=picture(96, 64), mask_image=mask(96, 64), guidance_scale=20.0)


@case
def flux_control():
    return flux_parts(D.FluxControlPipeline, 32, control_image=picture(96, 64), guidance_scale=10.0)


@case
def flux_kontext():
    # 32 pixels along an edge of a latent: the picture that is read has about 1024 x 1024, whatever is drawn.
    decoder = vae(blocks=(8,) * 6, scale=0.3611, shift=0.1159, quant=False)
    call = {"image": picture(208, 136), "max_area": 256 * 384, "height": 256, "width": 384, "guidance_scale": 2.5}
    guided = {"negative_prompt": "bad", "true_cfg_scale": 2.0}
    pipe, plain, size = flux_parts(D.FluxKontextPipeline, 16, decoder, **(call | guided))
    return pipe, plain, size | {"height": 256, "width": 384, "encoder": "onnx"}


@case
def flux_controlnet():
    control = made(
        6, D.FluxControlNetModel, patch_size=1, in_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=16, num_attention_heads=2,
        joint_attention_dim=32, pooled_projection_dim=32, axes_dims_rope=(4, 4, 8), guidance_embeds=True,
    )  # fmt: skip
    call = {"control_image": picture(96, 64), "controlnet_conditioning_scale": 0.7, "control_guidance_end": 0.8, "guidance_scale": 3.5}
    guided = {"negative_prompt": "bad", "true_cfg_scale": 2.0}
    return flux_parts(D.FluxControlNetPipeline, 16, controlnet=control, **(call | guided))


@case
def flux_controlnet_union():
    control = made(
        6, D.FluxControlNetModel, patch_size=1, in_channels=16, num_layers=1, num_single_layers=0, attention_head_dim=16, num_attention_heads=2,
        joint_attention_dim=32, pooled_projection_dim=32, axes_dims_rope=(4, 4, 8), guidance_embeds=True, num_mode=3,
    )  # fmt: skip
    return flux_parts(D.FluxControlNetPipeline, 16, controlnet=control, control_image=picture(96, 64), control_mode=2)


def sd3_controlnet_parts(zeros, **call):
    tokenizer = clip()
    shape = {
        "sample_size": 8, "patch_size": 2, "in_channels": 16, "out_channels": 16, "attention_head_dim": 8, "num_attention_heads": 4,
        "joint_attention_dim": 64, "caption_projection_dim": 32, "pooled_projection_dim": 56, "pos_embed_max_size": 16,
    }  # fmt: skip
    pipe = D.StableDiffusion3ControlNetPipeline(
        transformer=made(5, D.SD3Transformer2DModel, num_layers=3, **shape), scheduler=flow(shift=3.0),
        vae=vae(16, scale=1.5305, shift=0.0609, quant=False), text_encoder=clip_encoder(tokenizer, 32), tokenizer=tokenizer,
        text_encoder_2=clip_encoder(tokenizer, 24), tokenizer_2=clip(), text_encoder_3=None, tokenizer_3=None,
        controlnet=made(6, D.SD3ControlNetModel, num_layers=1, force_zeros_for_pooled_projection=zeros, **shape),
    )  # fmt: skip
    plain = {"control_image": picture(64, 64), "num_inference_steps": 5, "guidance_scale": 5.0, "max_sequence_length": 16}
    return pipe, PROMPT | SQUARE | plain | call, SIZE | {"tokens": 32}


@case
def sd3_controlnet():
    return sd3_controlnet_parts(True, controlnet_conditioning_scale=0.7)


@case
def sd3_controlnet_pooled():
    return sd3_controlnet_parts(False, control_guidance_start=0.2)


@case
def sana_sprint():
    pipe, _call, size = sana()
    transformer = made(
        5, D.SanaTransformer2DModel, in_channels=4, out_channels=4, num_attention_heads=4, attention_head_dim=8, num_layers=2,
        num_cross_attention_heads=4, cross_attention_head_dim=8, cross_attention_dim=32, caption_channels=32, mlp_ratio=2.0,
        sample_size=32, patch_size=1, guidance_embeds=True, guidance_embeds_scale=0.1, qk_norm="rms_norm_across_heads",
    )  # fmt: skip
    scheduler = D.SCMScheduler(prediction_type="trigflow", sigma_data=0.5)
    call = {"prompt": "a red apple", "num_inference_steps": 2, "guidance_scale": 4.5, "max_sequence_length": 16, "use_resolution_binning": False}
    return D.SanaSprintPipeline(pipe.tokenizer, pipe.text_encoder, pipe.vae, transformer, scheduler), SQUARE | call, size


@case
def qwen_image_edit():
    decoder = made(
        3, D.AutoencoderKLQwenImage, base_dim=4, z_dim=4, dim_mult=[1] * 6, num_res_blocks=1, temperal_downsample=[False] * 4 + [True],
        latents_mean=[0.1, -0.2, 0.3, 0.0], latents_std=[1.1, 0.9, 1.2, 1.0],
    )  # fmt: skip
    plain, call = qwen_image_parts(D.QwenImagePipeline)
    pipe = D.QwenImageEditPipeline(
        scheduler=plain.scheduler, vae=decoder, text_encoder=None, tokenizer=None, processor=None, transformer=plain.transformer
    )
    for name in SQUARE:
        del call[name]
    # Drawn, and read, in about 1024 x 1024 pixels of the picture's proportions.
    return pipe, call | {"image": picture(96, 72)}, SIZE | {"width": 1152, "height": 896}
