"""Writes down what is said in a WAV file, with PocketSphinx and its model of American English, on a CPU.

usage: transcribe.py FOLDER

Reads FOLDER/input.json and the audio below $GRID_INPUTS; writes FOLDER/output.json below $GRID_OUTPUTS.
"""

import json
import os
import sys
import wave

from pocketsphinx import Decoder, Endpointer

SAMPLE_RATE = 16_000


class Refused(Exception):
    """The input cannot be worked on. Says what is wrong with it."""


def read_samples(path, name):
    """The samples, 16 bits each, one after the other."""
    try:
        with wave.open(path) as audio:
            found = (audio.getframerate(), audio.getnchannels(), audio.getsampwidth() * 8)
            if found != (SAMPLE_RATE, 1, 16):
                raise Refused(
                    f"{name} has {found[0]} Hz, {found[1]} channel(s), {found[2]} bits; give {SAMPLE_RATE} Hz, 1 channel, "
                    "16 bits, for instance by: ffmpeg -i INPUT -ar 16000 -ac 1 -sample_fmt s16 OUTPUT.wav"
                )
            return audio.readframes(audio.getnframes())
    except OSError as error:
        raise Refused(f"{name} cannot be read: {error}; is it one of the job's inputs?") from None
    except (wave.Error, EOFError) as error:
        raise Refused(f"{name} is no WAV file of plain samples: {error}") from None


def transcribe(samples):
    """A segment per stretch of speech between pauses."""
    endpointer = Endpointer(sample_rate=SAMPLE_RATE)
    decoder = Decoder(samprate=SAMPLE_RATE)
    segments, listening = [], False
    step = endpointer.frame_bytes
    for start in range(0, len(samples), step):
        frame, last = samples[start : start + step], start + step >= len(samples)
        speech = endpointer.end_stream(frame) if last else endpointer.process(frame)
        if speech is not None:
            if not listening:
                decoder.start_utt()
                listening = True
            decoder.process_raw(speech)
        if listening and (last or not endpointer.in_speech):
            decoder.end_utt()
            listening = False
            found = decoder.hyp()
            if found and found.hypstr:
                begin, end = round(endpointer.speech_start, 3), round(endpointer.speech_end, 3)
                segments.append({"start_seconds": begin, "end_seconds": end, "text": found.hypstr})
                print(f"{end:.1f} of {len(samples) / 2 / SAMPLE_RATE:.1f} seconds", flush=True)
    return segments


def main():
    if len(sys.argv) != 2:
        raise Refused("usage: transcribe.py FOLDER")
    folder, inputs = sys.argv[1], os.environ["GRID_INPUTS"]
    with open(os.path.join(inputs, folder, "input.json"), encoding="utf-8") as file:
        args = json.load(file)
    samples = read_samples(os.path.join(inputs, args["audio_file"]), args["audio_file"])
    segments = transcribe(samples)
    output = {
        "model": args["model"],
        "language": "en",
        "duration_seconds": round(len(samples) / 2 / SAMPLE_RATE, 3),
        "text": " ".join(segment["text"] for segment in segments),
        "segments": segments,
    }
    folder = os.path.join(os.environ["GRID_OUTPUTS"], folder)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "output.json"), "w", encoding="utf-8") as file:
        json.dump(output, file, ensure_ascii=False)


if __name__ == "__main__":
    try:
        main()
    except Refused as refused:
        sys.exit(f"transcribe.py: {refused}")
