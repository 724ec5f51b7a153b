"""Makes images out of a text with a Stable Diffusion model.

usage: generate.py FOLDER

Reads FOLDER/input.json below $GRID_INPUTS; writes FOLDER/output.json and FOLDER/files/*.png below $GRID_OUTPUTS.
$CONNECTOR_MODEL is the folder of the model, as diffusers saves it.
"""

import json
import os
import sys

import torch
from diffusers import DiffusionPipeline


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: generate.py FOLDER")
    folder = sys.argv[1]
    with open(os.path.join(os.environ["GRID_INPUTS"], folder, "input.json"), encoding="utf-8") as file:
        args = json.load(file)
    # A name would be looked for on a model hub, and in a cache that lies in the job's own folder.
    model = os.environ["CONNECTOR_MODEL"]
    if not os.path.isabs(model):
        sys.exit(f'generate.py: the setting "model" is {model}: it must be the absolute path of a folder')
    files = os.path.join(os.environ["GRID_OUTPUTS"], folder, "files")
    os.makedirs(files, exist_ok=True)

    on_gpu = torch.cuda.is_available()
    pipeline = DiffusionPipeline.from_pretrained(
        model, local_files_only=True, torch_dtype=torch.float16 if on_gpu else torch.float32
    ).to("cuda" if on_gpu else "cpu")
    pipeline.set_progress_bar_config(disable=True)

    images, first, count = [], args.get("seed", 0), args.get("count", 1)
    # One at a time: an image depends on its own seed and on nothing else, and the memory needed stays the same.
    for index in range(count):
        # Drawn on the CPU, so that one seed gives one image on every GPU, but for rounding.
        generator = torch.Generator("cpu").manual_seed(first + index)
        result = pipeline(
            prompt=args["prompt"],
            negative_prompt=args.get("negative_prompt"),
            width=args.get("width", 512),
            height=args.get("height", 512),
            num_inference_steps=args.get("steps", 30),
            guidance_scale=args.get("guidance", 7.5),
            generator=generator,
        )
        image, name = result.images[0], f"{index}.png"
        image.save(os.path.join(files, name))
        entry = {"file": name, "width": image.width, "height": image.height, "seed": first + index}
        blocked = getattr(result, "nsfw_content_detected", None)
        if blocked:
            entry["blocked"] = bool(blocked[0])
        images.append(entry)
        print(f"{index + 1} of {count} images", flush=True)

    output = {"model": args["model"], "images": images}
    with open(os.path.join(os.environ["GRID_OUTPUTS"], folder, "output.json"), "w", encoding="utf-8") as file:
        json.dump(output, file)


if __name__ == "__main__":
    main()
