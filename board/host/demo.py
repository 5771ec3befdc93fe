#!/usr/bin/env python3
"""Runs the whole road once on this machine and shows it. board/host/demo installs and builds, then calls this."""
import argparse
import json
import pathlib
import queue
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from house import SOURCE, House, HouseError, wait_until

FILM = SOURCE / "tests" / "data" / "road.mp4"
TRUTH = SOURCE / "tests" / "data" / "road.csv"
PICTURES = {".jpg", ".jpeg", ".png"}
QUIET_LIMIT_S = 120.0  # after the reader ended, how long receipts and verdicts may take
BAR_WIDTH = 32


def parse_arguments():
    parser = argparse.ArgumentParser(prog="board/host/demo", add_help=False)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--input", type=pathlib.Path, default=FILM)
    parser.add_argument("--folder", type=pathlib.Path, default=SOURCE / "build" / "demo")
    parser.add_argument("--keep", action="store_true")
    arguments = parser.parse_args()
    if not arguments.input.exists():
        parser.error(f"--input {arguments.input}: no such file or folder; name a film, a picture or a folder of pictures")
    arguments.input = arguments.input.resolve()
    return arguments


def pictures_of(path):
    """The pictures of a folder or a single picture; empty for a film."""
    if path.is_dir():
        return sorted(entry for entry in path.rglob("*") if entry.suffix.lower() in PICTURES)
    return [path] if path.suffix.lower() in PICTURES else []


def film_seconds(path):
    """The film's length, 0 if ffprobe cannot tell."""
    answer = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", str(path)],
                            capture_output=True, text=True)
    try:
        return float(answer.stdout)
    except ValueError:
        return 0.0


class Screen:
    """The table on stdout, the progress bar (on a terminal only) on stderr."""

    def __init__(self, total, unit):
        self.total = total
        self.unit = unit
        self.bar_shown = False

    def line(self, text):
        self.clear()
        print(text, flush=True)

    def clear(self):
        if self.bar_shown:
            sys.stderr.write("\r\x1b[K")
            self.bar_shown = False

    def progress(self, done):
        if not sys.stderr.isatty() or self.total <= 0:
            return
        share = min(1.0, done / self.total)
        filled = int(share * BAR_WIDTH)
        sys.stderr.write(f"\r[{'#' * filled}{'.' * (BAR_WIDTH - filled)}] {min(done, self.total):.0f}/{self.total:.0f} {self.unit}")
        sys.stderr.flush()
        self.bar_shown = True


def show_read(screen, view):
    confidence = f"{view['confidence']:.2f}" if view.get("text") else "-"
    latency = f"{view['latency_ms']:.0f} ms" if view.get("latency_ms") is not None else "-"
    screen.line(f"{view['time'][11:23]:<13} {view.get('lane') or '-':<8} {view.get('published') or '(unread)':<16} {confidence:>10}   "
                f"{view['verdict']:<22} {latency:>9}")


def follow_tail(house):
    """`portcullis tail --json` as a queue of views; None at its end."""
    tail = house.processes["tail"] = subprocess.Popen(
        [str(house.bin / "portcullis"), "tail", "--json", "--socket", str(house.view_socket), "--purpose", "demonstration",
         "--case", "demo"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, text=True, start_new_session=True)
    views = queue.Queue()

    def pump():
        for line in tail.stdout:
            views.put(json.loads(line))
        views.put(None)

    threading.Thread(target=pump, name="tail", daemon=True).start()
    return views


def watch(house, screen, views):
    """Shows views until the reader ended, its records are receipted and have their verdicts. Gives the reads."""
    reads = []
    started = time.monotonic()
    ended = None
    while True:
        try:
            view = views.get(timeout=0.1)
            if view is not None and view.get("kind", "read") == "read":
                reads.append(view)
                show_read(screen, view)
            continue
        except queue.Empty:
            pass
        screen.progress(time.monotonic() - started if screen.unit == "s" else len(reads))
        for name, process in house.processes.items():
            if name not in ("reader", "tail") and process.poll() is not None:
                raise HouseError(f"{name} ended with code {process.returncode}; see {house.log_file(name)}")
        if ended is None:
            if house.running("reader"):
                continue
            check_reader(house)
            ended = time.monotonic()
            house.start("reader", "--drain")  # only the reader releases what receipts come for
        if not house.running("reader") and not house.items_without_verdict() and views.empty():
            return reads
        if time.monotonic() - ended > QUIET_LIMIT_S:
            raise HouseError(f"{house.spool_depth()} items still unreceipted; see {house.folder / 'log'}")


def check_reader(house):
    code = house.processes["reader"].poll()
    if code != 0:
        raise HouseError(f"the reader ended with code {code}; see {house.log_file('reader')}")


def annotate(house, source):
    """Writes one picture with quads and texts: of the input's own pictures, or of frames cut from the film."""
    folder = house.folder / "annotated"
    with tempfile.TemporaryDirectory() as work:
        pictures = pictures_of(source)[:12]
        if not pictures:
            subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-i", str(source), "-vf", "fps=1", "-frames:v", "24",
                            f"{work}/%02d.png"], check=True)
            pictures = pictures_of(pathlib.Path(work))
        predictions = pathlib.Path(work) / "predictions.jsonl"
        subprocess.run([str(house.bin / "portcullis"), "replay", "--stills", "--models", str(house.models),
                        "--predictions", str(predictions), "--annotate", str(folder), *map(str, pictures)],
                       check=False, capture_output=True)
        best, best_sum = None, 0.0
        for line in predictions.read_text().splitlines() if predictions.exists() else []:
            row = json.loads(line)
            total = sum(read["confidence"] for read in row["reads"] if read["text"])
            if total > best_sum:
                best, best_sum = pathlib.Path(row["image"]).stem, total
    chosen = [path for path in folder.glob("*") if best and path.name.startswith(best)] if folder.exists() else []
    if not chosen:
        return None
    picture = house.folder / f"annotated{chosen[0].suffix}"
    shutil.copyfile(chosen[0], picture)
    shutil.rmtree(folder)
    return picture


def summarise(screen, house, reads, picture):
    latencies = [view["latency_ms"] for view in reads if view.get("latency_ms") is not None]
    good = sum(view["good"] for view in reads)
    screen.line("")
    screen.line(f"{len(reads)} reads, {good} authentic by a trusted key; {len(house.items())} sealed items stored, "
                f"{house.spool_depth()} left in the spool")
    if latencies:
        screen.line(f"latency from frame to collector: median {statistics.median(latencies):.0f} ms")
    if picture:
        screen.line(f"annotated picture: {picture}")
    screen.line(f"keys, spool, store and logs: {house.folder}")
    return bool(reads) and good == len(reads)


def run(arguments):
    shutil.rmtree(arguments.folder, ignore_errors=True)
    pictures = pictures_of(arguments.input)
    screen = Screen(len(pictures) or film_seconds(arguments.input), "pictures" if pictures else "s")
    with House(arguments.folder, arguments.bin) as house:
        screen.line("making throw-away keys")
        house.make_keys()
        house.write_all_settings(arguments.input, stills=bool(pictures))
        screen.line(f"starting broker (MQTT 5, TLS 1.3, port {house.port}), opener, collector, uplink, reader")
        house.start_broker()
        house.start_opener()
        views = follow_tail(house)
        for program in ("collector", "uplink", "reader"):
            house.start(program)
        screen.line("")
        screen.line(f"{'time (UTC)':<13} {'lane':<8} {'text':<16} {'confidence':>10}   {'verdict':<22} {'latency':>9}")
        reads = watch(house, screen, views)
        check_reader(house)
        good = summarise(screen, house, reads, annotate(house, arguments.input))
        if arguments.keep:
            screen.line("broker, opener, collector and uplink go on; Ctrl-C ends them")
            with_interrupt(lambda: wait_until("Ctrl-C", lambda: False, float("inf")))
    return 0 if good else 1


def with_interrupt(body):
    try:
        body()
    except KeyboardInterrupt:
        print()


def main():
    try:
        return run(parse_arguments())
    except HouseError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 1


if __name__ == "__main__":
    sys.exit(main())
