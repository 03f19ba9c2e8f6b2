"""Copy without a model: frames filled with pieces of the product description."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from creatives.domain.copywriting import CopyBrief, banned_in, without_banned
from creatives.domain.frames import FRAMES, Frames
from creatives.domain.spans import at_start, has_content, inside, spans

_SHORTEST_SPAN = 6
_TURNS = 12


class NothingToSayError(ValueError):
    """Nothing is left of the description to write about."""


@dataclass(frozen=True, slots=True)
class Line:
    """One text, and the pieces of the description that its sentences were made of."""

    text: str
    sources: tuple[str, ...]


def write_lines(brief: CopyBrief) -> list[dict[str, Line]]:
    """`brief.count` variations that differ, each a line per type that was asked for.

    Raises NothingToSayError where banned words leave no word of meaning, or no `count` different
    ways to say it.
    """
    source = without_banned(brief.description, brief.banned)
    if not has_content(source):
        raise NothingToSayError
    frames = FRAMES[brief.language]
    short = (*frames.short_by_tone[brief.tone], *frames.short)
    made = {
        "headline": _lines(brief, source, short, most=brief.lengths.headline),
        "description": _lines(
            brief, source, tuple(reversed(short)), most=brief.lengths.description
        ),
        "primary_text": _paragraphs(source, frames, brief),
    }
    lines = {name: list(islice(made[name], brief.count)) for name in brief.types}
    if not lines or any(not found for found in lines.values()):
        raise NothingToSayError
    if max(len(found) for found in lines.values()) < brief.count:
        raise NothingToSayError
    return [
        {name: found[number % len(found)] for name, found in lines.items()}
        for number in range(brief.count)
    ]


def _lines(brief: CopyBrief, source: str, frames: Sequence[str], *, most: int) -> Iterator[Line]:
    """Every frame with a piece that fits, first each frame once, then with further pieces."""
    seen: set[str] = set()
    for turn in range(_TURNS):
        for number, frame in enumerate(frames):
            room = most - len(frame) + 2
            if room < _SHORTEST_SPAN:
                continue
            pieces = spans(source, room)
            piece = pieces[(turn + number) % len(pieces)]
            text = _fill(frame, piece)
            if text not in seen and not banned_in(text, brief.banned):
                seen.add(text)
                yield Line(text, (piece,))


def _fill(frame: str, piece: str, **more: str) -> str:
    if frame.startswith("{}"):
        return frame.format(at_start(piece), **more)
    return frame.format(inside(piece), **more)


def _paragraphs(source: str, frames: Frames, brief: CopyBrief) -> Iterator[Line]:
    """One to three sentences and a call to action, as long as they fit."""
    most = brief.lengths.primary_text
    sentence_frames = (*frames.sentences_by_tone[brief.tone], *frames.sentences)
    pool = list(islice(_lines(brief, source, sentence_frames, most=most), 60))
    if brief.audience:
        pool = [*_for_audience(source, frames, brief), *pool]
    call = frames.calls[brief.tone]
    if banned_in(call, brief.banned):
        call = ""
    seen: set[str] = set()
    for start in range(len(pool)):
        line = _paragraph([*pool[start:], *pool[:start]], call, most)
        if line.text not in seen:
            seen.add(line.text)
            yield line


def _for_audience(source: str, frames: Frames, brief: CopyBrief) -> list[Line]:
    room = brief.lengths.primary_text - len(frames.for_audience.format("", audience=brief.audience))
    if room < _SHORTEST_SPAN:
        return []
    made = [
        Line(_fill(frames.for_audience, piece, audience=brief.audience), (piece,))
        for piece in spans(source, room)[:3]
    ]
    return [line for line in made if not banned_in(line.text, brief.banned)]


def _paragraph(sentences: Sequence[Line], call: str, most: int) -> Line:
    chosen: list[Line] = []
    length = len(call)
    for line in sentences:
        fresh = all(
            piece not in used and used not in piece
            for one in chosen
            for used in one.sources
            for piece in line.sources
        )
        if len(chosen) < 3 and fresh and length + len(line.text) + 1 <= most:
            chosen.append(line)
            length += len(line.text) + 1
    if not chosen:
        return sentences[0]
    text = " ".join([*(line.text for line in chosen), *([call] if call else [])])
    return Line(text, tuple(piece for line in chosen for piece in line.sources))
