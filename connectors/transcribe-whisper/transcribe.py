"""Writes down what is said in an audio file, with a Whisper model.

usage: transcribe.py FOLDER

Reads FOLDER/input.json and the audio below $GRID_INPUTS; writes FOLDER/output.json below $GRID_OUTPUTS.
$CONNECTOR_MODEL is the folder of the model, as faster-whisper reads it; $CONNECTOR_DEVICE is cuda or cpu.
"""

import json
import os
import sys

from faster_whisper import WhisperModel


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: transcribe.py FOLDER")
    folder, inputs = sys.argv[1], os.environ["GRID_INPUTS"]
    with open(os.path.join(inputs, folder, "input.json"), encoding="utf-8") as file:
        args = json.load(file)

    # A name would be looked for on a model hub, and in a cache that lies in the job's own folder.
    path, device = os.environ["CONNECTOR_MODEL"], os.environ["CONNECTOR_DEVICE"]
    if not os.path.isabs(path):
        sys.exit(f'transcribe.py: the setting "model" is {path}: it must be the absolute path of a folder')
    compute_type = "float16" if device == "cuda" else "int8"
    model = WhisperModel(path, device=device, compute_type=compute_type, local_files_only=True)
    found, info = model.transcribe(
        os.path.join(inputs, args["audio_file"]),
        language=args.get("language"),
        task="translate" if args.get("translate") else "transcribe",
        beam_size=args.get("beam_size", 5),
    )
    segments = []
    # The work is done here, segment by segment.
    for segment in found:
        start, end = round(segment.start, 3), round(segment.end, 3)
        segments.append({"start_seconds": start, "end_seconds": end, "text": segment.text.strip()})
        print(f"{end:.1f} of {info.duration:.1f} seconds", flush=True)

    output = {
        "model": args["model"],
        "language": info.language,
        "duration_seconds": round(info.duration, 3),
        "text": " ".join(segment["text"] for segment in segments),
        "segments": segments,
    }
    folder = os.path.join(os.environ["GRID_OUTPUTS"], folder)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "output.json"), "w", encoding="utf-8") as file:
        json.dump(output, file, ensure_ascii=False)


if __name__ == "__main__":
    main()
